"""What a run gives back and what it is given: health of many runs, samples that are not there, batches, other processes."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable
from spaic_jax.plan import watch

ROOT = Path(__file__).parent.parent

BUILD = """
import spaic_jax as sj
with sj.Network() as net:
    image = sj.Encoder(num=2, coding_method="constant_current")
    layer = sj.NeuronGroup(2, model="lif")
    synapses = sj.Connection(image, layer, weight=[[1.0, 0.0], [0.0, 1.0]], syn_type=["dropout", "basic"])
    spikes = sj.SpikeMonitor(layer)
    counts = sj.Decoder(dec_target=layer)
sim = sj.build(net, dt=1.0)
"""


def built() -> sj.Simulator:
    names: dict[str, Any] = {}
    exec(BUILD, names)
    sim: sj.Simulator = names["sim"]
    return sim


def test_health_of_many_runs_says_which(key: jax.Array) -> None:
    sim = built()
    inputs = jnp.array([[[1.0, 1.0]], [[0.0, 0.0]], [[jnp.nan, 1.0]]])
    health = jax.vmap(lambda x: sim.run(sim.init(key), {"image": x}, steps=5).health)(inputs)
    report = health.report()
    assert "'layer.O' never spiked in runs 1; 2 of 3." in report
    wrong = "holds NaN, infinite or absurdly large values at step 5 in run 2 of 3"
    assert any(line.startswith(f"'image.O' {wrong}, in the end neuron 0 of sample 0: try a smaller dt") for line in report)
    assert any(line.startswith(f"'layer.V' {wrong}: try a smaller dt") and "parameters of 'layer'" in line for line in report)
    grid = jax.vmap(jax.vmap(lambda x: sim.run(sim.init(key), {"image": x}, steps=5).health))(inputs[:2, None][:, [0, 0]])
    assert grid.report() == ["'layer.O' never spiked in runs 1, 0; 1, 1 of 2 x 2."]
    many = jax.vmap(lambda x: sim.run(sim.init(key), {"image": x}, steps=5).health)(jnp.zeros((9, 1, 2)))
    assert many.report() == ["'layer.O' never spiked in runs 0; 1; 2; 3; 4 and others of 9."]


def test_the_place_of_what_is_beyond() -> None:
    """Any value of any variable: its number, sample and neuron; of several, that which was seen first."""
    program = Program((Variable("a", (2, 2)), Variable("b", (3,), batched=False), Variable("c", ()), Variable("d", (3,))), (Op("c", "assign", "c"),), (), 1.0)
    sound = {v.name: np.zeros((2, *v.shape) if v.batched else v.shape, np.float32) for v in program.variables}
    for number, (name, value) in enumerate(sound.items()):
        for index in np.ndindex(value.shape):
            state = {other: x.copy() for other, x in sound.items()} | {name: value.copy()}
            state[name][index] = np.nan
            sample, within = (index[0], index[1:]) if program.by_name[name].batched else (-1, index)
            neuron = np.ravel_multi_index(within, value.shape[1:] if sample >= 0 else value.shape) if within else 0
            seen = {other: jnp.int32(4 if other == name else -1) for other in sound}
            np.testing.assert_array_equal(watch.place(program, seen, state), [number, sample, neuron])
            later = next(other for other in sound if other != name)
            state[later][...] = np.inf
            np.testing.assert_array_equal(watch.place(program, seen | {later: jnp.int32(5)}, state), [number, sample, neuron])


@pytest.mark.parametrize("transform", [jax.jit, jax.vmap])
def test_health_has_no_report_while_it_is_traced(transform: Any, key: jax.Array) -> None:
    sim = built()

    def run(x: jax.Array) -> jax.Array:
        health = sim.run(sim.init(key), {"image": x}, steps=2).health
        health.report()
        return health.spike_rate["layer.O"]

    with pytest.raises(ValueError, match=r"health has no numbers yet while a run is traced: .* outside jax.jit and jax.vmap"):
        transform(run)(jnp.ones((3, 1, 2)) if transform is jax.vmap else jnp.ones((1, 2)))


def test_a_sample_that_is_not_there(key: jax.Array) -> None:
    sim = built()
    result = sim.run(sim.init(key, 2), {"image": np.ones((2, 2))}, steps=5)
    assert len(result.spike_times("spikes", np.int64(1))[0]) > 0
    for sample in (2, -1, True):
        with pytest.raises(ValueError, match=r"sample \(of 2\) must be "):
            result.spike_times("spikes", sample)


def test_inputs_of_different_batches_are_refused_where_nothing_else_says_the_size(key: jax.Array) -> None:
    program = Program(
        (Variable("x", (2,), role="input"), Variable("y", (2,), role="input")),
        (("z", "add", "x", "y"),), (Record("z", "z"),), dt=1.0,
    )
    sim = sj.build(program)
    with pytest.raises(ValueError, match=r"input 'y' has shape \(5, 4, 2\), but needs \[T, B=3, 2\]"):
        sim.run(sim.init(key), {"x": np.ones((5, 3, 2)), "y": np.ones((5, 4, 2))})


@pytest.mark.parametrize("learning", [False, True])
def test_a_pickled_simulator_is_the_same_in_another_process(learning: bool, tmp_path: Path) -> None:
    """Hashes of strings differ between processes, so that none may travel: it is equal, found in tables, and runs."""
    sim = built().train() if learning else built()
    hash(sim), sim.skeleton, sim.program.by_name, sim.describe()
    (tmp_path / "sim").write_bytes(pickle.dumps(sim))
    variables = sim.init(jax.random.key(0))
    expected = sim.run(variables, {"image": np.ones((1, 2))}, jax.random.key(1), steps=5).outputs["counts"]
    again = "sim.train()" if learning else "sim"
    code = f"""
import pickle, sys, jax, numpy as np
{BUILD}
sim = {again}
with open(sys.argv[1], "rb") as file:
    other = pickle.load(file)
assert other == sim and hash(other) == hash(sim) and {{sim: 1}}[other] == 1, (hash(other), hash(sim))
assert hash(other.skeleton) == hash(sim.skeleton) and hash(other.program) == hash(sim.program)
run = other.run(other.init(jax.random.key(0)), {{"image": np.ones((1, 2))}}, jax.random.key(1), steps=5)
print(run.outputs["counts"].tolist())
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "sim")], capture_output=True, text=True, check=False, env=environment
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == str(expected.tolist())
