"""What a pattern of connections is."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program.initial import once
from spaic_jax.synapses.pattern.host import Words, on_host


class Rows(NamedTuple):
    """Synapses in rows by presynaptic neuron, all int32: the two ends `[count]`, and where each row starts, `[pre + 1]`."""

    post: Any
    pre: Any
    start: Any


@dataclasses.dataclass(frozen=True)
class Pattern(abc.ABC):
    """The pairs of neurons that have a synapse: a hashable value.

    Attributes:
        post, pre: number of neurons of the two ends.
    """

    post: int
    pre: int

    @property
    def usual(self) -> str | None:
        """The storage that is taken where nothing is said; `None` where the number of synapses decides."""
        return None

    @property
    def may_repeat(self) -> bool:
        """Whether a pair may have several synapses, which no matrix can hold."""
        return False

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """The number of synapses."""

    @property
    def listed(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The two ends `(post, pre)` of all synapses, sorted by `pre`, then `post`; `None` where `init` draws them."""
        return None

    @property
    def order(self) -> np.ndarray | None:
        """For each synapse its place in what was given of all of them; `None` where that is its own."""
        return None

    @abc.abstractmethod
    def choose(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        """The two ends of all synapses, int32 `[count]` each, sorted by `pre`, then `post`."""

    def rows(self, key: jax.Array) -> Rows:
        """All synapses. The key may be traced; the numbers do not depend on that, nor on the device."""
        rows: Rows = once(self._rows, self, key)
        return rows

    def draw(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The two ends of all synapses, int32 `[count]` each, sorted by `pre`, then `post`."""
        return self.rows(key)[:2]

    def made(self, function: Callable[[np.ndarray, np.ndarray], np.ndarray], like: jax.ShapeDtypeStruct, key: jax.Array) -> jax.Array:
        """What a NumPy function makes of the two ends of all synapses; `like` has its shape and dtype."""
        if isinstance(key, jax.core.Tracer):
            # They are drawn again: a callback that waits for large arrays may wait for ever.
            traced: jax.Array = on_host(lambda data: function(*self.choose(Words(data))), like, key)
            return traced
        return jnp.asarray(function(*map(np.asarray, self.draw(key))))

    def _rows(self, key: jax.Array) -> Rows:
        ends = jax.ShapeDtypeStruct((self.count,), jnp.int32)
        like = Rows(ends, ends, jax.ShapeDtypeStruct((self.pre + 1,), jnp.int32))
        rows: Rows = on_host(self._of, like, key)
        return rows

    def _of(self, data: np.ndarray) -> Rows:
        post, pre = self.choose(Words(data))
        return Rows(post, pre, np.searchsorted(pre, np.arange(self.pre + 1, dtype=pre.dtype)).astype(np.int32))
