"""The command `bench`."""

import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from spaic_jax._extras import import_extra
from spaic_jax._files import write_whole
from spaic_jax.cli.errors import UserError, check_out, user_errors

#: What is timed.
Kind = Literal["workloads", "models", "loops", "plastic", "brain"]
#: Sizes of the networks whose loops are timed.
_SIZES = (100, 1000, 2000)
#: Samples at once of the layer that learns.
_BATCHES = (1, 16)
#: Workloads side by side in a table.
_COLUMNS = 8


def bench(
    workload: str | None,
    as_json: bool,
    picture: str | None = None,
    kind: Kind = "workloads",
    density: str | None = None,
    peer: str | None = None,
) -> None:
    """Time standard workloads, neuron models, loops written by hand, a layer that learns, or networks of brain simulation.

    Args:
        workload: name of one; all when `None`.
        as_json: whether to print one line of JSON each.
        picture: PNG to draw the times into, beside those of the matrix products.
        kind: what is timed.
        density: probabilities of an input spike, with commas between; each workload is timed with each, with its own
            when `None`.
        peer: name of another library, which each workload of LIF neurons is timed in too, in turn.

    Raises:
        UserError: unknown workload, a density that cannot be, a peer that is not installed, or a picture that cannot be written.
    """
    from spaic_jax.bench import (
        BRAIN,
        MODELS,
        WORKLOADS,
        measure,
        measure_brain,
        measure_closed_loop,
        measure_model,
        measure_plastic,
    )
    from spaic_jax.bench.peers import measure_peer, peer_of
    from spaic_jax.bench.workload import resolve_workload

    # Timing takes minutes: what can fail is tried first.
    with user_errors():
        if not as_json:
            import_extra("rich", "a table (or use --json)")
        if picture is not None and kind != "workloads":
            raise UserError(f"--plot draws the times of workloads: leave it out with --{kind}.")
        if picture is not None:
            import_extra("matplotlib.figure", "--plot")
            _check_picture(Path(picture))
        if peer is not None and (kind != "workloads" or picture is not None):
            raise UserError(f"--peer times workloads in another library: leave it out with --{'plot' if kind == 'workloads' else kind}.")
        if density is not None and kind != "workloads":
            raise UserError(f"--density is that of workloads: leave it out with --{kind}.")
        workloads = list(WORKLOADS.values()) if workload is None else [resolve_workload(workload)]
        if peer is not None and workload is None:
            workloads = [one for one in workloads if one.model == "lif"]
        if peer is not None:
            peer_of(workloads[0], peer)
        if density is not None:
            densities = _densities(density)
            workloads = [dataclasses.replace(one, density=value) for one in workloads for value in densities]
    tasks: dict[Kind, tuple[Callable[[Any], dict[str, Any]], Iterable[Any]]] = {
        "workloads": (measure if peer is None else functools.partial(measure_peer, peer=peer), workloads), "models": (measure_model, MODELS), "loops": (measure_closed_loop, _SIZES),
        "plastic": (measure_plastic, _BATCHES), "brain": (measure_brain, BRAIN.values()),
    }
    time, what = tasks[kind]
    rows = []
    for one in what:
        rows.append(time(one))
        if as_json:
            print(json.dumps(rows[-1]), flush=True)
    if not as_json and kind == "workloads":
        for first in range(0, len(rows), _COLUMNS):
            _print_table(rows[first : first + _COLUMNS])
    elif not as_json:
        _print_rows(rows)
    if picture is not None:
        from spaic_jax import plot
        from spaic_jax.cli.pictures import Picture

        drawn = Picture.of("benchmark", "times as multiples of those of the matrix products", plot.benchmark(rows))
        with user_errors():
            write_whole(picture, lambda file: file.write_bytes(drawn.png))


def _densities(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UserError(f"--density takes numbers with commas between, such as 0.1,0.02, not '{text}'.") from error


def _check_picture(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise UserError(f"--plot writes a PNG: give a name that ends in .png, not '{path}'.")
    check_out(path)
    if not path.parent.is_dir():
        raise UserError(f"--plot: there is no folder '{path.parent}'.")
    if path.is_dir():
        raise UserError(f"--plot: '{path}' is a folder.")


def _print_table(rows: list[dict[str, Any]]) -> None:
    """One column a workload: there are more figures than would fit side by side."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column("")
    for row in rows:
        table.add_column(row["workload"], justify="right")
    for key in rows[0]:
        if key != "workload":
            table.add_row(key.replace("_", " "), *(_cell(row[key]) for row in rows))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """One row a model, a size or a network."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for key in rows[0]:
        table.add_column(key.replace("_", " "), justify="left" if key in ("model", "network") else "right")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    # Three digits where there are so many, but never 1.2e+03.
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
