"""The membrane potential over the run: its largest, its mean, its sum."""

import dataclasses
from typing import ClassVar

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Max, Mean, Reduction, Sum


@dataclasses.dataclass(frozen=True)
class MaxVoltage(Decoding):
    """`max_t V_t`, `[B, *shape]`. Its gradient goes to the first step that reaches it.

    Source: Cramer et al., The Heidelberg spiking data sets (2020), max-over-time readout.

    >>> MaxVoltage().reads
    'V'
    """

    reads: ClassVar = "V"

    def reduction(self, dt: float) -> Reduction:
        return Max()


@dataclasses.dataclass(frozen=True)
class MeanVoltage(Decoding):
    """The mean of `V` over the steps of the run, `[B, *shape]`.

    >>> MeanVoltage().reads
    'V'
    """

    reads: ClassVar = "V"

    def reduction(self, dt: float) -> Reduction:
        return Mean()


@dataclasses.dataclass(frozen=True)
class TotalVoltage(Decoding):
    """The sum of `V` over the steps of the run, `[B, *shape]`; in half precision it is a float32.

    >>> TotalVoltage().reads
    'V'
    """

    reads: ClassVar = "V"

    def reduction(self, dt: float) -> Reduction:
        return Sum()
