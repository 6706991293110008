"""The benchmark on a workload of a few neurons: what it returns, and that it measures what it says."""

import dataclasses
import functools
import json
import math
import re
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import native
from spaic_jax.bench import (
    BRAIN,
    MODELS,
    WORKLOADS,
    BrainNetwork,
    Workload,
    floor,
    measure,
    measure_brain,
    measure_model,
    timing,
)
from spaic_jax.bench.brain import silent
from spaic_jax.bench.floor import products, recurrent
from spaic_jax.bench.peers import PEERS, Peer, measure_peer
from spaic_jax.bench.workload import resolve_workload
from spaic_jax.cli import main
from spaic_jax.neurons import CLIF, NEURONS
from spaic_jax.plan import Auto
from spaic_jax.run import build

TINY = Workload("tiny", layers=(12, 8, 5), steps=7, batch_size=3, recurrent=True)
KEYS = {
    "workload", "density", "dense_forward_ms", "dense_step_ms", "dense_step_ratio", "step_ratio",
    "forward_ms", "step_ms", "floor_forward_ms", "floor_step_ms", "reference_forward_ms",
    "reference_step_ms", "remat_step_ms", "forward_us_per_step", "step_us_per_step", "compile_s", "peak_mb", "temp_mb",
    "remat_temp_mb", "spike_rate",
}


def products_mean(monkeypatch, dense):
    """What `products="dense"` makes of the plan; where it is None, nothing."""

    def build(*args, plan=None, products="auto", **options):
        return sj.build(*args, plan=dense if products == "dense" else plan, **options)

    monkeypatch.setattr(timing, "build", build)


def test_measure_returns_every_figure(monkeypatch):
    products_mean(monkeypatch, None)
    figures = measure(TINY, repeats=2)
    assert set(figures) == KEYS
    assert figures.pop("workload") == "tiny"
    # All that a step keeps fits the budget of remat="auto", which is then the same computation.
    assert figures.pop("remat_step_ms") is figures.pop("remat_temp_mb") is None
    # So are the products, where the plan chose the dense ones.
    assert all(figures.pop(name) is None for name in ("dense_forward_ms", "dense_step_ms", "dense_step_ratio"))
    assert figures["density"] == 0.1
    assert figures["step_ratio"] == figures["step_ms"] / figures["floor_step_ms"]
    assert all(value > 0 for value in figures.values())
    assert figures["spike_rate"] <= 1
    assert figures["forward_us_per_step"] == pytest.approx(1000 * figures["forward_ms"] / TINY.steps)
    assert figures["step_us_per_step"] == pytest.approx(1000 * figures["step_ms"] / TINY.steps)


def test_measure_times_dense_products_where_they_differ(monkeypatch):
    products_mean(monkeypatch, sj.Tiled(3))
    figures = measure(dataclasses.replace(TINY, density=0.5), repeats=1)
    assert figures["density"] == 0.5
    assert figures["dense_forward_ms"] > 0 and figures["dense_step_ms"] > 0
    assert figures["dense_step_ratio"] == figures["dense_step_ms"] / figures["floor_step_ms"]


def test_measure_times_remat_where_it_differs(monkeypatch):
    def build(*args, plan=None, products="auto", **options):
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


def regular():
    """Ten neurons that fire every 37 ms: 32 from reset to threshold, and 5 of refractory period."""
    with sj.Network() as net:
        rest = -50 + 10 / np.expm1(32.05 / 20)
        cells = sj.NeuronGroup(
            10, model="constantcurrentlif", integrator="exact", tau_m=20.0, v_rest=rest, v_th=-50.0, v_reset=-60.0, t_ref=5.0, V=-60.0
        )
        sj.Connection(cells, cells, "fixed_indegree", indegree=3, storage="pairs", weight=0.0, is_parameter=False)
        sj.SpikeMonitor(cells, name="spikes")
    return net


