"""Regularisers of activity: what a network pays for firing too much or too little."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Shaped
from spaic_jax.train.labels import as_float, shape_text


def rate_regulariser_upper(rates: Shaped[ArrayLike, "batch *neurons"], *, limit: float) -> Float[Array, ""]:
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
    activity, limit = _activity("rate_regulariser_upper", rates, limit)
    excess = activity - limit
    return jnp.mean(jnp.square(jnp.maximum(excess, 0.0)))


def rate_regulariser_lower(rates: Shaped[ArrayLike, "batch *neurons"], *, limit: float) -> Float[Array, ""]:
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
    activity, limit = _activity("rate_regulariser_lower", rates, limit)
    lack = limit - activity
    return jnp.mean(jnp.square(jnp.maximum(lack, 0.0)))


REGULARISERS: Mapping[str, Callable[..., jax.Array]] = MappingProxyType(
    {
        "rate_regulariser_upper": rate_regulariser_upper,
        "rate_regulariser_lower": rate_regulariser_lower,
    }
)
"""Regularisers of ``(rates,)`` by name; apart, since they take no labels."""


def _activity(name: str, rates: ArrayLike, limit: float) -> tuple[jax.Array, float]:
    """Mean over the batch, one number a neuron; and the limit, checked."""
    limit = real(limit, f"{name}: limit", least=0)
    array = as_float(name, "rates", rates)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(
            f"{name} got rates of shape {shape_text(array)}, but needs [B, n] with at least one sample and one neuron."
        )
    return jnp.mean(array, axis=0), limit
