"""How the step of a neuron model depends on its own states and on its input, neuron by neuron."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp

from spaic_jax.gradients.dependence import dependence
from spaic_jax.neurons.equations import model_step
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call, step_key
from spaic_jax.synapses.parts.base import Dynamics

#: Entries of a Jacobian by what is moved and what moves it.
Jacobian = dict[tuple[str, str], jax.Array]


@dataclasses.dataclass(frozen=True)
class Neurons:
    """A group of neurons: the row of its model, and which entries its Jacobian has.

    No neuron reads another one's state, so that the Jacobian of a step is a small matrix for each neuron: what it gives (its
    states and its spikes) by what it takes (its states before, its input currents).

    Attributes:
        op: the row.
        states: what it carries, by the read of the step before.
        currents: its inputs.
        gives: what it gives, by read: states and spikes.
        updated: the read of this step's value of each state.
        entries: the pairs of what it gives and what it takes whose derivative is not always zero.
        uniform: those that are one number: the same for all neurons, samples and steps.
    """

    op: Op
    states: tuple[str, ...]
    currents: tuple[str, ...]
    gives: tuple[str, ...]
    updated: tuple[str, ...]
    entries: frozenset[tuple[str, str]]
    uniform: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, program: Program, op: Op) -> Self:
        """The neurons of a row of a program, which calls `model_step`."""
        return cls(*_facts(program, op))

    @property
    def name(self) -> str:
        """The full name of the group."""
        return self.op.name

    @property
    def is_synapse(self) -> bool:
        """Whether it is a synapse type with equations, not a group."""
        return issubclass(dict(self.op.settings)["model"].kind, Dynamics)

    @property
    def is_uniform(self) -> bool:
        """Whether its states follow linear equations that are the same for all neurons: filters of what comes in."""
        moved = {entry for entry in self.entries if entry[0] in self.updated}
        return moved <= self.uniform

    def jacobian(self, env: Mapping[str, Any], key: jax.Array | None) -> Jacobian:
        """The entries of the Jacobian in a step, `[n, B, 1]`, or `[1, 1, 1]` of those that are uniform.

        Computed in float32: a decay factor in half precision is that of another time constant.
        """
        draws = self.op.random and key is not None
        op_key = step_key(key, self.op, env["[step]"]) if draws and key is not None else None
        given = {read: _wide(env[read]) for read in self.op.inputs}
        made: Jacobian = {}
        for cause in self.takes:
            if not any(entry[1] == cause for entry in self.entries):
                continue
            tangents = _along(self.op, cause, given, jnp.ones_like(given[cause]), op_key)
            for read, tangent in zip(self.gives, tangents, strict=True):
                entry = (read, cause)
                if entry in self.entries:
                    flat = tangent.reshape(tangent.shape[0], -1).T[:, :, None]
                    made[entry] = flat[:1, :1] if entry in self.uniform else flat
        return made

    @property
    def takes(self) -> tuple[str, ...]:
        """What it takes that has a derivative: its states and its currents."""
        return (*self.states, *self.currents)

    def before(self, read: str) -> str | None:
        """The read of the step before of what it gives, where that is a state."""
        return self.states[self.updated.index(read)] if read in self.updated else None


@functools.lru_cache(maxsize=256)
def _facts(program: Program, op: Op) -> tuple[Any, ...]:
    """What `Neurons` holds."""
    settings = dict(op.settings)
    counts = [len(settings[name]) for name in ("states", "inputs", "parameters")]
    carried, currents, parameters = (op.inputs[sum(counts[:i]) : sum(counts[: i + 1])] for i in range(3))
    structs = {read: program.struct(read, 2) for read in op.inputs}
    gives = tuple(program.written_read(name) for name in op.outputs)
    own = [read for read in carried if program.written_read(read) in gives and _is_real(structs[read])]
    takes = [*own, *(read for read in currents if _is_real(structs[read]))]
    key = jax.eval_shape(lambda: jax.random.key(0))
    arguments = {read: jax.ShapeDtypeStruct(x.shape, _wide_dtype(x.dtype)) for read, x in structs.items()}
    # What differs between neurons, samples or steps: all but parameters that are one number.
    varying = [number for number, read in enumerate(op.inputs) if read not in parameters or structs[read].size > 1]
    varying.append(len(op.inputs) + 1)
    entries, uniform = set(), set()
    for cause in takes:

        def derivative(*values: Any, cause: str = cause) -> tuple[Any, ...]:
            *reads, tangent, key = values
            return _along(op, cause, dict(zip(op.inputs, reads, strict=True)), tangent, key if op.random else None)

        found = dependence(derivative, *arguments.values(), arguments[cause], key)
        for read, needs in zip(gives, found, strict=True):
            if len(op.inputs) in needs:
                entries.add((read, cause))
                if not needs & set(varying):
                    uniform.add((read, cause))
    updated = tuple(program.written_read(read) for read in own)
    currents = tuple(takes[len(own) :])
    return op, tuple(own), currents, gives, updated, frozenset(entries), frozenset(uniform)


def is_model(op: Op) -> bool:
    """Whether a row is the step of a model."""
    return op.fn is model_step


def _along(op: Op, cause: str, given: Mapping[str, Any], tangent: Any, key: Any) -> tuple[Any, ...]:
    """The derivative of what a row writes along a change of one of its inputs; zeros for what has none."""

    def moved(value: Any) -> tuple[Any, ...]:
        written = call(op, [value if read == cause else given[read] for read in op.inputs], key)
        return tuple(x if _is_real(x) else jnp.zeros(x.shape, jnp.float32) for x in written)

    return jax.jvp(moved, (given[cause],), (tangent,))[1]


def _is_real(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.floating))


def _wide_dtype(dtype: Any) -> Any:
    return jnp.float32 if jnp.issubdtype(dtype, jnp.floating) and jnp.finfo(dtype).bits < 32 else dtype


def _wide(x: jax.Array) -> jax.Array:
    return x.astype(_wide_dtype(x.dtype))
