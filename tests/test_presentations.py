"""Rows at the beginning and the end of a presentation, rows of learning, and runs in pieces, of programs written by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.plasticity import Rule
from spaic_jax.program import Constant, Fragment, Op, Program, ProgramError, Record, Variable

PLANS = [sj.Reference(), sj.Tiled(), sj.Tiled(3)]


def counted(x, position):
    return x + position.astype(x.dtype)


def halved(w):
    return w / 2


def program(**changes):
    """A sum of positions, a weight that grows while learning and is halved before each sample, and marks at the ends."""
    fields = {
        "variables": (
            Variable("total", (2,)),
            Variable("w", (), role="plastic", init=Constant(8.0)),
            Variable("samples", ()),
        ),
        "ops": (Op("total", counted, ("total", "[position]")),),
        "records": (Record("total", "total"),),
        "dt": 1.0,
        "begin_ops": (Op("w", halved, "w", when="learning"),),
        "end_ops": (Op("samples", counted, ("samples", "one")),),
    }
    fields["variables"] += (Variable("one", (), "int32", role="constant", init=Constant(1)),)
    return Program(**{**fields, **changes})


def equal(one, other):
    for name, value in one.values.items():
        np.testing.assert_array_equal(other[name], value, err_msg=name)
    assert (int(one.step), int(one.position)) == (int(other.step), int(other.position))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("learns", [True, False])
def test_run_step_and_pieces_are_one(plan, learns, key):
    sim = sj.build(program(), plan=plan)
    sim = sim.train() if learns else sim
    start = sim.init(key)
    whole = start
    for _ in range(2):
        whole = sim.run(whole, steps=6).variables
    assert float(whole["w"]) == (2.0 if learns else 8.0)
    assert float(whole["samples"][0]) == 2.0 and float(whole["total"][0, 0]) == 2 * sum(range(6))
    pieces = steps = prepared = start
    prepared = sim.prepare(start)
    for _ in range(4):
        pieces = sim.run(pieces, steps=3, presentation=6).variables
    for _ in range(12):
        steps, _ = sim.step(steps, steps=6)
        prepared, _ = sim.step(prepared, steps=6)
    for other in (pieces, steps, prepared.variables):
        equal(whole, other)


def test_a_run_that_is_no_piece_begins_anew(key):
    sim = sj.build(program())
    half = sim.run(sim.init(key), steps=3, presentation=6).variables
    assert float(half["samples"][0]) == 0
    assert float(sim.run(half, steps=6).variables["total"][0, 0]) == sum(range(3)) + sum(range(6))
    with pytest.raises(ValueError, match="presentation"):
        sim.run(half, steps=6, presentation=3)


def test_steps_without_a_length_never_end_the_presentation(key):
    sim = sj.build(program())
    variables = sim.init(key)
    for _ in range(5):
        variables, seen = sim.step(variables)
    assert float(seen["total"][0, 0]) == sum(range(5)) and float(variables["samples"][0]) == 0


def test_initial_rows_may_write_constants_and_plastic_values(key):
    sim = sj.build(program(initial_ops=(Op("w", halved, "w"), Op("one", "add", ("one", "one")))))
    variables = sim.init(key)
    assert float(variables["w"]) == 4.0 and int(variables["one"]) == 2
    assert float(sim.restart(variables)["w"]) == 4.0


@pytest.mark.parametrize("changes, sentence", [
    ({"begin_ops": (Op("one", "assign", "one"),)}, "row at the beginning 1.*writes 'one', a constant"),
    ({"end_ops": (Op("w", "assign", "missing"),)}, "row at the end 1.*missing"),
    ({"ops": (Op("w", halved, "w"),)}, "'w', a plastic value, which only a row of learning may"),
    ({"ops": (Op("total", counted, ("total", "[position]")), Op("x", "assign", "nothing", when="learning"))}, "nothing"),
    ({"ops": (Op("total", counted, ("total", "[position]")), Op("x", "assign", "nothing", when="frozen"))}, "nothing"),
])
def test_rows_of_all_modes_are_checked_when_the_program_is_made(changes, sentence):
    with pytest.raises(ProgramError, match=sentence):
        program(**changes)


def test_settings_are_printed_compared_and_hashable():
    def scaled(x, *, by):
        return x * by

    one, same, other = (Op("y", scaled, "x", settings={"by": by}) for by in (2.0, 2.0, 3.0))
    assert str(one) == "y = scaled(x, by=2.0)"
    assert one == same and hash(one) == hash(same) and one != other
    with pytest.raises(ValueError, match="setting by must be hashable"):
        Op("y", scaled, "x", settings={"by": [1]})
    with pytest.raises(ValueError, match="unknown when 'training'"):
        Op("y", scaled, "x", when="training")


@pytest.mark.parametrize("size", [9973, 9974])
def test_a_group_of_any_size_runs(size, key):
    """No size stands for the batch axis."""
    variables = (Variable("x", (size,), role="input", axes="held"), Variable("V", (size,)))
    ops = (Op("double", "add", ("x", "x")), Op("V", "add", ("V", "double")))
    sim = sj.build(Program(variables, ops, (Record("V", "V"), Record("double", "double")), 1.0))
    result = sim.run(sim.init(key, 2), {"x": np.ones((2, size), np.float32)}, steps=2)
    assert result.probes["V"].shape == result.probes["double"].shape == (2, 2, size)


def test_a_batch_axis_that_is_folded_into_another_has_its_size(key):
    def folded(x):
        return jnp.concatenate([x, x]).reshape(-1)

    sim = sj.build(Program((Variable("x", (3,)),), (Op("flat", folded, "x"),), (Record("flat", "flat"),), 1.0))
    assert sim.run(sim.init(key, 5), steps=4).probes["flat"].shape == (4, 30)
    assert sim.program.struct("flat", 7).shape == (42,)


def grow(x):
    return x * 10.0


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(3)])
def test_divergence_is_seen_within_the_run(plan, key):
    """Though the last state is fine again; the tiled plan looks at the ends of its tiles."""

    def reset(x, position):
        return jnp.where(position == 20, jnp.zeros_like(x), x * 10.0)

    variables = (Variable("x", (2,), init=Constant(1.0)),)
    sim = sj.build(Program(variables, (Op("x", reset, ("x", "[position]")),), (), 1.0), plan=plan)
    health = sim.run(sim.init(key), steps=24).health
    assert not bool(health.finite["x"]) and int(health.beyond["x"]) == (12 if isinstance(plan, sj.Reference) else 14)
    assert "at step" in health.report()[0]


def test_debug_names_the_variable_and_the_step(key):
    sim = sj.build(Program((Variable("x", (2,), init=Constant(1.0)),), (Op("x", grow, "x"),), (), 1.0), debug=True)
    with pytest.raises(FloatingPointError, match="'x' holds NaN, infinite or absurdly large values at step 13"):
        sim.run(sim.init(key), steps=24)
    with pytest.raises(Exception, match="at step 13"):
        jax.block_until_ready(jax.jit(lambda v: sim.run(v, steps=24).variables)(sim.init(key)))


def test_a_row_that_asks_for_it_is_looped(key):
    def rows(looped):
        return (Op("y", "add", ("x", "x"), looped=looped), Op("z", "add", ("y", "x")))

    x = np.arange(10, dtype=np.float32).reshape(5, 1, 2)
    sims = [
        sj.build(Program((Variable("x", (2,), role="input"),), rows(looped), (Record("z", "z"),), 1.0), plan=sj.Tiled(2))
        for looped in (False, True)
    ]
    assert "scan  y" in sims[1].describe() and "scan" not in sims[0].describe()
    for sim in sims:
        np.testing.assert_array_equal(sim.run(sim.init(key), {"x": x}).probes["z"], 3 * x)


def test_parts_share_a_temporary_that_is_asked_for_twice(key):
    """Two learning rules that need who fired get it from one row."""

    @dataclasses.dataclass(frozen=True)
    class Counting(Rule):
        def lower(self, site, context):
            fired = f"{context.name_of(site.owner.post)}.fired"
            row = Op(fired, "assign", context.read(site.owner.post, "O"), when="learning")
            grow = Op(site.target, counted_firing, (fired,), when="learning", settings={"pre": site.takes[0]})
            return context.once(fired, Fragment(ops=(row,))) + Fragment(ops=(grow,))

    with sj.Network() as net:
        drive = sj.Generator(2, coding_method="cc_generator", amp=2.0)
        layer = sj.NeuronGroup(3, model="if")
        synapses = sj.Connection(drive, layer, weight=np.ones((3, 2)), plasticity=[Counting(), Counting()])
    del synapses
    sim = sj.build(net, dt=1.0).train()
    assert [op.name for op in sim.program.ops].count("layer.fired") == 1
    np.testing.assert_array_equal(sim.run(sim.init(key), steps=3).variables["synapses.weight"], np.full((3, 2), 7.0))


def counted_firing(fired, *, pre):
    return jnp.broadcast_to(fired.sum(0)[:, None], (fired.shape[1], pre))
