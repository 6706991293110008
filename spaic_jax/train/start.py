"""What a training starts from, and what it comes to."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax._numbers import whole
from spaic_jax.distributed import Layout
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.check import check_bounds
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.evaluation import variables_for
from spaic_jax.train.keys import initial_key
from spaic_jax.train.loop import copied, initial_opt_state
from spaic_jax.train.state import TrainState


def first_variables(
    sim: Simulator,
    arrays: Arrays | Stored,
    epochs: int,
    batch_size: int,
    key: jax.Array,
    variables: Variables | None,
    layout: Layout | None = None,
) -> Variables:
    """The variables before the first step of a training: drawn from its key, or those that were given."""
    if len(arrays) < batch_size:
        raise ValueError(f"the training data has {len(arrays)} samples, fewer than batch_size {batch_size}.")
    whole(epochs * (len(arrays) // batch_size), f"the number of updates of {epochs} epochs")
    if variables is None:
        return sim.init(initial_key(key), batch_size, layout)
    return variables_for(sim, variables, batch_size, initial_key(key), layout)


def trained(sim: Simulator, first: Variables, state: TrainState) -> Variables:
    """The variables before the first step of a run, with what a training has learned."""
    return going_on(sim.program, dataclasses.replace(first, params=state.params), state.plastic)


def starting_state(
    sim: Simulator, first: Variables, optimizer: optax.GradientTransformation, start: TrainState | None, layout: Layout | None = None
) -> TrainState:
    """The state before the first update, in arrays that may be overwritten, on the devices of a layout."""
    state = _starting(sim, first, optimizer, start)
    if layout is None:
        return state
    carried = (state.params, state.opt_state, state.plastic)
    params, opt_state, plastic = layout.put(carried, layout.shardings(sim.program, carried))
    return TrainState(params, opt_state, state.epoch, plastic)


def _starting(sim: Simulator, first: Variables, optimizer: optax.GradientTransformation, start: TrainState | None) -> TrainState:
    if start is None:
        return copied(TrainState(first.params, initial_opt_state(optimizer, first.params), 0, lasting(sim.program, first)))
    if not isinstance(start, TrainState):
        raise TypeError(f"start must be a TrainState, not {type(start).__name__}.")
    carried = lasting(sim.program, first)
    needed = jax.eval_shape(lambda p: (p, initial_opt_state(optimizer, p), carried), first.params)
    given = (start.params, start.opt_state, start.plastic)
    parts: list[Any] = [jax.tree.structure(tree) for tree in (given, needed)]
    if parts[0] != parts[1]:
        raise ValueError("start holds the state of another network or another optimizer: its parts have other names.")
    paths = jax.tree_util.tree_flatten_with_path(given)[0]
    for (path, x), need in zip(paths, jax.tree.leaves(needed), strict=True):
        if (jnp.shape(x), jnp.result_type(x)) != (need.shape, need.dtype):
            name = jax.tree_util.keystr(path[1:])
            given_as = f"{jnp.result_type(x)} of shape {jnp.shape(x)}"
            raise ValueError(f"start{name} is {given_as}, but needs {need.dtype} of shape {need.shape}.")
    check_bounds(sim.program, {**start.params, **start.plastic}, "start: ")
    return copied(TrainState(start.params, start.opt_state, whole(start.epoch, "the epoch of start", least=0), start.plastic))
