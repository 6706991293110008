"""What an online gradient carries from step to step for one product with trained weights."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from spaic_jax.gradients.neurons import Jacobian, Neurons
from spaic_jax.gradients.products import Product
from spaic_jax.program import Program

#: Learning signals, the derivatives of the loss with respect to what neurons give in a step, `[B, n]`: by the output
#: that filters what it takes of them (`""` for none), then by read.
Signals = Mapping[str, Mapping[str, jax.Array]]


@dataclasses.dataclass(frozen=True)
class Traces(abc.ABC):
    """The traces of a product: a value without arrays.

    Attributes:
        product: what is trained.
    """

    product: Product

    @abc.abstractmethod
    def start(self, program: Program, batch_size: int) -> Any:
        """The traces before the first step."""

    @abc.abstractmethod
    def step(
        self, traces: Any, env: Mapping[str, Any], jacobians: Mapping[Neurons, Jacobian], signals: Signals
    ) -> tuple[Any, dict[str, jax.Array]]:
        """The traces after a step, and what it adds to the gradient of each trained input of the product.

        Args:
            traces: those before it.
            env: the values of the step, by read.
            jacobians: of each group.
            signals: what the loss says of the step.
        """
