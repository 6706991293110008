"""How good a network is on all samples of a data set."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Generator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from spaic_jax._numbers import whole
from spaic_jax.data import Dataset
from spaic_jax.distributed import Layout, place
from spaic_jax.distributed.beat import beat
from spaic_jax.plan.layout import gathered
from spaic_jax.program import Constant, Given
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.check import check_bounds
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.losses import mean_squared_error
from spaic_jax.train.losses.base import asked_for, named
from spaic_jax.train.losses.over_time import there
from spaic_jax.train.metrics import answers, r2
from spaic_jax.train.prepare import layout_for, prepare
from spaic_jax.train.stream import Part, parts
from spaic_jax.train.task import Task


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` gives back; `None` for what has no meaning for these labels.

    Attributes:
        accuracy: share of samples, or of steps that are looked at, whose highest score is that of their label.
        loss: the loss of all samples, taken as one batch (of a loss that sees the run's `result`, the mean over batches,
            weighted by their samples); `None` where no loss was given.
        predictions: index of each sample's highest score, int32 `[N]`, or of each step's, `[T, N]`; -1 where a score is NaN.
            Of targets to regress the output itself.
        mean_squared_error: mean square of what the output lacks of its targets.
        r2: the share of the targets' variance that the output explains.
    """

    accuracy: float | None
    loss: float | None
    predictions: np.ndarray
    mean_squared_error: float | None = None
    r2: float | None = None

    @property
    def measures(self) -> dict[str, float]:
        """What tells how good the network is beside the loss, by name."""
        known = {"accuracy": self.accuracy, "mean_squared_error": self.mean_squared_error, "r2": self.r2}
        return {name: value for name, value in known.items() if value is not None}

    @property
    def words(self) -> str:
        """The measures as text.

        >>> Evaluation(0.97, None, np.zeros(0)).words
        'accuracy 97.00%'
        """
        form = {"accuracy": "accuracy {:.2%}", "mean_squared_error": "mean squared error {:.4f}", "r2": "R2 {:.4f}"}
        return ", ".join(form[name].format(value) for name, value in self.measures.items())


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
    mesh: Mesh | Layout | None = None,
) -> Evaluation:
    """Run every sample of a data set, and compare the answers with the labels, or the outputs with targets.

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
        mesh: devices that share out each batch, as of `spaic_jax.place`.

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
    layout = layout_for(mesh, batch_size)
    task, arrays = prepare(sim, data, loss=loss, decoder=decoder, steps=steps, layout=layout)
    key = jax.random.key(0) if key is None else key
    return evaluate_arrays(task, variables_for(sim, variables, batch_size, key, layout), arrays, batch_size, key)


def variables_for(
    sim: Simulator, given: Variables | Mapping[str, Any], batch_size: int, key: jax.Array, layout: Layout | None = None
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
    return new if layout is None else place(sim, new, layout)


def laid_for(task: Task, sim: Simulator, given: Variables, batch_size: int, key: jax.Array) -> Variables:
    """`variables_for` where a task is run: a batch of evaluation that its devices cannot share out evenly lies whole on each."""
    layout = task.layout
    if layout is None or batch_size % layout.shares == 0:
        return variables_for(sim, given, batch_size, key, layout)
    return layout.put(variables_for(sim, given, batch_size, key))


def evaluate_arrays(
    task: Task, variables: Variables, arrays: Arrays | Stored, batch_size: int, key: jax.Array
) -> Evaluation:
    """`evaluate` of checked data."""
    return _evaluation(jax.device_get(_measured(task, variables, arrays, batch_size, task.put(key))), len(arrays), batch_size)


def evaluate_each(
    task: Task, variables: Variables, arrays: Arrays | Stored, batch_size: int, keys: jax.Array
) -> list[Evaluation]:
    """`evaluate` of checked data for several networks: variables and keys have an axis for them in front."""

    def measured(variables: Variables, key: jax.Array) -> dict[str, jax.Array]:
        return _measured(task, variables, arrays, batch_size, key)

    found = jax.device_get(jax.tree.map(gathered, jax.vmap(measured)(variables, keys)))
    each = [{name: values[place] for name, values in found.items()} for place in range(len(keys))]
    return [_evaluation(own, len(arrays), batch_size) for own in each]


def _measured(task: Task, variables: Variables, arrays: Arrays | Stored, batch_size: int, key: jax.Array) -> dict[str, jax.Array]:
    """What an `Evaluation` is made of, by name; a pure function of variables and key."""
    assert arrays.labels is not None
    output = responses(task, variables, arrays, batch_size, key)
    measured: dict[str, jax.Array] = _measure(task, output, arrays.labels, arrays.lengths)
    if task.loss is not None and "loss" not in measured:
        measured["costs"] = _costs(task, variables, arrays, batch_size, key)
    return measured


def _evaluation(measured: dict[str, Any], count: int, batch_size: int) -> Evaluation:
    numbers: dict[str, Any] = {name: float(value) for name, value in measured.items() if name not in ("predictions", "costs")}
    if "costs" in measured:
        # In the mean over batches, weighted by their samples.
        costs = measured["costs"].astype(float)
        numbers["loss"] = float(costs @ np.diff([*range(0, count, batch_size), count])) / count
    return Evaluation(**{"accuracy": None, "loss": None, **numbers, "predictions": measured["predictions"]})


def responses(task: Task, variables: Variables, arrays: Arrays | Stored, batch_size: int, key: jax.Array) -> jax.Array:
    """What the decoder says of every sample, `[N, ...]` or `[T, N, ...]`; the key lies where the task is run."""
    with contextlib.closing(_batches(task, arrays, batch_size)) as batches:
        outputs = [
            _output(task, batch_size, variables, part.arrays, part.order, part.first, key, np.int32(number))
            for part, number in batches
        ]
    axis = int(task.timed)
    return jax.lax.slice_in_dim(jnp.concatenate(outputs, axis), 0, len(arrays), axis=axis)


def _costs(task: Task, variables: Variables, arrays: Arrays | Stored, batch_size: int, key: jax.Array) -> jax.Array:
    """The losses of the runs of all batches, of a loss that sees them."""
    costs = []
    with contextlib.closing(_batches(task, arrays, batch_size)) as batches:
        for part, number in batches:
            size = min(batch_size, len(arrays) - number * batch_size)
            costs.append(_cost(task, batch_size, size, variables, part.arrays, part.order, part.first, key, np.int32(number)))
    return jnp.stack(costs)


def _batches(task: Task, arrays: Arrays | Stored, batch_size: int) -> Generator[tuple[Part, int], None, None]:
    """The numbers of all batches, with the data that they are taken from; the last one is filled up."""
    count = len(arrays)
    # Copies of a sample of the same batch change nothing for codings that look at a whole batch, such as latency.
    order = np.minimum(np.arange(-(-count // batch_size) * batch_size, dtype=np.int32), count - 1)
    with contextlib.closing(parts(task, arrays, order, batch_size)) as all_parts:
        for part in all_parts:
            for number in part.updates:
                beat()
                yield part, number


@functools.partial(jax.jit, static_argnums=(0, 1))
def _output(
    task: Task,
    batch_size: int,
    variables: Variables,
    arrays: Arrays,
    order: jax.Array,
    first: jax.Array,
    key: jax.Array,
    number: jax.Array,
) -> jax.Array:
    batch = task.batch(arrays, order, first, number, batch_size)
    return task.whole(task.output(variables, batch, jax.random.fold_in(key, number)))


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _cost(
    task: Task,
    batch_size: int,
    size: int,
    variables: Variables,
    arrays: Arrays,
    order: jax.Array,
    first: jax.Array,
    key: jax.Array,
    number: jax.Array,
) -> jax.Array:
    batch = task.take(task.batch(arrays, order, first, number, batch_size), jnp.arange(size, dtype=jnp.int32))
    variables = jax.tree.map(lambda x, batched: x[:size] if batched else x, variables, task.sim.batched)
    return task.whole(task.cost(task.run(variables, batch, jax.random.fold_in(key, number)), batch))


@functools.partial(jax.jit, static_argnames=("task",))
def _measure(
    task: Task, output: jax.Array, labels: jax.Array, lengths: jax.Array | None
) -> dict[str, jax.Array]:
    lengths = lengths if task.timed else None
    measures = {}
    if task.loss is not None and "result" not in named(task.loss):
        measures["loss"] = task.loss(output, labels, **asked_for(task.loss, {"lengths": lengths}))
    if task.classes:
        predictions = answers("predictions", task.scores(output, lengths))
        return task.whole({**measures, **task.measures(output, labels, lengths), "predictions": predictions})
    weights = jnp.ones(output.shape[: 1 + task.timed]) if lengths is None else there(lengths, task.steps)
    error = mean_squared_error(output, labels, lengths=lengths)
    return task.whole({**measures, "mean_squared_error": error, "r2": r2(output, labels, weights), "predictions": output})
