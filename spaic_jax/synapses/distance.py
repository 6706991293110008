"""Connections whose weights depend on how far two neurons are from each other."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.program import Given, Initial, Op, Variable
from spaic_jax.synapses.base import Ends
from spaic_jax.synapses.sparse import Masked

DISTANCES = ("euclidean", "circular")


@dataclasses.dataclass(frozen=True)
class Thinned(Initial):
    """Where `allowed` is true, true with a probability."""

    allowed: Given
    probability: float

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return self.allowed(key, shape, dtype) & jax.random.bernoulli(key, self.probability, shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class DistanceDependent(Masked):
    """Weights that follow from the distance of two neurons, each synapse there with probability `p`.

    $$ I_i = \\sum_j M_{ij} W_{ij} s_j (+ b_i), \\qquad W_{ij} = w_\\mathrm{amp} \\left( \\frac{e^{-d_{ij} / a}}{a} -
    \\frac{e^{-d_{ij} / b}}{2 b} \\right) $$

    Both groups need a `neuron_position`. The distance `d` is the length of the difference, each axis of which is `"circular"`
    where space is a ring of length `pos_range`: the shorter way around, `min(|x|, pos_range - |x|)`. The mask is drawn
    from the key of `init` and kept, as in `Sparse`.

    Args:
        dist_function: `"euclidean"` or `"circular"`.
        dist_a, dist_b: a and b, in the unit of the positions.
        w_amp: factor of the weights.
        pos_range: length of each axis of a circular space; no two positions may differ by more.
        p: probability that a synapse is kept, in (0, 1].
        zero_self: whether there is no synapse where the distance is 0.
        distance_weight_function: another function that turns the distances, an array of float64 `(post, pre)`, into the
            weights; `None` for the one above.
        weight: `(post, pre)` array or an initial value instead of the function.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

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
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"DistanceDependent: {name} must be positive, got {getattr(self, name)!r}.")
        if not 0 < self.p <= 1:
            raise ValueError(f"DistanceDependent: p must lie in (0, 1], got {self.p!r}.")

    def distances(self, ends: Ends) -> np.ndarray:
        """The distance of each pair, `(post, pre)`.

        Raises:
            ValueError: positions that are missing or do not fit.
        """
        where, post, pre = f"connection '{ends.name}'", ends.post_position, ends.pre_position
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

    def pattern(self, ends: Ends) -> Initial:
        distance = self.distances(ends)
        return Thinned(Given(distance > 0 if self.zero_self else np.ones(distance.shape, bool)), self.p)

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        if self.weight is None:
            return dataclasses.replace(self, weight=self.weight_of(self.distances(ends))).lower(ends)
        return super().lower(ends)
