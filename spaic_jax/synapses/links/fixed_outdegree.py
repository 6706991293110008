"""As many synapses for each presynaptic neuron."""

import dataclasses
import math

from spaic_jax._numbers import whole
from spaic_jax.program import Site
from spaic_jax.synapses.links.connectivity import Connectivity, enough, same_neurons
from spaic_jax.synapses.pattern import Outdegree, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class FixedOutdegree(Connectivity):
    """Each presynaptic neuron has `outdegree` synapses, whose postsynaptic neurons are drawn.

    $$ I_i = \\sum_{j,k:\\, i_{jk} = i} w_{jk} s_j (+ b_i) $$

    They are drawn by `init`, each from all postsynaptic neurons, or without those that came before (`multapses=False`).
    Several synapses of a pair need the storage `"pairs"`, which is taken then.

    Args:
        outdegree: synapses of each presynaptic neuron.
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

    Source: NEST, `fixed_outdegree`, whose defaults these are (multapses and autapses are allowed).

    >>> FixedOutdegree(outdegree=64, weight=0.6).multapses
    True
    """

    outdegree: int
    multapses: bool = True
    autapses: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "outdegree", whole(self.outdegree, "FixedOutdegree: outdegree"))

    def pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        without = None if self.autapses else same_neurons(site)
        most = post - (without is not None)
        enough(site, f"outdegree {self.outdegree}", self.outdegree, most, self.multapses, "postsynaptic neurons")
        return Outdegree(post, pre, self.outdegree, self.multapses, without=without)
