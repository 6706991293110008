"""Connections whose weights, or whose synapses, depend on how far two neurons are from each other."""

import dataclasses
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.program import Given, Site
from spaic_jax.synapses.links.connectivity import Connectivity
from spaic_jax.synapses.pattern import Drawn, Pattern
from spaic_jax.synapses.pattern.distance import AtDistance, Near, Space, of_distance

DISTANCES = ("euclidean", "circular")
KERNELS = ("gaussian", "exponential")


@dataclasses.dataclass(frozen=True)
class TwoExponentials:
    """The weights of SPAIC's `dist_depd`."""

    amp: float
    a: float
    b: float

    def __call__(self, distance: np.ndarray) -> np.ndarray:
        return self.amp * (np.exp(-distance / self.a) / self.a - 0.5 * np.exp(-distance / self.b) / self.b)


@dataclasses.dataclass(frozen=True)
class Probability:
    """`peak` times a kernel; 0 for a neuron and itself if so asked."""

    peak: float
    kernel: str | Callable[[np.ndarray], Any]
    scale: float
    zero_self: bool

    def __call__(self, distance: np.ndarray) -> np.ndarray:
        if self.kernel == "gaussian":
            share = np.exp(-0.5 * (distance / self.scale) ** 2)
        else:
            share = np.exp(-distance / self.scale) if isinstance(self.kernel, str) else np.asarray(self.kernel(distance))
        return self.peak * (np.where(distance == 0, 0.0, share) if self.zero_self else share)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DistanceDependent(Connectivity):
    """Weights that follow from the distance of two neurons; a share of the synapses is there, which may follow from it too.

    $$ I_i = \\sum_j M_{ij} W_{ij} s_j (+ b_i), \\qquad W_{ij} = w_\\mathrm{amp} \\left( \\frac{e^{-d_{ij} / a}}{a} -
    \\frac{e^{-d_{ij} / b}}{2 b} \\right) $$

    Both groups need a `neuron_position`. The distance `d` is the length of the difference, each axis of which is `"circular"`
    where space is a ring of length `pos_range`: the shorter way around, `min(|x|, pos_range - |x|)`. Which synapses are
    kept is drawn by `init`, all sets of that many being equally likely, as in `Sparse`; or, with a kernel, each with the probability
    $p\\, e^{-d^2 / 2 \\sigma^2}$ (`"gaussian"`) or $p\\, e^{-d / \\sigma}$ (`"exponential"`), where the number of synapses is that to be
    expected. With the storage `"pairs"` no matrix of all pairs is held at any time; all pairs are gone through.

    Args:
        dist_function: `"euclidean"` or `"circular"`.
        dist_a, dist_b: a and b, in the unit of the positions.
        w_amp: factor of the weights.
        pos_range: length of each axis of a circular space; no two positions may differ by more.
        p: share of the synapses that is kept, in (0, 1]; with a kernel, the probability at distance 0.
        distance_probability_function: `"gaussian"`, `"exponential"`, or a function that turns distances, an array of float64, into
            as many numbers between 0 and 1, which `p` is multiplied by; `None` for the same everywhere.
        distance_scale: the sigma above, in the unit of the positions.
        zero_self: whether there is no synapse where the distance is 0.
        distance_weight_function: another function that turns distances, an array of float64, into as many weights; `None` for the
            one above.
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
    distance_probability_function: str | Callable[[np.ndarray], Any] | None = None
    distance_scale: float = 0.2
    distance_weight_function: Callable[[np.ndarray], Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dist_function not in DISTANCES:
            raise ValueError(unknown("dist_function", self.dist_function, DISTANCES))
        if isinstance(kernel := self.distance_probability_function, str) and kernel not in KERNELS:
            raise ValueError(unknown("distance_probability_function", kernel, KERNELS))
        for name in ("dist_a", "dist_b", "pos_range", "distance_scale"):
            object.__setattr__(self, name, real(getattr(self, name), f"DistanceDependent: {name}", above=0))
        object.__setattr__(self, "w_amp", real(self.w_amp, "DistanceDependent: w_amp"))
        object.__setattr__(self, "p", real(self.p, "DistanceDependent: p", above=0, most=1))

    def space(self, site: Site) -> Space:
        """Where the neurons are.

        Raises:
            ValueError: positions that are missing or do not fit.
        """
        where = f"connection '{site.name}'"
        post, pre = _positions(site)
        if post is None or pre is None:
            raise ValueError(f"{where}: dist_depd needs a neuron_position of both ends, but one has none.")
        if post.shape[1] != pre.shape[1]:
            raise ValueError(f"{where}: its ends have positions of {pre.shape[1]} and {post.shape[1]} axes.")
        if self.dist_function == "euclidean":
            return Space(Given(post), Given(pre))
        apart = float(max((post.max(0) - pre.min(0)).max(), (pre.max(0) - post.min(0)).max()))
        if apart > self.pos_range:
            raise ValueError(f"{where}: positions are {apart:g} apart, more than pos_range={self.pos_range:g}.")
        return Space(Given(post), Given(pre), self.pos_range)

    def pattern(self, site: Site) -> Pattern:
        space = self.space(site)
        post, pre = len(space.post.value), len(space.pre.value)
        if self.distance_probability_function is None:
            without = space.touching() if self.zero_self else ()
            return Drawn(post, pre, self.p, without=Given(without) if len(without) else None)
        probability = Probability(self.p, self.distance_probability_function, self.distance_scale, self.zero_self)
        what = f"connection '{site.name}': distance_probability_function, times p,"
        expected = sum(of_distance(probability, distance, what, most=1.0).sum() for _, distance in space.blocks())
        return Near(post, pre, space, probability, round(float(expected)))

    def of_pattern(self, pattern: Pattern, site: Site) -> Self:
        if self.weight is not None:
            return self
        function = self.distance_weight_function or TwoExponentials(self.w_amp, self.dist_a, self.dist_b)
        what = f"connection '{site.name}': distance_weight_function"
        return dataclasses.replace(self, weight=AtDistance(pattern, self.space(site), function, what))


def _positions(site: Site) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Where the neurons of both ends are, post first: `[num, dims]`, or `None` where that is not said."""
    return site.owner.post.neuron_position, getattr(site.owner.pre, "neuron_position", None)
