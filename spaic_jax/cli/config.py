"""The configuration of a run: read from a file, changed by `--set`, checked."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from spaic_jax._errors import unknown
from spaic_jax._extras import import_extra
from spaic_jax._numbers import LARGEST, shown
from spaic_jax._text import parse_text, read_tables
from spaic_jax.cli.errors import UserError, user_errors

with user_errors():
    import_extra("pydantic", "a configuration")

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

#: The largest number of float32, about.
FLOAT32 = 3e38


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


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
    """The data.

    Attributes:
        name: a name in `spaic_jax.data.DATASETS`.
        input: the encoder that takes the samples; the only one by default.
    """

    name: str
    input: str | None = None


class Optimizer(_Table):
    """The optimizer; further keys are settings of the optax function.

    Attributes:
        name: see `spaic_jax.cli.optimizers.OPTIMIZERS`.
        learning_rate: at the start.
        schedule: `"constant"`, or `"cosine"`, which falls to zero at the end of the last epoch.
        clip_norm: largest norm of the gradient; unlimited by default.
    """

    model_config = ConfigDict(extra="allow")

    name: str
    learning_rate: float = Field(gt=0, le=FLOAT32)
    schedule: Literal["constant", "cosine"] = "constant"
    clip_norm: float | None = Field(default=None, gt=0, le=FLOAT32)


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
    """

    epochs: int = Field(gt=0, le=LARGEST)
    batch_size: int = Field(gt=0, le=LARGEST)
    loss: dict[str, Any] | None = None
    optimizer: Optimizer | None = None
    gradient: dict[str, Any] | None = None
    decoder: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)

    @field_validator("loss", "gradient", mode="before")
    @classmethod
    def _named(cls, given: Any, info: ValidationInfo) -> Any:
        table = {"name": given} if isinstance(given, str) else given
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            raise ValueError(f"the name of a {info.field_name}, or a table with a name, is needed")
        return table

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
        return kind.model_validate(table)
    except ValidationError as error:
        raise UserError(f"{path}: {_sentence(error.errors()[0])}") from error


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
            model = model.model_fields[name].annotation
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
