"""Monitors: which steps and neurons are kept, their times, rates, gradients and memory."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from spaic import golden

import spaic_jax as sj
from spaic_jax.network import MONITORS, Monitor
from spaic_jax.storage import from_dict, to_dict

PLANS = [{"plan": plan} for plan in (sj.Reference(), sj.Tiled(2), sj.Tiled(3), sj.Tiled())]


def network(**monitors):
    """Two layers; `monitors` are functions of the network."""
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="null")
    net.g = sj.NeuronGroup(shape=(2, 3), model="lif")
    net.w = sj.Connection(net.x, net.g, w_mean=0.4, w_std=0.4)
    for name, make in {"v": lambda net: sj.StateMonitor(net.g, "V"), **monitors}.items():
        setattr(net, name, make(net))
    return net


def data(steps=17, batch=2, seed=0):
    return np.random.default_rng(seed).random((steps, batch, 3)).astype(np.float32)


def run(net, steps=17, dt=0.5, batch=2, **plan):
    sim = sj.build(net, dt, **plan)
    assert sj.build(from_dict(to_dict(net)), dt, **plan).program == sim.program
    variables = sim.init(jax.random.key(0), batch)
    return sim.run(variables, {"x": data(steps, batch)}), sim, variables


@pytest.mark.parametrize("plan", PLANS)
def test_spaics_monitor(plan, key):
    recorded = golden("monitor")
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(4, model="lif")
    net.w = sj.Connection(net.x, net.g, weight=recorded["W"].astype(np.float32))
    net.v, net.one = sj.StateMonitor(net.g, "V"), sj.StateMonitor(net.g, "V", index=1)
    net.slow, net.spikes = sj.StateMonitor(net.g, "V", dt=2.0), sj.SpikeMonitor(net.g)
    sim = sj.build(net, 0.5, "one_step", **plan)
    result = sim.run(sim.init(key, 2), {"x": recorded["x"].swapaxes(0, 1).astype(np.float32)})
    for name, there in (("v", "values"), ("one", "index_values"), ("slow", "dt2_values")):
        np.testing.assert_allclose(np.moveaxis(np.asarray(result.probes[name]), 0, -1), recorded[there], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result.times["v"], recorded["times"], rtol=1e-6)
    np.testing.assert_allclose(result.times["slow"], recorded["dt2_times"], rtol=1e-6)
    for sample in range(2):
        times, neurons = result.spike_times("spikes", sample)
        np.testing.assert_allclose(times, recorded[f"spk_times{sample}"], rtol=1e-6)
        np.testing.assert_array_equal(neurons, recorded[f"spk_index{sample}"])
    spikes = np.asarray(result.probes["spikes"], float)
    np.testing.assert_array_equal(spikes.sum(0), recorded["spk_count"])
    np.testing.assert_allclose(spikes.mean(1).T, recorded["time_spk_rate"], rtol=1e-6)
    np.testing.assert_allclose(spikes.mean(2).T, recorded["time_pop_rate"], rtol=1e-6)


CHOICES = {
    "every": ({"every": 4}, slice(0, None, 4)),
    "dt": ({"dt": 1.5}, slice(2, None, 3)),
    "window": ({"window": (1.0, 4.0)}, slice(2, 8)),
    "late": ({"window": (6.0, 100.0), "every": 2}, slice(12, None, 2)),
    "last": ({"last": 3}, slice(-3, None)),
    "all": ({"dt": 1.0, "window": [1.0, 8.0], "last": 2}, [13, 15]),
}


@pytest.mark.parametrize("plan", PLANS)
def test_only_the_steps_that_are_asked_for(plan):
    make = {name: lambda net, kw=kw: sj.StateMonitor(net.g, "V", **kw) for name, (kw, _) in CHOICES.items()}
    reduced = {
        f"{reduce}_{name}": lambda net, kw=kw, reduce=reduce: sj.StateMonitor(net.g, "V", reduce=reduce, **kw)
        for name, kw in (("window", {"window": (1.0, 4.0)}), ("every", {"every": 4})) for reduce in ("sum", "mean", "max", "last")
    }
    result, _, _ = run(network(**make, **reduced), **plan)
    whole = np.asarray(result.probes["v"])
    for name, (_, chosen) in CHOICES.items():
        np.testing.assert_array_equal(result.probes[name], whole[chosen], err_msg=name)
        np.testing.assert_allclose(result.times[name], (np.arange(17) + 1)[chosen] * 0.5, rtol=1e-6)
    for name, chosen in (("window", slice(2, 8)), ("every", slice(0, None, 4))):
        for reduce, function in (("sum", np.sum), ("mean", np.mean), ("max", np.max)):
            got = result.probes[f"{reduce}_{name}"]
            np.testing.assert_allclose(got, function(whole[chosen], axis=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(result.probes[f"last_{name}"], whole[chosen][-1])
    assert "sum_window" not in result.times


@pytest.mark.parametrize(
    ("index", "numpy"),
    [
        (1, (slice(None), slice(None), 1)), ((0, [0, 2]), (slice(None), slice(None), 0, [0, 2])),
        ((slice(None), -1), (slice(None), slice(None), slice(None), -1)),
        ((slice(1, None), slice(None, None, -2)), (slice(None), slice(None), slice(1, None), slice(None, None, -2))),
        (np.array([1]), (slice(None), slice(None), [1])), ("full", ...),
    ],
)
def test_only_the_neurons_that_are_asked_for(index, numpy):
    result, _, _ = run(network(
        some=lambda net: sj.StateMonitor(net.g, "V", index=index, every=2), o=lambda net: sj.SpikeMonitor(net.g),
        spikes=lambda net: sj.SpikeMonitor(net.g, index=index),
    ), plan=sj.Tiled(4))
    np.testing.assert_array_equal(result.probes["some"], np.asarray(result.probes["v"])[numpy][::2])
    np.testing.assert_array_equal(result.probes["spikes"], np.asarray(result.probes["o"])[numpy])
    assert result.probes["spikes"].dtype == bool


@pytest.mark.parametrize("plan", PLANS)
def test_rates_are_in_hertz(plan):
    result, _, _ = run(network(
        spikes=lambda net: sj.SpikeMonitor(net.g), rate=lambda net: sj.RateMonitor(net.g),
        slow=lambda net: sj.RateMonitor(net.g, dt=2.5), some=lambda net: sj.RateMonitor(net.g, dt=2.5, index=(0, [1, 2])),
    ), **plan)
    spikes = np.asarray(result.probes["spikes"], float)
    assert spikes.sum() > 10
    np.testing.assert_allclose(result.probes["rate"], spikes.mean((2, 3)) * 2000, rtol=1e-5)
    bins = [spikes[i : i + 5] for i in range(0, 17, 5)]
    np.testing.assert_allclose(result.probes["slow"], [b.mean((0, 2, 3)) * 2000 for b in bins], rtol=1e-5)
    np.testing.assert_allclose(result.probes["some"], [b[:, :, 0, 1:].mean((0, 2)) * 2000 for b in bins], rtol=1e-5)
    np.testing.assert_allclose(result.times["slow"], [2.5, 5.0, 7.5, 8.5], rtol=1e-6)


def test_weights_are_those_of_the_step(key):
    """A row that changes the weights as the run goes: each sample is what they were then."""
    grow = lambda w: w + 1.0  # noqa: E731
    program = sj.Program(
        (sj.Variable("w", (2,), batched=False), sj.Variable("x", (2,), role="input")),
        (sj.Op("w", grow, ("w",)), sj.Op("y", "var_mult", ("x", "w"))),
        (sj.Record("every", "w"), sj.Record("some", "w", steps=sj.program.Steps(every=2, start=1))), 1.0,
    )
    for sim in (sj.build(program, plan=sj.Reference()), sj.build(program, plan=sj.Tiled(4))):
        result = sim.run(sim.init(key), {"x": np.ones((6, 1, 2), np.float32)})
        np.testing.assert_array_equal(result.probes["every"][:, 0], [1, 2, 3, 4, 5, 6])
        np.testing.assert_array_equal(result.probes["some"][:, 0], [2, 4, 6])
    result, _, variables = run(network(
        weight=lambda net: sj.WeightMonitor(net.w, dt=4.0), part=lambda net: sj.WeightMonitor(net.w, index=(0, [1, 2]), last=1)
    ))
    assert result.probes["weight"].shape == (2, 6, 3)
    np.testing.assert_array_equal(result.probes["weight"][1], variables["w.weight"])
    np.testing.assert_array_equal(result.probes["part"], np.asarray(variables["w.weight"])[None, 0, 1:])


def test_time_goes_on_in_the_next_run():
    result, sim, _ = run(network(s=lambda net: sj.StateMonitor(net.g, "V", dt=2.0)))
    more = sim.run(result.variables, {"x": data(4)})
    np.testing.assert_allclose(more.times["v"], [9.0, 9.5, 10.0, 10.5], rtol=1e-6)
    np.testing.assert_allclose(more.times["s"], [10.5], rtol=1e-6)


@pytest.mark.parametrize("plan", PLANS)
def test_gradients_of_what_monitors_see(plan, key):
    """Of a leaky integrator with a loop, beside the chain rule by hand and finite differences."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2, coding_method="null"), sj.NeuronGroup(2, model="leaky_integrator", tau_m=4.0)
    net.w, net.r = sj.Connection(net.x, net.g, w_std=0.5), sj.Connection(net.g, net.g, w_std=0.5)
    net.v, net.some = sj.StateMonitor(net.g, "V", get_grad=True), sj.StateMonitor(net.g, "V", index=1, every=3)
    net.i = sj.StateMonitor(net.g, "Isyn", index=[1], last=2, get_grad=True)
    sim = sj.build(from_dict(to_dict(net)), 1.0, **plan)
    variables = sim.init(key, 3)
    x = np.random.default_rng(1).normal(size=(7, 3, 2)).astype(np.float32)
    loss = lambda result: (result.probes["v"] ** 2).sum()  # noqa: E731
    slopes = sj.probe_gradients(sim, loss, variables, {"x": x})
    v = np.asarray(sim.run(variables, {"x": x}).probes["v"], float)
    loop = np.exp(-1 / 4) * np.eye(2) + np.asarray(variables["r.weight"], float)
    expected = np.zeros_like(v)
    ahead = np.zeros((3, 2))
    for t in reversed(range(7)):
        ahead = 2 * v[t] + ahead @ loop
        expected[t] = ahead
    np.testing.assert_allclose(slopes["v"], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slopes["i"], expected[-2:, :, 1:], rtol=1e-4, atol=1e-5)
    step = {"v.nudge": jnp.zeros((7, 3, 2)).at[2, 1, 0].set(1e-2)}
    moved = loss(sim.run(variables, {"x": x, **step})) - loss(sim.run(variables, {"x": x, "v.nudge": -step["v.nudge"]}))
    np.testing.assert_allclose(moved / 2e-2, expected[2, 1, 0], rtol=1e-3)


