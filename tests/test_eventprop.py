"""EventProp: against closed forms, and against finite differences of an event-driven simulation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from event_driven import simulate

import spaic_jax as sj
from spaic_jax.neurons import LIF, CubaLIF
from spaic_jax.surrogate import EventProp

END = 30.0


def double(net, dt, plan=None, **build):
    """The simulator in float64, and its variables."""
    program = sj.build(net, dt=dt, **build).program.astype("float64")
    sim = sj.build(program, plan=plan)
    return sim, sim.init(jax.random.key(0), 1).astype(program)


# One neuron


@pytest.mark.parametrize("pulses", [(1.0,), (1.0, 3.5)])
def test_one_neuron_is_the_closed_form(pulses):
    """With tau_m = 2 tau_s the time is that of the root of a quadratic equation (Goeltz et al. 2021)."""
    tau_s, weights = 5.0, np.array([9.0, 4.0])[: len(pulses)] * (1 if len(pulses) == 2 else 0.7)
    if len(pulses) == 2:
        weights = weights * 0.4  # so that it takes both of them

    def first(w):
        early = (w * np.exp(np.array(pulses) / (2 * tau_s))).sum()
        late = (w * np.exp(np.array(pulses) / tau_s)).sum()
        return -2 * tau_s * np.log((early + np.sqrt(early**2 - 4 * late)) / (2 * late))

    slopes = [first(weights + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(pulses))]
    with sj.Network() as net:
        x = sj.Encoder(num=len(pulses), coding_method="sstb")
        neuron = sj.NeuronGroup(1, model="cubalif", tau_m=2 * tau_s, tau_s=tau_s, surrogate="eventprop")
        synapse = sj.Connection(x, neuron, weight=weights[None])
        time = sj.Decoder(dec_target=neuron, coding_method="first_spike_time")
    errors = []
    with jax.enable_x64(True):
        for dt in (0.05, 0.005, 0.0005):
            sim, variables = double(net, dt)

            def time_of(params, sim=sim, variables=variables):
                run = sim.run(variables.with_params(params), {"x": np.array([pulses])}, steps=sim.steps(15.0))
                return run.outputs["time"].sum()

            value, slope = jax.value_and_grad(time_of)(variables.params)
            assert abs(value - first(weights)) < 2 * dt
            errors.append(np.abs(slope["synapse.weight"][0] / np.array(slopes) - 1).max())
    assert errors[2] < 1e-3 and errors[2] < errors[1] / 4 and errors[1] < errors[0] / 4


# Networks


def two_layers(rng):
    """Four neurons that two others hear: the weights of all six as one matrix."""
    w_in, w_rec = np.zeros((6, 5)), np.zeros((6, 6))
    w_in[:4], w_rec[4:, :4] = rng.normal(4.0, 2.0, (4, 5)), rng.normal(4.0, 2.0, (2, 4))
    return w_in, w_rec


def in_a_loop(rng):
    return rng.normal(4.0, 2.0, (5, 5)), rng.normal(0.0, 1.0, (5, 5))


def declared(w_in, w_rec, layered, delay, **model):
    """The network of some weights; spikes and potentials of all its neurons are `spikes` and `potentials`."""
    chosen = {"delay": delay} if delay else {}
    trained = ["tau_m", "tau_s", "v_th"]
    net = sj.Network()
    net.x = sj.Encoder(num=w_in.shape[1], coding_method="sstb")
    split = 4 if layered else len(w_in)
    net.a = sj.NeuronGroup(split, model="cubalif", parameter_variables=trained, **model)
    net.xa = sj.Connection(net.x, net.a, weight=w_in[:split])
    net.b = sj.NeuronGroup(len(w_in) - split, model="cubalif", parameter_variables=trained, **model) if layered else net.a
    net.ab = sj.Connection(net.a, net.b, weight=w_rec[split:, :split] if layered else w_rec, **chosen)
    for group, name in ((net.a, "a"), *([(net.b, "b")] if layered else [])):
        setattr(net, f"{name}_spikes", sj.StateMonitor(group, "O"))
        setattr(net, f"{name}_potential", sj.StateMonitor(group, "V"))
        setattr(net, f"{name}_first", sj.Decoder(dec_target=group, coding_method="first_spike_time"))
    return net


def weigh(first, late, integral, c):
    """Three losses: of the first times, of the times of all spikes, of the potentials."""
    return (c * first).sum(), late, (c * integral).sum()


def exactly(numbers, pulses, c, t_ref, delay):
    """The losses, summed over samples, and the number of spikes."""
    losses, count = np.zeros(3), 0
    for sample in pulses:
        spikes, integral = simulate(sample, *numbers, t_ref=t_ref, delay=delay, end=END)
        first = np.full(len(c), END)
        for time, neuron in reversed(spikes):
            first[neuron] = time
        losses += weigh(first, sum(c[k] * np.sin(time / 7) for time, k in spikes), integral, c)
        count += len(spikes)
    return losses, count


def by_differences(numbers, *arguments, step=1e-6):
    """The derivative of the three losses by every number, one array `[3, *shape]` for each array of them."""
    slopes = []
    for place, array in enumerate(numbers):
        slope = np.zeros((3, *np.shape(array)))
        for index in np.ndindex(*np.shape(array)):
            if np.ndim(array) and not array[index]:
                continue  # no synapse there

            def moved(by, place=place, array=array, index=index):
                other = np.array(array, float)
                other[index] += by
                return exactly((*numbers[:place], other, *numbers[place + 1 :]), *arguments)

            (up, more), (down, less) = moved(step), moved(-step)
            assert more == less, "a spike came or went: choose another network"
            slope[:, *index] = (up - down) / (2 * step)
        slopes.append(slope)
    return slopes


def on_the_grid(numbers, pulses, c, t_ref, delay, dt, layered, **model):
    """The same derivatives by EventProp on a grid."""
    w_in, w_rec, tau_m, tau_s, v_th = numbers
    net = declared(w_in, w_rec, layered, delay, t_ref=t_ref, tau_m=tau_m, tau_s=tau_s, v_th=v_th, surrogate="eventprop", **model)
    sim, variables = double(net, dt)
    variables = sim.restart(variables, batch_size=len(pulses))
    groups = ("a", "b") if layered else ("a",)

    def losses(params):
        result = sim.run(variables.with_params(params), {"x": pulses}, steps=sim.steps(END))
        spikes, potential = (
            jnp.concatenate([result.probes[f"{name}_{what}"] for name in groups], -1) for what in ("spikes", "potential")
        )
        first = jnp.concatenate([result.outputs[f"{name}_first"] for name in groups], -1)
        time = dt * jnp.arange(1, len(spikes) + 1, dtype=spikes.dtype)
        late = jnp.einsum("t,tbn,n->", jnp.sin(time / 7), spikes, c)
        return jnp.stack(weigh(first.sum(0), late, potential.sum((0, 1)) * dt, c))

    slopes = {name: np.asarray(slope) for name, slope in jax.jit(jax.jacrev(losses))(variables.params).items()}
    found = [slopes["xa.weight"], slopes["ab.weight"]]
    return [*found, *(sum(slopes[f"{name}.{number}"] for name in groups) for number in ("tau_m", "tau_s", "v_th"))]


NETWORKS = {
    "layers": (two_layers, 0.0, 0.0, {}),
    "layers, soft, refractory, one step late": (two_layers, 2.0, 0.0, {"reset": "soft", "order": "voltage_first"}),
    "loop": (in_a_loop, 0.0, 0.0, {}),
    "loop, refractory, delayed": (in_a_loop, 1.0, 1.5, {}),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_are_the_finite_differences_of_events(name, seed):
    """Of first times, all times and potentials, by weights, time constants and threshold; for spikes one after another."""
    make, t_ref, delay, model = NETWORKS[name]
    rng = np.random.default_rng(seed)
    w_in, w_rec = make(rng)
    pulses, c = rng.uniform(0.0, 15.0, (2, 5)), rng.normal(size=len(w_in))
    numbers = (w_in, w_rec, 20.0, 5.0, 1.0)
    _, count = exactly(numbers, pulses, c, t_ref, delay)
    expected = by_differences(numbers, pulses, c, t_ref, delay)
    layered = make is two_layers
    if layered:
        expected[0], expected[1] = expected[0][:, :4], expected[1][:, 4:, :4]
    print(count)
    with jax.enable_x64(True):
        errors = []
        for dt in (0.02, 0.002):
            found = on_the_grid(numbers, pulses, c, t_ref, delay, dt, layered, **model)
            errors.append(
                [[np.abs(f - e).max() / np.abs(e).max() for f, e in zip(fs, es, strict=True)] for fs, es in zip(found, expected, strict=True)]
            )
    print(np.array2string(np.array(errors), precision=5))
