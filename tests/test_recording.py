"""Long runs in chunks: equal to one run bit for bit, kept in memory or in a folder, resumed, stopped where they run away."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.coding.decoders import Decoding
from spaic_jax.program import Op, Program, Record, Steps, Variable
from spaic_jax.recording.pieces import pairs
from spaic_jax.storage import CheckpointError

ROOT = Path(__file__).parents[1]


def network():
    """A plastic, noisy, recurrent network with delays, and monitors of every kind; names sort first and last."""
    net = sj.Network()
    net.noise = sj.Generator(5, coding_method="poisson_generator", rate=1.5)
    net.x = sj.Encoder(num=3, coding_method="poisson")
    net.aaa = sj.NeuronGroup(shape=(2, 3), model="clif")
    net.zzz = sj.NeuronGroup(4, model="lif", v_th=0.6)
    net.drive = sj.Connection(net.noise, net.aaa, w_mean=2.0, w_std=0.5)
    net.data = sj.Connection(net.x, net.zzz, w_mean=0.8, w_std=0.3)
    net.there = sj.Connection(
        net.aaa, net.zzz, w_mean=0.5, w_std=0.2, w_min=0.0, w_max=2.0, delay=2.0, plasticity=["stdp"]
    )
    net.back = sj.Connection(net.zzz, net.aaa, w_mean=-0.5, w_std=0.2, delay=1.5)
    for number, each in enumerate(monitors(net)):
        setattr(net, f"m{number}", each)
    for method in ("spike_counts", "spike_rate", "first_spike", "final_step_voltage", "time_spike_counts", "first_spike_time", Rows(), AllRows()):
        name = method if isinstance(method, str) else type(method).__name__
        setattr(net, f"d_{name}", sj.Decoder(dec_target=net.zzz, coding_method=method))
    return net


class Rows(Decoding):
    """A decoder that says every step."""


class AllRows(Decoding):
    """A decoder that makes something of all steps at once."""

    @staticmethod
    def finish(rows):
        return rows.std(0)


def monitors(net):
    """Every way to look at a run whose chunks end between samples, bins and windows."""
    yield sj.SpikeMonitor(net.aaa)
    yield sj.SpikeMonitor(net.zzz, index=[3, 1], window=(5.5, 20.0))
    yield sj.SpikeMonitor(net.zzz, last=17)
    yield sj.StateMonitor(net.aaa, "V")
    yield sj.StateMonitor(net.aaa, "V", every=5, index=(0, [2, 0]))
    yield sj.StateMonitor(net.zzz, "V", dt=3.5)
    yield sj.StateMonitor(net.zzz, "V", every=3, window=(7.0, 22.5))
    yield sj.StateMonitor(net.zzz, "V", every=4, last=3)
    yield sj.StateMonitor(net.zzz, "V", reduce="sum")
    yield sj.StateMonitor(net.zzz, "V", reduce="mean", every=7, window=(2.0, 23.0))
    yield sj.StateMonitor(net.zzz, "V", reduce="max")
    yield sj.StateMonitor(net.zzz, "V", reduce="last", dt=3.5)
    yield sj.RateMonitor(net.aaa)
    yield sj.RateMonitor(net.aaa, dt=2.5)
    yield sj.RateMonitor(net.zzz, dt=9.5, index=[0, 2])
    yield sj.WeightMonitor(net.there, dt=4.0)


STEPS, DT = 53, 0.5


def data(batch, steps=STEPS):
    return {"x": np.random.default_rng(1).random((steps, batch, 3)).astype(np.float32)}


def small(**more):
    """A network that compiles fast."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="poisson"), sj.NeuronGroup(4, model="lif", v_th=0.6)
    net.w = sj.Connection(net.x, net.g, w_mean=0.8, w_std=0.3, **more)
    net.fired, net.v, net.mean = sj.SpikeMonitor(net.g), sj.StateMonitor(net.g, "V"), sj.StateMonitor(net.g, "V", reduce="mean")
    return net


