"""Time constants that are trained by a free number."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.neurons import REPARAMETRISATIONS, Sigmoid
from spaic_jax.storage import from_dict, to_dict

TAU = np.array([0.25, 1.0, 8.0, 250.0])


def network(**settings):
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.g = sj.NeuronGroup(4, model="lif", tau_m=TAU, v_th=1e3, parameter_variables=["tau_m"], **settings)
    net.w = sj.Connection(net.x, net.g, link_type="one_to_one", w_mean=1.0, w_std=0.0, is_parameter=False)
    net.v = sj.StateMonitor(net.g, "V")
    return net


FREE = {"reparametrise": {"tau_m": "sigmoid"}, "varible_ranges": {"tau_m": (1e-2, None)}}


@pytest.mark.parametrize("by", [kind() for kind in REPARAMETRISATIONS.values()], ids=repr)
@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_the_free_number_gives_the_value_back(by, dt):
    free = by.free(TAU, dt)
    assert (np.diff(free) > 0).all()
    np.testing.assert_allclose(by.value(jnp.asarray(free, jnp.float32), dt), TAU, rtol=1e-4)
    for edge in by.bounds_of((None, None), dt):
        value, slope = jax.value_and_grad(by.value)(jnp.float32(edge), dt)
        assert 0 < value < np.inf
        assert 0 < slope < np.inf


def test_the_decay_is_a_sigmoid():
    free = jnp.linspace(-8.0, 8.0, 33)
    np.testing.assert_allclose(jnp.exp(-0.5 / Sigmoid().value(free, 0.5)), jax.nn.sigmoid(free), rtol=2e-6)


def test_the_network_is_the_same_but_for_what_is_trained(key):
    plain, free = (sj.build(network(**settings), dt=0.5) for settings in ({}, FREE))
    assert [v.name for v in free.program.of_role("parameter")] == ["g.tau_m_free"]
    assert [v.name for v in plain.program.of_role("parameter")] == ["g.tau_m"]
    x = {"x": np.random.default_rng(0).random((30, 2, 4), np.float32)}

    def losses(sim):
        variables = sim.init(key, 2)
        return jax.value_and_grad(lambda p: (sim.run(variables.with_params(p), x).probes["v"] ** 2).sum())(variables.params)

    (loss, gradient), (again, free_gradient) = losses(plain), losses(free)
    np.testing.assert_allclose(loss, again, rtol=1e-4)
    # dL/dw = dL/dtau dtau/dw, with dtau/dw = tau^2 (1 - exp(-dt/tau)) / dt.
    chain = TAU**2 * -np.expm1(-0.5 / TAU) / 0.5
    np.testing.assert_allclose(free_gradient["g.tau_m_free"], gradient["g.tau_m"] * chain, rtol=1e-3)


def test_no_step_of_an_optimiser_makes_it_negative(key):
    sim = sj.build(network(**FREE), dt=0.5)
    variables = sim.init(key, 1)
    x = {"x": np.ones((20, 1, 4), np.float32)}
    optimizer = optax.adam(1.0)
    params, state = variables.params, optimizer.init(variables.params)

    @jax.jit
    def update(params, state):
        loss, gradient = jax.value_and_grad(lambda p: sim.run(variables.with_params(p), x).probes["v"].sum())(params)
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update(gradient, state)
        return sim.project(optax.apply_updates(params, updates)), state, loss

    for _ in range(60):
        params, state, loss = update(params, state)
    assert np.isfinite(loss)
    tau = Sigmoid().value(params["g.tau_m_free"], 0.5)
    assert (tau >= 0.5 / 16).all()
    assert (tau < 0.1).all()


def test_it_has_the_bounds_of_the_parameter():
    low, high = sj.build(network(reparametrise={"tau_m": "sigmoid"}), dt=0.5).program.by_name["g.tau_m_free"].bounds
    np.testing.assert_allclose(Sigmoid().free(np.array(0.25), 0.5), low)
    assert high == 16.0


def test_its_network_has_a_text_form():
    net = network(**FREE)
    assert to_dict(net)["groups"]["g"]["reparametrise"] == {"tau_m": "sigmoid"}
    again = from_dict(to_dict(net))
    assert sj.build(again, dt=0.5).program == sj.build(net, dt=0.5).program
    assert "reparametrise" not in to_dict(network())["groups"]["g"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"reparametrise": {"tau_m": "sigmod"}}, "unknown reparametrisation 'sigmod': did you mean 'sigmoid'"),
        ({"reparametrise": {"v_th": "sigmoid"}}, "NeuronGroup: v_th is reparametrised, but not trained"),
        (
            {"reparametrise": {"v_reset": "sigmoid"}, "parameter_variables": ["v_reset"]},
            "NeuronGroup: v_reset must be positive to be reparametrised, not 0.0",
        ),
    ],
)
def test_what_means_nothing_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.NeuronGroup(2, model="lif", **settings)
