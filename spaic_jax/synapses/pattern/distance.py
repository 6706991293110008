"""What follows from how far neurons are from each other, without a matrix of all distances."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Given
from spaic_jax.synapses.pattern.base import Pattern
from spaic_jax.synapses.pattern.host import BLOCK, Words
from spaic_jax.synapses.pattern.initials import OfPattern

Function = Callable[[np.ndarray], Any]


@dataclasses.dataclass(frozen=True)
class Space:
    """Where the neurons of two ends are.

    Attributes:
        post, pre: their places, `[num, dims]`.
        ring: length of each axis, if space is a ring.
    """

    post: Given
    pre: Given
    ring: float | None = None

    def between(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """The distances of postsynaptic neurons `i` and presynaptic ones `j`, broadcast, float64."""
        squares = np.zeros(np.broadcast_shapes(i.shape, j.shape))
        for axis in range(self.post.value.shape[1]):
            apart = np.abs(self.post.value[i, axis] - self.pre.value[j, axis])
            squares += (apart if self.ring is None else np.minimum(apart, self.ring - apart)) ** 2
        return np.sqrt(squares)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """All distances, some presynaptic neurons at a time: the number of the first, and those of `[some, post]`."""
        post, pre = len(self.post.value), len(self.pre.value)
        rows = max(1, BLOCK // post)
        for first in range(0, pre, rows):
            yield first, self.between(np.arange(post)[None], np.arange(first, min(first + rows, pre))[:, None])

    def touching(self) -> np.ndarray:
        """The pairs whose distance is 0, as sorted numbers `pre * (number of post) + post`."""
        post = len(self.post.value)
        return np.concatenate([np.flatnonzero(distance == 0) + first * post for first, distance in self.blocks()])


def of_distance(function: Function, distance: np.ndarray, what: str, most: float = np.inf) -> np.ndarray:
    """What a function makes of distances, float64.

    Raises:
        ValueError: what has another shape, is no finite number or, up to a largest number, not between 0 and it.
    """
    made = np.asarray(function(distance), np.float64)
    if made.shape != distance.shape:
        raise ValueError(f"{what} makes an array of shape {made.shape} of distances of shape {distance.shape}: it needs one each.")
    wrong = ~np.isfinite(made) if most == np.inf else ~((made >= 0) & (made <= most))
    if wrong.any():
        needed = "a finite number" if most == np.inf else f"a number from 0 to {most:g}"
        raise ValueError(f"{what} must make {needed}, but makes {made[wrong][0]:g} of the distance {distance[wrong][0]:g}.")
    return made


@dataclasses.dataclass(frozen=True)
class Near(Pattern):
    """Pairs that have a synapse with a probability that depends on their distance.

    Their number is that to be expected, whatever is drawn, so that a network has the same shapes for every key: pairs are
    drawn by Pareto sampling (Rosen 1997), which has the given probabilities but for terms that vanish with the number
    of synapses, and exactly where they are 0 or 1.

    Attributes:
        space: where the neurons are.
        probability: a hashable function of distances, whose numbers lie between 0 and 1.
        number: the sum of all probabilities, rounded.
    """

    space: Space
    probability: Function
    number: int

    @property
    def count(self) -> int:
        return self.number

    def choose(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        # Ranks below 1 are those of pairs that would be drawn one by one; a few more are kept for the exact number.
        limit = 1 + 10 / self.number**0.5 + 20 / self.number if self.post * self.pre > BLOCK else np.inf
        places, ranks = self._ranked(words, limit)
        while len(places) < self.number:
            places, ranks = self._ranked(words, np.inf)
        flat = np.sort(places[np.argpartition(ranks, self.number - 1)[: self.number]])
        pre = flat // self.post
        return (flat - pre * self.post).astype(np.int32), pre.astype(np.int32)

    def _ranked(self, words: Words, limit: float) -> tuple[np.ndarray, np.ndarray]:
        """The pairs whose rank is below a limit, and their ranks."""
        places, ranks = [], []
        for first, distance in self.space.blocks():
            probability = np.asarray(self.probability(distance), np.float64).ravel()
            drawn = words.uniform(probability.size)
            with np.errstate(divide="ignore"):
                rank = drawn / (1 - drawn) * ((1 - probability) / probability)
            kept = np.flatnonzero((rank < limit) & (probability > 0))
            places.append(kept + first * self.post)
            ranks.append(rank[kept])
        return np.concatenate(places), np.concatenate(ranks)


@dataclasses.dataclass(frozen=True)
class AtDistance(OfPattern):
    """For each synapse, or for each pair, the number that a hashable function makes of its distance."""

    pattern: Pattern
    space: Space
    function: Function
    what: str

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        if len(shape) == 2:
            i, j = np.ogrid[: self.pattern.post, : self.pattern.pre]
            return jnp.asarray(of_distance(self.function, self.space.between(i, j), self.what), dtype)

        def weights(post: np.ndarray, pre: np.ndarray) -> np.ndarray:
            return of_distance(self.function, self.space.between(post, pre), self.what).astype(dtype)

        return self.pattern.made(weights, jax.ShapeDtypeStruct(shape, dtype), key)
