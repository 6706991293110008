"""Import from NIR beside NIR's equations in float64, other tools, closed forms, and itself."""

import dataclasses
from typing import Any

import jax
import nir
import nir_peers
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nir_graphs import inputs_of, neuron, random_graph

import spaic_jax as sj
from spaic_jax.nir import Choices, RefusedError, execute, read_graph

ONES = np.ones(2)
PLANS = [sj.Reference(), sj.Tiled(), sj.Tiled(7)]


def shape(*sizes: int) -> Any:
    return np.array(sizes)


def of_nodes(nodes: dict[str, Any], *chains: str) -> nir.NIRGraph:
    """A graph whose edges are said as chains, such as `"in fc lif"`."""
    edges = [(a, b) for chain in chains for a, b in zip(chain.split(), chain.split()[1:], strict=False)]
    return nir.NIRGraph(nodes, edges, type_check=False)


def run(network: sj.Network, inputs: dict[str, np.ndarray], dt: float = 1.0, plan: Any = None) -> dict[str, np.ndarray]:
    """Outputs of an imported network."""
    sim = sj.build(network, dt=dt, plan=plan)
    batch = next(iter(inputs.values())).shape[1]
    result = sim.run(sim.init(jax.random.key(3), batch), {k: np.asarray(x, np.float32) for k, x in inputs.items()}, jax.random.key(0))
    return {name: np.asarray(x) for name, x in result.outputs.items()}


def compared(seed: int, count: int) -> None:
    """A random graph under random choices, with its equations beside it."""
    rng = np.random.default_rng(seed)
    impulse = bool(rng.integers(2))
    graph = random_graph(rng, count, impulse)
    chosen = {"integrator": str(rng.choice(["euler", "exact"])), "reset": str(rng.choice(["hard", "soft"]))}
    if impulse or chosen["integrator"] == "euler":
        chosen["order"] = str(rng.choice(["voltage_first", "input_first"]))
    try:
        report = sj.from_nir(graph, dt=1.0, signal="impulse" if impulse else "held", **chosen).report
    except RefusedError:
        assume(False)
    found = report.check(inputs_of(graph, rng, 15, 2))
    assert found.spikes_equal, found
    assert max(found.largest.values(), default=0.0) < 1e-4, found


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(2, 6))
def test_random_graphs_do_what_their_equations_do(seed: int, count: int) -> None:
    compared(seed, count)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 10))
def test_more_random_graphs_do_what_their_equations_do(seed: int, count: int) -> None:
    compared(seed, count)


@pytest.mark.parametrize("name", nir_peers.CASES)
def test_what_other_tools_make_of_what_they_read_rightly(name: str) -> None:
    graph, spikes = nir_peers.case(name)
    imported = sj.from_nir(graph, dt=0.1, order="input_first")
    recorded = np.load(nir_peers.RECORDED)[name]
    assert recorded.mean() > 0.05
    np.testing.assert_array_equal(run(imported.network, {"input": spikes}, 0.1)["output"], recorded)


