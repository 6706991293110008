"""Who is connected with whom, apart from how it is stored."""

from spaic_jax.synapses.pattern.base import Pattern, Rows
from spaic_jax.synapses.pattern.blocked import Blocked, InTable, of_synapses
from spaic_jax.synapses.pattern.host import Words
from spaic_jax.synapses.pattern.initials import Ends, Mask, OfPattern, Picked, Placed, Start, of_each
from spaic_jax.synapses.pattern.kinds import Aligned, All, Drawn, Indegree, Listed, Outdegree, Random, Total

__all__ = [
    "Aligned", "All", "Blocked", "Drawn", "Ends", "InTable", "Indegree", "Listed", "Mask", "OfPattern", "Outdegree", "Pattern",
    "Picked", "Placed", "Random", "Rows", "Start", "Total", "Words", "of_each", "of_synapses",
]
