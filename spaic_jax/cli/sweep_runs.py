"""The runs of one combination of a sweep: trainings, or simulations."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from spaic_jax.cli.config import Config, Declaration, read_config, read_declaration
from spaic_jax.cli.errors import check_out, memory_errors, user_errors
from spaic_jax.cli.experiment import Experiment, build_network, make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.grid import Point
from spaic_jax.cli.interrupt import noted_interrupts
from spaic_jax.cli.simulate import check_settle, kept_beside, monitors_of, recorded
from spaic_jax.cli.train import Finished, layout_of_seeds, trained
from spaic_jax.distributed import Layout
from spaic_jax.run import Simulator

#: What a run came to: its measures, `None` for one that has no meaning in it, or a sentence where it diverged.
Result = dict[str, float | None] | str


@dataclasses.dataclass(frozen=True)
class Trainings:
    """Trainings that differ in their seed, in a folder each.

    Attributes:
        config: file of the configuration.
        changes: what holds for all combinations.
        seeds: of the runs of a combination; that of the configuration alone where there are none.
        layout: devices that share out the seeds, or each batch.
        quiet: whether to show no progress bar.
    """

    config: str
    changes: Sequence[str]
    seeds: Sequence[int] | None
    layout: Layout | None
    quiet: bool

    def check(self, point: Point, paths: Sequence[Path]) -> None:
        """UserError where a combination cannot be trained; writes nothing."""
        for experiment, path in zip(self._made(point)[0], paths, strict=True):
            check_out(path)
            RunFolder(path).check(experiment.resolved, resume=True)

    def carry_out(self, point: Point, paths: Sequence[Path]) -> list[Result]:
        """Train each, or go on with it."""
        experiments, apart = self._made(point)
        results = trained(experiments, [RunFolder(path) for path in paths], self.config, True, self.quiet, apart)
        return [{**each.measures} if isinstance(each, Finished) else each for each in results]

    def _made(self, point: Point) -> tuple[list[Experiment], Layout | None]:
        read: Config = read_config(self.config, [*self.changes, *point.changes])
        at_once = self.seeds is not None and read.training.loss is not None
        apart = layout_of_seeds(self.layout, self.seeds) if self.seeds is not None and at_once else None
        experiment = make_experiment(read, self.config, layout=None if at_once else self.layout)
        return [experiment] if self.seeds is None else [experiment.seeded(seed) for seed in self.seeds], apart


@dataclasses.dataclass(frozen=True)
class Simulations:
    """Simulations that differ in their seed, one after the other, in a folder each.

    Attributes:
        config: file of the configuration.
        changes: what holds for all combinations.
        seeds: of the runs of a combination; 0 alone where there are none.
        learn: whether learning rules change weights.
        quiet: whether to show no progress bar.
    """

    config: str
    changes: Sequence[str]
    seeds: Sequence[int] | None
    learn: bool
    quiet: bool

    def check(self, point: Point, paths: Sequence[Path]) -> None:
        """UserError where a combination cannot be simulated; writes nothing."""
        self._made(point)
        for path in paths:
            check_out(path)

    def carry_out(self, point: Point, paths: Sequence[Path]) -> list[Result]:
        """Simulate each, or go on with it."""
        declared, sim, steps = self._made(point)
        results: list[Result] = []
        for seed, path in zip(self.seeds or [0], paths, strict=True):
            begun = (path / "index.json").is_file()
            try:
                with user_errors(self.config), memory_errors(self.config), noted_interrupts() as check, kept_beside(path, declared):
                    recording = recorded(sim, steps, path, None, seed, begun, not self.quiet)
                    check()
            except FloatingPointError as error:
                results.append(f"{error} (what came before is kept in {path})")
                continue
            measures: dict[str, float | None] = {}
            for name, told in monitors_of(recording, declared.simulation.settle).items():
                measures |= {f"{name} rate (Hz)": told["rate_hz"], f"{name} CV of intervals": told["cv_isi"]}
            results.append(measures)
        return results

    def _made(self, point: Point) -> tuple[Declaration, Simulator, int]:
        declared = read_declaration(self.config, [*self.changes, *point.changes])
        check_settle(declared, self.config)
        _, sim, steps = build_network(declared, self.config)
        return declared, sim.train() if self.learn else sim, steps