def test_gradients_of_spiking_neurons_agree_between_plans(key):
    net = network(s=lambda net: sj.StateMonitor(net.g, "V", get_grad=True))
    net.h = sj.NeuronGroup(2, model="lif")
    net.gh = sj.Connection(net.g, net.h, w_mean=0.3)
    net.o = sj.StateMonitor(net.g, "O", get_grad=True)
    net.out = sj.Decoder(dec_target=net.h, coding_method="spike_counts")
    both = []
    for plan in ({"plan": sj.Reference()}, {"plan": sj.Tiled(4)}):
        sim = sj.build(net, 0.5, **plan)
        loss = lambda result: (result.outputs["out"] ** 2).sum()  # noqa: E731
        both.append(sj.probe_gradients(sim, loss, sim.init(key, 2), {"x": data()}))
    for name in ("s", "o"):
        assert np.abs(both[0][name]).max() > 0.01
        np.testing.assert_allclose(both[0][name], both[1][name], rtol=1e-4, atol=1e-5)


def test_memory_is_known_before_the_run():
    net = network(
        some=lambda net: sj.StateMonitor(net.g, "V", every=4, index=(0, 1)), spikes=lambda net: sj.SpikeMonitor(net.g),
        mean=lambda net: sj.StateMonitor(net.g, "V", reduce="mean"),
    )
    net.out = sj.Decoder(dec_target=net.g)
    result, sim, variables = run(net)
    memory = sim.memory(17, 2)
    assert memory.probes == {name: value.nbytes for name, value in result.probes.items()}
    assert memory.outputs == {"out": result.outputs["out"].nbytes} and memory.inputs == {"x": data().nbytes}
    assert memory.variables == {name: value.nbytes for name, value in variables.values.items()}
    assert memory.total == sum(sum(part.values()) for part in dataclasses.asdict(memory).values())
    assert str(memory).splitlines()[-1].split()[0] == "total" and "  spikes" in str(memory)


