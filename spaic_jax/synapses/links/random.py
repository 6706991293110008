"""A share of the pairs of different neurons, which is the largest weight too."""

import dataclasses

from spaic_jax._numbers import real
from spaic_jax.program import Initial, Uniform
from spaic_jax.synapses.links.connectivity import Indexed
from spaic_jax.synapses.pattern import Drawn, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Random(Indexed):
    """A share of the pairs of different neurons is connected, which is the largest weight too.

    $$ I_i = \\sum_{j \\ne i} M_{ij} W_{ij} s_j (+ b_i), \\qquad W_{ij} \\sim U(0, p) $$

    As `Sparse`, without synapses between neurons of the same place.

    Args:
        probability: p, the share of the pairs, in (0, 1].
        index: the synapses' ends `(post, pre)`, two lists of numbers of neurons, instead of drawn ones.
        storage: how the synapses are kept: `"masked"`, `"pairs"` or `"dense"`; `None` for what suits their number.
        weight: `(post, pre)` array, one number a synapse (in the order of `index`; both are sorted), an initial value or
            the name of one, or `None` for U(0, p).
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

    def drawn_pattern(self, post: int, pre: int) -> Pattern:
        return Drawn(post, pre, self.probability, diagonal=False)
