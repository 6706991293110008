"""A network as boxes and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spaic_jax._graph import components
from spaic_jax.plot.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spaic_jax.network import Network

#: Size of a box, and how far columns and rows are apart.
_WIDE, _HIGH, _COLUMN, _ROW = 1.9, 0.62, 3.1, 1.8


def network_graph(network: Network) -> Figure:
    """Encoders, groups, and decoders, actions and rewards in the order of flow, from left to right, and what joins them.

    Arrows say the link and the delay; those back, in a loop, run below. Electrical synapses have no direction.

    Args:
        network: what was declared; its projections are drawn as the connections they stand for.

    Returns:
        The figure.

    Raises:
        ValueError: a network without groups.
        ImportError: when matplotlib is not installed.

    Example:
        >>> import spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4)
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> [text.get_text() for text in network_graph(net).axes[0].texts]
        ['image\\nPoisson [4]', 'layer\\nLIF [3]', 'Full']
    """
    from spaic_jax.edit import expand
    from spaic_jax.network import Action, Connection, Decoder, Module, NeuronGroup, Reward, Slice, Source
    from spaic_jax.network.slice import member_of

    network = expand(network)
    nodes: dict[str, Any] = dict(network.of_kind(Source, NeuronGroup, Decoder, Action, Reward))
    if not network.of_kind(NeuronGroup):
        raise ValueError("network_graph needs a network with at least one group.")
    edges = []
    for connection in network.of_kind(Connection).values():
        label = connection.chain.label
        if isinstance(connection.delay, float):
            label += f"\n{connection.delay:g} ms"
        elif connection.delay is not None:
            label += f"\n{type(connection.delay).__name__}"
        if any(isinstance(end, Slice) for end in (connection.pre, connection.post)):
            parts = (f"[{end.label}]" if isinstance(end, Slice) else "all" for end in (connection.pre, connection.post))
            label += f"\n{' -> '.join(parts)}"
        if connection.propagation is not None:
            label += f"\n{connection.propagation}"
        ends = network.name_of(member_of(connection.pre)), network.name_of(member_of(connection.post))
        edges.append((*ends, label, not connection.reads_late))
    for name, module in network.of_kind(Module).items():
        edges += [(network.name_of(pre), network.name_of(module.output[0]), name, True) for pre, _ in module.inputs]
    for name, node in nodes.items():
        target = getattr(node, "dec_target", None)
        if target is not None and network.name_of(target) in nodes:
            other = network.name_of(target)
            edges.append((other, name, "", True) if isinstance(node, Decoder | Action | Reward) else (name, other, "", True))
    places = _places(nodes, edges)

    columns, rows = (1 + max(place[i] for place in places.values()) for i in (0, 1))
    back = sum(places[pre][0] >= places[post][0] for pre, post, *_ in edges)
    figure = new_figure(1.0 + _COLUMN * columns, 0.8 + _ROW * rows + 0.25 * min(back, 4))
    axes = figure.subplots()
    kinds = {Source: COLOURS[2], NeuronGroup: COLOURS[0], Decoder | Action | Reward: COLOURS[1]}
    centres = {name: np.array([_COLUMN * column, -_ROW * row]) for name, (column, row) in places.items()}
    for name, node in nodes.items():
        colour = next(colour for kind, colour in kinds.items() if isinstance(node, kind))
        _box(axes, centres[name], f"{name}\n{_describe(node)}", colour)
    _arrows(axes, centres, edges)
    axes.set_xlim(-1.5, _COLUMN * (columns - 1) + 1.5)
    lowest = min([-_ROW * (rows - 1) - 0.8, *(text.get_position()[1] - 0.4 for text in axes.texts)])
    axes.set_ylim(lowest, max([0.8, *(text.get_position()[1] + 0.4 for text in axes.texts)]))
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def _describe(node: Any) -> str:
    for field in ("model", "coding", "decoding", "acting", "rewarding"):
        if field in vars(node):
            shape = f" [{', '.join(map(str, node.shape))}]" if vars(node).get("shape") else ""
            return type(getattr(node, field)).__name__ + shape
    return type(node).__name__


def _places(nodes: dict[str, Any], edges: list[tuple[str, str, str, bool]]) -> dict[str, tuple[int, int]]:
    """Column and row of each node: a node stands right of all that leads to it, but for what lies in a loop with it."""
    number = {name: i for i, name in enumerate(nodes)}
    followers: dict[int, list[int]] = {i: [] for i in range(len(nodes))}
    for pre, post, _, directed in edges:
        if directed:
            followers[number[pre]].append(number[post])
    names = list(nodes)
    column: dict[str, int] = {}
    for ring in components(followers):
        inside = {names[i] for i in ring}
        left = [column[pre] for pre, post, _, directed in edges if directed and post in inside and pre in column]
        first = 1 + max(left, default=-1)
        # The members of a loop follow each other as they were declared.
        for shift, name in enumerate(sorted(inside, key=names.index)):
            column[name] = first + shift
    places: dict[str, tuple[int, int]] = {}
    for name in sorted(nodes, key=lambda name: (column[name], number[name])):
        taken = {row for other, row in places.values() if other == column[name]}
        before = [places[pre][1] for pre, post, *_ in edges if post == name and pre in places and places[pre][0] < column[name]]
        # A decoder stands beside what it reads.
        wanted = [before[-1]] if before and not {"decoding", "acting", "rewarding"}.isdisjoint(vars(nodes[name])) else []
        places[name] = (column[name], next(row for row in [*wanted, *range(len(nodes))] if row not in taken))
    return places


def _box(axes: Any, centre: np.ndarray, text: str, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner: Any = centre - (_WIDE / 2, _HIGH / 2)
    axes.add_patch(FancyBboxPatch(
        corner, _WIDE, _HIGH, boxstyle="round,pad=0.02,rounding_size=0.12", facecolor="white", edgecolor=colour, linewidth=1.6,
        zorder=3,
    ))
    axes.text(*centre, text, ha="center", va="center", fontsize=8, zorder=4)


def _arrows(axes: Any, centres: dict[str, np.ndarray], edges: list[tuple[str, str, str, bool]]) -> None:
    """Arrows between boxes; several of one pair are bent apart, and those back run below."""
    from matplotlib.patches import FancyArrowPatch

    drawn: dict[frozenset[str], int] = {}
    taken = [*centres.values()]
    for pre, post, label, directed in edges:
        pair = frozenset((pre, post))
        again = drawn[pair] = drawn.get(pair, -1) + 1
        between = [c for c in centres.values() if centres[pre][0] < c[0] < centres[post][0]]
        start, end, bend = _way(centres[pre], centres[post], again, between)
        style: dict[str, Any] = {"arrowstyle": "-|>" if directed else "-", "mutation_scale": 10, "linewidth": 1.0, "color": "0.35"}
        axes.add_patch(FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", zorder=2, **style))
        if not label:
            continue
        place = _label_place(start, end, bend, taken)
        taken.append(place)
        axes.text(
            *place, label, ha="center", va="center", fontsize=7, color="0.25", zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )


def _way(a: np.ndarray, b: np.ndarray, again: int, between: list[np.ndarray]) -> tuple[Any, Any, float]:
    """Beginning, end and bend of the arrow from one box to another, if `again` others join the two."""
    if a is b:
        low, aside = a - (0.0, _HIGH / 2 + 0.02), np.array([0.45, 0.0])
        return low + aside, low - aside, -0.9 - 0.5 * again
    if abs(a[0] - b[0]) < 0.1:
        down = np.array([0.0, _HIGH / 2 + 0.04]) * np.sign(b[1] - a[1])
        return a + down, b - down, 0.25 * again
    if a[0] > b[0]:
        return a - (0.3, _HIGH / 2 + 0.03), b - (-0.3, _HIGH / 2 + 0.03), -0.35 - 0.25 * again
    side = np.array([_WIDE / 2 + 0.04, 0.0])
    over = any(abs(c[1] - (a[1] + b[1]) / 2) < _HIGH for c in between)
    return a + side, b - side, -0.3 * again - (0.28 if over else 0.0)


def _label_place(start: np.ndarray, end: np.ndarray, bend: float, taken: list[np.ndarray]) -> np.ndarray:
    """A place beside an arrow at which nothing else stands: near its middle if there is one."""
    along = end - start
    across = np.array([along[1], -along[0]]) * bend  # where the curve's control point lies off the line
    best, least = start, np.inf
    for part in (0.5, 0.66, 0.34, 0.78, 0.22):
        on_curve = start + part * along + 2 * part * (1 - part) * across
        above = on_curve[1] >= min(start[1], end[1]) - 0.05
        place = on_curve + np.array([0.0, 0.16 if above else -0.16])
        crowd = sum(max(0.0, 1 - max(abs(place[0] - x) / 1.3, abs(place[1] - y) / 0.42)) for x, y in taken)
        if crowd < least - 1e-9:
            best, least = place, crowd
    return best
