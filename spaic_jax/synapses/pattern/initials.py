"""First values that depend on who is connected."""

import dataclasses
import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Given, Initial
from spaic_jax.synapses.pattern.base import Pattern

#: Numbers that are drawn at once of those that a connection has for each synapse.
PART = 2**16


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
        return self.pattern.rows(key).start.astype(dtype)


@dataclasses.dataclass(frozen=True)
class Mask(OfPattern):
    """Where a matrix `(post, pre)` has a synapse."""

    pattern: Pattern

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        def marked(post: np.ndarray, pre: np.ndarray) -> np.ndarray:
            mask = np.zeros(shape, dtype)
            mask[post, pre] = True
            return mask

        return self.pattern.made(marked, jax.ShapeDtypeStruct(shape, dtype), key)


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
        def picked(post: np.ndarray, pre: np.ndarray) -> np.ndarray:
            return np.asarray(self.matrix.value[post, pre], dtype)

        return self.pattern.made(picked, jax.ShapeDtypeStruct(shape, dtype), key)


@functools.partial(jax.jit, static_argnums=(0, 3))
def _part(init: Initial, key: jax.Array, number: jax.Array, dtype: Any) -> jax.Array:
    return init(jax.random.fold_in(key, number), (PART,), dtype)


@dataclasses.dataclass(frozen=True)
class InParts(Initial):
    """Independent numbers, drawn in parts of one size: nothing is compiled anew for another number of synapses."""

    init: Initial

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        (count,) = shape
        draw = functools.partial(_part, self.init, key, dtype=jnp.dtype(dtype))
        parts = -(-count // PART)
        if isinstance(key, jax.core.Tracer):
            return jax.lax.map(draw, jnp.arange(parts, dtype=jnp.uint32)).ravel()[:count]
        return jax.device_put(np.concatenate([np.asarray(draw(np.uint32(n))) for n in range(parts)])[:count])


def of_each(pattern: Pattern, init: Initial) -> Initial:
    """A first value with one number for each synapse.

    Of a given matrix `(post, pre)` the numbers of the synapses are taken; a given number for each synapse is in the order
    that the synapses were given in, and is brought into that of the pattern.
    """
    if not isinstance(init, Given):
        return InParts(init) if init.independent else init
    if init.value.shape == (pattern.post, pattern.pre):
        return Picked(pattern, init) if pattern.listed is None else Given(init.value[pattern.listed])
    if pattern.order is not None and init.value.shape == (pattern.count,):
        return Given(init.value[pattern.order])
    return init
