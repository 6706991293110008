"""A neuron that passes its input on."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax

from spaic_jax.neurons.base import NeuronModel


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Null(NeuronModel):
    """No dynamics: the output `O` is the input.

    Source: SPAIC, `null`.

    >>> Null().spiking
    False
    """

    initial: ClassVar = {}

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        return {"O": current}
