"""One training in its folder: what it goes on with, and what is written after each epoch."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

from spaic_jax.cli.errors import user_errors, write_errors
from spaic_jax.cli.experiment import Experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.distributed import first
from spaic_jax.train.checkpoints import Checkpoints, CheckpointWarning
from spaic_jax.train.state import TrainState
from spaic_jax.train.stopping import EarlyStopping


class Run:
    """A training in a folder that is open.

    Args:
        experiment: what is trained on what.
        folder: where it is kept.
        check_interrupt: called after each epoch.

    Attributes:
        start: the state to go on with; `None` of a training that begins.
        history: the rows of all epochs so far.
        watch: what chooses the epoch that is kept; `None` where it is the last one.

    Raises:
        UserError: no checkpoint is whole, or that of the best epoch is not; another damaged one is told.
    """

    def __init__(self, experiment: Experiment, folder: RunFolder, check_interrupt: Callable[[], None]):
        settings = experiment.config.training
        self.experiment, self.folder, self._check_interrupt = experiment, folder, check_interrupt
        self._checkpoints = Checkpoints(folder.path, experiment.sim, experiment.optimizer, settings.keep, experiment.task.layout)
        with user_errors(), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", CheckpointWarning)
            newest = self._checkpoints.newest()
        for each in told if first() else ():
            print(f"spaic-jax: {each.message}", file=sys.stderr)
        self.start: TrainState | None
        self.history: list[dict[str, Any]]
        self.start, self.history = newest or (None, [])
        stop = settings.stop
        self.watch = None if stop is None else EarlyStopping(
            stop.patience or settings.epochs, by=stop.by, least=stop.least, history=self.history
        )
        if self.start is not None:
            self.best(self.start)

    @property
    def ended(self) -> TrainState | None:
        """The last state of a training that has ended."""
        over = self.start is not None and self.start.epoch >= self.experiment.config.training.epochs
        return self.start if over or (self.watch is not None and self.watch.ended) else None

    def keep(self, state: TrainState, row: dict[str, Any]) -> bool:
        """Write a checkpoint and a line of metrics after an epoch; whether that was the last one.

        Raises:
            UserError: they cannot be written.
        """
        with user_errors("training.stop.by"):
            answer = self.watch is not None and self.watch(state, row)
        with write_errors(self.folder.path, self.kept):
            # The checkpoint holds the history, so that the lines can be put right when a kill falls between the two.
            best = [] if self.watch is None else [self.watch.best]
            if self.writes:
                self._checkpoints.save(state, [*self.history, row], besides=best)
            self.history.append(row)
            if first():
                self.folder.write_metrics(self.history)
        self._check_interrupt()
        return answer

    @property
    def writes(self) -> bool:
        """Whether this process has something to write: of a training that several processes share out each has, else process 0."""
        return first() or self.experiment.task.layout is not None

    def kept(self) -> str:
        """What is there, the start of `"... FOLDER"`."""
        # The folder itself may have gone.
        if not self._checkpoints.files():
            return "no checkpoint is in"
        return f"the checkpoint of epoch {self.history[-1]['epoch']} is kept in"

    def best(self, last: TrainState) -> TrainState:
        """The state of the epoch that is kept, when the last one is `last`.

        Raises:
            UserError: its checkpoint is not whole.
        """
        if self.watch is None or self.watch.best in (0, last.epoch):
            return last
        with user_errors():
            return self._checkpoints.load(self.watch.best)

    @property
    def choice(self) -> str:
        """Why this epoch is kept."""
        return "" if self.watch is None else f", the best of {len(self.history)} by {self.watch.by}"
