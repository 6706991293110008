"""From a simulator and a data set to a task: the checks of one against the other, done once on the host."""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from spaic_jax._errors import unknown
from spaic_jax.data import Dataset
from spaic_jax.distributed import Layout
from spaic_jax.plan.layout import as_layout
from spaic_jax.run import Result, Simulator
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.checked import checked_arrays, given_labels, named, regressed
from spaic_jax.train.losses import OF_CLASSES, resolve_loss
from spaic_jax.train.task import Task


def prepare(
    sim: Simulator,
    data: Dataset,
    *,
    loss: str | Callable[..., jax.Array] | None,
    decoder: str | None = None,
    steps: int | None = None,
    what: str = "the data",
    layout: Layout | None = None,
) -> tuple[Task, Arrays | Stored]:
    """Check a data set against a network, and put it on the device if it fits there.

    Args:
        sim: the simulator.
        data: samples and labels.
        loss: name or function of the loss, or `None` for none.
        decoder: name of the output; may be left out where there is one only.
        steps: number of steps; may be left out where an input has a time axis.
        what: what error messages call the data.
        layout: the devices that it is run on, where a mesh of them was given.

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
    return prepared(sim, data, decoder, steps, what, None if loss is None else resolve_loss(loss), layout)


def layout_for(mesh: Mesh | Layout | None, batch_size: int) -> Layout | None:
    """How arrays lie on the devices of a mesh that was given; ValueError where a batch cannot be shared out evenly."""
    if mesh is None:
        return None
    layout = as_layout(mesh)
    layout.check_batch(batch_size)
    return layout


def decoders_of(sim: Simulator) -> tuple[list[str], list[str]]:
    """The names of all outputs, and those of decoders among them."""
    if not isinstance(sim, Simulator):
        raise TypeError(f"a Simulator is needed, as spaic_jax.build makes, not {type(sim).__name__}.")
    outputs = [r.name for r in sim.program.records if r.kind == "output" and r.variable != f"{r.name}.action"]
    # What else a decoder says is called by its name and another one: `<decoder>.<what>`.
    return outputs, [name for name in outputs if "." not in name]


def prepared(
    sim: Simulator,
    data: Dataset,
    decoder: str,
    steps: int | None,
    what: str,
    loss: Callable[..., jax.Array] | None = None,
    layout: Layout | None = None,
) -> tuple[Task, Arrays | Stored]:
    """`prepare` with a known decoder and loss; without a decoder, labels are not looked at."""
    arrays, length = checked_arrays(sim, data, steps, what)
    task = Task((sim if layout is None else sim.at(layout.where)).skeleton, decoder, length, loss, layout=layout)
    if not decoder:
        return task, task.there(arrays)
    # As no output has so many steps, its first axis tells whether it has a time axis.
    size = 2 if length == 1 else 1
    result = _traced(task, arrays, size)
    output = result.outputs[decoder]
    timed = output.ndim > 1 and output.shape[0] != size
    task = dataclasses.replace(task, timed=timed, shape=output.shape[1 + timed :])
    with named(what):
        task = _held_to(task, output, given_labels(data, decoder))
    checked = task.labelled(arrays, data, what)
    _check_loss(task, result, checked, size)
    return task, task.there(checked)


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
    if regressed(labels):
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
    """Let the loss see the shapes that it will get; ValueError unless it fits the labels, and is one real number. Computes nothing."""
    if task.loss is None:
        return
    function = task.loss.func if isinstance(task.loss, functools.partial) else task.loss
    if not task.classes and any(function is each for each in OF_CLASSES):
        # Class probabilities have the shape of targets, whose sums are anything.
        raise ValueError(
            f"{function.__name__} needs classes, but the labels are targets to regress, real numbers: class indices are integers; for"
            " class probabilities, give a function that calls it."
        )
    batch = jax.eval_shape(lambda arrays: task.take(arrays, _samples(size)), arrays.struct)
    loss = jax.eval_shape(task.cost, result, batch)
    if loss.shape != () or not jnp.issubdtype(loss.dtype, jnp.floating):
        raise ValueError(f"the loss is {loss.dtype} of shape {loss.shape}, but needs to be one real number.")