def same_bits(recording, result, batch):
    """Everything that a run of all steps gives."""
    for name, value in result.variables.values.items():
        np.testing.assert_array_equal(recording.variables[name], value, err_msg=name)
    assert int(recording.variables.step) == int(result.variables.step)
    assert int(recording.variables.position) == int(result.variables.position)
    fired = 0
    for name, value in result.probes.items():
        if value.dtype == bool:
            for sample in range(batch):
                spikes, other = recording.spikes(name, sample), result.spikes(name, sample)
                times, neurons = result.spike_times(name, sample)
                order = np.lexsort((neurons, times))
                np.testing.assert_array_equal(spikes.neurons, neurons[order])
                np.testing.assert_allclose(spikes.times, times[order], rtol=1e-6)
                np.testing.assert_array_equal(spikes.times, other.times)
                np.testing.assert_array_equal(spikes.neurons, other.neurons)
                assert (spikes.num, spikes.start, spikes.stop) == (other.num, other.start, other.stop)
                fired += len(times)
        else:
            np.testing.assert_array_equal(recording.probes[name], value, err_msg=name)
            assert recording.probes[name].dtype == value.dtype
            if name in result.times:
                np.testing.assert_allclose(recording.times[name], result.times[name], rtol=1e-6)
                assert recording.times[name].dtype == np.float64
            else:
                assert name not in recording.times
    assert fired > 50
    assert set(recording.outputs) == set(result.outputs) - {"d_AllRows"} and not {*recording.outputs} & {*recording.probes}
    for name in recording.outputs:
        np.testing.assert_array_equal(recording.outputs[name], result.outputs[name], err_msg=name)
    assert np.ptp(recording.outputs["d_spike_counts"]) > 0
    for name, rate in result.health.spike_rate.items():
        np.testing.assert_allclose(recording.spike_rate[name], rate, rtol=1e-5)


@pytest.mark.parametrize("plan, batch, learns", [(sj.Tiled(4), 1, True), pytest.param(sj.Reference(), 3, False, marks=pytest.mark.slow)])
def test_chunks_equal_one_run_bit_for_bit(plan, batch, learns, key, tmp_path):
    """Tiles have the same length in both."""
    sim = sj.build(network(), DT, plan=plan)
    sim = sim.train() if learns else sim
    # Not from the beginning of time, and from the midst of a presentation that has nothing to do with it.
    start = dataclasses.replace(sim.init(key, batch), step=jnp.int32(17), position=jnp.int32(5))
    result = sim.run(start, data(batch), key)
    if learns:
        assert not np.array_equal(result.variables["there.weight"], start["there.weight"])
    recording = sj.simulate(sim, start, STEPS * DT, data(batch), key, chunk=12 * DT)
    same_bits(recording, result, batch)
    kept = sj.simulate(sim, start, STEPS * DT, data(batch), key, chunk=12 * DT, to=tmp_path / "kept")
    same_bits(kept, result, batch)
    loaded = sj.Recording.load(tmp_path / "kept")
    assert loaded.variables is None and loaded.finished and loaded.duration == STEPS * DT
    same_bits(dataclasses.replace(loaded, variables=kept.variables), result, batch)


def test_neuron_models_go_on_exactly(key):
    net = sj.Network()
    net.noise = sj.Generator(4, coding_method="poisson_generator", rate=3.0)
    for model in ("hh", "izh", "aeif"):
        setattr(net, model, sj.NeuronGroup(5, model=model))
        setattr(net, f"to_{model}", sj.Connection(net.noise, net[model], w_mean=5.0, w_std=1.0))
        setattr(net, f"of_{model}", sj.StateMonitor(net[model], "V"))
    sim = sj.build(net, 0.1, plan=sj.Tiled(5))
    result = sim.run(sim.init(key), None, key, steps=64)
    recording = sj.simulate(sim, sim.init(key), 6.4, None, key, chunk=1.5)
    for name, value in result.probes.items():
        assert np.std(value) > 0
        np.testing.assert_array_equal(recording.probes[name], value)
    for name, value in result.variables.values.items():
        np.testing.assert_array_equal(recording.variables[name], value, err_msg=name)


