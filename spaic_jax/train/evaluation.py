"""How good a network is on all samples of a data set."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.data import Dataset
from spaic_jax.program import Constant, Given
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.check import check_bounds
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.metrics import accuracy
from spaic_jax.train.task import Arrays, Task, prepare


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` gives back.

    Attributes:
        accuracy: share of samples whose highest output is that of their label.
        loss: the loss of all samples, taken as one batch; `None` where no loss was given.
        predictions: index of each sample's highest output, int32 `[N]`; -1 where an output is NaN.
    """

    accuracy: float
    loss: float | None
    predictions: np.ndarray


def evaluate(
    sim: Simulator,
    variables: Variables | Mapping[str, Any],
    data: Dataset,
    *,
    batch_size: int,
    key: jax.Array | None = None,
    steps: int | None = None,
    loss: str | Callable[..., jax.Array] | None = None,
    decoder: str | None = None,
) -> Evaluation:
    """Run every sample of a data set, and compare the answers with the labels.

    The last batch is filled up with copies of its last sample, which count for nothing. Every batch starts from the
    initial state. The same key gives the same numbers; the spikes of a random coding depend on the batch size.

    Args:
        sim: the simulator.
        variables: the parameters, or variables that hold them, such as `fit(...).variables`.
        data: samples and labels.
        batch_size: samples of a run.
        key: random key; `jax.random.key(0)` by default.
        steps: number of steps; may be left out where an input has a time axis.
        loss: name or function of a loss `(output, labels) -> scalar`, or `None`.
        decoder: name of the output; may be left out where there is one only.

    Raises:
        ValueError: data or variables that do not fit the network, or lie outside its bounds; parameters alone, where
            constants are random or something is learned besides them.

    Example:
        >>> import jax, numpy as np, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer, weight=np.eye(2))
        ...     counts = sj.Decoder(dec_target=layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> data = sj.data.Dataset({"image": np.eye(2)[[0, 1, 1]]}, np.array([0, 1, 0]))
        >>> result = evaluate(sim, sim.init(jax.random.key(0)), data, batch_size=2, steps=5)
        >>> round(result.accuracy, 2), result.predictions.tolist()
        (0.67, [0, 1, 1])
    """
    batch_size = whole(batch_size, "batch_size")
    task, arrays = prepare(sim, data, loss=loss, decoder=decoder, steps=steps)
    key = jax.random.key(0) if key is None else key
    return evaluate_arrays(task, variables_for(sim, variables, batch_size, key), arrays, batch_size, key)


def variables_for(
    sim: Simulator, given: Variables | Mapping[str, Any], batch_size: int, key: jax.Array
) -> Variables:
    """Variables before the first step, with the parameters, constants and all that goes on of those that were given."""
    fresh = sim.init(key, batch_size)
    if not isinstance(given, Variables):
        for v in sim.program.of_role("constant"):
            if not isinstance(v.init, Constant | Given):
                raise ValueError(f"constant '{v.name}' is random: give the Variables that hold it, not parameters alone.")
        for v in sim.program.of_role("plastic"):
            raise ValueError(f"plastic '{v.name}' is learned: give the Variables that hold it, not parameters alone.")
        given = dataclasses.replace(fresh, params=dict(given))
    for part, needed in (("constants", fresh.constants), ("plastic values", fresh.plastic)):
        names = given.constants if part == "constants" else given.plastic
        if set(names) != set(needed):
            raise ValueError(f"the {part} are named {sorted(needed)}, but {sorted(names)} were given.")
    new = dataclasses.replace(fresh.with_params(given.params), constants=given.constants)
    new = going_on(sim.program, new, lasting(sim.program, given))
    check_bounds(sim.program, {**new.params, **new.plastic, **new.constants})
    return new


def evaluate_arrays(
    task: Task, variables: Variables, arrays: Arrays, batch_size: int, key: jax.Array
) -> Evaluation:
    """`evaluate` of checked data."""
    assert arrays.labels is not None
    measured = _measure(task, responses(task, variables, arrays, batch_size, key), arrays.labels)
    right, loss, predictions = jax.device_get(measured)
    return Evaluation(float(right), None if loss is None else float(loss), predictions)


def responses(task: Task, variables: Variables, arrays: Arrays, batch_size: int, key: jax.Array) -> jax.Array:
    """What the decoder says of every sample, `[N, ...]`."""
    count = len(arrays)
    outputs = []
    for number, first in enumerate(range(0, count, batch_size)):
        # Copies of a sample of the same batch change nothing for codings that look at a whole batch, such as latency.
        index = np.minimum(np.arange(first, first + batch_size, dtype=np.int32), count - 1)
        outputs.append(_outputs(task, variables, arrays, index, key, np.int32(number)))
    return jnp.concatenate(outputs)[:count]


@functools.partial(jax.jit, static_argnames=("task",))
def _outputs(
    task: Task, variables: Variables, arrays: Arrays, index: jax.Array, key: jax.Array, number: jax.Array
) -> jax.Array:
    return task.output(variables, task.take(arrays, index).inputs, jax.random.fold_in(key, number))


@functools.partial(jax.jit, static_argnames=("task",))
def _measure(task: Task, outputs: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array | None, jax.Array]:
    loss = None if task.loss is None else task.loss(outputs, labels)
    predictions = jnp.where(jnp.isnan(outputs).any(1), -1, jnp.argmax(outputs, 1).astype(jnp.int32))
    return accuracy(outputs, labels), loss, predictions
