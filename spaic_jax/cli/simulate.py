"""The command `simulate`."""

import contextlib
import json
import shlex
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from spaic_jax._extras import import_extra
from spaic_jax.analysis import cv
from spaic_jax.cli.config import Declaration, read_declaration
from spaic_jax.cli.errors import UserError, check_out, memory_errors, user_errors
from spaic_jax.cli.experiment import build_network
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.interrupt import command_to_go_on
from spaic_jax.cli.many import join, lost_errors, start_local
from spaic_jax.cli.table import show
from spaic_jax.distributed import Layout, agree, first
from spaic_jax.recording import Recording, resume, simulate
from spaic_jax.run import Simulator


def simulate_config(
    config: str,
    changes: Sequence[str],
    out: str | None,
    duration: float | None,
    chunk: float | None,
    seed: int,
    learn: bool,
    go_on: bool,
    as_json: bool,
    quiet: bool,
    *,
    devices: int | None = None,
    local_processes: int | None = None,
    patience: int | None = None,
    coordinator: str | None = None,
    processes: int | None = None,
    process_id: int | None = None,
) -> None:
    """Simulate a network for a long time, and keep what its monitors see in a folder.

    Args:
        config: file of the configuration, with or without `data` and `training`, which do not count.
        changes: `key=value` pairs that change it.
        out: folder of the recording; `runs/<config>-seed<N>` when `None`.
        duration: changes `simulation.duration`, ms.
        chunk: length of a chunk, ms, as of `spaic_jax.simulate`.
        seed: of all that is random.
        learn: whether learning rules change weights.
        go_on: whether to go on with a recording that is in the folder.
        as_json: whether to print one line of JSON in place of a table.
        quiet: whether to show no progress bar.
        devices, local_processes, patience, coordinator, processes, process_id: as of `train`; the devices of all share out the neurons
            of the network and the rows of its weights.

    Raises:
        UserError: bad input, with nothing written; a disk that is full, or a run that diverged, with what came before kept.
        KeyboardInterrupt: with a sentence that says how to go on.
    """
    with user_errors():
        import_extra("safetensors", "a recording")
        if not quiet:
            import_extra("rich", "a progress bar (leave it out with --quiet)")
    timed = [*changes, *([] if duration is None else [f"simulation.duration={duration!r}"])]
    declared = read_declaration(config, timed)
    check_settle(declared, config)
    settle = declared.simulation.settle
    folder = Path(out) if out is not None else Path("runs") / f"{Path(config).stem}-seed{seed}"
    check_out(folder)
    how = command_to_go_on(
        "simulate", config, set=timed, out=folder, chunk=chunk, seed=seed or None, learn=learn, json=as_json, devices=devices,
        patience=patience, coordinator=coordinator, processes=processes, process_id=process_id, local_processes=local_processes,
    )
    if local_processes is not None:
        return start_local(how, local_processes, patience, go_on, quiet, (coordinator, processes, process_id))
    on = join(devices, None if devices is None and coordinator is None else "all", coordinator, processes, process_id, patience)
    quiet = quiet or not first()
    with user_errors(config):
        declared = in_blocks(declared, folder if go_on else None, on)
    _, sim, steps = build_network(declared, config)
    if on is not None and first():
        _note_whole(sim, on)
    with user_errors():
        # None of them begins, or writes, before all have looked.
        agree(json.dumps([declared.model_dump(), chunk, seed, learn, go_on], sort_keys=True, default=str), "configuration")
    sim = sim.train() if learn else sim
    started = time.perf_counter()
    try:
        with user_errors(config), memory_errors(config), lost_errors(how), kept_beside(folder, declared):
            recording = recorded(sim, steps, folder, chunk, seed, go_on, not quiet, on)
    except FloatingPointError as error:
        raise UserError(f"{error} (what came before is kept in {folder})") from error
    except KeyboardInterrupt:
        there = (folder / "index.json").is_file()
        raise KeyboardInterrupt(f"interrupted; go on with: {shlex.join(how)}" if there else "interrupted; nothing was written.") from None
    if not first():
        return
    wall = time.perf_counter() - started
    monitors = monitors_of(recording, settle)
    if as_json:
        told = {"duration_ms": recording.duration, "settle_ms": settle, "wall_s": wall, "wall_s_per_s": wall / recording.duration * 1000}
        print(json.dumps({**told, "monitors": monitors, "out": str(folder)}))
        return
    rows = [
        [name, f"{each['neurons']:,}", f"{each['spikes']:,}", _number(each["rate_hz"]), _number(each["cv_isi"])]
        for name, each in monitors.items()
    ]
    counted = f", counted after {settle:g} ms" if settle else ""
    show(f"{config}: {recording.duration:g} ms{counted}", ["spike monitor", "neurons", "spikes", "rate, Hz", "CV of intervals"], rows)
    print(f"{wall:.3g} s of wall time, compilation included, kept in {folder}")