def test_another_duration_compiles_nothing(key):
    from spaic_jax.run import compiled

    sim = sj.build(small(), DT)
    given = {"x": np.ones((1, 3), np.float32)}
    before = compiled.piece._cache_size() + 1
    sj.simulate(sim, sim.init(key), 30 * DT, given, key, chunk=10 * DT)
    assert compiled.piece._cache_size() == before
    sj.simulate(sim, sim.init(key), 110 * DT, given, key, chunk=10 * DT)
    assert compiled.piece._cache_size() == before
    sj.simulate(sim, sim.init(key), 114 * DT, given, key, chunk=10 * DT)
    assert compiled.piece._cache_size() == before + 1


def test_inputs_piece_by_piece(key):
    sim, given = sj.build(small(), DT), data(2)["x"]
    start = sim.init(key, 2)
    cut = [{"x": given[begin : begin + 20]} for begin in (0, 20, 40)]
    one = sj.simulate(sim, start, STEPS * DT, {"x": given}, key, chunk=20 * DT)
    other = sj.simulate(sim, start, STEPS * DT, (each for each in cut), key, chunk=20 * DT)
    np.testing.assert_array_equal(one.probes["v"], other.probes["v"])
    with pytest.raises(ValueError, match="the inputs end after 2 of 3 chunks of 20 steps"):
        sj.simulate(sim, start, STEPS * DT, cut[:2], key, chunk=20 * DT)
    with pytest.raises(ValueError, match=r"chunk 3 of 3: input 'x' has 20 steps, but 13 are to be run"):
        sj.simulate(sim, start, STEPS * DT, [cut[0]] * 3, key, chunk=20 * DT)
    with pytest.raises(ValueError, match="input 'x' has 53 steps, but 40 are to be run"):
        sj.simulate(sim, start, 40 * DT, {"x": given}, key)


class Latest(sj.program.Reduction):
    """The number of the last step that was not zero, and the number of steps: a reduction that looks at both."""

    def init(self, value):
        return jnp.zeros(value.shape, "int32"), jnp.zeros((), "int32")

    def update(self, total, values, positions, steps):
        at = jnp.where(values != 0, positions.reshape(-1, *[1] * (values.ndim - 1)), -1).max(0)
        return jnp.maximum(total[0], at), jnp.asarray(steps, "int32")

    def finish(self, total, steps):
        return total[0] * 1000 + total[1] + steps

    def __eq__(self, other):
        return isinstance(other, Latest)

    def __hash__(self):
        return 1


def test_a_reduction_sees_the_steps_of_the_whole_run(key):
    def pulse(x, position):
        return jnp.where((position == 11) | (position == 4), jnp.ones_like(x), jnp.zeros_like(x))

    records = (Record("at", "x", reduce=Latest()), Record("some", "x", reduce=Latest(), steps=Steps(every=4)))
    sim = sj.build(Program((Variable("x", (2,)),), (Op("x", pulse, ("x", "[position]")),), records, 1.0))
    result = sim.run(sim.init(key), steps=23)
    recording = sj.simulate(sim, sim.init(key), 23.0, chunk=5.0)
    for name in ("at", "some"):
        np.testing.assert_array_equal(recording.probes[name], result.probes[name])
    assert result.probes["at"].tolist() == [[11046, 11046]]
    bad = dataclasses.replace(sim.program, records=(Record("at", "x", finish=jnp.sum),))
    with pytest.raises(ValueError, match="'at' makes something of all its rows"):
        sj.simulate(sj.build(bad), sim.init(key), 23.0)


