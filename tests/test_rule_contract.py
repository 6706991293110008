"""What every learning rule of the table keeps to."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often
from pairs import ends

import spaic_jax as sj
from spaic_jax.plasticity import RULES
from spaic_jax.storage import from_dict, to_dict

pytestmark = pytest.mark.usefixtures("quickly_compiled")

T, PRE, POST = 16, 5, 4
#: Settings of the rules that need some, by their first name in the table.
ARGUMENTS = {"normalise": {"total": 1.5}, "rate_modulate": {"m_r": 3.0}, "rstdpet": {"lr": 0.1}}
#: Thresholds of rules that learn nothing of neurons that fire at once.
LATE = {"tempotron": 2.0}
#: Rules of weights that are large, whole numbers.
WHOLE = {"postpreintstdp"}
#: One name of each rule.
NAMES = sorted({kind: name for name, kind in reversed(RULES.items())}.values())
rules = pytest.mark.parametrize("rule", NAMES)
#: What holds of all by what they have in common.
some_rules = pytest.mark.parametrize("rule", often(NAMES, ("clopath", "postpreintstdp", "rstdpet", "stdp", "tempotron")))


def slow(value):
    """A case that says little beside its neighbour, for runs by hand."""
    return pytest.param(value, marks=pytest.mark.slow)


def made(rule):
    """The rule, with the nodes that it takes by their name."""
    nodes = {f.name: f.name for f in dataclasses.fields(RULES[rule]) if "node" in f.metadata}
    return RULES[rule](**ARGUMENTS.get(rule, {}), **nodes)


def group(rule, v_th=0.6):
    return sj.NeuronGroup(POST, model="diehlandcook", thresh=20) if rule in WHOLE else sj.NeuronGroup(POST, model="lif", v_th=LATE.get(rule, v_th))


def network(rule, name="w", watched=True, plastic=True, **settings):
    """Five inputs and four neurons, whose connection learns by a rule, or does not learn at all if not `plastic`."""
    net = sj.Network()
    net.x = sj.Encoder(num=PRE, coding_method="null")
    scale = 100.0 if rule in WHOLE else 1.0
    net.g = group(rule)
    weight = np.random.default_rng(0).uniform(0.2, 0.6, (POST, PRE)).astype(np.float32)
    weight = np.round(weight * scale) if rule in WHOLE else weight
    if hasattr(made(rule), "reward"):
        net.reward = sj.Reward(1, coding_method="environment_reward")
    if hasattr(made(rule), "teacher"):
        net.teacher = sj.Encoder(num=POST, coding_method="null")
    learns = {"plasticity": made(rule)} if plastic else {"is_parameter": False}
    net.add(name, sj.Connection(net.x, net.g, weight=weight, w_min=0.0, w_max=scale, **learns, **settings))
    net.out = sj.Decoder(dec_target=net.g)
    if watched:
        net.kept = sj.WeightMonitor(net[name])
    return net


def spikes(batch, steps=T):
    return (np.random.default_rng(1).random((steps, batch, PRE)) < 0.4).astype(np.float32)


def given(sim, x):
    """Spikes, and numbers for what else a rule asks of a run."""
    rng, data = np.random.default_rng(2), {"x": x}
    for v in sim.program.of_role("input"):
        if v.name != "x" and not v.optional:
            data[v.name] = rng.random((*([len(x)] if v.axes == "time" else []), x.shape[1], *v.shape)).astype(np.float32)
    if "teacher" in data:
        data["teacher"] = np.broadcast_to(np.arange(POST) % 2, data["teacher"].shape)
    return {name: jnp.asarray(value, sim.program.by_name[name].dtype) for name, value in data.items()}


def learned(sim, key, batch=1, variables=None, x=None):
    sim = sim.train()
    return sim.run(sim.init(key, batch) if variables is None else variables, given(sim, spikes(batch) if x is None else x), key)


def close(one, other, **tolerance):
    assert one.values.keys() == other.values.keys()
    for name, value in one.values.items():
        np.testing.assert_allclose(value, other[name], **{"rtol": 1e-5, "atol": 1e-6, **tolerance}, err_msg=name)


@rules
@pytest.mark.parametrize("batch", [slow(1), 2, slow(4)])
def test_it_learns_and_keeps_shapes_and_bounds(rule, batch, key):
    sim = sj.build(network(rule), dt=1.0)
    before = sim.init(key, batch)
    result = learned(sim, key, batch)
    assert set(before.plastic) == {"w.weight"} and not before.params
    for name, value in before.values.items():
        after = result.variables[name]
        assert (after.shape, after.dtype) == (value.shape, value.dtype) and bool(jnp.isfinite(after).all()), name
    weight = result.variables["w.weight"]
    assert float(weight.min()) >= 0 and float(weight.max()) <= sim.program.by_name["w.weight"].bounds[1]
    assert float(jnp.abs(weight - before["w.weight"]).max()) > 0
    assert result.probes["kept"].shape == (T, POST, PRE)
    np.testing.assert_array_equal(result.probes["kept"][-1], weight)
    assert "w.weight" in sim.train().describe()


@some_rules
@pytest.mark.parametrize("delayed", [slow(False), True])
def test_synapses_stored_as_pairs_learn_as_those_of_a_matrix(rule, delayed, key):
    delay = {"delay": np.random.default_rng(3).integers(0, 3, (POST, PRE)).astype(np.float32)} if delayed else {}
    weights = {}
    for storage in ("masked", "pairs"):
        sim = sj.build(network(rule, watched=False, link_type="sparse", density=0.6, storage=storage, **delay), dt=1.0)
        variables = sim.init(key, 2)
        after = learned(sim, key, 2).variables["w.weight"]
        place = ends(variables) if storage == "pairs" else np.nonzero(np.asarray(variables["w.mask"]))
        made = np.zeros((POST, PRE))
        made[place] = after if storage == "pairs" else np.asarray(after)[place]
        weights[storage] = made
        assert float(jnp.abs(after - variables["w.weight"]).max()) > 0
    if not RULES[rule].random:  # what is drawn depends on the shape of the weights
        np.testing.assert_allclose(weights["pairs"], weights["masked"], rtol=1e-5, atol=1e-6)


@rules
def test_every_plan_and_way_to_run_gives_the_same(rule, key):
    """Compiled or not, in tiles, in pieces, step by step; whatever the connection is called."""
    sim = sj.build(network(rule), dt=1.0, plan=sj.Reference()).train()
    expected = learned(sim, key, 2).variables
    # What is drawn depends on the name.
    first, last = ("w", "w") if RULES[rule].random else ("aaa", "zzz")
    whole = learned(sj.build(network(rule, first), dt=1.0, plan=sj.Tiled()), key, 2).variables
    np.testing.assert_allclose(whole[f"{first}.weight"], expected["w.weight"], rtol=1e-5, atol=1e-6)
    tiled = sj.build(network(rule, last), dt=1.0, plan=sj.Tiled(7)).train()
    data = given(sim, spikes(2))
    timed = {name for name, x in data.items() if x.ndim == len(sim.program.by_name[name].shape) + 2}

    def part(begin, end):
        return {name: x[begin:end] if name in timed else x for name, x in data.items()}

    pieces, steps = tiled.init(key, 2), sim.prepare(sim.init(key, 2))
    for begin in range(0, T, 8):
        pieces = tiled.run(pieces, part(begin, begin + 8), key, 8, presentation=T).variables
    np.testing.assert_allclose(pieces[f"{last}.weight"], expected["w.weight"], rtol=1e-5, atol=1e-6)
    with jax.disable_jit():
        eager = sim.run(sim.init(key, 2), part(0, 2), key, 2, presentation=T).variables
    for t in range(T):
        steps, _ = sim.step(steps, {name: x[t] if name in timed else x for name, x in data.items()}, key, T)
        if t == 1:
            close(eager, steps.variables)
    close(steps.variables, expected)


@some_rules
def test_frozen_it_changes_and_costs_nothing(rule, key):
    sim = sj.build(network(rule, watched=False), dt=1.0)
    plain = sj.build(network(rule, watched=False, plastic=False), dt=1.0)
    before = sim.init(key, 2)
    result = sim.run(before, given(sim, spikes(2)), key)
    np.testing.assert_array_equal(result.variables["w.weight"], before["w.weight"])
    assert sim.describe() == plain.describe()
    np.testing.assert_array_equal(
        result.outputs["out"], plain.run(plain.init(key, 2), given(plain, spikes(2)), key).outputs["out"]
    )


@rules
def test_a_second_presentation_starts_afresh_with_what_was_learned(rule, key):
    sim = sj.build(network(rule), dt=1.0)
    first = learned(sim, key, 2).variables
    again = sim.restart(first, key)
    np.testing.assert_array_equal(again["w.weight"], first["w.weight"])
    second = learned(sim, key, 2, again)
    expected = learned(sim, key, 2, sim.set(sim.restart(sim.init(key, 2), key), _lasting(sim, first)))
    close(second.variables, expected.variables)


def _lasting(sim, variables):
    return variables.plastic | {v.name: variables[v.name] for v in sim.program.of_role("state") if v.stay}


@some_rules
@pytest.mark.parametrize("dtype", ["bfloat16", slow("float16")])
def test_half_precision_loses_no_small_change(rule, dtype, key):
    """Weights rest in float32: a change of a thousandth of the weight's last bit in half still counts."""
    program = sj.build(network(rule), dt=1.0).program
    assert program.astype(dtype).astype("float32") == program
    sim, exact = sj.build(program.astype(dtype)), sj.build(program)
    before = sim.init(key, 2)
    assert before["w.weight"].dtype == jnp.float32 and before["g.V"].dtype == ("int32" if rule in WHOLE else dtype)
    numbers = made(rule).numbers()
    scales = {name for name in numbers if name.startswith("a_")} or {name for name in numbers if name.startswith(("lr", "rate"))}
    small = {f"w.{RULES[rule].__name__}.{name}": numbers[name] * 1e-4 for name in scales}
    changes = []
    for one in (sim, exact):
        start = one.set(one.init(key, 2), small)
        changes.append(learned(one, key, 2, start).variables["w.weight"] - start["w.weight"])
    assert float(jnp.abs(changes[0]).max()) > 0
    # The spikes may differ by a rounded current: the changes are alike, not equal.
    np.testing.assert_allclose(jnp.abs(changes[0]).sum(), jnp.abs(changes[1]).sum(), rtol=0.3)
    frozen = sim.run(before, given(sim, spikes(2)), key)
    assert frozen.outputs["out"].shape == (2, POST)


