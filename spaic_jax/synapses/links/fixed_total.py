"""A number of synapses."""

import dataclasses
import math

from spaic_jax._numbers import whole
from spaic_jax.program import Site
from spaic_jax.synapses.links.connectivity import Connectivity, enough, same_neurons
from spaic_jax.synapses.pattern import Pattern, Total


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FixedTotal(Connectivity):
    """There are `number` synapses, both ends of which are drawn.

    $$ I_i = \\sum_{k:\\, i_k = i} w_k s_{j_k} (+ b_i), \\qquad k = 1 \\ldots N $$

    They are drawn by `init`, each from all pairs, or without those that came before (`multapses=False`). Several synapses of
    a pair need the storage `"pairs"`, which is taken then. In-degrees are binomial.

    Args:
        number: N, number of synapses.
        multapses: whether a pair may have several synapses, which are drawn and trained on their own.
        autapses: whether a neuron may have a synapse with itself.
        storage: how the synapses are kept: `"pairs"`, or without multapses `"masked"` or `"dense"`.
        weight: a number, one number a synapse, a `(post, pre)` array, an initial value or the name of one, or `None` for
            N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a number that is not positive, or larger than that of the pairs to choose from.

    Source: NEST, `fixed_total_number`, whose defaults these are (multapses and autapses are allowed). Potjans and Diesmann
    (2014) take N = ln(1 - p) / ln(1 - 1 / (post pre)) for a probability p that a pair has a synapse.

    >>> FixedTotal(number=1000, multapses=False).number
    1000
    """

    number: int
    multapses: bool = True
    autapses: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "number", whole(self.number, "FixedTotal: number"))

    def pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        made = Total(post, pre, self.number, self.multapses, without=None if self.autapses else same_neurons(site))
        enough(site, f"number {self.number}", self.number, made.free, self.multapses, "pairs")
        return made
