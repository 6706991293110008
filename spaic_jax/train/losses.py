"""Losses on what decoders return.

All are pure, return a float32 scalar and may be differentiated. Shapes: ``B`` samples,
``C`` classes, ``T`` steps, ``n`` neurons. Labels are integers ``[B]`` in 0 ... C-1. Their
values cannot be checked under ``jax.jit``, so a label out of range makes the loss NaN,
with a gradient of 0, rather than a plausible number; on the host use
``check_labels``, which names the label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from spaic_jax._errors import unknown
from spaic_jax._numbers import real, whole
from spaic_jax._shapes import Array, Float, Int, Integer, Shaped
from spaic_jax.train.labels import as_float, label_vector, shape_text
from spaic_jax.train.regularisers import REGULARISERS

__all__ = [
    "LOSSES",
    "count_cross_entropy",
    "count_mse",
    "latency_cross_entropy",
    "membrane_cross_entropy",
    "rate_cross_entropy",
    "resolve_loss",
]


def count_cross_entropy(
    counts: Shaped[ArrayLike, "batch classes"], labels: Integer[ArrayLike, "batch"]
) -> Float[Array, ""]:
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


def rate_cross_entropy(
    rates: Shaped[ArrayLike, "batch classes"], labels: Integer[ArrayLike, "batch"], *, scale: float = 10.0
) -> Float[Array, ""]:
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
    scale = real(scale, "rate_cross_entropy: scale", above=0)
    return _cross_entropy("rate_cross_entropy", "rates", rates, labels, scale)


def _max_over_time(x: Float[Array, "time batch classes"]) -> Float[Array, "batch classes"]:
    return jnp.max(x, axis=0)


def _mean_over_time(x: Float[Array, "time batch classes"]) -> Float[Array, "batch classes"]:
    return jnp.mean(x, axis=0)


def _last_in_time(x: Float[Array, "time batch classes"]) -> Float[Array, "batch classes"]:
    return x[-1]


_REDUCE: Mapping[str, Callable[[jax.Array], jax.Array]] = MappingProxyType(
    {"max": _max_over_time, "mean": _mean_over_time, "last": _last_in_time}
)


def membrane_cross_entropy(
    potential: Shaped[ArrayLike, "*steps batch classes"], labels: Integer[ArrayLike, "batch"], *, reduce: str = "max"
) -> Float[Array, ""]:
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
    values = as_float(name, "potential", potential)
    if values.ndim not in (2, 3) or values.shape[0] == 0:
        raise ValueError(f"{name} got potential of shape {shape_text(values)}, but needs [B, C] or [T, B, C].")
    if values.ndim == 3:
        values = _REDUCE[reduce](values)
    return _cross_entropy(name, "potential", values, labels)


def count_mse(
    counts: Shaped[ArrayLike, "batch classes"],
    labels: Integer[ArrayLike, "batch"],
    *,
    steps: int,
    correct: float = 0.8,
    incorrect: float = 0.2,
) -> Float[Array, ""]:
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
    steps = whole(steps, f"{name}: steps")
    correct = real(correct, f"{name}: correct (spikes per step of the right class)", above=0, most=1)
    incorrect = real(incorrect, f"{name}: incorrect (spikes per step of the others)", least=0, below=correct)
    logits, index = _pair(name, "counts", counts, labels)
    right = jax.nn.one_hot(index, logits.shape[1], dtype=jnp.float32)
    high, low = correct * steps, incorrect * steps
    error = logits - (right * (high - low) + low)
    return _mean_over_batch(jnp.mean(error * error, axis=1), index, logits.shape[1])


def latency_cross_entropy(
    scores: ArrayLike, labels: ArrayLike, *, tau: float = 0.5, late: float = 0.003, tau_late: float = 6.4
) -> jax.Array:
    r"""Softmax cross entropy with first spike times: the neuron of the label shall be the first to fire.

        t[b, c] = -scores[b, c]
        loss    = mean_b [ log sum_c exp(-t[b, c] / tau) + t[b, label_b] / tau + late (exp(t[b, label_b] / tau_late) - 1) ]

    The last term asks the neuron of the label to fire early, too. The defaults are those of the paper for the Yin-Yang
    data set.

    Args:
        scores: minus the times of first spikes, ms, ``[B, C]``: what the decoder ``"first_spike_time"`` gives with
            ``scale=-1``.
        labels: integers ``[B]``.
        tau: how far apart times shall be, ms, positive.
        late: weight of the last term, not negative.
        tau_late: its time constant, ms, positive.

    Raises:
        ValueError: if a shape, the dtype of the labels or another argument is wrong.

    Source: Wunderlich and Pehle (2021).

    >>> round(float(latency_cross_entropy(jnp.array([[-4.0, -10.0]]), jnp.array([0]), tau=2.0, late=0.0)), 4)
    0.0486
    """
    name = "latency_cross_entropy"
    tau = real(tau, f"{name}: tau", above=0)
    late = real(late, f"{name}: late", least=0)
    tau_late = real(tau_late, f"{name}: tau_late", above=0)
    values, index = _pair(name, "scores", scores, labels)
    right = jnp.take_along_axis(values, index[:, None], axis=1, mode="clip")[:, 0]
    losses = optax.softmax_cross_entropy_with_integer_labels(values / tau, index)
    return _mean_over_batch(losses + late * jnp.expm1(-right / tau_late), index, values.shape[1])


LOSSES: Mapping[str, Callable[..., jax.Array]] = MappingProxyType(
    {
        "count_cross_entropy": count_cross_entropy,
        "rate_cross_entropy": rate_cross_entropy,
        "membrane_cross_entropy": membrane_cross_entropy,
        "count_mse": count_mse,
        "latency_cross_entropy": latency_cross_entropy,
    }
)
"""Losses of ``(decoded, labels)`` by name."""

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


def _pair(name: str, what: str, values: ArrayLike, labels: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Values as float32 ``[B, C]`` and labels as int32 ``[B]``."""
    array = as_float(name, what, values)
    if array.ndim != 2:
        raise ValueError(f"{name} got {what} of shape {shape_text(array)}, but needs [B, C].")
    batch, classes = array.shape
    if batch == 0 or classes < 2:
        raise ValueError(f"{name} got {what} of shape {shape_text(array)}, but needs at least one sample and two classes.")
    return array, label_vector(name, labels, batch)


def _mean_over_batch(losses: Float[Array, "batch"], index: Int[Array, "batch"], classes: int) -> Float[Array, ""]:
    # JAX would read label -1 as the last class, and a one-hot row of a label too large
    # is all zero: both give a plausible, wrong loss. NaN shows in the health of a run.
    in_range = jnp.all((index >= 0) & (index < classes))
    return jnp.where(in_range, jnp.mean(losses), jnp.nan)


def _cross_entropy(name: str, what: str, values: ArrayLike, labels: ArrayLike, scale: float = 1.0) -> jax.Array:
    logits, index = _pair(name, what, values, labels)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits * scale, index)
    return _mean_over_batch(losses, index, logits.shape[1])