@pytest.mark.parametrize("integrator", ["euler", "exact"])
def test_the_equations_in_closed_form(integrator: str) -> None:
    """A step of current into LI and CubaLI, and an impulse: the exact ones at any step, Euler at a small one."""
    dt, tau, tau_s, r, w = (1.0 if integrator == "exact" else 0.01), 0.01, 0.004, 2.0, 3.0
    one = np.ones(1)
    cuba = nir.CubaLI(tau_syn=one * tau_s, tau_mem=one * tau, r=one * r, v_leak=one * 0.5, w_in=one * w)
    graph = read_graph(of_nodes(
        {"in": nir.Input(shape(1)), "li": nir.LI(tau=one * tau, r=one * r, v_leak=one * 0.5), "cuba": cuba, "out": nir.Output(shape(1))},
        "in li out", "in cuba",
    ))
    steps = round(20 / dt)
    t = (np.arange(steps) + 1) * dt / 1000
    held = execute(graph, Choices(dt, integrator=integrator), {"in": np.ones((steps, 1, 1))}).potentials  # type: ignore[arg-type]
    np.testing.assert_allclose(held["li"].ravel(), 0.5 + r * (1 - np.exp(-t / tau)), rtol=2e-3 if dt < 1 else 1e-12)
    rise = 1 - (tau * np.exp(-t / tau) - tau_s * np.exp(-t / tau_s)) / (tau - tau_s)
    np.testing.assert_allclose(held["cuba"].ravel(), 0.5 + r * w * rise, rtol=5e-3 if dt < 1 else 1e-12)
    impulse = np.zeros((steps, 1, 1))
    impulse[0] = 1
    sent = execute(graph, Choices(dt, "impulse", integrator=integrator), {"in": impulse}).potentials  # type: ignore[arg-type]
    since = t - dt / 1000
    np.testing.assert_allclose(sent["li"].ravel(), 0.5 + r / tau * np.exp(-since / tau), rtol=2e-3 if dt < 1 else 1e-12)
    decay = (np.exp(-since / tau) - np.exp(-since / tau_s)) / (tau - tau_s)
    np.testing.assert_allclose(sent["cuba"].ravel(), 0.5 + r * w * decay, rtol=5e-3 if dt < 1 else 1e-12)


