"""Losses on what decoders return, and regularisers of activity.

All are pure, return a float32 scalar and may be differentiated. Shapes: ``B`` samples,
``C`` classes, ``T`` steps, ``n`` neurons. Labels are integers ``[B]`` in 0 ... C-1. Their
values cannot be checked under ``jax.jit``, so a label out of range makes the loss NaN,
with a gradient of 0, rather than a plausible number; on the host use
:func:`check_labels`, which names the label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike

from spaic_jax._errors import unknown

__all__ = [
    "LOSSES",
    "REGULARISERS",
    "check_labels",
    "count_cross_entropy",
    "count_mse",
    "membrane_cross_entropy",
    "rate_cross_entropy",
    "rate_regulariser_lower",
    "rate_regulariser_upper",
    "resolve_loss",
]


def count_cross_entropy(counts: ArrayLike, labels: ArrayLike) -> jax.Array:
    r"""Softmax cross entropy with spike counts as logits.

        loss = mean_b [ log sum_c exp(n[b, c]) - n[b, label_b] ]

    Args:
        counts: spike counts ``[B, C]``, any real dtype.
        labels: integers ``[B]``.

    Raises:
        ValueError: if a shape or the dtype of the labels is wrong.

    >>> round(float(count_cross_entropy(jnp.array([[3.0, 0.0]]), jnp.array([0]))), 4)
    0.0486
    """
    return _cross_entropy("count_cross_entropy", "counts", counts, labels)


def rate_cross_entropy(rates: ArrayLike, labels: ArrayLike, *, scale: float = 10.0) -> jax.Array:
    r"""Softmax cross entropy with scaled firing rates as logits.

        loss = mean_b [ log sum_c exp(scale r[b, c]) - scale r[b, label_b] ]

    Rates in 0 ... 1 are weak logits: with ``scale=1`` and ten classes even a perfect
    answer costs log(1 + 9/e) = 1.46. With the default a perfect answer costs 4e-4. With
    ``scale`` equal to the number of steps this is :func:`count_cross_entropy`.

    Args:
        rates: spikes per step ``[B, C]``.
        labels: integers ``[B]``.
        scale: inverse temperature, positive.

    Raises:
        ValueError: if a shape, the dtype of the labels or the scale is wrong.

    >>> round(float(rate_cross_entropy(jnp.array([[0.3, 0.0]]), jnp.array([0]))), 4)
    0.0486
    """
    if not _is_real(scale) or not math.isfinite(scale) or scale <= 0:
        raise ValueError(f"rate_cross_entropy got scale={scale!r}, but needs a positive, finite number.")
    return _cross_entropy("rate_cross_entropy", "rates", rates, labels, float(scale))


def _max_over_time(x: jax.Array) -> jax.Array:
    return jnp.max(x, axis=0)


def _mean_over_time(x: jax.Array) -> jax.Array:
    return jnp.mean(x, axis=0)


def _last_in_time(x: jax.Array) -> jax.Array:
    return x[-1]


_REDUCE: Mapping[str, Callable[[jax.Array], jax.Array]] = MappingProxyType(
    {"max": _max_over_time, "mean": _mean_over_time, "last": _last_in_time}
)


def membrane_cross_entropy(potential: ArrayLike, labels: ArrayLike, *, reduce: str = "max") -> jax.Array:
    r"""Softmax cross entropy with membrane potentials as logits.

        u[b, c] = max_t, mean_t or last_t of V[t, b, c]
        loss    = mean_b [ log sum_c exp(u[b, c]) - u[b, label_b] ]

    Args:
        potential: ``[T, B, C]``, or ``[B, C]`` where time is reduced already (``reduce``
            is then without effect).
        labels: integers ``[B]``.
        reduce: ``"max"`` (steps that share the maximum share its gradient), ``"mean"``
            or ``"last"``.

    Raises:
        ValueError: if a shape, the dtype of the labels or ``reduce`` is wrong.

    >>> potential = jnp.array([[[3.0, 0.0]], [[1.0, 0.0]]])
    >>> round(float(membrane_cross_entropy(potential, jnp.array([0]))), 4)
    0.0486
    >>> round(float(membrane_cross_entropy(potential, jnp.array([0]), reduce="last")), 4)
    0.3133
    """
    name = "membrane_cross_entropy"
    if reduce not in _REDUCE:
        raise ValueError(f"{name}: {unknown('reduce', reduce, _REDUCE)}")
    values = _as_float(name, "potential", potential)
    if values.ndim not in (2, 3) or values.shape[0] == 0:
        raise ValueError(f"{name} got potential of shape {_shape(values)}, but needs [B, C] or [T, B, C].")
    if values.ndim == 3:
        values = _REDUCE[reduce](values)
    return _cross_entropy(name, "potential", values, labels)


def count_mse(
    counts: ArrayLike,
    labels: ArrayLike,
    *,
    steps: int,
    correct: float = 0.8,
    incorrect: float = 0.2,
) -> jax.Array:
    r"""Mean square of spike counts less target counts.

        target[b, c] = steps * (correct if c == label_b else incorrect)
        loss         = mean_{b, c} (n[b, c] - target[b, c])^2

    The unit is spikes squared. For a loss that does not grow with the number of steps,
    divide it by ``steps**2``. Targets of 1 and 0 ask for a spike in every step and for
    silence; the defaults leave neurons that can still learn.

    Args:
        counts: spike counts ``[B, C]``, any real dtype.
        labels: integers ``[B]``.
        steps: number of steps over which spikes were counted, positive.
        correct: wanted spikes per step of the right class, in 0 ... 1.
        incorrect: wanted spikes per step of the others, from 0 to below ``correct``.

    Raises:
        ValueError: if a shape, the dtype of the labels or another argument is wrong.

    >>> counts = jnp.array([[8.0, 1.0]])
    >>> float(count_mse(counts, jnp.array([0]), steps=10))
    0.5
    """
    name = "count_mse"
    if isinstance(steps, bool) or not isinstance(steps, Integral) or steps <= 0:
        raise ValueError(f"{name} got steps={steps!r}, but needs a positive whole number of steps.")
    fractions = _is_real(correct) and _is_real(incorrect)
    if not fractions or not 0 <= incorrect < correct <= 1:
        raise ValueError(
            f"{name} got correct={correct!r} and incorrect={incorrect!r}, but needs "
            "0 <= incorrect < correct <= 1 (spikes per step)."
        )
    logits, index = _pair(name, "counts", counts, labels)
    right = jax.nn.one_hot(index, logits.shape[1], dtype=jnp.float32)
    high, low = float(correct) * int(steps), float(incorrect) * int(steps)
    error = logits - (right * (high - low) + low)
    return _mean_over_batch(jnp.mean(error * error, axis=1), index, logits.shape[1])


def rate_regulariser_upper(rates: ArrayLike, *, limit: float) -> jax.Array:
    r"""Squared hinge on neurons that fire too much.

        loss = mean_i max(0, mean_b r[b, i] - limit)^2

    The activity of a neuron is its mean over the batch, so a neuron may still fire much
    for the few samples it stands for.

    Args:
        rates: activity ``[B, n]`` (or ``[B, ...]``), in any unit.
        limit: activity up to which there is no penalty, in the same unit, finite, >= 0.

    Raises:
        ValueError: if the shape or the limit is wrong.

    >>> rates = jnp.array([[0.5, 0.0], [0.5, 0.2]])
    >>> round(float(rate_regulariser_upper(rates, limit=0.3)), 4)
    0.02
    """
    activity = _activity("rate_regulariser_upper", rates, limit)
    excess = activity - float(limit)
    return jnp.mean(jnp.square(jnp.maximum(excess, 0.0)))


def rate_regulariser_lower(rates: ArrayLike, *, limit: float) -> jax.Array:
    r"""Squared hinge on neurons that fire too little.

        loss = mean_i max(0, limit - mean_b r[b, i])^2

    The activity of a neuron is its mean over the batch, so a neuron may be silent for
    some samples as long as it fires for others.

    Args:
        rates: activity ``[B, n]`` (or ``[B, ...]``), in any unit.
        limit: activity from which there is no penalty, in the same unit, finite, >= 0.

    Raises:
        ValueError: if the shape or the limit is wrong.

    >>> rates = jnp.array([[0.5, 0.0], [0.5, 0.2]])
    >>> round(float(rate_regulariser_lower(rates, limit=0.3)), 4)
    0.02
    """
    activity = _activity("rate_regulariser_lower", rates, limit)
    lack = float(limit) - activity
    return jnp.mean(jnp.square(jnp.maximum(lack, 0.0)))


LOSSES: Mapping[str, Callable[..., jax.Array]] = MappingProxyType(
    {
        "count_cross_entropy": count_cross_entropy,
        "rate_cross_entropy": rate_cross_entropy,
        "membrane_cross_entropy": membrane_cross_entropy,
        "count_mse": count_mse,
    }
)
"""Losses of ``(decoded, labels)`` by name."""

REGULARISERS: Mapping[str, Callable[..., jax.Array]] = MappingProxyType(
    {
        "rate_regulariser_upper": rate_regulariser_upper,
        "rate_regulariser_lower": rate_regulariser_lower,
    }
)
"""Regularisers of ``(rates,)`` by name; apart, since they take no labels."""


def resolve_loss(loss: str | Callable[..., jax.Array], **parameters: Any) -> Callable[..., jax.Array]:
    """The function a name in ``LOSSES`` or ``REGULARISERS`` stands for, in any letter case.

    A function is returned as it is; ``parameters`` are bound to either.

    Raises:
        ValueError: if the name is not known.

    >>> loss = resolve_loss("rate_cross_entropy", scale=20.0)
    >>> round(float(loss(jnp.array([[0.15, 0.0]]), jnp.array([0]))), 4)
    0.0486
    """
    function: Callable[..., jax.Array] | None
    if callable(loss):
        function = loss
    else:
        key = loss.lower() if isinstance(loss, str) else ""
        function = LOSSES.get(key) or REGULARISERS.get(key)
        if function is None:
            raise ValueError(unknown("loss", loss, [*LOSSES, *REGULARISERS]))
    return partial(function, **parameters) if parameters else function


def check_labels(labels: Any, classes: int) -> np.ndarray:
    """Labels as a host array int32 ``[B]``, or a ValueError that names the first bad one.

    For use outside ``jax.jit``, once per data set or batch.

    Args:
        labels: integers ``[B]`` in 0 ... classes - 1.
        classes: number of classes, positive.

    >>> check_labels([0, 2, 1], 3)
    array([0, 2, 1], dtype=int32)
    >>> check_labels([0, 3], 3)
    Traceback (most recent call last):
        ...
    ValueError: labels[1] is 3, but needs to be in 0 ... 2 for 3 classes.
    """
    if isinstance(classes, bool) or not isinstance(classes, Integral) or classes <= 0:
        raise ValueError(f"check_labels got classes={classes!r}, but needs a positive whole number.")
    array = np.asarray(labels)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"labels are {array.dtype} of shape {_shape(array)}, but need to be integers of shape [B].")
    bad = np.flatnonzero((array < 0) | (array >= classes))
    if bad.size:
        raise ValueError(
            f"labels[{bad[0]}] is {array[bad[0]]}, but needs to be in 0 ... {classes - 1} for {classes} classes."
        )
    return array.astype(np.int32)


def label_vector(name: str, labels: ArrayLike, batch: int) -> jax.Array:
    """Labels as int32 ``[B]``, or a ValueError in the name of ``name``, at trace."""
    array = jnp.asarray(labels)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise ValueError(
            f"{name} got labels of dtype {array.dtype}, but needs integers (class indices, not one-hot rows)."
        )
    if array.shape != (batch,):
        raise ValueError(
            f"{name} got labels of shape {_shape(array)}, but needs [{batch}], one class index for each sample."
        )
    return array.astype(jnp.int32)


def _shape(array: Any) -> str:
    return str(list(array.shape))


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _as_float(name: str, what: str, values: ArrayLike) -> jax.Array:
    array = jnp.asarray(values)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"{name} got {what} of dtype {array.dtype}, but needs real numbers.")
    return array.astype(jnp.float32)


def _pair(name: str, what: str, values: ArrayLike, labels: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Values as float32 ``[B, C]`` and labels as int32 ``[B]``."""
    array = _as_float(name, what, values)
    if array.ndim != 2:
        raise ValueError(f"{name} got {what} of shape {_shape(array)}, but needs [B, C].")
    batch, classes = array.shape
    if batch == 0 or classes < 2:
        raise ValueError(f"{name} got {what} of shape {_shape(array)}, but needs at least one sample and two classes.")
    return array, label_vector(name, labels, batch)


def _mean_over_batch(losses: jax.Array, index: jax.Array, classes: int) -> jax.Array:
    # JAX would read label -1 as the last class, and a one-hot row of a label too large
    # is all zero: both give a plausible, wrong loss. NaN shows in the health of a run.
    in_range = jnp.all((index >= 0) & (index < classes))
    return jnp.where(in_range, jnp.mean(losses), jnp.nan)


def _cross_entropy(name: str, what: str, values: ArrayLike, labels: ArrayLike, scale: float = 1.0) -> jax.Array:
    logits, index = _pair(name, what, values, labels)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits * scale, index)
    return _mean_over_batch(losses, index, logits.shape[1])


def _activity(name: str, rates: ArrayLike, limit: float) -> jax.Array:
    """Mean over the batch, one number a neuron."""
    if not _is_real(limit) or not math.isfinite(limit) or limit < 0:
        raise ValueError(f"{name} got limit={limit!r}, but needs a finite number >= 0.")
    array = _as_float(name, "rates", rates)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(
            f"{name} got rates of shape {_shape(array)}, but needs [B, n] with at least one sample and one neuron."
        )
    return jnp.mean(array, axis=0)
