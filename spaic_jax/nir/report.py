"""What became of every node of a graph, as a value that prints as a table."""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from spaic_jax.nir.check import Comparison, Pair
from spaic_jax.nir.tools import remarks

EXACT = "exact"
FOLDED = "folded into the weights"


def rounded(largest: float) -> str:
    """The verdict of a node whose numbers float32 does not hold.

    >>> rounded(2.98e-8)
    'rounded by 3e-08'
    """
    return f"rounded by {largest:.0e}"


def refused(reason: str) -> str:
    """The verdict of a node that cannot be said, and why.

    >>> refused("a Delay must be whole steps.")
    'refused because a Delay must be whole steps.'
    """
    return f"refused because {reason}"


@dataclasses.dataclass(frozen=True)
class Row:
    """What became of one node.

    Attributes:
        node: its path in the graph, the names of nested graphs before it, joined by `/`.
        kind: its NIR type, such as `"LIF"`.
        part: the full name of the member of the network that it is, or is a part of.
        verdict: `EXACT`, `FOLDED`, `rounded(...)` or `refused(...)`; several are joined by `", "`.
    """

    node: str
    kind: str
    part: str
    verdict: str

    @property
    def refused(self) -> bool:
        """Whether it could not be said."""
        return self.verdict.startswith("refused")


@dataclasses.dataclass(frozen=True)
class Report:
    """What an import from NIR, or an export to it, made of every node, and under which choices.

    It prints as a table, with a line below it for each known tool that does not read all of the graph's nodes, or reads
    them under other choices.

    Attributes:
        rows: what became of each node, in the order of their paths.
        choices: what NIR leaves open, and what was chosen.
        pair: the graph and the network, for `check`; `None` where something was refused or lost.

    >>> print(Report((Row("in", "Input", "in", EXACT), Row("fc", "Linear", "fc", rounded(3e-8))), {"dt": "1 ms"}))
    node  type    part here  verdict
    in    Input   in         exact
    fc    Linear  fc         rounded by 3e-08
    <BLANKLINE>
    dt: 1 ms
    """

    rows: tuple[Row, ...]
    choices: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    pair: Pair | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def refused(self) -> tuple[Row, ...]:
        """The rows of what could not be said."""
        return tuple(row for row in self.rows if row.refused)

    def check(self, inputs: Mapping[str, Any]) -> Comparison:
        """Run the network, and NIR's equations in float64 apart from it, on the same inputs, and compare the two.

        Args:
            inputs: what each Input gives, `[T, B, *shape]`, by its path.

        Raises:
            ValueError: inputs that do not fit; a report of something that was refused or lost.

        Example:
            >>> import nir, numpy as np, spaic_jax as sj
            >>> ones = np.ones(2)
            >>> graph = nir.NIRGraph.from_list(nir.LIF(tau=ones * 0.02, r=ones, v_leak=ones * 0, v_threshold=ones * 0.1))
            >>> network, weights, report = sj.from_nir(graph, dt=1.0)
            >>> report.check({"input": np.random.default_rng(0).uniform(0, 2, (50, 3, 2))}).spikes_equal
            True
        """
        if self.pair is None:
            raise ValueError("a report of something that was refused, or that lost something, has no network to check.")
        return self.pair.compare(inputs)

    def __str__(self) -> str:
        table = aligned([("node", "type", "part here", "verdict"), *(dataclasses.astuple(row) for row in self.rows)])
        chosen = [f"{name}: {value}" for name, value in self.choices.items()]
        notes = remarks([(row.node, row.kind) for row in self.rows])
        return "\n".join("\n".join(part) for part in (table, ["", *chosen] if chosen else [], ["", *notes] if notes else []) if part)


class RefusedError(ValueError):
    """Something that cannot be said exactly, and that nothing allowed to be said otherwise.

    Attributes:
        report: all rows, those of what could be said among them.
    """

    def __init__(self, report: Report, remedy: str = ""):
        self.report = report
        first, *others = report.refused
        more = f" ({len(others)} more node{'s are' if len(others) > 1 else ' is'} refused: see the report of this error.)" if others else ""
        reason = first.verdict.removeprefix("refused because ")
        super().__init__(f"node '{first.node}' ({first.kind}): {reason}{remedy}{more}")


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells in columns."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def rounding(*arrays: Any) -> float:
    """The largest relative error of numbers of float64 that float32 holds instead.

    >>> rounding(np.array([0.5, 3.0])), rounding(0.1) > 0
    (0.0, True)
    """
    largest = 0.0
    for array in arrays:
        exact = np.asarray(array, np.float64)
        error = np.abs(exact.astype(np.float32).astype(np.float64) - exact)
        largest = max(largest, float(np.max(error / np.maximum(np.abs(exact), np.finfo(np.float64).tiny), initial=0.0)))
    return largest
