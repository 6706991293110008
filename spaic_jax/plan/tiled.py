"""The tiled plan: whatever does not loop over time is done for many steps at once."""

import dataclasses
import functools
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self, get_args

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.plan import ends, records, watch
from spaic_jax.plan.ahead import Ahead, carry_out_ahead, with_ahead
from spaic_jax.plan.base import Clock, Kept, Plan
from spaic_jax.plan.cost import HERE, Where, choose_tile, size_of, this_device
from spaic_jax.plan.describe import describe
from spaic_jax.plan.exchange import on_devices
from spaic_jax.plan.merging import LEAST, LEAST_COMPILED, merged
from spaic_jax.plan.products import Products, by_events, choice_in, choice_of, delivers
from spaic_jax.plan.remat import Auto, Chunk, Remat, check_remat
from spaic_jax.plan.scan import Scan
from spaic_jax.plan.stage import Once, Stage, wanted_reads, weight_bytes
from spaic_jax.plan.stages import exchanges, find_stages
from spaic_jax.plan.tile import Tile, in_tiles
from spaic_jax.plan.windows import Windows
from spaic_jax.program import Program
from spaic_jax.program.evaluate import evaluate, reserved


@dataclasses.dataclass(frozen=True)
class Tiled(Plan):
    """Stages in order over a tile of steps, tile after tile.

    Args:
        tile: steps of a tile; `None` lets a cost model choose, which knows the device.
        remat: what the backward pass keeps: `None` all it needs, `"step"` what every step of a loop is given in place of what it
            makes of it, which is less only where it makes much, as `hh` does, and more of light neurons such as `lif`;
            `Chunk(steps)` the state before every chunk, `"auto"` or `Auto(budget)` as much as fits a number of bytes.
        products: how products and convolutions of layers are computed: `"auto"` by the compiled kernels of events where few
            numbers are not zero when it runs, on the CPU and where they are there (see `spaic_jax.native.status`); `"dense"` by
            XLA's own; `"events"` always by the kernels. All agree but for rounding, and that by events what is zero takes no
            part: a weight that is not finite shows once its neuron fires.
        where: what a cost model and the choice of kernels go by; a simulator sets it by the arrays that it is given.

    Raises:
        ValueError: a tile that is no positive whole number, an unknown policy; in a run, `"events"` without the kernels.

    >>> Tiled(tile=20).tile
    20
    """

    tile: int | None = None
    remat: Remat = None
    products: Products = "auto"
    where: Where = dataclasses.field(default=HERE, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.products not in get_args(Products):
            raise ValueError(unknown("products", self.products, get_args(Products)))
        if self.tile is not None:
            object.__setattr__(self, "tile", whole(self.tile, "Tiled: tile", least=1))
        object.__setattr__(self, "remat", check_remat(self.remat))

    def at(self, where: Where) -> Self:
        return dataclasses.replace(self, where=where)

    def run(
        self,
        program: Program,
        fixed: Mapping[str, Any],
        state: Mapping[str, Any],
        sequences: Mapping[str, Any],
        key: jax.Array | None,
        clock: Clock,
        steps: int,
        batch_size: int,
    ) -> Kept:
        program, stages, length = self.schedule(program, frozenset(sequences), steps, batch_size)
        stages = on_devices(stages, self.where)
        once = tuple(op for stage in stages if isinstance(stage, Once) for op in stage.ops)
        now = reserved(program, clock.step, clock.position, clock.window)
        fixed = evaluate(program, once, {**fixed, **{read: now[read] for read in ("[dt]", "[window]")}}, key)
        span = records.Span(steps, clock.piece, clock.lengths)
        totals = records.start(program, batch_size, span)
        moving = watch.moving(program)
        wanted = wanted_reads(program, stages)
        weights = frozenset(fixed) - {"[dt]", "[window]", *(v.name for v in program.of_role("input"))}
        sequences, last = carry_out_ahead(program, stages, sequences, fixed, state, clock.lengths)

        def tile(carry: Any, x: Any) -> tuple[Any, Any]:
            state, totals, beyond = carry
            numbers, values = x
            timed = {**values, "[position]": clock.position + numbers, "[step]": clock.step + numbers}
            timed |= ends.there(numbers, clock.lengths)
            looked, again = program.kept, self.remat == "step"
            env = Tile(program, wanted, fixed, state, totals, looked, weights, timed, numbers, span, batch_size, again)
            for stage in stages:
                stage.run(env, key)
            totals, rows = env.recorded()
            final = env.final_state()
            return (final, totals, watch.update(program, beyond, final, numbers[-1], moving)), rows

        xs = (jnp.arange(steps, dtype=jnp.int32), sequences)
        carry: Any = ({name: x for name, x in state.items() if name not in last}, totals, watch.start(state))
        body = functools.partial(in_tiles, tile, length)
        chunk = self.remat
        if isinstance(chunk, Auto):
            chunk = chunk.chunk(steps, length, *(size / self.where.shares for size in _kept_bytes(tile, carry, xs, length)))
        if isinstance(chunk, Chunk):
            size = math.ceil(chunk.steps / length) * length
            body = functools.partial(in_tiles, jax.checkpoint(body, prevent_cse=False), size)
        (final, totals, beyond), rows = body(carry, xs)
        final |= last
        beyond = watch.update(program, beyond, final, steps - 1, final)
        return Kept(final, records.finish(program, totals, rows, span, fixed), beyond)

    def schedule(
        self, program: Program, varying: frozenset[str], steps: int, batch_size: int
    ) -> tuple[Program, tuple[Stage, ...], int]:
        """The program as a run carries it out whose reads `varying` change, its stages, and the steps of a tile."""
        program = self._merged(program, varying)
        stages = self.stages(program, varying)
        return program, stages, self.tile_length(program, stages, steps, batch_size)

    def _merged(self, program: Program, varying: frozenset[str]) -> Program:
        return merged(program, varying, LEAST if choice_of(self.products, self.where) is None else LEAST_COMPILED)

    def stages(self, program: Program, varying: frozenset[str]) -> tuple[Stage, ...]:
        """The stages of a run whose reads `varying` change: see `find_stages`."""
        stages, choice = with_ahead(program, varying, find_stages(program, varying)), choice_of(self.products, self.where)
        return stages if choice is None else by_events(program, varying, stages, choice)

    def tile_length(self, program: Program, stages: tuple[Stage, ...], steps: int, batch_size: int) -> int:
        """The number of steps of a tile, by the sizes of one device."""
        if self.tile is not None:
            return min(self.tile, steps)
        handed, weights, windows = _step_bytes(program, stages, max(1, batch_size // self.where.shares)), 0, Counter[int]()
        for stage in stages:
            if isinstance(stage, Windows):
                windows[stage.length] += weight_bytes(program, stage.loose)
            elif not isinstance(stage, Once | Ahead | Scan):
                weights += weight_bytes(program, stage.heavy)
        chosen = choose_tile(steps, handed, weights, this_device(self.where), windows)
        # Devices that talk to each other once a window should not do so in each of shorter tiles, whatever these take.
        least = max((stage.length for stage in stages if isinstance(stage, Windows) and exchanges(stage.ops)), default=1)
        return max(chosen, min(least, steps))

    def describe(self, program: Program) -> str:
        timed = frozenset(v.name for v in program.of_role("input") if v.axes != "held")
        program = self._merged(program, timed)
        return describe(self.run, self.stages(program, timed), self.tile, self.remat, program)

    def working_bytes(self, program: Program, steps: int, batch_size: int) -> int:
        timed = frozenset(v.name for v in program.of_role("input") if v.axes == "time")
        program, stages, length = self.schedule(program, timed, steps, batch_size)
        whole = {name for stage in stages if isinstance(stage, Ahead) for name in stage.writes}
        ahead = sum(size_of(program.struct(program.written_read(name), batch_size)) for name in whole)
        # Kernels of events have the weights a second time, as rows.
        packed = weight_bytes(program, (op for stage in stages for op in stage.heavy if choice_in(op) and not delivers(op)))
        in_tile = length * _step_bytes(program, stages, batch_size)
        return packed + steps * ahead + in_tile


def _step_bytes(program: Program, stages: tuple[Stage, ...], batch_size: int) -> int:
    """Bytes of what the rows of one step write that are carried out in every step.

    What a loop learns and no other stage reads, such as weights that a rule changes, has one place for all steps, and so
    have the ring of a delay and what windows read as it was before them.
    """
    wanted = wanted_reads(program, stages)
    rings = {v.name for v in program.variables if v.ring}
    names: list[str] = []
    for stage in stages:
        if isinstance(stage, Once | Ahead):
            continue
        learned = {name for op in stage.ops if isinstance(stage, Scan) and op.when == "learning" for name in op.outputs}
        before = stage.before if isinstance(stage, Windows) else frozenset()
        single = {name for name in learned | before | rings if program.written_read(name) not in wanted}
        names += sorted(stage.writes - single)
    return sum(size_of(program.struct(program.written_read(name), batch_size)) for name in names)


def _kept_bytes(tile: Callable[[Any, Any], Any], carry: Any, xs: Any, length: int) -> tuple[float, float]:
    """Bytes that the backward pass keeps of one step, and bytes of the state."""
    one = jax.tree.map(lambda x: x[:length], xs)
    backward = jax.eval_shape(lambda carry: jax.vjp(lambda c: tile(c, one), carry)[1], carry)
    kept = sum(size_of(leaf) for leaf in jax.tree.leaves(backward))
    return kept / length, sum(size_of(leaf) for leaf in jax.tree.leaves(carry))