@pytest.mark.slow
@rules
def test_double_precision(rule, key):
    with jax.enable_x64(True):
        sim = sj.build(sj.build(network(rule), dt=1.0).program.astype("float64"))
        result = learned(sim, key, 2).variables
        assert {x.dtype for x in result.plastic.values()} == {jnp.dtype("float64")}
        wide = np.asarray(result["w.weight"])
    np.testing.assert_allclose(wide, learned(sj.build(network(rule), dt=1.0), key, 2).variables["w.weight"], rtol=1e-4, atol=1e-5)


@rules
def test_files_and_text(rule, key, tmp_path):
    net = network(rule)
    sim = sj.build(net, dt=1.0)
    after = learned(sim, key, 2).variables
    sj.save_weights(tmp_path / "w.safetensors", sim, after)
    loaded, _ = sj.load_weights(tmp_path / "w.safetensors", sim, 2)
    np.testing.assert_array_equal(loaded["w.weight"], after["w.weight"])
    sj.save_variables(tmp_path / "v.safetensors", sim, after)
    close(sj.load_variables(tmp_path / "v.safetensors", sim), after, rtol=0, atol=0)
    again = from_dict(to_dict(net))
    assert again["w"].plasticity == net["w"].plasticity and sj.build(again, dt=1.0).program == sim.program


@some_rules
def test_weights_that_are_shared_learn_once(rule, key):
    net = network(rule)
    net.h = group(rule, v_th=0.5)
    net.zzz = sj.Connection(net.x, net.h, shared=net.w)
    result = learned(sj.build(net, dt=1.0), key, 2)
    assert set(result.variables.plastic) == {"w.weight"}
    reference = learned(sj.build(net, dt=1.0, plan=sj.Reference()), key, 2)
    close(result.variables, reference.variables)


@some_rules
def test_no_gradient_flows_through_what_it_changes(rule, key):
    """To `jax.grad` the weights of each step are the first ones plus numbers."""
    sim = sj.build(network(rule, watched=False), dt=1.0).train()
    start = sim.init(key, 2)

    def last(weight):
        return learned(sim, key, variables=dataclasses.replace(start, plastic={"w.weight": weight}), x=spikes(2, 6)).variables["w.weight"]

    weight = start["w.weight"]
    value, slope = jax.jvp(last, (weight,), (jnp.full_like(weight, 3.0),))
    assert float(jnp.abs(value - weight).max()) > 0
    np.testing.assert_array_equal(slope, np.full((POST, PRE), 3.0))
