"""SPAIC's learning rules: loops over steps in float64, for both orders."""

import dataclasses

import numpy as np
import pytest
from cases import often
from rules import Trains, learn, network
from test_rules_recorded import RECORDED

import spaic_jax as sj
from spaic_jax.plasticity import (
    RSTDP,
    RSTDPET,
    RULES,
    BackpropRSTDP,
    BackpropRSTDPET,
    Conv2dSTDP,
    FullOnlineSTDP,
    MetaNearestOnlineSTDP,
    NearestOnlineSTDP,
    PostPreIntSTDP,
    RateModulate,
    SwitchRSTDP,
    Tempotron,
)
from spaic_jax.storage import from_dict, to_dict

pytestmark = pytest.mark.usefixtures("quickly_compiled")


def follow(spikes, tau, dt, kind="all", keep=0.0):
    """A trace after each step, and just before its spikes."""
    x, now, before = np.zeros_like(spikes[0]) + keep, [], []
    kept = np.exp(-dt / tau)
    for s in spikes:
        before.append(kept * x)
        x = np.where(s > 0, 1, kept * x) if kind == "nearest" else kept * x + (s * (1 - kept) if kind == "average" else s)
        now.append(x)
    return np.array(now), np.array(before)


def ago(spikes, steps):
    return np.concatenate([np.zeros_like(spikes[:steps]), spikes[: len(spikes) - steps]])


def pairs(s, taus, amplitudes, dt, kind="all", together=True):
    """`a_plus post x + a_minus y pre`, `[T, B, I, J]`; `together`: y knows the spikes of this step."""
    x, _ = follow(s.pre, taus[0], dt, kind)
    y = follow(s.post, taus[1], dt, kind)[0 if together else 1]
    return amplitudes[0] * s.post * x + amplitudes[1] * y * s.pre


def additive(changes, bound=lambda w: w):
    """Weights to which each step adds, `[T, I, J]` of changes as one of all samples."""

    def loop(w, taken):
        weights = []
        for change in taken(changes):
            w = bound(w + change)
            weights.append(w)
        return np.array(weights)

    return loop


def nearest(rule, s, dt):
    unit, norm = (dt, rule.w_norm or 78.4) if rule.compat else (1.0, rule.w_norm)
    asked = pairs(s, (rule.tau_pre * unit, rule.tau_post * unit), (rule.a_post, -rule.a_pre), dt, "nearest", rule.compat)

    def bound(w):
        w = w if norm is None else norm * w / np.abs(w).sum(1, keepdims=True)
        return w.clip(0, 1) if rule.compat else w

    return additive(asked, bound)


def full(rule, s, dt):
    asked = pairs(s, (rule.tau * (dt if rule.compat else 1.0),) * 2, (rule.a_post, -rule.a_pre), dt, "all", rule.compat)
    if not rule.compat:
        return additive(asked)

    def loop(w, taken):
        weights, last = [], 10 if rule.runtime is None else rule.runtime / dt
        for t, change in enumerate(taken(asked)):
            w = w + change
            if t >= last - 1:
                w = (rule.w_norm or 78.4) * w / np.abs(w).sum(1, keepdims=True)
            w = w.clip(0, 1)
            weights.append(w)
        return np.array(weights)

    return loop


def meta(rule, s, dt):
    unit = dt if rule.compat else 1.0
    x, _ = follow(s.pre, rule.tau_pre * unit, dt, "nearest")
    y, before = follow(s.post, rule.tau_post * unit, dt, "nearest")
    asked = rule.a_post * s.post * x - rule.a_pre * (y if rule.compat else before) * s.pre

    def loop(w, taken):
        weights, m = [], w.mean(1)
        level = m.mean()
        for t, d in enumerate(taken(asked)):
            active = y[t].mean(0)[:, 0]
            m = m - 0.1 * rule.a_pre * (1 if rule.compat else dt) * (active - active.mean())
            m = m * level / m.mean()
            g = (d < 0) * np.exp(-0.2 / np.maximum(w - rule.w_min, 1e-4)) + (d > 0) * np.exp(-0.2 / np.maximum(rule.w_max - w, 1e-4))
            w = w * (m / np.maximum(w.mean(1), 1e-6))[:, None] + d * g
            weights.append(w)
        return np.array(weights)

    return loop


