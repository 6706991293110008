"""Graphs that are read, written and read again."""

import itertools

import hypothesis
import hypothesis.strategies as st
import jax
import nir
import numpy as np
import pytest

import spaic_jax as sj

KINDS = ("LIF", "IF", "LI", "I", "CubaLIF", "CubaLI", "Threshold")


def neurons(kind, shape, rng):
    """A node of neurons, of numbers that differ."""

    def number(low, high):
        return rng.uniform(low, high, shape)

    v_th, v_reset = number(0.5, 1.0), number(-0.2, 0.0)
    return {
        "LIF": lambda: nir.LIF(tau=number(5e-3, 3e-2), r=number(2, 5), v_leak=number(-0.1, 0.1), v_threshold=v_th, v_reset=v_reset),
        "IF": lambda: nir.IF(r=number(200, 500), v_threshold=v_th, v_reset=v_reset),
        "LI": lambda: nir.LI(tau=number(5e-3, 3e-2), r=number(0.5, 1), v_leak=number(-0.1, 0.1)),
        "I": lambda: nir.I(r=number(20, 50)),
        "CubaLIF": lambda: nir.CubaLIF(
            tau_syn=number(5e-3, 3e-2), tau_mem=number(5e-3, 3e-2), r=number(2, 5), v_leak=number(-0.1, 0.1), v_threshold=v_th,
            v_reset=v_reset, w_in=number(0.5, 2),
        ),
        "CubaLI": lambda: nir.CubaLI(
            tau_syn=number(5e-3, 3e-2), tau_mem=number(5e-3, 3e-2), r=number(0.5, 1), v_leak=number(-0.1, 0.1), w_in=number(0.5, 2)
        ),
        "Threshold": lambda: nir.Threshold(threshold=number(0.1, 0.5)),
    }[kind]()


