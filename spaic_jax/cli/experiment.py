"""All that a configuration stands for, made and checked before anything is written."""

import contextlib
import dataclasses
import difflib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.cli.config import Config, Declaration
from spaic_jax.cli.config.data import Data
from spaic_jax.cli.errors import UserError, user_errors
from spaic_jax.cli.memory import check_memory
from spaic_jax.cli.optimizers import check_optimizer, make_optimizer
from spaic_jax.cli.settings import check_settings, named
from spaic_jax.data import Dataset, own, resolve_dataset
from spaic_jax.data.augment import resolve_augmentation
from spaic_jax.distributed import Layout, local
from spaic_jax.edit import expand
from spaic_jax.gradients import differentiated, resolve_gradient
from spaic_jax.network import Encoder, Network
from spaic_jax.program.program import whole_steps
from spaic_jax.run import Simulator, Variables, build
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.augment import Augment, augmented
from spaic_jax.train.evaluation import Evaluation, evaluate_arrays, laid_for
from spaic_jax.train.fitting import prepare_training
from spaic_jax.train.keys import evaluation_key, initial_key
from spaic_jax.train.learning import prepare_learning
from spaic_jax.train.losses import LOSSES, resolve_loss
from spaic_jax.train.losses.base import ASKED
from spaic_jax.train.presentations import evaluated_at_once
from spaic_jax.train.task import Task


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What is trained on what.

    Attributes:
        config: the configuration.
        resolved: the same as plain values, with every default written out.
        network: the network.
        sim: its simulator.
        test: test data.
        task: the network, its decoder, steps and loss, if it has one.
        training_arrays: the training data, checked, on the device.
        test_arrays: the test data, in the same way.
        validation_arrays: the validation data, where there is any.
        optimizer: the optimizer; `optax.identity()` where the network learns by its own rules.
        augment: what changes the training data, if anything does.
    """

    config: Config
    resolved: dict[str, Any]
    network: Network
    sim: Simulator
    test: Dataset
    task: Task
    training_arrays: Arrays | Stored
    test_arrays: Arrays | Stored
    validation_arrays: Arrays | Stored | None
    optimizer: optax.GradientTransformation
    augment: Augment | None = None

    @property
    def key(self) -> jax.Array:
        """The random key of the whole run."""
        return jax.random.key(self.config.training.seed)

    def seeded(self, seed: int) -> "Experiment":
        """The same with another seed, which changes nothing but its random key."""
        training = self.config.training.model_copy(update={"seed": seed})
        resolved = {**self.resolved, "training": {**self.resolved["training"], "seed": seed}}
        return dataclasses.replace(self, config=self.config.model_copy(update={"training": training}), resolved=resolved)

    @property
    def by_rules(self) -> bool:
        """Whether the network learns by its own rules, without a loss."""
        return self.config.training.loss is None

    def evaluate(self, variables: Variables) -> Evaluation:
        """What variables are worth on the test data: the numbers of the history, also where states are drawn at the start."""
        size = self.config.training.batch_size
        size = evaluated_at_once(size) if self.by_rules else size
        started = laid_for(self.task, self.sim, variables, size, initial_key(self.key))
        return evaluate_arrays(self.task, started, self.test_arrays, size, evaluation_key(self.key))

    def alone(self) -> "Experiment":
        """The same on one device of this process, such as to draw pictures."""

        def own(arrays: Any) -> Any:
            return local(arrays) if isinstance(arrays, Arrays) else arrays

        if self.task.layout is None:
            return self
        return dataclasses.replace(
            self, task=dataclasses.replace(self.task, sim=self.sim.skeleton, layout=None), training_arrays=own(self.training_arrays),
            test_arrays=own(self.test_arrays), validation_arrays=own(self.validation_arrays),
        )


def build_network(config: Declaration, where: str | Path, blocks: int | None = None) -> tuple[Network, Simulator, int]:
    """The network of a configuration, its simulator, in so many blocks if they are not those that it says, and the steps of a run.

    Raises:
        UserError: one sentence that names the file and the key.
    """
    simulation = config.simulation
    with user_errors(f"{where}: simulation.duration"):
        steps = whole_steps(simulation.duration, simulation.dt, "a duration")
    with user_errors(str(where)), _nearest_member(config):
        network = from_dict(config.network)
    with user_errors(f"{where}: network"):
        return network, build(network, simulation.dt, simulation.propagation, blocks=blocks or simulation.blocks or 1), steps


@contextlib.contextmanager
def _nearest_member(config: Declaration) -> Iterator[None]:
    """Say which member may be meant where an incomplete one is there because of a slip in its name."""
    try:
        yield
    except ValueError as error:
        for kind, members in config.network.items():
            for name in members if isinstance(members, dict) else ():
                others = [other for other in members if other != name]
                close = difflib.get_close_matches(name, others, n=1)
                incomplete = "is missing" in str(error) or "not None" in str(error)
                if close and f"{kind}.{name}" in str(error) and incomplete:
                    raise ValueError(f"{error} Is '{name}' meant to be '{close[0]}'?") from error
        raise


def make_experiment(config: Config, where: str | Path, layout: Layout | None = None) -> Experiment:
    """Make and check all that a configuration stands for.

    Args:
        config: the configuration.
        where: the file it is from, for error messages.
        layout: the devices that it is trained on, where these are several.

    Raises:
        UserError: one sentence that names the file and the key.
    """
    if layout is not None:
        with user_errors(f"{where}: training"):
            layout.check_batch(config.training.batch_size)
    network, sim, steps = build_network(config, where)
    training, test = _load_data(config, network, steps, where)
    settings, validation = config.training, None
    if settings.validation is not None:
        with user_errors(f"{where}: training.validation"):
            training, validation = training.split(settings.validation)
    if settings.gradient is not None:
        with user_errors(f"{where}: training.gradient"):
            name, own = named(settings.gradient)
            sim = differentiated(sim, resolve_gradient(name, **own))
    make_task = _task_by_rules if settings.loss is None else _task_by_gradient
    task, training_arrays = make_task(config, where, sim, training, steps, layout)
    _check_stop(config, where, task)
    augment = _augmentation(config, where, task, training_arrays)
    with user_errors(f"{where}: training"):
        test_arrays = task.arrays(test, "the test data")
        validation_arrays = None if validation is None else task.arrays(validation, "the validation data")
    updates = len(training) // settings.batch_size
    if not updates:
        raise UserError(
            f"{where}: training.batch_size is {settings.batch_size}, but the training data has {len(training)} samples."
        )
    optimizer = optax.identity()
    with user_errors(f"{where}: training.optimizer"):
        count = whole(settings.epochs * updates, f"the number of updates of {settings.epochs} epochs")
        if settings.optimizer is not None:
            trained = [v.name for v in sim.program.of_role("parameter")]
            optimizer = make_optimizer(settings.optimizer, count, updates, trained)
            check_optimizer(optimizer, sim.program)
    check_memory(sim.program, optimizer, settings.batch_size, f"{where}: network")
    resolved = {**config.model_dump(exclude_none=True), "network": to_dict(network)}
    # Through JSON and back, so that it can be compared with what a run folder holds.
    resolved = json.loads(json.dumps(resolved))
    return Experiment(
        config, resolved, network, sim, test, task, training_arrays, test_arrays, validation_arrays, optimizer, augment
    )


def _task_by_gradient(
    config: Config, where: str | Path, sim: Simulator, data: Dataset, steps: int, layout: Layout | None
) -> tuple[Task, Arrays | Stored]:
    """What is trained by the gradient of a loss, and its checked training data."""
    settings = config.training
    assert settings.loss is not None
    with user_errors(f"{where}: training.loss"):
        name, given = named(settings.loss)
        if name.lower() not in LOSSES:
            raise ValueError(unknown("loss", name, LOSSES))
        check_settings(name, LOSSES[name.lower()], given, apart=ASKED)
        loss = resolve_loss(name, **given)
    with user_errors(f"{where}: training"):
        task, arrays = prepare_training(sim, data, loss=loss, decoder=settings.decoder, steps=steps, layout=layout)
    if settings.gradient is not None:
        with user_errors(f"{where}: training.gradient"):
            _check_gradient(task, arrays)
    return task, arrays


def _task_by_rules(
    config: Config, where: str | Path, sim: Simulator, data: Dataset, steps: int, layout: Layout | None
) -> tuple[Task, Arrays | Stored]:
    """What learns by its own rules, and its checked training data."""
    with user_errors(f"{where}: training: without loss and optimizer"):
        task, arrays = prepare_learning(sim, data, decoder=config.training.decoder, steps=steps, layout=layout)
        if not task.decoder:
            raise ValueError('the network needs a decoder coding_method = "vote", which is evaluated.')
        return task, arrays


def _check_stop(config: Config, where: str | Path, task: Task) -> None:
    """UserError where no epoch has the measure that one is chosen by, which depends on what the labels are."""
    by = None if config.training.stop is None else config.training.stop.by
    if by is not None and not task.classes and by.endswith("accuracy"):
        raise UserError(f"{where}: training.stop.by is '{by}', but targets to regress have no accuracy: name a loss, or 'test_r2'.")
    if by is not None and task.classes and by.endswith(("mean_squared_error", "r2")):
        raise UserError(f"{where}: training.stop.by is '{by}', but classes have none: name a loss or an accuracy.")


def _check_gradient(task: Task, arrays: Arrays | Stored) -> None:
    """ValueError where the gradient does not cover something; computes nothing."""

    def slope(arrays: Arrays, key: jax.Array) -> dict[str, jax.Array]:
        training = dataclasses.replace(task, sim=task.sim.train())
        variables, first = training.sim.init(key, 1), jnp.zeros((1,), jnp.int32)
        batch = task.take(arrays, first)

        def loss(params: dict[str, jax.Array]) -> jax.Array:
            return training.cost(training.run(variables.with_params(params), batch, key), batch)

        return jax.grad(loss)(variables.params)

    jax.eval_shape(slope, arrays.struct, jax.random.key(0))


def _augmentation(config: Config, where: str | Path, task: Task, arrays: Arrays | Stored) -> Augment | None:
    """What changes the training data; a batch that it cannot change is found by tracing, which computes nothing."""
    if config.data.augment is None:
        return None
    with user_errors(f"{where}: data.augment"):
        if config.training.loss is None:
            raise ValueError("training by learning rules has no use for it.")
        augment, batch = resolve_augmentation(config.data.augment), jnp.zeros(config.training.batch_size, jnp.int32)

        def changed(arrays: Arrays, key: jax.Array) -> Arrays:
            return augmented(augment, task, task.take(arrays, batch), key, batch[0])

        jax.eval_shape(changed, arrays.struct, jax.random.key(0))
        return augment


def _load_data(config: Config, network: Network, steps: int, where: str | Path) -> tuple[Dataset, Dataset]:
    data, encoders = config.data, expand(network).of_kind(Encoder)
    with user_errors(f"{where}: data.name"):
        make = own if data.name is None else resolve_dataset(data.name)
    if data.input is None and len(encoders) != 1:
        raise UserError(f"{where}: data.input is missing: the network has {len(encoders)} encoders.")
    source = data.input or next(iter(encoders))
    if source not in encoders:
        raise UserError(f"{where}: data.input: {unknown('encoder', source, encoders)}")
    parameters = inspect.signature(make).parameters
    given = data.model_dump(exclude_none=True, exclude={"name", "input", "augment"})
    try:
        check_settings(str(data.name), make, given, apart=[key for key in parameters if key not in Data.model_fields])
    except ValueError as error:
        raise UserError(f"{where}: data.{error}") from error
    if "steps" in parameters:
        given["steps"] = steps
    if "bin" in parameters:
        bin = given.get("bin", config.simulation.dt)
        given["bin"] = None if bin == "count" else bin
    with user_errors(f"{where}: data"):
        return make(source, encoders[source].shape, **given)
