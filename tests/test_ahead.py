"""What makes less of a sequence is carried out before the first tile: the same numbers, fewer to cut up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.plan.ahead import Ahead

STEPS, BATCH, INPUTS, LAYER = 23, 2, 12, 4


@pytest.fixture
def rng():
    return np.random.default_rng()


def network(rng, *, layer=LAYER, loop=True, coding="null", link="full", **connection):
    net = sj.Network()
    net.x = sj.Encoder(num=INPUTS, coding_method=coding)
    net.a = sj.NeuronGroup(layer, model="lif", v_th=0.7, surrogate="atan")
    net.b = sj.NeuronGroup(3, model="leaky_integrator")
    net.xa = sj.Connection(net.x, net.a, link, w_mean=0.2, w_std=0.4, **connection)
    net.ab = sj.Connection(net.a, net.b, w_std=0.5)
    if loop:
        net.aa = sj.Connection(net.a, net.a, w_std=0.3)
    net.y = sj.Decoder(dec_target=net.b, coding_method="null")
    net.current = sj.StateMonitor(net.a, "Isyn")
    return net, {"x": (rng.random((STEPS, BATCH, INPUTS)) < 0.3).astype(np.float32)}


def ahead(sim):
    timed = frozenset(v.name for v in sim.program.of_role("input"))
    return {op.name for stage in sim.plan.stages(sim.program, timed) if isinstance(stage, Ahead) for op in stage.ops}


def run(sim, inputs, pieces=1):
    variables = sim.init(jax.random.key(0), BATCH)

    def loss(params, x):
        v, outputs = variables.with_params(params), []
        for part in jnp.array_split(x, pieces):
            result = sim.run(v, {"x": part}, jax.random.key(1))
            v = result.variables
            outputs.append(result.outputs["y"])
        return (jnp.concatenate(outputs) ** 2).mean(), (result, v.state)

    slopes, (result, state) = jax.jit(jax.grad(loss, (0, 1), has_aux=True))(variables.params, jnp.asarray(inputs["x"]))
    return (slopes, state) if pieces > 1 else (slopes, state, result.outputs, result.probes)


def assert_close(given, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), given, expected)


@pytest.mark.parametrize(
    "settings, plan",
    [
        *(pytest.param({}, plan, marks=pytest.mark.slow) for plan in (sj.Tiled(), sj.Tiled(7))),
        ({}, sj.Tiled(5, sj.Chunk(10))),
        ({"loop": False, "bias": "normal"}, sj.Tiled(remat="step")),
        ({"link": "sparse", "density": 0.5}, sj.Tiled(products="dense")),
    ],
)
def test_it_is_the_reference(rng, settings, plan):
    net, inputs = network(rng, **settings)
    sim, reference = (sj.build(net, dt=1.0, plan=p) for p in (plan, sj.Reference()))
    assert "xa" in ahead(sim)
    assert "ahead" in sim.describe()
    assert_close(run(sim, inputs), run(reference, inputs))
    assert_close(run(sim, inputs, pieces=3), run(reference, inputs, pieces=3))


def test_only_what_makes_less_of_a_sequence(rng):
    def rows(**settings):
        propagation = settings.pop("propagation", "same_step")
        return ahead(sj.build(network(rng, **settings)[0], dt=1.0, propagation=propagation))

    assert "xa" not in rows(layer=INPUTS + 1)
    # One random number a step and neuron, and the previous step's spikes.
    assert not rows(coding="poisson")
    assert not rows(propagation="one_step")
    assert not rows(delay=2.0)
    # A monitor looks at all of the sequence.
    net, _ = network(rng)
    net.all = sj.StateMonitor(net.x, "O", every=5)
    assert not ahead(sj.build(net, dt=1.0))


def test_memory_counts_it(rng):
    net, _ = network(rng, loop=False)
    sim = sj.build(net, dt=1.0)
    assert sim.memory(10_000, BATCH).working["tile"] >= 10_000 * BATCH * LAYER * 4
