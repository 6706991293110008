"""Gradients through time: against SPAIC's, and against finite differences where the threshold is smooth."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.test_util import check_grads
from spaic import golden

import spaic_jax as sj
from spaic_jax.surrogate import AtanGrad, Smooth, resolve_surrogate


@pytest.mark.parametrize("reference", [True, False])
@pytest.mark.parametrize(
    ("name", "model", "algorithm", "propagation"),
    [
        ("stca_lif_s0", "lif", "stca", "one_step"),
        ("stca_clif_s0", "clif", "stca", "one_step"),
        ("stbp_lif_s1", "lif", "stbp", "same_step"),
    ],
)
def test_gradients_and_one_adam_step_are_spaics(name, model, algorithm, propagation, reference, key):
    trace = golden(f"bptt/{name}")
    trained = {"V0": 6.75, "parameter_variables": ["V0"]} if model == "clif" else {}
    settings = {"model": model, "surrogate": resolve_surrogate(algorithm, compat=True)} | trained
    with sj.Network() as net:
        x = sj.Encoder(num=8, coding_method="null")
        l1 = sj.NeuronGroup(6, **settings)
        l2 = sj.NeuronGroup(3, **settings)
        sj.Connection(x, l1, weight=trace["param/W1"], name="W1")
        sj.Connection(l1, l2, weight=trace["param/W2"], name="W2")
        counts = sj.Decoder(dec_target=l2)  # noqa: F841
    sim = sj.build(net, dt=1.0, propagation=propagation, plan=sj.Reference() if reference else sj.Tiled())
    variables = sim.init(key, 4)

    def loss_of(params):
        counts = sim.run(variables.with_params(params), {"x": trace["x"].swapaxes(0, 1)}).outputs["counts"]
        return optax.softmax_cross_entropy_with_integer_labels(counts, jnp.asarray(trace["y"], "int32")).mean(), counts

    (loss, out), gradient = jax.jit(jax.value_and_grad(loss_of, has_aux=True))(variables.params)
    np.testing.assert_array_equal(out, trace["out"])
    np.testing.assert_allclose(loss, trace["loss"], rtol=1e-6)
    optimizer = optax.adam(golden_learning_rate(trace))
    with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
        updates, _ = optimizer.update(gradient, optimizer.init(variables.params))
    after = optax.apply_updates(variables.params, updates)
    for name, slope in gradient.items():
        theirs = name.removesuffix(".weight").replace(".", "_")
        np.testing.assert_allclose(slope, trace[f"grad/{theirs}"], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(after[name], trace[f"after/{theirs}"], rtol=1e-4, atol=1e-5)


def golden_learning_rate(trace):
    """Adam's first step moves every weight by the learning rate."""
    return float(np.abs(trace["after/W1"] - trace["param/W1"]).max())


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize(("model", "reset"), [("lif", "soft"), ("if", "none"), ("clif", None)])
def test_gradients_equal_finite_differences_with_a_smooth_threshold(model, reset, recurrent, key):
    choice = {"reset": reset} if reset else {}
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="constant_current")
    net.a = sj.NeuronGroup(4, model=model, surrogate=Smooth(AtanGrad()), **choice)
    net.b = sj.NeuronGroup(2, model="leaky_integrator")
    net.xa = sj.Connection(net.x, net.a, w_std=0.3)
    net.ab = sj.Connection(net.a, net.b, w_std=0.3, bias=0.1)
    if recurrent:
        net.aa = sj.Connection(net.a, net.a, w_std=0.1)
    net.out = sj.Decoder(dec_target=net.b, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(3))
    variables = sim.init(key, 2)
    x = jax.random.uniform(jax.random.key(1), (2, 3))

    def f(params):
        return (sim.run(variables.with_params(params), {"x": x}, steps=7).outputs["out"] ** 2).sum()

    check_grads(f, (variables.params,), order=1, modes=["fwd", "rev"], atol=2e-2, rtol=2e-2, eps=2e-3)
