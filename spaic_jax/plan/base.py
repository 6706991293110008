"""What a plan is: how the steps of a program are carried out."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import jax

from spaic_jax.plan.cost import Where
from spaic_jax.program import Program


class Look(NamedTuple):
    """What a record of a run in pieces sees of one of them; numbers are int32, so that others compile nothing anew.

    Attributes:
        start: the number in this piece of the first step that it looks at.
        size: how many steps of this piece it looks at, each `every`-th from there on.
        total: what it has kept of the pieces before, where it reduces.
    """

    start: Any
    size: Any
    total: Any = None


class Piece(NamedTuple):
    """A piece of a run whose records go on from piece to piece.

    Attributes:
        done: steps done in the pieces before.
        whole: steps of all pieces.
        looks: what the records see of this piece, by name; those that are not there see all of it, and of nothing else.
    """

    done: Any
    whole: Any
    looks: dict[str, Look]


class Clock(NamedTuple):
    """Where a run begins: steps done since the variables were made, and steps of its presentation, done and in all.

    A piece of a run whose records go on says so. `lengths` are the steps of each sample, int32 `[B]`, where they differ.
    """

    step: jax.Array
    position: jax.Array
    window: jax.Array
    piece: Piece | None = None
    lengths: jax.Array | None = None


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

    def at(self, where: Where) -> Self:
        """The same plan for runs that take place elsewhere than on JAX's default device."""
        return self

    @abc.abstractmethod
    def describe(self, program: Program) -> str:
        """The plan of a program in words."""

    @abc.abstractmethod
    def working_bytes(self, program: Program, steps: int, batch_size: int) -> int:
        """Bytes that a run works in, beside its variables, its inputs and what its records keep."""
