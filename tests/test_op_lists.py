"""Op lists by hand: tuples as rows, ops of one's own, several outputs, and neuron models written as rows."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable, ops
from spaic_jax.neurons import custom_model, rows_model
from spaic_jax.program import Constant, ProgramError, Sum

VARIABLES = (Variable("x", (3,), role="input"), Variable("V", (3,)), Variable("decay", role="constant", init=Constant(0.5)))


@pytest.fixture
def registered():
    """Registers ops for one test."""
    before = set(ops.REGISTRY)
    yield ops.register
    for name in set(ops.REGISTRY) - before:
        del ops.REGISTRY[name]


def split(x):
    return jnp.maximum(x, 0.0), jnp.minimum(x, 0.0)


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(3)])
def test_rows_as_tuples_with_several_outputs_and_registered_ops(plan, registered, key):
    registered("halve", lambda x: x * 0.5)
    program = Program(
        VARIABLES,
        ((["up", "down"], split, "x"), ("I", "halve", ["up"]), ("I", "assign", "down"), ("V", "var_linear", "decay", "V", "I")),
        (Record("V", "V"), Record("sum", "I", "output", reduce=Sum())),
        1.0,
    )
    assert program.ops[0] == Op(("up", "down"), split, ("x",))
    x = np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32)
    sim = sj.build(program, plan=plan)
    result = sim.run(sim.init(key, 2), {"x": x})
    current = np.maximum(x, 0) / 2 + np.minimum(x, 0)
    v, trace = np.zeros((2, 3)), []
    for row in current:
        v = 0.5 * v + row
        trace.append(v)
    np.testing.assert_allclose(result.probes["V"], trace, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result.outputs["sum"], current.sum(0), rtol=1e-5, atol=1e-6)


def test_a_taken_or_bad_name_is_refused(registered):
    with pytest.raises(ValueError, match="there is an op named 'add' already"):
        registered("add", split)
    with pytest.raises(ValueError, match="lower-case identifier"):
        registered("Add", split)
    with pytest.raises(TypeError, match="needs a function"):
        registered("mine", 3)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((("V",),), "is an Op or a tuple"),
        ((["V", "assign", "x"],), "is an Op or a tuple"),
        ((("V", "assign", 3),), "holds other values"),
        (((3, "assign", "x"),), "holds other values"),
        ((("V", "assign", "x", "x"),), r"row 1, op 'V' \(V = assign\(x, x\)\) cannot take x float32\[B,3\], x float32\[B,3\]"),
        ((("V", "mat_mult", "x", "x"),), r"row 1, op 'V' .*float32\[B,3\]"),
        (
            (("a", "assign", "b"), ("b", "assign", "c"), ("c", "assign", "a")),
            r"row 1, op 'a' .*cycle within one step \(row 1 needs row 2 needs row 3 needs row 1\)",
        ),
        ((("V", "assign", "I"), ("I", "assign", "x")), "row 1, op 'V' .*which row 2 writes only later"),
    ],
)
def test_a_bad_row_is_refused_by_name(rows, sentence):
    with pytest.raises(ProgramError, match=sentence):
        Program(VARIABLES, rows, (), 1.0)


def network(model):
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.a = sj.NeuronGroup(5, model=model)
    net.b = sj.NeuronGroup(3, model=model)
    net.xa = sj.Connection(net.x, net.a, w_mean=0.4, w_std=0.5)
    net.ab = sj.Connection(net.a, net.b, w_mean=0.4, w_std=0.5)
    net.aa = sj.Connection(net.a, net.a, w_std=0.2)
    net.out = sj.Decoder(dec_target=net.b, coding_method="spike_counts")
    net.v = sj.StateMonitor(net.a, "V")
    return net


#: LIF as rows of ops; the potential of the step is a temporary.
LIF_ROWS = rows_model(
    [
        ("v", "var_linear", "tau_m", "V", "Isyn[updated]"),
        ("x", "minus", "v", "Vth"),
        ("O", sj.surrogate.AtanGrad(), "x"),
        ("V", lambda v, o: v * (1 - jax.lax.stop_gradient(o)), "v", "O[updated]"),
    ],
    {"V": 0.0, "tau_m": 8.0, "Vth[constant]": 1.0},
    "exp_euler_iterative",
    add_threshold=False,
)


def test_rows_equal_the_model_as_a_step(key):
    x = np.random.default_rng(1).random((23, 2, 4)).astype(np.float32)
    grads, traces = [], []
    for model, plan in ((LIF_ROWS, sj.Tiled(5)), (LIF_ROWS, sj.Reference()), ("lif", sj.Tiled(5))):
        sim = sj.build(network(model), dt=1.0, plan=plan)
        variables = sim.init(key, 2)

        def loss(params, sim=sim, variables=variables):
            result = sim.run(variables.with_params(params), {"x": x})
            return result.outputs["out"].sum() + (result.probes["v"] ** 2).sum(), result

        (_, result), grad = jax.jit(jax.value_and_grad(loss, has_aux=True))(variables.params)
        grads.append(grad)
        traces.append((result.probes["v"], result.outputs["out"]))
    for other in (1, 2):
        for a, b in zip(traces[0], traces[other], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
        for name in grads[0]:
            np.testing.assert_allclose(grads[0][name], grads[other][name], rtol=1e-4, atol=1e-4)
    assert float(traces[0][1].sum()) > 0


@pytest.mark.parametrize("kind", ["iterative", "euler_iterative", "exp_euler_iterative"])
def test_custom_models_in_their_three_forms(kind, key):
    dt, tau = 0.5, 6.0

    @custom_model(["V", "Isyn[updated]", "tau_m", "O"], ["V"], {"V": 0.2, "tau_m": tau, "Vth": 0.6, "O": 0.0}, kind)
    def leaky(v, current, rate, spikes):
        return v * (1 - spikes) + rate * current

    sim = sj.build(network(leaky), dt=dt, plan=sj.Tiled(4))
    x = np.random.default_rng(2).random((9, 2, 4)).astype(np.float32)
    variables = sim.init(key, 2)
    result = sim.run(variables, {"x": x})
    rate = {"iterative": tau, "euler_iterative": dt / tau, "exp_euler_iterative": np.exp(-dt / tau)}[kind]
    w, r = (np.asarray(variables[f"{name}.weight"], np.float64) for name in ("xa", "aa"))
    v, o, trace = np.full((2, 5), 0.2), np.zeros((2, 5)), []
    for row in x:
        v = v * (1 - o) + rate * (row @ w.T + o @ r.T)
        o = (v > 0.6).astype(float)
        trace.append(v)
    np.testing.assert_allclose(result.probes["v"], trace, rtol=1e-4, atol=1e-5)
    again = sj.build(network(leaky), dt=dt, plan=sj.Tiled(4))
    assert again.program == sim.program


@pytest.mark.parametrize(
    ("rows", "variables", "settings", "sentence"),
    [
        ([("V", "add", "V", "I")], {"V": 0.0, "Vth": 1.0}, {}, "row 1 of the neuron model .*unknown variable 'I'"),
        ([("W", "add", "V", "Isyn")], {"V": 0.0, "Vth": 1.0}, {}, "needs a state"),
        ([("V", "add", "V", "Isyn")], {"V": 0.0}, {}, "needs a state V and a parameter Vth"),
        ([("V", "add", "V", "Isyn")], {"V": 0.0, "Vth": float("nan")}, {}, "Vth must be a finite number or an array"),
        ([("V", "add", "V", "Isyn")], {"V": 0.0, "Vth": 1.0}, {"equation_type": "euler"}, "unknown equation type 'euler'"),
        ([("Isyn", "add", "V", "V"), ("V", "add", "V", "Isyn")], {"V": 0.0, "Vth": 1.0}, {}, "writes Isyn, which is an input"),
        ([("O", "threshold", "V", "Vth"), ("V", "add", "V", "Isyn")], {"V": 0.0, "Vth": 1.0}, {}, "writes O already"),
        ([Op("V", "dropout", ("V", "p"), random=True)], {"V": 0.0, "p": 0.5, "Vth": 1.0}, {}, "is random"),
    ],
)
def test_a_model_of_rows_that_means_nothing_is_refused(rows, variables, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        rows_model(rows, variables, **settings)


def threshold_rows(fn, surrogate="stca", **variables):
    """A LIF neuron whose threshold is a row of its own."""
    rows = [
        ("v", "var_linear", "tau_m", "V", "Isyn[updated]"),
        ("O", fn, "v", "Vth"),
        ("V", "reset", "v", "O[updated]"),
    ]
    values = {"V": 0.0, "tau_m": 8.0, "Vth": 1.0, **variables}
    return rows_model(rows, values, "exp_euler_iterative", add_threshold=False, surrogate=surrogate)


def weight_gradients(model, key, plan=None):
    sim = sj.build(network(model), dt=1.0, plan=plan or sj.Tiled(5))
    variables = sim.init(key, 2)
    x = np.random.default_rng(1).random((23, 2, 4)).astype(np.float32)

    def loss(params):
        return sim.run(variables.with_params(params), {"x": x}).outputs["out"].sum()

    return jax.jit(jax.value_and_grad(loss))(variables.params)


@pytest.mark.parametrize(
    ("fn", "surrogate", "plan"),
    [("threshold", "stca", sj.Tiled(5)), (ops.threshold, "superspike", sj.Tiled(5)), ("threshold", "atan", sj.Reference())],
)
def test_a_threshold_row_takes_the_surrogate_of_the_model(fn, surrogate, plan, key):
    spikes, gradients = weight_gradients(threshold_rows(fn, surrogate), key, plan)
    expected, same = weight_gradients(sj.neurons.LIF(surrogate=surrogate), key, plan)
    assert spikes == expected > 0
    for name, gradient in same.items():
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(gradients[name], gradient, rtol=1e-4, atol=1e-5)


def test_another_surrogate_of_a_finished_model_reaches_its_rows(key):
    model = dataclasses.replace(threshold_rows("threshold"), surrogate="atan")
    for name, gradient in weight_gradients(sj.neurons.LIF(surrogate="atan"), key)[1].items():
        np.testing.assert_allclose(weight_gradients(model, key)[1][name], gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("own", ["rows", "function"])
def test_isyn_among_the_variables_is_the_input(own, key):
    """As in SPAIC's example of an assembly."""

    def made(variables):
        if own == "rows":
            return rows_model([("V", "var_linear", "tau_m", "V", "Isyn[updated]")], variables, "exp_euler_iterative")
        decorator = custom_model(["tau_m", "V", "Isyn[updated]"], ["V"], variables, "exp_euler_iterative")
        return decorator(ops.var_linear)

    plain = {"V": 0.0, "tau_m": 8.0, "Vth": 1.0}
    model = made({"Isyn": 0.0, **plain})
    assert model.parameters().keys() == {"tau_m", "Vth"}
    spikes, gradients = weight_gradients(model, key)
    expected, same = weight_gradients(made(plain), key)
    assert spikes == expected > 0
    for name, gradient in same.items():
        np.testing.assert_array_equal(gradients[name], gradient)
    with pytest.raises(ValueError, match=r"neuron model: Isyn is an input, which begins at 0, not at 0\.5"):
        made({"Isyn": 0.5, **plain})
