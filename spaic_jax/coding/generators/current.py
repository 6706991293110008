"""A current that does not change."""

import dataclasses
from typing import ClassVar

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.generators.base import Generating, each
from spaic_jax.coding.values import Value


def emit(
    on: Float[Array, "batch *shape"], step: Int[Array, ""], amp: Float[Array, "..."], *, dt: float
) -> Float[Array, "batch *shape"]:
    """The current of one step."""
    return each(on, amp).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CurrentGenerator(Generating):
    """`amp` in every step.

    Args:
        amp: a number, or one a neuron.

    Source: SPAIC, `cc_generator`.

    >>> CurrentGenerator(amp=[0.1, 0.2]).amp
    [0.1, 0.2]
    """

    emit: ClassVar = staticmethod(emit)
    amp: Value = 1.0
