"""What a file says of the steps that it was written for, and whether its numbers are still those."""

import dataclasses
import hashlib
import importlib.metadata
import json
from typing import Any

import numpy as np

import spaic_jax
from spaic_jax.network import Network
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.graph import Graph, read_graph
from spaic_jax.storage.text import to_dict

#: The choices that metadata hold, by name.
_CHOICES = ("dt", "signal", "unit", "integrator", "order", "reset")


@dataclasses.dataclass(frozen=True)
class Written:
    """What `to_nir` wrote into the metadata of a graph.

    Attributes:
        version: of spaic_jax.
        choices: under which the graph means what the network did.
        network: the network as text, JSON; arrays that it was declared with are named in it only.
    """

    version: str
    choices: Choices
    network: str


def metadata_of(graph: Graph, choices: Choices, network: Network) -> dict[str, Any]:
    """The metadata of a graph: the version, the choices, the network as text, and a digest of the numbers that this is true of."""
    said = {name: getattr(choices, name) for name in _CHOICES}
    text = _text(network)
    return {"spaic_jax": spaic_jax.__version__, "nir": importlib.metadata.version("nir"), **said, "network": text, "numbers": digest(graph)}


def written(source: Any) -> Written | None:
    """What metadata say, if they were written by `to_nir` and the numbers of the graph are still those; else `None`.

    Args:
        source: path of a file, an `nir.NIRGraph`, or what `read_graph` made of one.

    Raises:
        ValueError: a damaged file, as `read_graph`.

    >>> import nir
    >>> written(nir.NIRGraph.from_list(nir.Linear(weight=np.ones((3, 2))))) is None
    True
    """
    graph = source if isinstance(source, Graph) else read_graph(source)
    said = {name: _plain(value) for name, value in graph.metadata.items()}
    if said.get("numbers") != digest(graph):
        return None
    try:
        choices = Choices(**{name: said[name] for name in _CHOICES})
        return Written(str(said["spaic_jax"]), choices, str(said["network"]))
    except (KeyError, ValueError):
        return None


def unit_of(graph: Graph) -> str | None:
    """The unit of times that metadata say, whoever wrote them, unless they were written with other numbers."""
    unit, numbers = (_plain(graph.metadata.get(name)) for name in ("unit", "numbers"))
    return unit if isinstance(unit, str) and (numbers is None or str(numbers) == digest(graph)) else None


def digest(graph: Graph) -> str:
    """A digest of all numbers and edges of a graph, whatever their order and dtype."""
    made = hashlib.sha256()
    for path, node in sorted(graph.nodes.items()):
        made.update(f"{path} {node.kind}".encode())
        for name, value in sorted(node.fields.items()):
            made.update(name.encode())
            array = isinstance(value, np.ndarray)
            made.update(np.ascontiguousarray(value, "<f8").tobytes() if array else repr(value).encode())
    made.update(repr(graph.edges).encode())
    return made.hexdigest()


def _text(network: Network) -> str:
    """The network as JSON; empty for one that has no form as text."""
    try:
        return json.dumps(to_dict(network, {}))
    except ValueError:
        return ""


def _plain(value: Any) -> Any:
    """Text and numbers of Python's own."""
    if isinstance(value, bytes):
        return value.decode("utf8", "replace")
    return value.item() if isinstance(value, np.generic | np.ndarray) and np.size(value) == 1 else value


def differing(graph: Graph, choices: Choices) -> str:
    """In words, the choices that a graph was written for and that are not those made; empty where there are none."""
    said = written(graph)
    if said is None:
        return ""
    unlike = [name for name in _CHOICES if getattr(said.choices, name) != getattr(choices, name)]
    return ", ".join(f"{name} {getattr(said.choices, name)!r}" for name in unlike)