@pytest.mark.parametrize("shape", [(0, 1, 3), (4, 2, 3), (8, 3, 2, 4), (5, 1, 7)])
def test_pairs_of_a_raster(shape):
    raster = np.random.default_rng(0).random(shape) < 0.3
    rows, samples, neurons = pairs(raster)
    again = np.zeros((shape[0], shape[1], int(np.prod(shape[2:]))), bool)
    again[rows, samples, neurons] = True
    np.testing.assert_array_equal(again.reshape(shape), raster)
    assert (np.diff(np.ravel_multi_index((samples, rows, neurons), (shape[1], shape[0], again.shape[2]))) > 0).all()


def test_stopped_and_resumed(key, tmp_path):
    """After any number of chunks, with bins and totals half done: the same as if it had not been stopped."""
    sim, given = sj.build(network(), DT, plan=sj.Tiled(4)).train(), data(1)
    result = sim.run(sim.init(key), given, key)

    def stopping(count):
        for number in range(count):
            yield {"x": given["x"][number * 12 : (number + 1) * 12]}
        raise KeyboardInterrupt

    for count in (1, 2, 4):
        folder = tmp_path / str(count)
        with pytest.raises(KeyboardInterrupt):
            sj.simulate(sim, sim.init(key), STEPS * DT, stopping(count), key, chunk=12 * DT, to=folder)
        half = sj.Recording.load(folder)
        assert half.steps == (count - 1) * 12 and not half.finished and "m8" not in half.probes
        np.testing.assert_array_equal(half.probes["m3"], result.probes["m3"][: half.steps])
        # What was kept twice is overwritten: the part is whole, what goes on from it is not there yet.
        for _ in range(2):
            same_bits(sj.resume(folder, sim, given), result, 1)
    assert "m8" in sj.Recording.load(folder).probes


def test_folders_that_are_not_touched(key, tmp_path):
    sim = sj.build(small(plasticity=["stdp"]), DT)
    given = {"x": np.ones((1, 3), np.float32)}

    def run(folder, **changes):
        return sj.simulate(sim, sim.init(key), 24 * DT, given, key, chunk=8 * DT, to=folder, **changes)

    run(tmp_path / "kept")
    with pytest.raises(ValueError, match="kept' holds a recording: go on with it by resume"):
        run(tmp_path / "kept")
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match="holds other files"):
        run(tmp_path)
    with pytest.raises(ValueError, match="is a file, but a recording needs a folder"):
        run(tmp_path / "thesis.tex")
    with pytest.raises(OSError, match="cannot write the recording to .*nothing of it is kept"):
        run(tmp_path / "thesis.tex" / "below")
    with pytest.raises(CheckpointError, match="holds no recording"):
        sj.Recording.load(tmp_path)
    for wrong, sentence in ((sj.build(small(plasticity=["stdp"]), 0.25), "of another network"), (sim.train(), "the simulator learns, but")):
        with pytest.raises(CheckpointError, match=sentence):
            sj.resume(tmp_path / "kept", wrong, given)
    other = small(plasticity=["stdp"])
    other.more = sj.SpikeMonitor(other.g)
    with pytest.raises(CheckpointError, match="other monitors"):
        sj.resume(tmp_path / "kept", sj.build(other, DT), given)
    index = tmp_path / "kept" / "index.json"
    values = json.loads(index.read_text())
    for change in ({"version": 9}, {"kept": 3}, {"chunk": 0}, {"more": 1}):
        index.write_text(json.dumps(values | change))
        with pytest.raises(CheckpointError, match="version 9|damaged"):
            sj.Recording.load(tmp_path / "kept")
    index.write_text(json.dumps(values))
    part = tmp_path / "kept" / "part-000001.npz"
    whole = part.read_bytes()
    place = whole.index(b"v.npy") + 200  # among the numbers
    for damaged in (whole[:200], b"", whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
        part.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="part-000001.npz' is missing or damaged"):
            sj.Recording.load(tmp_path / "kept").probes["v"]


