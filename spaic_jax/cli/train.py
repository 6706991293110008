"""The command `train`."""

import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spaic_jax._extras import import_extra
from spaic_jax.cli.config import Config, Training, read_config
from spaic_jax.cli.errors import UserError, memory_errors, user_errors, write_errors
from spaic_jax.cli.experiment import Experiment, make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.interrupt import noted_interrupts
from spaic_jax.storage import save_weights
from spaic_jax.train.callbacks import OnEpoch
from spaic_jax.train.checkpoints import Checkpoints, CheckpointWarning
from spaic_jax.train.evaluation import evaluate_arrays, variables_for
from spaic_jax.train.fitting import fit_arrays as fit
from spaic_jax.train.keys import evaluation_key
from spaic_jax.train.learning import learn_arrays
from spaic_jax.train.state import FitResult, TrainingDiverged, TrainState
from spaic_jax.train.stopping import EarlyStopping


def train(
    config: str, changes: Sequence[str], out: str | None, seed: int | None, resume: bool, quiet: bool
) -> None:
    """Train a network, and keep the run in a folder.

    Args:
        config: file of the configuration.
        changes: `key=value` pairs that change it.
        out: run folder; `runs/<config>-seed<N>` when `None`.
        seed: changes `training.seed`.
        resume: whether to go on with a run that is in the folder.
        quiet: whether to show no progress bar.

    Raises:
        UserError: bad input, with nothing written; or a training that diverged, with its last checkpoint kept.
        KeyboardInterrupt: with a sentence that says how to go on.
    """
    seeded = [*changes, *([] if seed is None else [f"training.seed={seed}"])]
    read = read_config(config, seeded)
    folder = RunFolder(out or Path("runs") / f"{Path(config).stem}-seed{read.training.seed}")
    how = ["spaic-jax", "train", config, *(f"--set={change}" for change in changes)]
    how += [*([] if seed is None else [f"--seed={seed}"]), *([] if out is None else [f"--out={out}"]), "--resume"]
    try:
        _train(read, config, folder, resume, quiet)
    except KeyboardInterrupt:
        begun = folder.config.is_file()
        raise KeyboardInterrupt(
            f"interrupted; go on with: {shlex.join(how)}" if begun else "interrupted; nothing was written."
        ) from None


def _train(config: Config, where: str, folder: RunFolder, resume: bool, quiet: bool) -> None:
    with user_errors():
        for module, purpose in (("safetensors", "a checkpoint"), ("matplotlib", "a picture")):
            import_extra(module, purpose)
        if not quiet:
            import_extra("rich", "a progress bar (leave it out with --quiet)")
    experiment = make_experiment(config, where)
    folder.check(experiment.resolved, resume)
    with folder.open(experiment.resolved, resume):
        checkpoints = Checkpoints(folder.path, experiment.sim, experiment.optimizer, config.training.keep)
        start, history = _newest(checkpoints)
        with memory_errors(where), noted_interrupts() as check_interrupt:
            result = _fit(experiment, folder, checkpoints, start, history, quiet, check_interrupt)
        _finish(experiment, folder, result, history)


def _newest(checkpoints: Checkpoints) -> tuple[TrainState | None, list[dict[str, Any]]]:
    """What is gone on with, if there is anything; a damaged checkpoint is told."""
    with user_errors(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", CheckpointWarning)
        newest = checkpoints.newest()
    for each in told:
        print(f"spaic-jax: {each.message}", file=sys.stderr)
    return newest or (None, [])


def _finish(experiment: Experiment, folder: RunFolder, result: FitResult, history: list[dict[str, Any]]) -> None:
    """Evaluate what was trained, and write all but the checkpoints."""
    size, key = experiment.evaluated_at_once, evaluation_key(experiment.key)
    variables = variables_for(experiment.sim, result.variables, size, key)
    tested = evaluate_arrays(experiment.task, variables, experiment.test_arrays, size, key)
    from spaic_jax.cli.pictures import draw

    with write_errors(folder.path):
        folder.write_metrics(history)
        save_weights(folder.weights, experiment.sim, result.variables, result.epoch)
        draw(folder, experiment, result.variables, history, tested.predictions)
    print(f"test accuracy {tested.accuracy:.2%} {_which(experiment, result.epoch, history)}, kept in {folder.path}")


def _which(experiment: Experiment, epoch: int, history: list[dict[str, Any]]) -> str:
    """Which epoch was kept, and why."""
    stop = experiment.config.training.stop
    return f"after epoch {epoch}" + ("" if stop is None else f", the best of {len(history)} by {stop.by}")


def _fit(
    experiment: Experiment,
    folder: RunFolder,
    checkpoints: Checkpoints,
    start: TrainState | None,
    history: list[dict[str, Any]],
    quiet: bool,
    check_interrupt: Callable[[], None],
) -> FitResult:
    """Train, and write a checkpoint and a line of metrics after each epoch; `history` grows by its rows.

    Returns:
        The result of the epoch that is kept.
    """
    settings = experiment.config.training
    watch = _watch(settings, history)

    def kept() -> str:
        # The folder itself may have gone.
        return f"the checkpoint of epoch {history[-1]['epoch']} is kept in" if checkpoints.files() else "no checkpoint is in"

    def keep(state: TrainState, row: dict[str, Any]) -> bool:
        with user_errors("training.stop.by"):
            answer = watch is not None and watch(state, row)
        with write_errors(folder.path, kept):
            # The checkpoint holds the history, so that the lines can be put right when a kill falls between the two.
            checkpoints.save(state, [*history, row], besides=[] if watch is None else [watch.best])
            history.append(row)
            folder.write_metrics(history)
        check_interrupt()
        return answer

    def trained(epochs: int, start: TrainState | None, on_epoch: OnEpoch | None) -> FitResult:
        sim, task, arrays = experiment.sim, experiment.task, experiment.training_arrays
        how: dict[str, Any] = {
            "epochs": epochs, "batch_size": settings.batch_size, "key": experiment.key, "test": experiment.test_arrays,
            "validation": experiment.validation_arrays, "start": start, "on_epoch": on_epoch,
            "progress": not quiet and on_epoch is not None,
        }
        if experiment.by_rules:
            return learn_arrays(sim, task, arrays, **how)
        return fit(sim, task, experiment.optimizer, arrays, **how, augment=experiment.augment, compute=settings.compute)

    if watch is not None and start is not None and watch.best not in (0, start.epoch):
        with user_errors():
            checkpoints.load(watch.best)
    try:
        ended = watch is not None and watch.ended
        result = trained(start.epoch if ended and start is not None else settings.epochs, start, keep)
    except TrainingDiverged as error:
        raise UserError(f"{error} ({kept()} {folder.path})") from error
    if watch is None or watch.best in (0, result.epoch):
        return result
    with user_errors():
        best = checkpoints.load(watch.best)
    return trained(best.epoch, best, None)


def _watch(settings: Training, history: list[dict[str, Any]]) -> EarlyStopping | None:
    """What chooses the epoch that is kept, and knows of the epochs so far."""
    stop = settings.stop
    if stop is None:
        return None
    return EarlyStopping(stop.patience or settings.epochs, by=stop.by, least=stop.least, history=history)
