"""Runs whose gradient is formed forwards in time."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp

from spaic_jax.gradients.base import Gradient
from spaic_jax.gradients.chart import Chart, chart_of
from spaic_jax.gradients.learning import Given, learn
from spaic_jax.gradients.paths import Path, check_reached
from spaic_jax.gradients.traces import Traces
from spaic_jax.plan import Clock, Kept, Plan
from spaic_jax.plan.cost import Where
from spaic_jax.program import Program

SymbolicZero = jax.custom_derivatives.SymbolicZero


@dataclasses.dataclass(frozen=True)
class OnlineGradient(Gradient):
    """A gradient that is formed forwards in time, beside the network: its memory does not grow with the number of steps.

    A run is carried out by the plan; the loss then says how each output should have been. The run is repeated with the same
    random numbers, and each step adds to the gradient what its traces and its learning signal give. Nothing of a step is
    kept but these, and none looks at a later one.
    """

    def apply(self, plan: Plan) -> Plan:
        return Online(plan, self)

    @abc.abstractmethod
    def paths(self, chart: Chart) -> tuple[Path, ...]:
        """The ways on which learning signals come back from the outputs."""

    @abc.abstractmethod
    def traces(self, chart: Chart, paths: tuple[Path, ...]) -> tuple[Traces, ...]:
        """The traces of all products with trained weights.

        Raises:
            ValueError: a product that the gradient does not cover, by name.
        """


@dataclasses.dataclass(frozen=True)
class Online(Plan):
    """A plan whose runs have an online gradient.

    Attributes:
        plan: carries out the runs.
        gradient: differentiates them.
    """

    plan: Plan
    gradient: OnlineGradient

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
        if clock.lengths is not None:
            raise ValueError(f"{self._rule} goes on with samples that are over: train sequences of different length by \"bptt\".")
        # What an output makes of its sum over time is differentiated as it stands.
        bare = tuple(dataclasses.replace(record, finish=None, constants=(), settings=()) for record in program.records)
        plain = dataclasses.replace(program, records=bare)
        # The gradient is traced when the run is over, and its precision with it.
        precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]

        def forward(*primals: Any) -> Kept:
            params, rest, state, sequences, key, clock = primals
            return self.plan.run(plain, {**params, **rest}, state, sequences, key, clock, steps, batch_size)

        def forward_kept(*primals: Any) -> tuple[Kept, Any]:
            values = jax.tree.map(lambda x: x.value, primals, is_leaf=_is_primal)
            return forward(*values), (values, jax.tree.map(_marked, primals, is_leaf=_is_primal))

        def backward(kept: tuple[Any, Any], slopes: Kept) -> tuple[Any, ...]:
            given, trained = Given(*kept[0]), self._moved(Given(*kept[1]))
            told = self._told(slopes)
            chart = chart_of(self._rule, plain, frozenset(given.sequences), trained, tuple(told))
            paths = self.gradient.paths(chart)
            check_reached(chart, paths)
            traces = self.gradient.traces(chart, paths)
            with jax.default_matmul_precision(precision):
                gradient = learn(chart, paths, traces, given, told, steps, batch_size)
            zeros = {name: jnp.zeros_like(x) for name, x in given.params.items()}
            return {**zeros, **gradient}, None, None, None, None, None

        run = jax.custom_vjp(forward)
        run.defvjp(forward_kept, backward, symbolic_zeros=True)
        trained = {v.name for v in program.of_role("parameter") if jnp.issubdtype(v.dtype, jnp.floating)}
        params = {name: x for name, x in fixed.items() if name in trained}
        rest = {name: x for name, x in fixed.items() if name not in trained}
        end: Kept = run(params, rest, dict(state), dict(sequences), key, clock)
        finished = {record.name: record.finished(end.records[record.name], fixed) for record in program.kept}
        return end._replace(records=finished)

    def at(self, where: Where) -> Self:
        return dataclasses.replace(self, plan=self.plan.at(where))

    def describe(self, program: Program) -> str:
        return f"{self.plan.describe(program)}\n  gradient of runs: {self.gradient}"

    def working_bytes(self, program: Program, steps: int, batch_size: int) -> int:
        return self.plan.working_bytes(program, steps, batch_size)

    @property
    def _rule(self) -> str:
        return type(self.gradient).__name__

    def _moved(self, marks: Given) -> tuple[str, ...]:
        """The parameters whose gradient is wanted; ValueError where that of something else is."""
        for values in (marks.rest, marks.state, marks.sequences):
            for name, mark in values.items():
                if _is_marked(mark):
                    raise ValueError(
                        f"{self._rule} gives gradients of weights, not with respect to '{name}': use BPTT(), or"
                        " jax.lax.stop_gradient (Variables.detach for a state)."
                    )
        return tuple(sorted(name for name, mark in marks.params.items() if _is_marked(mark)))

    def _told(self, slopes: Kept) -> dict[str, jax.Array]:
        """The derivatives of the loss by records; ValueError where it looks at something else."""
        for name, slope in slopes.state.items():
            if _is_told(slope):
                raise ValueError(
                    f"{self._rule} takes a loss of outputs, but this one depends on '{name}' after the run: use BPTT(), or"
                    " Variables.detach."
                )
        return {name: slope for name, slope in slopes.records.items() if _is_told(slope)}


def _is_primal(x: Any) -> bool:
    return hasattr(x, "perturbed")


def _marked(x: Any) -> jax.Array:
    """An array without entries, whose shape says whether a gradient by `x` is wanted.

    All derivatives of a compiled run share the last tree that its forward rule gave, and none where the rule raised an
    error: what differs between them has to be in the arrays, and errors are left to the backward rule.
    """
    return jnp.zeros((0, int(x.perturbed)), bool)


def _is_marked(mark: jax.Array) -> bool:
    return mark.shape[1] == 1


def _is_told(slope: Any) -> bool:
    return not isinstance(slope, SymbolicZero) and bool(jnp.issubdtype(slope.dtype, jnp.inexact))
