"""Ops as rows: what a program makes of their names, keys, inputs and outputs."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from op_support import GOLDEN, RECORDS, golden_arguments

import spaic_jax as sj
from spaic_jax import Op, Program, Variable, ops
from spaic_jax.ops import takes_key
from spaic_jax.program import INITIALS, Constant, KaimingNormal, ProgramError
from spaic_jax.program.dependencies import Needs

PLANS = [sj.Reference(), sj.Tiled(tile=3)]


@pytest.mark.parametrize("spelt", [str, str.upper, lambda name: getattr(ops, name)], ids=["name", "capitals", "function"])
@pytest.mark.parametrize("name", INITIALS)
def test_initial_values_by_name_and_by_function(name, spelt, key):
    if name == "fluctuation_driven":
        pytest.skip("is for connections")
    if name not in ops.INITIALISERS and spelt not in (str, str.upper):
        pytest.skip("no function of SPAIC's")
    given = Variable("w", (6, 5), role="parameter", init=spelt(name))
    assert given == Variable("w", (6, 5), role="parameter", init=INITIALS[name]())
    program = Program((given, Variable("x", (5,), role="input"), Variable("y", (6,))), (("y", "mat_mult_weight", "x", "w"),))
    assert sj.build(program).init(key)["w"].shape == (6, 5)


@pytest.mark.parametrize(
    ("init", "error", "sentence"),
    [
        ("kaiming_normall", ValueError, "unknown initial value 'kaiming_normall': did you mean 'kaiming_normal'"),
        (jnp.zeros_like, TypeError, "those of spaic_jax.ops.INITIALISERS"),
        (float("nan"), ValueError, "must be finite"),
        (None, TypeError, "a number, an array, a name or an Initial"),
    ],
)
def test_an_initial_value_that_is_none_is_refused_when_declared(init, error, sentence):
    with pytest.raises(error, match=sentence):
        Variable("w", init=init)


def test_numbers_and_arrays_are_initial_values():
    assert Variable("w", init=2).init == Constant(2)
    assert Variable("w", (2,), init=[1.0, 2.0]) == Variable("w", (2,), init=np.array([1.0, 2.0]))


def test_weights_of_connections_by_name(key):
    def network(weight):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=5), sj.NeuronGroup(6, model="if")
        net.w = sj.Connection(net.x, net.g, weight=weight)
        return sj.build(net, 1.0)

    assert network("Kaiming_Normal").program == network(KaimingNormal()).program


def drawing(row):
    return Program((Variable("x", (50,), role="input"), Variable("y", (50,))), (row,), dt=1.0)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("row", [("y", "dropout", "x"), Op("y", "dropout", "x"), Op("y", ops.dropout, "x")])
def test_an_op_that_draws_is_random_by_name(row, plan, key):
    program = drawing(row)
    assert program.ops[0].random
    sim = sj.build(program, plan=plan)
    first, second = (sim.run(sim.init(key), {"x": np.ones((4, 1, 50))}, k).variables["y"] for k in jax.random.split(key))
    assert set(np.unique(first)) == {0.0, 2.0} and (first != second).any()
    with pytest.raises(ValueError, match="op 'y' is random"):
        sim.run(sim.init(key), {"x": np.ones((4, 1, 50))})


def test_an_op_registered_as_random_is_so_until_its_name_is_given_anew(key):
    ops.register("jitter", lambda key, x: x + jax.random.normal(key, x.shape), random=True)
    try:
        assert drawing(("y", "jitter", "x")).ops[0].random
        assert not Op("y", "add", ("x", "x")).random
    finally:
        del ops.REGISTRY["jitter"]
    ops.register("jitter", lambda x: x)
    try:
        assert not Op("y", "jitter", "x").random
    finally:
        del ops.REGISTRY["jitter"]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("after", ["a state", "an input"])
def test_a_row_that_returns_nothing_is_carried_out_in_order(plan, after, key):
    seen = []

    def look(step, value):
        jax.debug.callback(lambda step, value: seen.append((int(step), float(value[0, 0]))), step, value, ordered=True)

    read = {"a state": "V[updated]", "an input": "x"}[after]
    program = Program(
        (Variable("x", (1,), role="input"), Variable("V", (1,))), (("V", "add", "V", "x"), ((), look, "[step]", read)), dt=1.0
    )
    sim = sj.build(program, plan=plan)
    sim.run(sim.init(key), {"x": np.arange(7.0).reshape(7, 1, 1)})
    jax.effects_barrier()
    values = np.arange(7.0) if after == "an input" else np.arange(7.0).cumsum()
    assert seen == list(enumerate(values))


def test_a_function_that_returns_nothing_writes_nothing():
    with pytest.raises(ProgramError, match="returns 0 values for 1 outputs"):
        Program((Variable("V"),), (Op("V", lambda v: None, "V"),))


def pushed(sample):
    return jnp.ones((*sample.shape, 3))


@pytest.mark.parametrize("plan", PLANS)
def test_a_row_that_pushes_learns_the_batch_from_a_variable(plan, key):
    variables = (Variable("sample", role="constant", batched=True), Variable("V", (3,)))
    sim = sj.build(Program(variables, (("O", pushed, "sample"), ("V", "add", "V", "O")), dt=1.0), plan=plan)
    result = sim.run(sim.init(key, 4), steps=7)
    np.testing.assert_array_equal(result.variables["V"], np.full((4, 3), 7.0))


def test_a_row_without_inputs_is_told_where_the_batch_is():
    with pytest.raises(ProgramError, match="knows no batch size: let it read a variable that has a batch axis"):
        Program((Variable("V", (3,)),), (Op("V", lambda: jnp.ones(3)),))


@pytest.mark.parametrize("plan", PLANS)
def test_complex_products_read_the_length_of_a_step(plan, key):
    variables = (
        Variable("O", (3, 2), role="input"), Variable("w", (2, 3), role="parameter", init="xavier_normal"),
        Variable("delay", (2, 3), role="parameter", init=1.2), Variable("y", (2,)),
    )  # fmt: skip
    beta = np.full(2, np.exp(0.3j), np.complex64)

    def real_part(spikes, w, delay, dt):
        return ops.mat_mult_weight_complex(jax.lax.complex(spikes, spikes / 4), w, beta, delay, dt).real

    sim = sj.build(Program(variables, (("y", real_part, "O", "w", "delay", "[dt]"),), dt=0.5), plan=plan)
    o = np.random.default_rng(0).random((5, 1, 3, 2)).astype(np.float32)
    before = sim.init(key)
    result = sim.run(before, {"O": o})
    exponent = 0.25 * o[-1, 0].T + (np.ceil(2.4) - 2.4)
    expected = (1j * o[-1, 0].T * np.exp(0.3j * exponent) * np.asarray(before["w"], float)).sum(1).real
    np.testing.assert_allclose(result.variables["y"][0], expected, rtol=1e-4, atol=1e-6)


def test_dependencies_name_the_rows_of_this_step_and_of_the_previous():
    variables = (Variable("x", (3,), role="input"), Variable("V", (3,)), Variable("O", (3,)), Variable("th", role="constant"))
    rows = (
        ("I", "relu", "x"),
        ("I", "minus", "x", "O"),
        ("V", "add", "V", "I"),
        ("O", "threshold", "V[updated]", "th"),
        ((), lambda o: None, "O[updated]"),
    )
    assert Program(variables, rows).dependencies() == {
        1: Needs((), ()), 2: Needs((), (4,)), 3: Needs((1, 2), (3,)), 4: Needs((3,), ()), 5: Needs((4,), ()),
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name in RECORDS if not name.startswith(("init_", "to_numpy"))])
def test_every_op_can_be_named_in_a_row(name):
    """What SPAIC was called with: arrays are read, what is no array is a setting, and a row gives what SPAIC gave."""
    op = name.partition("#")[0]
    if op == "sparse_mat_mult_weight":  # SPAIC was given a sparse tensor
        dense, x = GOLDEN[f"{name}/in0"], GOLDEN[f"{name}/in1"]
        where = np.nonzero(dense)
        given = [np.stack(where).astype(np.int32), dense[where], x, dense.shape]
    else:
        given = golden_arguments(name)
    parameters = list(inspect.signature(ops.REGISTRY[op]).parameters)[takes_key(op) :]
    if op in ("cat", "stack", "reduce_sum_update"):  # the members of a list are read one by one
        members = [m[:, 0] if op == "stack" and m.ndim > given[0][0].ndim else m for m in given[0]]
        parameters, given = [*(f"member {n}" for n in range(len(members))), "dim"], [*members, *given[1:]]
    if op == "reduce_sum":
        given = [given[0], given[1:]]
    if op == "index_select":
        given[1] = given[1].astype(np.int32)
    named = dict(zip(parameters, given, strict=False))
    arrays = {n: x for n, x in named.items() if isinstance(x, np.ndarray)}
    settings = {n: tuple(x) if isinstance(x, list) else x for n, x in named.items() if n not in arrays}
    variables = tuple(Variable(n, x.shape, x.dtype.name, "constant", init=x) for n, x in arrays.items())
    if "delay" in arrays:
        settings["dt"] = 0.1
    row = Op("result", op, tuple(arrays), settings=settings)
    assert row.random == (op == "dropout")
    expected = GOLDEN[f"{name}/out"]
    found = Program(variables, (row,)).struct("result", 1)
    assert (found.shape, found.dtype.kind) == (expected.shape, expected.dtype.kind)
