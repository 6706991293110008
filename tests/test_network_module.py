"""Pure functions as parts of a network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.storage import to_dict


def init(key):
    first, second = jax.random.split(key)
    return {
        "layers": [jax.random.normal(first, (3, 5)) * 0.5, jax.random.normal(second, (5, 2)) * 0.5],
        "scale": jnp.float32(1.5),
    }


def mlp(params, x):
    first, second = params["layers"]
    return params["scale"] * (jnp.tanh(x @ first) @ second)


def network(params=init, **options):
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="spikes")
    net.part = sj.Assembly()
    net.part.y = sj.NeuronGroup(2, model="leaky_integrator", tau_m=4.0)
    net.part.mlp = sj.Module(mlp, params, [net.x], net.part.y, **options)
    net.v = sj.StateMonitor(net.part.y, "V")
    return net


def test_training_equals_the_same_by_hand(key):
    """20 steps of gradient descent through the network, and through a loop that knows nothing of it."""
    rng = np.random.default_rng(3)
    x, target = rng.normal(size=(6, 4, 3)).astype(np.float32), rng.normal(size=(6, 4, 2)).astype(np.float32)
    sim = sj.build(network(), dt=1.0)
    variables = sim.init(key, 4)
    assert {name: p.shape for name, p in variables.params.items()} == {
        "part/mlp.params.layers.0": (3, 5), "part/mlp.params.layers.1": (5, 2), "part/mlp.params.scale": (),
    }

    def loss(params):
        return ((sim.run(variables.with_params(params), {"x": x}).probes["v"] - target) ** 2).mean()

    def by_hand(params):
        v, total = np.zeros((4, 2), np.float32), 0.0
        for now, wanted in zip(x, target, strict=True):
            v = np.float32(np.exp(-1 / 4)) * v + mlp(params, now)
            total = total + ((v - wanted) ** 2).mean()
        return total / 6

    params = variables.params
    hand = dict(zip(("layers", "scale"), (list(params.values())[:2], list(params.values())[2]), strict=True))
    slopes, hand_slopes = jax.jit(jax.value_and_grad(loss)), jax.jit(jax.value_and_grad(by_hand))
    first = float(loss(params))
    for _ in range(20):
        value, slope = slopes(params)
        hand_value, hand_slope = hand_slopes(hand)
        np.testing.assert_allclose(value, hand_value, rtol=1e-4)
        params = {name: p - 0.1 * slope[name] for name, p in params.items()}
        hand = jax.tree.map(lambda p, s: p - 0.1 * s, hand, hand_slope)
    assert float(value) < 0.9 * first
    for one, other in zip(params.values(), jax.tree.leaves(hand), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_leaves_are_made_of_one_key_and_given_ones_are_kept(key):
    def alike(key):
        return {"a": jax.random.normal(key, (3, 5)), "b": jax.random.normal(key, (3, 5))}

    def both(params, x):
        return (x @ params["a"] - x @ params["b"])[:, :2]

    net = network()
    net.more = sj.Module(both, alike, [net.x], net.part.y)
    params = sj.build(net, dt=1.0).init(key).params
    np.testing.assert_array_equal(params["more.params.a"], params["more.params.b"])
    assert np.abs(params["more.params.a"]).sum() > 0

    given = jax.tree.map(np.asarray, init(jax.random.key(5)))
    sim = sj.build(network(given | {"steps": np.int32(3)}), dt=1.0)
    variables = sim.init(key)
    np.testing.assert_array_equal(variables.params["part/mlp.params.layers.1"], given["layers"][1])
    assert variables.constants["part/mlp.params.steps"].dtype == jnp.int32
    fixed = sj.build(network(given, is_parameter=False), dt=1.0).init(key)
    assert not fixed.params and "part/mlp.params.scale" in fixed.constants


def mix(params, spikes, v):
    return spikes @ params + 0.1 * v


@pytest.mark.parametrize("propagation", ["same_step", "one_step"])
def test_a_module_in_a_loop_reads_the_step_before(key, propagation):
    """Against a loop by hand, and the tiled plan against the reference."""
    weight = np.float32([[0.0, 0.75], [0.5, 0.0]])
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="spikes")
    net.g = sj.NeuronGroup(2, model="if")
    net.h = sj.NeuronGroup(2, model="if")
    net.into = sj.Connection(net.x, net.g, weight=np.eye(2))
    net.loop = sj.Module(mix, weight, [net.g, (net.g, "V")], net.g)
    net.on = sj.Module(lambda params, o: o, (), [net.g], (net.h, "Isyn"))
    net.o, net.p, net.v = sj.StateMonitor(net.g, "O"), sj.StateMonitor(net.h, "V"), sj.StateMonitor(net.g, "V")
    x = np.random.default_rng(0).random((12, 1, 2)).astype(np.float32)
    runs = []
    for options in ({"plan": sj.Reference()}, {"plan": sj.Tiled(5)}):
        sim = sj.build(net, dt=1.0, propagation=propagation, **options)
        runs.append(sim.run(sim.init(key), {"x": x}).probes)
    for name in "opv":
        np.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-6)

    o = v = np.zeros((1, 2), np.float32)
    expected = []
    for now in x if propagation == "same_step" else np.concatenate([np.zeros((1, 1, 2), np.float32), x[:-1]]):
        v = v + now + o @ weight + 0.1 * v
        o = np.float32(v > 1)
        v = v * (1 - o)
        expected.append(v)
    np.testing.assert_allclose(runs[0]["v"], np.stack(expected), rtol=1e-4, atol=1e-5)
    assert 0 < np.asarray(runs[0]["o"]).sum() < 24


def deep(params, spikes):
    return jnp.tanh(spikes @ params["a"]) @ params["b"]


def test_gradients_through_a_loop_agree_in_every_plan(key):
    def init(key):
        return {"a": jax.random.normal(key, (3, 4)), "b": jax.random.normal(jax.random.fold_in(key, 1), (4, 3))}

    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="constant_current")
    net.g = sj.NeuronGroup(3, model="lif")
    net.into = sj.Connection(net.x, net.g, w_mean=0.3)
    net.loop = sj.Module(deep, init, [net.g], net.g)
    net.v = sj.StateMonitor(net.g, "V")
    slopes = []
    for options in ({"plan": sj.Reference()}, {"plan": sj.Tiled(4)}, {"plan": sj.Tiled(4, remat="step")}):
        sim = sj.build(net, dt=1.0, **options)
        variables = sim.init(key, 2)

        def loss(params, sim=sim, variables=variables):
            return (sim.run(variables.with_params(params), {"x": np.ones((2, 3))}, steps=9).probes["v"] ** 2).mean()

        slopes.append(jax.jit(jax.grad(loss))(variables.params))
    for other in slopes[1:]:
        for name, slope in slopes[0].items():
            np.testing.assert_allclose(other[name], slope, rtol=1e-4, atol=1e-6)
    assert all(np.abs(slopes[0][name]).sum() > 0 for name in ("loop.params.a", "loop.params.b"))


def test_equal_functions_are_equal_programs():
    programs = [sj.build(network(), dt=1.0).program for _ in range(2)]
    assert programs[0] == programs[1] and hash(programs[0]) == hash(programs[1])
    text = str(programs[0])
    assert "part/y.Isyn = module_step(x.O[updated], part/mlp.params.layers.0" in text and "fn=mlp" in text
    assert sj.build(network(lambda key: init(key)), dt=1.0).program != programs[0]


def test_edits_carry_modules():
    net = network()
    new = sj.edit.replace(net, "part/y", sj.NeuronGroup(2, model="lif"))
    assert new.part.mlp.output[0] is new.part.y and net.part.mlp.output[0] is net.part.y
    assert "mlp" not in sj.edit.delete(net, "x").part.members
    assert net.part.mlp._line(net.name_of) == "Module x -> part/y"


class Callable:
    __hash__ = None

    def __call__(self, params, x):
        return x


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda n: sj.Module(3, init, [n.x], n.part.y), TypeError, "fn must be a function, not 3"),
        (lambda n: sj.Module(Callable(), init, [n.x], n.part.y), TypeError, "must be hashable"),
        (lambda n: sj.Module(mlp, init, [], n.part.y), ValueError, "inputs must be a list of groups or encoders"),
        (lambda n: sj.Module(mlp, init, [3], n.part.y), TypeError, "an input must be a NeuronGroup, an Encoder or a Generator"),
        (lambda n: sj.Module(mlp, init, [(n.x, 3)], n.part.y), TypeError, "a pair of it and a variable's name"),
        (lambda n: sj.Module(mlp, init, [n.x], n.x), TypeError, "an output must be a NeuronGroup"),
        (lambda n: sj.Module(mlp, {"w": "heavy"}, [n.x], n.part.y), TypeError, "params must hold arrays, not 'heavy'"),
        (lambda n: sj.Module(lambda p, x: x, init, [n.x], n.part.y), ValueError, "<lambda> returns [B, 3], but [B, 2] is needed."),
        (lambda n: sj.Module(mlp, init, [n.part.y], n.part.y), ValueError, "op 'bad' ("),
        (lambda n: sj.Module(mlp, init, [(n.x, "v")], n.part.y), ValueError, "unknown variable 'x.v'"),
        (lambda n: sj.Module(mlp, init, [n.x], (n.part.y, "Isin")), ValueError, "'bad' writes to 'part/y': unknown variable 'Isin': did you mean 'Isyn'"),
        (lambda n: sj.Module(mlp, init, [sj.Encoder(num=3)], n.part.y), ValueError, "is not a member of it"),
    ],
)
def test_bad_modules(make, error, sentence):
    net = network()

    def build():
        net.bad = make(net)
        sj.build(net, dt=1.0)

    with pytest.raises(error) as raised:
        build()
    assert sentence in str(raised.value)


def test_a_module_has_no_form_as_text():
    with pytest.raises(ValueError, match=r"network\.assemblies\.part\.mlp: a Module has no form as a dictionary"):
        to_dict(network())
