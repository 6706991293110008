"""What is trained on what: the checks of the data against the network, done once on the host."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.data import Dataset
from spaic_jax.run import Result, Simulator, Variables
from spaic_jax.run.check import batch_of_inputs, check_finite, check_inputs
from spaic_jax.run.inputs import check_values
from spaic_jax.train.arrays import Arrays
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
    """

    sim: Simulator
    decoder: str
    steps: int
    loss: Callable[..., jax.Array] | None
    classes: int = 0

    def run(self, variables: Variables, inputs: Mapping[str, jax.Array], key: jax.Array) -> Result:
        """A run of all steps."""
        return self.sim.run(variables, inputs, key, self.steps)

    def output(self, variables: Variables, inputs: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        """What the decoder says, `[B, C]`."""
        return self.run(variables, inputs, key).outputs[self.decoder]

    def take(self, arrays: Arrays, index: jax.Array) -> Arrays:
        """Some samples of the data, with their labels and lengths."""
        shapes = {v.name: v.shape for v in self.sim.program.of_role("input")}
        axes = {name: x.ndim - len(shapes[name]) - 1 for name, x in arrays.inputs.items()}
        return Arrays(
            {name: jnp.take(x, index, axis=axes[name]) for name, x in arrays.inputs.items()},
            index.shape[0],
            None if arrays.labels is None else jnp.take(arrays.labels, index, axis=0),
            None if arrays.lengths is None else arrays.lengths[index],
        )

    def arrays(self, data: Dataset, what: str) -> Arrays:
        """Another data set for the same task, checked, on the device; without labels where none are looked at.

        Raises:
            ValueError: one sentence about the first thing that does not fit.
            TypeError: `data` of another type.
        """
        inputs, _, count = _inputs(self.sim, data, self.steps, what)
        return Arrays(inputs, count, self.labels(data, what) if self.decoder else None)

    def labels(self, data: Dataset, what: str) -> jax.Array:
        """The labels of a data set, checked, on the device."""
        with _named(what):
            if data.labels is None:
                raise ValueError(f"there are no labels, which decoder '{self.decoder}' is held to.")
            return jnp.asarray(check_labels(data.labels, self.classes))


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
    inputs, length, count = _inputs(sim, data, steps, what)
    task = Task(sim.skeleton, decoder, length, loss)
    if not decoder:
        return task, Arrays(inputs, count, None)
    task = dataclasses.replace(task, classes=_classes(task, inputs))
    return task, Arrays(inputs, count, task.labels(data, what))


def _inputs(sim: Simulator, data: Dataset, steps: int | None, what: str) -> tuple[dict[str, jax.Array], int, int]:
    """The inputs on the device, the number of steps of a run, and the number of samples."""
    if not isinstance(data, Dataset):
        raise TypeError(f"{what} must be a spaic_jax.data.Dataset, not {type(data).__name__}.")
    declared = sim.program.by_name
    with _named(what):
        labelled = None if data.labels is None else len(data)
        given, length = check_inputs(sim.program, data.inputs, labelled, steps, axis="N")
        for name, x in given.items():
            if declared[name].check is None:
                check_finite(f"input '{name}'", x)
        check_values(sim.program, given, length)
    # Spikes rest as bytes or booleans; the run converts the batch it takes.
    arrays = {n: jnp.asarray(x, x.dtype if x.dtype.itemsize == 1 else declared[n].dtype) for n, x in given.items()}
    return arrays, length, batch_of_inputs(declared, arrays)


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Say of which data set an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


def _classes(task: Task, inputs: Mapping[str, jax.Array]) -> int:
    """The number of classes of the decoder; also lets the loss see the shapes it will get. Computes nothing."""

    def trace(inputs: Mapping[str, jax.Array], key: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        first = jnp.zeros((1,), jnp.int32)
        output = task.output(task.sim.init(key, 1), task.take(Arrays(dict(inputs), 1), first).inputs, key)
        return output, None if task.loss is None or output.ndim != 2 else task.loss(output, first)

    output, loss = jax.eval_shape(trace, dict(inputs), jax.random.key(0))
    if output.ndim != 2 or output.shape[1] < 2:
        raise ValueError(
            f"decoder '{task.decoder}' gives [{', '.join(map(str, ('B', *output.shape[1:])))}], but labels need [B, C]"
            " with at least two classes."
        )
    if loss is not None and (loss.shape != () or not jnp.issubdtype(loss.dtype, jnp.floating)):
        raise ValueError(f"the loss is {loss.dtype} of shape {loss.shape}, but needs to be one real number.")
    return int(output.shape[1])
