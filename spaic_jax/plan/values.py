"""The values of one tile while its stages are carried out."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plan.scan import Loop
from spaic_jax.plan.stages import Stage
from spaic_jax.program import Program
from spaic_jax.program.evaluate import evaluate
from spaic_jax.program.op import UPDATED


class TileValues:
    """What is known of a tile so far: reads by name, `[K, ...]` where they change with time.

    It lives only while a tile is traced; nothing of it outlasts that.
    """

    def __init__(
        self,
        program: Program,
        wanted: frozenset[str],
        fixed: Mapping[str, Any],
        state: Mapping[str, Any],
        timed: dict[str, Any],
        recompute: bool,
    ):
        self._program, self._wanted, self._fixed, self._state = program, wanted, fixed, state
        self._timed, self._recompute = timed, recompute
        self._last: dict[str, Any] = {}

    def get(self, read: str) -> tuple[Any, bool]:
        """The value of a read, and whether it has a time axis."""
        if read in self._timed:
            return self._timed[read], True
        if read in self._fixed:
            return self._fixed[read], False
        if read not in self._program.written:
            return self._state[read], False
        # The previous step's value of a state that an earlier stage wrote: a shift by one step.
        now = self.stacked(read + UPDATED)
        self._timed[read] = jnp.concatenate([self._state[read][None], now[:-1]])
        return self._timed[read], True

    def stacked(self, read: str) -> Any:
        """The value of a read with a time axis."""
        value, timed = self.get(read)
        steps = self._timed["[position]"].shape[0]
        return value if timed else jnp.broadcast_to(value[None], (steps, *value.shape))

    def carry_out(self, stage: Stage, key: Any) -> None:
        """Do one stage for every step of the tile."""
        program = self._program
        written = {name: program.written_read(name) for name in sorted(stage.writes)}
        carried = stage.carried(program) if stage.kind == "scan" else ()
        # What other stages have written of the names that this one writes too joins the sum.
        shared = {read for read in written.values() if read in self._timed or read in self._fixed}
        fixed: dict[str, Any] = {}
        timed = {"[position]": self._timed["[position]"]}
        for read in sorted((stage.reads - {*written.values(), *carried}) | shared):
            value, has_time = self.get(read)
            (timed if has_time else fixed)[read] = value
        if stage.kind == "map":

            def at_step(timed: dict[str, Any]) -> dict[str, Any]:
                env = evaluate(program, stage.ops, {**fixed, **timed}, key)
                return {read: env[read] for read in written.values()}

            self._timed |= jax.vmap(at_step)(timed)
            return
        stacked = tuple(read for read in written.values() if read in self._wanted)
        kept = {
            name: self._state[name]
            for name, read in written.items()
            if program.is_state(name) and (name in carried or read not in stacked)
        }
        weights = frozenset(self._fixed) - {"[dt]", "[window]", *(v.name for v in program.of_role("input"))}
        loop = Loop(program, stage.ops, stage.weighted(weights), stacked, self._recompute)
        last, rows = loop(kept, timed, fixed, key)
        self._last |= last
        self._timed |= rows

    def final_state(self) -> dict[str, Any]:
        """The state after the last step of the tile."""
        new = {}
        for name, old in self._state.items():
            if name in self._last:
                new[name] = self._last[name]
            elif name in self._program.written:
                value, timed = self.get(name + UPDATED)
                new[name] = value[-1] if timed else value
            else:
                new[name] = old
        return new
