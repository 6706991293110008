"""Who is connected with whom, apart from how it is stored."""

import abc
import dataclasses
import functools
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Given, Initial

_Draft = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def draw_pairs(key: jax.Array, count: int, post: int, pre: int, diagonal: bool) -> tuple[jax.Array, jax.Array]:
    """Different pairs, each set of them as likely as any other: `(post, pre)`, int32 `[count]` each, sorted by `pre`, then `post`.

    Args:
        key: random key.
        count: number of pairs, at most those there are.
        post, pre: sizes of the two ends.
        diagonal: whether a pair may hold the same number twice.
    """
    pairs = post * pre - (0 if diagonal else min(post, pre))
    if 4 * count >= pairs:
        chosen = jnp.sort(jax.random.permutation(key, jnp.arange(pairs, dtype=jnp.int32))[:count])
        if not diagonal:
            # One pair of the diagonal comes before each `post` others, until it ends.
            chosen += jnp.minimum(chosen // post, min(post, pre) - 1) + 1
        return chosen % post, chosen // post

    def unfit(i: jax.Array, j: jax.Array) -> jax.Array:
        twice = jnp.zeros(count, bool).at[1:].set((i[1:] == i[:-1]) & (j[1:] == j[:-1]))
        return twice if diagonal else twice | (i == j)

    # What is unfit is drawn anew until nothing is. Which pairs these are plays no part in it, so that no set is favoured.
    def draw_again(carry: _Draft) -> _Draft:
        key, i, j, again = carry
        key, rows, columns = jax.random.split(key, 3)
        i = jnp.where(again, jax.random.randint(rows, (count,), 0, post, jnp.int32), i)
        j = jnp.where(again, jax.random.randint(columns, (count,), 0, pre, jnp.int32), j)
        j, i = jax.lax.sort((j, i), num_keys=2)
        return key, i, j, unfit(i, j)

    none = jnp.zeros(count, jnp.int32)
    _, i, j, _ = jax.lax.while_loop(lambda carry: carry[-1].any(), draw_again, (key, none, none, jnp.ones(count, bool)))
    return i, j


@dataclasses.dataclass(frozen=True)
class Pattern(abc.ABC):
    """The pairs of neurons that have a synapse: a hashable value.

    Attributes:
        post, pre: number of neurons of the two ends.
    """

    #: The storage that is taken where nothing is said; `None` where the number of synapses decides.
    usual: ClassVar[str | None] = None
    post: int
    pre: int

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """The number of synapses."""

    @property
    def listed(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The two ends `(post, pre)` of all synapses, sorted by `pre`, then `post`; `None` where `init` draws them."""
        return None

    @abc.abstractmethod
    def draw(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The two ends of all synapses, int32 `[count]` each, sorted by `pre`, then `post`."""


@dataclasses.dataclass(frozen=True)
class All(Pattern):
    """Every pair."""

    usual: ClassVar = "dense"

    @property
    def count(self) -> int:
        return self.post * self.pre

    @property
    def listed(self) -> tuple[np.ndarray, np.ndarray]:
        pre, post = np.indices((self.pre, self.post), np.int32).reshape(2, -1)
        return post, pre

    def draw(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        pair = jnp.arange(self.count, dtype=jnp.int32)
        return pair % self.post, pair // self.post


@dataclasses.dataclass(frozen=True)
class Aligned(Pattern):
    """Each neuron and the one of the same place; both ends hold equally many."""

    usual: ClassVar = "diagonal"

    @property
    def count(self) -> int:
        return self.post

    @property
    def listed(self) -> tuple[np.ndarray, np.ndarray]:
        place = np.arange(self.post, dtype=np.int32)
        return place, place

    def draw(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        place = jnp.arange(self.post, dtype=jnp.int32)
        return place, place


@dataclasses.dataclass(frozen=True)
class Drawn(Pattern):
    """A share of all pairs, each set of them as likely as any other; without those of one place if so asked."""

    share: float
    diagonal: bool = True

    @property
    def count(self) -> int:
        return round(self.share * (self.post * self.pre - (0 if self.diagonal else min(self.post, self.pre))))

    def draw(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return draw_pairs(key, self.count, self.post, self.pre, self.diagonal)


@dataclasses.dataclass(frozen=True)
class Listed(Pattern):
    """A share of given pairs, sorted by `pre`, then `post`; each set of them is as likely as any other."""

    ends: tuple[Given, Given]
    share: float = 1.0

    @property
    def count(self) -> int:
        return round(self.share * len(self.ends[0].value))

    @property
    def listed(self) -> tuple[np.ndarray, np.ndarray] | None:
        return (self.ends[0].value, self.ends[1].value) if self.count == len(self.ends[0].value) else None

    def draw(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        post, pre = (jnp.asarray(end.value, jnp.int32) for end in self.ends)
        if self.count == len(post):
            return post, pre
        order = jax.random.permutation(key, jnp.arange(len(post), dtype=jnp.int32))
        chosen = jnp.sort(order[: self.count])
        return post[chosen], pre[chosen]


class OfPattern(Initial):
    """A first value that depends on who is connected: the key is that of the connection's pairs for all of them."""

    def stream(self, name: str) -> str:
        return name.rpartition(".")[0] + ".pairs"


@dataclasses.dataclass(frozen=True)
class Ends(OfPattern):
    """One end, `"post"` or `"pre"`, of all synapses."""

    pattern: Pattern
    end: Literal["post", "pre"]

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        post, pre = self.pattern.draw(key)
        return (post if self.end == "post" else pre).astype(dtype)


@dataclasses.dataclass(frozen=True)
class Start(OfPattern):
    """Where the synapses of each presynaptic neuron begin, `[pre + 1]`: those of neuron j are `start[j]:start[j + 1]`."""

    pattern: Pattern

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        _, pre = self.pattern.draw(key)
        return jnp.searchsorted(pre, jnp.arange(self.pattern.pre + 1, dtype=pre.dtype)).astype(dtype)


@dataclasses.dataclass(frozen=True)
class Mask(OfPattern):
    """Where a matrix `(post, pre)` has a synapse."""

    pattern: Pattern

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return jnp.zeros(shape, dtype).at[self.pattern.draw(key)].set(True)


@dataclasses.dataclass(frozen=True)
class Placed(OfPattern):
    """A matrix `(post, pre)` as `init` makes it, zero where there is no synapse."""

    pattern: Pattern
    init: Initial

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        matrix = self.init(jax.random.fold_in(key, 1), shape, dtype)
        return jnp.where(Mask(self.pattern)(key, shape, jnp.bool_), matrix, jnp.zeros_like(matrix))


@dataclasses.dataclass(frozen=True)
class Picked(OfPattern):
    """For each synapse the number that a matrix `(post, pre)` has for it."""

    pattern: Pattern
    matrix: Given

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return jnp.asarray(self.matrix.value, dtype)[self.pattern.draw(key)]