def rstdp(rule, s, dt):
    return additive(rule.lr * s.reward * pairs(s, (rule.tau_plus, rule.tau_minus), (rule.a_plus, rule.a_minus), dt))


def rstdpet(rule, s, dt):
    eligibility = follow(pairs(s, (rule.tau_plus, rule.tau_minus), (rule.a_plus, rule.a_minus), dt), rule.tau_e_trace, dt)[0]
    return additive(rule.lr * dt * s.reward * eligibility * (dt if rule.compat else 1) / rule.tau_e)


def switch(rule, s, dt):
    taus = [tau * (dt if rule.compat else 1.0) for tau in (rule.tau_pre, rule.tau_post)]
    good = pairs(s, taus, (rule.a_post_pos, rule.a_pre_pos), dt, "nearest", rule.compat)
    bad = pairs(s, taus, (rule.a_post_neg, rule.a_pre_neg), dt, "nearest", rule.compat)
    asked = np.where(s.reward > 0, good, np.where((s.reward < 0) | rule.compat, bad, 0))
    return additive(asked, (lambda w: w.clip(0, 0.1)) if rule.compat else lambda w: w)


def conv(rule, s, dt):
    return additive(rule.lr * pairs(s, (rule.tau_plus, rule.tau_minus), (rule.a_plus, rule.a_minus), dt, "nearest", False))


def fed_back(rule, s, scale):
    """Rewards as neurons see them: unchanged where each has its own."""
    if s.reward.shape[2] == s.post.shape[2]:
        return s.reward
    return np.random.default_rng(rule.seed).normal(0, scale, (s.post.shape[2], 1)) * s.reward


def backprop(rule, s, dt):
    x, y = follow(s.pre, rule.tau_pre, dt, "average")[0], follow(s.post, rule.tau_post, dt, "average")[0]
    return additive(
        rule.lr * fed_back(rule, s, 0.2) * (rule.a_plus * s.post * x + rule.a_minus * y * s.pre) - rule.homeostatic_rate * (y - 0.1) * x
    )


def backprop_trace(rule, s, dt):
    x, y = follow(s.pre, rule.tau_pre, dt, "average")[0], follow(s.post, rule.tau_post, dt, "average")[0]
    eligibility = follow(rule.a_plus * s.post * x, rule.tau_et, dt)[0]
    return additive(rule.lr * fed_back(rule, s, 1.0) * eligibility - rule.homeostatic_rate * y * (y - 0.2) * s.pre)


def modulate(rule, s, dt):
    off = s.post.sum(0) - rule.m_r
    asked = np.zeros(np.broadcast_shapes(s.pre.shape, s.post.shape))
    asked[-1] = -rule.alpha * off / np.sqrt((off**2).sum(1, keepdims=True)) * s.pre.sum(0)
    return additive(asked)


def tempotron(rule, s, dt):
    """Each neuron of each sample by itself, from all its spikes."""
    ratio = rule.tau / rule.tau_s
    size, unit = (1.0, dt) if rule.compat else (1 / (ratio ** (-1 / (ratio - 1)) - ratio ** (-ratio / (ratio - 1))), 1.0)
    steps, batch, neurons, inputs = np.broadcast_shapes(s.pre.shape, s.post.shape)
    sums, sign, before = np.zeros((batch, neurons, inputs)), np.zeros((batch, neurons)), np.zeros(neurons)
    for b in range(batch):
        for i in range(neurons):
            v = s.potential[:, b, i].copy()
            if not rule.compat:
                v[s.post[:, b, i, 0] > 0] = np.maximum(v, rule.threshold)[s.post[:, b, i, 0] > 0]
            top = int(np.argmax(v))
            lag = (top - np.arange(top + 1)) * dt
            kernel = size * (np.exp(-lag / (rule.tau * unit)) - np.exp(-lag / (rule.tau_s * unit)))
            sums[b, i] = kernel @ s.pre[: top + 1, b, min(i, s.pre.shape[2] - 1)]
            wanted, fired = s.label[b, i] > 0, v[top] >= rule.threshold
            sign[b, i] = 1 if wanted and not fired else -1 if fired and not wanted else 0
            if rule.compat and sign[b, i] == 0:
                sign[b, i] = before[i]
        before = sign[b]
    asked = np.zeros((steps, batch, neurons, inputs))
    asked[-1] = rule.lr * sign[..., None] * sums
    if rule.compat and batch > 1:
        asked[-1, 0] = sums[1]
    return additive(asked)


