"""Samples of different length in one run: the checks that each gets what a run of its own would give."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import array_of
from spaic_jax.program import Program, Record


def check_lengths(program: Program, given: Any, steps: int, batch: int, inputs: dict[str, Any]) -> jax.Array:
    """The steps of each sample, int32 `[B]`.

    Args:
        program: what is run.
        given: what was given as `lengths`.
        steps: of the run.
        batch: number of samples.
        inputs: the inputs that were given, by name.

    Raises:
        ValueError: lengths that are none; or a part of the program, by name, that would give a sample something else than in
            a run of its own length.
    """
    lengths = array_of(given, "lengths")
    if lengths.shape != (batch,) or not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise ValueError(
            f"lengths are {lengths.dtype} of shape {lengths.shape}, but need to be integers of shape [B={batch}], the steps of each"
            " sample."
        )
    if not isinstance(lengths, jax.core.Tracer):
        bad = np.flatnonzero((np.asarray(lengths) < 1) | (np.asarray(lengths) > steps))
        if bad.size:
            raise ValueError(f"lengths[{bad[0]}] is {lengths[bad[0]]}, but needs to be from 1 to the {steps} steps of the run.")
    if reason := _reason(program, batch, inputs):
        raise ValueError(f"samples of different length: {reason}.")
    return jnp.asarray(lengths, jnp.int32)


def _reason(program: Program, batch: int, inputs: dict[str, Any]) -> str | None:
    """Why a program cannot run samples of different length with some inputs, if so."""
    for v in program.of_role("input"):
        if v.derived is not None and v.name not in inputs and v.derived[0][0] in inputs:
            return f"input '{v.name}' follows from all steps of '{v.derived[0][0]}': give it, [B] numbers"
    return _reason_of_program(program, batch > 1)


@functools.lru_cache(maxsize=64)
def _reason_of_program(program: Program, several: bool) -> str | None:
    for op in program.rows:
        if "[window]" in op.inputs:
            return f"op '{op.name}' goes by the number of steps of the whole run"
    for op in (*program.rows, *program.rows_of(program.begin_ops), *program.rows_of(program.end_ops)):
        mixed = [name for name in op.outputs if several and not _of_samples(program, program.written_read(name))]
        if mixed and any(_of_samples(program, read) for read in op.inputs):
            return f"op '{op.name}' makes '{mixed[0]}' of all samples of a batch together, those that are over too: run one sample at once"
    for record in program.kept:
        if reason := _reason_of(record):
            return reason
    return None


def _of_samples(program: Program, read: str) -> bool:
    """Whether a read has a batch axis in front."""
    return all(program.struct(read, size).shape[:1] == (size,) for size in (2, 3))


def _reason_of(record: Record) -> str | None:
    what = f"{'decoder' if record.kind == 'output' else 'monitor'} '{record.name}'"
    if record.steps.last is not None:
        return f"{what} keeps the last steps of the run, which are others for each sample"
    if record.reduce is not None and not record.reduce.leaves_out:
        return f"{what} reduces time in a way that goes by the number of steps ({type(record.reduce).__name__.strip('_')})"
    if record.finish is not None and not record.padded:
        return f"{what} goes by all steps of the run, or by the whole batch"
    return None
