"""spaic_jax: spiking neural networks, declared once, compiled by JAX."""

from spaic_jax import coding, coming_from_spaic, data, neurons, ops, program, surrogate, synapses, train
from spaic_jax.network import (
    Assembly,
    Connection,
    Decoder,
    Encoder,
    ExcludedTypePolicy,
    Generator,
    IncludedTypePolicy,
    IndexConnectPolicy,
    Module,
    Network,
    NeuronGroup,
    Projection,
    SpikeMonitor,
    StateMonitor,
    edit,
)
from spaic_jax.plan import Auto, Chunk
from spaic_jax.program import Op, Program, Record, Variable
from spaic_jax.run import Health, Result, Simulator, Variables, build
from spaic_jax.storage import (
    load_network,
    load_variables,
    load_weights,
    save_network,
    save_variables,
    save_weights,
)

__version__ = "0.1.0"

__all__ = [
    "Assembly", "Auto", "Chunk", "Connection", "Decoder", "Encoder", "ExcludedTypePolicy", "Generator", "Health", "IncludedTypePolicy",
    "IndexConnectPolicy", "Module", "Network", "NeuronGroup", "Op", "Program", "Projection", "Record", "Result",
    "Simulator", "SpikeMonitor", "StateMonitor", "Variable", "Variables", "build", "coding", "coming_from_spaic", "data", "edit",
    "load_network", "load_variables", "load_weights", "neurons", "ops", "program", "save_network", "save_variables", "save_weights", "surrogate", "synapses",
    "train",
]