#: The rule with numbers that move weights, its loop, and how many steps late it is with `compat=True`; `None` without that.
CASES = {
    "nearest_online_stdp": (NearestOnlineSTDP(a_post=0.02, a_pre=0.015, tau_pre=7.0, tau_post=12.0), nearest, 2),
    "nearest_online_stdp, fixed": (NearestOnlineSTDP(a_post=0.02, a_pre=0.015, tau_pre=7.0, w_norm=2.5), nearest, 2),
    "full_online_stdp": (FullOnlineSTDP(a_post=0.01, a_pre=0.012, tau=9.0, w_norm=2.5), full, 2),
    "meta_nearest_online_stdp": (MetaNearestOnlineSTDP(a_post=0.03, a_pre=0.02, tau_pre=7.0, tau_post=12.0), meta, 1),
    "rstdp": (RSTDP(lr=0.02, tau_plus=7.0, tau_minus=12.0, a_plus=0.8, a_minus=-1.1), rstdp, 2),
    "rstdpet": (RSTDPET(lr=0.1, tau_plus=7.0, tau_minus=12.0, tau_e=9.0, tau_e_trace=14.0, a_minus=-0.7), rstdpet, 2),
    "switch_rstdp": (SwitchRSTDP(a_post_pos=0.02, a_pre_neg=0.03, tau_pre=7.0, tau_post=12.0), switch, 1),
    "conv2d_stdp": (Conv2dSTDP(lr=0.02, tau_plus=7.0, tau_minus=12.0, a_minus=-0.8), conv, None),
    "bp_rstdp": (BackpropRSTDP(lr=0.3, homeostatic_rate=0.1, batch="sum"), backprop, None),
    "bp_rstdpet": (BackpropRSTDPET(lr=0.3, homeostatic_rate=0.2, batch="sum"), backprop_trace, None),
    "rate_modulate": (RateModulate(m_r=4.0, alpha=0.01), modulate, None),
    "tempotron": (Tempotron(lr=0.05, threshold=1.8, tau=9.0, tau_s=3.0), tempotron, 2),
}
ORDERS = [(name, compat) for name, (_, _, late) in CASES.items() for compat in ([False] if late is None else [False, True])]
DELAYS = np.random.default_rng(5).integers(0, 4, (4, 5)).astype(float)


def of(name):
    return name.partition(",")[0]


def both(name, compat, /, *, seed=0, dt=1.0, propagation="same_step", delay=None, samples=None, each=True, case=None, size=3, **settings):
    """The weights of the network and of the loop, after each step."""
    rule, loop, late = CASES[name]
    rule = dataclasses.replace(case or rule, **({"compat": True} if compat else {}))
    trains = Trains.of(seed, batch=size, high=0.09 if isinstance(rule, SwitchRSTDP) and compat else 0.9, low=0.02)
    seen, rng = trains.seen(propagation, delay, dt), np.random.default_rng(seed + 100)
    if compat and np.ndim(delay) + (delay is None):
        seen.pre = trains.seen("same_step", delay, dt).pre  # it sees what its groups fired
    seen.post = seen.post[..., None]
    if compat:
        seen.pre, seen.post = ago(seen.pre, late), ago(seen.post, late)
    if hasattr(rule, "reward"):
        given = rng.choice([1.0, 0.0, -0.6], (*trains.post.shape[:2], trains.post.shape[2] if each else 1)).astype(np.float32)
        settings["rewards"], seen.reward = {"dopamine": given}, given[..., None].astype(float)
    if isinstance(rule, Tempotron):
        given = np.zeros(trains.post.shape, np.float32)
        given[7] = rng.random(given.shape[1:]) < 0.5
        settings["teachers"], seen.label = {"told": given}, given.max(0)
        rule = dataclasses.replace(rule, teacher="told")

    def taken(changes):
        if isinstance(rule, Tempotron) and compat:
            return changes.mean(1)
        if rule.batch == "weighted":
            return np.einsum("b,tbij->tij", samples, changes)
        return changes.sum(1) if rule.batch == "sum" else changes.mean(1)

    expected = loop(rule, seen, dt)(trains.weight.astype(float), taken)
    assert np.abs(expected - trains.weight).max() > 1e-3 and (isinstance(rule, NearestOnlineSTDP) or np.ptp(expected[-1]) > 0)
    got = learn(rule, trains, dt=dt, propagation=propagation, delay=delay, samples=samples, **settings)
    return got, expected


