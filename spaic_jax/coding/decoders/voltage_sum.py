"""The membrane potential at the end of the run beside its mean."""

import dataclasses
from typing import ClassVar

from spaic_jax._shapes import Array, Float
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Last, Reduction


def beside_mean(kept: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """What is left of a variable without its mean."""
    return kept - kept.mean()


@dataclasses.dataclass(frozen=True)
class VoltageSum(Decoding):
    """`V - mean(V)` after the last step, `[B, *shape]`; the mean is that of the **whole batch**, as in SPAIC.

    In spite of the name nothing is summed.

    Source: SPAIC, `voltage_sum`.

    >>> import jax.numpy as jnp
    >>> VoltageSum.finish(jnp.array([[1.0], [3.0]])).tolist()
    [[-1.0], [1.0]]
    """

    reads: ClassVar = "V"
    finish: ClassVar = staticmethod(beside_mean)

    def reduction(self, dt: float) -> Reduction:
        return Last()
