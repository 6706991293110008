"""The command `train`."""

import contextlib
import dataclasses
import json
import math
import shlex
import statistics
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spaic_jax._extras import import_extra
from spaic_jax.cli.config import read_config
from spaic_jax.cli.errors import UserError, check_out, memory_errors, user_errors, write_errors
from spaic_jax.cli.experiment import Experiment, make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.interrupt import command_to_go_on, noted_interrupts
from spaic_jax.cli.many import join, lost_errors, start_local
from spaic_jax.cli.run import Run
from spaic_jax.cli.table import show
from spaic_jax.distributed import Layout, agree, first, local
from spaic_jax.plan.apart import check_even, layout_apart
from spaic_jax.plan.layout import shared_out
from spaic_jax.storage import save_weights
from spaic_jax.train.callbacks import OnEpoch
from spaic_jax.train.evaluation import Evaluation
from spaic_jax.train.fitting import training_from
from spaic_jax.train.learning import learn_arrays
from spaic_jax.train.seeds import fit_seeds_arrays
from spaic_jax.train.state import DivergenceWarning, FitResult, TrainingDiverged, TrainState


def train(
    config: str,
    changes: Sequence[str],
    out: str | None,
    seed: int | None,
    seeds: Sequence[int] | None,
    resume: bool,
    quiet: bool,
    *,
    devices: int | None = None,
    rows: int | None = None,
    local_processes: int | None = None,
    patience: int | None = None,
    coordinator: str | None = None,
    processes: int | None = None,
    process_id: int | None = None,
) -> None:
    """Train a network, and keep the run in a folder; or a run for each of several seeds.

    Args:
        config: file of the configuration.
        changes: `key=value` pairs that change it.
        out: run folder; `runs/<config>-seed<N>` when `None`. Of several seeds, the folder of their folders `seed<N>`.
        seed: changes `training.seed`.
        seeds: one run for each of these seeds, all at once, where they are trained by the gradient of a loss.
        resume: whether to go on with a run that is in the folder.
        quiet: whether to show no progress bar.
        devices: devices, of each process, that share out the seeds, or each batch of one training.
        rows: how many of all devices share out rows of weights and neurons beside.
        local_processes: processes of this machine to start and to watch instead.
        patience: seconds for which a process may do nothing; 600 when `None`.
        coordinator, processes, process_id: other processes to join, as of `spaic_jax.distributed.start`.

    Raises:
        UserError: bad input, with nothing written; or a training that diverged, with its last checkpoint kept.
        KeyboardInterrupt: with a sentence that says how to go on.
    """
    number = seed if seeds is None else seeds[0]
    read = read_config(config, [*changes, *([] if number is None else [f"training.seed={number}"])])
    names = [read.training.seed] if seeds is None else seeds
    default = Path("runs")
    paths = [
        default / f"{Path(config).stem}-seed{number}" if out is None else Path(out) if seeds is None else Path(out) / f"seed{number}"
        for number in names
    ]
    for path in paths:
        check_out(path)
    how = command_to_go_on(
        "train", config, set=changes, seed=seed, seeds=None if seeds is None else ",".join(map(str, seeds)), out=out, devices=devices, rows=rows, patience=patience,
        coordinator=coordinator, processes=processes, process_id=process_id, local_processes=local_processes,
    )
    folders = [RunFolder(path) for path in paths]
    if seeds is not None and rows is not None:
        raise UserError("--seeds shares out whole trainings: leave out --rows.")
    if local_processes is not None:
        check_extras(quiet)
        for folder in folders:
            folder.check_free(resume)
        return start_local(how, local_processes, patience, resume, quiet, (coordinator, processes, process_id))
    layout = join(devices, rows, coordinator, processes, process_id, patience)
    quiet = quiet or not first()
    try:
        check_extras(quiet)
        # What learns by rules is trained one after the other.
        apart = layout_of_seeds(layout, seeds) if seeds is not None and read.training.loss is not None else None
        experiment = make_experiment(read, config, layout if apart is None else None)
        experiments = [experiment.seeded(number) for number in names]
        for folder, each in zip(folders, experiments, strict=True):
            # Of several runs some may have begun when they were stopped.
            folder.check(each.resolved, resume)
        with user_errors():
            # None of them begins, or writes, before all have looked.
            agree(json.dumps([each.resolved for each in experiments], sort_keys=True), "configuration")
        with lost_errors(how):
            results = trained(experiments, folders, config, resume, quiet, apart)
        finished = [result for result in results if isinstance(result, Finished)]
        if first() and finished and seeds is not None:
            _show(finished, config)
        elif first() and finished:
            print(f"test {finished[0].tested.words} {finished[0].when}, kept in {finished[0].run.folder.path}")
    except KeyboardInterrupt:
        begun = any(folder.config.is_file() for folder in folders)
        raise KeyboardInterrupt(
            f"interrupted; go on with: {shlex.join(how)}" if begun else "interrupted; nothing was written."
        ) from None
    if diverged := [result for result in results if isinstance(result, str)]:
        raise UserError("; ".join(diverged))


