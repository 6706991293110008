"""Rows in blocks of postsynaptic neurons, so that each of several devices can have some blocks with all synapses onto them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import jax

from spaic_jax.program.op import UPDATED, Op, base_name

#: What an axis of an array counts: samples, blocks, or neurons that lie block by block; what has no name is the same for all blocks.
Names = tuple[Literal["batch", "block", "post"] | None, ...]


@dataclasses.dataclass(frozen=True)
class Blocks:
    """How what a row reads and writes belongs to blocks of equally many postsynaptic neurons, of which any number is carried out alike.

    A row that has this as its setting `blocks` may be carried out by several devices, each for some of the blocks.

    Attributes:
        operands: names of the first axes of all that the row reads.
        results: names of the first axes of all that it writes. What has none is what any block gives.
        synapses: of a row that delivers, how many there are; its weights have empty places too.
    """

    operands: tuple[Names, ...]
    results: tuple[Names, ...]
    synapses: int | None = None


def block_of(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape of one of so many blocks of what has a shape.

    >>> block_of((8, 3), 4)
    (2, 3)
    """
    return (shape[0] // count, *shape[1:])


def of_one_block(op: Op, structs: Sequence[Any]) -> tuple[list[Any], int]:
    """What a row reads of one block, given shape and dtype of all that it reads, and the number of blocks.

    All blocks are carried out alike, so that one tells what a row does with ten thousand. A row that is in no blocks, or whose blocks
    nothing that it reads counts, has all.
    """
    operands = getattr(dict(op.settings).get("blocks"), "operands", ())
    counts = [struct.shape[names.index("block")] for names, struct in zip(operands, structs, strict=False) if "block" in names]
    if not counts:
        return list(structs), 1
    return [_divided(names, struct, counts[0]) for names, struct in zip(operands, structs, strict=True)], counts[0]


def of_all_blocks(op: Op, structs: Sequence[Any], count: int) -> tuple[Any, ...]:
    """What a row gives in so many blocks, by what it gives in one."""
    if count == 1:
        return tuple(structs)
    return tuple(_divided(names, struct, 1 / count) for names, struct in zip(dict(op.settings)["blocks"].results, structs, strict=True))


def _divided(names: Names, struct: Any, by: float) -> Any:
    shares = [n if name is None or name == "batch" else round(n / by) for name, n in zip(names, struct.shape, strict=False)]
    return jax.ShapeDtypeStruct((*shares, *struct.shape[len(names) :]), struct.dtype)


def rows_of_blocks(start: jax.Array, width: int) -> Iterator[jax.Array]:
    """Where the rows of each block start, `[rows + 1]`, among the places of all blocks, of which each has so many."""
    for number in range(start.shape[0]):
        own = jax.lax.index_in_dim(start, number, keepdims=False)
        yield own + number * width if number else own


def everywhere(spikes: jax.Array, *, blocks: Blocks) -> jax.Array:
    """What neurons give, as it is, for all that read it of other neurons' blocks: see `spaic_jax.plan.exchange`."""
    return spikes


def reading_everywhere(read: str) -> Op:
    """The row between a read of a group that lies in blocks and the connections from it, which share the row."""
    name = f"{base_name(read)}{'' if read.endswith(UPDATED) else '.before'}.everywhere"
    return Op(name, everywhere, read, settings={"blocks": Blocks((("batch", "post"),), (("batch",),))})
