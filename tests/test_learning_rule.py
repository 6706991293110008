"""A learning rule of a user's own, in one class: it trains, freezes, is saved, shared, watched and planned like any weight."""

import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.plasticity import STDP, Normalise, Rule
from spaic_jax.program import Fragment, Op, Variable

T, B, PRE, POST = 40, 3, 5, 4


@dataclasses.dataclass(frozen=True)
class PairSTDP(Rule):
    """Nearest thing to the textbook: `dW = a (post x_pre - 1.05 x_post pre)`, traces that jump by 1 and decay with tau."""

    a: float = 0.01
    tau: float = 20.0

    def lower(self, site, context):
        pre, post, decay = f"{site.name}.x_pre", f"{site.name}.x_post", float(np.exp(-context.dt / self.tau))
        fired = context.read(site.owner.post, "O")
        traces = ((pre, site.source), (post, fired))
        return Fragment(
            (Variable(pre, site.takes), Variable(post, site.gives)),
            (
                *(Op(x, follow, (x, s), when="learning", settings={"decay": decay}) for x, s in traces),
                Op(site.target, change, (site.source, f"{pre}[updated]", fired, f"{post}[updated]"), when="learning",
                   settings={"a": self.a}),
            ),
        )


def follow(trace, spikes, *, decay):
    return decay * trace + spikes


def change(s_pre, x_pre, s_post, x_post, *, a):
    s_pre, x_pre, s_post, x_post = (x.reshape(x.shape[0], -1) for x in (s_pre, x_pre, s_post, x_post))
    return a * (s_post.T @ x_pre - 1.05 * x_post.T @ s_pre)


def network(plasticity=PairSTDP(), freeze=False, name="w", **settings):
    net = sj.Network()
    net.x = sj.Encoder(num=PRE, coding_method="null")
    net.a = sj.NeuronGroup(POST, model="lif", v_th=0.6)
    weights = np.random.default_rng(0).uniform(0.1, 0.6, (POST, PRE)).astype(np.float32)
    learns = {"is_parameter": False} if freeze else {"plasticity": plasticity} if plasticity else {}
    setattr(net, name, sj.Connection(net.x, net.a, weight=weights, w_min=0.0, w_max=0.7, **learns, **settings))
    net.out = sj.Decoder(dec_target=net.a)
    return net


@pytest.fixture
def x():
    return (np.random.default_rng(1).random((T, B, PRE)) < 0.3).astype(np.float32)


def by_hand(x, w, a=0.01, tau=20.0, v_th=0.6):
    """The network and the rule in float64."""
    v, xp, xq, decay = np.zeros((B, POST)), np.zeros((B, PRE)), np.zeros((B, POST)), np.exp(-1.0 / tau)
    history = []
    for s in x:
        v = np.exp(-1.0 / 8.0) * v + s @ w.T
        o = (v > v_th).astype(float)
        v = np.where(o > 0, 0.0, v)
        xp, xq = decay * xp + s, decay * xq + o
        w = np.clip(w + a * (o.T @ xp - 1.05 * xq.T @ s), 0.0, 0.7)
        history.append(w)
    return np.array(history)


