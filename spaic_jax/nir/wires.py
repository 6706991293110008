"""What a connection is written as: a chain of nodes."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from spaic_jax.network import Connection
from spaic_jax.network.slice import Slice
from spaic_jax.nir.cells import Cell
from spaic_jax.nir.draft import Draft, Edge, Refusal, nir
from spaic_jax.nir.report import EXACT, FOLDED
from spaic_jax.nir.synapses import Synapses, part_of
from spaic_jax.program import Site
from spaic_jax.synapses import (
    AvgPool,
    BatchNorm2d,
    Connectivity,
    ContinuousLocal,
    Conv,
    ConvTranspose,
    Dropout,
    FirstOrder,
    Flatten,
    Homeostasis,
    NeuronDelay,
    OneToOne,
    SumPool,
    SynapticDelay,
    Upsample,
)
from spaic_jax.synapses.delays.fixed import steps_of
from spaic_jax.synapses.links.direct import Passing

Shape = tuple[int, ...]
#: What has no node of its own, but is a matrix.
_MATRICES = (ContinuousLocal, ConvTranspose, Upsample)
_NODES = (AvgPool, BatchNorm2d, Connectivity, Conv, Dropout, FirstOrder, Flatten, Homeostasis, Passing, SumPool)


class Node(NamedTuple):
    """A node of a chain that is not yet part of a graph."""

    kind: str
    label: str
    arrays: dict[str, Any]
    takes: Shape
    gives: Shape
    verdict: str
    after: tuple[int, ...]


@dataclasses.dataclass
class Wire:
    """A connection that is being written.

    Attributes:
        synapses: its numbers.
        shape: of what it takes, of the nodes before it.
        late: by how many steps it is late on top of its delay.
        cell: the group that it acts on.
        constant: what that group adds to its input, to be added by this connection; `None` for nothing.
        nodes: of its chain, each with the places of those before it.
        tips: the places of those where the chain ends now.
    """

    synapses: Synapses
    shape: Shape
    late: int
    cell: Cell
    constant: np.ndarray | None = None
    nodes: list[Node] = dataclasses.field(default_factory=list)
    tips: tuple[int, ...] = ()

    @property
    def connection(self) -> Connection:
        """What was declared."""
        return self.synapses.connection

    @property
    def sliced(self) -> bool:
        """Whether an end of it is a part of a group."""
        return any(isinstance(end, Slice) for end in (self.connection.pre, self.connection.post))

    def add(self, kind: str, label: str, gives: Shape | None = None, verdict: str = EXACT, **arrays: Any) -> None:
        """The next node of the chain."""
        self.nodes.append(Node(kind, label, arrays, self.shape, self.shape if gives is None else gives, verdict, self.tips))
        self.shape, self.tips = self.nodes[-1].gives, (len(self.nodes) - 1,)

    def flat(self) -> None:
        """What comes now as one row."""
        if len(self.shape) > 1:
            gives = (math.prod(self.shape),)
            self.add("Flatten", "flatten", gives, input_type={"input": np.array(self.shape)}, start_dim=0, end_dim=-1)

    def write(self) -> None:
        """The nodes of the chain.

        Raises:
            Refusal: what NIR cannot say.
        """
        connection = self.connection
        self._check()
        self._delay()
        parts = connection.chain.parts
        if isinstance(connection.delay, SynapticDelay):
            self._by_delay()
        elif self.sliced or any(isinstance(part, _MATRICES) for part in parts) or not self._maps():
            self._as_matrix()
        else:
            for part in parts:
                _writer(part)(self, part)
        if self.shape != self.cell.shape:
            self.flat()
        if self.constant is not None and self.constant.any():
            self._add_constant()

    def _check(self) -> None:
        connection, allowed = self.connection, self.cell.allow
        for part in connection.chain.parts:
            if not isinstance(part, _NODES + _MATRICES):
                raise Refusal(
                    f"NIR has no node for a {type(part).__name__}: leave it out, or use 'avgpool' in place of 'maxpool' and"
                    " '1_order_synapse' in place of other synaptic currents."
                )
        if connection.plasticity and "plasticity" not in allowed:
            raise Refusal("its weights learn by a rule, which NIR cannot say: allow={'plasticity'} writes them as they are now.")
        receives = self.cell.model.receives
        if connection.post_var_name != "Isyn" and receives != (connection.post_var_name,):
            raise Refusal(f"it acts on {connection.post_var_name}, but a node of NIR has one input: let it act on Isyn.")

    def _maps(self) -> bool:
        """Whether what needs maps gets maps."""
        need = (Conv, AvgPool, SumPool, BatchNorm2d)
        return self.shape == self.connection.pre.shape or not any(isinstance(part, need) for part in self.connection.chain.parts)

    def _delay(self) -> None:
        """A delay of all synapses of a neuron."""
        delay, dt = self.connection.delay, self.synapses.dt
        steps = np.full(self.connection.pre.shape, self.late, np.float64)
        if isinstance(delay, float):
            steps = steps + round(delay / dt)
        elif isinstance(delay, NeuronDelay):
            slots = delay.slots(dt, self.synapses.name)
            steps = steps + np.asarray(steps_of(self.synapses.values[f"{self.synapses.name}.delay"], slots=slots, dt=dt))
        if steps.any():
            if isinstance(self.connection.pre, Slice):
                # What nothing reads is as late as the rest, so that the node breaks the same loops.
                steps = np.maximum(self._embedded(steps.ravel(), self.connection.pre), steps.min())
            self.add("Delay", "delay", delay=(steps * dt / 1000).reshape(self.shape))

    def linear(self, weight: np.ndarray, bias: np.ndarray | None, verdict: str = EXACT, label: str = "") -> None:
        """A matrix, and what it adds."""
        self.flat()
        kind, arrays = ("Linear", {}) if bias is None else ("Affine", {"bias": bias})
        self.add(kind, label, (len(weight),), verdict, weight=weight, **arrays)

    def _embedded(self, numbers: np.ndarray, *ends: Any) -> np.ndarray:
        """An array over parts of groups as one over the whole groups, 0 elsewhere."""
        for axis, end in enumerate(ends):
            if isinstance(end, Slice):
                size = math.prod(end.of.shape)
                places = np.arange(size).reshape(end.of.shape)[end.start : end.stop : end.step].ravel()
                whole = np.zeros((*numbers.shape[:axis], size, *numbers.shape[axis + 1 :]), numbers.dtype)
                whole[(slice(None),) * axis + (places,)] = numbers
                numbers = whole
        return numbers

    def _as_matrix(self) -> None:
        connection, synapses = self.connection, self.synapses
        if any(isinstance(part, FirstOrder) for part in connection.chain.parts):
            raise Refusal("its FirstOrder acts on what has no node of its own: let it join whole groups by a 'full' link.")
        plain = all(isinstance(part, Dropout | Flatten | Connectivity) for part in connection.chain.parts)
        if plain and not isinstance(connection.link, OneToOne):
            weight, bias = synapses.weight(), synapses.bias()
        else:
            try:
                weight, bias = synapses.matrix()
            except ValueError as error:
                raise Refusal(str(error)) from error
            bias = bias if bias.any() or synapses.bias() is not None else None
        bias = None if bias is None else self._embedded(bias, connection.post)
        self.linear(self._embedded(weight, connection.post, connection.pre), bias, EXACT if plain else FOLDED)

    def _by_delay(self) -> None:
        """A `Delay` and a `Linear` for each number of steps that a synapse takes."""
        connection = self.connection
        self.cell.composed("its synapses have delays of their own, and NIR delays whole neurons")
        if any(not isinstance(part, Dropout | Flatten | Connectivity) for part in connection.chain.parts):
            raise Refusal("its synapses have delays of their own beside other synapse types, which no nodes say together.")
        self.flat()
        before, bias, ends = (self.shape, self.tips), self.synapses.bias(), list[int]()
        for steps, matrix in self.synapses.delayed():
            self.shape, self.tips = before
            if steps:
                self.add("Delay", f"late{steps}.delay", delay=np.full(before[0], steps * self.synapses.dt / 1000))
            added = None if bias is None else self._embedded(bias, connection.post)
            self.linear(self._embedded(matrix, connection.post, connection.pre), added, label=f"late{steps}")
            bias, ends = None, [*ends, *self.tips]
        self.tips = tuple(ends)

    def fold(self, gain: np.ndarray, shift: np.ndarray) -> bool:
        """A factor and a constant for each map or neuron into the weights just written; whether that could be done."""
        place = self.tips[0] if self.tips else None
        if place is None or self.nodes[place].kind not in ("Linear", "Affine", "Conv2d"):
            return False
        last = self.nodes[place]
        weight = last.arrays["weight"] * gain.reshape(-1, *(1,) * (last.arrays["weight"].ndim - 1))
        bias = np.asarray(last.arrays.get("bias", 0.0)) * gain + shift
        kind = "Affine" if last.kind == "Linear" else last.kind
        self.nodes[place] = last._replace(kind=kind, arrays=last.arrays | {"weight": weight, "bias": bias}, verdict=FOLDED)
        return True

    def _add_constant(self) -> None:
        constant = self.constant
        if constant is not None and self.tips and self.nodes[self.tips[0]].kind in ("Linear", "Affine"):
            self.fold(np.ones(constant.size), constant.ravel())
            self.constant = None

    def place(self, draft: Draft, path: str, sources: Iterable[str]) -> tuple[list[Edge], list[str]]:
        """The nodes as a part of a graph, behind some others: the edges between them, and where the chain ends."""
        sources, edges, made = list(sources), list[Edge](), list[str]()
        for node in self.nodes:
            label = f".{node.label}" if node.label and len(self.nodes) > 1 else ""
            built = getattr(nir(), node.kind)(**node.arrays)
            new = draft.add(path + label, built, self.synapses.name, node.takes, node.gives, node.verdict)
            edges += draft.join([made[i] for i in node.after] or sources, [new], self.synapses.name)
            made.append(new)
        return edges, [made[i] for i in self.tips] or sources


def as_row(connection: Connection) -> bool:
    """Whether what comes of it is one row, or of another shape than its group has."""
    whole = not any(isinstance(end, Slice) for end in (connection.pre, connection.post))
    parts = connection.chain.parts
    rows = any(
        isinstance(part, (Flatten, *_MATRICES)) or (isinstance(part, Connectivity) and not (isinstance(part, OneToOne) and part.bias is None))
        for part in parts
    )
    site = Site("", takes=connection.pre.shape, gives=connection.post.shape, owner=connection)
    return rows or not whole or connection.chain.sites(site)[-1].takes != connection.post.shape


def _nothing(wire: Wire, part: Any) -> None:
    """It does nothing at rest."""


def _writer(part: Any) -> Callable[[Wire, Any], None]:
    return next(write for kind, write in _WRITTEN.items() if isinstance(part, kind))


def _pool(wire: Wire, part: AvgPool | SumPool) -> None:
    windows = {
        "kernel_size": part.pool_kernel_size, "stride": part.pool_stride, "padding": part.pool_padding,
    }
    arrays: dict[str, Any] = {name: np.array(value) for name, value in windows.items()}
    wire.add("AvgPool2d" if isinstance(part, AvgPool) else "SumPool2d", "pool", part.makes(wire.shape), **arrays)


def _link(wire: Wire, link: Connectivity) -> None:
    weight, bias = wire.synapses.weight(), wire.synapses.bias()
    verdict = FOLDED if wire.synapses.quantized else EXACT
    if weight.ndim == 1 and bias is None:
        wire.add("Scale", "", verdict=verdict, scale=weight.reshape(wire.shape))
        return
    wire.linear(np.diag(weight) if weight.ndim == 1 else weight, bias, verdict)


def _conv(wire: Wire, link: Conv) -> None:
    weight, bias = wire.synapses.weight(), wire.synapses.bias()
    arrays = {
        "input_shape": tuple(wire.shape[1:]), "weight": weight, "stride": link.stride, "dilation": link.dilation, "groups": link.groups,
        "padding": link.padding, "bias": np.zeros(len(weight), weight.dtype) if bias is None else bias,
    }
    gives = link.makes(wire.shape, wire.connection.post.shape)
    wire.add("Conv2d", "", gives, FOLDED if wire.synapses.quantized else EXACT, **arrays)


def _batchnorm(wire: Wire, part: BatchNorm2d) -> None:
    synapses = wire.synapses
    own = part_of(part, wire.connection, synapses.owner)
    mean, var, scale, shift = (
        np.asarray(synapses.values[f"{own}.{name}"], np.float64) for name in ("running_mean", "running_var", "weight", "bias")
    )
    gain = scale / np.sqrt(var + 1e-5)
    added = shift - mean * gain
    if not wire.fold(gain, added):
        wire.add(
            "Conv2d", "batchnorm", None, FOLDED, input_shape=tuple(wire.shape[1:]), weight=gain[:, None, None, None], bias=added,
            stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=len(gain),
        )


def _homeostasis(wire: Wire, part: Homeostasis) -> None:
    own = part_of(part, wire.connection, wire.synapses.owner)
    gain, shift = (np.asarray(wire.synapses.values[f"{own}.{name}"], np.float64).ravel() for name in ("gain", "shift"))
    if not (wire.nodes and wire.nodes[-1].kind != "Conv2d" and wire.fold(gain, shift)):
        wire.linear(np.diag(gain), shift, FOLDED, "homeostasis")


def _first_order(wire: Wire, part: FirstOrder) -> None:
    own, cell = part_of(part, wire.connection, wire.synapses.name), wire.cell
    tau = np.broadcast_to(np.asarray(wire.synapses.values[f"{own}.tau"], np.float64), wire.shape).copy()
    leak = cell.exact(tau)
    wire.add("LI", "current", tau=cell.tau(leak), r=cell.r(np.ones(wire.shape), leak), v_leak=np.zeros(wire.shape))


_WRITTEN: dict[Any, Callable[[Wire, Any], None]] = {
    AvgPool: _pool, BatchNorm2d: _batchnorm, Connectivity: _link, Conv: _conv, Dropout: _nothing, FirstOrder: _first_order,
    Flatten: lambda wire, part: wire.flat(), Homeostasis: _homeostasis, Passing: _nothing, SumPool: _pool,
}
