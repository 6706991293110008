"""The command `train`."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spaic_jax._extras import import_extra
from spaic_jax.cli.config import Config, read_config
from spaic_jax.cli.errors import UserError, memory_errors, user_errors
from spaic_jax.cli.experiment import Experiment, make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.interrupt import noted_interrupts
from spaic_jax.storage import save_weights
from spaic_jax.train.checkpoint import load_checkpoint, save_checkpoint
from spaic_jax.train.evaluation import evaluate_arrays, variables_for
from spaic_jax.train.fitting import fit_arrays as fit
from spaic_jax.train.keys import evaluation_key
from spaic_jax.train.learning import learn_arrays
from spaic_jax.train.state import FitResult, TrainingDiverged, TrainState


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
    start: TrainState | None = None
    history: list[dict[str, Any]] = []
    with user_errors():
        if folder.checkpoint.is_file():
            start, history = load_checkpoint(folder.checkpoint, experiment.sim, experiment.optimizer)
    with user_errors():
        folder.open(experiment.resolved)
    with memory_errors(where), noted_interrupts() as check_interrupt:
        result = _fit(experiment, folder, start, history, quiet, check_interrupt)
    size, key = experiment.evaluated_at_once, evaluation_key(experiment.key)
    variables = variables_for(experiment.sim, result.variables, size, key)
    tested = evaluate_arrays(experiment.task, variables, experiment.test_arrays, size, key)
    from spaic_jax.cli.pictures import pictures_of_training

    with user_errors(f"'{folder.path}'"):
        folder.write_metrics(history)
        save_weights(folder.weights, experiment.sim, result.variables, result.epoch)
        for picture in pictures_of_training(experiment, result.variables, history, tested.predictions):
            picture.save(folder.path)
    print(f"test accuracy {tested.accuracy:.2%} after epoch {result.epoch}, kept in {folder.path}")


def _fit(
    experiment: Experiment,
    folder: RunFolder,
    start: TrainState | None,
    history: list[dict[str, Any]],
    quiet: bool,
    check_interrupt: Callable[[], None],
) -> FitResult:
    """Train, and write a checkpoint and a line of metrics after each epoch; `history` grows by its rows."""
    settings = experiment.config.training

    def keep(state: TrainState, row: dict[str, Any]) -> None:
        history.append(row)
        try:
            # The checkpoint holds the history, so that the lines can be put right when a kill falls between the two.
            save_checkpoint(folder.checkpoint, experiment.sim, state, history)
            folder.write_metrics(history)
        except OSError as error:
            raise UserError(f"cannot write to '{folder.path}': {error.strerror or error}.") from error
        check_interrupt()

    sim, task, arrays = experiment.sim, experiment.task, experiment.training_arrays
    how: dict[str, Any] = {
        "epochs": settings.epochs, "batch_size": settings.batch_size, "key": experiment.key, "test": experiment.test_arrays,
        "start": start, "on_epoch": keep, "progress": not quiet,
    }
    try:
        if experiment.by_rules:
            return learn_arrays(sim, task, arrays, **how)
        return fit(sim, task, experiment.optimizer, arrays, **how)
    except TrainingDiverged as error:
        kept = f"the checkpoint of epoch {history[-1]['epoch']} is kept in" if history else "no epoch was finished in"
        raise UserError(f"{error} ({kept} {folder.path})") from error
