"""Which rows of a program need which: the graph that a plan is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spaic_jax.program.op import UPDATED, base_name

if TYPE_CHECKING:
    from spaic_jax.program.program import Program


class Needs(NamedTuple):
    """The rows that a row reads from, numbered from 1 as in the listing of the program.

    Attributes:
        this_step: rows whose values of this step it reads.
        previous_step: rows whose values of the previous step it reads: they write a state that it reads untagged.
    """

    this_step: tuple[int, ...]
    previous_step: tuple[int, ...]


def dependencies(program: Program) -> dict[int, Needs]:
    """What each row needs, by the number of the row."""
    writers: dict[str, list[int]] = {}
    for number, op in enumerate(program.ops, 1):
        for name in dict.fromkeys(op.outputs):
            writers.setdefault(name, []).append(number)
    needs = {}
    for number, op in enumerate(program.ops, 1):
        rows: dict[bool, set[int]] = {True: set(), False: set()}
        for read in op.inputs:
            late = program.is_state(read) and not read.endswith(UPDATED)
            rows[late].update(writers.get(base_name(read), ()))
        needs[number] = Needs(tuple(sorted(rows[False])), tuple(sorted(rows[True])))
    return needs
