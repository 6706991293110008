"""What training carries from epoch to epoch, and what it gives back."""

import dataclasses
from typing import Any

import jax

from spaic_jax.run import Variables


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """All that is needed to go on with a training: give it to `fit` as `start`.

    Attributes:
        params: the trained parameters, by full name.
        opt_state: the state of the optimizer.
        epoch: number of epochs done.
        plastic: what training carries along beside them, such as the running means of batch normalisation.
    """

    params: dict[str, jax.Array]
    opt_state: Any
    epoch: int
    plastic: dict[str, jax.Array] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What `fit` gives back.

    Attributes:
        variables: the variables before the first step of a run, with the trained parameters: ready for `sim.run` with
            the batch size of the training, and for `evaluate`.
        opt_state: the state of the optimizer after the last update.
        epoch: number of epochs done, those before a resumption included.
        history: for each epoch of this call `epoch`, `loss`, `accuracy`, `seconds`, and `test_loss` and
            `test_accuracy` where there is a test set. Loss and accuracy of the training data are means over the
            epoch's batches, each taken before its update.
    """

    variables: Variables
    opt_state: Any
    epoch: int
    history: list[dict[str, Any]]

    @property
    def params(self) -> dict[str, jax.Array]:
        """The trained parameters, by full name."""
        return self.variables.params

    @property
    def state(self) -> TrainState:
        """What to go on with."""
        return TrainState(self.params, self.opt_state, self.epoch, self.variables.plastic)


class TrainingDiverged(RuntimeError):  # noqa: N818
    """The loss, a state, a gradient or a parameter became NaN, infinite or beyond any sense.

    Attributes:
        epoch: the epoch in which it was seen, counted from 1.
        step: the batch of that epoch, counted from 1.
        variable: the parameter or state where it was seen first; `None` where only the loss is wrong.
        group: the group or connection that it belongs to.
    """

    def __init__(self, epoch: int, step: int, what: str, variable: str | None = None):
        owner = None if variable is None else variable.rpartition(".")[0] or variable
        super().__init__(
            f"training diverged at epoch {epoch}, step {step}: {what}; try a narrower surrogate gradient or detach_reset in"
            " its groups, clipped gradients (optax.clip_by_global_norm) or a lower learning rate."
        )
        self.epoch, self.step, self.variable, self.group = epoch, step, variable, owner
