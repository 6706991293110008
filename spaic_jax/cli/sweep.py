"""The command `sweep`."""

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spaic_jax.cli.config import read_config, read_declaration, read_table
from spaic_jax.cli.errors import UserError, check_out, memory_errors, user_errors, write_errors
from spaic_jax.cli.experiment import build_network, make_experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.grid import Point, combinations, read_over
from spaic_jax.cli.interrupt import noted_interrupts
from spaic_jax.cli.many import join
from spaic_jax.cli.simulate import check_settle, kept_beside, monitors_of, recorded
from spaic_jax.cli.swept import Swept
from spaic_jax.cli.table import show
from spaic_jax.cli.train import Finished, check_extras, layout_of_seeds, trained
from spaic_jax.distributed import Layout

#: What a combination came to: for each seed its measures, or a sentence where it diverged.
Results = list[dict[str, float | None] | str]
_Carry = Callable[[Point, Sequence[Path]], Results]

#: More runs than anyone means.
_MOST = 1000


def sweep(
    config: str,
    changes: Sequence[str],
    over: Sequence[str],
    out: str | None,
    seeds: Sequence[int] | None,
    devices: int | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train, or simulate, a network with every combination of some values, and print one table.

    Args:
        config: file of the configuration; without `training`, it is simulated.
        changes: `key=value` pairs that change it.
        over: keys and the values of each, `"key=a,b,c"`.
        out: folder of the folders of all combinations; `runs/<config>-sweep` when `None`.
        seeds: runs of each combination, all at once, where they are trained by the gradient of a loss.
        devices: devices that share out the seeds, or each batch of one training.
        resume: whether to go on with a sweep that is in the folder.
        as_json: whether to print one line of JSON in place of a table.
        quiet: whether to show no progress.

    Raises:
        UserError: bad input of any of the combinations, with nothing written; some have diverged, after all were carried out.
        KeyboardInterrupt: with a sentence that says how to go on.
    """
    read = read_over(over, changes)
    points = combinations(read)
    path = Path(out) if out is not None else Path("runs") / f"{Path(config).stem}-sweep"
    base = read_table(config, changes)
    if seeds is not None and "training.seed" in read:
        raise UserError("--over training.seed: --seeds is there too.")
    by_training = "training" in base or any(key.split(".")[0] == "training" for key in read)
    if not by_training and devices is not None:
        raise UserError("--devices is for trainings, but the configuration has no [training].")
    names = seeds if seeds is not None else [None] if by_training else [0]
    if len(points) * len(names) > _MOST:
        raise UserError(f"--over: {len(points) * len(names)} runs are more than {_MOST}: leave some values out.")
    # Through JSON and back, so that it can be compared with what the folder holds.
    values = {key: [value for value, _ in each] for key, each in read.items()}
    declared = json.loads(json.dumps({"over": values, "seeds": seeds, "config": base}, default=str))
    folder = RunFolder(path)
    check_out(path)
    folder.check(declared, resume)
    check_extras(quiet)
    layout = join(devices, None, None, None)
    checks, carries = (_check_training, _training) if by_training else (_check_simulation, _simulation)
    paths = {point.name: [_path(path, point, seed) for seed in names] for point in points}
    for point in points:
        _with(point, lambda point=point: checks(config, [*changes, *point.changes], names, paths[point.name], layout))
    carry = carries(config, changes, names, layout, quiet)
    how = ["spaic-jax", "sweep", config, *(f"--set={change}" for change in changes), *(f"--over={each}" for each in over)]
    how += [] if seeds is None else [f"--seeds={','.join(map(str, seeds))}"]
    how += [] if out is None else [f"--out={out}"]
    how += [] if devices is None else [f"--devices={devices}"]
    try:
        with folder.open(declared, resume):
            swept = _carried(Swept.read(folder), points, names, paths, carry, quiet)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; go on with: {shlex.join([*how, '--resume'])}") from None
    print(json.dumps(swept.told)) if as_json else show(f"{config}: {len(points)} combinations", *swept.table)
    if not as_json:
        print(f"kept in {path}")
    if swept.diverged:
        first = next(row for row in swept.rows if "diverged" in row)
        raise UserError(f"{swept.diverged} of {len(swept.rows)} runs diverged; {first['folder']}: {first['diverged']}")


def _carried(
    swept: Swept, points: Sequence[Point], names: Sequence[int | None], paths: dict[str, list[Path]], carry: _Carry, quiet: bool
) -> Swept:
    """Carry out what has not been yet, and write down what each combination came to."""
    folder = swept.folder
    for number, point in enumerate(points, 1):
        if any(row["values"] == point.values for row in swept.rows):
            continue
        if not quiet:
            print(f"{number} of {len(points)}: {point.words}", file=sys.stderr, flush=True)
        for seed, path, result in zip(names, paths[point.name], carry(point, paths[point.name]), strict=True):
            told = {"diverged": result} if isinstance(result, str) else {"measures": result}
            swept.rows.append({"values": point.values, **({} if seed is None else {"seed": seed}), "folder": str(path.relative_to(folder.path)), **told})
        with write_errors(folder.path):
            folder.write_metrics(swept.rows)
    with write_errors(folder.path):
        for picture in swept.pictures() if swept.names else ():
            picture.save(folder.path)
    return swept


def _path(folder: Path, point: Point, seed: int | None) -> Path:
    return folder / point.name if seed is None else folder / point.name / f"seed{seed}"


def _with(point: Point, check: Callable[[], None]) -> None:
    """Say with which values something is wrong."""
    try:
        check()
    except UserError as error:
        raise UserError(f"with {point.words}: {error}") from error


def _check_training(
    config: str, changes: Sequence[str], names: Sequence[int | None], paths: Sequence[Path], layout: Layout | None
) -> None:
    read = read_config(config, changes)
    apart = _apart(read.training.loss, names, layout)
    experiment = make_experiment(read, config, layout if apart is None else None)
    for name, path in zip(names, paths, strict=True):
        check_out(path)
        RunFolder(path).check((experiment if name is None else experiment.seeded(name)).resolved, resume=True)


def _training(config: str, changes: Sequence[str], names: Sequence[int | None], layout: Layout | None, quiet: bool) -> _Carry:
    def carry(point: Point, paths: Sequence[Path]) -> Results:
        read = read_config(config, [*changes, *point.changes])
        apart = _apart(read.training.loss, names, layout)
        experiment = make_experiment(read, config, layout if apart is None else None)
        experiments = [experiment if name is None else experiment.seeded(name) for name in names]
        results = trained(experiments, [RunFolder(path) for path in paths], config, True, quiet, apart)
        return [{**each.measures} if isinstance(each, Finished) else each for each in results]

    return carry


def _apart(loss: Any, names: Sequence[int | None], layout: Layout | None) -> Layout | None:
    """How the seeds of a combination are spread over devices, where they are trained at once."""
    return None if loss is None or names == [None] else layout_of_seeds(layout, names)


def _check_simulation(
    config: str, changes: Sequence[str], names: Sequence[int | None], paths: Sequence[Path], layout: Layout | None
) -> None:
    declared = read_declaration(config, changes)
    check_settle(declared, config)
    build_network(declared, config)
    for path in paths:
        check_out(path)


def _simulation(config: str, changes: Sequence[str], names: Sequence[int | None], layout: Layout | None, quiet: bool) -> _Carry:
    def carry(point: Point, paths: Sequence[Path]) -> Results:
        declared = read_declaration(config, [*changes, *point.changes])
        _, sim, steps = build_network(declared, config)
        return [one(sim, steps, declared, path, name or 0) for path, name in zip(paths, names, strict=True)]

    def one(sim: Any, steps: int, declared: Any, path: Path, seed: int) -> dict[str, float | None] | str:
        begun = (path / "index.json").is_file()
        try:
            with user_errors(config), memory_errors(config), noted_interrupts() as check, kept_beside(path, declared):
                recording = recorded(sim, steps, path, None, seed, begun, not quiet)
                check()
        except FloatingPointError as error:
            return f"{error} (what came before is kept in {path})"
        monitors = monitors_of(recording, declared.simulation.settle)
        return {f"{name} {what}": told[key] for name, told in monitors.items() for what, key in (("rate, Hz", "rate_hz"), ("CV", "cv_isi"))}

    return carry