def test_a_sampled_run_never_holds_every_step():
    """The compiled run needs no room for all steps, and neither does its gradient for the samples."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2, coding_method="constant_current"), sj.NeuronGroup(5000, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.g)
    net.v = sj.StateMonitor(net.g, "V", dt=1000.0)
    sim = sj.build(net, 1.0)
    variables = sim.init(jax.random.key(0))
    compiled = jax.jit(lambda v, x: sim.run(v, {"x": x}, steps=20000).probes).lower(variables, np.ones((1, 2), np.float32)).compile()
    used = compiled.memory_analysis()
    assert used.temp_size_in_bytes < 20000 * 5000 * 4 / 20


def test_every_kind_comes_back_from_its_dictionary():
    net = network(
        a=lambda net: sj.StateMonitor(net.g, "V", index=(slice(0, None, 2), [0, 1]), dt=1.0, window=(1.0, 5.0), last=4),
        b=lambda net: sj.SpikeMonitor(net.g, index=(1,), last=9), c=lambda net: sj.RateMonitor(net.g, 2.0, index=[0]),
        d=lambda net: sj.WeightMonitor(net.w, 5.0, reduce="mean"), e=lambda net: sj.StateMonitor(net.g, "V", get_grad=True),
    )
    again = from_dict(to_dict(net))
    assert sj.build(again, 0.5).program == sj.build(net, 0.5).program
    assert {type(m) for m in again.of_kind(Monitor).values()} == set(MONITORS.values())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"every": 0}, "StateMonitor: every must be a positive whole number, got 0"),
        ({"last": 0}, "StateMonitor: last must be a positive whole number, got 0"),
        ({"every": 2, "dt": 1.0}, "give every, in steps, or dt, in ms, not both"),
        ({"dt": 0.7}, "dt of monitor 'm' must be a positive whole number of steps"),
        ({"window": (3.0, 1.0)}, r"window must be two times in ms, the first one earlier, got \(3.0, 1.0\)"),
        ({"window": (0.0, 0.7)}, "the window of monitor 'm' must be a positive whole number of steps"),
        ({"window": (100.0, 200.0)}, "'m' looks at no step of a run of 17 steps"),
        ({"index": 2}, r"monitor 'm': index 2 is outside of 'g.V', which has shape \(2, 3\)"),
        ({"index": (0, 0, 0)}, r"monitor 'm': index has 3 axes, but 'g.V' has shape \(2, 3\)"),
        ({"index": slice(5, 9)}, "monitor 'm': slice.* holds no place of 'g.V'"),
        ({"index": 0.5}, "index must hold whole numbers, lists of them or slices, not 0.5"),
        ({"reduce": "median"}, "unknown reduction 'median'"),
        ({"var_name": "U", "get_grad": True}, "'m' looks at 'g': unknown variable 'U'"),
    ],
)
def test_bad_monitors_are_named(settings, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        run(network(m=lambda net: sj.StateMonitor(net.g, **{"var_name": "V"} | settings)))


def test_what_is_not_there_is_named(key):
    net = network(spikes=lambda net: sj.SpikeMonitor(net.g))
    result, sim, variables = run(net)
    with pytest.raises(ValueError, match="unknown spike monitor 'spike': did you mean 'spikes'"):
        result.spike_times("spike")
    with pytest.raises(ValueError, match="unknown spike monitor 'v'"):
        result.spike_times("v")
    with pytest.raises(ValueError, match="no monitor asks for gradients"):
        sj.probe_gradients(sim, lambda r: 0.0, variables, {"x": data()})
    with pytest.raises(TypeError, match="WeightMonitor: the target must be a Connection"):
        sj.WeightMonitor(net.g)
    with pytest.raises(ValueError, match="gradients are those of a group's variable"):
        sj.StateMonitor(net.w, "weight", get_grad=True)