def test_impulses_make_what_happens_independent_of_dt() -> None:
    """Spikes at the ends of long steps, through weights, a loop with a delay, a pool and LIF of many time constants."""
    rng = np.random.default_rng(4)
    cells = {name: neuron(rng, "LIF", (6,), impulse=True) for name in ("a", "b")}
    for cell in cells.values():
        cell.v_leak[:] = 0
    nodes = {
        "in": nir.Input(shape(5)), "fc": nir.Linear(rng.normal(0.4, 1, (6, 5))), **cells, "out": nir.Output(shape(6)),
        "wait": nir.Delay(np.array([2, 4, 4, 6, 2, 2]) * 1e-3), "rec": nir.Linear(rng.normal(0.2, 0.6, (6, 6))),
        "li": neuron(rng, "LI", (6,), impulse=True), "potentials": nir.Output(shape(6)),
    }
    graph = of_nodes(nodes, "in fc a wait rec a", "a b out", "b li potentials")
    spikes = (rng.random((40, 2, 5)) < 0.4).astype(float)
    made = {}
    for dt in (2.0, 1.0, 0.5):
        short = round(2.0 / dt)
        spread = np.zeros((40 * short, 2, 5))
        spread[short - 1 :: short] = spikes
        network = sj.from_nir(graph, dt=dt, signal="impulse", integrator="exact").network
        outputs = run(network, {"in": spread}, dt)
        assert outputs["out"].reshape(40, short, 2, 6)[:, : short - 1].sum() == 0
        made[dt] = outputs["out"][short - 1 :: short], outputs["potentials"][short - 1 :: short]
    assert 0.02 < made[2.0][0].mean() < 0.9
    for dt in (1.0, 0.5):
        np.testing.assert_array_equal(made[dt][0], made[2.0][0])
        np.testing.assert_allclose(made[dt][1], made[2.0][1], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("integrator", ["euler", "exact"])
def test_potentials_and_biases_beside_impulses(integrator: Any) -> None:
    """They are held, and become areas by factors in weights, through pools, scales and bare edges."""
    rng = np.random.default_rng(9)
    size = (2, 4, 2)
    two = np.array([2, 1])
    nodes = {
        "in": nir.Input(shape(*size)), "li": neuron(rng, "LI", size, impulse=True), "lif": neuron(rng, "LIF", size, impulse=True),
        "scale": nir.Scale(rng.normal(1, 0.3, size)), "pool": nir.SumPool2d(two, two, two * 0), "if": neuron(rng, "IF", (2, 2, 2), impulse=True),
        "flat": nir.Flatten(shape(2, 2, 2), 0, -1), "fc": nir.Affine(rng.normal(0.3, 1, (3, 8)), rng.normal(0, 2, 3)),
        "last": neuron(rng, "LIF", (3,), impulse=True), "out": nir.Output(shape(3)),
    }
    graph = of_nodes(nodes, "in li lif pool if flat fc last out", "in lif", "li scale lif", "in pool", "li pool")
    report = sj.from_nir(graph, dt=1.0, signal="impulse", integrator=integrator).report
    assert {row.node for row in report.rows if "folded" in row.verdict} >= {"scale", "fc"}
    found = report.check(inputs_of(graph, rng, 30, 2))
    assert found.spikes_equal, found
    assert max(found.largest.values()) < 1e-4


def test_a_loop_of_a_delay_is_no_other_neuron_beside_impulses() -> None:
    """What is held goes round a Delay and back into the weights that it came from, and needs one area all the way."""
    rng = np.random.default_rng(3)
    nodes = {
        "in": nir.Input(shape(3)), "s": neuron(rng, "LIF", (3,), impulse=True), "fc": nir.Affine(rng.normal(0, 0.5, (3, 3)), np.ones(3)),
        "wait": nir.Delay(np.array([1, 2, 3]) * 1e-3), "li": neuron(rng, "LI", (3,), impulse=True), "out": nir.Output(shape(3)),
    }
    graph = of_nodes(nodes, "in s fc wait fc li out", "s li")
    found = sj.from_nir(graph, dt=1.0, signal="impulse").report.check(inputs_of(graph, rng, 20, 2))
    assert found.spikes_equal, found
    assert found.largest["li"] < 1e-5


def braille(names: dict[str, str], nested: bool) -> nir.NIRGraph:
    """A recurrent net of CubaLIF, flat or with a graph for its layer; `names` gives other names."""
    rng = np.random.default_rng(8)
    one = np.ones(9)
    cuba = nir.CubaLIF(tau_syn=one * 0.004, tau_mem=one * 0.008, r=one * 1.5, v_leak=one * 0, v_threshold=one, w_in=one * 4)
    rec, fc = nir.Affine(rng.normal(0, 0.4, (9, 9)), rng.normal(0, 0.2, 9)), nir.Affine(rng.normal(0.2, 1, (9, 4)), one * 0.1)
    front, last = {"in": nir.Input(shape(4)), "fc": fc}, {"out": nir.Output(shape(9))}
    if nested:
        layer = of_nodes({"x": nir.Input(shape(9)), "cells": cuba, "rec": rec, "y": nir.Output(shape(9))}, "rec cells y", "x cells rec")
        return of_nodes(front | {"layer": layer} | last, "layer out", "in fc layer")
    nodes = {names.get(name, name): node for name, node in (front | {"cells": cuba, "rec": rec} | last).items()}
    named = [" ".join(names.get(n, n) for n in chain.split()) for chain in ("rec cells out", "cells rec", "in fc cells")]
    return of_nodes(nodes, *named[:: 1 - 2 * bool(names)])


def test_flat_and_nested_forms_and_all_names_are_one_network() -> None:
    spikes = (np.random.default_rng(1).random((60, 3, 4)) < 0.3).astype(float)
    wanted = run(sj.from_nir(braille({}, nested=False), dt=1.0).network, {"in": spikes})["out"]
    assert 0.02 < wanted.mean() < 0.6
    imported = sj.from_nir(braille({}, nested=True), dt=1.0)
    assert list(imported.network["layer"].members) == ["cells", "rec"]
    assert imported.report.choices["a step late"] == "layer/cells -> layer/rec"
    np.testing.assert_array_equal(run(imported.network, {"in": spikes})["out"], wanted)
    for names in ({"rec": "aaa", "cells": "zzz"}, {"rec": "zzz.rec", "cells": "aaa", "fc": "zz%z"}):
        other = sj.from_nir(braille(names, nested=False), dt=1.0)
        np.testing.assert_array_equal(run(other.network, {"in": spikes})["out"], wanted)
    for plan in PLANS:
        np.testing.assert_array_equal(run(imported.network, {"in": spikes}, plan=plan)["out"], wanted)


def test_an_early_step_of_a_loop_has_the_bias_of_the_recurrent_weights_and_a_late_one_not() -> None:
    """Where the step is taken is seen in the first one only; it can be said."""
    graph, silence = braille({}, nested=False), {"in": np.zeros((3, 1, 4))}
    for late in (None, {("cells", "rec")}, {("rec", "cells")}):
        report = sj.from_nir(graph, dt=1.0, late=late, order="input_first").report
        assert report.check(silence).spikes_equal
    reads = [execute(read_graph(graph), Choices(1.0, order="input_first", late=late), silence).potentials["cells"] for late in
             (frozenset({("cells", "rec")}), frozenset({("rec", "cells")}))]
    assert (reads[0][0] != reads[1][0]).any()


def test_two_populations_that_both_get_input_are_both_late() -> None:
    """Where no edge alone leads back, all edges to where the loop is entered take a step."""
    rng = np.random.default_rng(2)
    nodes = {"in": nir.Input(shape(3)), "e": neuron(rng, "LIF", (3,)), "i": neuron(rng, "LIF", (3,)), "out": nir.Output(shape(3))}
    nodes |= {name: nir.Linear(rng.normal(0, 1, (3, 3))) for name in ("ei", "ie")}
    graph = of_nodes(nodes, "in e ei i ie e out", "in i")
    report = sj.from_nir(graph, dt=1.0).report
    assert report.choices["a step late"] == "e -> ei, i -> ie"
    assert report.check(inputs_of(graph, rng, 30, 2)).spikes_equal


def test_a_delay_of_a_step_needs_no_further_step_in_a_loop() -> None:
    rng = np.random.default_rng(3)
    one = nir.Delay(np.array([1, 2, 3]) * 1e-3)
    nodes = {"in": nir.Input(shape(3)), "if": neuron(rng, "IF", (3,)), "wait": one, "rec": nir.Linear(rng.normal(0, 1, (3, 3))), "out": nir.Output(shape(3))}
    graph = of_nodes(nodes, "in if wait rec if out")
    report = sj.from_nir(graph, dt=1.0).report
    assert report.choices["a step late"] == "nothing"
    assert report.check(inputs_of(graph, rng, 30, 2)).spikes_equal


def two_inputs(*edges: tuple[str, str], size: int = 3) -> nir.NIRGraph:
    """A nested graph with two Inputs."""
    one = np.ones(3)
    inner = of_nodes(
        {
            "left": nir.Input(shape(3)), "right": nir.Input(shape(size)), "w": nir.Linear(np.arange(3.0 * size).reshape(3, size) / 9),
            "li": nir.LI(tau=one * 0.01, r=one, v_leak=one * 0), "y": nir.Output(shape(3)),
        },
        "left li y", "right w li",
    )
    nodes = {"a": nir.Input(shape(3)), "right": nir.Input(shape(size)), "b": nir.Input(shape(size)), "sub": inner, "out": nir.Output(shape(3))}
    nodes = {name: node for name, node in nodes.items() if not isinstance(node, nir.Input) or name in [edge[0] for edge in edges]}
    return nir.NIRGraph(nodes, [*edges, ("sub", "out")], type_check=False)


@pytest.mark.parametrize(
    "graph",
    [
        two_inputs(("a", "sub/left"), ("b", "sub.right")),
        two_inputs(("a", "sub.left"), ("right", "sub")),
        two_inputs(("a", "sub"), ("b", "sub"), size=2),
    ],
    ids=["said", "by name", "by shape"],
)
def test_nested_graphs_with_two_inputs(graph: nir.NIRGraph) -> None:
    rng = np.random.default_rng(5)
    found = sj.from_nir(graph, dt=1.0).report.check(inputs_of(graph, rng, 10, 2))
    assert found.spikes_equal
    assert 0 < found.largest["out"] < 1e-5


def test_nested_graphs_with_two_inputs_that_nothing_tells_apart() -> None:
    with pytest.raises(ValueError, match="graph 'sub' has the Inputs left, right, and neither a name nor a shape says which"):
        sj.from_nir(two_inputs(("a", "sub"), ("b", "sub")), dt=1.0)


LIF = {"tau": ONES * 0.02, "r": ONES, "v_leak": ONES * 0, "v_threshold": ONES}


def chain(*nodes: Any) -> nir.NIRGraph:
    """Nodes one after another."""
    return nir.NIRGraph.from_list(nir.Input(shape(2)), *nodes, nir.Output(shape(2)), type_check=False)


@pytest.mark.parametrize(
    ("graph", "choices", "sentence"),
    [
        (chain(nir.LIF(**LIF | {"v_reset": ONES * 2})), {}, r"node 'lif' \(LIF\): 'v_reset' must lie below 'v_threshold', but is 2 where that is 1"),
        (chain(nir.LIF(**LIF | {"tau": ONES * 0.0004})), {}, "'tau' is 0.4 ms, of which forward Euler makes growing oscillations"),
        (chain(nir.Delay(ONES * 1.5e-3)), {}, r"node 'delay' \(Delay\): a delay of 1.5 ms is no whole number of steps of 1 ms"),
        (chain(nir.Threshold(ONES)), {"signal": "impulse"}, "compares a value, but gets impulses"),
        (chain(nir.Affine(np.eye(2), ONES)), {"signal": "impulse"}, "gets impulses and currents, whose sum has no value"),
        (
            chain(nir.Affine(np.eye(2), ONES), nir.CubaLI(tau_syn=ONES * 0.01, tau_mem=ONES * 0.02, r=ONES, v_leak=ONES)),
            {"signal": "impulse", "integrator": "exact"}, "whose exact solution is not one number a step",
        ),
        (
            chain(nir.Affine(np.eye(2), ONES), nir.Linear(np.eye(2)), nir.LI(tau=np.array([0.01, 0.02]), r=ONES, v_leak=ONES)),
            {"signal": "impulse", "integrator": "exact"}, "neurons behind 'linear' need what is held beside impulses as different areas",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_by_name(graph: nir.NIRGraph, choices: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence) as caught:
        sj.from_nir(graph, dt=1.0, **choices)
    assert len(caught.value.report.refused) == 1
    with pytest.raises(ValueError, match="has no network to check"):
        caught.value.report.check({})


@pytest.mark.parametrize(("tau", "unit", "dt"), [(20.0, "s", 1.0), (5.0, "s", 0.1), (0.02, "ms", 1.0), (0.01, "ms", 0.1)])
def test_time_constants_betray_the_wrong_unit(tau: float, unit: Any, dt: float) -> None:
    graph = chain(nir.LIF(**LIF | {"tau": ONES * tau}))
    right = "ms" if unit == "s" else "s"
    with pytest.raises(ValueError, match=f"so say unit='{right}'"):
        sj.from_nir(graph, dt=dt, unit=unit)
    model = sj.from_nir(graph, dt=dt, unit=right).network["lif"].model
    np.testing.assert_allclose(model.tau_m, tau * (1 if unit == "s" else 1000))


def test_slow_neurons_are_read_where_the_graph_says_its_unit(tmp_path: Any) -> None:
    """As metadata of a file, or as `to_nir` writes it; but not beside other numbers than those that it wrote."""
    graph = chain(nir.LIF(**LIF | {"tau": ONES * 2.0}))
    with pytest.raises(ValueError, match=r"if they are right, say so by metadata \{'unit': 's'\}"):
        sj.from_nir(graph, dt=1.0)
    graph.metadata = {"unit": "s"}
    nir.write(tmp_path / "slow.nir", graph)
    network = sj.from_nir(tmp_path / "slow.nir", dt=1.0).network
    assert (network["lif"].model.tau_m == 2000).all()
    sim = sj.build(network, dt=1.0)
    written, _ = sj.to_nir(network, sim, sim.init(jax.random.key(0)), form="euler")
    assert (sj.from_nir(written, dt=1.0).network["lif"].model.tau_m == 2000).all()
    written.nodes["lif"].tau = ONES * 3.0
    with pytest.raises(ValueError, match="they look like 3 ms"):
        sj.from_nir(written, dt=1.0)


def test_a_node_may_be_named_as_an_edge_is() -> None:
    """What a bare edge becomes takes no name of a node that comes later."""
    nodes = {"m": nir.Input(shape(2)), "b": nir.LIF(**LIF), "m->b": nir.Linear(np.array([[3.0, 1.0], [0.5, 9.0]])), "out": nir.Output(shape(2))}
    graph = of_nodes(nodes, "m b out", "m m->b b")
    imported = sj.from_nir(graph, dt=1.0)
    assert {"m->b", "m->b#2"} <= set(imported.network.members)
    found = imported.report.check({"m": np.ones((20, 1, 2))})
    assert found.spikes_equal
    assert found.largest["b"] < 1e-5


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"signal": "spike"}, "unknown signal 'spike'"), ({"unit": "us"}, "unknown unit 'us'"), ({"reset": "none"}, "unknown reset"),
        ({"integrator": "rk4"}, "unknown integrator"), ({"order": "first"}, "unknown order"), ({"dt": -1.0}, "dt, in ms, must be a positive"),
        ({"integrator": "exact", "order": "input_first"}, "leave out order"), ({"late": {("rec", "out")}}, "unknown edge 'rec -> out'"),
        ({"late": {("cells", "out")}}, "the loop of 'cells', 'rec' has no edge in late"), ({"late": ["rec"]}, "late must hold edges"),
    ],
)  # fmt: skip
def test_unknown_choices_are_one_sentence(choices: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        sj.from_nir(braille({}, nested=False), **{"dt": 1.0, **choices})


def test_weights_go_into_variables_and_into_files(tmp_path: Any) -> None:
    network, weights, report = sj.from_nir(braille({}, nested=True), dt=1.0)
    sim = sj.build(network, dt=1.0)
    variables = sim.init(jax.random.key(0))
    assert {name: x.shape for name, x in weights.items()} == {
        "fc.weight": (9, 4), "fc.bias": (9,), "layer/rec.weight": (9, 9), "layer/rec.bias": (9,),
    }
    for name, x in variables.with_params(weights).params.items():
        np.testing.assert_array_equal(x, variables.params[name])
    sj.save_network(tmp_path / "net.toml", network, sim, variables)
    text = (tmp_path / "net.toml").read_text()
    assert "array = " in text
    assert len(text) < 3000
    spikes = {"in": (np.random.default_rng(1).random((20, 1, 4)) < 0.3).astype(float)}
    np.testing.assert_array_equal(run(sj.load_network(tmp_path / "net.toml"), spikes)["out"], run(network, spikes)["out"])
    assert {row.verdict for row in report.rows if row.kind == "Affine"} == {"rounded by 5e-08"}


def test_members_do_not_join_an_open_network() -> None:
    with sj.Network() as other:
        sj.from_nir(braille({}, nested=True), dt=1.0)
    assert not other.members


def test_a_check_finds_what_differs() -> None:
    """A network whose threshold is another one than the graph's."""
    report = sj.from_nir(braille({}, nested=False), dt=1.0).report
    assert report.pair is not None
    other = braille({}, nested=False)
    other.nodes["cells"].v_threshold[4] = 0.8
    pair = dataclasses.replace(report.pair, graph=read_graph(other))
    found = pair.compare({"in": (np.random.default_rng(1).random((60, 3, 4)) < 0.3).astype(float)})
    assert not found.spikes_equal
    assert found.first is not None
    assert found.first[1] == "cells"
    assert found.largest["cells"] < 1e-4
    assert f"spikes differ from step {found.first[0]} on" in str(found)


def test_inputs_of_a_check_must_fit() -> None:
    report = sj.from_nir(braille({}, nested=False), dt=1.0).report
    with pytest.raises(ValueError, match="the Inputs are in, but image was given"):
        report.check({"image": np.zeros((3, 1, 4))})
    with pytest.raises(ValueError, match=r"must be of shape \[T, B, 4\], not \(3, 4\)"):
        report.check({"in": np.zeros((3, 4))})
