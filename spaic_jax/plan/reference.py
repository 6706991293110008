"""The reference plan: one scan of the whole step. Every other plan must give what this one gives."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.plan import ends, records, watch
from spaic_jax.plan.base import Clock, Kept, Plan
from spaic_jax.plan.cost import size_of
from spaic_jax.program import Program
from spaic_jax.program.evaluate import evaluate, reserved


@dataclasses.dataclass(frozen=True)
class Reference(Plan):
    """Every row in every step, in order, in one `lax.scan`: what all other plans are held to.

    >>> Reference()
    Reference()
    """

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
        span = records.Span(steps, clock.piece, clock.lengths)

        def body(carry: Any, x: Any) -> tuple[Any, Any]:
            state, totals, beyond = carry
            step, values = x
            now = reserved(program, clock.step + step, clock.position + step, clock.window)
            there = ends.there(jnp.expand_dims(step, 0), clock.lengths).get(ends.THERE)
            env = evaluate(program, program.rows, {**fixed, **state, **values, **now}, key)
            new = {name: env.get(program.written_read(name), old) for name, old in state.items()}
            if there is not None:
                new = ends.staying(program, {ends.THERE: there[0]}, new, state)
            reads = {program.recorded_read(record.variable) for record in program.kept}
            seen = {read: jnp.expand_dims(env[read], 0) for read in reads}
            totals, rows = records.update(program, program.kept, totals, seen, jnp.expand_dims(step, 0), span, there)
            carry = new, totals, watch.update(program, beyond, new, step, state)
            return carry, jax.tree.map(lambda row: row[0], rows)

        start = (dict(state), records.start(program, batch_size, span), watch.start(state))
        numbers = jnp.arange(steps, dtype=jnp.int32)
        (final, totals, beyond), rows = jax.lax.scan(body, start, (numbers, dict(sequences)), length=steps)
        return Kept(final, records.finish(program, totals, rows, span, fixed), beyond)

    def describe(self, program: Program) -> str:
        return f"reference plan: one scan of all {len(program.rows)} ops"

    def working_bytes(self, program: Program, steps: int, batch_size: int) -> int:
        reads = {program.written_read(name) for name in program.written}
        return sum(size_of(program.struct(read, batch_size)) for read in reads)
