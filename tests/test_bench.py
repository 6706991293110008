"""The benchmark on a workload of a few neurons: what it returns, and that it measures what it says."""

import dataclasses
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.bench import MODELS, WORKLOADS, Workload, floor, measure, measure_model, timing
from spaic_jax.bench.floor import products, recurrent
from spaic_jax.bench.workload import resolve_workload
from spaic_jax.cli import main
from spaic_jax.neurons import CLIF, NEURONS
from spaic_jax.plan import Auto

TINY = Workload("tiny", layers=(12, 8, 5), steps=7, batch_size=3, recurrent=True)
KEYS = {
    "workload", "forward_ms", "step_ms", "floor_forward_ms", "floor_step_ms", "reference_forward_ms",
    "reference_step_ms", "remat_step_ms", "forward_us_per_step", "step_us_per_step", "compile_s", "peak_mb", "temp_mb",
    "remat_temp_mb", "spike_rate",
}


def test_measure_returns_every_figure():
    figures = measure(TINY, repeats=2)
    assert set(figures) == KEYS
    assert figures.pop("workload") == "tiny"
    # All that a step keeps fits the budget of remat="auto", which is then the same computation.
    assert figures.pop("remat_step_ms") is figures.pop("remat_temp_mb") is None
    assert all(value > 0 for value in figures.values())
    assert figures["spike_rate"] <= 1
    assert figures["forward_us_per_step"] == pytest.approx(1000 * figures["forward_ms"] / TINY.steps)
    assert figures["step_us_per_step"] == pytest.approx(1000 * figures["step_ms"] / TINY.steps)


def test_measure_times_remat_where_it_differs(monkeypatch):
    def build(*args, plan=None, **options):
        return sj.build(*args, plan=sj.Tiled(10, plan and plan.remat and Auto(budget=20_000)), **options)

    monkeypatch.setattr(timing, "build", build)
    figures = measure(Workload("long", (4, 4), steps=1000, batch_size=4, recurrent=True, repeats=1, reference=False))
    assert figures["reference_forward_ms"] is figures["reference_step_ms"] is None
    assert figures["remat_step_ms"] > 0
    assert 0 < figures["remat_temp_mb"] < figures["temp_mb"]


def test_a_model_is_timed_beside_its_loop():
    """Every model: one name each, and programs that can be run."""
    assert len(MODELS) == len(set(NEURONS.values())) == len({NEURONS[name] for name in MODELS})
    for name in ("condlif", "darwin_random", "null"):
        figures = measure_model(name, neurons=20, repeats=1)
        assert figures.pop("model") == name and len(figures) == 3 and all(value > 0 for value in figures.values())
    with pytest.raises(ValueError, match="repeats must be at least 1"):
        measure_model("lif", repeats=0)


def test_the_reference_plan_takes_part_in_fewer_rounds():
    calls = []
    tasks = {name: ((lambda name=name: calls.append(name)), every) for name, every in (("a", 1), ("b", 2))}
    assert set(timing.interleaved(tasks, repeats=3)) == {"a", "b"}
    assert calls == 2 * ["a", "b", "a", "a", "b"]


def normal(key, *shapes):
    keys = jax.random.split(key, len(shapes))
    return [jax.random.normal(k, shape) for k, shape in zip(keys, shapes, strict=True)]


def test_floor_is_the_products(key):
    spikes, weight, within = normal(key, (6, 3, 4), (5, 4), (5, 5))
    plain = jnp.einsum("tbi,ji,kj->tbk", spikes, weight, within)
    np.testing.assert_allclose(recurrent(within, spikes @ weight.T), plain, rtol=1e-4, atol=1e-5)
    counts, rows = products({"between": [weight], "within": within}, spikes)
    np.testing.assert_allclose(counts, plain.sum(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rows, plain.reshape(18, 5), rtol=1e-4, atol=1e-5)
    without = products({"between": [weight], "within": None}, spikes)[0]
    np.testing.assert_allclose(without, (spikes @ weight.T).sum(0), rtol=1e-4, atol=1e-5)


def test_gradient_of_the_recurrent_floor(key):
    """As that of the same products at once; that of the weights is formed outside the loop."""
    rows, weight, along = normal(key, (6, 3, 5), (5, 5), (6, 3, 5))
    got = jax.vjp(recurrent, weight, rows)[1](along)
    wanted = jax.vjp(lambda weight, rows: rows @ weight.T, weight, rows)[1](along)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), got, wanted)
    jaxpr = jax.make_jaxpr(floor._backward)((weight, rows), along)
    (loop,) = (str(equation) for equation in jaxpr.eqns if equation.primitive.name == "scan")
    assert (loop.count("dot_general["), str(jaxpr).count("dot_general[")) == (1, 2)


