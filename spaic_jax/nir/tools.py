"""What known tools make of a graph: which types they read, as their own sources say."""

from collections.abc import Sequence
from typing import NamedTuple


class Tool(NamedTuple):
    """A tool and what its import reads.

    Attributes:
        name: with the version whose source was read.
        reads: the types of nodes, beside Input and Output.
        under: what else it asks for or does, as the end of a sentence; it holds for types of `about`.
        about: the types that make this worth saying.
    """

    name: str
    reads: frozenset[str]
    under: str
    about: frozenset[str]


_COMMON = frozenset({"Affine", "Conv2d", "CubaLIF", "Flatten", "IF", "LIF", "Linear"})

#: Tools whose import was read; those that were not are not here.
TOOLS = (
    Tool(
        "snnTorch 1.0",
        _COMMON | {"AvgPool2d", "Conv1d", "NIRGraph", "SumPool2d"},
        "takes steps of 0.1 ms and v_reset as 0, asks for v_leak 0, one threshold a node and an r of 1 (IF) or tau_mem/dt (CubaLIF),"
        " reads an IF as a leaky neuron, leads what enters a recurrent layer through its recurrent weights, and sums pools without their"
        " padding",
        frozenset({"CubaLIF", "IF", "LIF", "SumPool2d"}),
    ),
    Tool(
        "SpikingJelly 2.0",
        _COMMON | {"AvgPool2d", "Conv1d", "NIRGraph", "SumPool2d"},
        "asks for one value of each parameter a node, for an r of 1/dt (IF), 1 or tau/dt (LIF) or tau_mem/dt (CubaLIF), for a w_in of"
        " tau_syn/dt, for v_leak v_reset (LIF) or 0 (CubaLIF), and for convolutions of one group, and sums pools without their padding",
        frozenset({"Conv1d", "Conv2d", "CubaLIF", "IF", "LIF", "SumPool2d"}),
    ),
    Tool(
        "Spyx 1.0",
        _COMMON | {"LI", "NIRGraph", "SumPool2d", "Threshold"},
        "takes nodes as one sequence, an LI only before a Threshold and a Threshold only behind an LI, and leaves out r, w_in, v_leak and v_reset",
        frozenset({"CubaLIF", "IF", "LI", "LIF", "Threshold"}),
    ),
)


def remarks(nodes: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each tool that does not read all of the nodes `(path, type)`, or reads them under conditions.

    >>> remarks([("in", "Input"), ("wait", "Delay")])[1]
    'SpikingJelly 2.0 does not read wait (Delay).'
    >>> remarks([("in", "Input"), ("fc", "Linear")])
    []
    """
    lines = []
    for tool in TOOLS:
        unread = [f"{path} ({kind})" for path, kind in nodes if kind not in tool.reads | {"Input", "Output"}]
        listed = ", ".join(unread[:3]) + (f" and {len(unread) - 3} more" if len(unread) > 3 else "")
        if unread:
            lines.append(f"{tool.name} does not read {listed}.")
        elif any(kind in tool.about for _, kind in nodes):
            lines.append(f"{tool.name} {tool.under}.")
    return lines
