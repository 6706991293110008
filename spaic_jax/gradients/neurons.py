"""How the step of a neuron depends on its own states and on its input, neuron by neuron."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax._nudge import nudge
from spaic_jax.gradients.dependence import dependence
from spaic_jax.neurons.equations import model_step
from spaic_jax.neurons.receptors import Receptor
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call, step_key
from spaic_jax.synapses.chain import reshaped
from spaic_jax.synapses.parts.base import Dynamics

#: Entries of a Jacobian by what is moved and what moves it, `[n, B, 1]`, or `[1, 1, 1]` of those that are uniform.
Jacobian = dict[tuple[str, str], jax.Array]


@dataclasses.dataclass(frozen=True)
class Neurons:
    """A group of neurons behind an input, perhaps with synapses that have equations of their own in front.

    No neuron reads another one's state in these rows, so that their Jacobian is a small matrix for each neuron: what it gives
    (its states and its spikes) by what it takes (its states before, its input, parameters of its equations).

    Attributes:
        ops: the rows, in order; the last one is the group's.
        states: what they carry, by the read of the step before.
        updated: by the read of this step.
        currents: their inputs.
        gives: what they give, by read: states and spikes.
        entries: the pairs of what they give and what they take whose derivative is not always zero.
        uniform: those that are one number: the same for all neurons, samples and steps.
        reads: all that the rows read and write.
    """

    ops: tuple[Op, ...]
    states: tuple[str, ...]
    updated: tuple[str, ...]
    currents: tuple[str, ...]
    gives: tuple[str, ...]
    entries: frozenset[tuple[str, str]]
    uniform: frozenset[tuple[str, str]]
    reads: tuple[str, ...]

    @classmethod
    def of(cls, program: Program, ops: tuple[Op, ...], currents: tuple[str, ...], trained: tuple[str, ...] = ()) -> Self:
        """The neurons of some rows of a program.

        Args:
            program: what one step does.
            ops: the rows, in order.
            currents: their inputs.
            trained: parameters of their equations that have a gradient.
        """
        return cls(*_facts(program, ops, currents, trained))

    @property
    def name(self) -> str:
        """The full name of the group."""
        return self.ops[-1].name

    @property
    def is_uniform(self) -> bool:
        """Whether their states follow linear equations that are the same for all neurons: filters of what comes in."""
        takes = {*self.states, *self.currents}
        return {entry for entry in self.entries if entry[0] in self.updated and entry[1] in takes} <= self.uniform

    def jacobian(self, program: Program, env: Mapping[str, Any], key: jax.Array | None) -> Jacobian:
        """The entries of the Jacobian in a step, whose values are those of `env`.

        Computed in float32 at least: a decay factor in half precision is that of another time constant.
        """
        given = {read: widened(env[read]) for read in self.reads}
        keys = tuple(step_key(key, op, env["[step]"]) if op.random and key is not None else None for op in self.ops)
        made: Jacobian = {}
        for cause in dict.fromkeys(cause for _, cause in sorted(self.entries)):
            slopes = _along(program, self.ops, self.gives, cause, given, jnp.ones_like(given[cause]), keys)
            for read, slope in zip(self.gives, slopes, strict=True):
                if (read, cause) in self.entries:
                    flat = slope.reshape(slope.shape[0], -1).T[:, :, None]
                    made[read, cause] = flat[:1, :1] if (read, cause) in self.uniform else flat
        return made


def is_model(op: Op) -> bool:
    """Whether a row is the step of a neuron model, or of a synapse type with equations."""
    return op.fn is model_step


def is_synapse(op: Op) -> bool:
    """Whether a row acts on the input of a group neuron by neuron, without being the group's."""
    return op.fn is reshaped or (is_model(op) and issubclass(dict(op.settings)["model"].kind, Dynamics | Receptor))


def currents_of(program: Program, op: Op) -> tuple[str, ...]:
    """The inputs of a row of neurons or synapses that are neither states nor parameters."""
    settings = dict(op.settings)
    begin = len(settings.get("states", ()))
    own = op.inputs[begin : begin + len(settings["inputs"])] if is_model(op) else op.inputs[:1]
    return tuple(read for read in own if read not in program.carried and _is_real(program.struct(read, 1)))


@functools.lru_cache(maxsize=256)
def _facts(program: Program, ops: tuple[Op, ...], currents: tuple[str, ...], trained: tuple[str, ...]) -> tuple[Any, ...]:
    """What `Neurons` holds."""
    written = {program.written_read(name): None for op in ops for name in op.outputs}
    reads = tuple(dict.fromkeys([*(read for op in ops for read in op.inputs), *written]))
    structs = {read: program.struct(read, 2) for read in reads}
    carried = [read for op in ops for read in op.inputs if read in program.carried and program.written_read(read) in written]
    states = tuple(read for read in dict.fromkeys(carried) if _is_real(structs[read]))
    updated = tuple(program.written_read(read) for read in states)
    gives = tuple(dict.fromkeys([*updated, *map(program.written_read, ops[-1].outputs)]))
    # What differs between neurons, samples or steps: all but parameters that are one number.
    varying = {number for number, x in enumerate(structs.values()) if x.size > 1}
    varying.update(range(len(reads) + 1, len(reads) + 1 + len(ops)))
    wide = {read: jax.ShapeDtypeStruct(x.shape, _wide_dtype(x.dtype)) for read, x in structs.items()}
    key = jax.eval_shape(lambda: jax.random.key(0))
    entries, uniform = set(), set()
    for cause in (*states, *currents, *trained):

        def derivative(*values: Any, cause: str = cause) -> tuple[Any, ...]:
            given = dict(zip(reads, values[: len(reads)], strict=True))
            keys = tuple(k if op.random else None for op, k in zip(ops, values[len(reads) + 1 :], strict=True))
            return _along(program, ops, gives, cause, given, values[len(reads)], keys)

        found = dependence(derivative, *wide.values(), wide[cause], *(key for _ in ops))
        for read, needs in zip(gives, found, strict=True):
            if len(reads) in needs:
                entries.add((read, cause))
                if not needs & varying:
                    uniform.add((read, cause))
    return ops, states, updated, currents, gives, frozenset(entries), frozenset(uniform), reads


def _along(
    program: Program,
    ops: tuple[Op, ...],
    gives: tuple[str, ...],
    cause: str,
    given: Mapping[str, Any],
    tangent: Any,
    keys: tuple[Any, ...],
) -> tuple[Any, ...]:
    """The derivative of what rows give along a change of one of the values that they read; zeros for what has none."""

    def moved(value: Any) -> tuple[Any, ...]:
        env = {**given, cause: value}
        for op, key in zip(ops, keys, strict=True):
            for name, x in zip(op.outputs, call(op, [env[read] for read in op.inputs], key), strict=True):
                read = program.written_read(name)
                # Others may add to it too: the value is known, and the derivatives of these rows add up.
                env[read] = nudge(env[read], x) if _is_real(x) else x
        return tuple(env[read] if _is_real(env[read]) else jnp.zeros(env[read].shape, jnp.float32) for read in gives)

    return jax.jvp(moved, (given[cause],), (tangent,))[1]


def _is_real(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.floating))


def _wide_dtype(dtype: Any) -> Any:
    return wide(dtype) if jnp.issubdtype(dtype, jnp.floating) else dtype


def widened(x: jax.Array) -> jax.Array:
    """A floating array in float32 at least; any other one as it is."""
    return x.astype(_wide_dtype(x.dtype))
