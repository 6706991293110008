"""Learning rules written down spike by spike in float64: what each changes at every synapse, from the pairs of spikes."""

import numpy as np


def trace(spikes, tau, dt, kind="all", now=1):
    """The sum over all spikes so far, or the nearest of them, of what is left of each; `now` is whether this step's counts."""
    lag = np.subtract.outer(np.arange(len(spikes)), np.arange(len(spikes)))
    left = np.where(lag >= 1 - now, np.exp(-np.maximum(lag, 0) * dt / tau), 0)
    if kind == "nearest":
        return (left.reshape(*left.shape, *(1,) * (spikes.ndim - 1)) * spikes[None]).max(1)
    return np.tensordot(left, spikes, 1)


def rate(spikes, tau, dt):
    """The average over about `tau`, Hz."""
    return (1 - np.exp(-dt / tau)) * trace(spikes, tau, dt) * 1000 / dt


def averaged(signal, tau, dt, first):
    """The average of a signal, and what it was a step before."""
    values = [np.broadcast_to(first, signal.shape[1:])]
    for now in signal:
        values.append(values[-1] + (1 - np.exp(-dt / tau)) * (now - values[-1]))
    return np.array(values[1:]), np.array(values[:-1])


def pair(rule, s, dt):
    """What potentiates and what depresses, `[T, B, I, J]`."""
    x, y = trace(s.pre, rule.tau_plus, dt, rule.pairs), trace(s.post, rule.tau_minus, dt, rule.pairs, now=0)
    return rule.a_plus * s.post * x, rule.a_minus * y * s.pre


def stdp(rule, s, dt, bounds):
    up, down = pair(rule, s, dt)
    return lambda t, w: (up - down)[t]


def multiplicative(rule, s, dt, bounds):
    (up, down), (low, high) = pair(rule, s, dt), bounds
    size = high - low
    return lambda t, w: (
        up[t] * size * ((high - w) / size) ** rule.mu_plus - down[t] * size * ((w - low) / size) ** rule.mu_minus
    )


def power_law(rule, s, dt, bounds):
    up, down = pair(rule, s, dt)
    return lambda t, w: up[t] * rule.w_0 ** (1 - rule.mu) * w**rule.mu - down[t] * w


def triplet(rule, s, dt, bounds):
    x, x_slow = trace(s.pre, rule.tau_plus, dt, rule.pairs), trace(s.pre, rule.tau_x, dt, rule.pairs, now=0)
    y, y_slow = (trace(s.post, tau, dt, rule.pairs, now=0) for tau in (rule.tau_minus, rule.tau_y))
    changes = s.post * x * (rule.a2_plus + rule.a3_plus * y_slow) - s.pre * y * (rule.a2_minus + rule.a3_minus * x_slow)
    return lambda t, w: changes[t]


def vogels(rule, s, dt, bounds):
    x, y = trace(s.pre, rule.tau, dt), trace(s.post, rule.tau, dt, now=0)
    changes = rule.eta * (s.post * x + s.pre * (y - 2 * rule.target / 1000 * rule.tau))
    return lambda t, w: changes[t]


def resume(rule, s, dt, bounds):
    changes = rule.eta * (s.teacher - s.post) * (rule.a + trace(s.pre, rule.tau, dt))
    return lambda t, w: changes[t]


def oja(rule, s, dt, bounds):
    x, y = rate(s.pre, rule.tau, dt), rate(s.post, rule.tau, dt)
    return lambda t, w: rule.eta * dt * y[t] * (x[t] - y[t] * w)


def bcm(rule, s, dt, bounds):
    x, y = rate(s.pre, rule.tau, dt), rate(s.post, rule.tau, dt)
    _, theta = averaged((y**2).mean(1) / rule.target, rule.tau_theta, dt, rule.target)
    changes = rule.eta * dt * y * (y - theta[:, None]) * x
    return lambda t, w: changes[t]


def scaling(rule, s, dt, bounds):
    y, _ = averaged(s.post.mean(1) * 1000 / dt, rule.tau, dt, rule.target)
    # It asks for the same in every sample, once.
    share = np.ones((s.pre.shape[1], 1, 1)) / s.pre.shape[1]
    return lambda t, w: share * rule.eta * dt * w * (rule.target - y[t])


def intrinsic(rule, s, dt, bounds):
    proportional = scaling(rule, s, dt, bounds)
    return lambda t, w: proportional(t, np.ones_like(w))


def clopath(rule, s, dt, bounds):
    above = dt * np.maximum(s.potential - rule.theta_plus, 0) + rule.spike_width * s.post * (rule.v_spike - rule.theta_plus)
    u = s.potential + rule.spike_width / dt * s.post * (rule.v_spike - s.potential)
    _, minus = averaged(u, rule.tau_minus, dt, rule.v_rest)
    _, plus = averaged(u, rule.tau_plus, dt, rule.v_rest)
    weaker = rule.a_minus * np.maximum(minus - rule.theta_minus, 0)
    if rule.u_ref is not None:
        _, mean = averaged((u - rule.v_rest).mean(1), rule.tau_mean, dt, rule.u_ref)
        weaker = weaker * (mean[:, None] / rule.u_ref) ** 2
    x = trace(s.pre, rule.tau_x, dt) / rule.tau_x
    changes = rule.a_plus * x * above * np.maximum(plus - rule.theta_minus, 0) - weaker * s.pre
    return lambda t, w: changes[t]


LOOPS = {
    "bcm": bcm,
    "clopath": clopath,
    "intrinsic_plasticity": intrinsic,
    "multiplicative_stdp": multiplicative,
    "oja": oja,
    "power_law_stdp": power_law,
    "resume": resume,
    "stdp": stdp,
    "synaptic_scaling": scaling,
    "triplet_stdp": triplet,
    "vogels_stdp": vogels,
}


def weights(rules, seen, first, *, dt=1.0, bounds=(None, None), samples=None):
    """The weights after each step, `[T, I, J]`.

    Args:
        rules: pairs of a name in `LOOPS` and a rule.
        seen: as of `rules.Trains.seen`; what belongs to a postsynaptic neuron gets an axis for its synapses here.
        first: first weights, `[I, J]`.
        dt: length of a step, ms.
        bounds: of the weights.
        samples: weight of each sample, of rules with `batch="weighted"`.
    """
    for name in {"post", "potential", "teacher"} & vars(seen).keys():
        setattr(seen, name, np.asarray(getattr(seen, name), float)[..., None])
    ways = {"sum": np.sum, "mean": np.mean, "weighted": lambda change, axis: np.tensordot(samples, change, 1)}
    asked = [(ways[rule.batch], LOOPS[name](rule, seen, dt, bounds)) for name, rule in rules]
    w, history = np.asarray(first, float), []
    for t in range(len(seen.pre)):
        w = w + sum(together(change(t, w), axis=0) for together, change in asked)
        w = w if bounds == (None, None) else np.clip(w, *bounds)
        history.append(w)
    return np.array(history)
