"""Local learning rules: weights that change in the step, without a gradient."""

from spaic_jax.plasticity.applying import applied, clipped
from spaic_jax.plasticity.base import Rule, choice, node, number, positive
from spaic_jax.plasticity.bcm import BCM
from spaic_jax.plasticity.bp_rstdp import BackpropRSTDP
from spaic_jax.plasticity.bp_rstdpet import BackpropRSTDPET
from spaic_jax.plasticity.clopath import Clopath
from spaic_jax.plasticity.conv2d_stdp import Conv2dSTDP
from spaic_jax.plasticity.events import event_driven
from spaic_jax.plasticity.full_online_stdp import FullOnlineSTDP
from spaic_jax.plasticity.intrinsic import IntrinsicPlasticity
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.meta_nearest_online_stdp import MetaNearestOnlineSTDP
from spaic_jax.plasticity.multiplicative import MultiplicativeSTDP
from spaic_jax.plasticity.nearest_online_stdp import NearestOnlineSTDP
from spaic_jax.plasticity.normalise import Normalise
from spaic_jax.plasticity.oja import Oja
from spaic_jax.plasticity.pathway import Meeting, Pathway, Synapses
from spaic_jax.plasticity.post_pre_int_stdp import PostPreIntSTDP
from spaic_jax.plasticity.power_law import PowerLawSTDP
from spaic_jax.plasticity.rate_modulate import RateModulate
from spaic_jax.plasticity.resume import ReSuMe
from spaic_jax.plasticity.rstdp import RSTDP
from spaic_jax.plasticity.rstdpet import RSTDPET
from spaic_jax.plasticity.scaling import SynapticScaling
from spaic_jax.plasticity.stdp import STDP
from spaic_jax.plasticity.switch_rstdp import SwitchRSTDP
from spaic_jax.plasticity.tempotron import Tempotron
from spaic_jax.plasticity.triplet import TripletSTDP
from spaic_jax.plasticity.vogels import VogelsSTDP

#: The rules by name: see `Rule`.
RULES: dict[str, type[Rule]] = {
    "bcm": BCM,
    "bp_rstdp": BackpropRSTDP,
    "bp_rstdpet": BackpropRSTDPET,
    "clopath": Clopath,
    "conv2d_rstdp": RSTDP,
    "conv2d_stdp": Conv2dSTDP,
    "full_online_stdp": FullOnlineSTDP,
    "intrinsic_plasticity": IntrinsicPlasticity,
    "meta_nearest_online_stdp": MetaNearestOnlineSTDP,
    "multiplicative_stdp": MultiplicativeSTDP,
    "nearest_online_stdp": NearestOnlineSTDP,
    "normalise": Normalise,
    "oja": Oja,
    "postpreintstdp": PostPreIntSTDP,
    "power_law_stdp": PowerLawSTDP,
    "rate_modulate": RateModulate,
    "resume": ReSuMe,
    "rstdp": RSTDP,
    "rstdpet": RSTDPET,
    "stdp": STDP,
    "switch_rstdp": SwitchRSTDP,
    "synaptic_scaling": SynapticScaling,
    "tempotron": Tempotron,
    "triplet_stdp": TripletSTDP,
    "vogels_stdp": VogelsSTDP,
}

__all__ = [
    "BCM", "RSTDP", "RSTDPET", "RULES", "STDP", "BackpropRSTDP", "BackpropRSTDPET", "Clopath", "Conv2dSTDP", "FullOnlineSTDP",
    "IntrinsicPlasticity", "Meeting", "Memory", "MetaNearestOnlineSTDP", "MultiplicativeSTDP", "NearestOnlineSTDP", "Normalise",
    "Oja", "Pathway", "PostPreIntSTDP", "PowerLawSTDP", "RateModulate", "ReSuMe", "Rule", "SwitchRSTDP", "Synapses",
    "SynapticScaling", "Tempotron", "Trace", "Traced", "TripletSTDP", "VogelsSTDP", "applied", "choice", "clipped", "event_driven",
    "node", "number", "positive",
]
