"""Neuron models, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.neurons.base import ModelFunction, NeuronModel, SpikingModel, parameter
from spaic_jax.neurons.clif import CLIF
from spaic_jax.neurons.custom import custom_model, rows_model
from spaic_jax.neurons.integrate_and_fire import IF, IFSoftReset
from spaic_jax.neurons.leaky_integrator import LeakyIntegrator
from spaic_jax.neurons.lif import LIF

NEURONS: dict[str, type[NeuronModel]] = {
    "clif": CLIF,
    "if": IF,
    "ifsoftreset": IFSoftReset,
    "leaky_integrator": LeakyIntegrator,
    "lif": LIF,
}


def resolve_neuron(model: str | NeuronModel, **parameters: Any) -> NeuronModel:
    """The model of a name and its parameters, or the model itself.

    Raises:
        ValueError: unknown name or parameter, with the nearest right one.
    """
    return resolve("neuron model", NEURONS, NeuronModel, model, parameters)


__all__ = [
    "CLIF", "IF", "LIF", "NEURONS", "IFSoftReset", "LeakyIntegrator", "ModelFunction", "NeuronModel", "SpikingModel",
    "custom_model", "parameter", "resolve_neuron", "rows_model",
]
