"""Every plan gives what the reference plan gives; a second call compiles nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import Phase, given, settings
from networks import cases

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable
from spaic_jax.plan import Tiled
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stages import find_stages
from spaic_jax.program import Constant, Given

# Shrinking would compile hundreds of networks; the failing one is printed as it was drawn.
settings.register_profile("networks", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("networks")

REMATS = [None, "step", sj.Chunk(7), sj.Auto(budget=2000)]


def run_and_gradient(case, key, **plan):
    """A scalar of everything that was recorded, its gradient, and the result."""
    sim = sj.build(case.net, dt=1.0, propagation=case.propagation, **plan)
    variables = sim.init(jax.random.key(0), case.batch)

    def scalar(params):
        result = sim.run(variables.with_params(params), case.data, key, case.steps)
        kept = [*result.outputs.values(), *result.probes.values()]
        return sum((jnp.tanh(value * 0.1) ** 2).mean() for value in kept), result

    (_, result), gradient = jax.jit(jax.value_and_grad(scalar, has_aux=True))(variables.params)
    return result, gradient


def assert_same(case, remats, exact):
    """The tiled plan with each of `remats` is the reference; states and spikes to the bit where sums are `exact`."""
    key = jax.random.key(3)
    expected, slopes = run_and_gradient(case, key, plan=sj.Reference())
    for remat in remats:
        got, got_slopes = run_and_gradient(case, key, plan=sj.Tiled(case.tile, remat))
        compare(got, got_slopes, expected, slopes, exact, f"remat={remat}")


def compare(got, got_slopes, expected, slopes, exact, where):
    for name, value in (expected.outputs | expected.probes | expected.variables.state).items():
        other = (got.outputs | got.probes | got.variables.state)[name]
        if exact and (name in expected.variables.state or name[0] == "v"):
            np.testing.assert_array_equal(other, value, err_msg=f"{name}, {where}")
        elif exact and "rate" not in name:
            np.testing.assert_allclose(other, value, rtol=1e-6, atol=0, err_msg=f"{name}, {where}")
        else:
            scale = max(float(np.abs(value).max()), 1.0)
            np.testing.assert_allclose(other, value, rtol=1e-5, atol=1e-5 * scale, err_msg=f"{name}, {where}")
    scale = max((float(np.abs(slope).max()) for slope in slopes.values()), default=0.0)
    for name, slope in slopes.items():
        np.testing.assert_allclose(got_slopes[name], slope, rtol=1e-4, atol=1e-4 * scale, err_msg=f"{name}, {where}")


@settings(max_examples=2, derandomize=True)
@given(case=cases(exact=True))
def test_random_networks_with_exact_numbers_agree_to_the_bit(case):
    assert_same(case, [None, sj.Chunk(7)], exact=True)


@pytest.mark.slow
@settings(max_examples=25)
@given(case=cases(exact=True))
def test_many_random_networks_agree_to_the_bit(case):
    assert_same(case, REMATS, exact=True)


@settings(max_examples=2, derandomize=True)
@given(case=cases(exact=False))
def test_random_networks_of_every_model_agree(case):
    assert_same(case, [None], exact=False)


def layered(recurrent, coding_method="null", **parameters):
    net = sj.Network()
    net.x = sj.Encoder(num=6, coding_method=coding_method)
    net.a = sj.NeuronGroup(5, model="lif", **parameters)
    net.b = sj.NeuronGroup(3, model="lif", **parameters)
    net.xa = sj.Connection(net.x, net.a, w_mean=0.2, w_std=0.3)
    net.ab = sj.Connection(net.a, net.b, w_mean=0.2, w_std=0.3)
    if recurrent:
        net.aa = sj.Connection(net.a, net.a, w_std=0.3)
    net.out = sj.Decoder(dec_target=net.b)
    return net


def kinds(sim, held=frozenset()):
    varying = frozenset(v.name for v in sim.program.of_role("input")) - held
    return [(type(stage).__name__.lower(), [op.name for op in stage.ops]) for stage in find_stages(sim.program, varying)]


def test_only_what_loops_is_in_a_loop():
    assert kinds(sj.build(layered(recurrent=False), dt=1.0)) == [
        ("once", ["a.coefficients", "b.coefficients"]),
        ("map", ["x.O", "xa"]),
        ("scan", ["a"]),
        ("map", ["ab"]),
        ("scan", ["b"]),
    ]
    assert ("scan", ["aa", "a"]) in kinds(sj.build(layered(recurrent=True), dt=1.0))


def test_a_held_input_is_multiplied_once_a_run():
    sim = sj.build(layered(False, coding_method="constant_current"), dt=1.0)
    assert kinds(sim, frozenset({"x"}))[0] == ("once", ["x.O", "a.coefficients", "xa", "b.coefficients"])


def test_light_rows_between_loops_join_them():
    """A neuron written as rows (two traces, their difference, a threshold on it) is one loop, not three."""
    program = Program(
        variables=(
            Variable("x", (3,), role="input"),
            *(Variable(name, (3,)) for name in ("M", "S", "E", "O")),
            Variable("m", role="constant", init=Constant(0.9)),
            Variable("s", role="constant", init=Constant(0.5)),
            Variable("one", role="constant", init=Constant(1.0)),
        ),
        ops=(
            Op("M", "var_linear", ("m", "M", "x")),
            Op("S", "var_linear", ("s", "S", "x")),
            Op("psp", "minus", ("M[updated]", "S[updated]")),
            Op("V", "minus", ("psp", "E")),
            Op("O", "threshold", ("V", "one")),
            Op("E", "var_linear", ("m", "E", "O[updated]")),
        ),
        records=(Record("V", "V"),),
        dt=1.0,
    )
    assert [type(stage) for stage in find_stages(program, frozenset({"x"}))] == [Scan]
    x = np.random.default_rng(0).random((9, 2, 3)).astype(np.float32)
    results = [
        sim.run(sim.init(jax.random.key(0), 2), {"x": x}).probes["V"]
        for sim in (sj.build(program, plan=sj.Reference()), sj.build(program, plan=sj.Tiled(4)))
    ]
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


@pytest.mark.parametrize("remat", REMATS, ids=str)
def test_a_weight_that_two_rows_share_gets_both_gradients(remat, key):
    weight = np.array([[0.5, 0.25], [-0.25, 0.5]], np.float32)
    program = Program(
        variables=(
            Variable("x", (2,), role="input"),
            Variable("W", (2, 2), role="parameter", init=Given(weight)),
            Variable("a", (2,)),
            Variable("b", (2,)),
        ),
        ops=(
            Op("I", "mat_mult_weight", ("x", "W")),
            Op("I", "mat_mult_weight", ("a", "W"), name="loop"),
            Op("a", "relu", ("I",)),
            Op("b", "mat_mult_weight", ("a[updated]", "W")),
        ),
        records=(Record("b", "b"),),
        dt=1.0,
    )
    x = np.random.default_rng(0).random((11, 3, 2)).astype(np.float32)

    def slope(sim):
        variables = sim.init(key, 3)
        return jax.jit(jax.grad(lambda p: (sim.run(variables.with_params(p), {"x": x}).probes["b"] ** 2).sum()))(variables.params)

    np.testing.assert_allclose(
        slope(sj.build(program, plan=sj.Tiled(4, remat)))["W"], slope(sj.build(program, plan=sj.Reference()))["W"], rtol=1e-5
    )


def test_forward_and_reverse_mode_agree_in_a_loop_with_weights(key):
    sim = sj.build(layered(recurrent=True, coding_method="constant_current"), dt=1.0, plan=sj.Tiled(4))
    variables = sim.init(key, 2)

    def f(params):
        return (sim.run(variables.with_params(params), {"x": np.ones((2, 6))}, steps=10).variables.state["a.V"] ** 2).sum()

    direction = jax.tree.map(jnp.ones_like, variables.params)
    _, along = jax.jvp(f, (variables.params,), (direction,))
    gradient = jax.grad(f)(variables.params)
    np.testing.assert_allclose(along, sum(g.sum() for g in jax.tree.leaves(gradient)), rtol=1e-4)


def test_the_plan_prints_what_loops_and_why():
    text = str(sj.build(layered(recurrent=True), dt=1.0, plan=sj.Tiled(5)).describe())
    assert "tile 5" in text
    assert "loops: each step needs the previous a.V, a.O" in text
    assert "bytes" in text


@pytest.fixture
def compilations(monkeypatch):
    """Counts how often a simulator's run is traced and compiled."""
    count = []
    run = Tiled.run
    monkeypatch.setattr(Tiled, "run", lambda self, *a, **k: count.append(1) or run(self, *a, **k))
    return count


