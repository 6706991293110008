"""What is trained on what: the checks of the data against the network, done once on the host."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.data import Dataset
from spaic_jax.data.lazy import is_lazy, taken
from spaic_jax.program import Program
from spaic_jax.run import Result, Simulator, Variables
from spaic_jax.run.check import batch_of_inputs, check_finite, check_inputs
from spaic_jax.run.inputs import check_values
from spaic_jax.train import room
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.labels import check_labels
from spaic_jax.train.losses import resolve_loss
from spaic_jax.train.losses.base import asked_for, scores_of
from spaic_jax.train.metrics import accuracy


@dataclasses.dataclass(frozen=True)
class Task:
    """A network, what it is run for and what its output is held to; hashable, a static argument of compiled steps.

    Attributes:
        sim: the simulator.
        decoder: the output that is looked at; empty where none is.
        steps: number of steps of a run.
        loss: function of the output and the labels.
        classes: number of classes that the output tells apart; 0 where it is held to targets.
        shape: the shape of the output of one sample, and one step.
        timed: whether the output is `[T, B, *shape]`, else `[B, *shape]`.
        each_step: whether labels are `[T, N, ...]`, else `[N, ...]`.
    """

    sim: Simulator
    decoder: str
    steps: int
    loss: Callable[..., jax.Array] | None
    classes: int = 0
    shape: tuple[int, ...] = ()
    timed: bool = False
    each_step: bool = False

    @property
    def label_axis(self) -> int:
        """The axis of the samples of the labels."""
        return int(self.each_step)

    def run(self, variables: Variables, batch: Arrays, key: jax.Array) -> Result:
        """A run of all steps with some samples."""
        return self.sim.run(variables, batch.inputs, key, self.steps, lengths=batch.lengths)

    def output(self, variables: Variables, batch: Arrays, key: jax.Array) -> jax.Array:
        """What the decoder says, `[B, ...]` or `[T, B, ...]`."""
        return self.run(variables, batch, key).outputs[self.decoder]

    def take(self, arrays: Arrays, index: jax.Array) -> Arrays:
        """Some samples of the data, with their labels and lengths."""
        shapes = {v.name: v.shape for v in self.sim.program.of_role("input")}
        axes = {name: x.ndim - len(shapes[name]) - 1 for name, x in arrays.inputs.items()}
        return Arrays(
            {name: jnp.take(x, index, axis=axes[name]) for name, x in arrays.inputs.items()},
            index.shape[0],
            None if arrays.labels is None else jnp.take(arrays.labels, index, axis=self.label_axis),
            None if arrays.lengths is None else arrays.lengths[index],
        )

    def cost(self, result: Result, batch: Arrays) -> jax.Array:
        """The loss of a run with some samples."""
        assert self.loss is not None
        asked = asked_for(self.loss, {"result": result, "lengths": batch.lengths if self.timed else None})
        return self.loss(result.outputs[self.decoder], batch.labels, **asked)

    def scores(self, output: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        """The scores that are compared with labels: `[T, B, C]` with labels of each step, else `[B, C]`."""
        if not self.timed or self.each_step:
            return output
        scores = scores_of(self.loss, output, lengths)
        if scores is None:
            raise ValueError(
                f"decoder '{self.decoder}' gives [T, B, {output.shape[-1]}], but one label a sample needs [B, C]: a loss that reads"
                " scores over time, such as 'membrane_cross_entropy', or a decoder that does, such as 'max_voltage'."
            )
        return scores

    def measures(self, output: jax.Array, labels: jax.Array, lengths: jax.Array | None = None) -> dict[str, jax.Array]:
        """What tells how good outputs are beside the loss, by name: `accuracy` where there are classes.

        Args:
            output: what the decoder says.
            labels: of the same samples.
            lengths: the steps of each sample, `[B]`, where they differ.
        """
        return {"accuracy": accuracy(self.scores(output, lengths), labels)} if self.classes else {}

    def arrays(self, data: Dataset, what: str) -> Arrays | Stored:
        """Another data set for the same task, checked, on the device if it fits; without labels where none
        are looked at.

        Raises:
            ValueError: one sentence about the first thing that does not fit.
            TypeError: `data` of another type.
        """
        arrays, _ = _arrays(self.sim, data, self.steps, what)
        return self.labelled(arrays, data, what) if self.decoder else arrays

    def labelled(self, arrays: Arrays | Stored, data: Dataset, what: str) -> Arrays | Stored:
        """A checked data set with its labels, checked too; those after the end of a sample are -1."""
        with _named(what):
            labels = _given_labels(data, self.decoder)
            regressed = _regressed(labels)
            if regressed != (not self.classes) or (not regressed and self.each_step != (labels.ndim == 2)):
                needed = "targets to regress" if not self.classes else "integers [T, N]" if self.each_step else "integers [N]"
                raise ValueError(f"the labels are {labels.dtype} of shape {labels.shape}, but those of the training data are {needed}.")
            if regressed:
                needed_shape = (*((self.steps,) if self.timed else ()), len(arrays), *self.shape)
                if labels.shape != needed_shape:
                    raise ValueError(
                        f"the labels are {labels.dtype} of shape {labels.shape}, targets to regress, but decoder '{self.decoder}' gives"
                        f" {self.output_text}, so that they need shape {needed_shape}; class indices are integers."
                    )
                return dataclasses.replace(arrays, labels=jnp.asarray(labels, jnp.float32))
            if self.each_step and data.lengths is not None:
                labels = np.where(np.arange(len(labels))[:, None] < data.lengths, labels, -1)
            return dataclasses.replace(arrays, labels=jnp.asarray(check_labels(labels, self.classes)))

    @property
    def output_text(self) -> str:
        """The axes of the output, for error messages."""
        return f"[{', '.join((*(('T',) if self.timed else ()), 'B', *map(str, self.shape)))}]"


def prepare(
    sim: Simulator,
    data: Dataset,
    *,
    loss: str | Callable[..., jax.Array] | None,
    decoder: str | None = None,
    steps: int | None = None,
    what: str = "the data",
) -> tuple[Task, Arrays | Stored]:
    """Check a data set against a network, and put it on the device if it fits there.

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
) -> tuple[Task, Arrays | Stored]:
    """`prepare` with a known decoder and loss; without a decoder, labels are not looked at."""
    arrays, length = _arrays(sim, data, steps, what)
    task = Task(sim.skeleton, decoder, length, loss)
    if not decoder:
        return task, arrays
    # As no output has so many steps, its first axis tells whether it has a time axis.
    size = 2 if length == 1 else 1
    result = _traced(task, arrays, size)
    output = result.outputs[decoder]
    timed = output.ndim > 1 and output.shape[0] != size
    task = dataclasses.replace(task, timed=timed, shape=output.shape[1 + timed :])
    with _named(what):
        task = _held_to(task, output, _given_labels(data, decoder))
    checked = task.labelled(arrays, data, what)
    _check_loss(task, result, checked, size)
    return task, checked


