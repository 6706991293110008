"""Networks that every simulator is measured by: their rates and the regularity of their spikes.

The bands are those of Brian2 and NEST over several seeds. A random network is chaotic, so that no two simulators agree
on its spikes.
"""

import jax
import numpy as np
import pytest

import spaic_jax as sj

DT, DURATION, AFTER = 0.1, 1000.0, 200.0
EXCITATORY, INHIBITORY, DENSITY = 3200, 800, 0.02


def activity(raster, dt):
    """Mean rate, 1/s, from `AFTER` ms on, and mean CV of neurons with at least five intervals; raster `[T, n]`."""
    raster = raster[round(AFTER / dt) :]
    variations = []
    for number in np.flatnonzero(raster.sum(0) >= 6):
        intervals = np.diff(np.flatnonzero(raster[:, number]))
        variations.append(intervals.std() / intervals.mean())
    return raster.mean() / dt * 1e3, np.mean(variations)


def balanced(model, parameters, connect):
    """Excitatory and inhibitory neurons with random connections within and between, each pair with the same probability."""
    net = sj.Network()
    net.none = sj.Encoder(num=1, coding_method="null")
    net.e = sj.NeuronGroup(EXCITATORY, model=model, **parameters)
    net.i = sj.NeuronGroup(INHIBITORY, model=model, **parameters)
    for pre in "ei":
        for post in "ei":
            link = sj.Connection(
                getattr(net, pre), getattr(net, post), "sparse_sparse", density=DENSITY, is_parameter=False, **connect(pre)
            )
            setattr(net, pre + post, link)
    net.start = sj.Connection(net.none, net.e, weight=np.zeros((EXCITATORY, 1)))
    net.oe, net.oi = sj.SpikeMonitor(net.e), sj.SpikeMonitor(net.i)
    return net


def spikes_of(sim, variables):
    steps = round(DURATION / sim.program.dt)
    probes = sim.run(variables, {"none": np.zeros((steps, 1, 1), np.float32)}).probes
    return np.concatenate([np.asarray(probes[name])[:, 0] for name in ("oe", "oi")], axis=1)


def coba(seed):
    """Conductance-based neurons: Vogels and Abbott (2005), benchmark 1 of Brette et al. (2007)."""
    weight = {"e": {"weight": 6.0, "post_var_name": "g_exc"}, "i": {"weight": 67.0, "post_var_name": "g_inh"}}
    sim = sj.build(balanced("condlif", {}, lambda pre: weight[pre]), dt=DT)
    variables, rng = sim.init(jax.random.key(seed)), np.random.default_rng(seed)
    first = {}
    for name, n in (("e", EXCITATORY), ("i", INHIBITORY)):
        first |= {f"{name}.V": rng.normal(-65, 5, (1, n)), f"{name}.ge": rng.normal(40, 15, (1, n)), f"{name}.gi": rng.normal(200, 120, (1, n))}
    variables = sim.set(variables, {name: np.float32(value) for name, value in first.items()})
    return spikes_of(sim, variables)


def cuba(seed):
    """Current-based neurons with two kinds of exponential synapses: benchmark 2; potentials are relative to rest at -49 mV."""
    # An exact step of tau V' = I - V adds (1 - e^(-dt / tau)) I, where lif adds its input whole.
    gain = -np.expm1(-DT / 20)
    weight = {
        "e": {"weight": 1.62 * gain, "syn_type": ["exponential"], "syn_kwargs": {"tau": 5.0}},
        "i": {"weight": -9.0 * gain, "syn_type": ["exponential"], "syn_kwargs": {"tau": 10.0}},
    }
    neuron = {"tau_m": 20.0, "v_th": -1.0, "v_reset": -11.0, "t_ref": 5.0}
    sim = sj.build(balanced("lif", neuron, lambda pre: weight[pre]), dt=DT)
    rng = np.random.default_rng(seed)
    first = {f"{name}.V": np.float32(rng.uniform(-11, -1, (1, n))) for name, n in (("e", EXCITATORY), ("i", INHIBITORY))}
    return spikes_of(sim, sim.set(sim.init(jax.random.key(seed)), first))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "rate", "spread", "variation"), [(coba, 19.5, 1.0, 1.61), (cuba, 5.62, 0.26, 0.5)], ids=["coba", "cuba"]
)
def test_balanced_networks(network, rate, spread, variation):
    found = np.array([activity(network(seed), DT) for seed in range(2)])
    assert abs(found[:, 0].mean() - rate) < spread and np.abs(found[:, 0] - rate).max() < 2 * spread
    np.testing.assert_allclose(found[:, 1].mean(), variation, rtol=0.05)


def cortex(seed, steps):
    """Parameters, weights and noise of the 1000 neurons of Izhikevich (2003)."""
    rng = np.random.default_rng(seed)
    re, ri = rng.random(800), rng.random(200)
    parameters = {
        "a": np.r_[np.full(800, 0.02), 0.02 + 0.08 * ri], "b": np.r_[np.full(800, 0.2), 0.25 - 0.05 * ri],
        "c": np.r_[-65 + 15 * re**2, np.full(200, -65.0)], "d": np.r_[8 - 6 * re**2, np.full(200, 2.0)],
    }
    weight = np.concatenate([0.5 * rng.random((1000, 800)), -rng.random((1000, 200))], axis=1)
    noise = rng.normal(0, np.r_[np.full(800, 5.0), np.full(200, 2.0)], (steps, 1000))
    return parameters, weight, noise


def simulated(seed, steps, dtype):
    parameters, weight, noise = cortex(seed, steps)
    net = sj.Network()
    net.noise = sj.Encoder(num=1000, coding_method="null")
    a, b, c, d = parameters.values()
    net.g = sj.NeuronGroup(1000, model="izh", integrator="half_steps", a=a, b=b, Vreset=c, d=d)
    net.drive = sj.Connection(net.noise, net.g, "one_to_one", weight=np.ones(1000))
    net.loop = sj.Connection(net.g, net.g, weight=weight)
    net.o = sj.SpikeMonitor(net.g)
    with jax.enable_x64(dtype == "float64"):
        sim = sj.build(sj.build(net, dt=1.0).program.astype(dtype))
        variables = sim.init(jax.random.key(0))
        variables = sim.set(variables, {"g.U": (-65 * parameters["b"]).astype(dtype)[None]})
        return np.asarray(sim.run(variables, {"noise": noise[:, None].astype(dtype)}).probes["o"])[:, 0]


def test_izhikevichs_network_by_its_program():
    """Spike for spike in double precision, for as long as rounding does not part the two."""
    parameters, weight, noise = cortex(0, 300)
    a, b, c, d = parameters.values()
    v = np.full(1000, -65.0)
    u = b * v
    expected = []
    for current in noise:
        fired = v > 30
        v, u = np.where(fired, c, v), np.where(fired, u + d, u)
        current = current + weight[:, fired].sum(1)
        for _ in range(2):
            v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + current)
        u = u + a * (b * v - u)
        expected.append(v > 30)
    expected = np.array(expected)
    got = simulated(0, 300, "float64")
    assert expected.sum() > 500
    np.testing.assert_array_equal(got, expected)


def test_izhikevichs_network_fires_as_published():
    counts = np.array([simulated(seed, 1000, "float32").sum() for seed in range(3)])
    assert abs(counts.mean() - 7606) < 250 and np.abs(counts - 7606).max() < 500
