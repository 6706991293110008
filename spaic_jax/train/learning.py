"""Learning without labels or loss: samples are presented, and what the network's own rules do in the step is kept."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Generator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from spaic_jax._numbers import whole
from spaic_jax.coding.decoders import vote
from spaic_jax.data import Dataset
from spaic_jax.program import Program
from spaic_jax.run import Result, Simulator, Variables
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.activity import activity, spiking, warn_of_activity
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.assignment import assign_labels, class_shares
from spaic_jax.train.callbacks import OnEpoch
from spaic_jax.train.evaluation import evaluate_arrays, responses, variables_for
from spaic_jax.train.fitting import first_variables, starting_state, trained
from spaic_jax.train.keys import epoch_keys, evaluation_key
from spaic_jax.train.loop import Training, shuffled
from spaic_jax.train.metrics import accuracy
from spaic_jax.train.prepare import decoders_of, prepared
from spaic_jax.train.progress import Report
from spaic_jax.train.state import FitResult, TrainingDiverged, TrainState
from spaic_jax.train.stream import Part, parts
from spaic_jax.train.task import Task

#: How often an epoch reports, and looks whether all is finite.
_REPORTS = 100

#: Presentations in which nothing learns do not depend on each other: so many are run at once, at least.
_AT_ONCE = 100

_ADVICE = "a lower learning rate or a smaller batch_size, or bounds of the weights (w_min, w_max)"


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
    task, arrays = prepare_learning(sim, data, decoder=decoder, steps=steps)
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
    sim: Simulator, data: Dataset, *, decoder: str | None, steps: int | None
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
    task, arrays = prepared(sim, data, voter, steps, "the training data")
    if voter and not task.classes:
        raise ValueError(f"the training data: decoder '{voter}' votes for classes, which need integers [N], not targets to regress.")
    return task, arrays


def learned(program: Program) -> list[str]:
    """The plastic values that rules write."""
    program = program.in_mode(learning=True)
    rows = program.rows_of((*program.ops, *program.begin_ops, *program.end_ops))
    written = {name for op in rows for name in op.outputs}
    return [v.name for v in program.of_role("plastic") if v.name in written]


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
    first = first_variables(sim, arrays, epochs, batch_size, key, variables)
    state = starting_state(sim, first, optax.identity(), start)
    frozen = variables_for(sim, first, evaluated_at_once(batch_size), key)
    loop = Presentations(
        task=task, arrays=arrays, test=test, validation=validation, rest=first, frozen=frozen, batch_size=batch_size, key=key
    )
    state, history = loop.run(state, epochs, on_epoch, progress)
    return FitResult(trained(sim, first, state), state, history)


def evaluated_at_once(batch_size: int) -> int:
    """How many samples `learn` presents at once while nothing learns."""
    return max(batch_size, _AT_ONCE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Presentations(Training):
    """Learning by the network's own rules; `frozen` are variables of the batch size of evaluations."""

    frozen: Variables

    def epoch(self, state: TrainState, epoch: int, report: Report) -> tuple[TrainState, dict[str, Any]]:
        order_key, run_key = epoch_keys(self.key, epoch)
        order = shuffled(order_key, len(self.arrays))
        rest = dataclasses.replace(self.rest, params=state.params)
        carried, program = state.plastic, self.task.sim.program
        nothing = np.zeros(2 + len(spiking(program)), np.float32)
        done, sums = nothing.astype(np.float64), nothing
        with contextlib.closing(self._stretches(order)) as stretches:
            for part, begin, end, whole_one in stretches:
                carried, sums, beyond = present(
                    self.training, self.batch_size, carried, sums, rest, part.arrays, part.order, part.first, run_key,
                    np.int32(begin), np.int32(end),
                )
                sums, seen = jax.device_get((sums, beyond))
                _check(epoch, seen)
                so_far = done + sums
                if whole_one:
                    done, sums = so_far, nothing
                change, spikes = (so_far[:2] / end).tolist()
                report(epoch, (epoch - 1) * self.updates + end, f"change {change:.2e}  spikes {spikes:.1f}")
        if epoch == 1:
            warn_of_activity(program, done[2:] / self.updates)
        row: dict[str, Any] = {"epoch": epoch, "change": change, "spikes": spikes}
        if self.task.decoder:
            carried, row["accuracy"] = self._assigned(state.params, carried)
        for name, arrays in self.held_out.items():
            variables = self._evaluated(state.params, carried)
            row[f"{name}_accuracy"] = evaluate_arrays(
                self.task, variables, arrays, evaluated_at_once(self.batch_size), evaluation_key(self.key)
            ).accuracy
        return TrainState(state.params, state.opt_state, epoch, carried), row

    @functools.cached_property
    def training(self) -> Task:
        """The task with the network as it is while it learns."""
        return dataclasses.replace(self.task, sim=self.task.sim.train())

    def _stretches(self, order: jax.Array) -> Generator[tuple[Part, int, int, bool], None, None]:
        """The presentations of an epoch between two reports: their data, the first, the one after the last, and whether a
        stretch ends there, and not only the data at hand: sums are rounded alike however much of it that is."""
        chunk = math.ceil(self.updates / _REPORTS)
        with contextlib.closing(parts(self.task, self.arrays, order, self.batch_size)) as all_parts:
            for part in all_parts:
                begin = part.updates.start
                while begin < part.updates.stop:
                    end = min(begin - begin % chunk + chunk, part.updates.stop)
                    yield part, begin, end, end % chunk == 0 or end == self.updates
                    begin = end

    def _evaluated(self, params: dict[str, jax.Array], carried: dict[str, jax.Array]) -> Variables:
        return going_on(self.task.sim.program, dataclasses.replace(self.frozen, params=params), carried)

    def _assigned(self, params: dict[str, jax.Array], carried: dict[str, jax.Array]) -> tuple[dict[str, jax.Array], float]:
        """What goes on with the neurons' classes, and the accuracy of their vote on the data that gave them these."""
        assignment = f"{self.task.decoder}.assignment"
        counting = dataclasses.replace(self.task, decoder=f"{self.task.decoder}.counts")
        variables = self._evaluated(params, carried)
        counts = responses(counting, variables, self.arrays, evaluated_at_once(self.batch_size), evaluation_key(self.key))
        assign = assign_labels if carried[assignment].ndim == 1 else class_shares
        assert self.arrays.labels is not None
        assigned = assign(counts, self.arrays.labels, self.task.classes).astype(carried[assignment].dtype)
        carried = carried | {assignment: assigned}
        scores = vote(counts, assigned, classes=self.task.classes)
        return carried, float(accuracy(scores, self.arrays.labels))


