"""Each neuron to the one of the same place."""

import dataclasses
import math

from spaic_jax.program import Site
from spaic_jax.synapses.links.connectivity import Connectivity
from spaic_jax.synapses.pattern import Aligned, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class OneToOne(Connectivity):
    """Each presynaptic neuron to the postsynaptic one of the same place; one weight a pair.

    $$ I_i = w_i s_i (+ b_i) $$

    SPAIC keeps a dense matrix, whose other entries training fills; here there are none.

    Args:
        weight: one number a pair, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.
        storage: how the synapses are kept; usually `"diagonal"`, or `"masked"` where each synapse has a delay.

    Raises:
        ValueError: when the two ends differ in size, or a given shape does not fit.

    Source: SPAIC, `one_to_one` and `one_to_one_sparse`.

    >>> OneToOne(w_mean=0.5).w_mean
    0.5
    """

    w_mean: float = 0.05
    w_std: float = 0.0

    def pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        if post != pre:
            raise ValueError(f"connection '{site.name}': one_to_one needs ends of one size, but they have {pre} and {post}.")
        return Aligned(post, pre)
