"""Rules and gradients in one network: together, in turn, and what a gradient sees of weights that change."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.plasticity import STDP, Normalise

T, B = 14, 2


def two_layers(plasticity="stdp", **settings):
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.a = sj.NeuronGroup(5, model="lif", v_th=0.5)
    net.b = sj.NeuronGroup(3, model="lif", v_th=0.4)
    rng = np.random.default_rng(3)
    net.up = sj.Connection(net.x, net.a, weight=rng.uniform(0.2, 0.6, (5, 4)).astype(np.float32))
    net.learns = sj.Connection(
        net.a, net.b, weight=rng.uniform(0.1, 0.4, (3, 5)).astype(np.float32), w_min=0.0, w_max=0.5, plasticity=plasticity, **settings
    )
    net.seen = sj.WeightMonitor(net.learns)
    net.counts = sj.Decoder(dec_target=net.b)
    return net


@pytest.fixture
def x():
    return (np.random.default_rng(4).random((T, B, 4)) < 0.5).astype(np.float32)


def test_gradients_flow_through_currents_with_the_weights_of_each_step(x, key):
    """The slopes of a run that learns are those of frozen steps that are given its weights, one after the other."""
    net = two_layers([STDP(a_plus=0.05), Normalise(total=1.4)])
    sim = sj.build(net, dt=1.0)
    start, how = sim.init(key, B), jnp.array([1.0, -2.0, 0.5])
    first = start["learns.weight"]

    def slopes_by(plan):
        def learning(up, weight):
            given = dataclasses.replace(start, params={"up.weight": up}, plastic={"learns.weight": weight})
            result = sj.build(net, dt=1.0, plan=plan).train().run(given, {"x": x})
            return (result.outputs["counts"] * how[None]).sum(), result.probes["seen"]

        return jax.value_and_grad(learning, (0, 1), has_aux=True)(start["up.weight"], first)

    (value, after), slopes = slopes_by(sj.Reference())
    assert float(jnp.abs(after[-1] - first).max()) > 0.02
    each = jnp.concatenate([first[None], after[:-1]])

    def frozen(up, shift):
        now, total = dataclasses.replace(start, params={"up.weight": up}), jnp.zeros((B, 3))
        for t in range(T):
            now = dataclasses.replace(now, plastic={"learns.weight": each[t] + shift})
            now, emitted = sim.step(now, {"x": x[t]})
            total += emitted["counts"]
        return (total * how[None]).sum()

    expected, wanted = jax.value_and_grad(frozen, (0, 1))(start["up.weight"], jnp.zeros_like(first))
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    assert all(float(jnp.abs(reference).max()) > 0.1 for reference in wanted)
    for found in (slopes, *(slopes_by(plan)[1] for plan in (sj.Tiled(), sj.Tiled(5, remat=sj.Chunk(5))))):
        for slope, reference in zip(found, wanted, strict=True):
            np.testing.assert_allclose(slope, reference, rtol=1e-4, atol=1e-5)


def test_what_learns_is_a_value(x, key):
    """Rules stop by their numbers, parameters by optax, and neither compiles anything anew."""
    sim = sj.build(two_layers(), dt=1.0)
    start = sim.init(key, B)
    optimizer = optax.inject_hyperparams(optax.sgd)(0.1)
    compiled = []

    @jax.jit
    def update(variables, memory):
        compiled.append(1)

        def loss(params):
            result = sim.train().run(variables.with_params(params), {"x": x})
            return result.outputs["counts"].sum(), result.variables

        slopes, after = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
        moves, memory = optimizer.update(slopes, memory)
        return sim.restart(after.with_params(optax.apply_updates(variables.params, moves))), memory

    def moved(variables, rate):
        memory = optimizer.init(variables.params)
        memory.hyperparams["learning_rate"] = jnp.float32(rate)
        after = update(variables, memory)[0]
        return tuple(float(jnp.abs(after[name] - variables[name]).max()) > 0 for name in ("up.weight", "learns.weight"))

    still = sim.set(start, {"learns.STDP.a_plus": 0.0, "learns.STDP.a_minus": 0.0})
    assert [moved(v, rate) for v in (start, still) for rate in (0.1, 0.0)] == [(True, True), (False, True), (True, False), (False, False)]
    assert len(compiled) == 1


@pytest.mark.filterwarnings("ignore::spaic_jax.train.ActivityWarning")  # many inputs, and no rule that holds them back
def test_fine_tuning(key):
    """Weights learned by STDP go to the same network without it, where a gradient trains them further, and back."""
    images, test = sj.data.digits()
    images = sj.data.Dataset({"image": images.inputs["image"][:512]}, images.labels[:512])

    def network(**settings):
        net = sj.Network()
        net.image = sj.Encoder(num=64, coding_method="constant_current")
        net.hidden = sj.NeuronGroup(40, model="lif", v_th=1.0)
        net.out = sj.NeuronGroup(10, model="lif", v_th=1.0)
        net.first = sj.Connection(net.image, net.hidden, w_mean=0.03, w_std=0.03, w_min=0.0, w_max=0.3, **settings)
        net.last = sj.Connection(net.hidden, net.out, w_std=0.2)
        net.counts = sj.Decoder(dec_target=net.out)
        return sj.build(net, dt=1.0)

    local = network(plasticity=STDP(a_plus=1e-5, a_minus=1e-5))
    both = sj.train.fit(
        local, "count_cross_entropy", optax.adam(0.02), images, epochs=3, batch_size=64, key=key, steps=12, progress=False
    ).variables
    assert set(both.params) == {"last.weight"}
    assert float(jnp.abs(both["first.weight"] - local.init(key)["first.weight"]).max()) > 1e-3
    tuned = network()
    begun = tuned.set(tuned.init(key), {**both.plastic, **both.params})
    np.testing.assert_array_equal(begun.params["first.weight"], both.plastic["first.weight"])
    before = sj.train.evaluate(tuned, begun, test, batch_size=355, steps=12)
    result = sj.train.fit(
        tuned, "count_cross_entropy", optax.adam(0.01), images, epochs=4, batch_size=64, key=key, steps=12, variables=begun,
        progress=False,
    ).variables
    after = sj.train.evaluate(tuned, result, test, batch_size=355, steps=12)
    assert after.accuracy > before.accuracy + 0.03
    back = local.set(local.restart(both), result.params)
    np.testing.assert_array_equal(back.plastic["first.weight"], result.params["first.weight"])
