"""Connections whose weights depend on how far two neurons are from each other."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.program import Context, Fragment, Given, Site
from spaic_jax.synapses.links.connectivity import Connectivity
from spaic_jax.synapses.pattern import Listed, Pattern

DISTANCES = ("euclidean", "circular")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DistanceDependent(Connectivity):
    """Weights that follow from the distance of two neurons, a share `p` of the synapses there.

    $$ I_i = \\sum_j M_{ij} W_{ij} s_j (+ b_i), \\qquad W_{ij} = w_\\mathrm{amp} \\left( \\frac{e^{-d_{ij} / a}}{a} -
    \\frac{e^{-d_{ij} / b}}{2 b} \\right) $$

    Both groups need a `neuron_position`. The distance `d` is the length of the difference, each axis of which is `"circular"`
    where space is a ring of length `pos_range`: the shorter way around, `min(|x|, pos_range - |x|)`. Which synapses are
    kept is drawn by `init`, all sets of that many being equally likely, as in `Sparse`.

    Args:
        dist_function: `"euclidean"` or `"circular"`.
        dist_a, dist_b: a and b, in the unit of the positions.
        w_amp: factor of the weights.
        pos_range: length of each axis of a circular space; no two positions may differ by more.
        p: share of the synapses that is kept, in (0, 1].
        zero_self: whether there is no synapse where the distance is 0.
        distance_weight_function: another function that turns the distances, an array of float64 `(post, pre)`, into the
            weights; `None` for the one above.
        weight: `(post, pre)` array or an initial value instead of the function.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.
        storage: how the synapses are kept, as in `Sparse`.

    Raises:
        ValueError: an end without positions, or positions that do not fit each other or the range.

    Source: SPAIC, `dist_depd`.

    >>> from spaic_jax import Connection, NeuronGroup
    >>> ring = NeuronGroup(4, model="lif", neuron_position=[[0.0], [0.25], [0.5], [0.75]])
    >>> Connection(ring, ring, "dist_depd", dist_function="circular", zero_self=True).link.dist_a
    0.2
    """

    dist_function: str = "euclidean"
    dist_a: float = 0.2
    dist_b: float = 0.4
    w_amp: float = -0.1
    pos_range: float = 1.0
    p: float = 1.0
    zero_self: bool = False
    distance_weight_function: Callable[[np.ndarray], Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dist_function not in DISTANCES:
            raise ValueError(unknown("dist_function", self.dist_function, DISTANCES))
        for name in ("dist_a", "dist_b", "pos_range"):
            object.__setattr__(self, name, real(getattr(self, name), f"DistanceDependent: {name}", above=0))
        object.__setattr__(self, "w_amp", real(self.w_amp, "DistanceDependent: w_amp"))
        object.__setattr__(self, "p", real(self.p, "DistanceDependent: p", above=0, most=1))

    def distances(self, site: Site) -> np.ndarray:
        """The distance of each pair, `(post, pre)`.

        Raises:
            ValueError: positions that are missing or do not fit.
        """
        where = f"connection '{site.name}'"
        post, pre = _positions(site)
        if post is None or pre is None:
            raise ValueError(f"{where}: dist_depd needs a neuron_position of both ends, but one has none.")
        if post.shape[1] != pre.shape[1]:
            raise ValueError(f"{where}: its ends have positions of {pre.shape[1]} and {post.shape[1]} axes.")
        squares = np.zeros((len(post), len(pre)))
        for axis in range(post.shape[1]):
            apart = np.abs(post[:, axis, None] - pre[None, :, axis])
            if self.dist_function == "circular":
                if apart.max() > self.pos_range:
                    raise ValueError(f"{where}: positions are {apart.max():g} apart, more than pos_range={self.pos_range:g}.")
                apart = np.minimum(apart, self.pos_range - apart)
            squares += apart**2
        return np.sqrt(squares)

    def weight_of(self, distance: np.ndarray) -> Any:
        """The weights that the function gives."""
        if self.distance_weight_function is not None:
            return self.distance_weight_function(distance)
        a, b = self.dist_a, self.dist_b
        return self.w_amp * (np.exp(-distance / a) / a - 0.5 * np.exp(-distance / b) / b)

    def pattern(self, site: Site) -> Pattern:
        distance = self.distances(site)
        pre, post = np.nonzero((distance > 0 if self.zero_self else np.ones(distance.shape, bool)).T)
        ends = Given(post.astype(np.int32)), Given(pre.astype(np.int32))
        return Listed(distance.shape[0], distance.shape[1], ends, self.p)

    def carry(self, site: Site, context: Context) -> Fragment:
        if self.weight is None:
            return dataclasses.replace(self, weight=self.weight_of(self.distances(site))).carry(site, context)
        return super().carry(site, context)


def _positions(site: Site) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Where the neurons of both ends are, post first: `[num, dims]`, or `None` where that is not said."""
    return site.owner.post.neuron_position, getattr(site.owner.pre, "neuron_position", None)
