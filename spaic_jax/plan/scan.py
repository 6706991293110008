"""The loop of a scan stage, and its derivative."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call, evaluate


@dataclasses.dataclass(frozen=True)
class Loop:
    """A loop over the steps of a tile.

    Attributes:
        program: what one step does.
        ops: the rows of a step.
        weighted: those of them that are matrix products with weights: their weights' gradient is formed outside the
            backward loop, in one product over all steps of the tile.
        stacked: the reads whose every step is wanted.
        recompute: whether the backward pass computes each step again instead of keeping what it needs of it.
    """

    program: Program
    ops: tuple[Op, ...]
    weighted: tuple[Op, ...]
    stacked: tuple[str, ...]
    recompute: bool = False

    def __call__(
        self, carry: Mapping[str, Any], timed: Mapping[str, Any], fixed: Mapping[str, Any], key: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run the loop.

        Args:
            carry: the states written here that the rows read from the previous step, or whose last value is wanted.
            timed: what the rows read from outside that changes with time, `[K, ...]`, by read.
            fixed: what the rows read from outside that stays.
            key: random key of the run.

        Returns:
            The last value of each state of the carry, and the stacked reads `[K, ...]`.
        """
        inputs = {read for op in self.weighted for read in op.inputs if read in fixed}
        names = sorted(name for name in inputs if jnp.issubdtype(fixed[name].dtype, jnp.inexact))
        weights = {name: fixed[name] for name in names}
        rest = {name: value for name, value in fixed.items() if name not in weights}
        if not weights:
            return self._scan(dict(carry), dict(timed), rest, {}, {}, key)[0]

        # A custom_jvp, not a custom_vjp: forward mode works too, and the transpose of its linear part is what we want.
        @jax.custom_jvp
        def loop(carry: Any, timed: Any, rest: Any, weights: Any, key: Any) -> Any:
            return self._scan(carry, timed, rest, weights, {}, key)[0]

        @loop.defjvp
        def loop_jvp(primals: Any, tangents: Any) -> Any:
            carry, timed, rest, weights, key = primals
            weights_dot = tangents[3]

            def unweighted(carry: Any, timed: Any, rest: Any, nudges: Any) -> Any:
                return self._scan(carry, timed, rest, weights, nudges, key)

            zeros = self._zero_nudges(timed, carry)
            out, linear, sources = jax.linearize(unweighted, carry, timed, rest, zeros, has_aux=True)
            _, nudges = jax.jvp(lambda w: self._products(sources, w), (weights,), (weights_dot,))
            return out, linear(*tangents[:3], nudges)

        return loop(dict(carry), dict(timed), rest, weights, key)

    def _scan(
        self, carry: Any, timed: Any, rest: Any, weights: Any, nudges: Any, key: Any
    ) -> tuple[tuple[dict[str, Any], dict[str, Any]], dict[str, Any]]:
        """The loop itself; also what the weighted rows have read in every step, by row."""

        def step(carry: dict[str, Any], x: Any) -> tuple[dict[str, Any], Any]:
            x, nudge = x
            env = {**rest, **weights, **carry, **x}
            sources = {}
            for op in self.ops:
                row = self._row(op)
                if row in nudge:
                    sources[row] = {read: env[read] for read in op.inputs if read not in weights}
                    op = dataclasses.replace(op, fn=_Nudged(op, nudge[row]))
                env = evaluate(self.program, (op,), env, key)
            new = {name: env[self.program.written_read(name)] for name in carry}
            return new, ({read: env[read] for read in self.stacked}, sources)

        if self.recompute:
            step = jax.checkpoint(step, prevent_cse=False)
        last, (stacked, sources) = jax.lax.scan(step, carry, (timed, nudges))
        return (last, stacked), sources

    def _products(self, sources: Any, weights: Any) -> dict[str, Any]:
        """What the weighted rows write, all steps at once."""

        def product(op: Op) -> Any:
            def at_step(read: Any) -> Any:
                return call(op, [read[name] if name in read else weights[name] for name in op.inputs])

            return jax.vmap(at_step)(sources[self._row(op)])

        return {self._row(op): product(op) for op in self.weighted}

    def _zero_nudges(self, timed: Any, carry: Any) -> dict[str, Any]:
        length = jax.tree.leaves(timed)[0].shape[0]
        batch = jax.tree.leaves(carry)[0].shape[0]
        nudges = {}
        for op in self.weighted:
            structs = [self.program.struct(self.program.written_read(name), batch) for name in op.outputs]
            nudges[self._row(op)] = tuple(jnp.zeros((length, *s.shape), s.dtype) for s in structs)
        return nudges

    def _row(self, op: Op) -> str:
        return str(self.ops.index(op))


class _Nudged:
    """An op's function with a nudge added to its outputs that is always zero and there for its derivative alone."""

    def __init__(self, op: Op, nudge: Any):
        self.op, self.nudge = op, nudge

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        return tuple(_nudge(value, by) for value, by in zip(call(self.op, inputs), self.nudge, strict=True))


@jax.custom_jvp
def _nudge(value: jax.Array, by: jax.Array) -> jax.Array:
    return value


@_nudge.defjvp
def _nudge_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    return primals[0], tangents[0] + tangents[1]
