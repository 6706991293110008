"""Receptors of a group of neurons, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.neurons.receptors.alpha import AlphaReceptor
from spaic_jax.neurons.receptors.base import Receptor
from spaic_jax.neurons.receptors.dual_exponential import DualExponentialReceptor
from spaic_jax.neurons.receptors.exponential import ExponentialReceptor
from spaic_jax.neurons.receptors.nmda import NMDAReceptor

RECEPTORS: dict[str, type[Receptor]] = {
    "alpha": AlphaReceptor,
    "dual_exponential": DualExponentialReceptor,
    "exponential": ExponentialReceptor,
    "nmda": NMDAReceptor,
}


def resolve_receptor(receptor: str | Receptor, **parameters: Any) -> Receptor:
    """The receptor of a name and its parameters, or the receptor itself.

    Raises:
        ValueError: unknown name or parameter, with the nearest right one.
    """
    found: Receptor = resolve("receptor", RECEPTORS, Receptor, receptor, parameters)
    return found


__all__ = [
    "RECEPTORS", "AlphaReceptor", "DualExponentialReceptor", "ExponentialReceptor", "NMDAReceptor", "Receptor", "resolve_receptor",
]
