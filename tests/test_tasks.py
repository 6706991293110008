"""What a network is held to: labels of samples and of steps, targets, and losses that see the run."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data import Dataset
from spaic_jax.train import evaluate, fit, mean_squared_error, membrane_cross_entropy, step_cross_entropy
from spaic_jax.train.prepare import prepare

T, N, C = 9, 20, 3
RNG = np.random.default_rng(1)
LABELS = RNG.integers(0, C, N)
SPIKES = (RNG.random((T, N, 4)) < 0.1 + 0.6 * np.eye(C, 4)[LABELS]).astype(np.float32)
EACH = np.where(RNG.random((T, N)) < 0.3, -1, RNG.integers(0, C, (T, N)))
TARGETS = RNG.normal(size=(T, N, C))
DATA = Dataset({"cue": SPIKES}, LABELS)


def network() -> sj.Network:
    with sj.Network() as net:
        cue = sj.Encoder(num=4, coding_method="null")
        layer = sj.NeuronGroup(C, model="leaky_integrator")
        sj.Connection(cue, layer, name="synapses", w_std=0.4)
        sj.Decoder(dec_target=layer, coding_method="v_t", name="every")
        sj.Decoder(dec_target=layer, coding_method="mean_voltage", name="mean")
        sj.StateMonitor(layer, "V", name="seen")
    return net


SIM = sj.build(network(), dt=1.0)
SETTINGS: dict[str, Any] = {"epochs": 2, "batch_size": 20, "progress": False, "decoder": "every"}
STILL = optax.sgd(0.0)


def traces(variables: Any, data: Dataset = DATA) -> np.ndarray:
    """The potentials, by a loop of its own, [T, N, C]."""
    weight, v, rows = np.asarray(variables["synapses.weight"], np.float64), 0.0, []
    for spikes in np.asarray(data.inputs["cue"], np.float64):
        v = np.exp(-1 / 8) * v + spikes @ weight.T
        rows.append(v)
    return np.stack(rows)


def logs(scores: np.ndarray) -> np.ndarray:
    return scores - np.log(np.exp(scores).sum(-1, keepdims=True))


@pytest.mark.parametrize("reduce", ["max", "mean", "last"])
def test_answers_are_read_as_the_loss_reads_them(key: jax.Array, reduce: str) -> None:
    loss = functools.partial(membrane_cross_entropy, reduce=reduce)
    result = fit(SIM, loss, STILL, DATA, test=DATA, key=key, **SETTINGS)
    v = traces(result.variables)
    scores = {"max": v.max(0), "mean": v.mean(0), "last": v[-1]}[reduce]
    row = result.history[0]
    assert row["accuracy"] == row["test_accuracy"] == pytest.approx((scores.argmax(1) == LABELS).mean())
    assert row["loss"] == pytest.approx(-logs(scores)[np.arange(N), LABELS].mean(), rel=1e-5)
    assert row["test_loss"] == pytest.approx(row["loss"], rel=1e-6)
    tested = evaluate(SIM, result.variables, DATA, batch_size=8, loss=loss, decoder="every")
    np.testing.assert_array_equal(tested.predictions, scores.argmax(1))
    assert tested.measures == {"accuracy": pytest.approx(row["accuracy"])}


def test_labels_of_each_step(key: jax.Array) -> None:
    data = dataclasses.replace(DATA, labels=EACH)
    result = fit(SIM, "step_cross_entropy", STILL, data, test=data, key=key, **SETTINGS)
    v, seen = traces(result.variables), EACH >= 0
    each = np.take_along_axis(logs(v), np.maximum(EACH, 0)[..., None], 2)[..., 0]
    row = result.history[0]
    assert row["loss"] == pytest.approx(-each[seen].mean(), rel=1e-5)
    assert row["accuracy"] == pytest.approx((v.argmax(2) == EACH)[seen].mean())
    assert row["test_loss"] == pytest.approx(row["loss"], rel=1e-6)
    tested = evaluate(SIM, result.variables, data, batch_size=7, decoder="every")
    np.testing.assert_array_equal(tested.predictions, v.argmax(2))
    assert tested.loss is None and tested.accuracy == pytest.approx(row["accuracy"])
    learned = fit(SIM, "step_cross_entropy", optax.adam(0.1), data, key=key, **SETTINGS | {"epochs": 30})
    assert learned.history[-1]["loss"] < 0.9 * row["loss"]


@pytest.mark.parametrize("decoder", ["every", "mean"])
def test_targets_are_regressed(key: jax.Array, decoder: str) -> None:
    targets = TARGETS if decoder == "every" else TARGETS[0]
    data = dataclasses.replace(DATA, labels=targets)
    result = fit(SIM, "mean_squared_error", STILL, data, test=data, key=key, **SETTINGS | {"decoder": decoder})
    v = traces(result.variables)
    output = v if decoder == "every" else v.mean(0)
    error = ((output - targets) ** 2).mean()
    assert set(result.history[0]) == {"epoch", "loss", "test_loss", "test_mean_squared_error", "test_r2", "seconds"}
    tested = evaluate(SIM, result.variables, data, batch_size=6, decoder=decoder)
    assert tested.accuracy is None and tested.loss is None
    assert tested.mean_squared_error == pytest.approx(error, rel=1e-5) == result.history[0]["loss"]
    over = (0, 1) if decoder == "every" else 0
    assert tested.r2 == pytest.approx(1 - ((output - targets) ** 2).sum() / ((targets - targets.mean(over)) ** 2).sum(), rel=1e-5)
    np.testing.assert_allclose(tested.predictions, output, rtol=1e-5, atol=1e-6)


def test_a_loss_may_see_the_run(key: jax.Array) -> None:
    def loss(output: jax.Array, labels: jax.Array, *, result: sj.Result, weight: float) -> jax.Array:
        return weight * (result.probes["seen"] ** 2).mean() + 0 * output.sum()

    bound = functools.partial(loss, weight=2.0)
    result = fit(SIM, bound, STILL, DATA, key=key, **SETTINGS | {"decoder": "mean"})
    v = traces(result.variables)
    assert result.history[0]["loss"] == pytest.approx(2 * (v**2).mean(), rel=1e-5)
    # The last batch of 20 samples in batches of 8 has 4, and none of them twice.
    tested = evaluate(SIM, result.variables, DATA, batch_size=8, loss=bound, decoder="mean")
    assert tested.loss == pytest.approx(2 * (v**2).mean(), rel=1e-5)
    learned = fit(SIM, bound, optax.adam(0.05), DATA, key=key, **SETTINGS | {"decoder": "mean", "epochs": 20})
    assert learned.history[-1]["loss"] < 0.5 * result.history[0]["loss"]


@pytest.mark.parametrize(
    "labels, loss, decoder, sentence",
    [
        (LABELS, "count_cross_entropy", "every", r"'every' gives \[T, B, 3\], but one label a sample needs \[B, C\]"),
        (EACH, "step_cross_entropy", "mean", r"such as coding_method=\"v_t\" gives, but decoder 'mean' gives \[B, 3\]"),
        (EACH[1:], "step_cross_entropy", "every", r"labels of shape \(8, 20\) are one for each step, \[T=9, N\]"),
        (EACH + 2, "step_cross_entropy", "every", r"labels\[.*\] is .*, but needs to be in 0 ... 2 for 3 classes, or -1"),
        (np.where(np.arange(N) == 4, -1, EACH), "step_cross_entropy", "every", r"labels\[:, 4\] are all -1"),
        (TARGETS[0], "mean_squared_error", "every", r"targets to regress, but decoder 'every' gives \[T, B, 3\].*\(9, 20, 3\)"),
        (TARGETS, "mean_squared_error", "mean", r"gives \[B, 3\], so that they need shape \(20, 3\)"),
        (TARGETS[0, :, 0], "mean_squared_error", "mean", r"float64 of shape \(20,\).*\(20, 3\); class indices are integers"),
        (LABELS, "mean_squared_error", "mean", r"an output of shape \[1, 3\] and targets of shape \[1\]"),
        (TARGETS[0], "count_cross_entropy", "mean", "count_cross_entropy needs classes, but the labels are targets to regress"),
    ],
)
def test_what_does_not_fit(labels: Any, loss: str, decoder: str, sentence: str, key: jax.Array) -> None:
    with pytest.raises(ValueError, match=sentence):
        fit(SIM, loss, STILL, Dataset({"cue": SPIKES}, labels), key=key, **SETTINGS | {"decoder": decoder})


def test_the_test_data_have_labels_of_the_same_kind() -> None:
    task, _ = prepare(SIM, dataclasses.replace(DATA, labels=EACH), loss="step_cross_entropy", decoder="every")
    for labels in (LABELS, TARGETS):
        with pytest.raises(ValueError, match=r"the test data: the labels are .*, but those of the training data are integers \[T, N\]"):
            task.arrays(dataclasses.replace(DATA, labels=labels), "the test data")
    task, _ = prepare(SIM, dataclasses.replace(DATA, labels=TARGETS), loss="mean_squared_error", decoder="every")
    with pytest.raises(ValueError, match="are targets to regress"):
        task.arrays(DATA, "the test data")
    with pytest.raises(ValueError, match=r"the test data: the labels are .*need shape \(9, 20, 3\)"):
        task.arrays(dataclasses.replace(DATA, labels=TARGETS[0]), "the test data")


def test_as_many_steps_as_samples(key: jax.Array) -> None:
    """What the shapes do not tell a data set, the network tells."""
    square = Dataset({"cue": SPIKES[:, :T]}, EACH[:, :T])
    result = fit(SIM, step_cross_entropy, STILL, square, key=key, **SETTINGS | {"batch_size": T})
    each = np.take_along_axis(logs(traces(result.variables, square)), np.maximum(square.labels, 0)[..., None], 2)[..., 0]
    assert result.history[0]["loss"] == pytest.approx(-each[square.labels >= 0].mean(), rel=1e-5)


def test_one_step_is_a_sequence_too(key: jax.Array) -> None:
    data = Dataset({"cue": SPIKES[:1]}, TARGETS[:1])
    result = fit(SIM, mean_squared_error, STILL, data, key=key, **SETTINGS)
    error = ((traces(result.variables, data) - TARGETS[:1]) ** 2).mean()
    assert result.history[0]["loss"] == pytest.approx(error, rel=1e-5)
    assert jnp.isfinite(result.history[0]["loss"])
