"""The names of the gradients, and how a name becomes one."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.gradients.base import Gradient
from spaic_jax.gradients.bptt import BPTT
from spaic_jax.gradients.eprop import EProp
from spaic_jax.gradients.ottt import OTTT

GRADIENTS: dict[str, type[Gradient]] = {"bptt": BPTT, "eprop": EProp, "ottt": OTTT}


def resolve_gradient(gradient: str | Gradient, **settings: Any) -> Gradient:
    """The gradient of a name and its settings, or the gradient itself.

    Raises:
        ValueError: unknown name or setting, with the nearest right one; settings beside a finished gradient.

    >>> resolve_gradient("ottt", decay=0.5)
    OTTT(decay=0.5)
    """
    made: Gradient = resolve("gradient", GRADIENTS, Gradient, gradient, settings)
    return made
