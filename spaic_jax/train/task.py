"""What is trained on what: the checks of the data against the network, done once on the host."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.data import Dataset
from spaic_jax.data.lazy import is_lazy, taken
from spaic_jax.run import Result, Simulator, Variables
from spaic_jax.run.check import batch_of_inputs, check_finite, check_inputs
from spaic_jax.run.inputs import check_values
from spaic_jax.train.labels import check_labels
from spaic_jax.train.losses import resolve_loss


@dataclasses.dataclass(frozen=True)
class Task:
    """A network, what it is run for and what its output is held to; hashable, a static argument of compiled steps.

    Attributes:
        sim: the simulator.
        decoder: the output that is looked at; empty where none is.
        steps: number of steps of a run.
        loss: function of the output and the labels.
        classes: number of classes that the output tells apart.
        label_axis: the axis of the samples of the labels: 1 behind a time axis.
    """

    sim: Simulator
    decoder: str
    steps: int
    loss: Callable[..., jax.Array] | None
    classes: int = 0
    label_axis: int = 0

    def run(self, variables: Variables, inputs: Mapping[str, jax.Array], key: jax.Array) -> Result:
        """A run of all steps."""
        return self.sim.run(variables, inputs, key, self.steps)

    def output(self, variables: Variables, inputs: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        """What the decoder says, `[B, C]`."""
        return self.run(variables, inputs, key).outputs[self.decoder]

    def take(self, arrays: "Arrays", index: jax.Array) -> "Arrays":
        """Some samples of the data, with their labels and lengths."""
        shapes = {v.name: v.shape for v in self.sim.program.of_role("input")}
        axes = {name: x.ndim - len(shapes[name]) - 1 for name, x in arrays.inputs.items()}
        return Arrays(
            {name: jnp.take(x, index, axis=axes[name]) for name, x in arrays.inputs.items()},
            index.shape[0],
            None if arrays.labels is None else jnp.take(arrays.labels, index, axis=self.label_axis),
            None if arrays.lengths is None else arrays.lengths[index],
        )

    def arrays(self, data: Dataset, what: str) -> "Arrays":
        """Another data set for the same task, checked, on the device; without labels where none are looked at.

        Raises:
            ValueError: one sentence about the first thing that does not fit.
            TypeError: `data` of another type.
        """
        arrays, _ = _arrays(self.sim, data, self.steps, what)
        return dataclasses.replace(arrays, labels=self.labels(data, what) if self.decoder else None)

    def labels(self, data: Dataset, what: str) -> jax.Array:
        """The labels of a data set, checked, on the device."""
        with _named(what):
            if data.labels is None:
                raise ValueError(f"there are no labels, which decoder '{self.decoder}' is held to.")
            return jnp.asarray(check_labels(data.labels, self.classes))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Arrays:
    """A checked data set on the device, or some samples of it: a pytree of arrays.

    Attributes:
        inputs: by name, `[T, N, *shape]`, or `[N, *shape]` held.
        count: the number of samples N.
        labels: `[N]`, `[T, N]` or targets, where there are any.
        lengths: the steps of each sample, `[N]`, where they differ.
    """

    inputs: dict[str, jax.Array]
    count: int = dataclasses.field(metadata={"static": True})
    labels: jax.Array | None = None
    lengths: jax.Array | None = None

    def __len__(self) -> int:
        return self.count


def prepare(
    sim: Simulator,
    data: Dataset,
    *,
    loss: str | Callable[..., jax.Array] | None,
    decoder: str | None = None,
    steps: int | None = None,
    what: str = "the data",
) -> tuple[Task, Arrays]:
    """Check a data set against a network, and put it on the device.

    Args:
        sim: the simulator.
        data: samples and labels.
        loss: name or function of the loss, or `None` for none.
        decoder: name of the output; may be left out where there is one only.
        steps: number of steps; may be left out where an input has a time axis.
        what: what error messages call the data.

    Raises:
        ValueError: one sentence about the first thing that does not fit.
        TypeError: `sim` or `data` of another type.
    """
    outputs, decoders = decoders_of(sim)
    if decoder is None and len(decoders) == 1:
        decoder = decoders[0]
    if decoder is None:
        listed = ", ".join(decoders) or "none"
        raise ValueError(f"the network has {len(decoders)} decoders ({listed}): name one, decoder=.")
    if decoder not in outputs:
        raise ValueError(unknown("decoder", decoder, outputs))
    return prepared(sim, data, decoder, steps, what, None if loss is None else resolve_loss(loss))


def decoders_of(sim: Simulator) -> tuple[list[str], list[str]]:
    """The names of all outputs, and those of decoders among them."""
    if not isinstance(sim, Simulator):
        raise TypeError(f"a Simulator is needed, as spaic_jax.build makes, not {type(sim).__name__}.")
    outputs = [r.name for r in sim.program.records if r.kind == "output" and r.variable != f"{r.name}.action"]
    # What else a decoder says is called by its name and another one: `<decoder>.<what>`.
    return outputs, [name for name in outputs if "." not in name]


def prepared(
    sim: Simulator, data: Dataset, decoder: str, steps: int | None, what: str, loss: Callable[..., jax.Array] | None = None
) -> tuple[Task, Arrays]:
    """`prepare` with a known decoder and loss; without a decoder, labels are not looked at."""
    arrays, length = _arrays(sim, data, steps, what)
    task = Task(sim.skeleton, decoder, length, loss)
    if not decoder:
        return task, arrays
    task = dataclasses.replace(task, classes=_classes(task, arrays))
    return task, dataclasses.replace(arrays, labels=task.labels(data, what))


def _arrays(sim: Simulator, data: Dataset, steps: int | None, what: str) -> tuple[Arrays, int]:
    """The data on the device, but for its labels, and the number of steps of a run."""
    if not isinstance(data, Dataset):
        raise TypeError(f"{what} must be a spaic_jax.data.Dataset, not {type(data).__name__}.")
    declared = sim.program.by_name
    with _named(what):
        given, length = check_inputs(sim.program, _read(sim, data), _count(data), steps, axis="N")
        for name, x in given.items():
            if declared[name].check is None:
                check_finite(f"input '{name}'", x)
        check_values(sim.program, given, length)
    # Spikes rest as bytes or booleans; the run converts the batch it takes.
    arrays = {n: jnp.asarray(x, x.dtype if x.dtype.itemsize == 1 else declared[n].dtype) for n, x in given.items()}
    lengths = None if data.lengths is None else jnp.asarray(data.lengths, jnp.int32)
    return Arrays(arrays, batch_of_inputs(declared, arrays), lengths=lengths), length


def _count(data: Dataset) -> int | None:
    """The number of samples, where labels or lengths tell."""
    if data.lengths is not None:
        return len(data.lengths)
    return None if data.labels is None else len(data)


def _read(sim: Simulator, data: Dataset) -> dict[str, Any]:
    """The inputs; those that are lazy, read."""
    shapes = {v.name: v.shape for v in sim.program.of_role("input")}

    def read(name: str, x: Any) -> Any:
        if not is_lazy(x) or name not in shapes:
            return x
        axis = len(x.shape) - len(shapes[name]) - 1
        return taken(x, np.arange(x.shape[axis]), axis)

    return {name: read(name, x) for name, x in data.inputs.items()}


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Say of which data set an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


def _classes(task: Task, arrays: Arrays) -> int:
    """The number of classes of the decoder; also lets the loss see the shapes it will get. Computes nothing."""

    def trace(arrays: Arrays, key: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        first = jnp.zeros((1,), jnp.int32)
        output = task.output(task.sim.init(key, 1), task.take(arrays, first).inputs, key)
        return output, None if task.loss is None or output.ndim != 2 else task.loss(output, first)

    output, loss = jax.eval_shape(trace, arrays, jax.random.key(0))
    if output.ndim != 2 or output.shape[1] < 2:
        raise ValueError(
            f"decoder '{task.decoder}' gives [{', '.join(map(str, ('B', *output.shape[1:])))}], but labels need [B, C]"
            " with at least two classes."
        )
    if loss is not None and (loss.shape != () or not jnp.issubdtype(loss.dtype, jnp.floating)):
        raise ValueError(f"the loss is {loss.dtype} of shape {loss.shape}, but needs to be one real number.")
    return int(output.shape[1])
