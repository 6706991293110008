"""Learning without labels or loss: samples are presented, and what the network's own rules do in the step is kept."""

import jax
import optax
from jax.sharding import Mesh

from spaic_jax._numbers import whole
from spaic_jax.data import Dataset
from spaic_jax.distributed import Layout
from spaic_jax.run import Simulator, Variables
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.callbacks import OnEpoch
from spaic_jax.train.evaluation import laid_for
from spaic_jax.train.keys import initial_key
from spaic_jax.train.prepare import decoders_of, layout_for, prepared
from spaic_jax.train.presentations import Presentations, evaluated_at_once, learned
from spaic_jax.train.start import first_variables, starting_state, trained
from spaic_jax.train.state import FitResult, TrainState
from spaic_jax.train.task import Task


def learn(
    sim: Simulator,
    data: Dataset,
    *,
    epochs: int,
    batch_size: int,
    key: jax.Array,
    steps: int | None = None,
    decoder: str | None = None,
    test: Dataset | None = None,
    validation: Dataset | None = None,
    variables: Variables | None = None,
    start: TrainState | None = None,
    on_epoch: OnEpoch | None = None,
    mesh: Mesh | Layout | None = None,
    progress: bool = True,
) -> FitResult:
    """Present samples to a network that learns by its own rules, without labels, loss or gradient.

    Each epoch draws a new order of the samples and presents them one after the other, `batch_size` at once; samples that
    are left over come in another epoch. Each presentation is a run of `sim.train()` that starts afresh, but for what goes on
    from one to the next: plastic values, such as the weights of a connection with `plasticity`, and states that stay, such
    as an adapting threshold. Rules say themselves how they take the samples of a batch together (their sum, by default);
    of a state that stays, which each sample changes for itself, the mean goes on. Parameters are not changed. Many
    presentations are one compiled loop.

    With a decoder `coding_method="vote"`, its neurons are assigned to classes after each epoch, from their responses to the
    training data while nothing learns; labels are used for that alone, and those of the test data for nothing but its
    accuracy. Without one, the data needs no labels.

    A row of the history holds `epoch`; `change`, by how much a presentation changed a weight that learns, in the mean;
    `spikes`, of all spiking groups in a presentation of a sample; with a vote `accuracy`, of the training data after the
    epoch, and `test_accuracy` and `validation_accuracy`, where there is such data; and `seconds`.

    Numbers depend on the key, the data and the arguments only: a training that is stopped and resumed with `start` ends
    with the same bits.

    Args:
        sim: the simulator.
        data: training data.
        epochs: number of epochs in all, those before a resumption included.
        batch_size: samples that are presented at once; rules and thresholds see what was learned from earlier ones only.
        key: random key of the first values, the order of samples and random codings.
        steps: number of steps of a presentation; may be left out where an input has a time axis.
        decoder: name of the decoder that votes; may be left out where there is one only.
        test: data to evaluate after each epoch; it has no influence on what is learned.
        validation: more of it, for an `on_epoch` that chooses an epoch, such as `spaic_jax.train.EarlyStopping`.
        variables: variables to start from; drawn from the key by default.
        start: state to resume from, such as a checkpoint's or the one `on_epoch` got.
        on_epoch: called after each epoch with its state and its row of the history; `spaic_jax.train.STOP`, given back, ends
            the training after that epoch.
        mesh: devices that share out the samples that are presented at once, as of `fit`.
        progress: whether to show a progress bar, which needs the extra `progress`.

    Raises:
        ValueError: a network in which nothing learns; data, labels, sizes or a state that do not fit, in one sentence.
        TypeError: an argument of another type.
        TrainingDiverged: a state or weight became NaN, infinite or beyond any sense; it names the first one.
        ImportError: when a progress bar is wanted and rich is not installed.

    Source: Diehl and Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity, Frontiers in
    Computational Neuroscience 9 (2015).

    Example:
        >>> import jax, numpy as np, spaic_jax as sj
        >>> from spaic_jax.plasticity import STDP
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="lif", v_th=0.5)
        ...     synapses = sj.Connection(image, layer, weight=[[0.6, 0.2], [0.2, 0.6]], w_max=1.0, plasticity=STDP())
        ...     decision = sj.Decoder(dec_target=layer, coding_method="vote", classes=2)
        >>> data = sj.data.Dataset({"image": np.eye(2)[[0, 1] * 8]}, np.array([1, 0] * 8))
        >>> sim = sj.build(net, dt=1.0)
        >>> result = learn(sim, data, epochs=1, batch_size=1, key=jax.random.key(0), steps=5, progress=False)
        >>> result.variables["decision.assignment"].tolist(), result.history[-1]["accuracy"]
        ([1, 0], 1.0)
    """
    counts = {"epochs": whole(epochs, "epochs"), "batch_size": whole(batch_size, "batch_size")}
    layout = layout_for(mesh, counts["batch_size"])
    task, arrays = prepare_learning(sim, data, decoder=decoder, steps=steps, layout=layout)
    for given, what in ((test, "test"), (validation, "validation")):
        if given is not None and not task.decoder:
            raise ValueError(f'the {what} data is there to see how good a vote is: give the network a decoder coding_method="vote".')
    held_out = None if test is None else task.arrays(test, "the test data")
    chosen_by = None if validation is None else task.arrays(validation, "the validation data")
    return learn_arrays(
        sim, task, arrays, **counts, key=key, test=held_out, validation=chosen_by, variables=variables, start=start, on_epoch=on_epoch,
        progress=progress,
    )


