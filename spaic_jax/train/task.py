"""What is trained on what: the checks of the data against the network, done once on the host."""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.data import Dataset
from spaic_jax.program import Variable
from spaic_jax.run import Result, Simulator, Variables
from spaic_jax.train.labels import check_labels
from spaic_jax.train.losses import resolve_loss


@dataclasses.dataclass(frozen=True)
class Task:
    """A network, what it is run for and what its output is held to; hashable, a static argument of compiled steps.

    Attributes:
        sim: the simulator.
        decoder: the output that is looked at.
        steps: number of steps of a run.
        loss: function of the output and the labels.
    """

    sim: Simulator
    decoder: str
    steps: int
    loss: Callable[..., jax.Array] | None

    def run(self, variables: Variables, inputs: Mapping[str, jax.Array], key: jax.Array) -> Result:
        """A run of all steps."""
        return self.sim.run(variables, inputs, key, self.steps)

    def output(self, variables: Variables, inputs: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
        """What the decoder says, `[B, C]`."""
        return self.run(variables, inputs, key).outputs[self.decoder]

    def take(self, inputs: Mapping[str, jax.Array], index: jax.Array) -> dict[str, jax.Array]:
        """Some samples of the data."""
        shapes = {v.name: v.shape for v in self.sim.program.of_role("input")}
        return {name: jnp.take(x, index, axis=x.ndim - len(shapes[name]) - 1) for name, x in inputs.items()}


@dataclasses.dataclass(frozen=True)
class Arrays:
    """A checked data set on the device."""

    inputs: dict[str, jax.Array]
    labels: jax.Array

    def __len__(self) -> int:
        return len(self.labels)


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
    if not isinstance(sim, Simulator):
        raise TypeError(f"a Simulator is needed, as spaic_jax.build makes, not {type(sim).__name__}.")
    if not isinstance(data, Dataset):
        raise TypeError(f"{what} must be a spaic_jax.data.Dataset, not {type(data).__name__}.")
    outputs = [record.name for record in sim.program.records if record.kind == "output"]
    if decoder is None:
        if len(outputs) != 1:
            listed = ", ".join(outputs) or "none"
            raise ValueError(f"the network has {len(outputs)} decoders ({listed}): name one, decoder=.")
        decoder = outputs[0]
    elif decoder not in outputs:
        raise ValueError(unknown("decoder", decoder, outputs))
    inputs, length = _check_inputs(sim, data, what)
    if steps is None and length is None:
        raise ValueError("the number of steps is not known: give steps=, as no input has a time axis.")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise ValueError(f"steps must be a positive whole number, got {steps!r}.")
    if None not in (steps, length) and steps != length:
        raise ValueError(f"{what} has {length} steps, but steps is {steps}: its axes are [T, N, ...].")
    task = Task(sim.skeleton, decoder, int(steps or length or 0), None if loss is None else resolve_loss(loss))
    labels = np.asarray(data.labels)
    try:
        checked = check_labels(labels, _classes(task, inputs))
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    return task, Arrays(inputs, jnp.asarray(checked))


def _check_inputs(sim: Simulator, data: Dataset, what: str) -> tuple[dict[str, jax.Array], int | None]:
    """The inputs on the device, and the number of steps that they have."""
    declared = {v.name: v for v in sim.program.of_role("input")}
    for name in data.inputs:
        if name not in declared:
            raise ValueError(f"{what}: {unknown('input', name, declared)}")
    arrays, lengths = {}, {}
    for name, v in declared.items():
        if name not in data.inputs and v.optional:
            continue
        if name not in data.inputs:
            raise ValueError(f"{what} lacks the input '{name}', which needs {_axes(v, len(data))}.")
        x = data.inputs[name] if isinstance(data.inputs[name], jax.Array) else np.asarray(data.inputs[name])
        needed = (len(data), *v.shape)
        timed = x.ndim == len(needed) + 1 and v.axes != "held"
        held = x.ndim == len(needed) and v.axes != "time"
        if not (timed or held) or x.shape[x.ndim - len(needed) :] != needed:
            raise ValueError(f"{what}: input '{name}' has shape {x.shape}, but needs {_axes(v, len(data))}.")
        if x.dtype.kind not in "biuf":
            raise ValueError(f"{what}: input '{name}' has dtype {x.dtype}, but needs numbers that {v.dtype} can hold.")
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            raise ValueError(f"{what}: input '{name}' holds NaN or infinite values, but needs finite numbers.")
        if timed:
            lengths[name] = x.shape[0]
        # Spikes rest as bytes or booleans; the run converts the batch it takes.
        arrays[name] = jnp.asarray(x) if x.dtype.itemsize == 1 else jnp.asarray(x, v.dtype)
    for name, length in lengths.items():
        first, expected = next(iter(lengths.items()))
        if length != expected:
            raise ValueError(f"{what}: input '{name}' has {length} steps, but input '{first}' has {expected}.")
    return arrays, next(iter(lengths.values()), None)


def _axes(v: Variable, samples: int) -> str:
    shape = ", ".join(map(str, (f"N={samples}", *v.shape)))
    return {"time": f"[T, {shape}]", "held": f"[{shape}]", "either": f"[{shape}] (held) or [T, {shape}]"}[v.axes]


def _classes(task: Task, inputs: Mapping[str, jax.Array]) -> int:
    """The number of classes of the decoder; also lets the loss see the shapes it will get. Computes nothing."""

    def trace(inputs: Mapping[str, jax.Array], key: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        first = jnp.zeros((1,), jnp.int32)
        output = task.output(task.sim.init(key, 1), task.take(inputs, first), key)
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
