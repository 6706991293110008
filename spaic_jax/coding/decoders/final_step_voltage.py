"""The membrane potential at the end of the run."""

import dataclasses
from typing import ClassVar

import jax

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Last


@dataclasses.dataclass(frozen=True)
class FinalStepVoltage(Decoding):
    """`V` after the last step, `[B, *shape]`.

    Source: SPAIC, `final_step_voltage`.

    >>> FinalStepVoltage().reads
    'V'
    """

    reduce: ClassVar = Last()
    reads: ClassVar = "V"

    def __call__(self, kept: jax.Array) -> jax.Array:
        return kept
