"""The table `[data]`."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spaic_jax._numbers import FLOAT32, shown
from spaic_jax.cli.config.base import Table


class Data(Table):
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
