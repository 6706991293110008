"""A network, part by part, as the draft of a graph."""

from collections.abc import Collection
from typing import Any

import numpy as np

from spaic_jax.coding import encoders
from spaic_jax.coding.decoders import EveryStep, VoltageEveryStep
from spaic_jax.network import Assembly, Connection, Decoder, Element, Encoder, Monitor, Network, NeuronGroup, Reward
from spaic_jax.network.slice import member_of
from spaic_jax.neurons import Null
from spaic_jax.nir.cells import Cell, Port, Task
from spaic_jax.nir.connections import as_row, write
from spaic_jax.nir.draft import Draft, Edge, Refusal, nir
from spaic_jax.nir.models import constant, written
from spaic_jax.nir.names import node_path
from spaic_jax.nir.report import EXACT
from spaic_jax.nir.synapses import Synapses
from spaic_jax.nir.wires import Wire


class Drawing:
    """One draft of an export.

    Args:
        task: what is to be written.
        delayed: names of the connections before which a `Delay` of a step is put.
    """

    def __init__(self, task: Task, delayed: Collection[str]):
        self.task, self.delayed, self.out = task, delayed, Draft()
        self.name_of, self.groups = task.network.name_of, task.network.of_kind(NeuronGroup)
        self.wires = task.network.of_kind(Connection)
        self.relays = {name for name, group in self.groups.items() if isinstance(group.model, Null)}
        self.rows = _as_rows(task.network)
        self.cells: dict[str, Cell] = {}
        self.ports: dict[str, Port] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.taken: dict[str, list[Edge]] = {}
        self.ends: dict[str, list[str]] = {}
        self.under_way: set[str] = set()
        self.from_zero: set[str] = set()

    def draw(self) -> tuple[Draft, dict[str, list[Edge]]]:
        """All parts, one after another; and the edges by which each connection takes what it carries, none if no edge can do that late."""
        for name, encoder in self.task.network.of_kind(Encoder).items():
            self._attempt(name, type(encoder.coding).__name__, lambda n=name, e=encoder: self._encoder(n, e))
        for name, group in self.groups.items():
            self._attempt(name, type(group.model).__name__, lambda n=name: self._group(n))
        for name, connection in self.wires.items():
            post = self.name_of(member_of(connection.post))
            ends = self._chain(name)
            if post in self.ports and post not in self.relays:
                joined = self.out.join(ends, self.ports[post].entries, name)
                self.taken[name] = self.taken[name] or [edge for edge in joined if edge[0] in ends]
        for name, array in self.constants.items():
            if array.any():
                self.out.refuse(node_path(name), type(self.groups[name].model).__name__, "it adds a constant to its input, which a 'full' connection onto it could carry: add one.")
        for name, member in self.task.network.of_kind(Element).items():
            if isinstance(member, Decoder):
                self._attempt(name, type(member.decoding).__name__, lambda n=name, d=member: self._decoder(n, d))
            elif not isinstance(member, Assembly | Connection | Encoder | Monitor | NeuronGroup):
                self._other(name, member)
        return self.out, {name: [] if name in self.from_zero else edges for name, edges in self.taken.items()}

    def _attempt(self, name: str, kind: str, write: Any) -> None:
        try:
            write()
        except Refusal as refusal:
            self.out.refuse(node_path(name), kind, str(refusal))

    def _other(self, name: str, member: Element) -> None:
        if isinstance(member, Reward) and "plasticity" in self.task.allow:
            return
        kind = type(member).__name__
        reason = {
            "Generator": "NIR has no source of its own: use an Encoder, and give what it generates as data.",
            "Reward": "NIR has no rewards: allow={'plasticity'} leaves it out.",
        }.get(kind, f"NIR has no node for a {kind}: leave it out.")
        self.out.refuse(node_path(name), kind, reason)

    def _encoder(self, name: str, encoder: Encoder) -> None:
        coding, verdict = encoder.coding, EXACT
        plain = isinstance(coding, encoders.Spikes | encoders.Floats) or (
            isinstance(coding, encoders.ConstantCurrent) and not coding.input_norm
        )
        if not plain or encoder.time is not None:
            if "coding" not in self.task.allow:
                raise Refusal(
                    f"its coding {type(coding).__name__} makes spikes of data, which NIR cannot say: allow={{'coding'}} leaves it out, and"
                    " the Input then takes the spikes."
                )
            verdict = "loses its coding"
        if not any(member_of(wire.pre) is encoder for wire in self.wires.values()):
            raise Refusal("nothing reads it: leave it out.")
        shape = encoder.shape
        path = self.out.add(node_path(name), nir().Input(input_type={"input": np.array(shape)}), name, shape, shape, verdict)
        if plain and isinstance(coding, encoders.ConstantCurrent) and coding.amp != 1:
            scale = np.full(shape, np.float32(coding.amp), np.float64)
            scaled = self.out.add(f"{path}.amp", nir().Scale(scale=scale), name, shape, shape)
            self.out.join([path], [scaled], name)
            path = scaled
        self.ports[name] = Port((), {encoder.output: path})

    def _group(self, name: str) -> None:
        group = self.groups[name]
        shape = (group.num,) if name in self.rows else group.shape
        task, read = self.task, {c.pre_var_name for c in self.wires.values() if member_of(c.pre) is group}
        read |= {d.coding_var_name for d in task.network.of_kind(Decoder).values() if d.dec_target is group}
        self.cells[name] = cell = Cell(task, self.out, node_path(name), name, group, shape, read or {group.output})
        if not any(member_of(wire.post) is group for wire in self.wires.values()):
            raise Refusal("nothing acts on it, but each node of NIR gets something: connect it, or leave it out.")
        if name in self.relays:
            return
        self.ports[name] = written(cell)
        self.constants[name] = constant(cell)

    def _exits(self, name: str, variable: str) -> list[str]:
        """The nodes whose sum a group, or an encoder, gives; none where that could not be written.

        Raises:
            Refusal: a variable that no node gives.
        """
        if name not in self.relays:
            exits = self.ports.get(name, Port((), {})).exits
            if exits and variable not in exits:
                raise Refusal(f"it reads {variable} of '{name}', but what that is written as gives {' and '.join(exits)}.")
            return [exits[variable]] if exits else []
        found: list[str] = []
        for wire, connection in self.wires.items():
            if self.name_of(member_of(connection.post)) == name:
                ends = self._chain(wire)
                found += [self.out.copy(end, wire) if end in found else end for end in ends]
        return found

    def _chain(self, name: str) -> list[str]:
        """Where the nodes of a connection end, which are written if they are not yet; nowhere where they cannot be."""
        if name not in self.ends:
            if name in self.under_way:
                raise Refusal("it lies in a loop that passes no neuron, only groups of the model 'null': let it pass a neuron.")
            self.under_way.add(name)
            self.taken[name], found = [], list[str]()
            try:
                found = self._wire(name)
            except Refusal as refusal:
                self.out.refuse(node_path(name), type(self.wires[name].link).__name__, str(refusal))
            self.ends[name] = found
        return self.ends[name]

    def _wire(self, name: str) -> list[str]:
        """The nodes of a connection, and where they end."""
        connection = self.wires[name]
        pre, post = (self.name_of(member_of(end)) for end in (connection.pre, connection.post))
        sources = self._exits(pre, connection.pre_var_name)
        if post not in self.cells or not sources:
            return []
        shape = tuple(int(n) for n in self.out.nodes[sources[0]].output_type["output"])
        synapses = Synapses(connection, name, self.task.network, self.task.values, self.task.dt)
        late = 1 if name in self.delayed else 0
        if any(self._begins(path) for path in sources):
            if pre in self.relays:
                # It begins at 0, whatever it passes on.
                self.from_zero.add(name)
            elif late:
                raise Refusal(
                    f"it takes what {connection.pre_var_name} of '{pre}' was a step before, which at first is v_rest, but NIR's Delay then"
                    " gives 0: take v_rest=0, or propagation='same_step'."
                )
        wire = Wire(synapses, shape, late, self.cells[post], self.constants.get(post))
        write(wire)
        if wire.constant is None and post in self.constants:
            self.constants[post] = np.zeros(())
        self.taken[name], ends = wire.place(self.out, node_path(name), sources)
        return ends

    def _begins(self, path: str) -> bool:
        """Whether a node gives something before the first step."""
        node = self.out.nodes[path]
        return type(node).__name__ in ("LI", "CubaLI") and bool(np.any(node.v_leak))

    def _decoder(self, name: str, decoder: Decoder) -> None:
        verdict, target = EXACT, self.name_of(decoder.dec_target)
        every = isinstance(decoder.decoding, EveryStep | VoltageEveryStep)
        if not every:
            if "decoding" not in self.task.allow:
                raise Refusal(
                    f"its decoding {type(decoder.decoding).__name__} of {decoder.coding_var_name} is more than what its group gives in every"
                    " step, which NIR's Output is: allow={'decoding'} leaves it out."
                )
            verdict = "loses its decoding"
        exits = self._exits(target, decoder.coding_var_name if every else decoder.dec_target.output)
        if not exits:
            return
        shape = self.out.nodes[exits[0]].output_type["output"]
        made = nir().Output(output_type={"output": np.array(shape)})
        path = self.out.add(node_path(name), made, name, shape, shape, verdict)
        self.out.join(exits, [path], name)


def _as_rows(network: Network) -> set[str]:
    """The groups that are written as one row, for something that acts on them comes as one."""
    rows: set[str] = set()
    wires = [(network.name_of(member_of(c.pre)), network.name_of(member_of(c.post)), c) for c in network.of_kind(Connection).values()]
    while new := {post for pre, post, c in wires if post not in rows and len(member_of(c.post).shape) > 1 and (pre in rows or as_row(c))}:
        rows |= new
    return rows