@functools.partial(jax.jit, static_argnums=(0, 1), donate_argnums=(2,))
def present(
    task: Task,
    batch_size: int,
    carried: dict[str, jax.Array],
    sums: jax.Array,
    rest: Variables,
    arrays: Arrays,
    order: jax.Array,
    first: jax.Array,
    key: jax.Array,
    begin: jax.Array,
    end: jax.Array,
) -> tuple[dict[str, jax.Array], jax.Array, dict[str, jax.Array]]:
    """The presentations `begin` to `end` of an epoch.

    Returns:
        What goes on after them; `sums` with what was measured added: the change of a weight, spikes of a sample, and the
        spike rate of each group; and for each variable the first presentation in which it was beyond any sense, or -1.
    """
    program, names = task.sim.program, learned(task.sim.program)
    size = sum(math.prod(program.by_name[name].shape) for name in names)

    def shown(number: jax.Array, carried: dict[str, jax.Array]) -> tuple[Result, Any]:
        batch = task.take(arrays, jax.lax.dynamic_slice_in_dim(order, (number - first) * batch_size, batch_size))
        result = task.run(going_on(program, rest, carried), batch, jax.random.fold_in(key, number))
        return result, task.steps if batch.lengths is None else batch.lengths.mean()

    def body(number: jax.Array, carry: Any) -> Any:
        carried, sums, seen = carry
        result, steps = shown(number, carried)
        new = lasting(program, result.variables)
        change = sum(jnp.abs(new[name] - carried[name]).sum(dtype=jnp.float32) for name in names) / size
        spikes = sum(_neurons(program, name) * steps * rate for name, rate in result.health.spike_rate.items())
        beyond = {name: jnp.where((seen[name] < 0) & ~fine, number, seen[name]) for name, fine in result.health.finite.items()}
        more = jnp.concatenate([jnp.stack([change, jnp.float32(spikes)]), activity(result.health)])
        return new, sums + more, beyond

    finite = jax.eval_shape(lambda: shown(begin, carried)[0].health.finite)
    moved: tuple[dict[str, jax.Array], jax.Array, dict[str, jax.Array]]
    moved = jax.lax.fori_loop(begin, end, body, (carried, sums, {name: jnp.int32(-1) for name in finite}))
    return moved


def _neurons(program: Program, spikes: str) -> int:
    """The number of neurons of a group, by the name of its spikes."""
    return math.prod(program.struct(program.recorded_read(spikes), 1).shape)


def _check(epoch: int, beyond: dict[str, Any]) -> None:
    """TrainingDiverged where a variable went beyond any sense; it names that of the first presentation."""
    seen = sorted((int(number), name) for name, number in beyond.items() if number >= 0)
    if seen:
        number, name = seen[0]
        what = f"'{name}' holds NaN, infinite or absurdly large values"
        raise TrainingDiverged(epoch, number + 1, what, name, _ADVICE)
