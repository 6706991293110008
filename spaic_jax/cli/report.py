"""The command `report`: a run as one HTML file, which needs nothing beside it."""

import json
import math
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import jax
import numpy as np

import spaic_jax
from spaic_jax._files import write_whole
from spaic_jax.cli.errors import UserError, check_out, user_errors
from spaic_jax.cli.page import figure, page, table
from spaic_jax.cli.pictures import Picture
from spaic_jax.cli.reading import Simulation, Training, read_run
from spaic_jax.cli.simulate import monitors_of
from spaic_jax.cli.summary import tables
from spaic_jax.cli.swept import Swept
from spaic_jax.train.presentations import learned

#: Of more epochs than this the table shows every so many.
_ROWS = 200


def report(run: str, out: str | None) -> None:
    """Write a run with its pictures as one HTML file, which asks for nothing from elsewhere.

    Args:
        run: folder of `spaic-jax train`, `spaic-jax simulate` or `spaic-jax sweep`, finished or not.
        out: the file; `report.html` in the folder when `None`.

    Raises:
        UserError: no run folder, one without anything to show, or a file that cannot be written.
    """
    file = Path(run) / "report.html" if out is None else Path(out)
    if out is not None:
        _check(file)
    read = read_run(run)
    text = of_training(read) if isinstance(read, Training) else of_sweep(read) if isinstance(read, Swept) else of_simulation(read)
    with user_errors():
        write_whole(file, lambda path: path.write_text(text, encoding="utf-8", errors="replace"))
    print(f"{file}")


