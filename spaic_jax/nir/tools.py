"""What known tools make of a graph."""

from collections.abc import Sequence


def remarks(nodes: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each tool that does not read all of the nodes `(path, type)`."""
    return []
