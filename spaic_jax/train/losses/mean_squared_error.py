"""The mean square of an error."""

from __future__ import annotations

import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Float, Int, Shaped
from spaic_jax.train.labels import as_float, shape_text
from spaic_jax.train.losses.over_time import there

_NAME = "mean_squared_error"


def mean_squared_error(
    output: Shaped[ArrayLike, "*shape"], targets: Shaped[ArrayLike, "*shape"], *, lengths: Int[Array, "batch"] | None = None
) -> Float[Array, ""]:
    r"""Mean square of what an output lacks of its targets.

        loss = mean (output - target)^2

    Args:
        output: ``[B, ...]`` or ``[T, B, ...]``, any real dtype.
        targets: real numbers of the same shape.
        lengths: of an output ``[T, B, ...]``, the steps of each sample, ``[B]``; those after them are not looked at.
            ``None`` for all.

    Raises:
        ValueError: if a shape or a dtype is wrong.

    >>> float(mean_squared_error(jnp.array([[1.0, 3.0]]), jnp.array([[1.0, 1.0]])))
    2.0
    """
    values, wanted = as_float(_NAME, "output", output), as_float(_NAME, "targets", targets)
    if values.shape != wanted.shape or values.size == 0:
        raise ValueError(
            f"{_NAME} got an output of shape {shape_text(values)} and targets of shape {shape_text(wanted)}, but needs both of one"
            " shape, with at least one number."
        )
    square = jnp.square(values - wanted)
    if lengths is None:
        return jnp.mean(square)
    weight = there(lengths, len(square)).reshape(*square.shape[:2], *(1,) * (square.ndim - 2))
    count = jnp.sum(lengths).astype(square.dtype) * square[0, 0].size
    return jnp.sum(jnp.where(weight, square, 0.0)) / count
