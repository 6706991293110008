"""Backpropagation through time."""

import dataclasses

from spaic_jax.gradients.base import Gradient
from spaic_jax.plan import Plan


@dataclasses.dataclass(frozen=True)
class BPTT(Gradient):
    """Backpropagation through time with surrogate gradients: the derivative of the run as it stands.

    $$ \\frac{dE}{dW} = \\sum_t \\frac{dE}{dI_t} \\frac{\\partial I_t}{\\partial W} $$

    where dE/dI_t comes back from all later steps. Its memory grows with the number of steps; what of it is kept and what is
    computed again, the plan says (`Tiled(remat=...)`).

    Source: Werbos, Backpropagation through time (1990); Neftci, Mostafa and Zenke, Surrogate gradient learning (2019).

    >>> BPTT()
    BPTT()
    """

    def apply(self, plan: Plan) -> Plan:
        return plan
