"""What a plan is: how the steps of a program are carried out."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from spaic_jax.program import Program


class Clock(NamedTuple):
    """Where a run begins: steps done since the variables were made, and steps of its presentation, done and in all."""

    step: jax.Array
    position: jax.Array
    window: jax.Array


class Kept(NamedTuple):
    """What a run ends with: what is carried, what the records kept, and when a value was first beyond all bounds."""

    state: dict[str, Any]
    records: dict[str, Any]
    beyond: dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Plan(abc.ABC):
    """How the steps of a program are carried out: a value, the same for every program."""

    @abc.abstractmethod
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
        """All steps.

        Args:
            program: what one step does.
            fixed: parameters, constants, plastic values that stay, and held inputs, by name.
            state: what is carried from step to step, by name.
            sequences: inputs that change, `[T, B, *shape]`, by name.
            key: random key, or `None` where no row is random.
            clock: where the run begins.
            steps: number of steps to do.
            batch_size: B.
        """

    @abc.abstractmethod
    def describe(self, program: Program) -> str:
        """The plan of a program in words."""

    @abc.abstractmethod
    def working_bytes(self, program: Program, steps: int, batch_size: int) -> int:
        """Bytes that a run works in, beside its variables, its inputs and what its records keep."""
