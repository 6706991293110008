"""Whether time constants betray that a file's unit of time is another one."""

import numpy as np

from spaic_jax.nir.choices import Choices
from spaic_jax.nir.graph import Graph
from spaic_jax.nir.kinds import NEURONS, TIMES
from spaic_jax.nir.metadata import unit_of

#: Few networks have only time constants as long as this, ms; one that has says its unit.
LONGEST = 1000.0


def check_unit(graph: Graph, choices: Choices) -> None:
    """ValueError when all time constants make no sense in the unit that was said, and would in the other one.

    They make none below a step, or from a second on; and they would between a step and a second. A graph whose metadata say the
    unit, as those of `to_nir` do, is believed.

    >>> import nir
    >>> from spaic_jax.nir.graph import read_graph
    >>> one = np.ones(1)
    >>> graph = read_graph(nir.NIRGraph.from_list(nir.LI(tau=one * 20, r=one, v_leak=one * 0)))
    >>> check_unit(graph, Choices(dt=1.0))
    Traceback (most recent call last):
        ...
    ValueError: the time constants are 20 s with unit 's', at steps of 1 ms: they look like 20 ms, so say unit='ms'; if they are right, \
say so by metadata {'unit': 's'} in the graph.
    """
    taus = [(node.path, x) for node in graph.of_kind(*NEURONS) for name, x in node.fields.items() if name in TIMES]
    if not taus or unit_of(graph) == choices.unit:
        return
    read = choices.ms(np.concatenate([x.ravel() for _, x in taus]))
    other = read / 1000 if choices.unit == "s" else read * 1000
    senseless = read.max() < choices.dt or read.min() >= LONGEST
    if senseless and other.min() >= choices.dt and other.max() < LONGEST:
        word = "ms" if choices.unit == "s" else "s"
        raise ValueError(
            f"the time constants are {_span(read)} with unit '{choices.unit}', at steps of {choices.dt:g} ms: they look like"
            f" {_span(other)}, so say unit='{word}'; if they are right, say so by metadata {{'unit': '{choices.unit}'}} in the graph."
        )


def _span(times: np.ndarray) -> str:
    ends = [f"{t / 1000:g} s" if t >= LONGEST else f"{t:g} ms" for t in (times.min(), times.max())]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
