"""Rows in blocks of postsynaptic neurons, so that each of several devices can have some blocks with all synapses onto them."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax.program.op import UPDATED, Op, base_name

#: What an axis of an array counts: samples, blocks, or neurons that lie block by block; what has no name is the same for all blocks.
Names = tuple[Literal["batch", "block", "post"] | None, ...]


@dataclasses.dataclass(frozen=True)
class Blocks:
    """How what a row reads and writes belongs to blocks of equally many postsynaptic neurons.

    Attributes:
        count: how many blocks there are.
        operands: names of the first axes of all that the row reads.
        results: names of the first axes of all that it writes. What has none is what any block gives.

    >>> halves = Blocks(2, operands=(("post",), ("block",)), results=(("post",),))
    >>> halves.carry_out(lambda x, scale: (x * scale,), [jnp.arange(4.0), jnp.array([1.0, 10.0])])[0].tolist()
    [0.0, 1.0, 20.0, 30.0]
    """

    count: int
    operands: tuple[Names, ...]
    results: tuple[Names, ...]

    def carry_out(self, function: Callable[..., Sequence[jax.Array]], arrays: Sequence[jax.Array]) -> tuple[jax.Array, ...]:
        """What a function of one block gives for all of them, one after the other."""
        made = [
            function(*(_own(x, names, number, self.count) for x, names in zip(arrays, self.operands, strict=True)))
            for number in range(self.count)
        ]
        return tuple(_joined(each, names) for each, names in zip(zip(*made, strict=True), self.results, strict=True))

    def among(self, devices: int) -> "Blocks":
        """The blocks of one of several devices."""
        return dataclasses.replace(self, count=self.count // devices)


def block_of(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape of one of so many blocks of what has a shape.

    >>> block_of((8, 3), 4)
    (2, 3)
    """
    return (shape[0] // count, *shape[1:])


def everywhere(spikes: jax.Array, *, blocks: Blocks) -> jax.Array:
    """What neurons give, as it is, for all that read it of other neurons' blocks: see `spaic_jax.plan.exchange`."""
    return spikes


def reading_everywhere(read: str, count: int) -> Op:
    """The row between a read of a group that lies in so many blocks and the connections from it, which share the row."""
    name = f"{base_name(read)}{'' if read.endswith(UPDATED) else '.before'}.everywhere"
    return Op(name, everywhere, read, settings={"blocks": Blocks(count, (("batch", "post"),), (("batch",),))})


def _own(x: jax.Array, names: Names, number: int, count: int) -> jax.Array:
    for axis, name in enumerate(names):
        if name == "block":
            return jax.lax.index_in_dim(x, number, axis, keepdims=False)
        if name == "post":
            size = x.shape[axis] // count
            return jax.lax.slice_in_dim(x, number * size, (number + 1) * size, axis=axis)
    return x


def _joined(blocks: Sequence[jax.Array], names: Names) -> jax.Array:
    if "block" in names:
        return jnp.stack(blocks, names.index("block"))
    return jnp.concatenate(blocks, names.index("post")) if "post" in names else blocks[-1]
