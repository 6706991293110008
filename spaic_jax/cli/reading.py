"""What a folder of `spaic-jax train`, `spaic-jax simulate` or `spaic-jax sweep` holds, also while the run goes on."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spaic_jax.cli.config import read_config, read_declaration
from spaic_jax.cli.errors import UserError, memory_errors, user_errors
from spaic_jax.cli.experiment import Experiment, build_network, make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.pictures import Picture, pictures_of_recording, pictures_of_training
from spaic_jax.cli.run import Run
from spaic_jax.cli.swept import Swept
from spaic_jax.network import Network
from spaic_jax.recording import Recording
from spaic_jax.run import Simulator, Variables
from spaic_jax.storage import load_weights
from spaic_jax.train.evaluation import Evaluation
from spaic_jax.train.keys import initial_key
from spaic_jax.train.start import trained


@dataclasses.dataclass(frozen=True)
class Training:
    """A training, finished or not.

    Attributes:
        path: its folder.
        experiment: what is trained on what.
        variables: with what was learned so far.
        history: a row an epoch.
        tested: what the variables are worth on the test data.
        ended: whether the training has come to its end.
    """

    path: Path
    experiment: Experiment
    variables: Variables
    history: list[dict[str, Any]]
    tested: Evaluation
    ended: bool

    def pictures(self) -> Iterator[Picture]:
        """Its pictures, one after the other."""
        return pictures_of_training(self.experiment, self.variables, self.history, self.tested.predictions)


@dataclasses.dataclass(frozen=True)
class Simulation:
    """A recording, finished or not.

    Attributes:
        path: its folder.
        recording: what was kept so far.
        config: the configuration, where the folder has one: that of `spaic-jax simulate` does.
        network: the network of the configuration.
        sim: its simulator.
    """

    path: Path
    recording: Recording
    config: dict[str, Any] | None = None
    network: Network | None = None
    sim: Simulator | None = None

    def pictures(self) -> Iterator[Picture]:
        """Its pictures, one after the other."""
        return pictures_of_recording(self.recording, self.network, self.settle)

    @property
    def settle(self) -> float:
        """Time at the beginning that rates and irregularity leave out, ms."""
        return 0.0 if self.config is None else float(self.config["simulation"].get("settle", 0.0))


def read_run(path: str | Path) -> Training | Simulation | Swept:
    """Read a run, or a sweep, from its folder; one that goes on, as it was at the end of its last epoch, chunk or combination.

    Raises:
        UserError: no run folder, a damaged one, or one of a run that has finished no epoch, chunk or combination yet.
    """
    folder = Path(path)
    if (folder / "index.json").is_file():
        return _read_simulation(folder)
    return Swept.read(RunFolder(folder)) if "over" in RunFolder(folder).read_config() else _read_training(folder)


def _read_simulation(path: Path) -> Simulation:
    with user_errors():
        recording = Recording.load(path)
    if not recording.steps:
        raise UserError(f"'{path}' holds a recording of which no chunk is finished yet.")
    folder = RunFolder(path)
    if not folder.config.is_file():
        return Simulation(path, recording)
    network, sim, _ = build_network(read_declaration(folder.config), folder.config)
    return Simulation(path, recording, folder.read_config(), network, sim)


def _read_training(path: Path) -> Training:
    folder = RunFolder(path)
    experiment = make_experiment(read_config(folder.config), folder.config)
    run = Run(experiment, folder, lambda: None)
    if run.start is None:
        raise UserError(f"'{path}' holds a run of which no epoch is finished yet.")
    sim = experiment.sim
    with user_errors():
        if folder.weights.is_file():
            variables, _ = load_weights(folder.weights, sim)
        else:
            variables = trained(sim, sim.init(initial_key(experiment.key)), run.start)
    with memory_errors(str(folder.config)):
        tested = experiment.evaluate(variables)
    return Training(path, experiment, variables, run.history, tested, run.ended is not None)
