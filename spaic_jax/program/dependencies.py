"""Which rows of a program need which: the graph that a plan is made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from spaic_jax.program.listing import Listing
from spaic_jax.program.op import base_name


class Needs(NamedTuple):
    """The rows that a row reads from, numbered from 1 as in the listing of the program.

    Attributes:
        this_step: rows whose values of this step it reads.
        previous_step: rows whose values of the previous step it reads: they write a state that it reads untagged.
    """

    this_step: tuple[int, ...]
    previous_step: tuple[int, ...]


def dependencies(program: Listing) -> dict[int, Needs]:
    """What each row of the program's mode needs, by the number of the row."""
    rows = {number: op for number, op in enumerate(program.ops, 1) if program.rows_of((op,))}
    writers: dict[str, list[int]] = {}
    for number, op in rows.items():
        for name in dict.fromkeys(op.outputs):
            writers.setdefault(name, []).append(number)

    def behind(reads: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted({number for read in reads for number in writers.get(base_name(read), ())}))

    # The untagged name of what goes from step to step is its value of the previous step.
    late = {number: [read for read in op.inputs if read in program.carried] for number, op in rows.items()}
    return {
        number: Needs(behind(read for read in op.inputs if read not in late[number]), behind(late[number]))
        for number, op in rows.items()
    }
