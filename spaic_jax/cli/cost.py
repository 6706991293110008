"""The command `cost`."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.cli.config import read_config, read_declaration
from spaic_jax.cli.errors import memory_errors, user_errors
from spaic_jax.cli.experiment import build_network, make_experiment
from spaic_jax.run import Cost, Simulator, Spent, Variables, build
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.keys import epoch_keys, initial_key


def cost(config: str, changes: Sequence[str], as_json: bool) -> None:
    """Print what a run of a configuration costs: known before it, and counted in it.

    Where there are data and training, it is a run of the first batch of the training data with weights that are not trained yet; else
    one of `simulation.duration`.

    Args:
        config: file of the configuration.
        changes: `key=value` pairs that change it.
        as_json: whether to print one line of JSON in place of tables.

    Raises:
        UserError: bad input.
    """
    declared = read_declaration(config, changes)
    trained = declared.data is not None and declared.training is not None
    sim, variables, batch, key, steps = _of_training(config, changes) if trained else _of_simulation(declared, config)
    with user_errors(config), memory_errors(config):
        before = sim.cost(steps, batch.count)
        after = sim.spent(variables, batch.inputs, key, steps, lengths=batch.lengths)
    what = f"{config}, the first batch, not trained yet" if trained else config
    print(json.dumps(_told(before, after)) if as_json else f"{what}: {before}\n\n{after}")


_Run = tuple[Simulator, Variables, Arrays, jax.Array, int]


def _of_training(config: str, changes: Sequence[str]) -> _Run:
    """The first batch of the training data."""
    experiment = make_experiment(read_config(config, changes), config)
    task, arrays, size = experiment.task, experiment.training_arrays, experiment.config.training.batch_size
    # A gradient of another kind runs as any: what its backward pass takes is not asked.
    sim = build(experiment.sim.program)
    with user_errors(f"{config}: data"):
        batch = arrays.read(np.arange(size)) if isinstance(arrays, Stored) else task.take(arrays, jnp.arange(size))
    return sim, sim.init(initial_key(experiment.key), size), batch, epoch_keys(experiment.key, 1)[1], task.steps


def _of_simulation(declared: Any, config: str) -> _Run:
    """One sample of the whole duration, as `spaic-jax simulate` runs it."""
    _, sim, steps = build_network(declared, config)
    start, key = jax.random.split(jax.random.key(0))
    return sim, sim.init(start), Arrays({}, 1), key, steps


def _told(before: Cost, after: Spent) -> dict[str, Any]:
    """Both as plain values; energies in nJ."""
    connections = [
        {**dataclasses.asdict(each), "energy": each.energy, "dense_energy": each.dense_energy} for each in after.connections
    ]
    return {
        "steps": before.steps, "batch_size": before.batch_size, "estimated_ms": before.time_ms, "time_ms": after.time_ms,
        "memory": {**dataclasses.asdict(before.memory), "total": before.memory.total}, "compiled": dict(before.compiled),
        "dense_operations": before.operations, "connections": connections, "energy": after.energy, "dense_energy": after.dense_energy,
    }
