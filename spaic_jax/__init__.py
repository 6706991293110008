"""spaic_jax: spiking neural networks, declared once, compiled by JAX."""

from spaic_jax import (
    analysis,
    coding,
    coming_from_spaic,
    data,
    distributed,
    edit,
    gradients,
    neurons,
    nir,
    ops,
    program,
    standard,
    surrogate,
    synapses,
    train,
)
from spaic_jax.distributed import place
from spaic_jax.lowering import UnreachedWarning
from spaic_jax.network import (
    Action,
    Assembly,
    Connection,
    Decoder,
    Encoder,
    ExcludedTypePolicy,
    Generator,
    IncludedTypePolicy,
    IndexConnectPolicy,
    Learner,
    Module,
    Network,
    NeuronGroup,
    Projection,
    RateMonitor,
    Reward,
    SpikeMonitor,
    StateMonitor,
    WeightMonitor,
)
from spaic_jax.nir import from_nir, to_nir
from spaic_jax.plan import Auto, Chunk, Reference, Tiled
from spaic_jax.program import Op, Program, Record, Variable
from spaic_jax.recording import Recording, resume, simulate
from spaic_jax.run import (
    Cost,
    Health,
    Memory,
    Result,
    Simulator,
    Spent,
    Variables,
    build,
    keep_heap,
    probe_gradients,
    sweep,
)
from spaic_jax.storage import (
    load_network,
    load_simulator,
    load_variables,
    load_weights,
    save_network,
    save_variables,
    save_weights,
)

__version__ = "0.1.0"

__all__ = [
    "Action", "Assembly", "Auto", "Chunk", "Connection", "Cost", "Decoder", "Encoder", "ExcludedTypePolicy", "Generator",
    "Health", "IncludedTypePolicy", "IndexConnectPolicy", "Learner", "Memory", "Module", "Network", "NeuronGroup",
    "Op", "Program", "Projection", "RateMonitor", "Record", "Recording", "Reference", "Result", "Reward", "Simulator",
    "Spent", "SpikeMonitor", "StateMonitor", "Tiled", "UnreachedWarning", "Variable", "Variables", "WeightMonitor", "analysis",
    "build", "coding", "coming_from_spaic", "data", "distributed", "edit", "from_nir", "gradients", "keep_heap", "load_network",
    "load_simulator", "load_variables", "load_weights", "neurons", "nir", "ops", "place", "probe_gradients", "program", "resume",
    "save_network", "save_variables", "save_weights", "simulate", "standard", "surrogate", "sweep", "synapses", "to_nir", "train",
]