def test_a_network_of_the_brain_is_timed_beside_plain_jax():
    figures = measure_brain(BrainNetwork("tiny", regular, duration=370.0), repeats=1)
    assert (figures.pop("network"), figures.pop("synapses")) == ("tiny", 30)
    assert 6 / 0.296 <= figures["rate_hz"] <= 9 / 0.296 and figures.pop("cv_isi") == pytest.approx(0, abs=0.01)
    assert (figures["plain_wall_s_per_s"] is None) == (not native.available())
    assert all(value > 0 for value in figures.values() if value is not None)
    still = measure_brain(BrainNetwork("still", functools.partial(silent, 50, 4), duration=5.0), repeats=1)
    assert (still["rate_hz"], still["cv_isi"], still["synapses"]) == (0, None, 200)
    alone = measure_brain(BrainNetwork("alone", functools.partial(silent, 50, 0), duration=5.0), repeats=1)
    assert (alone["rate_hz"], alone["synapses"]) == (0, 0)
    with pytest.raises(ValueError, match="repeats must be a positive whole number, got 0"):
        measure_brain(BrainNetwork("tiny", regular), repeats=0)


def test_networks_of_the_brain_have_names_and_one_monitor():
    assert list(BRAIN) == [each.name for each in BRAIN.values()]
    for each in BRAIN.values():
        assert list(each.declare().of_kind(sj.SpikeMonitor)) == ["spikes"]


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
    assert [(line["workload"], line["density"]) for line in lines] == [("one", 0.1), ("two", 0.1)]
    assert all(set(line) == KEYS for line in lines)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["bench.png"]


