"""The values of variables before the first step, before the first step of a fresh start, and where some are given."""

import functools
import zlib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._keys import check_key
from spaic_jax._numbers import whole
from spaic_jax.plan.layout import Layout, beside, own, put
from spaic_jax.program import Constant, Given, Program
from spaic_jax.program.evaluate import overwrite
from spaic_jax.program.initial import drawn_once
from spaic_jax.run.check import batch_size_of, check_value, filled, where_of
from spaic_jax.run.variables import Variables

Values = dict[str, jax.Array]


def first_values(
    program: Program, key: jax.Array, batch_size: int, without: Collection[str] = (), layout: Layout | None = None
) -> Values:
    """What the initial values of a program's variables give, but for some names; each draws from the key and its name.

    With a layout, each goes to its devices as soon as it is made, so that no more than one lies whole on one of them.
    """
    batch_size = whole(batch_size, "batch_size", least=1)
    check_key(key)
    values: Values = {}
    variables = program.of_role("parameter", "plastic", "state", "constant")
    wanted = [v for v in variables if v.name not in without and v.derived is None]

    @functools.cache
    def keyed(stream: str) -> jax.Array:
        return jax.random.fold_in(key, zlib.crc32(stream.encode()))

    with drawn_once():
        # What several variables of a connection follow from is drawn once, when they come one after the other.
        for v in sorted(wanted, key=lambda v: v.init.stream(v.name)):
            value = v.init.first(v.name, keyed, v.shape, jnp.dtype(v.dtype))
            # Whole numbers, such as the ends of synapses, are made within theirs.
            if v.bounds != (None, None) and jnp.issubdtype(v.dtype, jnp.inexact):
                value = jnp.clip(value, *v.bounds)
            made = jnp.broadcast_to(value, v.sized(batch_size)).astype(v.dtype)
            values[v.name] = made if layout is None else put(made, layout.sharding(v))
    return values


def started(
    program: Program, values: Values, key: jax.Array, kept: Mapping[str, jax.Array] = MappingProxyType({})
) -> Variables:
    """The variables of some first values, after the program's initial rows, which do not write what is `kept`."""
    zero = jnp.zeros((), jnp.int32)
    env = {**values, **kept, "[dt]": jnp.asarray(program.dt, program.float_dtype)}
    env = overwrite(program.rows_of(program.initial_ops), env, key, zero, frozenset(kept))
    env |= following(program, env, env.keys() - kept.keys())
    return Variables.of(program, env, zero, zero)


def placed(program: Program, variables: Variables, layout: Layout) -> Variables:
    """Variables on the devices of a mesh: see `spaic_jax.place`."""
    batch = batch_size_of(program, variables)
    if batch is not None:
        layout.check_batch(batch, "a batch of")
    values = variables.values
    shardings = {v.name: layout.sharding(v) for v in program.variables if v.name in values}
    there = layout.put({name: values[name] for name in shardings}, shardings)
    return Variables.of(program, there, *layout.put((variables.step, variables.position)))


def restarted(program: Program, variables: Variables, key: jax.Array | None, batch_size: int | None) -> Variables:
    """A fresh start from earlier variables: see `Simulator.restart`."""
    batch = batch_size_of(program, variables)
    drawn = [v.name for v in program.of_role("state") if not isinstance(v.init, Constant | Given)]
    drawn += [op.name for op in program.initial_ops if op.random]
    if key is None and drawn:
        raise ValueError(f"the first value of '{drawn[0]}' is drawn: give key=jax.random.key(seed).")
    key = jax.random.key(0) if key is None else key
    size = batch or 1 if batch_size is None else whole(batch_size, "batch_size", least=1)
    where = where_of(program, variables)
    if where is not None and size % where.shares:
        raise ValueError(f"a batch of {size} cannot be shared out evenly over the {where.shares} devices that the variables lie on.")
    kept = {**within_bounds(program, {**variables.params, **variables.plastic}), **variables.constants}
    for v in program.of_role("state"):
        if not v.stay:
            continue
        kept[v.name] = value = variables.state[v.name]
        if v.batched and size != batch:
            if isinstance(value, jax.core.Tracer) or not bool((value == value[:1]).all()):
                raise ValueError(
                    f"state '{v.name}' stays, but differs between the {batch} samples: it cannot go over to a batch of {size}."
                )
            kept[v.name] = jnp.broadcast_to(value[:1], v.sized(size))
    return beside(started(program, first_values(program, key, size, kept), key, kept), variables)


def overwritten(program: Program, variables: Variables, values: Mapping[str, Any]) -> Variables:
    """Variables with other values of some: see `Simulator.set`."""
    batch = batch_size_of(program, variables)
    known = {v.name: v for v in program.variables if v.role != "input"}
    new = {**variables.values}
    for name, value in values.items():
        if name not in known:
            raise ValueError(unknown("variable", name, known))
        new[name] = check_value(known[name], filled(known[name], value, batch), batch)
    new |= following(program, new, values)
    return beside(Variables.of(program, new, variables.step, variables.position), variables)


def following(program: Program, values: Mapping[str, jax.Array], new: Collection[str]) -> Values:
    """The constants that follow from those values that are new."""
    made: Values = {}
    for v in program.of_role("constant"):
        if v.derived is not None and any(name in new for name in v.derived[0]):
            made[v.name] = v.derived[1](*(own(values[name]) for name in v.derived[0]), v.shape).astype(v.dtype)
    return made


def within_bounds(program: Program, values: Mapping[str, jax.Array]) -> Values:
    """Values of a program's variables, those beyond their bounds brought back to them."""
    bounds = {v.name: v.bounds for v in program.variables}
    return {n: x if bounds[n] == (None, None) else jnp.clip(x, *bounds[n]) for n, x in values.items()}
