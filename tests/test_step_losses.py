"""Losses and metrics of every step, with masks and lengths, smoothed labels, and targets to regress: against float64 NumPy."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spaic_jax.train import (
    accuracy,
    count_cross_entropy,
    mean_squared_error,
    membrane_cross_entropy,
    r2,
    rate_cross_entropy,
    reads,
    step_cross_entropy,
)
from spaic_jax.train.losses.base import asked_for, scores_of

T, B, C = 6, 5, 4
RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(T, B, C)).astype(np.float32) - 3
LABELS = RNG.integers(0, C, B)
EACH = np.where(RNG.random((T, B)) < 0.4, -1, RNG.integers(0, C, (T, B)))
LENGTHS = np.array([6, 1, 3, 4, 2])
THERE = np.arange(T)[:, None] < LENGTHS


def logs(scores: Any) -> np.ndarray:
    z = np.asarray(scores, np.float64)
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def entropies(scores: Any, labels: Any, share: float = 0.0) -> np.ndarray:
    """By the targets themselves."""
    target = (1 - share) * np.eye(C)[np.maximum(labels, 0)] + share / C
    return -(target * logs(scores)).sum(-1)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_labels_are_smoothed(share: float) -> None:
    last = SCORES[-1]
    np.testing.assert_allclose(count_cross_entropy(last, LABELS, label_smoothing=share), entropies(last, LABELS, share).mean(), rtol=1e-5)
    rate = rate_cross_entropy(last, LABELS, scale=2.0, label_smoothing=share)
    np.testing.assert_allclose(rate, entropies(2 * last, LABELS, share).mean(), rtol=1e-5)
    membrane = membrane_cross_entropy(SCORES, LABELS, label_smoothing=share)
    np.testing.assert_allclose(membrane, entropies(SCORES.max(0), LABELS, share).mean(), rtol=1e-5)
    seen = EACH >= 0
    step = step_cross_entropy(SCORES, EACH, label_smoothing=share)
    np.testing.assert_allclose(step, entropies(SCORES, EACH, share)[seen].mean(), rtol=1e-5)


@pytest.mark.parametrize("reduce", ["max", "mean", "last"])
def test_scores_over_time_end_with_their_sample(reduce: str) -> None:
    by = {"max": lambda x: x.max(0), "mean": lambda x: x.mean(0), "last": lambda x: x[-1]}[reduce]
    own = np.stack([by(SCORES[:length, b]) for b, length in enumerate(LENGTHS)])
    loss = functools.partial(membrane_cross_entropy, reduce=reduce)
    np.testing.assert_allclose(loss(SCORES, LABELS, lengths=jnp.asarray(LENGTHS)), entropies(own, LABELS).mean(), rtol=1e-5)
    read = scores_of(loss, jnp.asarray(SCORES), jnp.asarray(LENGTHS))
    np.testing.assert_allclose(read, own, rtol=1e-5)
    whole = np.stack([by(SCORES[:, b]) for b in range(B)])
    np.testing.assert_allclose(scores_of(loss, jnp.asarray(SCORES)), whole, rtol=1e-5)
    junk = jnp.asarray(np.where(THERE[..., None], SCORES, 1e4).astype(np.float32))
    slope = jax.grad(lambda x: loss(x, LABELS, lengths=jnp.asarray(LENGTHS)))(junk)
    assert np.isfinite(slope).all() and not np.asarray(slope)[~THERE].any() and np.asarray(slope)[THERE].any()


def test_step_cross_entropy_looks_at_what_is_there() -> None:
    lengths = jnp.asarray(LENGTHS)
    own = [entropies(SCORES[:length, b], LABELS[b]) for b, length in enumerate(LENGTHS)]
    got = step_cross_entropy(SCORES, LABELS, lengths=lengths)
    np.testing.assert_allclose(got, np.concatenate(own).mean(), rtol=1e-5)
    seen = THERE & (EACH >= 0)
    np.testing.assert_allclose(step_cross_entropy(SCORES, EACH, lengths=lengths), entropies(SCORES, EACH)[seen].mean(), rtol=1e-5)
    # The class of a sample is the one that the loss of its steps finds the likeliest.
    means = np.stack([logs(SCORES[:length, b]).mean(0) for b, length in enumerate(LENGTHS)])
    np.testing.assert_allclose(scores_of(step_cross_entropy, jnp.asarray(SCORES), lengths), means, rtol=1e-5)
    assert float(step_cross_entropy(SCORES, np.full((T, B), -1))) == 0
    for wrong in (np.where(EACH < 0, -2, EACH), np.where(EACH == 0, C, EACH), np.where(np.arange(B) == 2, -1, LABELS)):
        value, slope = jax.value_and_grad(step_cross_entropy)(SCORES, wrong)
        assert np.isnan(value) and not np.asarray(slope).any()


def test_mean_squared_error_and_r2() -> None:
    wanted = RNG.normal(size=SCORES.shape) * 2 + np.arange(C)
    error = (SCORES - wanted) ** 2
    np.testing.assert_allclose(mean_squared_error(SCORES, wanted), error.mean(), rtol=1e-5)
    np.testing.assert_allclose(mean_squared_error(SCORES, wanted, lengths=jnp.asarray(LENGTHS)), error[THERE].mean(), rtol=1e-5)
    np.testing.assert_allclose(
        mean_squared_error(SCORES[..., 0], wanted[..., 0], lengths=jnp.asarray(LENGTHS)), error[THERE, 0].mean(), rtol=1e-5
    )
    explained = 1 - error[THERE].sum() / ((wanted - wanted[THERE].mean(0)) ** 2)[THERE].sum()
    np.testing.assert_allclose(r2(SCORES, wanted, THERE.astype(np.float32)), explained, rtol=1e-5)
    explained = 1 - error[0].sum() / ((wanted[0] - wanted[0].mean(0)) ** 2).sum()
    np.testing.assert_allclose(r2(SCORES[0], wanted[0]), explained, rtol=1e-5)


def test_accuracy_of_steps_leaves_out_what_is_not_looked_at() -> None:
    seen = EACH >= 0
    right = SCORES.argmax(-1) == EACH
    np.testing.assert_allclose(accuracy(SCORES, EACH), right[seen].mean(), rtol=1e-6)
    np.testing.assert_allclose(accuracy(SCORES, EACH, THERE.astype(np.float32)), right[seen & THERE].mean(), rtol=1e-6)
    broken = SCORES.copy()
    broken[right & seen] = np.nan
    assert float(accuracy(broken, EACH)) == 0


def test_a_loss_is_given_what_it_asks_for_by_name() -> None:
    offers = {"result": 1, "lengths": 2}

    def loss(output: Any, labels: Any, *, result: Any, weight: float = 1.0) -> Any:
        return result

    class Object:
        def __call__(self, output: Any, labels: Any, *, lengths: Any) -> Any:
            return lengths

        def scores(self, output: jax.Array) -> jax.Array:
            return output[0]

    def positional(result: Any, lengths: Any) -> Any:
        return result

    cases: list[tuple[Callable[..., Any], set[str]]] = [
        (loss, {"result"}), (functools.partial(loss, weight=2.0), {"result"}), (functools.partial(loss, result=3), set()),
        (jax.jit(loss), {"result"}), (Object(), {"lengths"}), (positional, set()), (max, set()),
        (membrane_cross_entropy, {"lengths"}),
    ]  # fmt: skip
    for function, names in cases:
        assert set(asked_for(function, offers)) == names
    assert scores_of(Object(), jnp.asarray(SCORES)).shape == (B, C)  # type: ignore[union-attr]
    assert scores_of(loss, jnp.asarray(SCORES)) is scores_of(None, jnp.asarray(SCORES)) is None
    decorated = reads(lambda output, *, power=1: output.sum(0) ** power)(lambda output, labels, *, power=1: output.sum())
    read = scores_of(functools.partial(decorated, power=2), jnp.asarray(SCORES))
    np.testing.assert_allclose(read, SCORES.sum(0) ** 2, rtol=1e-5)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: step_cross_entropy(SCORES[0], LABELS), r"scores of shape \[5, 4\], but needs \[T, B, C\]"),
        (lambda: step_cross_entropy(SCORES, EACH[1:]), r"labels of shape \[5, 5\], but needs \[6, 5\].*or \[5\], one for each"),
        (lambda: step_cross_entropy(SCORES, EACH.astype(float)), r"class probabilities of shape \[6, 5\], but needs \[5, 4\]"),
        (lambda: step_cross_entropy(SCORES, LABELS.astype(float)), "labels of dtype float.., but needs integers"),
        (lambda: step_cross_entropy(SCORES, EACH, label_smoothing=1.0), "step_cross_entropy: label_smoothing must be"),
        (lambda: count_cross_entropy(SCORES[0], LABELS, label_smoothing=-0.1), "count_cross_entropy: label_smoothing must be"),
        (lambda: mean_squared_error(SCORES, SCORES[0]), r"an output of shape \[6, 5, 4\] and targets of shape \[5, 4\]"),
        (lambda: r2(SCORES, SCORES, np.ones(B)), r"weights of shape \[5\]"),
        (lambda: accuracy(SCORES, LABELS), r"accuracy got labels of shape \[5\], but needs \[6, 5\]"),
        (lambda: accuracy(SCORES, EACH, np.ones(B)), r"weights of shape \[5\], but needs \[6, 5\], one for each step"),
    ],
)
def test_error_sentences(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()
