"""Shapes of the nodes of a graph, from the Inputs and from the nodes' own numbers."""

from collections.abc import Mapping
from typing import Any

from spaic_jax.nir import kinds
from spaic_jax.nir.kinds import Shape

Leaves = Mapping[str, tuple[str, dict[str, Any]]]
Shapes = dict[str, Shape]


def shapes_of(leaves: Leaves, edges: list[tuple[str, str]], notes: dict[str, str]) -> tuple[Shapes, Shapes]:
    """What each node takes, and what it gives.

    Args:
        leaves: type and fields of each node that is no graph, by path.
        edges: between them.
        notes: what is read otherwise than it is written; this adds to them.

    Raises:
        ValueError: shapes that do not fit, or that nothing says.
    """
    takes = {path: kinds.takes(kind, fields) for path, (kind, fields) in leaves.items()}
    gives: dict[str, Shape | None] = dict.fromkeys(leaves)

    def follow() -> bool:
        """Go as far as shapes are known; whether that was any further."""
        further = False
        for path, (kind, fields) in leaves.items():
            taken = takes[path]
            if taken is not None and gives[path] is None:
                try:
                    gives[path] = kinds.gives(kind, fields, taken)
                except ValueError as error:
                    raise ValueError(f"node '{path}' ({kind}): {error}") from None
                further = True
        for source, target in edges:
            if takes[target] is None and gives[source] is not None:
                takes[target], further = gives[source], True
        return further

    while follow():
        pass
    for path, (kind, fields) in leaves.items():
        if takes[path] is None and kind in kinds.ELEMENTWISE:
            # In a loop that says no other shape, one number is one neuron.
            takes[path] = next(iter(fields.values())).shape or (1,)
            while follow():
                pass
    into, out = _known(takes), _known(gives)
    for path, (kind, _) in leaves.items():
        if path not in into:
            raise ValueError(f"node '{path}' ({kind}): nothing says the shape that it takes.")
    _drop_axes(leaves, edges, into, out, notes)
    _check(leaves, edges, into, out)
    return into, out


def _known(shapes: Mapping[str, Shape | None]) -> Shapes:
    return {path: shape for path, shape in shapes.items() if shape is not None}


def _drop_axes(leaves: Leaves, edges: list[tuple[str, str]], takes: Shapes, gives: Shapes, notes: dict[str, str]) -> None:
    """Leave out leading axes of length 1, such as that of a batch, that an Input or Output has and what it is joined with has not."""
    for path, (kind, _) in leaves.items():
        if "/" in path or kind not in ("Input", "Output"):
            continue
        met = {takes[target] for source, target in edges if source == path} | {gives[source] for source, target in edges if target == path}
        own = takes[path]
        if len(met) == 1 and (other := next(iter(met))) != own and own == (1,) * (len(own) - len(other)) + other:
            takes[path] = gives[path] = other
            notes[path] = f"its shape {own} read as {other}"


def _check(leaves: Leaves, edges: list[tuple[str, str]], takes: Shapes, gives: Shapes) -> None:
    """ValueError where a node gives another shape than the next one takes."""
    for source, target in edges:
        if gives[source] != takes[target]:
            hint = ""
            if leaves[source][0] == "Flatten" and leaves[source][1]["start_dim"]:
                hint = f"; its start_dim is {leaves[source][1]['start_dim']}, but no axis is that of a batch"
            raise ValueError(
                f"the edge {source} -> {target}: '{source}' ({leaves[source][0]}) gives shape {gives[source]}{hint}, but '{target}'"
                f" ({leaves[target][0]}) takes {takes[target]}."
            )
