"""How gradients are formed: backpropagation through time, or forwards in time beside the network."""

from spaic_jax.gradients.base import Gradient
from spaic_jax.gradients.bptt import BPTT
from spaic_jax.gradients.eprop import EProp
from spaic_jax.gradients.online import Online, OnlineGradient
from spaic_jax.gradients.ottt import OTTT
from spaic_jax.gradients.value import differentiated, value_and_grad

#: The gradients by name.
GRADIENTS: dict[str, type[Gradient]] = {"bptt": BPTT, "eprop": EProp, "ottt": OTTT}

__all__ = ["BPTT", "GRADIENTS", "OTTT", "EProp", "Gradient", "Online", "OnlineGradient", "differentiated", "value_and_grad"]
