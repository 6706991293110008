"""The synapses of a pattern in blocks of postsynaptic neurons, each block by itself: what one of several devices may have alone."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import LARGEST
from spaic_jax.program import Initial
from spaic_jax.program.initial import once
from spaic_jax.synapses.pattern.base import Pattern
from spaic_jax.synapses.pattern.host import Words, on_host
from spaic_jax.synapses.pattern.initials import OfPattern, of_each

#: How many standard deviations of what is drawn, and how many synapses more, there is room for in a block.
ROOM, MORE = 9.0, 16

#: Single numbers of a line of them.
_PICK = jax.lax.GatherDimensionNumbers(offset_dims=(), collapsed_slice_dims=(0,), start_index_map=(0,))


class Table(NamedTuple):
    """Synapses in blocks, all int32, and in a block in rows by presynaptic neuron.

    Attributes:
        post: the postsynaptic neuron of each, counted within its block, `[blocks, width]`; 0 in a place that no synapse takes.
        start: where each row of a block starts in it, `[blocks, pre + 1]`. Places from the last one on are empty.
        place: of each synapse its place in the pattern's own order, `[blocks, width]`; -1 in an empty place.
    """

    post: Any
    start: Any
    place: Any


@dataclasses.dataclass(frozen=True)
class Blocked:
    """A pattern in a number of blocks, which divides the number of postsynaptic neurons.

    All blocks have room for equally many synapses: as many as the fullest has where these are given, and where they are drawn
    as many as are to be expected and `ROOM` standard deviations more.
    """

    pattern: Pattern
    blocks: int

    @property
    def each(self) -> int:
        """Postsynaptic neurons of a block."""
        return self.pattern.post // self.blocks

    @functools.cached_property
    def width(self) -> int:
        """Places for synapses of a block."""
        if self.pattern.listed is not None:
            return max(int(np.bincount(self.pattern.listed[0] // self.each, minlength=self.blocks).max()), 1)
        mean = self.pattern.count / self.blocks
        return min(math.ceil(mean + ROOM * math.sqrt(mean)) + MORE, self.pattern.count)

    def table(self, key: jax.Array) -> Table:
        """All synapses. The key may be traced.

        Raises:
            ValueError: more synapses than can be drawn; a block with more of them than it has room for.
        """
        table: Table = once(self._table, self, key)
        return table

    def _table(self, key: jax.Array) -> Table:
        places = jax.ShapeDtypeStruct((self.blocks, self.width), jnp.int32)
        rows = jax.ShapeDtypeStruct((self.blocks, self.pattern.pre + 1), jnp.int32)
        table: Table = on_host(self._of, Table(places, rows, places), key)
        return table

    def _of(self, data: np.ndarray) -> Table:
        if self.pattern.count > LARGEST:
            raise ValueError(f"{self.pattern.count} synapses of a connection are more than the {LARGEST} that can be drawn.")
        post, pre = self.pattern.choose(Words(data))
        block = post // self.each
        counts = np.bincount(block, minlength=self.blocks)
        if counts.max() > self.width:
            raise ValueError(
                f"{counts.max()} synapses fall on {self.each} of {self.pattern.post} postsynaptic neurons, where {self.width} have room:"
                " draw with another key, or give the synapses."
            )
        order = np.argsort(block, kind="stable")
        filled = np.arange(self.width) < counts[:, None]
        table = Table(*(np.full(filled.shape, value, np.int32) for value in (0, 0, -1)))
        table.post[filled] = post[order] - block[order] * self.each
        table.place[filled] = order
        own = np.split(pre[order], np.cumsum(counts)[:-1])
        rows = np.arange(self.pattern.pre + 1)
        return table._replace(start=np.stack([np.searchsorted(each, rows) for each in own]).astype(np.int32))


def of_synapses(pattern: Pattern, blocks: int, init: Initial) -> tuple[tuple[int, ...], Initial]:
    """The shape of what has one number for each synapse, in so many blocks, and a first value of it: see `of_each`."""
    numbers = of_each(pattern, init)
    if blocks == 1:
        return (pattern.count,), numbers
    blocked = Blocked(pattern, blocks)
    return (blocks, blocked.width), Arranged(blocked, numbers)


@dataclasses.dataclass(frozen=True)
class InTable(OfPattern):
    """What a table of blocks says of where synapses lie, `"post"` or `"start"`."""

    blocked: Blocked
    what: Literal["post", "start"]

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return getattr(self.blocked.table(key), self.what).astype(dtype)


@dataclasses.dataclass(frozen=True)
class Arranged(OfPattern):
    """The numbers that a first value gives for each synapse of a pattern, in blocks; 0 in an empty place."""

    blocked: Blocked
    init: Initial

    def first(self, name: str, keyed: Callable[[str], jax.Array], shape: tuple[int, ...], dtype: Any) -> jax.Array:
        place = self.blocked.table(keyed(self.stream(name))).place
        numbers = self.init.first(name, keyed, (self.blocked.pattern.count,), dtype)
        # Not `numbers[place]`, which needs a number of synapses of 32 bits also where only shapes are looked at.
        picked = jax.lax.gather(numbers, jnp.maximum(place, 0)[..., None], _PICK, (1,), mode="promise_in_bounds")
        return jnp.where(place < 0, jnp.zeros((), numbers.dtype), picked)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return self.first("", lambda stream: key, shape, dtype)