def test_a_full_disk_says_what_is_kept(key, tmp_path, monkeypatch):
    sim = sj.build(small(), DT)
    given = {"x": np.ones((1, 3), np.float32)}
    write = np.lib.format.write_array

    def full(file, x, **settings):
        if (tmp_path / "kept" / "part-000001.npz").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, x, **settings)

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="kept': No space left on device; its first 8 ms are kept, and resume goes on from there"):
        sj.simulate(sim, sim.init(key), 24 * DT, given, key, chunk=8 * DT, to=tmp_path / "kept")
    monkeypatch.undo()
    half = sj.Recording.load(tmp_path / "kept")
    assert half.steps == 16 and not list((tmp_path / "kept").glob(".tmp-*"))
    whole = sj.simulate(sim, sim.init(key), 24 * DT, given, key, chunk=8 * DT)
    np.testing.assert_array_equal(sj.resume(tmp_path / "kept", sim, given).probes["v"], whole.probes["v"])


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(8), sj.Tiled()])
def test_divergence_says_who_and_when(plan, key, tmp_path):
    """Neuron 4 of sample 1 leaves all bounds at one step, found though the plan looks at the ends of tiles only."""

    def step(V, rate):
        return V * rate[None]

    rate = np.ones((6,), np.float32)
    rate[4] = 10.0
    variables = (Variable("hh.V", (6,)), Variable("rate", (6,), role="constant"))
    sim = sj.build(Program(variables, (Op("hh.V", step, ("hh.V", "rate")),), (Record("v", "hh.V"),), 0.5), plan=plan)
    start = sim.set(sim.init(key, 2), {"rate": rate, "hh.V": np.array([[0.0] * 6, [1.0] * 6], np.float32)})
    with pytest.raises(FloatingPointError) as error:
        sj.simulate(sim, start, 50.0, chunk=5.0, to=tmp_path / "kept")
    assert str(error.value) == (
        "the run diverged at 6.5 ms: 'hh.V' of neuron 4 is 1e+13 in sample 1; try a smaller dt than 0.5 ms or another"
        " integrator, and look at the parameters of 'hh' and at what it is given."
    )
    half = sj.Recording.load(tmp_path / "kept")
    assert half.duration == 5.0 and half.probes["v"].shape == (10, 2, 6)


def fall(p, x, current):
    return {"V": (current - x.V) / 20.0}


@pytest.mark.parametrize(("model", "limit"), [
    ({"model": "constantcurrentlif", "integrator": "exact"}, None),
    ({"model": sj.neurons.ODE(rhs=fall, initial={"V": 0.0}, limits={"V": 2e4}, integrator="exponential_euler")}, 2e4),
    ({"model": "lif"}, None),
])
def test_a_potential_has_a_limit_of_sense_where_it_has_a_unit(key, model, limit):
    """One neuron of one sample is drawn to -5e4, `V = -5e4 (1 - exp(-t/20))`; what has no unit may be there."""
    with sj.Network() as net:
        x = sj.Encoder(num=1, coding_method="null")
        g = sj.NeuronGroup(4, **model)
        sj.Connection(x, g, weight=np.ones((4, 1)) * np.array([[0.0], [0.0], [1.0], [0.0]]))
    sim = sj.build(net, 0.5)
    given = {"x": np.tile(np.float32([[0.0], [-5e4], [0.0]]), (40, 1, 1))}
    if limit is None:
        assert sj.simulate(sim, sim.init(key, 3), 20.0, given).duration == 20.0
        return
    steps = int(np.ceil(-20 * np.log(1 - limit / 5e4) / 0.5))
    with pytest.raises(FloatingPointError, match=rf"at {steps * 0.5:g} ms: 'g.V' of neuron 2 is -[\d.e+]+ in sample 1; try a smaller dt"):
        sj.simulate(sim, sim.init(key, 3), 20.0, given, chunk=2.0)
    health = sim.run(sim.init(key, 3), given, steps=40).health
    (sentence,) = (line for line in health.report() if "never" not in line)
    assert "'g.V' holds" in sentence and "in the end neuron 2 of sample 1: try a smaller dt" in sentence
    runs = jax.vmap(lambda x: sim.run(sim.init(key, 3), {"x": x}, steps=40).health)(np.stack([0 * given["x"], given["x"]]))
    (sentence,) = (line for line in runs.report() if "never" not in line)
    assert "in run 1 of 2, in the end neuron 2 of sample 1: try" in sentence


