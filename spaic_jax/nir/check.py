"""A network and a graph, run side by side."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from spaic_jax.network import Network, StateMonitor
from spaic_jax.network.element import undeclared
from spaic_jax.network.wiring import Propagation
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.execute import execute
from spaic_jax.nir.graph import Graph
from spaic_jax.nir.kinds import NEURONS, SPIKING
from spaic_jax.nir.names import escaped
from spaic_jax.run import Variables, build


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What a network and NIR's equations made of the same inputs.

    Attributes:
        spikes_equal: whether every node that spikes did so alike in every step.
        first: `(step, node)` of the first spikes that differ, the step counted from 0; `None` if none do.
        largest: by node, the largest difference of potentials, or of what an Output gives, before that step.
    """

    spikes_equal: bool
    first: tuple[int, str] | None
    largest: Mapping[str, float]

    def __str__(self) -> str:
        apart = max(self.largest.values(), default=0.0)
        where = max(self.largest, key=lambda path: self.largest[path], default="")
        values = f"the largest difference of potentials and outputs is {apart:.1e}" + (f", of '{where}'" if apart else "")
        if self.first is None:
            return f"spikes are equal; {values}."
        return f"spikes differ from step {self.first[0]} on, first those of '{self.first[1]}'; before that {values}."


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """A graph, and the network that it stands for.

    Attributes:
        graph: with the choices below, what the equations are.
        choices: what NIR leaves open.
        network: its members are named as the nodes, escaped: see `names`.
        propagation: that the network is built with.
        members: paths of members by path of node, where those differ from the escaped names; empty for a part of one.
        variables: what holds the parameters of the network, where that is not what it declares.
    """

    graph: Graph
    choices: Choices
    network: Network
    propagation: Propagation = "same_step"
    members: Mapping[str, str] = dataclasses.field(default_factory=dict)
    variables: Variables | None = None

    def member(self, path: str) -> str:
        """The path of the member that a node is."""
        return self.members.get(path, escaped(path))

    def compare(self, inputs: Mapping[str, Any]) -> Comparison:
        """Run both on inputs `[T, B, *shape]` by path: see `Report.check`."""
        wanted = execute(self.graph, self.choices, inputs)
        made = self._run(inputs)
        unlike = {path: _first_unlike(spikes, made[path, "O"]) for path, spikes in wanted.spikes.items() if (path, "O") in made}
        steps = [(step, path) for path, step in unlike.items() if step is not None]
        first = min(steps, default=None)
        end = None if first is None else first[0]
        largest = {path: _apart(v, made[path, "V"], end) for path, v in wanted.potentials.items() if (path, "V") in made}
        largest |= {path: _apart(y, made[path, "output"], end) for path, y in wanted.outputs.items()}
        return Comparison(first is None, first, largest)

    def _run(self, inputs: Mapping[str, Any]) -> dict[tuple[str, str], np.ndarray]:
        """What the network does, by node and `"O"`, `"V"` or `"output"`."""
        watched = {
            (node.path, name): f"{self.member(node.path).replace('/', ':')}:{name}:watched"
            for node in self.graph.of_kind(*NEURONS)
            if self.member(node.path)
            for name in (["O"] if node.kind in SPIKING else []) + (["V"] if node.kind != "Threshold" else [])
        }
        network = Network()
        with undeclared():
            for name, member in self.network.members.items():
                network.add(name, member)
            for (path, name), called in watched.items():
                network.add(called, StateMonitor(self.network[self.member(path)], var_name=name))
        sim = build(network, dt=self.choices.dt, propagation=self.propagation)
        batch = np.shape(next(iter(inputs.values())))[1]
        key = jax.random.key(0)
        variables = sim.init(key, batch) if self.variables is None else sim.restart(self.variables, key, batch).with_params(self.variables.params)
        given = {self.member(path): np.asarray(x, np.float32) for path, x in inputs.items()}
        result = sim.run(variables, given, jax.random.key(0))
        found = {key: np.asarray(result.probes[called]) for key, called in watched.items()}
        outputs = {(node.path, "output"): np.asarray(result.outputs[self.member(node.path)]) for node in self.graph.of_kind("Output")}
        return found | outputs


def _first_unlike(one: np.ndarray, other: np.ndarray) -> int | None:
    """The first step in which two differ; a group may be written as one row."""
    steps = np.flatnonzero((one != other.reshape(one.shape)).any(axis=tuple(range(1, one.ndim))))
    return int(steps[0]) if len(steps) else None


def _apart(one: np.ndarray, other: np.ndarray, end: int | None) -> float:
    """The largest difference before a step, infinite if a number is none."""
    apart = np.abs(one[:end] - other.reshape(one.shape)[:end])
    return float(np.max(np.where(np.isnan(apart), np.inf, apart), initial=0.0))
