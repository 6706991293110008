"""Networks, weights and variables in files: text and safetensors, no code inside, written whole or not at all."""

from spaic_jax.storage._tensors import CheckpointError
from spaic_jax.storage.network import load_network, load_simulator, save_network
from spaic_jax.storage.text import from_dict, to_dict
from spaic_jax.storage.variables import load_variables, save_variables
from spaic_jax.storage.weights import WeightsWarning, load_weights, save_weights

__all__ = [
    "CheckpointError", "WeightsWarning", "from_dict", "load_network", "load_simulator", "load_variables", "load_weights", "save_network",
    "save_variables", "save_weights", "to_dict",
]
