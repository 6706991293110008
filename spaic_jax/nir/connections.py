"""What a connection is written as."""

import numpy as np

from spaic_jax.network import Connection
from spaic_jax.network.slice import Slice
from spaic_jax.nir.draft import Refusal
from spaic_jax.nir.parts import MATRICES, WRITTEN
from spaic_jax.nir.report import EXACT, FOLDED
from spaic_jax.nir.wires import Wire
from spaic_jax.program import Site
from spaic_jax.synapses import (
    AvgPool,
    BatchNorm2d,
    Connectivity,
    Conv,
    Dropout,
    FirstOrder,
    Flatten,
    NeuronDelay,
    OneToOne,
    SumPool,
    SynapticDelay,
)
from spaic_jax.synapses.delays.fixed import steps_of


def write(wire: Wire) -> None:
    """Write a connection as a chain of nodes.

    Raises:
        Refusal: what NIR cannot say.
    """
    connection = wire.connection
    _check(wire)
    _delay(wire)
    parts = connection.chain.parts
    if isinstance(connection.delay, SynapticDelay):
        _by_delay(wire)
    elif wire.sliced or any(isinstance(part, MATRICES) for part in parts) or not _maps(wire):
        _as_matrix(wire)
    else:
        for part in parts:
            next(add for kind, add in WRITTEN.items() if isinstance(part, kind))(wire, part)
    if wire.shape != wire.cell.shape:
        wire.flat()
    constant = wire.constant
    if constant is not None and constant.any() and wire.tips and wire.nodes[wire.tips[0]].kind in ("Linear", "Affine"):
        wire.fold(np.ones(constant.size), constant.ravel())
        wire.constant = None
    if connection.plasticity and wire.tips:
        last = wire.nodes[wire.tips[0]]
        wire.nodes[wire.tips[0]] = last._replace(verdict=f"{last.verdict}, without its learning rule")


def _check(wire: Wire) -> None:
    connection, allowed = wire.connection, wire.cell.task.allow
    for part in connection.chain.parts:
        if not isinstance(part, (*WRITTEN, *MATRICES)):
            raise Refusal(
                f"NIR has no node for a {type(part).__name__}: leave it out, or use 'avgpool' in place of 'maxpool' and"
                " '1_order_synapse' in place of other synaptic currents."
            )
    if connection.plasticity and "plasticity" not in allowed:
        raise Refusal("its weights learn by a rule, which NIR cannot say: allow={'plasticity'} writes them as they are now.")
    receives = wire.cell.model.receives
    if connection.post_var_name != "Isyn" and receives != (connection.post_var_name,):
        raise Refusal(f"it acts on {connection.post_var_name}, but a node of NIR has one input: let it act on Isyn.")


def _maps(wire: Wire) -> bool:
    """Whether what needs maps gets maps."""
    need = (Conv, AvgPool, SumPool, BatchNorm2d)
    return wire.shape == wire.connection.pre.shape or not any(isinstance(part, need) for part in wire.connection.chain.parts)


def _delay(wire: Wire) -> None:
    """A delay of all synapses of a neuron."""
    delay, dt = wire.connection.delay, wire.synapses.dt
    steps = np.full(wire.connection.pre.shape, wire.late, np.float64)
    if isinstance(delay, float):
        steps = steps + round(delay / dt)
    elif isinstance(delay, NeuronDelay):
        slots = delay.slots(dt, wire.synapses.name)
        steps = steps + np.asarray(steps_of(wire.synapses.values[f"{wire.synapses.name}.delay"], slots=slots, dt=dt))
    if steps.any():
        if isinstance(wire.connection.pre, Slice):
            # What nothing reads is as late as the rest, so that the node breaks the same loops.
            steps = np.maximum(wire.embedded(steps.ravel(), wire.connection.pre), steps.min())
        wire.add("Delay", "delay", delay=(steps * dt / 1000).reshape(wire.shape))


def _as_matrix(wire: Wire) -> None:
    connection, synapses = wire.connection, wire.synapses
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
    bias = None if bias is None else wire.embedded(bias, connection.post)
    wire.linear(wire.embedded(weight, connection.post, connection.pre), bias, EXACT if plain else FOLDED)


def _by_delay(wire: Wire) -> None:
    """A `Delay` and a `Linear` for each number of steps that a synapse takes."""
    connection = wire.connection
    wire.cell.composed("its synapses have delays of their own, and NIR delays whole neurons")
    if any(not isinstance(part, Dropout | Flatten | Connectivity) for part in connection.chain.parts):
        raise Refusal("its synapses have delays of their own beside other synapse types, which no nodes say together.")
    wire.flat()
    before, bias, ends = (wire.shape, wire.tips), wire.synapses.bias(), list[int]()
    for steps, matrix in wire.synapses.delayed():
        wire.shape, wire.tips = before
        if steps:
            wire.add("Delay", f"late{steps}.delay", delay=np.full(before[0], steps * wire.synapses.dt / 1000))
        added = None if bias is None else wire.embedded(bias, connection.post)
        wire.linear(wire.embedded(matrix, connection.post, connection.pre), added, label=f"late{steps}")
        bias, ends = None, [*ends, *wire.tips]
    wire.tips = tuple(ends)


def as_row(connection: Connection) -> bool:
    """Whether what comes of it is one row, or of another shape than its group has."""
    whole = not any(isinstance(end, Slice) for end in (connection.pre, connection.post))
    parts = connection.chain.parts
    rows = any(
        isinstance(part, (Flatten, *MATRICES)) or (isinstance(part, Connectivity) and not (isinstance(part, OneToOne) and part.bias is None))
        for part in parts
    )
    site = Site("", takes=connection.pre.shape, gives=connection.post.shape, owner=connection)
    return rows or not whole or connection.chain.sites(site)[-1].takes != connection.post.shape
