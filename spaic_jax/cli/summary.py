"""The command `summary`."""

import math
from collections.abc import Sequence
from typing import Any

from spaic_jax.cli.config import read_declaration
from spaic_jax.cli.experiment import build_network
from spaic_jax.cli.table import show
from spaic_jax.edit import expand
from spaic_jax.network import Action, Connection, Decoder, Network, NeuronGroup, Source
from spaic_jax.run import Simulator


def summary(config: str, changes: Sequence[str]) -> None:
    """Print tables of what a configuration declares, and of the program it becomes.

    Args:
        config: file of the configuration, with or without `data` and `training`.
        changes: `key=value` pairs that change it.

    Raises:
        UserError: bad input.
    """
    network, sim, steps = build_network(read_declaration(config, changes), config)
    for title, columns, rows in tables(network, sim):
        show(f"{config}: {steps} steps of {sim.program.dt:g} ms" if title == "groups" else "", columns, rows)


def tables(network: Network, sim: Simulator) -> list[tuple[str, list[str], list[list[str]]]]:
    """What a network declares and what it compiles to: for each table its title, the heads of its columns, and its rows."""
    network, program = expand(network), sim.program
    sized = {v.name: math.prod(v.shape) for v in program.of_role("parameter")}
    groups = [
        [name, _axes(node.shape), type(node.coding).__name__, "", "(input)"]
        for name, node in network.of_kind(Source).items()
    ]
    for name, group in network.of_kind(NeuronGroup).items():
        trained = ", ".join(group.parameter_variables)
        groups.append([name, _axes(group.shape), type(group.model).__name__, trained, _read_by(network, group)])
    connections = [
        [
            name, f"{network.name_of(link.pre)} -> {network.name_of(link.post)}", link.chain.label,
            f"{sum(size for full, size in sized.items() if full.startswith(f'{name}.')):,}",
        ]
        for name, link in network.of_kind(Connection).items()
    ]
    parameters = [
        [v.name, f"{v.dtype}{list(v.shape)}", f"{sized[v.name]:,}", _bounds(v.bounds)]
        for v in program.of_role("parameter")
    ]
    parameters.append(["all", "", f"{sum(sized.values()):,}", ""])
    return [
        ("groups", ["group", "shape", "model", "trained", "output"], groups),
        ("connections", ["connection", "from -> to", "link", "parameters"], connections),
        ("parameters", ["parameter", "array", "numbers", "bounds"], parameters),
        ("operations of a step", ["", "op"], [[str(number), str(op)] for number, op in enumerate(program.ops, 1)]),
    ]


def _axes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _bounds(bounds: tuple[float | None, float | None]) -> str:
    low, high = bounds
    return "" if bounds == (None, None) else f"{'' if low is None else low} ... {'' if high is None else high}"


def _read_by(network: Any, group: NeuronGroup) -> str:
    decoders = {name: (node, node.decoding) for name, node in network.of_kind(Decoder).items()}
    actions = {name: (node, node.acting) for name, node in network.of_kind(Action).items()}
    return ", ".join(
        f"{name} ({type(coding).__name__})" for name, (node, coding) in (decoders | actions).items() if node.dec_target is group
    )

