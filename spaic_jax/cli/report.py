"""The command `report`: a run as one HTML file, which needs nothing beside it."""

import base64
import json
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
from spaic_jax.cli.errors import UserError, user_errors
from spaic_jax.cli.pictures import Picture
from spaic_jax.cli.reading import Simulation, Training, read_run
from spaic_jax.cli.simulate import monitors_of
from spaic_jax.cli.summary import tables

#: Of more epochs than this the table shows every so many.
_ROWS = 200

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 64rem; margin: 0 auto; padding: 1rem 1.2rem 3rem; }}
h1 {{ font-size: 1.6rem; margin: .6rem 0 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 2px solid #0072b2; }}
h3 {{ font-size: 1rem; margin: 1.2rem 0 .4rem; }}
p.state {{ color: #555; margin: .2rem 0 1rem; }}
dl {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 0; }}
dl div {{ border: 1px solid #ddd; border-radius: 6px; padding: .4rem .7rem; }}
dt {{ font-size: .8rem; color: #666; }}
dd {{ margin: 0; font-size: 1.15rem; overflow-wrap: anywhere; }}
.scroll {{ overflow: auto; max-height: 26rem; }}
table {{ border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .22rem .9rem .22rem 0; vertical-align: top; white-space: nowrap; border-bottom: 1px solid #eee; }}
th {{ position: sticky; top: 0; background: #fff; color: #555; font-weight: 600; }}
td.number, th.number {{ text-align: right; }}
figure {{ margin: 1rem 0 1.6rem; overflow-x: auto; }}
figure img {{ display: block; max-width: max(100%, 38rem); height: auto; }}
figcaption {{ color: #555; font-size: .87rem; }}
pre {{ font-size: .82rem; background: #f6f6f6; border-radius: 6px; padding: .8rem; margin: 0; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="state">{state}</p>
{body}
</body>
</html>
"""


def report(run: str, out: str | None) -> None:
    """Write a run with its pictures as one HTML file, which asks for nothing from elsewhere.

    Args:
        run: folder of `spaic-jax train` or `spaic-jax simulate`, finished or not.
        out: the file; `report.html` in the folder when `None`.

    Raises:
        UserError: no run folder, one without anything to show, or a file that cannot be written.
    """
    file = Path(run) / "report.html" if out is None else Path(out)
    if file.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"--out: a report is HTML: give a name that ends in .html, not '{file}'.")
    if file.is_dir() or not file.parent.is_dir():
        raise UserError(f"--out: {f'{file!s} is a folder' if file.is_dir() else f'there is no folder {file.parent!s}'}.")
    read = read_run(run)
    page = of_training(read) if isinstance(read, Training) else of_simulation(read)
    with user_errors():
        write_whole(file, lambda path: path.write_text(page, encoding="utf-8", errors="replace"))
    print(f"{file}")


def of_training(run: Training) -> str:
    """The page of a training."""
    experiment, history = run.experiment, run.history
    done, wanted = history[-1]["epoch"], experiment.config.training.epochs
    seconds = [float(row["seconds"]) for row in history if "seconds" in row]
    numbers = sum(int(np.prod(v.shape)) for v in experiment.sim.program.of_role("parameter"))
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
        "Learning": [_figure(pictures["learning_curve"]), *_history(history)],
        "Test data": [_figure(pictures[name]) for name in ("confusion_matrix", "raster") if name in pictures],
        "Weights": [_figure(picture) for picture in weights],
        "Cost": [_table(["", ""], list(cost.items())), *_versions()],
        "Configuration": [_config(experiment.resolved)],
    }
    state = f"finished after epoch {done:,}" if run.ended else f"{done:,} of {wanted:,} epochs so far"
    return _page(run.path, f"training, {state}", facts, sections)


def of_simulation(run: Simulation) -> str:
    """The page of a recording."""
    settle = 0.0 if run.config is None else run.config["simulation"].get("settle", 0.0)
    recording, monitors = run.recording, monitors_of(run.recording, settle)
    whole = recording.layout.steps * recording.layout.dt
    facts = {
        "simulated": f"{recording.duration:g} ms", "dt": f"{recording.layout.dt:g} ms", "samples": f"{recording.layout.batch:,}",
        "spikes counted": f"{sum(each['spikes'] for each in monitors.values()):,}", "counted after": f"{settle:g} ms",
    }  # fmt: skip
    rows = [
        [name, f"{each['neurons']:,}", f"{each['spikes']:,}", _text(each["rate_hz"]), _text(each["cv_isi"])]
        for name, each in monitors.items()
    ]
    pictures = {picture.name: picture for picture in run.pictures()}
    declared = [] if run.network is None or run.sim is None else tables(run.network, run.sim)
    seen = [_figure(picture) for name, picture in pictures.items() if name != "network"]
    sections = {
        "Network": _network(pictures, declared),
        "Activity": [_table(["spike monitor", "neurons", "spikes", "rate (Hz)", "CV of intervals"], rows), *seen],
        "Versions": _versions(),
        "Configuration": [] if run.config is None else [_config(run.config)],
    }
    state = "finished" if recording.finished else f"{recording.duration:g} of {whole:g} ms so far"
    return _page(run.path, f"simulation, {state}", facts, sections)


def _page(path: Path, state: str, facts: Mapping[str, str], sections: Mapping[str, Sequence[str]]) -> str:
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    parts = [f"<section><h2>{escape(title)}</h2>{''.join(blocks)}</section>" for title, blocks in sections.items() if blocks]
    body = "\n".join([f"<dl>{tiles}</dl>", *parts])
    return _PAGE.format(title=escape(path.resolve().name), state=escape(state), body=body)


def _network(pictures: Mapping[str, Picture], declared: Iterable[tuple[str, list[str], list[list[str]]]]) -> list[str]:
    figure = [_figure(pictures["network"])] if "network" in pictures else []
    shown = [(title, columns, rows) for title, columns, rows in declared if rows and not title.startswith("operations")]
    return figure + [f"<h3>{escape(title)}</h3>{_table(columns, rows)}" for title, columns, rows in shown]


def _history(history: Sequence[Mapping[str, Any]]) -> list[str]:
    every = -(-len(history) // _ROWS)
    shown = [row for number, row in enumerate(history, 1) if number % every == 0 or number in (1, len(history))]
    columns = list(dict.fromkeys(name for row in shown for name in row))
    told = f"<p>Every {every}th epoch.</p>" if every > 1 else ""
    return [told, _table([name.replace("_", " ") for name in columns], [[_text(row.get(name)) for name in columns] for row in shown])]


def _versions() -> list[str]:
    device = jax.local_devices()[0]
    versions = {
        "spaic_jax": spaic_jax.__version__, "JAX": jax.__version__, "NumPy": np.__version__, "Python": platform.python_version(),
        "device": f"{device.device_kind} ({device.platform})", "system": platform.platform(),
    }  # fmt: skip
    return ["<h3>where this report was made</h3>", _table(["", ""], list(versions.items()))]


def _config(config: Mapping[str, Any]) -> str:
    return f'<div class="scroll"><pre>{escape(json.dumps(config, indent=2, ensure_ascii=False))}</pre></div>'


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    caption = escape(picture.caption)
    image = f'<img width="{picture.width}" alt="{caption}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, in which columns of numbers stand right and empty ones are left out."""
    there = [place for place in range(len(columns)) if not rows or any(row[place] for row in rows)]
    columns, rows = [columns[place] for place in there], [[row[place] for place in there] for row in rows]
    kinds = [
        ' class="number"' if rows and all(_is_number(row[place]) for row in rows) else "" for place in range(len(columns))
    ]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(columns, kinds, strict=True)) if any(columns) else ""
    lines = ("".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table>{f"<thead><tr>{head}</tr></thead>" if head else ""}<tbody>{body}</tbody></table></div>'


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "") or "0")
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _measure(name: str, value: float) -> str:
    return f"{value:.2%}" if name == "accuracy" else _text(value)


def _time(simulation: Any) -> str:
    return f"{simulation.duration / simulation.dt:,.0f} x {simulation.dt:g} ms"
