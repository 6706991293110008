"""Times of codings: which step a time lies in, where windows begin and end, and what counts from where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.coding import ENCODERS, GENERATORS, pack_spike_times
from spaic_jax.coding.steps import ceil_step, floor_step, floor_steps

STEPS = 100_000
#: Fields that a coding needs to be made, and those that make time count.
SETTINGS = {
    "mstb": {"max_spikes": 2, "late": "last"},
    "poisson": {"start_time": 1.0, "end_time": 2.0},
    "uniform": {"max_time": 2.0},
    "poisson_generator": {"rate": 5.0, "start_time": 2.0, "end_time": 5.0},
    "ramp": {"end_time": 5.0},
    "ramp_generator": {"end_time": 5.0},
    "poisson_hz": {"rate": 800.0, "counts": True},
    "inhomogeneous_poisson": {"rate": [200.0, 800.0, 1600.0], "interval": 1.5, "after": "repeat"},
    "timed_array": {"values": [0.5, 1.5, 0.0], "interval": 1.5, "after": "repeat"},
    "spike_list": {"times": [0.5, 2.0, 2.1, 3.0], "neurons": [0, 1, 1, 2], "period": 3.5},
    "sin": {"period": 3.5},
}


def network(source):
    """One that gives what a source emits as the probe `o`."""
    net = sj.Network()
    net.x, net.g = source, sj.NeuronGroup(1, model="if")
    net.w = sj.Connection(net.x, net.g, weight=np.zeros((1, source.num)))
    net.o = sj.StateMonitor(net.x, "O")
    return net


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_time_on_the_grid_lies_in_its_step(dt, dtype):
    k = np.arange(STEPS)
    for times in (k * dt, np.round(k * dt, 2), *([k * np.float32(dt)] if dtype is np.float32 else [])):
        given = times.astype(dtype)
        np.testing.assert_array_equal(floor_steps(given, dt), k)
        traced = jax.jit(lambda t: floor_steps(t, dt))(given.astype(np.float32))
        np.testing.assert_array_equal(traced, k)
    inside = (np.arange(0, STEPS, 7) + 0.5) * dt
    np.testing.assert_array_equal(floor_steps(inside.astype(np.float32), dt), np.arange(0, STEPS, 7))
    some = np.arange(0, STEPS, 997)
    assert [floor_step(t, dt) for t in (some * dt).astype(dtype).tolist()] == some.tolist()
    assert [ceil_step(t, dt) for t in (some * dt).astype(dtype).tolist()] == some.tolist()
    assert [ceil_step((s + 0.5) * dt, dt) for s in some.tolist()] == (some + 1).tolist()


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.3])
def test_spikes_of_a_long_run_are_in_their_steps(dt, key):
    k = np.unique(np.r_[1604, 1605, np.random.default_rng(0).integers(0, STEPS, 30), STEPS - 1])
    packed = pack_spike_times([(k * dt, np.zeros(len(k), int))], 1)
    net = network(sj.Encoder(1, "mstb", max_spikes=len(k)))
    net.y = sj.Encoder(len(k), "sstb")
    net.v = sj.Connection(net.y, net.g, weight=np.zeros((1, len(k))))
    net.p = sj.StateMonitor(net.y, "O", reduce="last")
    sim = sj.build(net, dt)
    singles = (k * dt).astype(np.float32)[None]
    probes = sim.run(sim.init(key), {"x": packed, "y": singles}, steps=STEPS).probes
    expected = np.zeros(STEPS)
    expected[k] = 1
    np.testing.assert_array_equal(probes["o"][:, 0, 0], expected)
    np.testing.assert_array_equal(probes["p"][0], k == STEPS - 1)


@pytest.mark.parametrize("dt", [0.01, 0.1, 0.3])
def test_windows_begin_and_end_on_the_grid(dt):
    """A generator fires in steps that begin from `start` on and before `end`, an encoder in steps that end within them."""
    for first, end in [(0, 1), (3, 7), (1604, 1605), (33_333, 99_999)]:
        times = {"start_time": first * dt, "end_time": end * dt}
        made = {
            "generator": sj.Generator(1, "poisson_generator", **times),
            "encoder": sj.Encoder(1, "poisson", **times),
            "ramp": sj.Generator(1, "ramp", end_time=end * dt),
        }
        given = {}
        for name, source in made.items():
            program = sj.build(network(source), dt).program
            given |= {f"{name}.{key}": v.init.value for key in ("first", "last", "end") if (v := program.by_name.get(f"x.{key}"))}
        assert given == {
            "generator.first": first, "generator.end": end, "ramp.end": end,
            "encoder.first": first - 1, "encoder.last": end - 1,
        }


@pytest.mark.parametrize("method", ["latency", "relative_latency", "uniform"])
def test_codings_of_evenly_spaced_numbers_are_those_of_whole_numbers(method, key):
    """Beside exact fractions: no step is one too early because of rounding."""
    count = 101
    net = network(sj.Encoder(count, method, **({"bias": 1.0, "max_time": 20.2} if method == "uniform" else {})))
    sim = sj.build(net, 0.1)
    k = np.arange(count)
    x = (k * 0.01).astype(np.float32)[None]
    if method == "relative_latency":
        net = network(sj.Encoder(count, method, scale=1.0, amp=float(np.log(2))))
        sim, k = sj.build(net, 0.1), np.arange(5)
        x = np.full((1, count), 4.0, np.float32)
        x[0, :5] = -k[::-1]
    spikes = np.asarray(sim.run(sim.init(key), {"x": x}, steps=count).probes["o"])[:, 0]
    if method == "latency":
        np.testing.assert_array_equal(spikes.argmax(0), count - 1 - k)
    elif method == "uniform":
        # The period is 202 (2 - k / 100) / 2 steps, and the smallest number never fires.
        period = [-(-202 * (200 - i) // 200) for i in k[1:].tolist()]
        np.testing.assert_array_equal(spikes[:, 1:].sum(0), [count // p for p in period])
        assert spikes[period[-1] - 1, -1] == 1


def test_late_spikes_are_refused_dropped_or_put_into_the_last_step(key):
    packed = pack_spike_times([([0.5, 1.0, 1.2], [0, 0, 1])], 2)
    for late, expected in (("drop", [[0, 0], [1, 0]]), ("last", [[0, 0], [2, 1]])):
        sim = sj.build(network(sj.Encoder(2, "mstb", max_spikes=2, late=late)), 0.5)
        np.testing.assert_array_equal(sim.run(sim.init(key), {"x": packed}, steps=2).probes["o"][:, 0], expected)
    for method, data in (("mstb", packed), ("sstb", packed[..., -1])):
        sim = sj.build(network(sj.Encoder(2, method, **({"max_spikes": 2} if method == "mstb" else {}))), 0.5)
        with pytest.raises(ValueError, match=r"input 'x' holds 1.0 at \[0, 0.*\], but needs times before the end, 1 ms; late="):
            sim.run(sim.init(key), {"x": data}, steps=2)
        assert np.asarray(sim.run(sim.init(key), {"x": data}, steps=3).probes["o"]).sum() == np.isfinite(data).sum()
        with pytest.raises(ValueError, match=r"holds -1.0 at \[0, 0.*\], but needs times in ms, which are not negative"):
            sim.run(sim.init(key), {"x": np.full_like(data, -1.0)}, steps=3)
        far = np.full_like(data, 0.5 * 2**21)
        with pytest.raises(ValueError, match="needs times before step 1048576"):
            sim.run(sim.init(key), {"x": far}, steps=2**22)
    with pytest.raises(ValueError, match="SingleSpikeTimes: unknown late 'first'"):
        sj.Encoder(2, "sstb", late="first")
    # An encoder that codes for a part of the run refuses what it would leave out.
    sim = sj.build(network(sj.Encoder(2, "mstb", max_spikes=2, time=1.0)), 0.5)
    with pytest.raises(ValueError, match="needs times before the end, 1 ms"):
        sim.run(sim.init(key), {"x": packed}, steps=9)


def data_of(net, steps):
    """Data of the encoder of a network for two samples, as it is given for all steps."""
    v = net.by_name["x"]
    x = np.random.default_rng(3).uniform(0.1, 0.9, (2, *v.shape)).astype(np.float32) * (4.0 if "late" in str(v.check) else 1.0)
    return np.stack([x * (i + 1) / steps for i in range(steps)]) if v.axes == "time" else x


#: One name of each coding and source.
METHODS = [sorted(n for n in table if table[n] is kind)[0] for table in (ENCODERS, GENERATORS) for kind in dict.fromkeys(table.values())]


@pytest.mark.parametrize("method", often(METHODS, METHODS[1::2]))
def test_run_step_and_pieces_emit_the_same(method, key):
    """Encoders code every presentation alike, as they count from its start; generators go on, as they count time."""
    kind = sj.Encoder if method in ENCODERS else sj.Generator
    net = network(kind(3, method, **SETTINGS.get(method, {})))
    sim = sj.build(net, 0.5, plan=sj.Tiled(3))
    start, steps, inputs = sim.init(key, 2), 8, {}
    if kind is sj.Encoder:
        inputs = {"x": data_of(sim.program, steps)}
    part = dict(inputs)
    if method == "bernoulli":
        part["x.largest"] = np.full(2, inputs["x"].max())

    def piece(first, last):
        timed = inputs and inputs["x"].ndim == len(sim.program.by_name["x"].shape) + 2
        return {name: x[first:last] if timed and name == "x" else x for name, x in part.items()}

    variables, whole = start, []
    for _ in range(2):
        result = sim.run(variables, inputs, key, steps=steps)
        variables, whole = result.variables, [*whole, *np.asarray(result.probes["o"])]
    variables, pieces = start, []
    for n in (0, 1, 2, 3):
        first = 4 * (n % 2)
        result = sim.run(variables, piece(first, first + 4), key, steps=4, presentation=steps)
        variables, pieces = result.variables, [*pieces, *np.asarray(result.probes["o"])]
    variables, single = start, []
    for n in range(2 * steps):
        now = {name: x[0] if name == "x" and method in ("null", "spikes") else x for name, x in piece(n % steps, n % steps + 1).items()}
        variables, emitted = sim.step(variables, now, key, steps=steps)
        single.append(np.asarray(emitted["o"]))
    np.testing.assert_allclose(pieces, whole, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(single, whole, rtol=1e-6, atol=1e-6)
    assert np.any(whole)
    if kind is sj.Encoder and not any(op.random for op in sim.program.ops):
        np.testing.assert_array_equal(whole[:steps], whole[steps:])


def test_times_of_spikes_are_the_ends_of_their_steps(key):
    net = network(sj.Encoder(1, "sstb"))
    net.s = sj.SpikeMonitor(net.x)
    sim = sj.build(net, 0.1)
    result = sim.run(sim.init(key), {"x": np.array([[0.3]])}, steps=5)
    assert int(np.asarray(result.probes["o"])[:, 0, 0].argmax()) == 3
    np.testing.assert_allclose(result.spike_times("s")[0], [0.4], rtol=1e-6)
    assert jnp.asarray(result.times["s"]).shape == (5,)
