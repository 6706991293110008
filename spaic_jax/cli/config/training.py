"""The table `[training]`."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spaic_jax._errors import unknown
from spaic_jax._numbers import FLOAT32, LARGEST
from spaic_jax.cli.config.base import Table, named
from spaic_jax.cli.config.optimizer import Optimizer


class Stop(Table):
    """Which epoch is kept, and when a training ends before the last one.

    Attributes:
        by: the measure, a name in a row of the metrics; by default that of the validation data.
        patience: the training ends when the measure has not got better for so many epochs; never by default.
        least: by how much it must be better than the best one before to count.
    """

    by: str
    patience: int | None = Field(default=None, gt=0, le=LARGEST)
    least: float = Field(default=0.0, ge=0, le=FLOAT32)


class Training(Table):
    """How the network is trained: by the gradient of a loss, or, with neither `loss` nor `optimizer`, by its own rules.

    Attributes:
        epochs: number of epochs.
        batch_size: samples of an update, or samples that are presented at once.
        loss: name of a loss, or a table of its name and settings.
        optimizer: the optimizer.
        gradient: name of a gradient, or a table of its name and settings; backpropagation through time by default.
        decoder: the output that the loss looks at, or the one that votes; the only one by default.
        seed: seed of all that is random.
        keep: how many checkpoints are kept, those of the last epochs.
        validation: share of the training data that is not trained with, but evaluated after each epoch; none by default.
        stop: which epoch is kept; the last one by default.
        compute: dtype that gradients are computed in, beside weights in float32; float32 by default.
    """

    epochs: int = Field(gt=0, le=LARGEST)
    batch_size: int = Field(gt=0, le=LARGEST)
    loss: dict[str, Any] | None = None
    optimizer: Optimizer | None = None
    gradient: dict[str, Any] | None = None
    decoder: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)
    keep: int = Field(default=2, gt=0, le=LARGEST)
    validation: float | None = Field(default=None, gt=0, lt=1)
    stop: Stop | None = None
    compute: Literal["bfloat16", "float16"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _chosen_by(cls, given: Any) -> Any:
        """Name the measure that an epoch is chosen by; the test data has to be named, as it is not there for that."""
        if not isinstance(given, dict) or not isinstance(stop := given.get("stop"), dict):
            return given
        if "by" not in stop:
            if given.get("validation") is None:
                raise ValueError("stop.by is missing: give training.validation a share, or name a measure such as 'test_loss'")
            stop = {"by": "validation_accuracy" if given.get("loss") is None else "validation_loss", **stop}
        return {**given, "stop": stop}

    @model_validator(mode="after")
    def _measured(self) -> Self:
        by = None if self.stop is None else self.stop.by
        own = ["accuracy"] if self.loss is None else ["loss", "accuracy"]
        # Of the training data targets to regress have their loss alone.
        tested = own if self.loss is None else [*own, "mean_squared_error", "r2"]
        held_out = ["test", *([] if self.validation is None else ["validation"])]
        measures = [*own, *(f"{data}_{measure}" for data in held_out for measure in tested)]
        measures += ["change", "spikes"] if self.loss is None else []
        if by is not None and by.startswith("validation_") and self.validation is None:
            raise ValueError(f"stop.by is '{by}', but training.validation is missing")
        if by is not None and by not in measures:
            raise ValueError(f"stop.by: {unknown('measure', by, measures).removesuffix('.')}")
        if self.compute is not None and self.loss is None:
            raise ValueError("compute came without loss and optimizer: learning rules compute in the network's own dtypes")
        return self

    @field_validator("loss", "gradient", mode="before")
    @classmethod
    def _tables(cls, given: Any, info: ValidationInfo) -> Any:
        return named({"name": given} if isinstance(given, str) else given, info)

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        for missing, given in (("loss", "optimizer"), ("optimizer", "loss"), ("loss", "gradient")):
            if getattr(self, missing) is None and getattr(self, given) is not None:
                raise ValueError(
                    f"{missing} is missing: training by a gradient needs a loss and an optimizer, and one by learning rules neither"
                )
        return self
