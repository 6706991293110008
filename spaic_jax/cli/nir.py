"""The commands `nir import`, `nir export` and `nir check`."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax.cli.config import read_declaration
from spaic_jax.cli.errors import DoctorError, UserError, user_errors
from spaic_jax.cli.experiment import build_network
from spaic_jax.cli.folder import RunFolder
from spaic_jax.nir import Imported, from_nir, read_graph, to_nir, write, written
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.report import RefusedError
from spaic_jax.run import build
from spaic_jax.storage import load_weights, save_network

#: Samples that a check runs, and how often an Input spikes.
_BATCH, _DENSITY = 4, 0.2


def import_graph(path: str, out: str, **said: Any) -> None:
    """Read a graph of NIR, and keep it as a network with its weights.

    Args:
        path: file of the graph.
        out: file of the network, *.toml or *.json; its weights go beside it.
        **said: dt and what else NIR leaves open; `None` for what the file says, or what `from_nir` takes.

    Raises:
        UserError: a file that is damaged, or holds what cannot be said; nothing is written then.
    """
    with user_errors():
        import_extra("safetensors", "a network in a file")
        imported, _ = _read(path, said)
        sim = build(imported.network, dt=said["dt"])
        save_network(out, imported.network, sim, sim.init(jax.random.key(0)))
    print(imported.report)
    print(f"\nkept in {out} and {Path(out).with_suffix('.safetensors')}")


def export_run(run: str, path: str, form: str, reset: str, allow: Sequence[str]) -> None:
    """Write the network of a finished run, with its weights, as a graph of NIR.

    Args:
        run: run folder.
        path: file of the graph.
        form, reset, allow: as of `to_nir`.

    Raises:
        UserError: no run folder, or one that is not finished; what NIR cannot say; nothing is written then.
    """
    folder = RunFolder(run)
    folder.read_config()
    if not folder.weights.is_file():
        raise UserError(f"'{run}' holds no weights.safetensors: finish the run with train ... --out {run} --resume.")
    network, sim, _ = build_network(read_declaration(str(folder.config), []), str(folder.config))
    with user_errors(run):
        variables, _ = load_weights(folder.weights, sim)
        try:
            graph, report = to_nir(network, sim, variables, form=form, reset=reset, allow=allow)  # type: ignore[arg-type]
        except RefusedError as error:
            raise UserError(f"{run}: {error}{_flags(error, allow)}") from error
        write(path, graph)
    print(report)
    print(f"\nkept in {path}")


def _flags(error: RefusedError, allow: Sequence[str]) -> str:
    """A sentence that says with which options all can be written, if there are such."""
    reasons = [row.verdict for row in error.report.refused]
    lost = {name for reason in reasons for name in re.findall(r"allow={'(\w+)'}", reason)}
    composed = any("reset='exact'" in reason for reason in reasons)
    if not all("allow={" in reason or "reset='exact'" in reason for reason in reasons):
        return ""
    flags = [*(f"--allow {name}" for name in sorted({*allow, *lost})), *(["--reset exact"] if composed else [])]
    return f" All of it can be written with {' '.join(flags)}."


def check(path: str, steps: int, seed: int, **said: Any) -> None:
    """Run a graph as a network, and by NIR's equations in float64 apart from it, on random spikes, and compare the two.

    Args:
        path: file of the graph.
        steps: number of steps.
        seed: of the spikes.
        **said: as of `import_graph`.

    Raises:
        UserError: a file that is damaged, or holds what cannot be said.
        DoctorError: spikes that differ.
    """
    with user_errors():
        imported, shapes = _read(path, said)
        rng = np.random.default_rng(seed)
        inputs = {name: (rng.random((steps, _BATCH, *shape)) < _DENSITY).astype(np.float32) for name, shape in shapes.items()}
        found = imported.report.check(inputs)
    print(imported.report)
    print(f"\n{steps} steps of {_BATCH} samples: {found}")
    if not found.spikes_equal:
        raise DoctorError(f"{path}: the spikes of the network are not those of the graph's equations.")


def _read(path: str, said: dict[str, Any]) -> tuple[Imported, Mapping[str, tuple[int, ...]]]:
    """A file under the choices that were made, else those that it was written for; and the shapes of its Inputs."""
    import_extra("nir", "a file of NIR")
    graph = read_graph(path)
    known = written(graph)
    for field in dataclasses.fields(Choices):
        if field.name in said and said[field.name] is None:
            if known is not None:
                said[field.name] = getattr(known.choices, field.name)
            elif field.default is not dataclasses.MISSING:
                said[field.name] = field.default
    if said["dt"] is None:
        raise ValueError(f"{path} does not say the length of a step: give --dt, in ms.")
    return from_nir(path, **said), {node.path: node.gives for node in graph.of_kind("Input")}
