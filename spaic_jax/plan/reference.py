"""The reference plan: one scan of the whole step. Every other plan must give what this one gives."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plan import records
from spaic_jax.program import Program
from spaic_jax.program.evaluate import evaluate, reserved


@dataclasses.dataclass(frozen=True)
class ReferencePlan:
    """Every row in every step, in order, in one `lax.scan`."""

    program: Program

    def run(
        self,
        fixed: Mapping[str, Any],
        state: Mapping[str, Any],
        sequences: Mapping[str, Any],
        key: jax.Array | None,
        first: jax.Array,
        steps: int,
        batch_size: int,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """All steps: the final state, and what the records kept.

        Args:
            fixed: parameters, constants and held inputs, by name.
            state: states, by name.
            sequences: inputs that change, `[T, B, *shape]`, by name.
            key: random key, or `None` where no row is random.
            first: number of steps done before.
            steps: number of steps to do.
            batch_size: B.
        """
        program = self.program

        def body(carry: Any, x: Any) -> tuple[Any, Any]:
            state, totals = carry
            position, values = x
            clock = reserved(program, first + position, position, steps)
            env = evaluate(program, program.ops, {**fixed, **state, **values, **clock}, key)
            new = {name: env.get(program.written_read(name), old) for name, old in state.items()}
            reads = {program.recorded_read(record.variable) for record in program.records}
            values = {read: jnp.expand_dims(env[read], 0) for read in reads}
            totals, rows = records.update(program, totals, values, jnp.expand_dims(position, 0), steps)
            return (new, totals), jax.tree.map(lambda row: row[0], rows)

        start = (dict(state), records.start(program, batch_size, steps))
        positions = jnp.arange(steps, dtype=jnp.int32)
        (final, totals), rows = jax.lax.scan(body, start, (positions, dict(sequences)), length=steps)
        return final, records.finish(program, totals, rows, steps, fixed)

    def __str__(self) -> str:
        return f"reference plan: one scan of all {len(self.program.ops)} ops"