def test_a_second_run_compiles_nothing(compilations, key):
    sim = sj.build(layered(recurrent=True), dt=1.0, plan=sj.Tiled(7))
    variables = sim.init(key, 2)
    x = np.ones((13, 2, 6), np.float32)
    sim.run(variables, {"x": x})
    assert len(compilations) == 1
    changed = variables.with_params(jax.tree.map(lambda w: w * 2, variables.params))
    sim.run(changed, {"x": x * 0})
    again = sj.build(layered(recurrent=True), dt=1.0, plan=sj.Tiled(7))
    again.run(again.init(jax.random.key(4), 2), {"x": x})
    assert len(compilations) == 1
    sim.run(variables, {"x": x[:5]})
    assert len(compilations) == 2


def test_another_time_constant_compiles_nothing(compilations, key):
    first, second = (sj.build(layered(recurrent=False, tau_m=tau), dt=1.0, plan=sj.Tiled(3)) for tau in (5.0, 9.0))
    x = np.ones((4, 1, 6), np.float32)
    first.run(first.init(key), {"x": x})
    expected = first.run(second.init(key), {"x": x})
    got = second.run(second.init(key), {"x": x})
    assert len(compilations) == 1
    np.testing.assert_array_equal(got.outputs["out"], expected.outputs["out"])
    assert first.program != second.program


