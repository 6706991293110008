"""All that a configuration stands for, made and checked before anything is written."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import optax

from spaic_jax._errors import unknown
from spaic_jax.cli.config import Config
from spaic_jax.cli.errors import UserError, user_errors
from spaic_jax.cli.optimizers import check_optimizer, make_optimizer
from spaic_jax.data import DATASETS, Dataset
from spaic_jax.edit import expand
from spaic_jax.network import Encoder, Network
from spaic_jax.run import Simulator, build
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.train.losses import LOSSES, resolve_loss
from spaic_jax.train.task import Arrays, Task, prepare


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What is trained on what.

    Attributes:
        config: the configuration.
        resolved: the same as plain values, with every default written out.
        network: the network.
        sim: its simulator.
        training: training data.
        test: test data.
        task: the network, its decoder, steps and loss.
        test_arrays: the test data, checked, on the device.
        optimizer: the optimizer.
    """

    config: Config
    resolved: dict[str, Any]
    network: Network
    sim: Simulator
    training: Dataset
    test: Dataset
    task: Task
    test_arrays: Arrays
    optimizer: optax.GradientTransformation

    @property
    def key(self) -> jax.Array:
        """The random key of the whole run."""
        return jax.random.key(self.config.training.seed)


def build_network(config: Config, where: str | Path) -> tuple[Network, Simulator, int]:
    """The network of a configuration, its simulator, and the number of steps of a run.

    Raises:
        UserError: one sentence that names the file and the key.
    """
    with user_errors(str(where)):
        network = from_dict(config.network)
    with user_errors(f"{where}: network"):
        sim = build(network, config.simulation.dt, config.simulation.propagation)
    with user_errors(f"{where}: simulation.duration"):
        steps = sim.steps(config.simulation.duration)
    return network, sim, steps


def make_experiment(config: Config, where: str | Path) -> Experiment:
    """Make and check all that a configuration stands for.

    Args:
        config: the configuration.
        where: the file it is from, for error messages.

    Raises:
        UserError: one sentence that names the file and the key.
    """
    network, sim, steps = build_network(config, where)
    training, test = _load_data(config, network, where)
    settings = config.training
    with user_errors(f"{where}: training.loss"):
        name = settings.loss["name"]
        if name.lower() not in LOSSES:
            raise ValueError(unknown("loss", name, LOSSES))
        loss = resolve_loss(**{"loss" if key == "name" else key: value for key, value in settings.loss.items()})
    with user_errors(f"{where}: training"):
        task, _ = prepare(sim, training, loss=loss, decoder=settings.decoder, steps=steps, what="the training data")
        _, arrays = prepare(sim, test, loss=loss, decoder=task.decoder, steps=steps, what="the test data")
    updates = len(training) // settings.batch_size
    if not updates:
        raise UserError(
            f"{where}: training.batch_size is {settings.batch_size}, but the training data has {len(training)} samples."
        )
    with user_errors(f"{where}: training.optimizer"):
        optimizer = make_optimizer(**settings.optimizer.model_dump(), updates=settings.epochs * updates)
        check_optimizer(optimizer, sim.program)
    resolved = {**config.model_dump(exclude_none=True), "network": to_dict(network)}
    # Through JSON and back, so that it can be compared with what a run folder holds.
    resolved = json.loads(json.dumps(resolved))
    return Experiment(config, resolved, network, sim, training, test, task, arrays, optimizer)


def _load_data(config: Config, network: Network, where: str | Path) -> tuple[Dataset, Dataset]:
    name, encoders = config.data.name, expand(network).of_kind(Encoder)
    if name not in DATASETS:
        raise UserError(f"{where}: data.name: {unknown('data set', name, DATASETS)}")
    if config.data.input is None and len(encoders) != 1:
        raise UserError(f"{where}: data.input is missing: the network has {len(encoders)} encoders.")
    source = config.data.input or next(iter(encoders))
    if source not in encoders:
        raise UserError(f"{where}: data.input: {unknown('encoder', source, encoders)}")
    with user_errors(f"{where}: data"):
        return DATASETS[name](source, encoders[source].shape)
