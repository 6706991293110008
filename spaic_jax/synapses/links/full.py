"""All-to-all connection."""

import dataclasses
import math

from spaic_jax.program import Site
from spaic_jax.synapses.links.connectivity import Connectivity
from spaic_jax.synapses.pattern import All, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Full(Connectivity):
    """Every presynaptic neuron to every postsynaptic one.

    $$ I_i = \\sum_j W_{ij} s_j (+ b_i) $$

    Args:
        weight: `(post, pre)` array, an initial value or the name of one, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.
        storage: how the synapses are kept; usually `"dense"`.

    Raises:
        ValueError: when the weight's or the bias' shape does not fit the two ends, or `w_min` exceeds `w_max`.

    Source: SPAIC, `full`.

    >>> Full(weight="kaiming_normal").weight
    KaimingNormal(a=0.0, mode='fan_in', nonlinearity='leaky_relu')
    """

    def pattern(self, site: Site) -> Pattern:
        return All(math.prod(site.gives), math.prod(site.takes))
