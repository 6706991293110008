"""The membrane potential at the end of the run."""

import dataclasses
from typing import ClassVar

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Last, Reduction


@dataclasses.dataclass(frozen=True)
class FinalStepVoltage(Decoding):
    """`V` after the last step, `[B, *shape]`.

    Source: SPAIC, `final_step_voltage`.

    >>> FinalStepVoltage().reads
    'V'
    """

    reads: ClassVar = "V"

    def reduction(self, dt: float) -> Reduction:
        return Last()
