"""The epochs of a training."""

import abc
import contextlib
import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from spaic_jax.plan.layout import gathered
from spaic_jax.run import Variables
from spaic_jax.run.lasting import going_on
from spaic_jax.train.activity import warn_of_activity
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.callbacks import OnEpoch, ends
from spaic_jax.train.divergence import check_update
from spaic_jax.train.evaluation import Evaluation, evaluate_arrays
from spaic_jax.train.keys import epoch_keys, evaluation_key
from spaic_jax.train.progress import Report, progress_bar
from spaic_jax.train.state import TrainState
from spaic_jax.train.step import Carried, Update, train_step
from spaic_jax.train.stream import parts
from spaic_jax.train.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training(abc.ABC):
    """What stays the same over all epochs of a training, whatever it learns by.

    Attributes:
        task: the network and what it is run for.
        arrays: the data.
        test: data to evaluate after each epoch.
        validation: more of it, by which an epoch is chosen.
        rest: the variables before the first step of a run; those that are trained or go on do not count.
        batch_size: samples of an update.
        key: random key of the order of samples and of all runs.
    """

    task: Task
    arrays: Arrays | Stored
    test: Arrays | Stored | None
    rest: Variables
    batch_size: int
    key: jax.Array
    validation: Arrays | Stored | None = None

    @property
    def held_out(self) -> dict[str, Arrays | Stored]:
        """The data to evaluate after each epoch, by what the history calls it."""
        both = {"test": self.test, "validation": self.validation}
        return {name: arrays for name, arrays in both.items() if arrays is not None}

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return len(self.arrays) // self.batch_size

    @abc.abstractmethod
    def epoch(self, state: TrainState, epoch: int, report: Report) -> tuple[TrainState, dict[str, Any]]:
        """One epoch: the new state, and its row of the history. The arrays of the old state are gone."""

    def told(self, state: TrainState) -> TrainState:
        """A state in arrays of its own: the next update overwrites those of this one. On a mesh they are whole, on one device, but for
        those that several processes share out."""
        layout = self.task.layout
        return copied(state if layout is None else layout.told(state))

    def run(
        self, state: TrainState, epochs: int, on_epoch: OnEpoch | None, progress: bool
    ) -> tuple[TrainState, list[dict[str, Any]]]:
        """The epochs that are left of `epochs`, or those until the callback says stop: the last state, and the history."""
        if on_epoch is not None and not callable(on_epoch):
            raise TypeError(f"on_epoch must be a function (state, row) -> None or STOP, not {type(on_epoch).__name__}.")
        history = []
        done, total = state.epoch * self.updates, epochs * self.updates
        with progress_bar(progress, epochs, done, total) as report:
            for epoch in range(state.epoch + 1, epochs + 1):
                begin = time.perf_counter()
                state, row = self.epoch(state, epoch, report)
                row["seconds"] = round(time.perf_counter() - begin, 4)
                history.append(row)
                if on_epoch is not None and ends(on_epoch(self.told(state), dict(row))):
                    break
        return state, history


@dataclasses.dataclass(frozen=True, kw_only=True)
class Epochs(Training):
    """Training by the gradient of a loss."""

    update: Update

    def epoch(self, state: TrainState, epoch: int, report: Report) -> tuple[TrainState, dict[str, Any]]:
        order_key, run_key = epoch_keys(self.key, epoch)
        order, run_key = self.task.put((shuffled(order_key, len(self.arrays)), run_key))
        means = Means()

        def look(number: int, measures: dict[str, Any]) -> None:
            check_update(epoch, number, measures)
            means.add(measures)
            report(epoch, (epoch - 1) * self.updates + number, means.words)

        carried = (state.params, state.opt_state, state.plastic)
        carried = self.carry_out(functools.partial(train_step, self.update), carried, self.rest, order, run_key, look)
        if epoch == 1:
            warn_of_activity(self.task.sim.program, means.rates)
        state = TrainState(carried[0], carried[1], epoch, carried[2])
        return state, {"epoch": epoch, **means.row, **self.tested(state)}

    def carry_out(
        self, step: Callable[..., tuple[Carried, Any]], carried: Carried, rest: Variables, order: jax.Array, key: jax.Array, look: Callable[[int, dict[str, Any]], None]
    ) -> Carried:
        """The updates of an epoch, each looked at on the host by every process; gives what they have changed."""
        waiting = None
        with contextlib.closing(parts(self.task, self.arrays, order, self.batch_size)) as all_parts:
            for part in all_parts:
                for number in part.updates:
                    carried, measures = step(carried, rest, part.arrays, part.order, part.first, key, np.int32(number))
                    # The update before is looked at while the device works on this one.
                    if waiting is not None:
                        look(number, jax.device_get(waiting))
                    waiting = jax.tree.map(gathered, measures)
        look(self.updates, jax.device_get(waiting))
        return carried

    def tested(self, state: TrainState) -> dict[str, float | None]:
        """What the history says of the test and validation data."""
        row: dict[str, float | None] = {}
        for name, arrays in self.held_out.items():
            variables = going_on(self.task.sim.program, dataclasses.replace(self.rest, params=state.params), state.plastic)
            row |= told(name, evaluate_arrays(self.task, variables, arrays, self.batch_size, evaluation_key(self.key)))
        return row


def told(name: str, result: Evaluation) -> dict[str, float | None]:
    """What a row of the history says of data that was evaluated."""
    return {f"{name}_loss": result.loss, **{f"{name}_{measure}": value for measure, value in result.measures.items()}}


class Means:
    """Means over the updates of an epoch so far."""

    def __init__(self) -> None:
        self._count, self._sums, self._rates = 0, dict[str, float](), np.zeros(())

    def add(self, measures: dict[str, Any]) -> None:
        """Those of one more update."""
        self._count += 1
        for name, value in {"loss": measures["loss"], **measures["good"]}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        self._rates = self._rates + measures["rates"]

    @property
    def row(self) -> dict[str, float]:
        """What the history says of the training data."""
        return {name: total / self._count for name, total in self._sums.items()}

    @property
    def rates(self) -> np.ndarray:
        """The spike rates."""
        return np.asarray(self._rates / self._count)

    @property
    def words(self) -> str:
        """What the progress bar says."""
        return "  ".join(f"{name} {value:{'.1%' if name == 'accuracy' else '.4f'}}" for name, value in self.row.items())


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
