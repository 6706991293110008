"""The difference of two exponential traces, also where its time constants meet, and how it depends on them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj

#: Models, the names of the slow and the fast time constant, and which variable is the difference of the traces.
MODELS = {
    "aclif": ("tau_p", "tau_q", "P"), "clif": ("tau_p", "tau_q", "P"), "clif2k": ("tau_m", "tau_s", "P"),
    "nonspikinglif": ("tau_p", "tau_q", "P"), "selif": ("tau_p", "tau_q", "P"), "slif": ("tau_m", "tau_q", "V"),
}
RATIOS = [1.0, 1 + 1e-7, 1 + 1e-6, 1 + 1e-5, 1 + 1e-4, 1.0005, 1.002, 1.01, 1.5, 1 - 1e-6, 0.9999, 0.99, 0.5]
STEPS, DT, TAU = 40, 0.5, 8.0


def gain_and_difference(slow, fast, times):
    """V0 (e^{-t/slow} - e^{-t/fast}), written so that nothing is lost where the two meet."""
    apart = np.expm1(-times * (1 / slow - 1 / fast)) if slow != fast else 0.0
    beta = slow / fast
    if abs(beta - 1) < 1e-9:
        return np.e * times / slow * np.exp(-times / slow)
    return np.exp(beta / (beta - 1) * np.log1p((slow - fast) / fast)) / ((slow - fast) / fast) * np.exp(-times / fast) * apart


def response(model, **taus):
    """The simulator and variables of one neuron that gets one input in its first step, and its potential as a function."""
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    # What a spike that is not there would change is no part of the response.
    quiet = {"detach_reset": True} if model == "slif" else {}
    net.g = sj.NeuronGroup(1, model=model, parameter_variables=[*taus], **taus, **quiet)
    net.w = sj.Connection(net.x, net.g, weight=[[0.25]], is_parameter=False)
    net.p = sj.StateMonitor(net.g, MODELS[model][2])
    sim = sj.build(net, dt=DT)
    x = np.zeros((STEPS, 1, 1), np.float32)
    x[0] = 1.0
    variables = sim.init(jax.random.key(0))

    def potential(params):
        return sim.run(variables.with_params(params), {"x": x}).probes["p"][:, 0, 0]

    return potential, variables.params


@pytest.mark.parametrize("model", MODELS)
def test_the_response_is_right_where_the_time_constants_meet(model):
    slow, fast, _ = MODELS[model]
    times = DT * np.arange(STEPS)
    potential, params = response(model, **{slow: TAU, fast: TAU})
    for ratio in RATIOS:
        tau = np.float32(TAU * ratio)
        got = potential(params | {f"g.{slow}": jnp.float32(tau)})
        expected = 0.25 * gain_and_difference(float(tau), TAU, times)
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6, err_msg=f"{model} at {ratio}")


@pytest.mark.parametrize("model", MODELS)
def test_its_gradient_is_right_where_the_time_constants_meet(model):
    """Beside central differences in double precision."""
    slow, fast, _ = MODELS[model]
    times = DT * np.arange(STEPS)
    weights = np.cos(0.3 * np.arange(STEPS))
    potential, params = response(model, **{slow: TAU, fast: TAU})
    slopes = jax.jit(jax.grad(lambda params: (potential(params) * weights).sum()))

    def loss(a, b):
        return (0.25 * gain_and_difference(a, b, times) * weights).sum()

    for ratio in RATIOS:
        tau = float(np.float32(TAU * ratio))
        got = slopes(params | {f"g.{slow}": jnp.float32(tau)})
        by_slow, by_fast = loss(tau + 1e-3, TAU) - loss(tau - 1e-3, TAU), loss(tau, TAU + 1e-3) - loss(tau, TAU - 1e-3)
        expected = np.divide([by_slow, by_fast], 2e-3)
        np.testing.assert_allclose([got[f"g.{slow}"], got[f"g.{fast}"]], expected, rtol=5e-3, err_msg=f"{model} at {ratio}")


@pytest.mark.parametrize("model", ["aclif", "clif", "clif2k", "nonspikinglif"])
def test_the_gain_can_be_given_and_trained(model):
    """V0 multiplies the response, which is so its gradient times V0."""
    slow, fast, _ = MODELS[model]
    potential, params = response(model, **{slow: 12.0, fast: 8.0, "V0": 5.0})
    value, slope = jax.value_and_grad(lambda params: potential(params).sum())(params)
    times = DT * np.arange(STEPS)
    np.testing.assert_allclose(value, 0.25 * 5 * (np.exp(-times / 12) - np.exp(-times / 8)).sum(), rtol=1e-5)
    np.testing.assert_allclose(slope["g.V0"], value / 5, rtol=1e-5)
    # Given what follows from the time constants, nothing changes.
    derived, _ = response(model, **{slow: 12.0, fast: 8.0})
    given, _ = response(model, **{slow: 12.0, fast: 8.0, "V0": 6.75})
    np.testing.assert_allclose(given(params | {"g.V0": jnp.float32(6.75)}), derived({k: v for k, v in params.items() if k != "g.V0"}), rtol=1e-5)