def prepare_learning(
    sim: Simulator, data: Dataset, *, decoder: str | None, steps: int | None, layout: Layout | None = None
) -> tuple[Task, Arrays | Stored]:
    """Check training data against a network that learns by rules, and put it on the device.

    Raises:
        ValueError: one sentence about the first thing that does not fit.
        TypeError: `sim` or `data` of another type.
    """
    _, decoders = decoders_of(sim)
    if not learned(sim.program):
        raise ValueError("nothing in the network learns by a rule: give a connection plasticity=, such as spaic_jax.plasticity.STDP().")
    voters = [name for name in decoders if f"{name}.assignment" in sim.program.by_name]
    if decoder is None and len(voters) > 1:
        raise ValueError(f"the network has {len(voters)} decoders that vote ({', '.join(voters)}): name one, decoder=.")
    if decoder is not None and decoder not in voters:
        listed = ", ".join(voters) or "none"
        raise ValueError(f"decoder '{decoder}' is no decoder coding_method=\"vote\" of the network; those are: {listed}.")
    voter = decoder if decoder is not None else next(iter(voters), "")
    task, arrays = prepared(sim, data, voter, steps, "the training data", layout=layout)
    if voter and not task.classes:
        raise ValueError(f"the training data: decoder '{voter}' votes for classes, which need integers [N], not targets to regress.")
    return task, arrays


def learn_arrays(
    sim: Simulator,
    task: Task,
    arrays: Arrays | Stored,
    *,
    epochs: int,
    batch_size: int,
    key: jax.Array,
    test: Arrays | Stored | None = None,
    validation: Arrays | Stored | None = None,
    variables: Variables | None = None,
    start: TrainState | None = None,
    on_epoch: OnEpoch | None = None,
    progress: bool = True,
) -> FitResult:
    """`learn` of checked data."""
    layout, at_once = task.layout, evaluated_at_once(batch_size)
    first = first_variables(sim, arrays, epochs, batch_size, key, variables, layout)
    state = starting_state(sim, first, optax.identity(), start, layout)
    frozen = laid_for(task, sim, first, at_once, initial_key(key))
    loop = Presentations(
        task=task, arrays=arrays, test=test, validation=validation, rest=first, frozen=frozen, batch_size=batch_size, key=key
    )
    state, history = loop.run(state, epochs, on_epoch, progress)
    return FitResult(trained(sim, first, state), state, history)
