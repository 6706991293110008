"""A network as boxes and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spaic_jax.plot.layout import Arrow, Curve, Rectangle, extent, label_place, merged, places, text_size, way
from spaic_jax.plot.style import COLOURS, axes_for, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spaic_jax.network import Network

#: Sizes of text in points, and how high a box is, inches.
_NAMES, _LABELS, _HIGH = 8.0, 7.0, 0.46
#: A picture of more arrows than this would be hidden by what they say.
_LABELLED = 24


def network_graph(network: Network, *, ax: Axes | None = None) -> Axes:
    """Encoders, groups, and decoders, actions and rewards in the order of flow, from left to right, and what joins them.

    Arrows say the link and the delay, those of one pair of boxes together; those back, in a loop, run below. Electrical
    synapses have no direction. More than 24 arrows say nothing, and a loop of more than four groups stands as a column.

    Args:
        network: what was declared; its projections are drawn as the connections they stand for.
        ax: axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: a network without groups.
        ImportError: when matplotlib is not installed.

    Example:
        >>> import spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4)
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> [text.get_text() for text in network_graph(net).texts]
        ['image\\nPoisson [4]', 'layer\\nLIF [3]', 'Full']
    """
    from spaic_jax.edit import expand
    from spaic_jax.network import Action, Connection, Decoder, Module, NeuronGroup, Reward, Slice, Source
    from spaic_jax.network.slice import member_of

    network = expand(network)
    nodes: dict[str, Any] = dict(network.of_kind(Source, NeuronGroup, Decoder, Action, Reward))
    if not network.of_kind(NeuronGroup):
        raise ValueError("network_graph needs a network with at least one group.")
    arrows = []
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
        arrows.append(Arrow(*ends, (label,), not connection.reads_late))
    for name, module in network.of_kind(Module).items():
        arrows += [Arrow(network.name_of(pre), network.name_of(module.output[0]), (name,)) for pre, _ in module.inputs]
    for name, node in nodes.items():
        target = getattr(node, "dec_target", None)
        if target is not None and network.name_of(target) in nodes:
            other = network.name_of(target)
            arrows.append(Arrow(other, name, ("",)) if isinstance(node, Decoder | Action | Reward) else Arrow(name, other, ("",)))
    arrows = merged(arrows)
    texts = {name: plain(f"{name}\n{_describe(node)}") for name, node in nodes.items()}
    readers = frozenset(name for name, node in nodes.items() if isinstance(node, Decoder | Action | Reward))
    boxes, curves, labels = _arranged(texts, arrows, readers)

    low, high = extent([*boxes.values(), *labels.values()], list(curves.values()))
    low, high = low - 0.12, high + 0.12
    axes = axes_for(ax, *(high - low))
    if ax is None:
        # The picture fills its figure.
        axes.set_position((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_aspect("equal")
    axes.axis("off")
    # On smaller axes all of it is smaller.
    size = np.asarray(axes.get_window_extent().size) / axes.figure.dpi / (high - low)
    scale = 1.0 if ax is None else float(min(1.0, *size))
    linewidth = scale * (1.0 if len(arrows) <= _LABELLED else 0.7)
    kinds = {Source: COLOURS[2], NeuronGroup: COLOURS[0], Decoder | Action | Reward: COLOURS[1]}
    for name, node in nodes.items():
        _draw_box(axes, boxes[name], texts[name], next(colour for kind, colour in kinds.items() if isinstance(node, kind)), scale)
    for arrow in arrows:
        _draw_arrow(axes, curves[arrow], arrow, linewidth)
    for arrow, place in labels.items():
        x, y = place.centre
        axes.text(
            x, y, plain(arrow.text), ha="center", va="center", fontsize=_LABELS * scale, color="0.25", zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
        )  # fmt: skip
    return axes


def _describe(node: Any) -> str:
    for field in ("model", "coding", "decoding", "acting", "rewarding"):
        if field in vars(node):
            shape = f" [{', '.join(map(str, node.shape))}]" if vars(node).get("shape") else ""
            return type(getattr(node, field)).__name__ + shape
    return type(node).__name__


def _arranged(
    texts: dict[str, str], arrows: list[Arrow], readers: frozenset[str]
) -> tuple[dict[str, Rectangle], dict[Arrow, Curve], dict[Arrow, Rectangle]]:
    """Where boxes, arrows and labels lie."""
    sizes = {arrow: text_size(arrow.text, _LABELS) for arrow in arrows}
    wide = max(1.1, *(text_size(text, _NAMES)[0] + 0.16 for text in texts.values()))
    said = len(arrows) <= _LABELLED
    # Labels fit between two columns, and those below a box between two rows.
    column = wide + max([0.7, *(sizes[arrow][0] + 0.15 for arrow in arrows if said)])
    row = _HIGH + max([0.75, *(0.45 + sizes[arrow][1] for arrow in arrows if said)])
    where = places(list(texts), arrows, readers)
    boxes = {name: Rectangle(np.array([column * x, -row * y]), wide, _HIGH) for name, (x, y) in where.items()}
    drawn: dict[frozenset[str], int] = {}
    curves = {}
    for arrow in arrows:
        pair = frozenset((arrow.pre, arrow.post))
        again = drawn[pair] = drawn.get(pair, -1) + 1
        curves[arrow] = way(boxes[arrow.pre], boxes[arrow.post], again, [boxes[name] for name in boxes if name not in pair])
    labels: dict[Arrow, Rectangle] = {}
    points = {arrow: curve.at(np.linspace(0.05, 0.95, 25)) for arrow, curve in curves.items()}
    for arrow in arrows:
        if said and arrow.text:
            others = np.concatenate([np.zeros((0, 2)), *(points[other] for other in arrows if other is not arrow)])
            labels[arrow] = label_place(arrow.text, curves[arrow], [*boxes.values(), *labels.values()], others)
    return boxes, curves, labels


def _draw_box(axes: Axes, box: Rectangle, text: str, colour: str, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner: Any = box.centre - (box.wide / 2, box.high / 2)
    axes.add_patch(FancyBboxPatch(
        corner, box.wide, box.high, boxstyle="round,pad=0.0,rounding_size=0.1", facecolor="white", edgecolor=colour,
        linewidth=1.6 * scale, zorder=3,
    ))  # fmt: skip
    x, y = box.centre
    axes.text(x, y, text, ha="center", va="center", fontsize=_NAMES * scale, zorder=4)


def _draw_arrow(axes: Axes, curve: Curve, arrow: Arrow, linewidth: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(FancyArrowPatch(
        tuple(curve.start), tuple(curve.end), connectionstyle=f"arc3,rad={curve.bend}", shrinkA=0, shrinkB=0, zorder=2,
        arrowstyle="-|>" if arrow.directed else "-", mutation_scale=9 * linewidth, linewidth=linewidth, color="0.35",
    ))  # fmt: skip
