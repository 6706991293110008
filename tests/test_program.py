"""Programs: by hand, printed, compared, and refused with a sentence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable
from spaic_jax.program import Constant, ProgramError, Sum


def leaky(**changes):
    """A leaky sum written by hand: V = decay * V + I, with I = x."""
    rows = {
        "variables": (
            Variable("x", (3,), role="input"),
            Variable("V", (3,)),
            Variable("decay", role="constant", init=Constant(0.5)),
        ),
        "ops": (Op("I", "assign", ("x",)), Op("V", "var_linear", ("decay", "V", "I"))),
        "records": (Record("total", "V", "output", reduce=Sum()), Record("trace", "V")),
        "dt": 1.0,
    }
    return Program(**{**rows, **changes})


@pytest.mark.parametrize("reference", [True, False])
def test_a_program_written_by_hand_runs(reference, key):
    sim = sj.build(leaky(), plan=sj.Reference() if reference else sj.Tiled())
    x = np.arange(12, dtype=np.float32).reshape(4, 1, 3)
    result = sim.run(sim.init(key), {"x": x})
    v, trace = np.zeros((1, 3)), []
    for row in x:
        v = 0.5 * v + row
        trace.append(v)
    np.testing.assert_array_equal(result.probes["trace"], np.stack(trace))
    np.testing.assert_array_equal(result.outputs["total"], np.stack(trace).sum(0))


@pytest.mark.parametrize("reference", [True, False])
def test_several_writers_are_summed_and_reads_mean_what_they_say(reference, key):
    drive, update = leaky().ops
    program = leaky(
        variables=(*leaky().variables, Variable("lag", (3,)), Variable("now", (3,))),
        ops=(drive, drive, update, Op("lag", "assign", ("V",)), Op("now", "assign", ("V[updated]",))),
        records=tuple(Record(name, name) for name in ("V", "lag", "now")),
    )
    sim = sj.build(program, plan=sj.Reference()) if reference else sj.build(program, plan=sj.Tiled(2))
    probes = sim.run(sim.init(key), {"x": np.ones((5, 1, 3), np.float32)}).probes
    v = 2 * (2 - 0.5 ** np.arange(5))
    np.testing.assert_allclose(probes["V"][:, 0, 0], v, rtol=1e-6)
    np.testing.assert_allclose(probes["now"], probes["V"])
    np.testing.assert_allclose(probes["lag"][1:], probes["V"][:-1])
    np.testing.assert_array_equal(probes["lag"][0], 0)


def test_programs_are_values():
    assert leaky() == leaky() and hash(leaky()) == hash(leaky())
    assert leaky() != leaky(dt=0.5)
    assert "V = var_linear(decay, V, I)" in str(leaky())


def test_equal_networks_give_equal_programs_whatever_their_time_constants():
    def network(tau):
        net = sj.Network()
        net.x = sj.Encoder(num=2)
        net.g = sj.NeuronGroup(2, model="lif", tau_m=tau)
        net.w = sj.Connection(net.x, net.g)
        return sj.build(net, dt=1.0).program

    assert network(5.0).ops == network(9.0).ops
    assert network(5.0) == network(5.0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ops": ()}, "the program is empty"),
        ({"ops": (Op("V", "var_linear", ("decay", "V", "J")),)}, "unknown variable 'J'"),
        ({"ops": (Op("V", "var_liner", ("decay", "V", "x")),)}, "unknown op 'var_liner': did you mean 'var_linear'"),
        ({"ops": (Op("V", "var_linear", ("decay", "V")),)}, "row 1, op 'V'"),
        ({"ops": (Op("V", "assign", ("decay",)),)}, "writes 'V' as float32[], but the variable is float32[B,3]"),
        ({"ops": (Op("V", "assign", ("V[updated]",)),)}, "is part of a cycle within one step (row 1 needs row 1)"),
        ({"ops": (Op("V", "assign", ("I",)), Op("I", "assign", ("x",)))}, "which row 2 writes only later"),
        ({"ops": (Op("decay", "assign", ("x",)),)}, "writes 'decay', a constant"),
        ({"ops": (Op(("V", "W"), "assign", ("x",)),)}, "returns 1 values for 2 outputs"),
        ({"dt": 0.0}, "dt must be a positive number"),
        ({"dt": float("nan")}, "dt must be a positive number"),
        ({"records": (Record("r", "W"),)}, "record 'r': unknown variable 'W'"),
        ({"variables": (*leaky().variables, Variable("V", (3,)))}, "two variables have the name 'V'"),
    ],
)
def test_a_program_that_cannot_run_is_refused(changes, sentence):
    with pytest.raises(ProgramError) as error:
        leaky(**changes)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Op((), "assign"), "neither inputs nor outputs"),
        (lambda: Op("V", 3, ("x",)), "must be a name or a hashable function"),
        (lambda: Variable("", (1,)), "needs a name"),
        (lambda: Variable("V", (0,)), "positive whole numbers"),
        (lambda: Variable("V", role="weight"), "role must be one of"),
        (lambda: Variable("V", dtype="float33"), "not the name of a dtype"),
    ],
)
def test_a_row_or_variable_that_means_nothing_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_declaring_lowering_and_building_make_no_arrays(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("an array was made")

    monkeypatch.setattr(jax, "device_put", forbidden)
    before = len(jax.live_arrays())
    net = sj.Network()
    net.x = sj.Encoder(num=2)
    net.g = sj.NeuronGroup(2)
    net.w = sj.Connection(net.x, net.g)
    sj.build(net)
    assert len(jax.live_arrays()) == before


def test_a_custom_pure_function_is_an_op(key):
    def rectify(x):
        return jnp.maximum(x, 0.0)

    sim = sj.build(leaky(ops=(Op("I", rectify, ("x",)), Op("V", "var_linear", ("decay", "V", "I")))))
    x = np.full((1, 1, 3), -1.0, np.float32)
    np.testing.assert_array_equal(sim.run(sim.init(key), {"x": x}).probes["trace"], 0)