def test_a_model_by_name():
    clif = dataclasses.replace(TINY, model="clif")
    assert all(isinstance(g.model, CLIF) for g in clif.network().of_kind(sj.NeuronGroup).values())
    assert WORKLOADS["small"].model == "clif"


def test_command_draws_and_prints(capsys, monkeypatch, tmp_path):
    tiny = {name: dataclasses.replace(TINY, name=name, repeats=1) for name in ("one", "two")}
    tiny["two"] = dataclasses.replace(tiny["two"], reference=False)
    monkeypatch.setattr("spaic_jax.bench.WORKLOADS", tiny)
    monkeypatch.setattr("spaic_jax.bench.workload.WORKLOADS", tiny)
    picture = tmp_path / "bench.png"
    assert main(["bench", "--json", "--plot", str(picture)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["workload"] for line in lines] == ["one", "two"] and all(set(line) == KEYS for line in lines)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["bench.png"]


def test_table_fits_120_columns(capsys, monkeypatch):
    row = {key: 1234.5678 for key in KEYS if key != "workload"} | {"reference_step_ms": None}
    monkeypatch.setattr("spaic_jax.bench.measure", lambda name: {"workload": name, **row})
    assert main(["bench"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 120
    for name in (*WORKLOADS, *(key.replace("_", " ") for key in row), "1235"):
        assert name in shown
    assert len(re.findall(r" - ", shown)) == len(WORKLOADS)


@pytest.mark.parametrize("name", ["bench.jpg", "missing/bench.png"])
def test_command_refuses_a_picture_before_it_measures(name, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("spaic_jax.bench.measure", lambda name: pytest.fail("measured"))
    assert main(["bench", "--json", "--plot", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_names_are_resolved():
    assert resolve_workload("C_rec") is WORKLOADS["C_rec"]
    assert resolve_workload(TINY) is TINY
    with pytest.raises(ValueError, match="did you mean 'A512'"):
        measure("A51")
    with pytest.raises(ValueError, match="repeats must be at least 1"):
        measure(TINY, repeats=0)
    with pytest.raises(ValueError, match="at least two layers"):
        Workload("short", layers=(3,), steps=1, batch_size=1)


def test_standard_sizes():
    sizes = {name: (w.layers, w.steps, w.batch_size, w.recurrent) for name, w in WORKLOADS.items()}
    assert sizes == {
        "A512": ((512, 512), 500, 16, False),
        "A2048": ((2048, 2048), 100, 16, False),
        "B_mlp": ((784, 400, 10), 25, 128, False),
        "C_rec": ((700, 256, 20), 100, 64, True),
        "D_deep": ((784, 1000, 1000, 10), 50, 64, False),
        "memory": ((128, 512, 10), 2000, 32, True),
        "small": ((4, 4, 10), 1000, 1, False),
    }


def test_the_network_is_the_one_described(key):
    """Against the recurrence written out in NumPy."""
    sim = sj.build(TINY.network(), dt=TINY.dt)
    numbers = TINY.numbers()
    counts = sim.run(sim.init(key, TINY.batch_size), {"image": numbers.spikes}).outputs["counts"]

    v = [np.zeros((TINY.batch_size, n)) for n in TINY.layers[1:]]
    first, total = np.zeros_like(v[0]), np.zeros_like(v[1])
    for row in numbers.spikes.astype(float):
        for layer, weight in enumerate(numbers.weights):
            current = row @ weight.T + (first @ numbers.within.T if layer == 0 else 0)
            v[layer] = 0.9 * v[layer] + current
            row = (v[layer] > 1).astype(float)
            v[layer] -= row
            if layer == 0:
                first = row
        total += row
    np.testing.assert_array_equal(np.asarray(counts), total)


def test_numbers_are_the_same_in_every_call():
    jax.tree.map(np.testing.assert_array_equal, vars(TINY.numbers()), vars(TINY.numbers()))