def test_a_training_step_compiles_once(key):
    sim = sj.build(layered(recurrent=True), dt=1.0)
    variables = sim.init(key, 2)
    optimizer = optax.inject_hyperparams(optax.sgd)(learning_rate=0.1)
    traces = []

    @jax.jit
    def step(params, state, x):
        traces.append(1)
        slope = jax.grad(lambda p: sim.run(variables.with_params(p), {"x": x}).outputs["out"].sum())(params)
        updates, state = optimizer.update(slope, state)
        return optax.apply_updates(params, updates), state

    with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
        params, state = variables.params, optimizer.init(variables.params)
        for rate in (0.1, 0.01):
            state.hyperparams["learning_rate"] = jnp.float32(rate)
            params, state = step(params, state, jnp.ones((6, 2, 6)))
    assert len(traces) == 1


def test_auto_keeps_the_backward_pass_within_its_budget(key):
    steps = 400
    net = sj.Network()
    net.x = sj.Encoder(num=6, coding_method="null")
    net.a = sj.NeuronGroup(64, model="lif")
    net.xa = sj.Connection(net.x, net.a)
    net.aa = sj.Connection(net.a, net.a)
    net.out = sj.Decoder(dec_target=net.a)

    def temporary_bytes(remat):
        sim = sj.build(net, dt=1.0, plan=sj.Tiled(10, remat))
        variables = sim.init(key, 8)

        def loss(params):
            return sim.run(variables.with_params(params), {"x": jnp.ones((steps, 8, 6))}).outputs["out"].sum()

        return jax.jit(jax.grad(loss)).lower(variables.params).compile().memory_analysis().temp_size_in_bytes

    assert temporary_bytes(sj.Auto(budget=50_000)) < temporary_bytes(None) / 3