def layout_of_seeds(layout: Layout | None, seeds: Sequence[int]) -> Layout | None:
    """How several trainings are spread over the devices of a layout; UserError where they cannot be, evenly."""
    if layout is None:
        return None
    apart = layout_apart(layout.mesh)
    with user_errors("--seeds"):
        check_even(len(seeds), "seeds", apart)
    return apart


def check_extras(quiet: bool) -> None:
    """UserError where a package is missing that a run would need in the end."""
    with user_errors():
        for module, purpose in (("safetensors", "a checkpoint"), ("matplotlib", "a picture")):
            import_extra(module, purpose)
        if not quiet:
            import_extra("rich", "a progress bar (leave it out with --quiet)")


def trained(
    experiments: Sequence[Experiment], folders: Sequence[RunFolder], where: str, resume: bool, quiet: bool, apart: Layout | None
) -> list["Finished | str"]:
    """Train each of some experiments, which differ in their seed, in its folder.

    Args:
        experiments: what is trained on what.
        folders: a folder for each.
        where: the file of the configuration, for error messages.
        resume: whether to go on with runs that are there.
        quiet: whether to show no progress bar.
        apart: how they are spread over devices, where these are several.

    Returns:
        What each came to; a sentence where it diverged.
    """
    with contextlib.ExitStack() as opened:
        for experiment, folder in zip(experiments, folders, strict=True):
            if first():
                opened.enter_context(folder.open(experiment.resolved, resume))
        with memory_errors(where), noted_interrupts() as check_interrupt:
            runs = [Run(*each, check_interrupt) for each in zip(experiments, folders, strict=True)]
            with user_errors():
                agree(str([run.history for run in runs]), "checkpoint to go on with")
            results = _fitted(runs, quiet, apart)
        return [
            _finish(run, result) if isinstance(result, FitResult) else f"{result} ({run.kept()} {run.folder.path})"
            for run, result in zip(runs, results, strict=True)
        ]


def _fitted(runs: Sequence[Run], quiet: bool, apart: Layout | None) -> list[FitResult | TrainingDiverged]:
    """What each training came to: all at once, where several are trained by the gradient of a loss."""
    left = [run for run in runs if run.ended is None]
    done: dict[int, FitResult | TrainingDiverged] = {}
    if len(left) > 1 and not left[0].experiment.by_rules:
        one = left[0].experiment
        settings = one.config.training
        with warnings.catch_warnings():
            # It is said in the end.
            warnings.simplefilter("ignore", DivergenceWarning)
            results = fit_seeds_arrays(
                one.sim, one.task, one.optimizer, one.training_arrays, keys=[run.experiment.key for run in left],
                epochs=settings.epochs, batch_size=settings.batch_size, test=one.test_arrays, validation=one.validation_arrays,
                start=[run.start for run in left], on_epoch=[run.keep for run in left], augment=one.augment,
                compute=settings.compute, layout=apart, progress=not quiet,
            )
        done = {id(run): result.diverged or result for run, result in zip(left, results, strict=True)}
    return [done[id(run)] if id(run) in done else _alone(run, quiet) for run in runs]


