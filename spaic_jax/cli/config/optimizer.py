"""The table `[training.optimizer]`."""

from typing import Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from spaic_jax._numbers import FLOAT32, LARGEST
from spaic_jax.cli.config.base import Table, named


class Part(Table):
    """Some of the parameters, which are trained otherwise; further keys are settings of the optax function.

    Attributes:
        parameters: their names, or patterns such as `"*.tau_m"`.
        name: the optimizer, where it is another one.
        learning_rate: where it is another one.
        schedule: where it is another one.
    """

    model_config = ConfigDict(extra="allow")

    parameters: Any
    name: str | None = None
    learning_rate: float | None = Field(default=None, gt=0, le=FLOAT32)
    schedule: str | dict[str, Any] | None = None

    @field_validator("schedule", mode="before")
    @classmethod
    def _schedule(cls, given: Any, info: ValidationInfo) -> Any:
        return given if given is None or isinstance(given, str) else named(given, info)


class Optimizer(Table):
    """The optimizer; further keys are settings of the optax function.

    Attributes:
        name: see `spaic_jax.cli.optimizers.OPTIMIZERS`.
        learning_rate: at the start, or the highest one where a schedule rises.
        schedule: name of a schedule (see `spaic_jax.cli.schedules.SCHEDULES`), or a table of its name and settings;
            `"plateau"` waits for the loss to stop falling.
        clip_norm: largest norm of the gradient; unlimited by default.
        clip_value: largest element of the gradient; unlimited by default.
        accumulate: batches whose mean gradient makes one update.
        apply_if_finite: as many updates in a row may be skipped because they are not finite; none by default.
        frozen: names of parameters that are not trained, or patterns such as `"*.bias"`.
        parts: parameters that are trained otherwise; the first part that a parameter matches holds.
    """

    model_config = ConfigDict(extra="allow")

    name: str
    learning_rate: float = Field(gt=0, le=FLOAT32)
    schedule: str | dict[str, Any] = "constant"
    clip_norm: float | None = Field(default=None, gt=0, le=FLOAT32)
    clip_value: float | None = Field(default=None, gt=0, le=FLOAT32)
    accumulate: int | None = Field(default=None, gt=0, le=LARGEST)
    apply_if_finite: int | None = Field(default=None, ge=0, le=LARGEST)
    frozen: Any = None
    parts: list[Part] | None = None

    @field_validator("schedule", mode="before")
    @classmethod
    def _schedule(cls, given: Any, info: ValidationInfo) -> Any:
        return given if isinstance(given, str) else named(given, info)
