"""Batches that are changed at random before they are run, in training only."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.data.augment import Augmentation, Chain
from spaic_jax.train.arrays import Arrays
from spaic_jax.train.task import Task

#: `(key, inputs, labels) -> (inputs, labels)`, pure: see `spaic_jax.train.fit`.
Augment = Callable[[jax.Array, dict[str, jax.Array], Any], tuple[dict[str, jax.Array], Any]]

# No update has this number, so that no run draws from the same key.
_OWN = 2**32 - 1


def augmented(augment: Augment, task: Task, batch: Arrays, key: jax.Array, number: jax.Array) -> Arrays:
    """A batch that an augmentation has changed.

    Args:
        augment: the augmentation.
        task: what the batch is for.
        batch: the samples.
        key: random key of the epoch.
        number: of the update.

    Raises:
        ValueError: another answer than inputs and labels of the same names, shapes and kinds.
    """
    declared = task.sim.program.by_name
    # Spikes rest as bytes or booleans; here they are numbers that can be reckoned with.
    inputs = {name: x.astype(declared[name].dtype) for name, x in batch.inputs.items()}
    # By the axes that were declared, as shapes cannot tell where there are as many steps as samples.
    sequences = [name for name, x in inputs.items() if x.ndim > len(declared[name].shape) + 1] + ["labels"] * task.each_step
    told = {"sequences": sequences} if isinstance(augment, Augmentation | Chain) else {}
    answer = augment(jax.random.fold_in(jax.random.fold_in(key, _OWN), number), dict(inputs), batch.labels, **told)
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], dict):
        raise ValueError(f"augment gave back {type(answer).__name__}, but needs to give back (inputs, labels), with inputs by name.")
    given = {**answer[0], "labels": answer[1]}
    wanted = {**inputs, "labels": batch.labels}
    if set(given) != set(wanted):
        raise ValueError(f"augment gave back {sorted(given)}, but was given {sorted(wanted)}.")
    probable = task.classes and not task.each_step and jnp.issubdtype(getattr(given["labels"], "dtype", bool), jnp.floating)
    if probable and jnp.shape(given["labels"]) != (len(batch), task.classes):
        raise ValueError(
            f"augment gave back class probabilities of shape {jnp.shape(given['labels'])}, but needs {(len(batch), task.classes)}:"
            f" there are {task.classes} classes."
        )
    for name, x in wanted.items():
        if name == "labels" and probable:
            continue
        if x is not None and jnp.shape(given[name]) != x.shape:
            raise ValueError(f"augment gave back '{name}' of shape {jnp.shape(given[name])}, but was given {x.shape}.")
    return dataclasses.replace(batch, inputs=answer[0], labels=answer[1])