def _alone(run: Run, quiet: bool) -> FitResult | TrainingDiverged:
    """What one training came to, which may have ended before."""
    if (ended := run.ended) is not None:
        return fit(run.experiment, ended.epoch, ended)
    try:
        return fit(run.experiment, run.experiment.config.training.epochs, run.start, on_epoch=run.keep, progress=not quiet)
    except TrainingDiverged as error:
        return error


def fit(
    experiment: Experiment, epochs: int, start: TrainState | None, *, on_epoch: OnEpoch | None = None, progress: bool = False
) -> FitResult:
    """A training of what a configuration stands for, by the gradient of its loss or by rules."""
    sim, task, arrays, settings = experiment.sim, experiment.task, experiment.training_arrays, experiment.config.training
    how: dict[str, Any] = {
        "epochs": epochs, "batch_size": settings.batch_size, "key": experiment.key, "test": experiment.test_arrays,
        "validation": experiment.validation_arrays, "start": start,
    }
    if experiment.by_rules:
        return learn_arrays(sim, task, arrays, **how, on_epoch=on_epoch, progress=progress)
    training = training_from(sim, task, experiment.optimizer, arrays, **how, augment=experiment.augment, compute=settings.compute)
    return training.run(epochs, on_epoch, progress)


@dataclasses.dataclass(frozen=True)
class Finished:
    """A run that is whole.

    Attributes:
        run: the run.
        when: which epoch is kept, in words.
        epoch: its number.
        tested: what it makes of the test data.
    """

    run: Run
    when: str
    epoch: int
    tested: Evaluation

    @property
    def measures(self) -> dict[str, float]:
        """The numbers of the test data by name, such as `"test accuracy"`."""
        loss = {} if self.tested.loss is None or math.isnan(self.tested.loss) else {"loss": self.tested.loss}
        return {f"test {name.replace('_', ' ')}": value for name, value in (self.tested.measures | loss).items()}


def _finish(run: Run, result: FitResult) -> Finished:
    """Evaluate what was trained, and write all but the checkpoints."""
    experiment, folder = run.experiment, run.folder
    best = run.best(result.state)
    if best.epoch != result.epoch:
        result = fit(experiment, best.epoch, best)
    tested = experiment.evaluate(result.variables)
    finished = Finished(run, f"after epoch {result.epoch}{run.choice}", result.epoch, tested)
    with write_errors(folder.path):
        if first():
            folder.write_metrics(run.history)
        if run.writes:
            save_weights(folder.weights, experiment.sim, result.variables, result.epoch)
    layout, variables = experiment.task.layout, result.variables
    if any(map(shared_out, variables.params.values())):
        # No process need have room for the whole.
        return finished
    variables = variables if layout is None else local(layout.collected(variables))
    if not first():
        return finished
    from spaic_jax.cli.pictures import pictures_of_training

    with write_errors(folder.path):
        for picture in pictures_of_training(experiment.alone(), variables, run.history, tested.predictions):
            picture.save(folder.path)
    return finished


def shown(name: str, value: float) -> str:
    """A measure as text.

    >>> shown("test accuracy", 0.97), shown("test loss", 0.1234567)
    ('97.00%', '0.1235')
    """
    return f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4f}"


def _show(finished: Sequence[Finished], where: str) -> None:
    """A table of several seeds, with mean and standard deviation."""
    measures = {name: [each.measures.get(name) for each in finished] for name in finished[0].measures}
    there = {name: [x for x in values if x is not None] for name, values in measures.items() if None not in values}
    rows = [
        [str(each.run.experiment.config.training.seed), str(each.epoch), *(shown(name, each.measures[name]) for name in there), str(each.run.folder.path)]
        for each in finished
    ]
    for title, of in (("mean", statistics.fmean), ("deviation", statistics.stdev)):
        if len(finished) > 1:
            rows.append([title, "", *(shown(name, of(values)) for name, values in there.items()), ""])
    show(f"{where}: {len(finished)} seeds", ["seed", "epoch", *there, "kept in"], rows)