def test_bad_arguments(key):
    net = small()
    net.first = sj.StateMonitor(net.g, "V", window=(5.0, 10.0))
    sim = sj.build(net, DT)
    start, given = sim.init(key), {"x": np.ones((1, 3), np.float32)}
    for changes, sentence in (
        ({"duration": 10.3}, "a duration must be a positive whole number of steps"), ({"chunk": 0.7}, "a chunk must be"),
        ({"inputs": None}, "input 'x' is missing"), ({"key": None}, "is random"),
        ({"duration": 2.0**31}, "a duration must be at most 2147483647 steps"), ({"duration": 1.0}, "'first' looks at no step of a run of 2 steps"),
    ):
        with pytest.raises(ValueError, match=sentence):
            sj.simulate(sim, start, **{"duration": 25.0, "inputs": given, "key": key, **changes})
    with pytest.raises(ValueError, match="outside jax.jit"):
        jax.jit(lambda v: sj.simulate(sim, v, 25.0, given, key))(start)
    recording = sj.simulate(sim, start, 25.0, given, key)
    for bad in (lambda: recording.spikes("v"), lambda: recording.spikes("fired", 1), lambda: next(recording.pieces("fired"))):
        with pytest.raises(ValueError, match="unknown spike monitor|sample|unknown stacked probe"):
            bad()
    for name, sentence in (("m99", "unknown probe 'm99'"), ("fired", "spikes are kept as pairs: ask for .spikes\\(.fired")):
        with pytest.raises(KeyError, match=sentence):
            recording.probes[name]


KILLED = """
import sys, jax, numpy as np, spaic_jax as sj
sys.path.insert(0, sys.argv[2])
from test_recording import network, DT
sim = sj.build(network(), DT, plan=sj.Tiled(10)).train()
key, given = jax.random.key(0), {"x": np.full((1, 3), 0.5, np.float32)}
def run(to=None):
    return sj.simulate(sim, sim.init(key), 4000 * DT, given, key, chunk=20 * DT, to=to)
"""


@pytest.mark.slow
def test_killed_and_resumed_is_as_if_it_never_happened(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    names: dict = {}
    for wanted in (3, 40, 90):
        folder = tmp_path / str(wanted)
        command = [sys.executable, "-c", f"{KILLED}\nrun(sys.argv[1])", str(folder), str(ROOT / "tests")]
        process = subprocess.Popen(command, env=environment)
        limit = time.monotonic() + 120
        while len(list(folder.glob("part-*.npz"))) < wanted:
            assert process.poll() is None and time.monotonic() < limit
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        sys.argv, before = ["", "", str(ROOT / "tests")], sys.argv
        exec(KILLED, names)
        sys.argv = before
        half = sj.Recording.load(folder)
        assert wanted <= len(half.parts) < 200
        whole, resumed = names["run"](), sj.resume(folder, names["sim"], names["given"])
        np.testing.assert_array_equal(half.probes["m3"], whole.probes["m3"][: half.steps])
        for name in whole.probes:
            np.testing.assert_array_equal(whole.probes[name], resumed.probes[name], err_msg=name)
        for name in ("m0", "m1", "m2"):
            np.testing.assert_array_equal(whole.spikes(name).times, resumed.spikes(name).times)
        for name, value in whole.variables.values.items():
            np.testing.assert_array_equal(resumed.variables[name], value, err_msg=name)