def check_settle(declared: Declaration, where: str) -> None:
    """UserError where nothing is left of a run to take rates of."""
    settle, duration = declared.simulation.settle, declared.simulation.duration
    if settle >= duration:
        raise UserError(
            f"{where}: simulation.settle: {settle:g} ms leave nothing of a run of {duration:g} ms to take rates"
            " of; give --set simulation.settle=0, or a longer --duration."
        )


@contextlib.contextmanager
def kept_beside(folder: Path, declared: Declaration) -> Iterator[None]:
    """The configuration beside a recording that is made within, however it ends, so that pictures of it can show the network."""
    begun = (folder / "config.json").is_file()
    try:
        yield
    finally:
        if first() and not begun and (folder / "index.json").is_file():
            RunFolder(folder).write_config(declared.model_dump(exclude_none=True))


def _note_whole(sim: Simulator, on: Layout) -> None:
    """Warn of groups that the devices do not divide: sharing out would be to no purpose."""
    states = (v for v in sim.program.of_role("state") if "post" in v.dims and not v.ring)
    if whole := sorted({v.name.rpartition(".")[0] for v in states if not any(on.spec(v))}):
        warnings.warn(f"{on.mesh.size} devices cannot share out {', '.join(whole)} evenly: each has the whole of it.", stacklevel=2)


def in_blocks(declared: Declaration, kept: Path | None, on: Layout | None) -> Declaration:
    """A declaration that says in how many blocks its neurons are: if it does not, as many as a recording that is gone on with, or as there
    are devices."""
    simulation = declared.simulation
    by_default = 1 if on is None else on.mesh.size
    blocks = by_default if kept is None else Recording.load(kept).layout.blocks
    if simulation.blocks is not None or blocks == 1:
        return declared
    return declared.model_copy(update={"simulation": simulation.model_copy(update={"blocks": blocks})})


def recorded(
    sim: Simulator, steps: int, folder: Path, chunk: float | None, seed: int, go_on: bool, progress: bool, on: Layout | None = None
) -> Recording:
    """The recording of a run in a folder, begun or gone on with."""
    if go_on:
        layout, dt = Recording.load(folder).layout, sim.program.dt
        for what, begun, wanted in (("run", layout.steps * dt, steps * dt), ("chunk", layout.chunk * dt, chunk)):
            if wanted is not None and abs(begun - wanted) > dt / 2:
                raise ValueError(f"the recording in '{folder}' has a {what} of {begun:g} ms, not of {wanted:g} ms.")
        return resume(folder, sim, mesh=on, progress=progress)
    start, key = jax.random.split(jax.random.key(seed))
    duration = steps * sim.program.dt
    return simulate(sim, sim.init(start, 1, on), duration, key=key, chunk=chunk, to=folder, mesh=on, progress=progress)


def monitors_of(recording: Recording, settle: float) -> dict[str, dict[str, Any]]:
    """For each spike monitor the number of neurons and spikes, the mean rate, and how irregular its neurons fire, once the network
    has settled."""
    told = {}
    for name, kept in recording.layout.kept.items():
        if kept.kind == "spikes" and kept.steps(recording.steps):
            spikes = recording.spikes(name)
            if spikes.stop <= settle:
                continue
            spikes = spikes.between(max(spikes.start, settle), spikes.stop)
            irregular = cv(spikes)
            told[name] = {
                "neurons": spikes.num, "spikes": len(spikes), "rate_hz": len(spikes) / spikes.num / spikes.duration * 1000,
                "cv_isi": None if irregular != irregular else irregular,
            }
    return told


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