@pytest.mark.parametrize("name", ["aaa", "zzz"])
@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(), sj.Tiled(7), sj.Tiled(5, remat=sj.Chunk(10))])
def test_it_learns_in_the_step_whatever_the_plan(x, key, plan, name):
    net = network(name=name)
    net.kept = sj.WeightMonitor(net[name], dt=4.0)
    sim = sj.build(net, dt=1.0, plan=plan)
    variables = sim.init(key, B)
    assert set(variables.plastic) == {f"{name}.weight"} and not variables.params
    result = sim.train().run(variables, {"x": x})
    expected = by_hand(x, np.asarray(variables[f"{name}.weight"], float))
    np.testing.assert_allclose(result.variables[f"{name}.weight"], expected[-1], rtol=1e-5, atol=1e-6)
    assert result.probes["kept"].shape == (T // 4, POST, PRE)
    np.testing.assert_allclose(result.probes["kept"], expected[3::4], rtol=1e-5, atol=1e-6)


def test_pieces_and_steps_agree_with_a_run(x, key):
    sim = sj.build(network(), dt=1.0).train()
    variables = sim.init(key, B)
    whole = sim.run(variables, {"x": x}).variables
    pieces = variables
    for begin in range(0, T, 8):
        pieces = sim.run(pieces, {"x": x[begin : begin + 8]}).variables
    steps = sim.prepare(variables)
    for now in x:
        steps, _ = sim.step(steps, {"x": now})
    for other in (pieces, steps.variables):
        np.testing.assert_allclose(other["w.weight"], whole["w.weight"], rtol=1e-6)


def test_a_frozen_weight_costs_nothing_in_the_loop(x, key):
    sim = sj.build(network(), dt=1.0)
    variables = sim.train().run(sim.init(key, B), {"x": x}).variables
    result = sim.run(variables, {"x": x})
    np.testing.assert_array_equal(result.variables["w.weight"], variables["w.weight"])
    plain = sj.build(network(plasticity=None), dt=1.0)
    assert sim.describe().splitlines()[1:3] == plain.describe().splitlines()[1:3]
    assert "change" in sim.train().describe() and "change" not in sim.describe()


@pytest.mark.parametrize("other", [{"plasticity": None}, {"freeze": True}])
def test_weights_go_to_a_network_trained_by_gradient_and_back(x, key, tmp_path, other):
    learning, plain = sj.build(network(), dt=1.0), sj.build(network(**other), dt=1.0)
    learned = learning.train().run(learning.init(key, B), {"x": x}).variables
    sj.save_weights(tmp_path / "w.safetensors", learning, learned)
    loaded, _ = sj.load_weights(tmp_path / "w.safetensors", plain, B)
    np.testing.assert_array_equal(loaded["w.weight"], learned["w.weight"])
    np.testing.assert_array_equal(
        plain.run(loaded, {"x": x}).outputs["out"], learning.run(learning.restart(learned), {"x": x}).outputs["out"]
    )
    sj.save_weights(tmp_path / "back.safetensors", plain, loaded)
    again, _ = sj.load_weights(tmp_path / "back.safetensors", learning, B)
    np.testing.assert_array_equal(again.plastic["w.weight"], learned["w.weight"])


def test_what_shares_a_plastic_weight_learns_with_it(x, key):
    net = network()
    net.b = sj.NeuronGroup(POST, model="lif", v_th=0.6)
    net.second = sj.Connection(net.x, net.b, shared=net.w)
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key, B)
    assert set(variables.plastic) == {"w.weight"}
    first = variables["w.weight"]
    one = sj.build(network(), dt=1.0)
    alone = one.train().run(one.init(key, B), {"x": x[:1]}).variables["w.weight"]
    both = sim.train().run(variables, {"x": x[:1]}).variables["w.weight"]
    np.testing.assert_allclose(both - first, jnp.clip(first + 2 * (alone - first), 0, 0.7) - first, atol=1e-6)


def test_two_rules_on_one_connection_add_up(x, key):
    sim = sj.build(network((PairSTDP(0.003), PairSTDP(0.007))), dt=1.0).train()
    single = sj.build(network(), dt=1.0).train()
    variables = sim.init(key, B)
    assert {"w.PairSTDP1.x_pre", "w.PairSTDP2.x_pre"} <= set(variables.state)
    np.testing.assert_allclose(
        sim.run(variables, {"x": x}).variables["w.weight"],
        single.run(single.init(key, B), {"x": x}).variables["w.weight"], rtol=1e-5,
    )


def test_some_weights_learn_by_rule_and_others_by_gradient(x, key):
    net = network()
    net.b = sj.NeuronGroup(2, model="lif")
    net.readout = sj.Connection(net.a, net.b)
    net.counts = sj.Decoder(dec_target=net.b)
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key, B)

    def loss(params):
        result = sim.train().run(variables.with_params(params), {"x": x})
        wanted = jnp.array([0, 1, 0])
        return optax.softmax_cross_entropy_with_integer_labels(result.outputs["counts"], wanted).mean(), result

    (_, result), slopes = jax.jit(jax.value_and_grad(loss, has_aux=True))(variables.params)
    assert set(slopes) == {"readout.weight"} and float(jnp.abs(slopes["readout.weight"]).max()) > 0
    assert float(jnp.abs(result.variables["w.weight"] - variables["w.weight"]).max()) > 0


def test_rules_have_names():
    given = network(["stdp", Normalise(total=78)])["w"]
    assert given.plasticity == (STDP(), Normalise(total=78)) and network("STDP")["w"].plasticity == (STDP(),)


@pytest.mark.parametrize(
    ("plasticity", "settings", "sentence"),
    [
        ("stpd", {}, "unknown learning rule 'stpd': did you mean 'stdp'?"),
        ("normalise", {}, "learning rule 'normalise' needs total."),
        (3, {}, "plasticity must be a learning rule, the name of one, or a list of them, not 3."),
        ([Normalise(total=1.0), Normalise(total=2.0)], {}, "Normalise and Normalise both fix the sum of the weights onto a neuron"),
        ("stdp", {"is_parameter": True}, "is_parameter=True came beside plasticity, but what the rule STDP changes has no gradient"),
        (
            "stdp", {"syn_type": ["1_order_synapse"], "parameter_variables": ["tau_r"]},
            "parameter_variables came beside plasticity, but what the rule STDP changes has no gradient",
        ),
    ],
)
def test_what_is_no_rule_is_refused(plasticity, settings, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^(Connection: )?{re.escape(sentence)}"):
        network(plasticity, **settings)
