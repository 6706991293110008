"""Losses on what decoders return, one a file, and the table of their names.

All are pure, return a float32 scalar and may be differentiated. Shapes: ``B`` samples,
``C`` classes, ``T`` steps, ``n`` neurons. Labels are integers ``[B]`` in 0 ... C-1, or
class probabilities ``[B, C]``, real numbers whose sum is 1. Their
values cannot be checked under ``jax.jit``, so a label out of range makes the loss NaN,
with a gradient of 0, rather than a plausible number; on the host use
``check_labels``, which names the label.

Any function `loss(output, labels) -> scalar` may stand in their place. One that has a keyword `result` is given the whole
`spaic_jax.run.Result` of the run, with its monitors' rows, and one that has a keyword `lengths` the steps of each sample.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import jax

from spaic_jax._errors import unknown
from spaic_jax.train.losses.base import reads
from spaic_jax.train.losses.count_cross_entropy import count_cross_entropy
from spaic_jax.train.losses.count_mse import count_mse
from spaic_jax.train.losses.latency_cross_entropy import latency_cross_entropy
from spaic_jax.train.losses.mean_squared_error import mean_squared_error
from spaic_jax.train.losses.membrane_cross_entropy import membrane_cross_entropy
from spaic_jax.train.losses.rate_cross_entropy import rate_cross_entropy
from spaic_jax.train.losses.step_cross_entropy import step_cross_entropy
from spaic_jax.train.regularisers import REGULARISERS

__all__ = [
    "LOSSES", "count_cross_entropy", "count_mse", "latency_cross_entropy", "mean_squared_error", "membrane_cross_entropy",
    "rate_cross_entropy", "reads", "resolve_loss", "step_cross_entropy",
]

LOSSES: Mapping[str, Callable[..., jax.Array]] = MappingProxyType(
    {
        "count_cross_entropy": count_cross_entropy,
        "rate_cross_entropy": rate_cross_entropy,
        "membrane_cross_entropy": membrane_cross_entropy,
        "step_cross_entropy": step_cross_entropy,
        "count_mse": count_mse,
        "latency_cross_entropy": latency_cross_entropy,
        "mean_squared_error": mean_squared_error,
    }
)
"""Losses of ``(decoded, labels)`` by name."""

#: Those whose labels are classes.
OF_CLASSES = tuple(loss for loss in LOSSES.values() if loss is not mean_squared_error)


def resolve_loss(loss: str | Callable[..., jax.Array], **parameters: Any) -> Callable[..., jax.Array]:
    """The function a name in ``LOSSES`` or ``REGULARISERS`` stands for, in any letter case.

    A function is returned as it is; ``parameters`` are bound to either.

    Raises:
        ValueError: if the name is not known.

    >>> loss = resolve_loss("rate_cross_entropy", scale=20.0)
    >>> import jax.numpy as jnp
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
