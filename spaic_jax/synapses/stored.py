"""Connections that hold the synapses there are, and nothing for the pairs without one."""

import abc
import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Initial, Op, Uniform, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.base import Ends, Weighted, sequence

#: Synapses that are delivered at once: what is computed of them stays in the cache.
TILE = 4096

_Draft = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def draw_pairs(key: jax.Array, count: int, post: int, pre: int, diagonal: bool) -> tuple[jax.Array, jax.Array]:
    """Different pairs, each set of them as likely as any other, sorted: `(post, pre)`, int32 `[count]` each.

    Args:
        key: random key.
        count: number of pairs, at most those there are.
        post, pre: sizes of the two ends.
        diagonal: whether a pair may hold the same number twice.
    """
    pairs = post * pre - (0 if diagonal else min(post, pre))
    if 4 * count >= pairs:
        chosen = jnp.sort(jax.random.permutation(key, pairs)[:count])
        if not diagonal:
            # One pair of the diagonal comes before each `pre` others, until it ends.
            chosen += jnp.minimum(chosen // pre, min(post, pre) - 1) + 1
        return chosen // pre, chosen % pre

    def unfit(i: jax.Array, j: jax.Array) -> jax.Array:
        twice = jnp.zeros(count, bool).at[1:].set((i[1:] == i[:-1]) & (j[1:] == j[:-1]))
        return twice if diagonal else twice | (i == j)

    # What is unfit is drawn anew until nothing is. Which pairs these are plays no part in it, so that no set is favoured.
    def draw_again(carry: _Draft) -> _Draft:
        key, i, j, again = carry
        key, rows, columns = jax.random.split(key, 3)
        i = jnp.where(again, jax.random.randint(rows, (count,), 0, post), i)
        j = jnp.where(again, jax.random.randint(columns, (count,), 0, pre), j)
        i, j = jax.lax.sort((i, j), num_keys=2)
        return key, i, j, unfit(i, j)

    none = jnp.zeros(count, jnp.int32)
    _, i, j, _ = jax.lax.while_loop(lambda carry: carry[-1].any(), draw_again, (key, none, none, jnp.ones(count, bool)))
    return i, j


@dataclasses.dataclass(frozen=True)
class Pairs(Initial):
    """One end, `"post"` or `"pre"`, of drawn pairs; the two ends of a connection come from one draw."""

    end: str
    post: int
    pre: int
    diagonal: bool

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        post, pre = draw_pairs(key, shape[0], self.post, self.pre, self.diagonal)
        return (post if self.end == "post" else pre).astype(dtype)

    def stream(self, name: str) -> str:
        return name.rpartition(".")[0] + ".pairs"


def _in_tiles(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    """Weight, post and pre as `[tiles, size]`; what is added in the end has no weight."""
    count = arrays[0].shape[0]
    size = min(TILE, count)
    rest = -count % size
    weight, *index = arrays
    padded = [jnp.pad(weight, (0, rest)), *(jnp.pad(i, (0, rest), mode="edge") for i in index)]
    return tuple(x.reshape(-1, size) for x in padded)


@dataclasses.dataclass(frozen=True)
class _Deliver:
    """`I_i = sum_{k: post_k = i} w_k s_{pre_k} (+ b_i)`, tile by tile; a comparable function of arrays."""

    post_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "deliver"

    def __call__(
        self, spikes: jax.Array, weight: jax.Array, post: jax.Array, pre: jax.Array, bias: jax.Array | None = None
    ) -> jax.Array:
        batch = spikes.shape[0]
        # The batch lies innermost, so that what is fetched and added for a synapse is contiguous.
        columns = spikes.reshape(batch, -1).T

        # The gradient fetches again what a tile has read: kept, it would fill a row for each synapse and sample.
        @functools.partial(jax.checkpoint, prevent_cse=False)
        def add(current: jax.Array, columns: jax.Array, tile: tuple[jax.Array, ...]) -> jax.Array:
            weight, post, pre = tile
            terms = columns.at[pre].get(mode="promise_in_bounds") * weight[:, None]
            return current.at[post].add(terms, indices_are_sorted=True, mode="promise_in_bounds")

        zero = jnp.zeros((math.prod(self.post_shape), batch), spikes.dtype)
        current = jax.lax.scan(lambda now, tile: (add(now, columns, tile), None), zero, (weight, post, pre))[0].T
        return (current if bias is None else current + bias[None]).reshape(batch, *self.post_shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Stored(Weighted):
    """A link with one weight a synapse and the synapses' two ends: nothing of it grows with the number of pairs."""

    index: Any = sequence(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.index is None:
            return
        kind = type(self).__name__
        ends = [np.asarray(end) for end in self.index] if np.iterable(self.index) else []
        if len(ends) != 2 or ends[0].shape != ends[1].shape or any(e.ndim != 1 or e.dtype.kind not in "iu" for e in ends):
            given = ", ".join(f"{end.dtype} of shape {end.shape}" for end in ends) or repr(self.index)
            raise ValueError(f"{kind}: index needs two equally long lists of whole numbers, post and pre, not {given}.")
        order = np.lexsort(ends[::-1])
        post, pre = (end[order] for end in ends)
        if twice := np.flatnonzero((post[1:] == post[:-1]) & (pre[1:] == pre[:-1])).tolist():
            raise ValueError(f"{kind}: index holds the pair (post {post[twice[0]]}, pre {pre[twice[0]]}) more than once.")
        object.__setattr__(self, "index", (post, pre))
        if np.shape(self.weight) == order.shape:
            object.__setattr__(self, "weight", np.asarray(self.weight)[order])

    @abc.abstractmethod
    def share(self) -> float:
        """The share of the pairs that have a synapse."""

    @property
    def diagonal(self) -> bool:
        """Whether a neuron may have a synapse to the one of the same place."""
        return True

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        post, pre = math.prod(ends.post_shape), math.prod(ends.pre_shape)
        if self.index is None:
            count = round(self.share() * (post * pre - (0 if self.diagonal else min(post, pre))))
            index: list[Any] = [Pairs(end, post, pre, self.diagonal) for end in ("post", "pre")]
        else:
            count = len(self.index[0])
            index = list(self.index)
            for end, numbers, size in zip(("post", "pre"), index, (post, pre), strict=True):
                if count and not 0 <= numbers.min() <= numbers.max() < size:
                    raise ValueError(
                        f"connection '{ends.name}': the {end} index goes from {numbers.min()} to {numbers.max()}, but"
                        f" needs to lie in 0 ... {size - 1}."
                    )
        if not count:
            raise ValueError(f"connection '{ends.name}' has no synapse among its {post} x {pre} pairs.")
        weight, *bias = self.variables(ends, (count,), "synapses", post)
        places = [
            Variable(f"{ends.name}.{end}", (count,), "int32", "constant", init=as_initial(init))
            for end, init in zip(("post", "pre"), index, strict=True)
        ]
        tiles = tuple(f"{ends.name}.tiles_{part}" for part in ("weight", "post", "pre"))
        inputs = (ends.source, *tiles, *(variable.name for variable in bias))
        return [weight, *bias, *places], [
            Op(tiles, _in_tiles, (weight.name, *(place.name for place in places)), name=f"{ends.name}.tiles"),
            Op(ends.target, _Deliver(ends.post_shape), inputs, name=ends.name),
        ]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class StoredSparse(Stored):
    """A share `density` of the pairs is connected, and only these synapses are stored.

    $$ I_i = \\sum_{k:\\,\\mathrm{post}_k = i} w_k s_{\\mathrm{pre}_k} (+ b_i), \\qquad w_k \\sim U(0, w_\\mathrm{std}) $$

    Which pairs are connected is drawn by `init`: `round(density * post * pre)` different ones, all sets of them equally
    likely. They are kept as the constants `post` and `pre`, sorted by `post`, then by `pre`.

    Args:
        density: share of the pairs, in (0, 1].
        index: the synapses' ends `(post, pre)`, two lists of numbers of neurons, instead of drawn ones.
        weight: one number a synapse (in the order of `index` where that is given; both are sorted), an initial value, or
            `None` for U(0, w_std).
        w_std: largest weight when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a density outside (0, 1], no synapse at all, a shape that does not fit, an index out of range or twice
            the same pair.

    Source: SPAIC, `sparse_sparse`.

    >>> StoredSparse(index=([1, 0], [0, 2]), weight=[0.5, 0.25]).weight.tolist()
    [0.25, 0.5]
    """

    density: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.density <= 1:
            raise ValueError(f"StoredSparse: density must lie in (0, 1], got {self.density!r}.")

    def drawn(self) -> Initial:
        return Uniform(0.0, self.w_std)

    def share(self) -> float:
        return self.density


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class StoredRandom(Stored):
    """A share of the pairs of different neurons is connected, which is the largest weight too; only these are stored.

    $$ I_i = \\sum_{k:\\,\\mathrm{post}_k = i} w_k s_{\\mathrm{pre}_k} (+ b_i), \\qquad w_k \\sim U(0, p) $$

    As `StoredSparse`, without synapses between neurons of the same place.

    Args:
        probability: p, the share of the pairs, in (0, 1].
        index: the synapses' ends `(post, pre)`, two lists of numbers of neurons, instead of drawn ones.
        weight: one number a synapse (in the order of `index` where that is given; both are sorted), an initial value, or
            `None` for U(0, p).
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a probability outside (0, 1]; else as `StoredSparse`.

    Source: SPAIC, `random_connection_sparse`.

    >>> StoredRandom(probability=0.2).probability
    0.2
    """

    probability: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.probability <= 1:
            raise ValueError(f"StoredRandom: probability must lie in (0, 1], got {self.probability!r}.")

    def drawn(self) -> Initial:
        return Uniform(0.0, self.probability)

    @property
    def diagonal(self) -> bool:
        return False

    def share(self) -> float:
        return self.probability
