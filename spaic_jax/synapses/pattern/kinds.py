"""The patterns that there are."""

import dataclasses

import numpy as np

from spaic_jax.program import Given
from spaic_jax.synapses.pattern.base import Pattern
from spaic_jax.synapses.pattern.distinct import NONE, pairs, partners
from spaic_jax.synapses.pattern.host import Words

Ends = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class All(Pattern):
    """Every pair."""

    @property
    def usual(self) -> str:
        return "dense"

    @property
    def count(self) -> int:
        return self.post * self.pre

    @property
    def listed(self) -> Ends:
        pre, post = np.indices((self.pre, self.post), np.int32).reshape(2, -1)
        return post, pre

    def choose(self, words: Words) -> Ends:
        return self.listed


@dataclasses.dataclass(frozen=True)
class Aligned(Pattern):
    """Each neuron and the one of the same place; both ends hold equally many."""

    @property
    def usual(self) -> str:
        return "diagonal"

    @property
    def count(self) -> int:
        return self.post

    @property
    def listed(self) -> Ends:
        place = np.arange(self.post, dtype=np.int32)
        return place, place

    def choose(self, words: Words) -> Ends:
        return self.listed


@dataclasses.dataclass(frozen=True)
class Listed(Pattern):
    """Given pairs, sorted by `pre`, then `post`.

    Attributes:
        ends: the two ends `(post, pre)`, int32 `[count]` each.
        places: for each synapse its place in what was given of all of them, if that is another order.
    """

    ends: tuple[Given, Given]
    places: Given | None = None

    @property
    def count(self) -> int:
        return len(self.ends[0].value)

    @property
    def may_repeat(self) -> bool:
        post, pre = self.listed
        return bool(((post[1:] == post[:-1]) & (pre[1:] == pre[:-1])).any())

    @property
    def listed(self) -> Ends:
        return self.ends[0].value, self.ends[1].value

    @property
    def order(self) -> np.ndarray | None:
        return None if self.places is None else self.places.value

    def choose(self, words: Words) -> Ends:
        return self.listed


@dataclasses.dataclass(frozen=True)
class Random(Pattern):
    """A pattern that is drawn from all pairs but some.

    Attributes:
        without: the pairs that have no synapse, as sorted numbers `pre * (number of post) + post`; `None` where each may have one.
    """

    without: Given | None = dataclasses.field(default=None, kw_only=True)

    @property
    def _without(self) -> np.ndarray:
        return NONE if self.without is None else self.without.value

    @property
    def free(self) -> int:
        """The number of pairs that may have a synapse."""
        return self.post * self.pre - len(self._without)

    def _pairs(self, words: Words, multapses: bool = False) -> Ends:
        return self._split(pairs(words, self.count, self.post, self.pre, self._without, multapses))

    def _split(self, flat: np.ndarray) -> Ends:
        pre = flat // self.post
        flat -= pre * self.post
        return flat.astype(np.int32), pre.astype(np.int32)

    def _partners(self, words: Words, degree: int, multapses: bool, of_post: bool) -> np.ndarray:
        """For each neuron of one end some of the other."""
        own = np.full(self.post if of_post else self.pre, -1, np.int32)
        pre, post = np.divmod(self._without, self.post)
        own[post if of_post else pre] = pre if of_post else post
        return partners(words, degree, own, self.pre if of_post else self.post, multapses)


@dataclasses.dataclass(frozen=True)
class Drawn(Random):
    """A share of the pairs, each set of them as likely as any other."""

    share: float

    @property
    def count(self) -> int:
        return round(self.share * self.free)

    def choose(self, words: Words) -> Ends:
        return self._pairs(words)


@dataclasses.dataclass(frozen=True)
class Total(Random):
    """A number of pairs, each drawn from all of them (`multapses`), or different ones."""

    number: int
    multapses: bool

    @property
    def count(self) -> int:
        return self.number

    @property
    def may_repeat(self) -> bool:
        return self.multapses

    def choose(self, words: Words) -> Ends:
        return self._pairs(words, self.multapses)


@dataclasses.dataclass(frozen=True)
class Indegree(Random):
    """For each postsynaptic neuron as many presynaptic ones; `without` has no neuron twice."""

    degree: int
    multapses: bool

    @property
    def count(self) -> int:
        return self.post * self.degree

    @property
    def may_repeat(self) -> bool:
        return self.multapses

    def choose(self, words: Words) -> Ends:
        flat = self._partners(words, self.degree, self.multapses, of_post=True).astype(np.int64)
        flat *= self.post
        flat += np.arange(self.post)[:, None]
        return self._split(np.sort(flat, axis=None))


@dataclasses.dataclass(frozen=True)
class Outdegree(Random):
    """For each presynaptic neuron as many postsynaptic ones; `without` has no neuron twice."""

    degree: int
    multapses: bool

    @property
    def count(self) -> int:
        return self.pre * self.degree

    @property
    def may_repeat(self) -> bool:
        return self.multapses

    def choose(self, words: Words) -> Ends:
        post = self._partners(words, self.degree, self.multapses, of_post=False)
        return post.ravel(), np.repeat(np.arange(self.pre, dtype=np.int32), self.degree)
