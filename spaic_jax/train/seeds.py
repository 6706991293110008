"""Several trainings at once that differ in their random key."""

import dataclasses
import functools
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import optax
from jax.sharding import Mesh

from spaic_jax.data import Dataset
from spaic_jax.distributed import Layout
from spaic_jax.gradients import Gradient
from spaic_jax.plan.apart import check_even, filled, layout_apart, parted, stacked
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.lasting import going_on
from spaic_jax.train.activity import warn_of_activity
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.augment import Augment
from spaic_jax.train.callbacks import OnEpoch, ends
from spaic_jax.train.divergence import check_update
from spaic_jax.train.evaluation import evaluate_each
from spaic_jax.train.fitting import prepare_fit, training_from
from spaic_jax.train.keys import epoch_keys, evaluation_key
from spaic_jax.train.loop import Epochs, Means, copied, shuffled, told
from spaic_jax.train.mixed import Half
from spaic_jax.train.progress import Report, progress_bar
from spaic_jax.train.state import DivergenceWarning, FitResult, TrainingDiverged, TrainState
from spaic_jax.train.step import Carried, train_steps
from spaic_jax.train.task import Task


def fit_seeds(
    sim: Simulator,
    loss: str | Callable[..., jax.Array],
    optimizer: optax.GradientTransformation,
    data: Dataset,
    *,
    keys: Iterable[jax.Array],
    epochs: int,
    batch_size: int,
    steps: int | None = None,
    decoder: str | None = None,
    test: Dataset | None = None,
    validation: Dataset | None = None,
    gradient: str | Gradient = "bptt",
    variables: Variables | None = None,
    start: Sequence[TrainState | None] | None = None,
    on_epoch: Sequence[OnEpoch] | None = None,
    augment: Augment | None = None,
    compute: Half | None = None,
    mesh: Mesh | None = None,
    progress: bool = True,
) -> list[FitResult]:
    """`fit` with each of several keys, all in one compiled update (`jax.vmap`), on data that is held once.

    Each result is that of `fit` with its key, up to the rounding of sums that are taken in another order: where they are not,
    it is the same to the bit. Parameters, the optimizer's state and what a run takes are there as often as there are keys.

    A training that diverges ends, with the state of its last whole epoch and `FitResult.diverged`, and a `DivergenceWarning`
    says which one it is; the others go on. So do they where a callback ends one. What is left is compiled anew, for fewer.

    Args:
        sim, loss, optimizer, data, epochs, batch_size, steps, decoder, test, validation, gradient, variables, augment, compute, progress:
            as of `fit`, the same for all.
        keys: a random key for each training, such as `jax.random.split(key, 5)`.
        start: the state that each resumes from, or `None` for one that begins; those that are behind catch up first.
        on_epoch: what is called after each epoch, for each training its own: see `fit`. `seconds` of a row are those of all
            trainings together.
        mesh: devices, whatever its axes are, each of which carries out its share of the trainings, by itself, on data of which each
            has the whole. States that are given back, and given to `on_epoch`, lie on one device, in each process.

    Returns:
        What `fit` would give back, for each key.

    Raises:
        ValueError: no keys, a number of them that cannot be shared out evenly, or another number of states or callbacks; else as
            of `fit`.
        TypeError: as of `fit`.

    Example:
        >>> import jax, numpy as np, optax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer, w_mean=0.5, w_std=0.1)
        ...     counts = sj.Decoder(dec_target=layer)
        >>> data = sj.data.Dataset({"image": np.eye(2)[[0, 1] * 8]}, np.array([0, 1] * 8))
        >>> results = fit_seeds(
        ...     sj.build(net, dt=1.0), "count_cross_entropy", optax.adam(0.1), data, epochs=5, batch_size=4,
        ...     keys=jax.random.split(jax.random.key(0), 3), steps=5, progress=False,
        ... )
        >>> [result.history[-1]["accuracy"] for result in results]
        [1.0, 1.0, 1.0]
    """
    keys, layout = list(keys), None if mesh is None else layout_apart(mesh)
    if layout is not None:
        check_even(len(keys), "trainings", layout)
    prepared = prepare_fit(sim, loss, optimizer, data, epochs, batch_size, steps, decoder, test, validation, gradient)
    return fit_seeds_arrays(
        prepared.sim, prepared.task, optimizer, prepared.arrays, keys=keys, epochs=prepared.epochs,
        batch_size=prepared.batch_size, test=prepared.test, validation=prepared.validation, variables=variables, start=start,
        on_epoch=on_epoch, augment=augment, compute=compute, layout=layout, progress=progress,
    )