@pytest.mark.parametrize("densities", [[], ["0.1", "0.02"], ["1", "0.05", "0.0125"]], ids=len)
def test_table_fits_120_columns(densities, capsys, monkeypatch):
    row = {key: 1234.5678 for key in KEYS if key != "workload"} | {"reference_step_ms": None}
    monkeypatch.setattr(
        "spaic_jax.bench.measure", lambda workload: {**row, "workload": workload.name, "density": workload.density}
    )
    assert main(["bench", *(["--density", ",".join(densities)] if densities else [])]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 120
    for name in (*(key.replace("_", " ") for key in row if key != "workload"), "1235"):
        assert name in shown
    each = len(densities) or 1
    assert len(re.findall(r" - ", shown)) == each * len(WORKLOADS)
    assert re.findall(r"\b(?:[A-D]\w*|NMNIST|memory|small)\b", shown) == [name for name in WORKLOADS for _ in range(each)]
    written = " ".join(line for line in shown.splitlines() if " density " in line)
    assert re.findall(r"[\d.]+", written) == len(WORKLOADS) * (densities or ["0.1"])


def test_command_times_each_density(capsys, monkeypatch, tmp_path):
    def measured(workload):
        times = dict.fromkeys(("step_ms", "forward_ms", "floor_step_ms", "floor_forward_ms"), 1.0)
        return {"workload": workload.name, "density": workload.density, **times}

    monkeypatch.setattr("spaic_jax.bench.measure", measured)
    picture = tmp_path / "bench.png"
    assert main(["bench", "--workload", "C_rec", "--density", "0.1, 1,2e-2", "--json", "--plot", str(picture)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["workload"], line["density"]) for line in lines] == [("C_rec", 0.1), ("C_rec", 1), ("C_rec", 0.02)]
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "given", ["ten", "", "0.1,", "0.1;0.2", "0", "-0.1", "1.01", "10", "nan", "inf", "0.1,0"], ids=lambda given: f"'{given}'"
)
def test_command_refuses_a_density_before_it_measures(given, capsys, monkeypatch):
    monkeypatch.setattr("spaic_jax.bench.measure", lambda workload: pytest.fail("measured"))
    assert main(["bench", f"--density={given}"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "density" in error


def test_density_is_that_of_workloads(capsys, monkeypatch):
    monkeypatch.setattr("spaic_jax.bench.measure_model", lambda model: pytest.fail("measured"))
    assert main(["bench", "--models", "--density", "0.1"]) == 2
    assert "leave it out with --models" in capsys.readouterr().err


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
    for density in (0, -0.1, 1.5, math.nan, "0.1", True):
        with pytest.raises(ValueError, match=r"workload 'tiny': density must be a positive, finite number of at most 1"):
            dataclasses.replace(TINY, density=density)


def test_standard_sizes():
    sizes = {name: (w.layers, w.steps, w.batch_size, w.recurrent) for name, w in WORKLOADS.items()}
    assert sizes == {
        "A512": ((512, 512), 500, 16, False),
        "A2048": ((2048, 2048), 100, 16, False),
        "B_mlp": ((784, 400, 10), 25, 128, False),
        "C_rec": ((700, 256, 20), 100, 64, True),
        "D_deep": ((784, 1000, 1000, 10), 50, 64, False),
        "NMNIST": ((2312, 512, 10), 300, 16, False),
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


def test_a_density_thins_the_input_and_nothing_else():
    wide = Workload("wide", layers=(50, 4), steps=40, batch_size=20)
    spikes = {density: dataclasses.replace(wide, density=density).numbers() for density in (0.02, 0.1, 0.5, 1.0)}
    for density, numbers in spikes.items():
        assert set(np.unique(numbers.spikes)) <= {0, 1}
        # 40 000 draws: five standard deviations.
        assert abs(numbers.spikes.mean() - density) <= 5 * math.sqrt(density * (1 - density) / 40_000)
        assert (numbers.spikes <= spikes[1.0].spikes).all()
        rest = [{**vars(one), "spikes": None} for one in (numbers, spikes[0.1])]
        jax.tree.map(np.testing.assert_array_equal, *rest)
    assert (spikes[0.02].spikes <= spikes[0.1].spikes).all()
    np.testing.assert_array_equal(wide.numbers().spikes, spikes[0.1].spikes)


def test_a_peer_is_timed_in_turn_with_the_same_numbers(capsys, monkeypatch):
    calls, tiny = [], Workload("tiny", layers=(4, 3), steps=5, batch_size=2)

    def make(workload):
        return Peer("other 1.0", lambda: calls.append(("forward", workload.name)), lambda: time.sleep(0.02))

    monkeypatch.setitem(PEERS, "spyx", make)
    monkeypatch.setitem(WORKLOADS, "tiny", tiny)
    row = measure_peer(tiny, "spyx", repeats=3)
    assert row["peer"] == "other 1.0" and 20 <= row["peer_step_ms"] < 2000 and len(calls) >= 3
    assert row["peer_step_ratio"] == row["peer_step_ms"] / row["step_ms"] and row["peer_forward_ratio"] == row["peer_forward_ms"] / row["forward_ms"]
    assert main(["bench", "--workload", "tiny", "--peer", "spyx"]) == 0
    assert "peer step ratio" in capsys.readouterr().out
    for arguments, sentence in (
        (["--peer", "spix"], "unknown peer 'spix': did you mean 'spyx'?"), (["--peer", "spyx", "--models"], "leave it out with --models."),
        (["--peer", "spyx", "--plot", "a.png"], "leave it out with --plot."),
        (["--workload", "small", "--peer", "spyx"], "workload 'small' is one of 'clif' neurons"),
    ):
        assert main(["bench", *arguments]) == 2
        shown = capsys.readouterr().err
        assert sentence in shown and shown.count("\n") == 1


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_that_is_missing_is_named(name, capsys, monkeypatch):
    for package in ("torch", "flax", name):
        monkeypatch.setitem(sys.modules, package, None)
    assert main(["bench", "--workload", "A512", "--peer", name]) == 2
    assert re.search(r"to compare with a peer the package (\w+) is needed: pip install \1\.\n$", capsys.readouterr().err)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("recurrent", [False, True])
def test_peers_count_about_the_same_spikes(name, recurrent):
    pytest.importorskip(name)
    workload = Workload("tiny", layers=(40, 30, 5), steps=20, batch_size=8, recurrent=recurrent)
    sim, peer = build(workload.network(), dt=1.0), PEERS[name](workload)
    counts = sim.run(sim.init(jax.random.key(0), 8), {"image": workload.numbers().spikes}).outputs["counts"]
    theirs = np.asarray(peer.forward())
    assert theirs.shape == counts.shape and np.corrcoef(theirs.ravel(), np.asarray(counts).ravel())[0, 1] > 0.8
    peer.step()
    assert not np.array_equal(theirs, np.zeros_like(theirs))
