"""Rows in blocks of neurons on several devices: each device has its blocks, and hands what these neurons give to all others.

A row that is in blocks is carried out by each device for its own, without asking the others. What has to be everywhere for that is
what the neurons give: spikes of all steps that are carried out at once, such as those of a window of a delay, go round in one
exchange, a bit each.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec

from spaic_jax.native.partition import by_itself
from spaic_jax.plan.cost import Where
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stage import Stage
from spaic_jax.plan.tile import cut
from spaic_jax.plan.windows import Windows
from spaic_jax.program import Blocks, Op
from spaic_jax.program.blocks import Names, everywhere
from spaic_jax.program.evaluate import call


def on_devices(stages: tuple[Stage, ...], where: Where) -> tuple[Stage, ...]:
    """The stages, whose rows in blocks each device carries out for its own blocks."""
    if where.mesh is None or where.block_axis is None:
        return stages

    def shared(op: Op) -> Op:
        if "blocks" not in dict(op.settings):
            return op
        function = handed_round if op.fn is everywhere else by_devices
        return dataclasses.replace(op, fn=function, settings=(("op", op), ("where", where)))

    return tuple(stage.changed(shared) for stage in stages)


def rounds(stages: tuple[Stage, ...], steps: int, tile: int) -> Counter[tuple[Op, int]]:
    """How often devices hand round what a row gives, of how many steps at once, in a run whose tiles have so many steps.

    Args:
        stages: of the plan, as of `find_stages`.
        steps: of the run.
        tile: steps of a tile, at most.
    """
    found: Counter[tuple[Op, int]] = Counter()

    def walk(stages: tuple[Stage, ...], length: int, times: int) -> None:
        for stage in stages:
            if isinstance(stage, Windows):
                for each, count in cut(length, stage.even(length)):
                    walk(stage.stages, each, times * count)
                continue
            at_once, count = (1, length) if isinstance(stage, Scan) else (length, 1)
            for op in stage.ops:
                if op.fn is everywhere:
                    found[op, at_once] += count * times

    for length, times in cut(steps, tile):
        walk(stages, length, times)
    return found


def message_bytes(numbers: int) -> int:
    """Bytes of what a device hands round of so many numbers: a bit each, and one that says whether they are all 0 or 1.

    >>> message_bytes(4000)
    501
    """
    return -(-numbers // 8) + 1


def by_devices(*arrays: jax.Array, op: Op, where: Where) -> tuple[jax.Array, ...]:
    """What a row in blocks gives, from each device for its own blocks."""
    blocks: Blocks = dict(op.settings)["blocks"]

    def by_one(*arrays: jax.Array) -> tuple[jax.Array, ...]:
        with by_itself():
            return call(op, arrays)

    taken, given = (tuple(_spec(names, where) for names in all_names) for all_names in (blocks.operands, blocks.results))
    made: tuple[jax.Array, ...] = _each_device(by_one, where, taken, given)(*arrays)
    return made


def handed_round(spikes: jax.Array, *, op: Op, where: Where) -> jax.Array:
    """What neurons give, whole on every device."""
    return _handed_round(where, 1, spikes)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _handed_round(where: Where, axis: int, spikes: jax.Array) -> jax.Array:
    return _exchanged(where, axis)(spikes)


@_handed_round.defjvp
def _handed_round_jvp(where: Where, axis: int, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    assert where.mesh is not None
    (tangent,) = tangents
    spec = PartitionSpec(*[None] * (axis - 1), where.batch_axis)
    return _handed_round(where, axis, *primals), jax.lax.with_sharding_constraint(tangent, NamedSharding(where.mesh, spec))


def _exchanged(where: Where, axis: int) -> Callable[[jax.Array], jax.Array]:
    """The exchange of an array whose blocks lie along an axis, behind that of the samples."""

    @jax.custom_batching.custom_vmap
    def exchanged(spikes: jax.Array) -> jax.Array:
        front = [None] * (axis - 1)
        taken = PartitionSpec(*front, where.batch_axis, where.block_axis)
        given = PartitionSpec(*front, where.batch_axis)
        return _each_device(functools.partial(_round, axis=axis, over=where.block_axis), where, (taken,), given)(spikes)

    @exchanged.def_vmap
    def of_steps(size: int, batched: list[bool], spikes: jax.Array) -> tuple[jax.Array, bool]:
        # All steps at once: a loop over them, or a choice for each, would be an exchange for each.
        return _exchanged(where, axis + 1)(spikes), True

    return exchanged


def _round(x: jax.Array, axis: int, over: str | None) -> jax.Array:
    """What all devices have, behind one another along an axis: a bit for each number where all are 0 or 1, and else as they are."""
    spikes = x != 0
    graded = (spikes & (x != 1)).any()
    message = jnp.concatenate([jnp.packbits(spikes), graded.astype(jnp.uint8)[None]])
    messages = jax.lax.all_gather(message, over)

    def unpacked() -> jax.Array:
        parts = jnp.unpackbits(messages[:, :-1], axis=1, count=x.size).reshape(-1, *x.shape)
        return jnp.concatenate(list(parts), axis).astype(x.dtype)

    def second_round() -> jax.Array:
        return jax.lax.all_gather(x, over, axis=axis, tiled=True)

    return jax.lax.cond((messages[:, -1] != 0).any(), second_round, unpacked)


def _spec(names: Names, where: Where) -> PartitionSpec:
    axes = {"batch": where.batch_axis, "block": where.block_axis, "post": where.block_axis}
    return PartitionSpec(*(axes[name] if name else None for name in names))


def _each_device(function: Callable[..., Any], where: Where, taken: Any, given: Any) -> Callable[..., Any]:
    """A function that each device of a mesh carries out for its share of arrays. That all give the same where nothing is shared out is not looked at."""
    return jax.shard_map(function, mesh=where.mesh, in_specs=taken, out_specs=given, check_vma=False)
