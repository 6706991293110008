"""The command `init`: a configuration to begin with."""

import inspect
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._files import write_whole
from spaic_jax.cli.errors import UserError, check_out, user_errors, write_errors
from spaic_jax.data import DATASETS, Dataset, own, resolve_dataset
from spaic_jax.data.names import find
from spaic_jax.data.read import read

_TEMPLATE = """\
# Train it with: spaic-jax train {file}
# `spaic-jax list` has all names; further settings of a part stand beside its name.

# What the data become: {encoded}.
[network.encoders.input]
{shape}
coding_method = "{encoder}"

# Leaky integrate-and-fire neurons; `spaic-jax list neurons` has others.
[network.groups.hidden]
num = 128
model = "lif"
tau_m = 10.0     # time constant of the membrane, ms
reset = "soft"   # a spike subtracts the threshold
surrogate = {{ name = "atan", alpha = 2.0 }}  # what stands for the derivative of a spike

# A neuron a class, which integrates and does not spike.
[network.groups.output]
num = {classes}
model = "leaky_integrator"
tau_m = 10.0

# Starting weights are normal, of this mean and standard deviation.
[network.connections.input_to_hidden]
pre = "input"
post = "hidden"
w_mean = 0.0
w_std = {first}
bias = 0.0

[network.connections.hidden_to_output]
pre = "hidden"
post = "output"
w_mean = 0.0
w_std = 0.05
bias = 0.0

# What the loss looks at: the membrane potentials at the end.
[network.decoders.decision]
dec_target = "output"
coding_method = "final_step_voltage"

[simulation]
dt = 1.0         # ms
duration = {duration}  # ms of a sample

[data]
{data}

[training]
epochs = 20
batch_size = {batch_size}
loss = "membrane_cross_entropy"
seed = 0
# validation = 0.1  # a share that is held out of the training, to choose the best epoch by: stop = {{ patience = 5 }}

[training.optimizer]
name = "adam"
learning_rate = 5e-3
schedule = "cosine"
# clip_norm = 1.0
"""

#: Axes of recordings of different length, as far as there are.
_TIMED = "NTCHW"


def init(path: str, data: str | None, x: str | None = None, y: str | None = None, axes: str | None = None) -> None:
    """Write a configuration that trains two layers to tell the classes of some data, with comments.

    Args:
        path: the file, `.toml`.
        data: a name in `spaic_jax.data.DATASETS`, or a file or folder; digits when `None`.
        x, y: the arrays of samples and labels of a file or folder, or of a table the columns of samples, with commas between;
            those with usual names when `None`.
        axes: of the samples, such as `"NTC"`, as of `spaic_jax.data.own`; where there are lengths, samples and then time come
            first by default.

    Raises:
        UserError: a file that is there already or cannot be written, or data without classes or of events.
    """
    target, given = Path(path), "digits" if data is None else data
    if target.suffix != ".toml":
        raise UserError(f"'{path}' does not end in .toml.")
    check_out(target)
    with write_errors(target):
        there = target.exists()
    if there:
        raise UserError(f"'{path}' is there already.")
    named = given.lower() in DATASETS
    with user_errors(f"--data {given}"):
        if not named and not os.path.exists(given):
            raise ValueError(f"neither a file nor a data set: {unknown('data set', given, DATASETS)}")
        asked = {key: value for key, value in (("x", x), ("y", y), ("axes", axes)) if value is not None}
        if named and asked:
            raise ValueError(f"{', '.join(f'--{key}' for key in asked)}: a data set with a name has its own.")
        seen = _named(given) if named else _own(given, asked)
    encoded = "a current held for the whole duration" if seen.held else "each value is the output of its step"
    text = _TEMPLATE.format(
        file=target.name, encoded=encoded, encoder="constant_current" if seen.held else "null",
        shape=f"num = {seen.shape[0]}" if len(seen.shape) == 1 else f"shape = {list(seen.shape)}", classes=seen.classes,
        first=f"{min(1.0, float(np.prod(seen.shape)) ** -0.5):.2g}", duration=float(seen.steps), batch_size=min(32, seen.samples),
        data=f"name = {_quoted(given)}" if named else _table(os.path.relpath(given, target.parent), seen.asked),
    )
    with write_errors(target):
        write_whole(target, lambda file: file.write_text(text, encoding="utf-8"))
    print(f"{target}: train it with spaic-jax train {target}")


class _Seen(NamedTuple):
    shape: tuple[int, ...]
    held: bool
    steps: int
    classes: int
    samples: int
    asked: tuple[tuple[str, str | list[str]], ...] = ()


def _table(path: str, asked: tuple[tuple[str, str | list[str]], ...]) -> str:
    return "\n".join(f"{key} = {_quoted(value)}" for key, value in (("path", path), *asked))


def _named(name: str) -> _Seen:
    make = resolve_dataset(name)
    shape = inspect.signature(make).parameters["shape"].default
    return _seen(make("input", shape)[0], shape)


def _own(path: str, given: dict[str, str]) -> _Seen:
    arrays = read(path)
    asked: dict[str, Any] = {**given}
    if "x" in given and given["x"] not in arrays and "," in given["x"]:
        asked["x"] = [column.strip() for column in given["x"].split(",")]
    names = find(path, arrays, asked.get("x"), asked.get("y"), None)
    x = names.x
    if isinstance(x, str) and names.lengths is not None and arrays[x].ndim <= len(_TIMED):
        # What has lengths has steps.
        asked.setdefault("axes", _TIMED[: arrays[x].ndim])
    if x is None:
        raise ValueError("holds events; write the configuration by hand.")
    if isinstance(x, list):
        shape: tuple[int, ...] = (len(x),)
    elif arrays[x].ndim < 2:
        raise ValueError(f"'{x}' has no samples of several numbers; write the configuration by hand.")
    else:
        sizes = zip(asked.get("axes") or "N" + "A" * (arrays[x].ndim - 1), arrays[x].shape, strict=False)
        shape = tuple(size for letter, size in sizes if letter not in "NT") or (1,)
    return _seen(own("input", shape, path=path, **asked)[0], shape)._replace(asked=tuple(asked.items()))


def _seen(data: Dataset, shape: tuple[int, ...]) -> _Seen:
    """What the network has to fit; ValueError where there are no classes, one a sample."""
    labels = data.labels
    if labels is None or np.ndim(labels) != 1 or not np.issubdtype(np.asarray(labels).dtype, np.integer):
        raise ValueError("has no classes, one a sample; write the configuration by hand.")
    array = data.inputs["input"]
    held = len(array.shape) == len(shape) + 1
    return _Seen(shape, held, 10 if held else array.shape[0], max(len(data.class_names), int(np.max(labels)) + 1), len(data))


def _quoted(text: str | list[str]) -> str:
    return json.dumps(text, ensure_ascii=False)
