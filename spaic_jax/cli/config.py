"""The configuration of a run: read from a file, changed by `--set`, checked."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args

from spaic_jax._errors import unknown
from spaic_jax._extras import import_extra
from spaic_jax._numbers import FLOAT32, LARGEST, shown
from spaic_jax._text import parse_text, read_tables
from spaic_jax.cli.errors import UserError, user_errors

with user_errors():
    import_extra("pydantic", "a configuration")

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _named(table: Any, info: ValidationInfo) -> dict[str, Any]:
    """A table with a name; ValueError for anything else."""
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise ValueError(f"the name of a {info.field_name}, or a table with a name, is needed")
    return table


class Simulation(_Table):
    """Time.

    Attributes:
        dt: length of a step, ms.
        duration: length of a run, ms; a whole number of steps.
        propagation: see `spaic_jax.build`.
        settle: time at the beginning of a simulation that its rates and irregularity leave out, ms.
    """

    dt: float = Field(gt=0, le=1e9)
    duration: float = Field(gt=0)
    propagation: Literal["same_step", "one_step"] = "same_step"
    settle: float = Field(default=0.0, ge=0)


class Data(_Table):
    """The data: a set with a name, or a file or folder of one's own (`spaic_jax.data.own`).

    Attributes:
        name: a name in `spaic_jax.data.DATASETS`, or `"tonic:"` and a name in `tonic.datasets`.
        path: a file or folder, seen from the configuration's folder; with a name, where its files are, so that none is
            downloaded.
        input: the encoder that takes the samples; the only one by default.
        x: the array of samples, or a list of columns that are.
        y: the array of labels.
        test: a share that is held out, a file or folder, or the names of other arrays, `{ x = "...", y = "..." }`.
        axes: of the samples, such as `"NTC"`.
        scale: the value of the samples that becomes 1.
        kind: `"labels"`, `"steps"` or `"targets"`.
        lengths: the array of the steps of each sample.
        sensor: of events, the shape of what was recorded; that of the encoder by default.
        bin: of events, ms of a step, or `"count"` for steps of as many events each; the length of a step by default.
        augment: name of an augmentation of the training data, a table of its name and settings, or a list of these.
    """

    name: str | None = None
    path: str | None = Field(default=None, min_length=1)
    input: str | None = None
    x: Any = None
    y: str | None = None
    test: Any = None
    axes: str | None = None
    scale: float | None = Field(default=None, gt=0, le=FLOAT32)
    kind: Literal["labels", "steps", "targets"] | None = None
    lengths: str | None = None
    sensor: list[int] | None = Field(default=None, min_length=1, max_length=3)
    bin: Any = None
    augment: Any = None

    @field_validator("x", "test", "bin", mode="before")
    @classmethod
    def _one_of_several(cls, given: Any, info: ValidationInfo) -> Any:
        number = isinstance(given, int | float) and not isinstance(given, bool)
        names = given.values() if isinstance(given, dict) else given if isinstance(given, list) else [given]
        text = bool(names) and all(isinstance(name, str) and name for name in names)
        fits, needed = {
            "x": (text and not isinstance(given, dict), "a name, or a list of names"),
            "test": ((text and not isinstance(given, list)) or number, 'a share, a path, or a table, { x = "...", y = "..." }'),
            "bin": (given == "count" or (number and 0 < given <= FLOAT32), 'a positive number of ms, or "count"'),
        }[str(info.field_name)]
        if not fits:
            raise ValueError(f"needs {needed}, got {shown(given)}")
        return given

    @model_validator(mode="after")
    def _name_or_path(self) -> Self:
        if self.name is None and self.path is None:
            raise ValueError("a name or a path is needed")
        return self

    def seen_from(self, folder: Path) -> Self:
        """The same with paths that do not depend on where one is."""
        paths = {"path": self.path, "test": self.test if isinstance(self.test, str) else None}
        return self.model_copy(
            update={key: os.path.abspath(folder / os.path.expanduser(path)) for key, path in paths.items() if path is not None}
        )


class Part(_Table):
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
        return given if given is None or isinstance(given, str) else _named(given, info)


class Optimizer(_Table):
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
        return given if isinstance(given, str) else _named(given, info)


class Stop(_Table):
    """Which epoch is kept, and when a training ends before the last one.

    Attributes:
        by: the measure, a name in a row of the metrics; by default that of the validation data.
        patience: the training ends when the measure has not got better for so many epochs; never by default.
        least: by how much it must be better than the best one before to count.
    """

    by: str
    patience: int | None = Field(default=None, gt=0, le=LARGEST)
    least: float = Field(default=0.0, ge=0, le=FLOAT32)


class Training(_Table):
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
        own = ["accuracy"] if self.loss is None else ["loss", "accuracy", "mean_squared_error", "r2"]
        held_out = ["test", *([] if self.validation is None else ["validation"])]
        measures = [*own, *(f"{data}_{measure}" for data in held_out for measure in own)]
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
        return _named({"name": given} if isinstance(given, str) else given, info)

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        for missing, given in (("loss", "optimizer"), ("optimizer", "loss"), ("loss", "gradient")):
            if getattr(self, missing) is None and getattr(self, given) is not None:
                raise ValueError(
                    f"{missing} is missing: training by a gradient needs a loss and an optimizer, and one by learning rules neither"
                )
        return self


class Declaration(_Table):
    """A network, and its time; what it is trained on may be left out. `network` is as of `spaic_jax.storage.from_dict`."""

    network: dict[str, Any]
    simulation: Simulation
    data: Data | None = None
    training: Training | None = None


class Config(Declaration):
    """All of a run."""

    data: Data
    training: Training


Kind = TypeVar("Kind", bound=Declaration)


def read_config(path: str | Path, changes: Sequence[str] = ()) -> Config:
    """Read and check the configuration of a run.

    Args:
        path: a file `.toml` or `.json`.
        changes: `key=value` pairs, such as `"training.epochs=3"`. A value is read as TOML, else taken as a string.

    Raises:
        UserError: one sentence that names the file and the key.
    """
    return _read(Config, path, changes)


def read_declaration(path: str | Path, changes: Sequence[str] = ()) -> Declaration:
    """`read_config` of a file that needs no data and no training."""
    return _read(Declaration, path, changes)


def _read(kind: type[Kind], path: str | Path, changes: Sequence[str]) -> Kind:
    with user_errors():
        table = read_tables(path)
    for change in changes:
        _change(table, change)
    try:
        read = kind.model_validate(table)
    except ValidationError as error:
        raise UserError(f"{path}: {_sentence(error.errors()[0])}") from error
    return read if read.data is None else read.model_copy(update={"data": read.data.seen_from(Path(path).parent)})


def _change(table: Any, change: str) -> None:
    key, sign, text = change.partition("=")
    names = key.strip().split(".")
    change = change if len(change) < 200 else f"{change[:200]}..."
    if not sign or not all(names):
        raise UserError(f"--set {change}: a key, '=' and a value are needed, such as training.epochs=3.")

    def parse() -> Any:
        try:
            return tomllib.loads(f"value = {text}")
        except tomllib.TOMLDecodeError:
            return {"value": text}

    with user_errors():
        parsed = parse_text(parse, f"--set {change}", "TOML")
    for name in names[:-1]:
        table = table.setdefault(name, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict) or parsed.keys() != {"value"}:
        raise UserError(f"--set {change}: {key.strip()} is no key with a value of its own.")
    table[names[-1]] = parsed["value"]


def _sentence(error: Mapping[str, Any]) -> str:
    """The first error of pydantic in words."""
    place, path = error["loc"], ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{path} is missing."
    if error["type"] == "extra_forbidden":
        model: Any = Config
        for name in place[:-1]:
            kind = model.model_fields[name].annotation
            # A table that may be left out is one of two types.
            model = next((each for each in get_args(kind) if hasattr(each, "model_fields")), kind)
        return f"{path}: {unknown('key', place[-1], model.model_fields)}"
    message = error["msg"].removeprefix("Value error, ")
    if message.startswith("Input should be "):
        return f"{path}: needs {message.removeprefix('Input should be ')}, got {shown(error['input'])}."
    return f"{path}: {message}."


def first_difference(one: Any, other: Any, path: str = "") -> str | None:
    """The key of the first value in which two configurations differ.

    >>> first_difference({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    'a.c'
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            below = f"{path}.{key}" if path else key
            if key not in one or key not in other:
                return below
            if (found := first_difference(one[key], other[key], below)) is not None:
                return found
        return None
    return None if one == other else path
