"""What a group is to the table of neuron models that NIR can say: its numbers, and the nodes that it is written as."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from spaic_jax.network import Network, NeuronGroup
from spaic_jax.neurons.reparametrise import reparametrised, resolve_reparametrisation
from spaic_jax.nir.draft import Draft, Refusal, nir
from spaic_jax.nir.report import EXACT
from spaic_jax.program import Constant, Given, Initial

Form = Literal["exact", "euler"]
Reset = Literal["refuse", "exact", "hard"]
Loss = Literal["coding", "decoding", "plasticity", "refractory", "start"]
Order = Literal["voltage_first", "input_first"]

#: Just below 1.
_SHORT = 1 - 2.0**-40


class Port(NamedTuple):
    """Where edges enter what a group is written as, and where they leave it, by the variable that they carry."""

    entries: tuple[str, ...]
    exits: dict[str, str]


class Leak(NamedTuple):
    """What a step leaves of a potential, what it loses of it, and the time constant, ms, by the integrator that has just this."""

    keep: np.ndarray
    lose: np.ndarray
    tau: np.ndarray | None = None
    by: Form | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """What is to be written, and how.

    Attributes:
        network: expanded.
        values: of all variables, by full name.
        dt: ms.
        form, reset, allow: as of `to_nir`.
        order: in which the nodes with a synaptic current are carried out.
    """

    network: Network
    values: Mapping[str, Any]
    dt: float
    form: Form
    reset: Reset
    allow: Collection[Loss]
    order: Order


@dataclasses.dataclass(frozen=True)
class Cell:
    """A group that is being written.

    Attributes:
        task: what it is a part of.
        draft: of the graph.
        path: of the node of the group.
        name: full name of the group.
        group: what was declared.
        shape: of its nodes: that of the group, or as one row.
        read: the variables that something reads.
    """

    task: Task
    draft: Draft
    path: str
    name: str
    group: NeuronGroup
    shape: tuple[int, ...]
    read: Collection[str]
    verdicts: list[str] = dataclasses.field(default_factory=list)

    @property
    def model(self) -> Any:
        """The model of the group."""
        return self.group.model

    def spread(self, value: Any) -> np.ndarray:
        """Numbers as float64, one a neuron."""
        return np.broadcast_to(np.asarray(value, np.float64), self.group.shape).reshape(self.shape).copy()

    def number(self, name: str) -> np.ndarray:
        """A parameter of the model, one number a neuron."""
        full = f"{self.name}.{name}"
        if by := self.group.reparametrise.get(name):
            return self.spread(reparametrised(self.task.values[f"{full}_free"], resolve_reparametrisation(by), self.task.dt))
        return self.spread(self.task.values[full] if full in self.task.values else getattr(self.model, name))

    def start(self, state: str) -> np.ndarray:
        """Where a state begins."""
        found = self.model.begins(state)
        if isinstance(found, str) and found in self.model.parameters():
            return self.number(found)
        value = self.model.begin(state)
        if isinstance(value, Constant | Given):
            value = value.value
        if isinstance(value, Initial):
            self.loses("start", f"{state} begins at random, and NIR's variables begin at 0", "its first values")
            return self.spread(0.0)
        return self.spread(value)

    def loses(self, what: Loss, reason: str, words: str) -> None:
        """Something that NIR cannot say: refused, unless it may be lost."""
        if what not in self.task.allow:
            raise Refusal(f"{reason}: allow={{'{what}'}} leaves it out.")
        self.verdicts.append(f"loses {words}")

    def begins(self, rest: Any) -> None:
        """Refuse variables that do not begin as NIR's: the potential at rest, all else at 0."""
        for state in self.model.states():
            if state in ("O", "refrac", "shift"):
                continue
            if (self.start(state) != (rest if state == "V" else 0)).any():
                where = "at rest" if state == "V" else "at 0"
                self.loses("start", f"{state} does not begin {where}, as NIR's variables do", "its first values")

    def composed(self, what: str, remedy: str = "") -> None:
        """Refuse what only several nodes together can say, unless they are asked for."""
        if self.task.reset != "exact":
            raise Refusal(f"{what}: reset='exact' writes it as several nodes, which few tools read{remedy}.")

    def hard(self, reset: str) -> bool:
        """Whether the node itself resets; else a composition does."""
        if reset == "hard":
            return True
        if reset == "none" and "O" not in self.read:
            return False
        if self.task.reset == "hard":
            self.verdicts.append("loses its soft reset" if reset == "soft" else "resets where it did not")
            return True
        if self.task.reset == "refuse":
            own = f"its reset is '{reset}'"
            raise Refusal(
                f"{own}, but a spike sets NIR's potential to v_reset: reset='exact' writes it as several nodes, which few tools"
                " read, and reset='hard' writes that other neuron."
            )
        return False

    def refractory(self) -> None:
        """Refuse a refractory period, unless it may be lost."""
        if "t_ref" in self.model.parameters():
            self.loses("refractory", "NIR has no refractory period", "its refractory period")

    def orthodox(self) -> None:
        """Refuse SPAIC's order of equations."""
        if self.model.compat:
            raise Refusal("it has SPAIC's order of equations, compat=True, which NIR cannot say: leave compat out.")

    def exact(self, tau: np.ndarray) -> Leak:
        """The leak of an exact solution."""
        return Leak(np.exp(-self.task.dt / tau), -np.expm1(-self.task.dt / tau), tau, "exact")

    def euler(self, tau: np.ndarray) -> Leak:
        """The leak of a step of forward Euler."""
        return Leak(1 - self.task.dt / tau, self.task.dt / tau, tau, "euler")

    def factor(self, keep: np.ndarray) -> Leak:
        """The leak that a factor a step is."""
        return Leak(keep, 1 - keep)

    def tau(self, leak: Leak) -> np.ndarray:
        """The time constant, s, that has this leak by the integrator of the graph."""
        if leak.by == self.task.form and leak.tau is not None:
            return leak.tau / 1000
        if (leak.lose <= 0).any():
            raise Refusal("a factor a step that is not below 1 has no time constant: take a smaller one.")
        if self.task.form == "euler":
            return self.task.dt / leak.lose / 1000
        if (leak.keep <= 0).any():
            raise Refusal("dt is no less than its time constant, which only forward Euler can say: form='euler' does.")
        return -self.task.dt / np.log1p(-leak.lose) / 1000

    def node(self, kind: str, part: str = "", verdict: str | None = None, **arrays: Any) -> str:
        """A node of the shape of the group, of its name or of the name of a part of it."""
        path = f"{self.path}.{part}" if part else self.path
        if wrong := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
            raise Refusal(f"{wrong[0]} of its {kind} would not be finite: look at its parameters.")
        said = verdict or ", ".join(self.verdicts) or EXACT
        return self.draft.add(path, getattr(nir(), kind)(**arrays), self.name, self.shape, self.shape, said)

    @staticmethod
    def r(gain: np.ndarray, leak: Leak) -> np.ndarray:
        """The resistance by which a step adds `gain` times the input.

        It is short of that by far less than float32 tells apart, so that rounding lifts nothing over a threshold that it just reaches.
        """
        return gain / leak.lose * _SHORT

    def leaky(self, leak: Leak, gain: np.ndarray, part: str = "", rest: Any = 0.0) -> str:
        """An `LI` that adds `gain` times its input in a step."""
        return self.node("LI", part, tau=self.tau(leak), r=self.r(gain, leak), v_leak=self.spread(rest))

    def loop(self, *edges: tuple[str, str]) -> None:
        """Edges around a loop, of which one takes a step; the first may be there already."""
        self.draft.edges.update(dict.fromkeys(edges))
        self.draft.loops.append(edges)
