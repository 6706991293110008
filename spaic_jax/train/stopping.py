"""When a training ends before its last epoch, and which epoch is kept: callbacks for `on_epoch` of `fit` and `learn`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax._numbers import real, whole
from spaic_jax.train.callbacks import STOP, OnEpoch, ends
from spaic_jax.train.state import TrainState


def best_epoch(history: Sequence[Mapping[str, Any]], by: str, *, least: float = 0.0, largest: bool | None = None) -> int:
    """The epoch with the best measure, the first of equals; 0 where there is none.

    Args:
        history: the rows of the epochs.
        by: name of the measure, such as `"validation_loss"`.
        least: by how much it must be better than the best one before to count.
        largest: whether the largest is the best; by default of an accuracy and of r2, and the smallest of all else.

    Raises:
        ValueError: a measure that a row has not.

    >>> best_epoch([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.3}, {"epoch": 3, "loss": 0.4}], "loss")
    2
    """
    sign = 1 if (by.endswith(("accuracy", "r2")) if largest is None else largest) else -1
    best, epoch = -math.inf, 0
    for row in history:
        if by not in row:
            raise ValueError(unknown("measure", by, [name for name in row if name not in ("epoch", "seconds")]))
        value = sign * float(row[by])
        # A measure that is NaN is never better.
        if value > (best if math.isinf(best) else best + least):
            best, epoch = value, int(row["epoch"])
    return epoch


class _Watch:
    """The history of a training, and which of its epochs is the best; `by` is the measure."""

    def __init__(
        self, by: str, *, least: float = 0.0, largest: bool | None = None, history: Sequence[Mapping[str, Any]] = ()
    ):
        self.by, self._least, self._largest = by, real(least, "least", least=0), largest
        self._history = list(history)

    @property
    def best(self) -> int:
        """The best epoch so far; 0 before the first one."""
        return best_epoch(self._history, self.by, least=self._least, largest=self._largest)


class EarlyStopping(_Watch):
    """Ends a training when its measure has not got better for some epochs.

    It depends on the history alone: one that is made from the history of a checkpoint goes on as if nothing had happened.

    Args:
        patience: for how many epochs.
        by: name of the measure in a row of the history, such as `"validation_loss"`.
        least: by how much it must be better than the best one before to count.
        largest: whether the largest is the best; by default of an accuracy and of r2, and the smallest of all else.
        history: the rows before a resumption.

    Raises:
        ValueError: when it is called with a row without that measure.

    >>> from spaic_jax.train.state import TrainState
    >>> stop = EarlyStopping(2, by="loss")
    >>> [stop(TrainState({}, None, n), {"epoch": n, "loss": loss}) for n, loss in ((1, 0.5), (2, 0.6), (3, 0.5))]
    [False, False, True]
    """

    def __init__(self, patience: int, by: str = "validation_loss", **how: Any):
        super().__init__(by, **how)
        self._patience = whole(patience, "patience")

    @property
    def ended(self) -> bool:
        """Whether the training has ended."""
        return bool(self._history) and int(self._history[-1]["epoch"]) - self.best >= self._patience

    def __call__(self, state: TrainState, row: Mapping[str, Any]) -> bool:
        self._history.append(row)
        return STOP if self.ended else not STOP


class KeepBest(_Watch):
    """Keeps the state of the best epoch, in the memory of its device.

    Args:
        by: name of the measure in a row of the history, such as `"validation_loss"`.
        least: by how much it must be better than the best one before to count.
        largest: whether the largest is the best; by default of an accuracy and of r2, and the smallest of all else.
        history: the rows before a resumption.
        state: the state of the best of them.

    Raises:
        ValueError: when it is called with a row without that measure.

    Attributes:
        state: that state: give its parameters to `Variables.with_params`.

    >>> from spaic_jax.train.state import TrainState
    >>> keep = KeepBest(by="loss")
    >>> for epoch, loss in ((1, 0.5), (2, 0.3), (3, 0.4)):
    ...     keep(TrainState({}, None, epoch), {"epoch": epoch, "loss": loss})
    >>> keep.state.epoch
    2
    """

    def __init__(self, by: str = "validation_loss", *, state: TrainState | None = None, **how: Any):
        super().__init__(by, **how)
        self.state = state

    def __call__(self, state: TrainState, row: Mapping[str, Any]) -> None:
        self._history.append(row)
        if self.best == row["epoch"]:
            self.state = state


def together(*callbacks: OnEpoch) -> OnEpoch:
    """One callback of several: all are called in turn, and the training ends when one of them says so.

    >>> from spaic_jax.train.state import TrainState
    >>> both = together(lambda state, row: print(row), EarlyStopping(1, by="loss"))
    >>> both(TrainState({}, None, 1), {"epoch": 1, "loss": 0.5})
    {'epoch': 1, 'loss': 0.5}
    False
    """

    def called(state: TrainState, row: dict[str, Any]) -> bool:
        return any([ends(callback(state, row)) for callback in callbacks])

    return called
