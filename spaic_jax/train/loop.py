"""The epochs of a training, and the one compiled step that those of a training by gradients are made of."""

import abc
import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from spaic_jax.run import Variables
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.divergence import check_update, vital_signs
from spaic_jax.train.evaluation import evaluate_arrays
from spaic_jax.train.keys import epoch_keys, evaluation_key
from spaic_jax.train.metrics import accuracy
from spaic_jax.train.progress import Report, progress_bar
from spaic_jax.train.state import TrainState
from spaic_jax.train.task import Arrays, Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training(abc.ABC):
    """What stays the same over all epochs of a training, whatever it learns by.

    Attributes:
        task: the network and what it is run for.
        arrays: the data.
        test: data to evaluate after each epoch.
        rest: the variables before the first step of a run; those that are trained or go on do not count.
        batch_size: samples of an update.
        key: random key of the order of samples and of all runs.
    """

    task: Task
    arrays: Arrays
    test: Arrays | None
    rest: Variables
    batch_size: int
    key: jax.Array

    @functools.cached_property
    def training(self) -> Task:
        """The task with the network as it is while it is trained."""
        return dataclasses.replace(self.task, sim=self.task.sim.train())

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return len(self.arrays) // self.batch_size

    @abc.abstractmethod
    def epoch(self, state: TrainState, epoch: int, report: Report) -> tuple[TrainState, dict[str, Any]]:
        """One epoch: the new state, and its row of the history. The arrays of the old state are gone."""

    def run(
        self, state: TrainState, epochs: int, on_epoch: Callable[[TrainState, dict[str, Any]], object] | None, progress: bool
    ) -> tuple[TrainState, list[dict[str, Any]]]:
        """All epochs that are left of `epochs`: the last state, and the history."""
        history = []
        done, total = state.epoch * self.updates, epochs * self.updates
        with progress_bar(progress, epochs, done, total) as report:
            for epoch in range(state.epoch + 1, epochs + 1):
                begin = time.perf_counter()
                state, row = self.epoch(state, epoch, report)
                row["seconds"] = round(time.perf_counter() - begin, 4)
                history.append(row)
                if on_epoch is not None:
                    # The next update overwrites the arrays of this state, so that the callback gets some of its own.
                    on_epoch(copied(state), dict(row))
        return state, history


@dataclasses.dataclass(frozen=True, kw_only=True)
class Epochs(Training):
    """Training by the gradient of a loss."""

    optimizer: optax.GradientTransformation

    def epoch(self, state: TrainState, epoch: int, report: Report) -> tuple[TrainState, dict[str, Any]]:
        order_key, run_key = epoch_keys(self.key, epoch)
        order = shuffled(order_key, len(self.arrays))
        params, opt_state, plastic = state.params, state.opt_state, state.plastic
        sums = np.zeros(2)

        def look(step: int, measures: dict[str, jax.Array]) -> None:
            values = jax.device_get(measures)
            check_update(epoch, step, values)
            sums[:] += (float(values["loss"]), float(values["accuracy"]))
            loss, right = (sums / step).tolist()
            report(epoch, (epoch - 1) * self.updates + step, f"loss {loss:.4f}  accuracy {right:.1%}")

        waiting = None
        for step in range(self.updates):
            params, opt_state, plastic, measures = train_step(
                self.training, self.optimizer, self.batch_size, params, opt_state, plastic, self.rest,
                self.arrays, order, run_key, np.int32(step),
            )
            # The step before is looked at while the device works on this one.
            if waiting is not None:
                look(step, waiting)
            waiting = measures
        assert waiting is not None
        look(self.updates, waiting)
        loss, right = (sums / self.updates).tolist()
        row: dict[str, Any] = {"epoch": epoch, "loss": loss, "accuracy": right}
        if self.test is not None:
            variables = going_on(self.task.sim.program, dataclasses.replace(self.rest, params=params), plastic)
            result = evaluate_arrays(self.task, variables, self.test, self.batch_size, evaluation_key(self.key))
            row |= {"test_loss": result.loss, "test_accuracy": result.accuracy}
        return TrainState(params, opt_state, epoch, plastic), row


def initial_opt_state(optimizer: optax.GradientTransformation, params: dict[str, jax.Array]) -> Any:
    """The state of an optimizer before its first update."""
    # Optax itself mixes dtypes, so that strict promotion cannot be asked of it.
    with jax.numpy_dtype_promotion("standard"):
        return optimizer.init(params)


def copied(tree: Any) -> Any:
    """A copy of every array of a tree; none of them weakly typed, which would compile the next step anew."""
    return jax.tree.map(lambda x: jnp.array(x, x.dtype) if hasattr(x, "dtype") else x, tree)


@functools.partial(jax.jit, static_argnames=("count",))
def shuffled(key: jax.Array, count: int) -> jax.Array:
    """The numbers of the samples in the order of an epoch."""
    return jax.random.permutation(key, count).astype(jnp.int32)


@functools.partial(jax.jit, static_argnums=(0, 1, 2), donate_argnums=(3, 4, 5))
def train_step(
    task: Task,
    optimizer: optax.GradientTransformation,
    batch_size: int,
    params: dict[str, jax.Array],
    opt_state: Any,
    plastic: dict[str, jax.Array],
    rest: Variables,
    arrays: Arrays,
    order: jax.Array,
    key: jax.Array,
    step: jax.Array,
) -> tuple[dict[str, jax.Array], Any, dict[str, jax.Array], dict[str, Any]]:
    """One update: gather a batch, differentiate its loss, apply the optimizer, clip to bounds."""
    index = jax.lax.dynamic_slice_in_dim(order, step * batch_size, batch_size)
    batch = task.take(arrays, index)
    assert batch.labels is not None

    def objective(params: dict[str, jax.Array]) -> tuple[jax.Array, Any]:
        variables = going_on(task.sim.program, dataclasses.replace(rest, params=params), plastic)
        result = task.run(variables, batch.inputs, jax.random.fold_in(key, step))
        output = result.outputs[task.decoder]
        assert task.loss is not None
        return task.loss(output, batch.labels), (output, lasting(task.sim.program, result.variables), result.health.finite)

    (loss, (output, moved, states)), gradient = jax.value_and_grad(objective, has_aux=True)(params)
    with jax.numpy_dtype_promotion("standard"):
        updates, new_state = optimizer.update(gradient, opt_state, params)
        new = optax.apply_updates(params, updates)
    new = task.sim.project(new)
    new, new_state = jax.tree.map(lambda x, old: jnp.asarray(x, old.dtype), (new, new_state), (params, opt_state))
    measures = {"loss": loss, "accuracy": accuracy(output, batch.labels), "states": states}
    return new, new_state, moved, measures | vital_signs(gradient, updates, new)