@st.composite
def graphs(draw):
    """Layers with loops, skips and delays."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    nodes, edges, before, width = {"in": nir.Input(input_type={"input": np.array([3])})}, [], "in", 3
    for i, size in enumerate(sizes):
        nodes[f"n{i}"] = neurons(draw(st.sampled_from(KINDS)), (size,), rng)
        weight = rng.normal(0.3, 0.5, (size, width)).astype(np.float32)
        biased = draw(st.booleans())
        nodes[f"w{i}"] = nir.Affine(weight=weight, bias=rng.normal(0, 0.2, size)) if biased else nir.Linear(weight=weight)
        way = [before, f"w{i}", f"n{i}"]
        if draw(st.booleans()):
            nodes[f"d{i}"] = nir.Delay(delay=rng.integers(0, 4, width) * 1e-3)
            way.insert(1, f"d{i}")
        edges += itertools.pairwise(way)
        if draw(st.booleans()) and type(nodes[f"n{i}"]).__name__ != "Threshold":
            nodes[f"r.{i}"] = nir.Linear(weight=rng.normal(0, 0.3, (size, size)))
            edges += [(f"n{i}", f"r.{i}"), (f"r.{i}", f"n{i}")]
        if draw(st.booleans()) and size == width:
            edges.append((before, f"n{i}"))
        before, width = f"n{i}", size
    nodes["out"] = nir.Output(output_type={"output": np.array([width])})
    edges.append((before, "out"))
    return nir.NIRGraph(nodes=nodes, edges=draw(st.permutations(edges)), type_check=False)


def again(graph, dt, form, path=None, **choices):
    """What a graph becomes, the graph written of that, and what that one becomes."""
    first = sj.from_nir(graph, dt, integrator=form, **choices)
    sim = sj.build(first.network, dt=dt)
    written, report = sj.to_nir(first.network, sim, sim.init(jax.random.key(0)), form=form)
    if path is not None:
        sj.nir.write(path, written)
    second = sj.from_nir(written if path is None else path, dt, integrator=form, order=sj.nir.written(written).choices.order)
    return first, written, report, second


def same_arrays(first, second):
    """Whether two networks have the same variables, to the last byte."""
    found = []
    for network in (first.network, second.network):
        variables = sj.build(network, dt=1.0).init(jax.random.key(0))
        found.append({name: np.asarray(x) for name, x in {**variables.params, **variables.constants}.items()})
    assert found[0].keys() == found[1].keys()
    for name, x in found[0].items():
        assert x.tobytes() == found[1][name].tobytes(), name


def check_round(graph, form):
    first, _, report, second = again(graph, 1.0, form)
    same_arrays(first, second)
    inputs = np.random.default_rng(0).uniform(0, 2, (20, 2, 3)).astype(np.float32)
    compared = report.check({"in": inputs})
    assert compared.spikes_equal and max(compared.largest.values()) < 1e-5 * max(1.0, _largest(first, inputs))


@hypothesis.given(graphs(), st.sampled_from(["euler", "exact"]))
@hypothesis.settings(max_examples=2, deadline=None)
def test_import_export_import_gives_the_same_arrays(graph, form):
    check_round(graph, form)


@pytest.mark.slow
@hypothesis.given(graphs(), st.sampled_from(["euler", "exact"]))
@hypothesis.settings(max_examples=60, deadline=None)
def test_import_export_import_gives_the_same_arrays_of_many(graph, form):
    check_round(graph, form)


def _largest(imported, inputs):
    sim = sj.build(imported.network, dt=1.0)
    return float(np.abs(sim.run(sim.init(jax.random.key(0), 2), {"in": inputs}).outputs["out"]).max())


def test_a_file_holds_what_was_written(tmp_path):
    rng = np.random.default_rng(0)
    lif = neurons("LIF", (4, 3, 3), rng)
    conv = nir.Conv2d(
        input_shape=(8, 8), weight=rng.normal(size=(4, 1, 3, 3)).astype(np.float32), stride=2, padding=0, dilation=1, groups=2,
        bias=rng.normal(size=4),
    )
    inner = nir.NIRGraph(
        nodes={"input": nir.Input(input_type={"input": np.array([36])}), "lif": neurons("LIF", (5,), rng), "w": nir.Linear(weight=rng.normal(size=(5, 36))),
               "rec": nir.Linear(weight=rng.normal(size=(5, 5))), "output": nir.Output(output_type={"output": np.array([5])})},
        edges=[("input", "w"), ("w", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "output")], type_check=False,
    )
    graph = nir.NIRGraph(
        nodes={"in": nir.Input(input_type={"input": np.array([2, 8, 8])}), "conv": conv, "lif": lif,
               "flat": nir.Flatten(input_type={"input": np.array([4, 3, 3])}, start_dim=0), "sub": inner, "out": nir.Output(output_type={"output": np.array([5])})},
        edges=[("in", "conv"), ("conv", "lif"), ("lif", "flat"), ("flat", "sub"), ("sub", "out")], type_check=False,
    )
    first, written, _, second = again(graph, 1.0, "euler", tmp_path / "a.nir")
    same_arrays(first, second)
    assert isinstance(written.nodes["sub"], nir.NIRGraph) and list(tmp_path.iterdir()) == [tmp_path / "a.nir"]
    said = sj.nir.written(tmp_path / "a.nir")
    assert (said.version, said.choices.dt, said.choices.integrator) == (sj.__version__, 1.0, "euler") and "constantcurrentlif" in said.network
    written.nodes["conv"].weight = written.nodes["conv"].weight * 2
    assert sj.nir.written(written) is None


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    graph = nir.NIRGraph.from_list(nir.Linear(weight=np.ones((3, 2))))
    sj.nir.write(tmp_path / "a.nir", graph)
    before = (tmp_path / "a.nir").read_bytes()
    graph.nodes["linear"].weight = object()
    with pytest.raises(TypeError):
        sj.nir.write(tmp_path / "a.nir", graph)
    assert (tmp_path / "a.nir").read_bytes() == before and len(list(tmp_path.iterdir())) == 1
