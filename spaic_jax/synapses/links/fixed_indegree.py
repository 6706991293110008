"""As many synapses for each postsynaptic neuron."""

import dataclasses
import math

from spaic_jax._numbers import whole
from spaic_jax.program import Site
from spaic_jax.synapses.links.connectivity import Connectivity, enough, same_neurons
from spaic_jax.synapses.pattern import Indegree, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FixedIndegree(Connectivity):
    """Each postsynaptic neuron has `indegree` synapses, whose presynaptic neurons are drawn.

    $$ I_i = \\sum_{k=1}^{K} w_{ik} s_{j_{ik}} (+ b_i) $$

    They are drawn by `init`, each from all presynaptic neurons, or without those that came before (`multapses=False`).
    Several synapses of a pair need the storage `"pairs"`, which is taken then.

    Args:
        indegree: K, synapses for each postsynaptic neuron.
        multapses: whether a pair may have several synapses, which are drawn and trained on their own.
        autapses: whether a neuron may have a synapse with itself.
        storage: how the synapses are kept: `"pairs"`, or without multapses `"masked"` or `"dense"`.
        weight: a number, one number a synapse, a `(post, pre)` array, an initial value or the name of one, or `None` for
            N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a number that is not positive, or larger than that of the neurons to choose from.

    Source: NEST, `fixed_indegree`, whose defaults these are (multapses and autapses are allowed).

    >>> FixedIndegree(indegree=64, weight=0.6).multapses
    True
    """

    indegree: int
    multapses: bool = True
    autapses: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "indegree", whole(self.indegree, "FixedIndegree: indegree"))

    def pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        without = None if self.autapses else same_neurons(site)
        most = pre - (without is not None)
        enough(site, f"indegree {self.indegree}", self.indegree, most, self.multapses, "presynaptic neurons")
        return Indegree(post, pre, self.indegree, self.multapses, without=without)
