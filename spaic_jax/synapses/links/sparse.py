"""A share of the pairs of neurons."""

import dataclasses
import math

from spaic_jax._numbers import real
from spaic_jax.program import Site
from spaic_jax.synapses.links.connectivity import same_neurons
from spaic_jax.synapses.links.indexed import Indexed
from spaic_jax.synapses.pattern import Drawn, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Sparse(Indexed):
    """A share `density` of the pairs of neurons is connected.

    $$ I_i = \\sum_j M_{ij} W_{ij} s_j (+ b_i), \\qquad M_{ij} \\in \\{0, 1\\} $$

    Which pairs are connected is drawn by `init`: `round(density * pairs)` different ones, all sets of them equally likely, and
    the same ones whatever the storage and the device. They are constants, so that no training makes a synapse where there is
    none (with the storages `"masked"` and `"pairs"`, one of which is taken where none is named).

    Args:
        density: share of the pairs, in (0, 1].
        autapses: whether a neuron may have a synapse with itself; there is none to leave out between different groups.
        index: the synapses' ends `(post, pre)`, two lists of numbers of neurons in any order, instead of drawn ones.
        multapses: whether `index` may hold a pair more than once, which are as many synapses.
        index_shape: numbers of neurons `(post, pre)` that `index` is meant for; `None` for whatever holds it.
        storage: how the synapses are kept: `"masked"`, `"pairs"` or `"dense"`; `None` for what suits their number.
        weight: `(post, pre)` array, one number a synapse (in the order of `index`), a sparse matrix of SciPy's `(post, pre)`,
            whose entries are the synapses, an initial value or the name of one, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a density outside (0, 1], no synapse at all, a shape that does not fit, an index out of range or twice
            the same pair.

    Source: SPAIC, `sparse`, where each pair is drawn on its own and training fills all of them; and `sparse_sparse`, which
    is this link with `storage="pairs"` and weights of U(0, w_std).

    >>> Sparse(index=([0, 1], [2, 0]), weight=[0.5, 0.25]).density
    0.1
    >>> import scipy.sparse
    >>> Sparse(weight=scipy.sparse.coo_array(([0.5], ([1], [2])), shape=(4, 3))).index_shape
    (4, 3)
    """

    density: float = 0.1
    autapses: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "density", real(self.density, "Sparse: density", above=0, most=1))

    def drawn_pattern(self, site: Site) -> Pattern:
        without = None if self.autapses else same_neurons(site)
        return Drawn(math.prod(site.gives), math.prod(site.takes), self.density, without=without)
