"""spaic_jax: spiking neural networks, declared once, compiled by JAX."""

from spaic_jax import coding, coming_from_spaic, data, neurons, ops, program, surrogate, synapses, train
from spaic_jax.network import Connection, Decoder, Encoder, Network, NeuronGroup, SpikeMonitor, StateMonitor
from spaic_jax.plan import Auto, Chunk
from spaic_jax.program import Op, Program, Record, Variable
from spaic_jax.run import Health, Result, Simulator, Variables, build, load_variables, save_variables

__version__ = "0.1.0"

__all__ = [
    "Auto", "Chunk", "Connection", "Decoder", "Encoder", "Health", "Network", "NeuronGroup", "Op", "Program",
    "Record", "Result", "Simulator", "SpikeMonitor", "StateMonitor", "Variable", "Variables", "build", "coding",
    "coming_from_spaic", "data", "load_variables", "neurons", "ops", "program", "save_variables", "surrogate", "synapses", "train",
]