def _check(file: Path) -> None:
    """UserError where a report cannot be written there."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"--out: a report is HTML: give a name that ends in .html, not '{file}'.")
    check_out(file)
    with user_errors("--out"):
        if not file.parent.is_dir():
            raise UserError(f"--out: there is no folder '{file.parent}'.")
        if file.is_dir():
            raise UserError(f"--out: '{file}' is a folder.")


def of_training(run: Training) -> str:
    """The page of a training."""
    experiment, history = run.experiment, run.history
    done, wanted = history[-1]["epoch"], experiment.config.training.epochs
    seconds = [float(row["seconds"]) for row in history if "seconds" in row]
    program = experiment.sim.program
    trained = learned(program) if experiment.by_rules else [v.name for v in program.of_role("parameter")]
    numbers = sum(math.prod(program.by_name[name].shape) for name in trained)
    facts = {f"test {name.replace('_', ' ')}": _measure(name, value) for name, value in run.tested.measures.items()}
    if run.tested.loss is not None:
        facts["test loss"] = _text(run.tested.loss)
    facts |= {"epochs": f"{done:,}", "trained numbers": f"{numbers:,}", "simulated": _time(experiment.config.simulation)}
    if seconds:
        facts["seconds an epoch"] = f"{statistics.median(seconds):.3g}"
    pictures = {picture.name: picture for picture in run.pictures()}
    weights = [each for name, each in pictures.items() if name.startswith(("weights_", "receptive_fields_"))]
    cost = {
        "seconds an epoch (median)": f"{statistics.median(seconds):.4g}" if seconds else "not known",
        "seconds of the first epoch, compilation included": f"{seconds[0]:.4g}" if seconds else "not known",
        "seconds of all epochs": f"{sum(seconds):.4g}",
        "samples of the test data": f"{len(experiment.test_arrays):,}",
        "samples of an update": f"{experiment.config.training.batch_size:,}",
    }
    sections = {
        "Network": _network(pictures, tables(experiment.network, experiment.sim)),
        "Learning": [figure(pictures["learning_curve"]), *_history(history)],
        "Test data": [figure(pictures[name]) for name in ("confusion_matrix", "regression", "raster") if name in pictures],
        "Weights": [figure(picture) for picture in weights],
        "Cost": [table(["", ""], list(cost.items())), *_versions()],
        "Configuration": [_config(experiment.resolved)],
    }
    state = f"finished after epoch {done:,}" if run.ended else f"{done:,} of {wanted:,} epochs so far"
    return page(run.path.resolve().name, f"training, {state}", facts, sections)


def of_simulation(run: Simulation) -> str:
    """The page of a recording."""
    recording, monitors = run.recording, monitors_of(run.recording, run.settle)
    whole = recording.layout.steps * recording.layout.dt
    facts = {
        "simulated": f"{recording.duration:g} ms", "dt": f"{recording.layout.dt:g} ms", "samples": f"{recording.layout.batch:,}",
        "spikes counted": f"{sum(each['spikes'] for each in monitors.values()):,}", "counted after": f"{run.settle:g} ms",
    }  # fmt: skip
    rows = [
        [name, f"{each['neurons']:,}", f"{each['spikes']:,}", _text(each["rate_hz"]), _text(each["cv_isi"])]
        for name, each in monitors.items()
    ]
    pictures = {picture.name: picture for picture in run.pictures()}
    declared = [] if run.network is None or run.sim is None else tables(run.network, run.sim)
    seen = [figure(picture) for name, picture in pictures.items() if name != "network"]
    sections = {
        "Network": _network(pictures, declared),
        "Activity": [table(["spike monitor", "neurons", "spikes", "rate (Hz)", "CV of intervals"], rows), *seen],
        "Versions": _versions(),
        "Configuration": [] if run.config is None else [_config(run.config)],
    }
    state = "finished" if recording.finished else f"{recording.duration:g} of {whole:g} ms so far"
    return page(run.path.resolve().name, f"simulation, {state}", facts, sections)


def of_sweep(sweep: Swept) -> str:
    """The page of a sweep."""
    done, wanted = len(sweep.combinations), math.prod(map(len, sweep.over.values()))
    facts = {"combinations": f"{done:,}", "runs": f"{len(sweep.rows):,}"} | ({"diverged": f"{sweep.diverged:,}"} if sweep.diverged else {})
    failed = [[row["folder"], row["diverged"]] for row in sweep.rows if "diverged" in row]
    sections = {
        "Results": [table(*sweep.table), *map(figure, sweep.pictures())],
        "Diverged": [table(["run", "why"], failed)] if failed else [],
        "Versions": _versions(),
        "Configuration": [_config(sweep.folder.read_config())],
    }
    state = "finished" if done == wanted else f"{done:,} of {wanted:,} combinations so far"
    return page(sweep.folder.path.resolve().name, f"sweep, {state}", facts, sections)


def _network(pictures: Mapping[str, Picture], declared: Iterable[tuple[str, list[str], list[list[str]]]]) -> list[str]:
    drawn = [figure(pictures["network"])] if "network" in pictures else []
    shown = [(title, columns, rows) for title, columns, rows in declared if rows and not title.startswith("operations")]
    return drawn + [f"<h3>{escape(title)}</h3>{table(columns, rows)}" for title, columns, rows in shown]


def _history(history: Sequence[Mapping[str, Any]]) -> list[str]:
    every = -(-len(history) // _ROWS)
    shown = [row for number, row in enumerate(history, 1) if number % every == 0 or number in (1, len(history))]
    columns = list(dict.fromkeys(name for row in shown for name in row))
    told = f"<p>Every {every}th epoch.</p>" if every > 1 else ""
    return [told, table([name.replace("_", " ") for name in columns], [[_text(row.get(name)) for name in columns] for row in shown])]


def _versions() -> list[str]:
    device = jax.local_devices()[0]
    versions = {
        "spaic_jax": spaic_jax.__version__, "JAX": jax.__version__, "NumPy": np.__version__, "Python": platform.python_version(),
        "device": f"{device.device_kind} ({device.platform})", "system": platform.platform(),
    }  # fmt: skip
    return ["<h3>where this report was made</h3>", table(["", ""], list(versions.items()))]


def _config(config: Mapping[str, Any]) -> str:
    return f'<div class="scroll"><pre>{escape(json.dumps(config, indent=2, ensure_ascii=False))}</pre></div>'


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _measure(name: str, value: float) -> str:
    return f"{value:.2%}" if name == "accuracy" else _text(value)


def _time(simulation: Any) -> str:
    return f"{simulation.duration / simulation.dt:,.0f} x {simulation.dt:g} ms"
