"""A share of the pairs of different neurons, which is the largest weight too."""

import dataclasses
import math

import numpy as np

from spaic_jax._numbers import real
from spaic_jax.program import Given, Initial, Site, Uniform
from spaic_jax.synapses.links.indexed import Indexed
from spaic_jax.synapses.pattern import Drawn, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Random(Indexed):
    """A share of the pairs of different neurons is connected, which is the largest weight too.

    $$ I_i = \\sum_{j \\ne i} M_{ij} W_{ij} s_j (+ b_i), \\qquad W_{ij} \\sim U(0, p) $$

    As `Sparse`, without synapses between neurons of the same place, which are different neurons where the ends are
    different groups; for a neuron and itself alone, take `Sparse` with `autapses=False`.

    Args:
        probability: p, the share of the pairs, in (0, 1].
        index, multapses, index_shape: given synapses, as of `Sparse`.
        storage: how the synapses are kept: `"masked"`, `"pairs"` or `"dense"`; `None` for what suits their number.
        weight: `(post, pre)` array, one number a synapse (in the order of `index`), a sparse matrix of SciPy's, an
            initial value or the name of one, or `None` for U(0, p).
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a probability outside (0, 1]; else as `Sparse`.

    Source: SPAIC, `random`; and `random_connection_sparse`, which is this link with `storage="pairs"`.

    >>> Random(probability=0.2, storage="pairs").probability
    0.2
    """

    probability: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "probability", real(self.probability, "Random: probability", above=0, most=1))

    def drawn(self) -> Initial:
        return Uniform(0.0, self.probability)

    def drawn_pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        diagonal = np.arange(min(post, pre), dtype=np.int64) * (post + 1)
        return Drawn(post, pre, self.probability, without=Given(diagonal))