def close(pair):
    np.testing.assert_allclose(pair[0], pair[1], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name, compat", ORDERS)
def test_a_rule_is_its_loop(name, compat):
    close(both(name, compat, seed=1))


@pytest.mark.parametrize("name, compat", often(ORDERS, ORDERS[::3]))
def test_other_batches_steps_delays_and_propagation(name, compat):
    close(both(name, compat, seed=2, size=1, dt=0.5, propagation="one_step", delay=1.5, each=False, name="aaa"))


@pytest.mark.parametrize("name", ["nearest_online_stdp", "rstdp", "rstdpet", "tempotron", "rate_modulate"])
def test_delays_of_synapses(name):
    close(both(name, False, seed=3, delay=DELAYS, propagation="one_step", name="zzz"))


@pytest.mark.parametrize("name", ["rstdp", "meta_nearest_online_stdp"])
def test_delays_of_synapses_in_the_order_of_spaic(name):
    close(both(name, True, seed=3, delay=DELAYS, propagation="one_step"))


@pytest.mark.parametrize("name", ["rstdpet", "tempotron", "bp_rstdp"])
@pytest.mark.parametrize("batch", ["sum", "mean", "weighted"])
def test_samples_are_taken_together_as_said(name, batch):
    samples = np.array([0.5, 2.0, -1.0], np.float32) if batch == "weighted" else None
    close(both(name, False, seed=4, case=dataclasses.replace(CASES[name][0], batch=batch), samples=samples))


@pytest.mark.parametrize("storage", ["pairs", "masked"])
@pytest.mark.parametrize("compat", [False, True])
def test_synapses_that_are_there_learn_as_those_of_all(storage, compat):
    trains, told = Trains.of(13), np.zeros((40, 3, 4), np.float32)
    told[3, :, 1:3] = 1
    there = np.nonzero(np.random.default_rng(0).random(trains.weight.shape) < 0.6)
    there = tuple(end[np.lexsort(there)] for end in there)
    reward = np.random.default_rng(1).normal(size=(40, 3, 4)).astype(np.float32)
    some = dataclasses.replace(trains, weight=trains.weight[there])
    link = {"link_type": "sparse", "index": tuple(map(tuple, there)), "storage": storage}
    for rule, nodes in [
        (RSTDPET(lr=0.1, compat=compat), {"rewards": {"r": reward}}),
        (Tempotron(lr=0.05, threshold=1.8, teacher="told", compat=compat), {"teachers": {"told": told}}),
    ]:
        every, chosen = learn(rule, trains, **nodes)[:, *there], learn(rule, some, **link, **nodes)
        assert np.abs(every[-1] - some.weight).max() > 1e-3
        np.testing.assert_allclose(chosen if storage == "pairs" else chosen[:, *there], every, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("plan", [sj.Tiled(), sj.Tiled(7)])
def test_plans_agree(plan):
    for name, compat in [("full_online_stdp", True), ("tempotron", False), ("rstdpet", False)]:
        close(both(name, compat, seed=6, plan=plan))


def test_a_reward_of_the_whole_batch_gives_what_it_gives_one_sample():
    trains = Trains.of(7, batch=1)
    twice = dataclasses.replace(trains, **{k: np.repeat(getattr(trains, k), 2, axis=1) for k in ("pre", "post", "potential")})
    reward = np.random.default_rng(0).normal(size=(40, 1, 1)).astype(np.float32)
    one = learn(RSTDPET(lr=0.1), trains, rewards={"r": reward})
    two = learn(RSTDPET(lr=0.1, batch="mean"), twice, rewards={"r": np.repeat(reward, 2, axis=1)})
    np.testing.assert_allclose(one, two, rtol=1e-6)


def test_rewards_reach_neurons_by_fixed_weights():
    trains, rng = Trains.of(8), np.random.default_rng(0)
    given = rng.normal(size=(40, 3, 2)).astype(np.float32)
    paths = np.random.default_rng(3).normal(0, 0.2, (4, 2))
    spread = np.einsum("tbn,in->tbi", given, paths).astype(np.float32)
    rule = BackpropRSTDP(lr=0.5, seed=3)
    np.testing.assert_allclose(
        learn(rule, trains, rewards={"r": given}), learn(rule, trains, rewards={"r": spread}), rtol=1e-5, atol=1e-7
    )


def test_a_presentation_ends_with_a_fixed_sum(key):
    trains = Trains.of(9)
    rule = FullOnlineSTDP(w_norm=2.0)
    sim = sj.build(network(rule, trains), dt=1.0).train()
    data = {"pre": trains.pre, "spikes": trains.post, "potential": trains.potential}
    first = sim.init(key, 3)
    result = sim.run(first, data)
    free = learn(FullOnlineSTDP(), trains)
    np.testing.assert_allclose(result.probes["weights"], free, rtol=1e-6)
    expected = 2.0 * free[-1] / np.abs(free[-1]).sum(1, keepdims=True)
    np.testing.assert_allclose(result.variables["synapses.weight"], expected, rtol=1e-6)
    half = sim.run(first, {name: x[:20] for name, x in data.items()}, presentation=40).variables
    np.testing.assert_allclose(half["synapses.weight"], free[19], rtol=1e-6)
    pieces = sim.run(half, {name: x[20:] for name, x in data.items()}, presentation=40).variables
    np.testing.assert_allclose(pieces["synapses.weight"], expected, rtol=1e-6)


@pytest.mark.parametrize("rule", [Tempotron(teacher="told", threshold=0.5, lr=0.1), RateModulate(m_r=3.0, alpha=0.01)])
def test_what_happens_at_the_end_happens_once_in_each_presentation(rule, key):
    trains = Trains.of(10)
    told = (np.random.default_rng(0).random(trains.post.shape) < 0.02).astype(np.float32)
    sim = sj.build(network(rule, trains, teachers={"told": 4}), dt=1.0).train()
    data = {"pre": trains.pre, "spikes": trains.post, "potential": trains.potential, "told": told}
    start = sim.init(key, 3)
    one = sim.run(start, data).variables
    whole = sim.run(sim.restart(one), data).variables
    first, second = (np.asarray(x["synapses.weight"]) for x in (one, whole))
    np.testing.assert_allclose(second - first, first - trains.weight, rtol=1e-4, atol=1e-6)
    steps = sim.prepare(start)
    for t in range(40):
        steps, _ = sim.step(steps, {name: x[t] for name, x in data.items()}, steps=40)
    np.testing.assert_allclose(steps.variables["synapses.weight"], first, rtol=1e-6)
    with pytest.raises(ValueError, match="steps"):
        sim.step(sim.prepare(start), {name: x[0] for name, x in data.items()})


@pytest.mark.parametrize("make, sentence", [
    (lambda: NearestOnlineSTDP(tau_pre=0.0), "NearestOnlineSTDP: tau_pre"),
    (lambda: NearestOnlineSTDP(w_norm=-1.0), "w_norm"),
    (lambda: FullOnlineSTDP(runtime=10.0), "runtime came without compat"),
    (lambda: MetaNearestOnlineSTDP(w_min=1.0), "w_min must lie below w_max 1, not be 1"),
    (lambda: RSTDP(lr=0.0), "RSTDP: lr"),
    (lambda: SwitchRSTDP(batch="all"), "unknown batch 'all'"),
    (lambda: Tempotron(tau_s=30.0), "tau_s must lie below tau 20, not be 30"),
    (lambda: PostPreIntSTDP(nu0=0.5), "nu0 must be a whole number, not 0.5"),
    (lambda: PostPreIntSTDP(batch="mean"), "batch must be 'sum'"),
])
def test_numbers_that_cannot_be(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize("rule, nodes, sentence", [
    (RSTDP(), {}, "connection 'synapses': the rule RSTDP needs one node for its reward"),
    (RSTDP(), {"rewards": {"a": 1, "b": 1}}, "name one of ..a., .b.."),
    (SwitchRSTDP(reward="c"), {"rewards": {"a": 1}}, "unknown reward 'c'"),
    (RSTDPET(lr=0.1), {"rewards": {"a": 3}}, "needs a reward of 1 number or of 4, one for each neuron, but 'a' gives 3"),
    (Tempotron(teacher="told"), {"teachers": {"told": 3}}, "a channel for each of the 4 neurons, but 'told' has 3"),
    (PostPreIntSTDP(), {}, "reads 'thresh' of its group"),
])
def test_networks_that_cannot_be(rule, nodes, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.build(network(rule, Trains.of(0), **nodes), dt=1.0)


def test_links_that_cannot_be():
    net = sj.Network()
    net.x, net.layer = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(3, model="lif")
    net.straight = sj.Connection(net.x, net.layer, "null", plasticity=NearestOnlineSTDP())
    with pytest.raises(ValueError, match="connection 'straight': a Direct link has no weights"):
        sj.build(net, dt=1.0)
    net = sj.Network()
    net.image = sj.Encoder(shape=(1, 5, 5), coding_method="null")
    net.layer = sj.NeuronGroup(shape=(2, 3, 3), model="lif")
    net.told = sj.Encoder(num=18, coding_method="null")
    net.conv = sj.Connection(
        net.image, net.layer, "conv", out_channels=2, kernel_size=3, plasticity=Tempotron(teacher="told")
    )
    with pytest.raises(ValueError, match="Tempotron needs a weight for each synapse, which a Conv link has not"):
        sj.build(net, dt=1.0)


@pytest.mark.parametrize("name", ["conv2d_stdp", "conv2d_rstdp"])
def test_convolutions(name, key):
    """Each place of the kernel has what the pairs of neurons that it joins ask for."""
    rng, kind = np.random.default_rng(12), RULES[name]
    rule = kind(lr=0.01)
    x = (rng.random((25, 2, 1, 5, 5)) < 0.3).astype(np.float32)
    weight = rng.uniform(0.2, 0.9, (2, 1, 3, 3)).astype(np.float32)
    reward = rng.normal(size=(25, 2)).astype(np.float32)
    net = sj.Network()
    net.image = sj.Encoder(shape=(1, 5, 5), coding_method="null")
    net.layer = sj.NeuronGroup(shape=(2, 3, 3), model="lif")
    net.reward = sj.Reward(coding_method="environment_reward")
    net.conv = sj.Connection(net.image, net.layer, "conv", weight=weight, out_channels=2, kernel_size=3, plasticity=rule)
    net.weights, net.spikes = sj.WeightMonitor(net.conv), sj.SpikeMonitor(net.layer)
    sim = sj.build(net, dt=1.0).train()
    probes = sim.run(sim.init(key, 2), {"image": x, "reward": reward}).probes
    post = np.asarray(probes["spikes"], float).reshape(25, 2, 2, 3, 3)
    nearest = name == "conv2d_stdp"
    pre_now, _ = follow(x.astype(float), 20.0, 1.0, "nearest" if nearest else "all")
    post_now, before = follow(post, 20.0, 1.0, "nearest" if nearest else "all")
    gain, y = (np.ones((25, 2)), before) if nearest else (reward, post_now)
    w, expected = weight.astype(float), []
    for t in range(25):
        change = np.zeros_like(w)
        for c, kh, kw in np.ndindex(2, 3, 3):
            place = np.s_[:, 0, kh : kh + 3, kw : kw + 3]
            met = post[t, :, c] * pre_now[t][place] - y[t, :, c] * x[t][place]
            change[c, 0, kh, kw] = 0.01 * (gain[t, :, None, None] * met).sum()
        w = w + change
        expected.append(w)
    assert post.sum() > 20 and np.abs(w - weight).max() > 0.01
    np.testing.assert_allclose(probes["weights"], expected, rtol=2e-5, atol=2e-6)


def test_rules_are_kept_as_text():
    for rule, *_ in [*CASES.values(), *RECORDED.values(), (PostPreIntSTDP(),)]:
        net = sj.Network()
        net.layer = sj.NeuronGroup(3, model="lif")
        net.synapses = sj.Connection(net.layer, net.layer, plasticity=rule)
        again = from_dict(to_dict(net)).members["synapses"].plasticity
        assert again == (rule,)


def test_names_of_spaic():
    names = (
        "nearest_online_stdp full_online_stdp meta_nearest_online_stdp rstdp rstdpet switch_rstdp postpreintstdp tempotron conv2d_stdp"
        " conv2d_rstdp bp_rstdp bp_rstdpet rate_modulate"
    )
    assert set(names.split()) <= set(RULES)