def _arrays(sim: Simulator, data: Dataset, steps: int | None, what: str) -> tuple[Arrays | Stored, int]:
    """The data, but for its labels, and the number of steps of a run: on the device if it fits, else where it is."""
    if not isinstance(data, Dataset):
        raise TypeError(f"{what} must be a spaic_jax.data.Dataset, not {type(data).__name__}.")
    program, declared = sim.program, sim.program.by_name
    with _named(what):
        seen, length = check_inputs(program, {n: _standing_for(x) for n, x in data.inputs.items()}, _count(data), steps, axis="N")
        if data.lengths is not None and data.lengths.max() > length:
            at = data.lengths.argmax()
            raise ValueError(f"lengths[{at}] is {data.lengths[at]}, but a run has {length} steps.")
    given = {n: data.inputs[n] if is_lazy(data.inputs[n]) else x for n, x in seen.items()}
    # Spikes rest as bytes or booleans; the run converts the batch it takes.
    dtypes = {n: x.dtype if np.dtype(x.dtype).itemsize == 1 else declared[n].dtype for n, x in seen.items()}
    axes = {n: x.ndim - len(declared[n].shape) - 1 for n, x in seen.items()}
    stored = Stored(
        given, axes, dtypes, batch_of_inputs(declared, seen), functools.partial(_check, program, length), what,
        lengths=None if data.lengths is None else np.asarray(data.lengths, np.int32),
    )
    there = sum(x.nbytes for n, x in given.items() if isinstance(x, jax.Array) and x.dtype == dtypes[n])
    if stored.bytes_each * len(stored) - there > room.room():
        return stored, length
    whole = {n: taken(x, np.arange(len(stored)), axes[n]) if is_lazy(x) else x for n, x in given.items()}
    with _named(what):
        _check(program, length, whole)
    arrays = {n: jnp.asarray(x, dtypes[n]) for n, x in whole.items()}
    return Arrays(arrays, len(stored), lengths=None if stored.lengths is None else jnp.asarray(stored.lengths)), length


