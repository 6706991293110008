"""Carrying out rows: one op, a list of them, and the random key of each."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax import ops as named_ops
from spaic_jax.program.listing import Listing
from spaic_jax.program.op import RESERVED, Op


def function_of(op: Op) -> Callable[..., Any]:
    """The function of an op: itself, or the one its name stands for in `spaic_jax.ops`."""
    return named_ops.REGISTRY[op.fn] if isinstance(op.fn, str) else op.fn


def step_key(key: jax.Array, op: Op, step: jax.Array) -> jax.Array:
    """The random key of an op in a step: it depends on the op's name and the step's number, on nothing else."""
    return jax.random.fold_in(jax.random.fold_in(key, zlib.crc32(op.name.encode())), step)


def _arranged(fn: Callable[..., Any], inputs: list[Any], settings: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What a function is called with: its inputs fill, in order, the parameters that no setting names.

    SPAIC's ops have settings between their arrays, such as the stride of a convolution before its bias.
    """
    if not settings:
        return inputs, settings
    given: list[Any] = []
    for name, parameter in inspect.signature(fn).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            given, inputs = [*given, *inputs, *settings.pop(name, ())], []
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) and inputs:
            given.append(settings.pop(name) if name in settings else inputs.pop(0))
    return [*given, *inputs], settings


def call(op: Op, arguments: Iterable[Any], key: jax.Array | None = None) -> tuple[Any, ...]:
    """The values an op writes, in the order of its outputs."""
    fn = function_of(op)
    given, settings = _arranged(fn, [key, *arguments] if op.random else [*arguments], dict(op.settings))
    values = fn(*given, **settings)
    if values is None:  # a row that only looks, such as one that prints
        return ()
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def evaluate(
    program: Listing, ops: Iterable[Op], env: dict[str, Any], key: jax.Array | None = None
) -> dict[str, Any]:
    """Carry out rows in order on `env`, which maps reads to values; returns `env` with what they wrote added.

    Written names appear under the read that means this step's value; names written by several rows hold their sum.
    """
    env = dict(env)
    for op in ops:
        op_key = step_key(key, op, env["[step]"]) if op.random and key is not None else None
        values = call(op, (env[read] for read in op.inputs), op_key)
        for name, value in zip(op.outputs, values, strict=True):
            read = program.written_read(name)
            env[read] = env[read] + value if read in env else value
    return env


def overwrite(
    ops: Iterable[Op], env: dict[str, Any], key: jax.Array | None, step: jax.Array, kept: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Carry out rows that are not part of a step: they read values by name, and what one writes, later ones read.

    What is `kept` stays as it is, whatever rows write.
    """
    env = dict(env)
    for op in ops:
        op_key = step_key(key, op, step) if op.random and key is not None else None
        written = zip(op.outputs, call(op, (env[read] for read in op.inputs), op_key), strict=True)
        env |= {name: value for name, value in written if name not in kept}
    return env


def reserved(program: Listing, step: Any, position: Any, window: Any) -> dict[str, Any]:
    """The values of the reserved reads."""
    values = (jnp.asarray(program.dt, program.float_dtype), step, position, jnp.asarray(window, jnp.int32))
    return dict(zip(RESERVED, values, strict=True))
