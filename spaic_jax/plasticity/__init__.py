"""Local learning rules: weights that change in the step, without a gradient."""

from spaic_jax.plasticity.base import Rule, node, number, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.normalise import Normalise
from spaic_jax.plasticity.pathway import Meeting, Pathway, Synapses
from spaic_jax.plasticity.rows import applied, clipped
from spaic_jax.plasticity.stdp import STDP

#: The rules by name: see `Rule`.
RULES: dict[str, type[Rule]] = {
    "normalise": Normalise,
    "stdp": STDP,
}

__all__ = [
    "RULES", "STDP", "Meeting", "Memory", "Normalise", "Pathway", "Rule", "Synapses", "Trace", "Traced", "applied", "clipped", "node",
    "number", "positive",
]
