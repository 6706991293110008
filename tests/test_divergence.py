"""Trainings that diverge: where, why, and what is kept."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from test_fit import ADAM, SETTINGS, SIM, samples

import spaic_jax as sj
from spaic_jax.train import TrainingDiverged, fit, initial_key


def nan_after(updates: int) -> optax.GradientTransformation:
    def update(gradient: Any, count: jax.Array, params: Any = None) -> Any:
        bad = jnp.where(count + 1 >= updates, jnp.nan, 0.0)
        return jax.tree.map(lambda g: g * 0 + bad, gradient), count + 1

    return optax.GradientTransformation(lambda params: jnp.int32(0), update)


def test_divergence_stops_at_its_step_and_keeps_the_epoch_before(key: jax.Array) -> None:
    seen: list[int] = []
    with pytest.raises(TrainingDiverged, match=r"epoch 2, step 3: parameter 'layer.tau_m' holds NaN") as caught:
        fit(SIM, "count_cross_entropy", nan_after(8), samples(), key=key, **SETTINGS,
            on_epoch=lambda state, row: seen.append(row["epoch"]))
    assert (caught.value.epoch, caught.value.step, seen) == (2, 3, [1])


def test_divergence_in_the_last_update_of_an_epoch_is_seen_before_its_callback(key: jax.Array) -> None:
    seen: list[int] = []
    with pytest.raises(TrainingDiverged, match="epoch 1, step 5"):
        fit(SIM, "count_cross_entropy", nan_after(5), samples(), key=key, **SETTINGS,
            on_epoch=lambda state, row: seen.append(row["epoch"]))
    assert seen == []


def test_infinite_loss(key: jax.Array) -> None:
    with pytest.raises(TrainingDiverged, match="epoch 1, step 1: the loss is inf"):
        fit(SIM, lambda scores, labels: scores.sum() * 0 + jnp.inf, ADAM, samples(), key=key, **SETTINGS)


def steep(scores: jax.Array, labels: jax.Array) -> jax.Array:
    """A loss of 0 whose gradient is 1e25."""
    return (scores - jax.lax.stop_gradient(scores)).sum() * 1e25


def undefined(scores: jax.Array, labels: jax.Array) -> jax.Array:
    """A loss of 0 whose gradient is NaN."""
    return jnp.sqrt(scores * 0).sum()


@pytest.mark.parametrize(
    "loss, sentence",
    [
        (steep, r"epoch 1, step 1: the gradient of parameter '(synapses.weight|layer.tau_m)' reaches \d\.\de\+2\d"),
        (undefined, r"epoch 1, step 1: the gradient of parameter 'layer.tau_m' holds NaN .*and 1 more"),
        (lambda scores, labels: scores.sum() * 0 + 1e30, "epoch 1, step 1: the loss is 1e\\+30"),
    ],
)
def test_divergence_names_the_parameter_before_it_is_lost(loss: Any, sentence: str, key: jax.Array) -> None:
    with pytest.raises(TrainingDiverged, match=sentence) as caught:
        fit(SIM, loss, ADAM, samples(), key=key, **SETTINGS)
    assert "narrower surrogate gradient or detach_reset" in str(caught.value)
    if "parameter" in sentence:
        assert caught.value.variable in SIM.init(key).params
        assert caught.value.group == caught.value.variable.rpartition(".")[0]


def test_a_refused_gradient_is_no_divergence(key: jax.Array) -> None:
    optimizer = optax.apply_if_finite(optax.sgd(0.1), 1000)
    result = fit(SIM, undefined, optimizer, samples(), key=key, **SETTINGS)
    np.testing.assert_array_equal(result.params["synapses.weight"], SIM.init(initial_key(key)).params["synapses.weight"])


def test_a_gradient_that_grows_through_time_is_named(key: jax.Array) -> None:
    """A recurrent group with a wide surrogate: each step back multiplies by far more than 1."""
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="constant_current")
        hidden = sj.NeuronGroup(8, model="lif", surrogate=sj.surrogate.AtanGrad(alpha=2.0))
        sj.Connection(image, hidden, name="into", w_std=0.5)
        sj.Connection(hidden, hidden, name="loop", w_std=20.0)
        out = sj.NeuronGroup(3, model="leaky_integrator")
        sj.Connection(hidden, out, name="readout")
        sj.Decoder(dec_target=out, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1: the gradient of parameter '(into|loop).weight'") as caught:
        fit(sim, "membrane_cross_entropy", ADAM, samples(), key=key, **SETTINGS | {"steps": 60})
    assert caught.value.group in ("into", "loop")