def _check(program: Program, steps: int, inputs: Mapping[str, Any]) -> None:
    """ValueError that names the first number of some samples that cannot be run."""
    for name, x in inputs.items():
        if program.by_name[name].check is None:
            check_finite(f"input '{name}'", x)
    check_values(program, inputs, steps)


def _standing_for(array: Any) -> Any:
    """An array itself, or one without numbers of its own that has the shape and dtype of a lazy one."""
    return np.broadcast_to(np.zeros((), array.dtype), tuple(array.shape)) if is_lazy(array) else array


def _count(data: Dataset) -> int | None:
    """The number of samples, where lengths or labels tell."""
    if data.lengths is not None:
        return len(data.lengths)
    return None if data.labels is None or _regressed(data.labels) else int(data.labels.shape[-1])


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Say of which data set an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


def _given_labels(data: Dataset, decoder: str) -> np.ndarray:
    if data.labels is None:
        raise ValueError(f"there are no labels, which decoder '{decoder}' is held to.")
    labels: np.ndarray = data.labels
    return labels


def _regressed(labels: np.ndarray) -> bool:
    """Whether labels are targets to regress."""
    return bool(jnp.issubdtype(labels.dtype, jnp.floating))


def _samples(size: int) -> jax.Array:
    return jnp.zeros((size,), jnp.int32)


def _traced(task: Task, arrays: Arrays | Stored, size: int) -> Result:
    """Shapes of what a run of so many samples gives. Computes nothing."""

    def run(arrays: Arrays, key: jax.Array) -> Result:
        return task.run(task.sim.init(key, size), task.take(arrays, _samples(size)), key)

    result: Result = jax.eval_shape(run, arrays.struct, jax.random.key(0))
    return result


def _held_to(task: Task, output: jax.Array, labels: np.ndarray) -> Task:
    """The task with what labels are; ValueError where they are none of such an output."""
    if _regressed(labels):
        return dataclasses.replace(task, each_step=task.timed)
    task = dataclasses.replace(task, each_step=labels.ndim == 2)
    given = f"decoder '{task.decoder}' gives {task.output_text}"
    if task.each_step and (not task.timed or labels.shape[0] != task.steps):
        raise ValueError(
            f"labels of shape {labels.shape} are one for each step, [T={task.steps}, N], and need [T, B, C], such as"
            f' coding_method="v_t" gives, but {given}.'
        )
    scores = jax.eval_shape(task.scores, output) if len(task.shape) == 1 else output
    if scores.ndim != 2 + task.each_step or scores.shape[-1] < 2:
        raise ValueError(f"{given}, but labels need [B, C] with at least two classes.")
    return dataclasses.replace(task, classes=int(scores.shape[-1]))


def _check_loss(task: Task, result: Result, arrays: Arrays | Stored, size: int) -> None:
    """Let the loss see the shapes that it will get; ValueError unless it is one real number. Computes nothing."""
    if task.loss is None:
        return
    batch = jax.eval_shape(lambda arrays: task.take(arrays, _samples(size)), arrays.struct)
    loss = jax.eval_shape(task.cost, result, batch)
    if loss.shape != () or not jnp.issubdtype(loss.dtype, jnp.floating):
        raise ValueError(f"the loss is {loss.dtype} of shape {loss.shape}, but needs to be one real number.")
