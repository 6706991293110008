"""Losses and metrics: against float64 NumPy, their edges and their error sentences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaic_jax.train import losses, regularisers
from spaic_jax.train.labels import check_labels
from spaic_jax.train.losses import (
    LOSSES,
    count_cross_entropy,
    count_mse,
    latency_cross_entropy,
    membrane_cross_entropy,
    rate_cross_entropy,
    resolve_loss,
    step_cross_entropy,
)
from spaic_jax.train.metrics import accuracy, confusion_matrix
from spaic_jax.train.regularisers import REGULARISERS, rate_regulariser_lower, rate_regulariser_upper

B, C, T = 5, 4, 7
LABELS = np.array([0, 3, 1, 1, 2])
LABELLED = {
    "count_cross_entropy": count_cross_entropy,
    "rate_cross_entropy": rate_cross_entropy,
    "membrane_cross_entropy": membrane_cross_entropy,
    "latency_cross_entropy": latency_cross_entropy,
    "count_mse": lambda counts, labels: count_mse(counts, labels, steps=T),
}
labelled = pytest.mark.parametrize("loss", LABELLED.values(), ids=LABELLED)


@pytest.fixture(autouse=True, scope="module")
def strict():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


def counts(seed=0):
    return np.random.default_rng(seed).integers(0, T + 1, (B, C)).astype(np.float32)


def cross_entropy(logits, labels):
    z = np.asarray(logits, np.float64)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


# Losses against NumPy.


@settings(deadline=None, max_examples=10)
@given(
    values=st.lists(st.integers(0, 200), min_size=B * C, max_size=B * C),
    labels=st.lists(st.integers(0, C - 1), min_size=B, max_size=B),
)
def test_cross_entropies(values, labels):
    n = np.reshape(values, (B, C)).astype(np.float32)
    y = np.asarray(labels)
    expected = cross_entropy(n, y)
    got = count_cross_entropy(n, y)
    assert got.shape == () and got.dtype == jnp.float32
    # Numbers of float32 near 200 are 1.5e-5 apart.
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=3e-5)
    rate = rate_cross_entropy(n / 200, y, scale=200)
    np.testing.assert_allclose(rate, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(membrane_cross_entropy(n, y), got)


def test_rate_scale():
    rates = counts() / T
    np.testing.assert_allclose(
        rate_cross_entropy(rates, LABELS),
        cross_entropy(10.0 * rates, LABELS),
        rtol=1e-5,
    )
    perfect = np.eye(C, dtype=np.float32)[LABELS]
    assert float(rate_cross_entropy(perfect, LABELS)) < 1e-3
    assert float(rate_cross_entropy(perfect, LABELS, scale=1)) > 0.7


@pytest.mark.parametrize(
    ("reduce", "numpy"),
    [
        ("max", lambda v: v.max(0)),
        ("mean", lambda v: v.mean(0)),
        ("last", lambda v: v[-1]),
    ],
)
def test_membrane_reduces_time(reduce, numpy):
    v = np.random.default_rng(1).normal(size=(T, B, C)).astype(np.float32)
    np.testing.assert_allclose(
        membrane_cross_entropy(v, LABELS, reduce=reduce),
        cross_entropy(numpy(v), LABELS),
        rtol=1e-5,
    )


def test_count_mse():
    n = counts()
    target = np.full((B, C), T * 0.1)
    target[np.arange(B), LABELS] = T * 0.7
    got = count_mse(n, LABELS, steps=T, correct=0.7, incorrect=0.1)
    np.testing.assert_allclose(got, np.mean((n - target) ** 2), rtol=1e-5)
    perfect = np.full((B, C), 2.0, np.float32)
    perfect[np.arange(B), LABELS] = 8.0
    assert float(count_mse(perfect, LABELS, steps=10)) < 1e-10


def test_regularisers():
    rates = np.random.default_rng(2).uniform(0, 1, (B, 6)).astype(np.float32)
    mean = rates.astype(np.float64).mean(0)
    for limit in (0, 0.4, 0.6):
        upper = np.mean(np.maximum(mean - limit, 0) ** 2)
        lower = np.mean(np.maximum(limit - mean, 0) ** 2)
        got = rate_regulariser_upper(rates, limit=limit)
        assert got.shape == () and got.dtype == jnp.float32
        np.testing.assert_allclose(got, upper, rtol=1e-5, atol=1e-9)
        got = rate_regulariser_lower(rates.reshape(B, 2, 3), limit=limit)
        np.testing.assert_allclose(got, lower, rtol=1e-5, atol=1e-9)


def test_silent_neurons_are_pushed_up_and_busy_ones_down():
    rates = np.zeros((B, 6), np.float32)
    rates[:, 1] = 0.9
    up = np.asarray(jax.grad(lambda r: rate_regulariser_lower(r, limit=0.1))(rates))
    down = np.asarray(jax.grad(lambda r: rate_regulariser_upper(r, limit=0.5))(rates))
    assert (up[:, 0] < 0).all() and (up[:, 1] == 0).all()
    assert (down[:, 1] > 0).all() and (down[:, 0] == 0).all()


# Class probabilities.


def test_class_probabilities_are_what_their_formulas_say():
    rng = np.random.default_rng()
    p, n = rng.dirichlet(np.ones(C), B), rng.normal(size=(B, C)) + 3
    log_p = n - np.log(np.exp(n).sum(1, keepdims=True))
    for smoothing in (0.0, 0.1):
        expected = -np.mean((((1 - smoothing) * p + smoothing / C) * log_p).sum(1))
        for values in (n, np.stack([n - 1, n])):
            loss = count_cross_entropy if values.ndim == 2 else membrane_cross_entropy
            np.testing.assert_allclose(loss(values, p, label_smoothing=smoothing), expected, rtol=1e-5)
        every = step_cross_entropy(np.stack([n, n]), p, label_smoothing=smoothing, lengths=jnp.array([1, 2, 2, 1, 2], jnp.int32))
        weight = np.array([1, 2, 2, 1, 2]) / 8
        np.testing.assert_allclose(every, -(((1 - smoothing) * p + smoothing / C) * log_p).sum(1) @ weight, rtol=1e-5)
    np.testing.assert_allclose(rate_cross_entropy(n, p, scale=1.0), -np.mean((p * log_p).sum(1)), rtol=1e-5)
    np.testing.assert_allclose(count_mse(n, p, steps=10), np.mean((n - (2 + 6 * p)) ** 2), rtol=1e-5)
    late = np.mean((p * np.expm1(-n / 6.4)).sum(1))
    expected = late * 0.5 - np.mean((p * (n / 2 - np.log(np.exp(n / 2).sum(1, keepdims=True)))).sum(1))
    np.testing.assert_allclose(latency_cross_entropy(n, p, tau=2.0, late=0.5), expected, rtol=1e-5)


@labelled
def test_probabilities_of_one_class_are_its_label(loss):
    n, of_one = counts(3) / T, np.eye(C, dtype=np.float32)[LABELS]
    (one, slope), (two, other) = (jax.jit(jax.value_and_grad(loss))(n, labels) for labels in (LABELS, of_one))
    np.testing.assert_allclose(one, two, rtol=1e-6)
    np.testing.assert_allclose(slope, other, rtol=1e-5, atol=1e-7)
    # What are no probabilities shows, and does not teach.
    for wrong in (0.5 * of_one, of_one - np.float32(0.5) + np.float32(0.125), np.full((B, C), np.nan, np.float32)):
        value, slope = jax.jit(jax.value_and_grad(loss))(n, wrong)
        assert np.isnan(value) and not np.any(slope)


def test_metrics_take_the_most_probable_class():
    rng = np.random.default_rng()
    p, n = rng.dirichlet(np.ones(C), B), rng.normal(size=(B, C))
    assert accuracy(n, p) == accuracy(n, p.argmax(1))
    np.testing.assert_array_equal(confusion_matrix(n, p, C), confusion_matrix(n, p.argmax(1), C))
    p[0, 0] = np.nan
    assert confusion_matrix(n, p, C).sum() == B - 1


# Properties of every labelled loss.


@labelled
def test_under_jit_with_gradient(loss):
    n = counts(3) / T
    step = jax.jit(jax.value_and_grad(loss))
    value, grad = step(n, LABELS)
    np.testing.assert_allclose(value, loss(n, LABELS), rtol=1e-6)
    assert grad.shape == n.shape and np.isfinite(grad).all()
    right = np.asarray(grad)[np.arange(B), LABELS]
    assert (right < 0).all()  # more of the right class lowers every one of them
    # Huge scores stay finite.
    value, grad = step(counts() * np.float32(1e4), LABELS)
    assert np.isfinite(value) and np.isfinite(grad).all()
    # A label out of range shows, and does not teach.
    for label in (-1, C, 200):
        value, grad = step(n, np.array([0, 1, label, 2, 3]))
        assert np.isnan(value)
        np.testing.assert_array_equal(grad, np.zeros((B, C)))


@labelled
def test_dtypes(loss):
    expected = loss(counts(), LABELS)
    for dtype in ("int32", "uint8", "bfloat16", "float16"):
        got = loss(jnp.asarray(counts()).astype(dtype), LABELS)
        assert got.dtype == jnp.float32
        np.testing.assert_allclose(got, expected, rtol=1e-6)
    for dtype in ("int8", "uint8", "int64"):
        np.testing.assert_array_equal(loss(counts(), LABELS.astype(dtype)), expected)


# Errors.

ONE = np.zeros((B, C), np.float32)


@labelled
@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (ONE[0], LABELS, "of shape [4], but needs [B, C]"),
        (ONE[:, :1], LABELS, "of shape [5, 1], but needs at least one sample and two"),
        (ONE, LABELS.astype(np.float32), "labels of dtype float32, but needs integers"),
        (ONE, np.eye(C)[LABELS].astype(int), "labels of shape [5, 4], but needs [5], one class"),
        (ONE, np.eye(C + 1)[LABELS], "class probabilities of shape [5, 5], but needs [5, 4], one for each class"),
        (ONE, LABELS > 1, "labels of dtype bool, but needs integers"),
        (
            ONE,
            LABELS[:3],
            "labels of shape [3], but needs [5], one class index for each",
        ),
        (ONE, LABELS[:, None], "labels of shape [5, 1], but needs [5]"),
        (ONE.astype(np.complex64), LABELS, "complex64, but needs real numbers."),
    ],
)
def test_bad_input_at_trace(loss, values, labels, message):
    with pytest.raises(ValueError) as error:
        jax.jit(loss)(values, labels)
    assert message in str(error.value)
    assert "_cross_entropy got" in str(error.value) or "count_mse got" in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rate_cross_entropy(ONE, LABELS, scale=0), "scale must be a positive, finite number, got 0."),
        (lambda: rate_cross_entropy(ONE, LABELS, scale="1"), "scale must be a positive, finite number, got '1'."),
        (lambda: membrane_cross_entropy(ONE, LABELS, reduce="maximum"),
         "membrane_cross_entropy: unknown reduce 'maximum': did you mean 'max'?"),
        (lambda: membrane_cross_entropy(ONE[None, None], LABELS),
         "shape [1, 1, 5, 4], but needs [B, C] or [T, B, C]."),
        (lambda: membrane_cross_entropy(ONE[None][:0], LABELS), "shape [0, 5, 4]"),
        (lambda: count_mse(ONE, LABELS, steps=2.5), "steps must be a positive whole number, got 2.5."),
        (lambda: count_mse(ONE, LABELS, steps=0), "steps must be a positive whole number, got 0."),
        (lambda: count_mse(ONE, LABELS, steps=9, correct=0.1),
         "incorrect (spikes per step of the others) must be a finite number of at least 0 and below 0.1, got 0.2."),
        (lambda: rate_regulariser_upper(ONE[0], limit=0.1),
         "rate_regulariser_upper got rates of shape [4], but needs [B, n]"),
        (lambda: rate_regulariser_lower(ONE, limit=-1.0),
         "rate_regulariser_lower: limit must be a finite number of at least 0, got -1.0."),
        (lambda: rate_regulariser_lower(ONE, limit="x"), "limit must be a finite number of at least 0, got 'x'."),
        (lambda: resolve_loss("count_msee"),
         "unknown loss 'count_msee': did you mean 'count_mse'?"),
        (lambda: resolve_loss(None), "unknown loss None"),
        (lambda: check_labels([0, -1, 7], 3),
         "labels[1] is -1, but needs to be in 0 ... 2 for 3 classes."),
        (lambda: check_labels([0.0, 1.0], 3), "labels are float64 of shape [2]"),
        (lambda: check_labels([[[0, 1]]], 3), "labels are int64 of shape [1, 1, 2]"),
        (lambda: check_labels([[0, -1], [2, -2]], 3), "labels[1, 1] is -2, but needs to be in 0 ... 2 for 3 classes, or -1 where"),
        (lambda: check_labels([[0, -1], [2, -1]], 3), "labels[:, 1] are all -1, so that no step of this sample is looked at"),
        (lambda: check_labels([0], 0), "classes must be a positive whole number, got 0."),
        (lambda: accuracy(ONE[0], LABELS), "accuracy got scores of shape [4]"),
        (lambda: accuracy(ONE, LABELS[:2]), "accuracy got labels of shape [2]"),
        (lambda: accuracy(ONE, LABELS, np.ones(2)), "accuracy got weights of shape [2]"),
        (lambda: confusion_matrix(ONE, LABELS, 3),
         "float32 and shape [5, 4], but needs integers [B] or scores [B, 3]."),
        (lambda: confusion_matrix(ONE[:, 0], LABELS, 4), "float32 and shape [5], but"),
        (lambda: confusion_matrix(LABELS, LABELS, True), "classes must be a positive whole number, got True."),
    ],
)  # fmt: skip
def test_error_sentences(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)


def test_check_labels_returns_int32():
    got = check_labels(jnp.array([2, 0, 1]), 3)
    assert isinstance(got, np.ndarray) and got.dtype == np.int32
    np.testing.assert_array_equal(got, [2, 0, 1])
    assert check_labels(np.zeros(0, int), 3).shape == (0,)


# Tables.


def test_tables_hold_every_public_loss():
    assert set(LOSSES) == set(losses.__all__) - {"resolve_loss", "reads", "LOSSES"}
    for name, function in {**LOSSES, **REGULARISERS}.items():
        assert function is getattr(losses if name in LOSSES else regularisers, name)
        assert resolve_loss(name.upper()) is function
    assert set(LABELLED) | {"step_cross_entropy", "mean_squared_error"} == set(LOSSES)


def test_latency_cross_entropy_is_its_formula():
    times = np.random.default_rng(3).uniform(0.0, 20.0, (B, C))
    right = times[np.arange(B), LABELS]
    expected = np.log(np.exp(-times / 2.0).sum(1)) + right / 2.0 + 0.1 * (np.exp(right / 5.0) - 1)
    loss = latency_cross_entropy(jnp.asarray(-times, jnp.float32), LABELS, tau=2.0, late=0.1, tau_late=5.0)
    np.testing.assert_allclose(loss, expected.mean(), rtol=1e-5)
    for wrong in ({"tau": 0.0}, {"late": -1.0}, {"tau_late": np.inf}):
        with pytest.raises(ValueError, match=f"latency_cross_entropy: {next(iter(wrong))}"):
            latency_cross_entropy(counts(), LABELS, **wrong)


def test_resolve_binds_parameters():
    bound = resolve_loss("count_mse", steps=T)
    np.testing.assert_array_equal(bound(counts(), LABELS), count_mse(counts(), LABELS, steps=T))
    assert resolve_loss(accuracy) is accuracy


# Metrics.


@settings(deadline=None, max_examples=10)
@given(
    values=st.lists(st.integers(0, 3), min_size=B * C, max_size=B * C),
    labels=st.lists(st.integers(0, C - 1), min_size=B, max_size=B),
)
def test_metrics_against_numpy(values, labels):
    scores, y = np.reshape(values, (B, C)).astype(np.float32), np.asarray(labels)
    answer = scores.argmax(1)  # NumPy too takes the lowest index of equal scores
    np.testing.assert_allclose(accuracy(scores, y), np.mean(answer == y), rtol=1e-6)
    weights = np.arange(B).astype(np.float32)
    np.testing.assert_allclose(
        accuracy(scores, y, weights),
        np.average(answer == y, weights=weights),
        rtol=1e-6,
    )
    expected = np.zeros((C, C), np.int32)
    np.add.at(expected, (y, answer), 1)
    for predictions in (scores, scores.astype(np.int32), answer):
        got = confusion_matrix(predictions, y, C)
        assert got.dtype == jnp.int32
        np.testing.assert_array_equal(got, expected)


def test_ties_and_silence_answer_the_lowest_class():
    silent = np.zeros((B, C), np.float32)
    assert float(accuracy(silent, LABELS)) == pytest.approx(0.2)
    assert confusion_matrix(silent, LABELS, C)[:, 0].tolist() == [1, 2, 1, 1]


def test_nan_scores_are_never_right():
    scores = np.eye(C, dtype=np.float32)[LABELS]
    scores[0, 0] = np.nan
    assert float(accuracy(scores, LABELS)) == pytest.approx(0.8)
    assert float(accuracy(scores, np.array([-1, 3, 1, 1, 2]))) == pytest.approx(0.8)
    assert confusion_matrix(scores, LABELS, C).tolist() == np.diag([0, 2, 1, 1]).tolist()


def test_padding():
    scores = np.eye(C, dtype=np.float32)[LABELS]
    labels = np.array([0, 3, 1, -1, C])
    weights = np.array([1, 1, 1, 0, 0], np.float32)
    assert float(accuracy(scores, labels, weights)) == 1.0
    assert np.isnan(accuracy(scores, labels, weights * 0))
    assert int(confusion_matrix(scores, labels, C).sum()) == 3
    assert int(confusion_matrix(np.array([0, C, -1, 1, 0]), labels, C).sum()) == 1


def test_metrics_under_jit():
    scores = counts()
    assert float(jax.jit(accuracy)(scores, LABELS)) == float(accuracy(scores, LABELS))
    jitted = jax.jit(confusion_matrix, static_argnums=2)
    np.testing.assert_array_equal(jitted(scores, LABELS, C), confusion_matrix(scores, LABELS, C))
