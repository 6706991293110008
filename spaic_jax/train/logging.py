"""What a training writes for others to look at, as callbacks for `on_epoch` of `fit` and `learn`."""

import os
from collections.abc import Mapping
from typing import Any

from spaic_jax._extras import import_extra
from spaic_jax.train.callbacks import OnEpoch
from spaic_jax.train.state import TrainState


def tensorboard(folder: str | os.PathLike[str]) -> OnEpoch:
    """A callback that writes the measures of each epoch for TensorBoard: `tensorboard --logdir FOLDER` shows them.

    Args:
        folder: where it writes; a folder for each run.

    Raises:
        ImportError: tensorboardX is not installed.

    Two lines are all: `from spaic_jax.train import tensorboard` and `fit(..., on_epoch=tensorboard("logs/first"))`.
    """
    # Its thread writes each number as it comes: `flush` does not wait for those that the thread has not seen yet.
    writer = import_extra("tensorboardX", "TensorBoard").SummaryWriter(os.fspath(folder), flush_secs=0)

    def write(state: TrainState, row: Mapping[str, Any]) -> None:
        for name, value in _measures(row).items():
            writer.add_scalar(name, value, row["epoch"])

    return write


def wandb(run: Any) -> OnEpoch:
    """A callback that logs the measures of each epoch to Weights & Biases.

    Args:
        run: what `wandb.init` gives; anything with its method `log(measures, step=epoch)`.

    >>> class Run:
    ...     def log(self, measures, step):
    ...         print(step, measures)
    >>> wandb(Run())(TrainState({}, None, 3), {"epoch": 3, "loss": 0.5})
    3 {'loss': 0.5}
    """

    def write(state: TrainState, row: Mapping[str, Any]) -> None:
        run.log(_measures(row), step=row["epoch"])

    return write


def _measures(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a row, but that of its epoch."""
    return {name: float(value) for name, value in row.items() if name != "epoch" and value is not None}