def fit_seeds_arrays(
    sim: Simulator,
    task: Task,
    optimizer: optax.GradientTransformation,
    arrays: Arrays | Stored,
    *,
    keys: Sequence[jax.Array],
    epochs: int,
    batch_size: int,
    test: Arrays | Stored | None = None,
    validation: Arrays | Stored | None = None,
    variables: Variables | None = None,
    start: Sequence[TrainState | None] | None = None,
    on_epoch: Sequence[OnEpoch] | None = None,
    augment: Augment | None = None,
    compute: Half | None = None,
    layout: Layout | None = None,
    progress: bool = True,
) -> list[FitResult]:
    """`fit_seeds` of checked data and a task of one device, on the devices of a layout of `spaic_jax.plan.apart`."""
    if not keys:
        raise ValueError("keys are needed, one for each training, such as jax.random.split(key, 5).")
    for name, given in (("start", start), ("on_epoch", on_epoch)):
        if given is not None and len(given) != len(keys):
            raise ValueError(f"{name} has {len(given)} entries, but there are {len(keys)} keys: it needs one for each.")
    trainings = [
        training_from(
            sim, task, optimizer, arrays, epochs=epochs, batch_size=batch_size, key=key, test=test, validation=validation,
            variables=variables, start=None if start is None else start[number], augment=augment, compute=compute,
        )
        for number, key in enumerate(keys)
    ]
    seeds = [Seed(number, each.loop, each.state) for number, each in enumerate(trainings)]
    spread = dataclasses.replace(task, layout=layout)
    held_out = [None if data is None else spread.there(data) for data in (test, validation)]
    together = dataclasses.replace(
        seeds[0].loop, task=spread, arrays=spread.there(arrays), test=held_out[0], validation=held_out[1]
    )
    with progress_bar(progress, epochs, 0, epochs * together.updates) as report:
        for epoch in range(min(seed.state.epoch for seed in seeds) + 1, epochs + 1):
            there = [seed for seed in seeds if not seed.ended and seed.state.epoch == epoch - 1]
            if there:
                _epoch(there, together, epoch, report)
            for seed in there:
                if not seed.ended and on_epoch is not None:
                    seed.ended = ends(on_epoch[seed.number](copied(seed.state), dict(seed.history[-1])))
    return [
        dataclasses.replace(each.result(seed.state, seed.history), diverged=seed.diverged)
        for each, seed in zip(trainings, seeds, strict=True)
    ]


@dataclasses.dataclass
class Seed:
    """How far one of the trainings is.

    Attributes:
        number: which one it is.
        loop: what it does.
        state: after its last whole epoch.
        history: its rows.
        ended: whether it is over before all epochs are done.
        diverged: why, where it diverged.
    """

    number: int
    loop: Epochs
    state: TrainState
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    ended: bool = False
    diverged: TrainingDiverged | None = None

    def check(self, epoch: int, number: int, measures: dict[str, Any]) -> None:
        """Note, and say, that it has diverged, if so."""
        try:
            check_update(epoch, number, measures)
        except TrainingDiverged as error:
            self.diverged, self.ended = error, True
            warnings.warn(f"training {self.number} (of the keys, from 0) ended: {error}", DivergenceWarning, stacklevel=2)


def _epoch(seeds: list[Seed], loop: Epochs, epoch: int, report: Report) -> None:
    """An epoch of all of some trainings, on the data of `loop`; of those that come through it, the state and the history go on."""
    begin = time.perf_counter()
    layout = loop.task.layout
    several = filled(seeds, layout)
    keys = loop.task.put(stacked([seed.loop.key for seed in several], None))
    order_keys, run_keys = jax.vmap(epoch_keys, (0, None))(keys, epoch)
    orders = jax.vmap(lambda key: shuffled(key, len(loop.arrays)))(order_keys)
    means = [Means() for _ in seeds]

    def look(number: int, measures: dict[str, Any]) -> None:
        for place, (seed, mean) in enumerate(zip(seeds, means, strict=True)):
            own = jax.tree.map(lambda x, place=place: x[place], measures)
            if not seed.ended:
                seed.check(epoch, number, own)
            mean.add(own)
        report(epoch, (epoch - 1) * loop.updates + number, f"of {len(seeds)}: {means[0].words}")

    carried = stacked([(seed.state.params, seed.state.opt_state, seed.state.plastic) for seed in several], layout)
    rest = stacked([seed.loop.rest for seed in several], layout)
    step = functools.partial(train_steps, loop.update, layout)
    carried = loop.carry_out(step, carried, rest, orders, run_keys, look)
    rows = _tested(loop, carried, rest, keys)
    for place, (seed, mean, new) in enumerate(zip(seeds, means, parted(carried, len(seeds), layout), strict=True)):
        if seed.ended:
            continue
        if epoch == 1:
            warn_of_activity(loop.task.sim.program, mean.rates, f" of training {seed.number}")
        params, opt_state, plastic = new
        seed.state = TrainState(params, opt_state, epoch, plastic)
        row = {"epoch": epoch, **mean.row, **rows[place]}
        seed.history.append({**row, "seconds": round(time.perf_counter() - begin, 4)})


def _tested(loop: Epochs, carried: Carried, rest: Variables, keys: jax.Array) -> list[dict[str, float | None]]:
    """What the histories say of the test and validation data."""
    rows: list[dict[str, float | None]] = [{} for _ in keys]

    def one(carried: Carried, rest: Variables) -> Variables:
        return going_on(loop.task.sim.program, dataclasses.replace(rest, params=carried[0]), carried[2])

    for name, arrays in loop.held_out.items():
        variables = jax.vmap(one)(carried, rest)
        results = evaluate_each(loop.task, variables, arrays, loop.batch_size, jax.vmap(evaluation_key)(keys))
        rows = [row | told(name, result) for row, result in zip(rows, results, strict=True)]
    return rows
