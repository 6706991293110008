"""What a gradient is: how the derivative of a run's outputs with respect to its parameters is formed."""

import abc
import dataclasses

from spaic_jax.plan import Plan


@dataclasses.dataclass(frozen=True)
class Gradient(abc.ABC):
    """How the gradient of a loss with respect to the parameters of a network is formed: a value of settings.

    It changes no number that a run gives, only what `jax.grad` makes of it: `apply` gives the plan whose runs are
    differentiated in this way.
    """

    @abc.abstractmethod
    def apply(self, plan: Plan) -> Plan:
        """The plan that runs as `plan` does, and is differentiated in this way."""
