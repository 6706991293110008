"""What training carries from epoch to epoch, and what it gives back."""

import dataclasses
from typing import Any

import jax

from spaic_jax.run import Variables


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """All that is needed to go on with a training: give it to `fit` or `learn` as `start`.

    Attributes:
        params: the parameters, by full name.
        opt_state: the state of the optimizer; that of `optax.identity()` where there is none.
        epoch: number of epochs done.
        plastic: what goes on from run to run beside them: plastic values, such as weights that learn by a rule or the running
            means of batch normalisation, and of each state that stays, such as an adapting threshold, the mean over the
            samples.
    """

    params: dict[str, jax.Array]
    opt_state: Any
    epoch: int
    plastic: dict[str, jax.Array] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What `fit` and `learn` give back.

    Attributes:
        variables: the variables before the first step of a run, with all that was learned: ready for `sim.run` with
            the batch size of the training, and for `evaluate`.
        state: what to go on with.
        history: for each epoch of this call a row of numbers: see `fit` and `learn`.
        diverged: why a training of `fit_seeds` ended before the others, where it diverged; the state is then that of its last
            whole epoch.
    """

    variables: Variables
    state: TrainState
    history: list[dict[str, Any]]
    diverged: "TrainingDiverged | None" = None

    @property
    def params(self) -> dict[str, jax.Array]:
        """The trained parameters, by full name."""
        return self.variables.params

    @property
    def opt_state(self) -> Any:
        """The state of the optimizer after the last update."""
        return self.state.opt_state

    @property
    def epoch(self) -> int:
        """Number of epochs done, those before a resumption included."""
        return self.state.epoch


#: What helps against gradients that grow.
GRADIENTS = (
    "a narrower surrogate gradient or detach_reset in its groups, clipped gradients (optax.clip_by_global_norm) or a lower"
    " learning rate"
)


class DivergenceWarning(RuntimeWarning):
    """One of several trainings diverged, while the others go on."""


class TrainingDiverged(RuntimeError):  # noqa: N818
    """The loss, a state, a gradient or a parameter became NaN, infinite or beyond any sense.

    Attributes:
        epoch: the epoch in which it was seen, counted from 1.
        step: the batch of that epoch, counted from 1.
        variable: the parameter or state where it was seen first; `None` where only the loss is wrong.
        group: the group or connection that it belongs to.
    """

    def __init__(self, epoch: int, step: int, what: str, variable: str | None = None, advice: str = GRADIENTS):
        owner = None if variable is None else variable.rpartition(".")[0] or variable
        super().__init__(f"training diverged at epoch {epoch}, step {step}: {what}; try {advice}.")
        self.epoch, self.step, self.variable, self.group = epoch, step, variable, owner
