"""Local learning rules: weights that change in the step, without a gradient."""

from spaic_jax.plasticity.base import Rule, choice, node, number, positive
from spaic_jax.plasticity.bcm import BCM
from spaic_jax.plasticity.clopath import Clopath
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.multiplicative import MultiplicativeSTDP
from spaic_jax.plasticity.normalise import Normalise
from spaic_jax.plasticity.oja import Oja
from spaic_jax.plasticity.pathway import Meeting, Pathway, Synapses
from spaic_jax.plasticity.power_law import PowerLawSTDP
from spaic_jax.plasticity.resume import ReSuMe
from spaic_jax.plasticity.rows import applied, clipped
from spaic_jax.plasticity.scaling import SynapticScaling
from spaic_jax.plasticity.stdp import STDP
from spaic_jax.plasticity.triplet import TripletSTDP
from spaic_jax.plasticity.vogels import VogelsSTDP

#: The rules by name: see `Rule`.
RULES: dict[str, type[Rule]] = {
    "bcm": BCM,
    "clopath": Clopath,
    "multiplicative_stdp": MultiplicativeSTDP,
    "normalise": Normalise,
    "oja": Oja,
    "power_law_stdp": PowerLawSTDP,
    "resume": ReSuMe,
    "stdp": STDP,
    "synaptic_scaling": SynapticScaling,
    "triplet_stdp": TripletSTDP,
    "vogels_stdp": VogelsSTDP,
}

__all__ = [
    "BCM", "RULES", "STDP", "Clopath", "Meeting", "Memory", "MultiplicativeSTDP", "Normalise", "Oja", "Pathway", "PowerLawSTDP",
    "ReSuMe", "Rule", "SynapticScaling", "Synapses", "Trace", "Traced", "TripletSTDP", "VogelsSTDP", "applied", "choice", "clipped",
    "node", "number", "positive",
]
