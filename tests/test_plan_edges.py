"""What two stages write together, products that share weights, held inputs, prepared steps: where a plan could lose a part."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.program import Constant, Max, Mean, Normal, Op, Program, Record, Steps, Sum, Variable

TILED = [sj.Tiled(), sj.Tiled(3), sj.Tiled(4, remat="step")]
X = np.random.default_rng(0).normal(size=(9, 2, 3)).astype(np.float32)


def program(variables, ops, records, **fields):
    return Program(tuple(variables), tuple(ops), tuple(records), 1.0, **fields)


def state_and_half(v, x):
    return 0.5 * v + x, 10.0 * x


def halved(v):
    return v / 2


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("plan", TILED)
def test_a_name_that_a_loop_and_a_later_stage_write_is_their_sum(plan, declared, key):
    """Records and the last state hold the sum, though no row reads it."""
    made = program(
        [Variable("x", (3,), role="input"), Variable("V", (3,)), *([Variable("out", (3,))] if declared else [])],
        [Op(("V", "out"), state_and_half, ("V", "x")), Op("out", halved, "V[updated]")],
        [Record("every", "out"), Record("sum", "out", reduce=Sum()), Record("some", "out", steps=Steps(every=2))],
    )
    reference, tiled = (sj.build(made, plan=p) for p in (sj.Reference(), plan))
    expected, got = (sim.run(sim.init(key, 2), {"x": X}) for sim in (reference, tiled))
    for name, value in (expected.probes | expected.variables.state).items():
        np.testing.assert_allclose((got.probes | got.variables.state)[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


def drawn_product(key, v, w):
    return (v @ w.T) * jax.random.bernoulli(key, 0.5, (v.shape[0], w.shape[0])).astype(v.dtype)


def product(v, w):
    return v @ w.T


def two_products(v, w, u):
    return (v @ w.T) @ u.T


def settle(v, x, *currents):
    return jnp.tanh(0.5 * v + x + sum(currents))


def scaled(v, u):
    return v * u[0, 0]


def held_product(v, h, w):
    return (v * h) @ w.T


CASES = {
    "a random product beside it": [
        Op("i", drawn_product, ("V", "w"), random=True), Op("j", product, ("V", "w")), Op("V", settle, ("V", "x", "i", "j")),
    ],
    "a weight that a light row reads": [
        Op("i", two_products, ("V", "w", "u")), Op("j", product, ("V", "w")), Op("k", scaled, ("V", "u")),
        Op("V", settle, ("V", "x", "i", "j", "k")),
    ],
    "a held input among the weights": [
        Op("i", held_product, ("V", "h", "w")), Op("V", settle, ("V", "x", "i", "h")),
    ],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("plan", TILED)
def test_no_gradient_of_a_product_in_a_loop_is_lost(plan, case, key):
    made = program(
        [
            Variable("x", (3,), role="input"), Variable("h", (3,), role="input", axes="held"), Variable("V", (3,)),
            *(Variable(name, (3, 3), role="parameter", init=Normal(0.0, 0.5)) for name in "wu"),
        ],
        CASES[case], [Record("V", "V")],
    )
    held = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)

    def slopes(plan):
        sim = sj.build(made, plan=plan)
        variables = sim.init(jax.random.key(3), 2)

        def loss(params, held):
            return (sim.run(variables.with_params(params), {"x": X, "h": held}, key).probes["V"] ** 2).sum()

        return jax.jit(jax.grad(loss, argnums=(0, 1)))(variables.params, held)

    for expected, got in zip(jax.tree.leaves(slopes(sj.Reference())), jax.tree.leaves(slopes(plan)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def doubled(w):
    return 2.0 * w


def test_a_prepared_step_is_the_step(key):
    """With a state that follows from constants, and a weight that is halved before each presentation."""

    def spread(v, w2):
        return jnp.zeros_like(v) + w2[None]

    made = program(
        [
            Variable("w", (2,), role="plastic", init=Constant(8.0)), Variable("c", (2,), role="constant", init=Constant(3.0)),
            Variable("held", (2,), batched=False), Variable("V", (2,)),
        ],
        [Op("w2", doubled, "w"), Op("held", doubled, "c"), Op("V", spread, ("V", "w2")), Op("kept", doubled, "held[updated]")],
        [Record("V", "V"), Record("kept", "kept")],
        begin_ops=(Op("w", halved, "w", when="learning"),),
    )
    sim = sj.build(made).train()
    plain = sim.init(key)
    prepared = sim.prepare(plain)
    for _ in range(5):
        plain, seen = sim.step(plain, steps=2)
        prepared, again = sim.step(prepared, steps=2)
        for name, value in seen.items():
            np.testing.assert_array_equal(again[name], value)
        for name, value in plain.values.items():
            np.testing.assert_array_equal(prepared.variables[name], value)
    assert float(plain["w"][0]) == 1.0 and float(plain["held"][0]) == 6.0
    with pytest.raises(ValueError, match="in its other mode"):
        sj.build(made).step(prepared, steps=2)
    with pytest.raises(TypeError, match="Variables are needed"):
        sim.run(prepared, steps=2)


def test_pieces_end_with_their_presentation(key):
    made = program([Variable("n", (1,))], [Op("one", jnp.ones_like, "n"), Op("n", "add", ("n", "one"))], [Record("n", "n")])
    sim = sj.build(made)
    variables = sim.run(sim.init(key), steps=3).variables
    assert int(variables.position) == 0
    piece = sim.run(variables, steps=4, presentation=6).variables
    assert int(piece.position) == 4
    with pytest.raises(ValueError, match="4 steps do not fit: 4 of the 6 steps of the presentation are done already"):
        sim.run(piece, steps=4, presentation=6)
    assert int(sim.run(piece, steps=2, presentation=6).variables.position) == 0


def test_rows_of_the_beginning_that_are_not_there_have_no_gradient(key):
    made = program(
        [Variable("w", (), batched=False, init=Constant(6.0)), Variable("p", (), role="parameter", init=Constant(1.0))],
        [Op("w", "var_mult", ("w", "p"))], [Record("w", "w")], begin_ops=(Op("w", lambda w: jnp.sqrt(w - 5.0), "w"),),
    )
    sim = sj.build(made)

    def loss(params):
        variables = sim.init(key).with_params(params)
        for _ in range(2):
            variables, _ = sim.step(variables, steps=2)
        return variables["w"]

    assert np.isfinite(jax.grad(loss)({"p": jnp.float32(1.0)})["p"])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float32"])
@pytest.mark.parametrize("plan", [sj.Reference(), *TILED])
def test_reductions_of_any_type(dtype, plan, key):
    values = np.random.default_rng(2).integers(0, 2, (9, 2, 3)).astype(dtype)
    made = program(
        [Variable("x", (3,), dtype, role="input"), Variable("y", (3,), dtype)], [Op("y", "assign", "x")],
        [Record("sum", "y", reduce=Sum()), Record("max", "y", reduce=Max()), Record("mean", "y", reduce=Mean())],
    )
    probes = sj.build(made, plan=plan)
    probes = probes.run(probes.init(key, 2), {"x": values}).probes
    np.testing.assert_array_equal(probes["sum"], values.astype(int).sum(0))
    np.testing.assert_array_equal(probes["max"], values.max(0))
    np.testing.assert_allclose(probes["mean"], values.astype(float).mean(0), rtol=1e-6)


def test_a_record_of_what_is_written_in_one_mode_is_kept_in_it(key):
    made = program(
        [Variable("w", (2,), role="plastic")],
        [
            Op("w.change", jnp.ones_like, "w", when="learning"), Op("seen", "assign", "w"),
            Op("w", "add", ("w", "w.change"), when="learning"),
        ],
        [Record("change", "w.change"), Record("w", "seen")],
    )
    sim = sj.build(made)
    assert set(sim.run(sim.init(key), steps=2).probes) == {"w"}
    assert set(sim.train().run(sim.init(key), steps=2).probes) == {"w", "change"}


def test_only_runs_that_learn_change_plastic_values():
    with pytest.raises(sj.program.ProgramError, match="a plastic value, in runs that do not learn"):
        program([Variable("w", (2,), role="plastic")], [Op("seen", "assign", "w")], [], begin_ops=(Op("w", halved, "w"),))


def test_a_restart_runs_initial_rows_on_what_lasts(key):
    made = program(
        [Variable("w", (2,), role="plastic", init=Constant(8.0)), Variable("t", (2,), batched=False)], [Op("t", "assign", "w")], [],
        initial_ops=(Op("w", halved, "w"), Op("t", "assign", "w")),
    )
    sim = sj.build(made)
    first = sim.init(key)
    again = sim.restart(first)
    for name in "wt":
        assert float(first[name][0]) == float(again[name][0]) == 4.0


def test_a_plan_is_described_whatever_its_records_look_at():
    with sj.Network() as net:
        x = sj.Encoder(num=2, coding_method="null")
        layer = sj.NeuronGroup(2, model="lif")
        synapses = sj.Connection(x, layer)
        late = sj.StateMonitor(layer, "V", window=(500.0, 600.0))
    del synapses, late
    assert "bytes a step" in sj.build(net, dt=1.0).describe()


def test_gradients_of_probes_beside_inputs_that_others_tell(key):
    with sj.Network() as net:
        x = sj.Encoder(num=2, coding_method="constant_current", input_norm=True)
        layer = sj.NeuronGroup(2, model="leaky_integrator")
        synapses = sj.Connection(x, layer)
        v = sj.StateMonitor(layer, "V", get_grad=True)
        last = sj.Decoder(dec_target=layer, coding_method="final_step_voltage")
    del synapses, v, last
    sim = sj.build(net, dt=1.0)
    slopes = sj.probe_gradients(sim, lambda r: r.outputs["last"].sum(), sim.init(key), {"x": X[:, :1, :2] ** 2})
    np.testing.assert_allclose(slopes["v"][-1], 1.0)


def test_only_the_weights_of_a_connection_with_a_rule_are_plastic(key):
    from test_learning_rule import PairSTDP

    with sj.Network() as net:
        x = sj.Encoder(num=2, coding_method="null")
        layer = sj.NeuronGroup(2, model="lif")
        synapses = sj.Connection(x, layer, bias=np.zeros(2), plasticity=PairSTDP())
    del synapses
    variables = sj.build(net, dt=1.0).init(key)
    assert set(variables.plastic) == {"synapses.weight"} and set(variables.params) == {"synapses.bias"}
    with sj.Network() as pooled:
        x = sj.Encoder(shape=(1, 2, 2), coding_method="null")
        layer = sj.NeuronGroup(shape=(1, 1, 1), model="lif")
        synapses = sj.Connection(x, layer, "pool", pool_kernel_size=2, plasticity=PairSTDP())
    del synapses
    with pytest.raises(ValueError, match="connection 'synapses': a Pool link has no weights"):
        sj.build(pooled, dt=1.0)
