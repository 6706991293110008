"""The command `sweep`."""

import json
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.cli.config import read_table
from spaic_jax.cli.errors import UserError, check_out, write_errors
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.grid import Point, combinations, read_over
from spaic_jax.cli.interrupt import command_to_go_on
from spaic_jax.cli.many import join
from spaic_jax.cli.sweep_runs import Simulations, Trainings
from spaic_jax.cli.swept import Swept
from spaic_jax.cli.table import show
from spaic_jax.cli.train import check_extras

#: More runs than anyone means.
_MOST = 1000


def sweep(
    config: str,
    changes: Sequence[str],
    over: Sequence[str],
    out: str | None,
    seeds: Sequence[int] | None,
    devices: int | None,
    learn: bool,
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
        learn: whether learning rules change weights, in simulations.
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
    _check_members(read, base)
    by_training = "training" in {*base, *(key.split(".")[0] for key in read)}
    for option, given, needed in (("--devices", devices is not None, True), ("--learn", learn, False)):
        if given and by_training != needed:
            has = "has [training]" if by_training else "has no [training]"
            raise UserError(f"{option} is for {'trainings' if needed else 'simulations'}, but {config} {has}.")
    if (count := len(points) * len(seeds or [0])) > _MOST:
        raise UserError(f"--over: {count} runs are more than {_MOST}: leave some values out.")
    values = {key: [value for value, _ in each] for key, each in read.items()}
    # Through JSON and back, so that it can be compared with what the folder holds.
    declared = json.loads(json.dumps({"over": values, "seeds": seeds, "learn": learn, "config": base}, default=str))
    folder = RunFolder(path)
    check_out(path)
    folder.check(declared, resume)
    check_extras(quiet)
    layout = join(devices, None, None, None, None, None)
    runs = Trainings(config, changes, seeds, layout, quiet) if by_training else Simulations(config, changes, seeds, learn, quiet)
    for point in points:
        try:
            runs.check(point, _paths(path, point, seeds))
        except UserError as error:
            raise UserError(f"with {point.words}: {error}") from error
    joined = None if seeds is None else ",".join(map(str, seeds))
    how = command_to_go_on("sweep", config, set=changes, over=over, seeds=joined, out=out, devices=devices, learn=learn)
    try:
        with folder.open(declared, resume):
            swept = _carried(Swept.read(folder), points, seeds, runs, quiet)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; go on with: {shlex.join(how)}") from None
    print(json.dumps(swept.told)) if as_json else show(f"{config}: {len(points)} combinations", *swept.table)
    if not as_json:
        print(f"kept in {path}")
    if swept.diverged:
        first = next(row for row in swept.rows if "diverged" in row)
        raise UserError(f"{swept.diverged} of {len(swept.rows)} runs diverged; {first['folder']}: {first['diverged']}")


def _check_members(keys: Iterable[str], base: Mapping[str, Any]) -> None:
    """UserError where a key is one of a member that the network has not: a slip in its name would make another member, and change nothing."""
    for key in keys:
        table, kind, name, *_ = [*key.split("."), "", "", ""]
        members = base.get(table, {}).get(kind) if table == "network" else None
        if isinstance(members, Mapping) and name not in members:
            raise UserError(f"--over {key}: {unknown(f'member of network.{kind}', name, members)}")


def _carried(
    swept: Swept, points: Sequence[Point], seeds: Sequence[int] | None, runs: Trainings | Simulations, quiet: bool
) -> Swept:
    """Carry out what has not been yet, and write down what each combination came to."""
    folder = swept.folder
    for number, point in enumerate(points, 1):
        if any(row["values"] == point.values for row in swept.rows):
            continue
        if not quiet:
            print(f"{number} of {len(points)}: {point.words}", file=sys.stderr, flush=True)
        paths = _paths(folder.path, point, seeds)
        for path, result in zip(paths, runs.carry_out(point, paths), strict=True):
            came_to = {"diverged": result} if isinstance(result, str) else {"measures": result}
            swept.rows.append({"values": point.values, "folder": str(path.relative_to(folder.path)), **came_to})
        with write_errors(folder.path):
            folder.write_metrics(swept.rows)
    with write_errors(folder.path):
        for picture in swept.pictures() if swept.names else ():
            picture.save(folder.path)
    return swept


def _paths(folder: Path, point: Point, seeds: Sequence[int] | None) -> list[Path]:
    """The folder of each run of a combination."""
    own = folder / point.name
    return [own] if seeds is None else [own / f"seed{seed}" for seed in seeds]
