"""How gradients are formed: backpropagation through time, or forwards in time beside the network.

A gradient is a value: `spaic_jax.train.fit(..., gradient=EProp())` trains by it, `value_and_grad` gives it as a pure function for
a loop written by hand, and `differentiated` a simulator of which `jax.grad` takes it.
"""

from spaic_jax.gradients.base import Gradient
from spaic_jax.gradients.bptt import BPTT
from spaic_jax.gradients.eprop import EProp
from spaic_jax.gradients.online import Online, OnlineGradient
from spaic_jax.gradients.ottt import OTTT
from spaic_jax.gradients.table import GRADIENTS, resolve_gradient
from spaic_jax.gradients.value import differentiated, value_and_grad

__all__ = [
    "BPTT", "GRADIENTS", "OTTT", "EProp", "Gradient", "Online", "OnlineGradient", "differentiated", "resolve_gradient",
    "value_and_grad",
]
