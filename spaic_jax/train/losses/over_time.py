"""Scores of samples from those of their steps."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._shapes import Array, Float, Int


def there(lengths: Int[Array, "batch"], steps: int) -> jax.Array:
    """Which steps each sample has, `[T, B]`."""
    return jnp.arange(steps, dtype=jnp.int32)[:, None] < lengths[None]


def _max(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    if lengths is not None:
        x = jnp.where(there(lengths, len(x))[..., None], x, -jnp.inf)
    return jnp.max(x, axis=0)


def _mean(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    if lengths is None:
        return jnp.mean(x, axis=0)
    total = jnp.sum(jnp.where(there(lengths, len(x))[..., None], x, 0.0), axis=0)
    return total / lengths[:, None].astype(x.dtype)


def _last(x: jax.Array, lengths: jax.Array | None) -> jax.Array:
    if lengths is None:
        return x[-1]
    return jnp.take_along_axis(x, lengths[None, :, None] - 1, axis=0)[0]


#: Reductions over time by name.
REDUCTIONS: Mapping[str, Callable[[jax.Array, jax.Array | None], jax.Array]] = MappingProxyType(
    {"max": _max, "mean": _mean, "last": _last}
)


def reduced(
    name: str, x: Float[Array, "time batch classes"], reduce: str, lengths: Int[Array, "batch"] | None
) -> Float[Array, "batch classes"]:
    """The largest, the mean or the last of the steps of each sample, in the name of a loss."""
    if reduce not in REDUCTIONS:
        raise ValueError(f"{name}: {unknown('reduce', reduce, REDUCTIONS)}")
    return REDUCTIONS[reduce](x, lengths)
