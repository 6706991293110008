"""Training a network on labelled data."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax
from jax.sharding import Mesh

from spaic_jax._keys import check_key
from spaic_jax._numbers import whole
from spaic_jax.data import Dataset
from spaic_jax.distributed import Layout
from spaic_jax.gradients import Gradient, differentiated
from spaic_jax.run import Simulator, Variables
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.augment import Augment
from spaic_jax.train.callbacks import OnEpoch
from spaic_jax.train.loop import Epochs
from spaic_jax.train.mixed import Half, computed_in
from spaic_jax.train.prepare import layout_for, prepare
from spaic_jax.train.start import first_variables, starting_state, trained
from spaic_jax.train.state import FitResult, TrainState
from spaic_jax.train.step import Update
from spaic_jax.train.task import Task


def fit(
    sim: Simulator,
    loss: str | Callable[..., jax.Array],
    optimizer: optax.GradientTransformation,
    data: Dataset,
    *,
    epochs: int,
    batch_size: int,
    key: jax.Array,
    steps: int | None = None,
    decoder: str | None = None,
    test: Dataset | None = None,
    validation: Dataset | None = None,
    gradient: str | Gradient = "bptt",
    variables: Variables | None = None,
    start: TrainState | None = None,
    on_epoch: OnEpoch | None = None,
    augment: Augment | None = None,
    compute: Half | None = None,
    mesh: Mesh | Layout | None = None,
    progress: bool = True,
) -> FitResult:
    """Train a network on labelled data with surrogate gradients: through time, or forwards in time.

    Each epoch draws a new order of the samples and makes `N // batch_size` updates, one for each full batch; the
    samples that are left over come in another epoch. The data stays on the device, and one compiled step, whose
    parameters and optimizer state are updated in place, gathers its batch there. After each update parameters with
    bounds (`w_min`, `varible_ranges`) are clipped to them. The network runs as `sim.train()` does; plastic values, such as
    the running means of batch normalisation, and states that stay, of which the samples' mean, go on from update to update.

    The data's labels say what the output is held to: one class a sample, `[N]`; one a step, `[T, N]`, by a decoder of every
    step, such as `"v_t"`; or targets of the output's own shape. An output `[T, B, C]` goes with one class a sample too where
    the loss reads scores over time, as `"membrane_cross_entropy"` does.

    A row of the history holds `epoch`, `loss`, `accuracy` where there are classes, `seconds`, and where there is a test set
    `test_loss` and `test_accuracy`, or of targets `test_mean_squared_error` and `test_r2`; likewise of a validation set,
    `validation_loss` and so on. Loss and accuracy of the training data are means over the epoch's batches, each taken before
    its update.

    Numbers depend on the key, the data and the arguments only: a training that is stopped and resumed with `start`
    ends with the same bits.

    Over many steps, or with a wide surrogate gradient, what flows back through the resets and the adaptation of neurons
    can grow from step to step until it is infinite. A training stops at the update where its loss, a state, a gradient
    or a parameter is NaN, infinite, or so large that its square is (1e19), and says which one and where. What helps, in
    this order: a narrower surrogate gradient (a larger `alpha`); no gradient through the reset (`detach_reset=True` of
    the model); clipped gradients (`optax.chain(optax.clip_by_global_norm(1.0), optax.adam(...))`); a lower learning
    rate; fewer steps between detached states (`Variables.detach`). Updates that are not finite are skipped instead by
    `optax.apply_if_finite`.

    Args:
        sim: the simulator.
        loss: name (see `spaic_jax.train.LOSSES`) or function of a loss `(output, labels) -> scalar`; settings are bound by
            `functools.partial`. One with a keyword `result` is given the run's `Result`, with the rows of its monitors.
        optimizer: any `optax.GradientTransformation`.
        data: training data.
        epochs: number of epochs in all, those before a resumption included.
        batch_size: samples of an update.
        key: random key of the first parameters, the order of samples and random codings.
        steps: number of steps of a run; may be left out where an input has a time axis.
        decoder: name of the output; may be left out where there is one only.
        test: data to evaluate after each epoch; it has no influence on the training.
        validation: more of it, for an `on_epoch` that chooses an epoch, such as `spaic_jax.train.EarlyStopping`.
        gradient: how gradients are formed: name of a gradient (see `spaic_jax.gradients.GRADIENTS`), or the gradient itself,
            such as `EProp()`, whose memory does not grow with the number of steps.
        variables: parameters and constants to start from; drawn from the key by default.
        start: state to resume from, such as a checkpoint's or the one `on_epoch` got.
        on_epoch: called after each epoch with its state and its row of the history; `spaic_jax.train.STOP`, given back, ends
            the training after that epoch.
        augment: changes each batch before it is run, in the compiled update: a pure function
            `(key, inputs, labels) -> (inputs, labels)` of a random key, the inputs by name, `[T, B, *shape]` or
            `[B, *shape]` in the dtypes of the network, and the labels; shapes stay. Data that is evaluated is not changed.
        compute: `"bfloat16"` or `"float16"`: runs store potentials, currents and weights in it (see `Program.astype`), while the
            parameters that are trained, and the optimizer's state, stay as they are in float32. In float16 the loss is
            scaled, so that small derivatives come through. The test data is evaluated, and the result runs, in float32.
        mesh: devices that share out each batch, as of `spaic_jax.place`; the numbers are those of one device, but for the rounding
            of sums over samples. `on_epoch` gets whole arrays on one device; in each process, where there are
            several, but for rows of parameters that these share out, which stay where they lie.
        progress: whether to show a progress bar, which needs the extra `progress`.

    Raises:
        ValueError: data, labels, sizes or a state that do not fit, in one sentence.
        TypeError: an argument of another type.
        TrainingDiverged: the loss, a state, a gradient or a parameter became NaN, infinite or beyond any sense; it names
            the first one. It is seen one update late, so that the device need not wait for the host, but before
            `on_epoch` hears of that epoch.
        ImportError: when a progress bar is wanted and rich is not installed.

    Example:
        >>> import jax, numpy as np, optax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer, w_std=0.5)
        ...     counts = sj.Decoder(dec_target=layer)
        >>> data = sj.data.Dataset({"image": np.eye(2)[[0, 1] * 8]}, np.array([0, 1] * 8))
        >>> result = fit(
        ...     sj.build(net, dt=1.0), "count_cross_entropy", optax.adam(0.1), data, epochs=5, batch_size=4,
        ...     key=jax.random.key(0), steps=5, progress=False,
        ... )
        >>> result.epoch, result.history[-1]["accuracy"]
        (5, 1.0)
    """
    prepared = prepare_fit(sim, loss, optimizer, data, epochs, batch_size, steps, decoder, test, validation, gradient, mesh)
    training = training_from(
        prepared.sim, prepared.task, optimizer, prepared.arrays, epochs=prepared.epochs, batch_size=prepared.batch_size, key=key,
        test=prepared.test, validation=prepared.validation, variables=variables, start=start, augment=augment, compute=compute,
    )
    return training.run(prepared.epochs, on_epoch, progress)


class Prepared(NamedTuple):
    """What is trained on what, checked."""

    sim: Simulator
    task: Task
    arrays: Arrays | Stored
    test: Arrays | Stored | None
    validation: Arrays | Stored | None
    epochs: int
    batch_size: int


def prepare_fit(
    sim: Simulator,
    loss: str | Callable[..., jax.Array],
    optimizer: optax.GradientTransformation,
    data: Dataset,
    epochs: int,
    batch_size: int,
    steps: int | None,
    decoder: str | None,
    test: Dataset | None,
    validation: Dataset | None,
    gradient: str | Gradient,
    mesh: Mesh | Layout | None = None,
) -> Prepared:
    """Check the arguments of `fit`."""
    if not isinstance(optimizer, optax.GradientTransformation):
        raise TypeError(f"the optimizer must be an optax.GradientTransformation, not {type(optimizer).__name__}.")
    if not callable(loss) and not isinstance(loss, str):
        raise TypeError(f"the loss must be a name or a function, not {type(loss).__name__}.")
    # What can be told of numbers alone is told before the data is looked at.
    counts = {"epochs": whole(epochs, "epochs"), "batch_size": whole(batch_size, "batch_size")}
    if isinstance(sim, Simulator):
        sim = differentiated(sim, gradient)
    layout = layout_for(mesh, counts["batch_size"])
    task, arrays = prepare_training(sim, data, loss=loss, decoder=decoder, steps=steps, layout=layout)
    held_out = None if test is None else task.arrays(test, "the test data")
    chosen_by = None if validation is None else task.arrays(validation, "the validation data")
    return Prepared(sim, task, arrays, held_out, chosen_by, **counts)


def prepare_training(
    sim: Simulator,
    data: Dataset,
    *,
    loss: str | Callable[..., jax.Array],
    decoder: str | None,
    steps: int | None,
    layout: Layout | None = None,
) -> tuple[Task, Arrays | Stored]:
    """Check training data against a network that is trained by gradient, and put it on the device.

    Raises:
        ValueError: one sentence about the first thing that does not fit.
        TypeError: `sim` or `data` of another type.
    """
    task, arrays = prepare(sim, data, loss=loss, decoder=decoder, steps=steps, what="the training data", layout=layout)
    if not sim.program.of_role("parameter"):
        raise ValueError("nothing in the network is trained by gradient; what learns by rules alone needs no loss: spaic_jax.train.learn.")
    return task, arrays


class Begun(NamedTuple):
    """A training by gradient, before its first update.

    Attributes:
        sim: what is trained.
        first: the variables before the first step of a run.
        loop: its epochs.
        state: what it starts from, in arrays that may be overwritten.
    """

    sim: Simulator
    first: Variables
    loop: Epochs
    state: TrainState

    def run(self, epochs: int, on_epoch: OnEpoch | None, progress: bool) -> FitResult:
        """Carry it out."""
        return self.result(*self.loop.run(self.state, epochs, on_epoch, progress))

    def result(self, state: TrainState, history: list[dict[str, Any]]) -> FitResult:
        """What it gives back when it has come to a state."""
        return FitResult(trained(self.sim, self.first, state), state, history)


def training_from(
    sim: Simulator,
    task: Task,
    optimizer: optax.GradientTransformation,
    arrays: Arrays | Stored,
    *,
    epochs: int,
    batch_size: int,
    key: jax.Array,
    test: Arrays | Stored | None = None,
    validation: Arrays | Stored | None = None,
    variables: Variables | None = None,
    start: TrainState | None = None,
    augment: Augment | None = None,
    compute: Half | None = None,
) -> Begun:
    """The beginning of a training by gradient on checked data."""
    check_key(key)
    first = first_variables(sim, arrays, epochs, batch_size, key, variables, task.layout)
    state = starting_state(sim, first, optimizer, start, task.layout)
    loop = Epochs(
        task=task, update=update_of(task, optimizer, batch_size, augment, compute), arrays=arrays, test=test, validation=validation,
        rest=dataclasses.replace(first, params={}), batch_size=batch_size, key=key,
    )
    return Begun(sim, first, loop, state)


def update_of(
    task: Task, optimizer: optax.GradientTransformation, batch_size: int, augment: Augment | None, compute: Half | None
) -> Update:
    """What is done in each update.

    Raises:
        ValueError: an unknown precision.
        TypeError: an augmentation that is no function.
    """
    if augment is not None and not callable(augment):
        raise TypeError(f"augment must be a function (key, inputs, labels) -> (inputs, labels), not {type(augment).__name__}.")
    training = dataclasses.replace(task, sim=computed_in(task.sim, compute).train())
    return Update(training, optimizer, batch_size, augment, scaled=compute == "float16")
