"""The command `evaluate`."""

import json

from spaic_jax.cli.config import read_config
from spaic_jax.cli.errors import UserError, memory_errors, user_errors
from spaic_jax.cli.experiment import make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.storage import load_weights


def evaluate(run: str, as_json: bool) -> None:
    """Evaluate a finished run on its test data: the numbers of the epoch that is kept again.

    Args:
        run: run folder.
        as_json: whether to print one line of JSON.

    Raises:
        UserError: no run folder, or a run that is not finished or damaged.
    """
    folder = RunFolder(run)
    folder.read_config()
    if not folder.weights.is_file():
        raise UserError(f"'{run}' holds no weights.safetensors: finish the run with train ... --out {run} --resume.")
    experiment = make_experiment(read_config(folder.config), folder.config)
    with user_errors():
        variables, epoch = load_weights(folder.weights, experiment.sim)
    with memory_errors(str(folder.config)):
        tested = experiment.evaluate(variables)
    if as_json:
        loss = {} if tested.loss is None else {"test_loss": tested.loss}
        measures = {f"test_{name}": value for name, value in tested.measures.items()}
        print(json.dumps({**measures, **loss, "epoch": epoch}))
    else:
        loss_text = "" if tested.loss is None else f", test loss {tested.loss:.4f}"
        print(f"test {tested.words}{loss_text} after epoch {epoch}")
