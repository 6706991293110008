"""From a chain of linear nodes to a connection."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spaic_jax.network import Connection, Encoder, NeuronGroup
from spaic_jax.nir.chains import Chain
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.graph import Node
from spaic_jax.nir.kinds import POOLS, sizes, whole
from spaic_jax.nir.report import EXACT, FOLDED, rounded, rounding
from spaic_jax.nir.scaling import WEIGHTED, Scaling
from spaic_jax.synapses import Link, Synapse
from spaic_jax.synapses.delays import NeuronDelay
from spaic_jax.synapses.links import Conv, Direct, Full, OneToOne
from spaic_jax.synapses.parts import AvgPool, SumPool


@dataclasses.dataclass(frozen=True)
class Linked:
    """A connection, and what became of its nodes."""

    connection: Connection
    verdicts: Mapping[str, str]


def linked(
    chain: Chain, pre: Encoder | NeuronGroup, post: NeuronGroup, choices: Choices, scaling: Scaling, broken: bool
) -> Linked:
    """The connection of a chain.

    Args:
        chain: what it does.
        pre, post: its ends.
        choices: what NIR leaves open.
        scaling: the factors of currents beside impulses.
        broken: whether it holds a Delay that a loop needs.

    Raises:
        UnsayableError: a factor that cannot be said.
    """
    weighted = chain.of_kind(WEIGHTED)
    link, verdict = _link(chain, weighted, scaling, math.prod(chain.nodes[-1].gives if chain.nodes else pre.shape))
    place = len(chain.nodes) if weighted is None else chain.nodes.index(weighted)
    parts: list[str | Synapse] = [*map(_pool, _pools(chain.nodes[:place])), link.own, *map(_pool, _pools(chain.nodes[place:]))]
    late = chain.late > 0 or broken
    connection = Connection(
        pre, post, link, syn_type=parts, delay=_delay(chain, choices, broken), propagation="one_step" if late else "same_step",
        pre_var_name=output_of(pre), is_parameter=None if weighted is not None else False,
    )
    verdicts = {node.path: verdict if node is weighted else EXACT for node in chain.nodes}
    return Linked(connection, verdicts)


def output_of(pre: Encoder | NeuronGroup) -> str:
    """The variable that others read: spikes, or the potential of what has none."""
    spikeless = isinstance(pre, NeuronGroup) and getattr(pre.model, "reset", "") == "none"
    return "V" if spikeless else pre.output


def _link(chain: Chain, node: Node | None, scaling: Scaling, size: int) -> tuple[Link, str]:
    """The link, with the numbers of the node that has some, and what became of that; `size` is that of what it gives."""
    entering = 1.0 if chain.start.side else scaling.of_edge(chain.start.node, chain.hop)
    if node is None:
        if np.all(entering == 1.0):
            return Direct(), EXACT
        # An array of factors is that of the neurons at the end.
        return OneToOne(weight=np.full(size, np.ravel(entering) if np.ndim(entering) else entering)), FOLDED
    rows, offset = scaling.of_weight(node), scaling.of_bias(node)
    if node.kind == "Scale":
        weight = node.fields["scale"] * entering * (rows if np.ndim(rows) == 0 else np.reshape(rows, node.gives))
    else:
        weight = node.fields["weight"] * entering
        weight = weight * np.reshape(rows, (-1, *(1,) * (weight.ndim - 1)))
    bias = None if node.fields.get("bias") is None else node.fields["bias"] * offset
    folded = any(np.any(np.asarray(factor) != 1.0) for factor in (entering, rows, offset))
    error = rounding(weight, *([] if bias is None else [bias]))
    verdict = ", ".join([*([FOLDED] if folded else []), *([rounded(error)] if error else [])]) or EXACT
    if node.kind in ("Affine", "Linear"):
        return Full(weight=weight, bias=bias), verdict
    if node.kind == "Scale":
        return OneToOne(weight=np.ravel(weight)), verdict
    settings = {name: _pair(name, node.fields[name]) for name in ("stride", "dilation", "padding")}
    return Conv(weight=weight, bias=bias, groups=whole(node.fields["groups"]), **settings), verdict


def _pair(name: str, value: Any) -> Any:
    """A setting for height and width; that of lines is the one for the width."""
    return value if value == "same" else (0, 0) if value == "valid" else sizes(name, value, 2)


def _pools(nodes: tuple[Node, ...]) -> list[Node]:
    return [node for node in nodes if node.kind in POOLS]


def _pool(node: Node) -> Synapse:
    settings = {f"pool_{name}": sizes(name, node.fields[name], 2) for name in ("kernel_size", "stride", "padding")}
    return SumPool(**settings) if node.kind == "SumPool2d" else AvgPool(**settings)


def _delay(chain: Chain, choices: Choices, broken: bool) -> Any:
    """What comes on top of the step that a late connection takes, ms: one number, or one for each presynaptic neuron."""
    delay = chain.of_kind({"Delay"})
    steps = max(chain.late - 1, 0) - (1 if broken and not chain.late else 0)
    if delay is None:
        return steps * choices.dt or None
    waits = choices.steps(delay.fields["delay"]) + steps
    if (waits != waits.flat[0]).any():
        return NeuronDelay(value=waits * choices.dt)
    return float(waits.flat[0]) * choices.dt or None
