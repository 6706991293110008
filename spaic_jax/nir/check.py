"""A network and a graph, run side by side."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What a network and NIR's equations made of the same inputs.

    Attributes:
        spikes_equal: whether every spiking node spiked alike in every step.
        first: `(step, node)` of the first spikes that differ; `None` if none do.
        largest: the largest difference of potentials and outputs up to that step, by node.
    """

    spikes_equal: bool
    first: tuple[int, str] | None
    largest: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Pair:
    """What `Report.check` runs."""

    def compare(self, inputs: Mapping[str, Any]) -> Comparison:
        """Run both."""
        raise NotImplementedError
