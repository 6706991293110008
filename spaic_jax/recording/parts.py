"""Where the parts of a recording are: in memory, or in a folder, one file a chunk."""

import contextlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import jax
import numpy as np

from spaic_jax._files import write_whole
from spaic_jax.distributed.processes import first, shared_errors
from spaic_jax.plan import layout as devices
from spaic_jax.program import Program
from spaic_jax.recording.layout import Layout
from spaic_jax.storage._tensors import CheckpointError, read_tensors, write_tensors

FORMAT = {"format": "spaic_jax recording", "version": 1}
KEY = "[key]"
Arrays = dict[str, Any]


class Parts(Protocol):
    """The arrays of each chunk, and the totals at the end."""

    def __len__(self) -> int: ...

    def get(self, number: int, name: str) -> np.ndarray:
        """An array of a chunk."""

    def add(self, number: int, part: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Keep the arrays of a chunk, and what the next one goes on from."""

    def end(self, totals: Mapping[str, np.ndarray]) -> None:
        """Keep the totals."""

    def totals(self) -> dict[str, np.ndarray]:
        """The totals; nothing before the end."""


class Memory:
    """Parts in memory."""

    def __init__(self) -> None:
        self._parts: list[Mapping[str, np.ndarray]] = []
        self._totals: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def get(self, number: int, name: str) -> np.ndarray:
        return self._parts[number][name]

    def add(self, number: int, part: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        self._parts.append(part)

    def end(self, totals: Mapping[str, np.ndarray]) -> None:
        self._totals = dict(totals)

    def totals(self) -> dict[str, np.ndarray]:
        return self._totals


class Folder:
    """Parts in a folder.

    `index.json` says what the recording is, `start.safetensors` has the variables before its first step and the random key,
    `state.safetensors` what the chunk goes on from that comes after the last whole one, `part-000000.npz` what the first chunk
    has kept and so on, and `totals.npz` what reduces over the whole run. Each file is whole or not there.

    Args:
        path: the folder.
        program: the network; not needed to read what monitors kept.
        on: the devices that share it out. All processes that these belong to call what is below: process 0 writes, but for what each
            has for itself, and what goes wrong in one of them goes wrong in all.
    """

    def __init__(self, path: str | os.PathLike[str], program: Program | None = None, on: devices.Layout | None = None):
        self.path, self.program, self._on = Path(path), program, on
        self.index = self.path / "index.json"
        self._start = self.path / "start.safetensors"
        self._state = self.path / "state.safetensors"
        self._totals = self.path / "totals.npz"

    @property
    def _own(self) -> bool:
        """Whether this process writes."""
        return self._on is None or first()

    @property
    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self._on is None else shared_errors()

    def check_free(self) -> None:
        """ValueError unless a new recording may be kept here; writes nothing."""
        with self._errors:
            if self._own:
                self._check_free()

    def _check_free(self) -> None:
        if self.index.is_file():
            raise ValueError(f"'{self.path}' holds a recording: go on with it by resume, or give another folder.")
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"'{self.path}' is a file, but a recording needs a folder.")
        if self.path.is_dir() and any(not file.name.startswith(".tmp-") for file in self.path.iterdir()):
            raise ValueError(f"'{self.path}' holds other files: give another folder for the recording.")

    def begin(self, layout: Layout, start: Arrays, key: Any) -> None:
        """Make the folder, and write all but the parts."""
        kind = {} if key is None else {KEY: key}
        text = json.dumps({**FORMAT, **layout.to_dict()}, indent=2) + "\n"
        with self._errors:
            self.path.mkdir(parents=True, exist_ok=True)
        self._write_state(self._start, {**start, **kind}, "start of a recording", {})
        with self._errors:
            if self._own:
                write_whole(self.index, lambda file: file.write_text(text, encoding="utf-8"))

    def _write_state(self, path: Path, arrays: Arrays, kind: str, extra: Mapping[str, str]) -> None:
        if self._own or any(map(devices.shared_out, arrays.values())):
            write_tensors(path, arrays, self.program, kind, extra)

    def layout(self) -> Layout:
        """What the recording says of itself.

        Raises:
            CheckpointError: no recording, or a damaged one.
        """
        if not self.index.is_file():
            raise CheckpointError(f"'{self.path}' holds no recording: there is no index.json.")
        try:
            values = json.loads(self.index.read_text(encoding="utf-8"))
            found = {name: values.pop(name, None) for name in FORMAT}
            if found != FORMAT:
                raise CheckpointError(
                    f"'{self.index}' is {found['format']}, version {found['version']}, but needs to be"
                    f" {FORMAT['format']}, version {FORMAT['version']}."
                )
            return Layout.from_dict(values)
        except CheckpointError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"'{self.index}' is damaged: {error}.") from error

    def _part(self, number: int) -> Path:
        return self.path / f"part-{number:06d}.npz"

    def __len__(self) -> int:
        number = 0
        while self._part(number).is_file():
            number += 1
        return number

    def get(self, number: int, name: str) -> np.ndarray:
        return _read(self._part(number), name)[name]

    def add(self, number: int, part: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        with self._errors:
            if self._own:
                _write(self._part(number), part)
        self._write_state(self._state, dict(state), "state of a recording", {"chunks": str(number + 1)})

    def end(self, totals: Mapping[str, np.ndarray]) -> None:
        with self._errors:
            if self._own:
                _write(self._totals, totals)

    def totals(self) -> dict[str, np.ndarray]:
        return _read(self._totals) if self._totals.is_file() else {}

    def read_start(self, needed: Mapping[str, jax.ShapeDtypeStruct]) -> tuple[Arrays, Any]:
        """The variables before the first step, and the random key, if there is one."""
        assert self.program is not None

        def with_key(metadata: Mapping[str, str]) -> dict[str, jax.ShapeDtypeStruct]:
            kind = metadata.get(f"key {KEY}")
            return {**needed} if kind is None else {**needed, KEY: jax.eval_shape(lambda: jax.random.key(0, impl=kind))}

        arrays, _ = read_tensors(self._start, with_key, self.program, "start of a recording", self._shardings)
        return {name: x for name, x in arrays.items() if name != KEY}, arrays.get(KEY)

    @property
    def _shardings(self) -> dict[str, Any]:
        if self._on is None or self.program is None:
            return {}
        return {v.name: self._on.sharding(v) for v in self.program.variables if v.role != "input"}

    def read_state(self, needed: Callable[[int], Mapping[str, jax.ShapeDtypeStruct]]) -> tuple[Arrays, int]:
        """What the next chunk goes on from, and how many are done; `needed` tells the arrays of so many. Nothing before the first."""
        assert self.program is not None
        if not self._state.is_file():
            return {}, 0

        def number(metadata: Mapping[str, str]) -> int:
            chunks = metadata.get("chunks", "")
            if not chunks.isdecimal() or not 1 <= int(chunks) <= len(self):
                raise CheckpointError(f"'{self.path}' is damaged: {chunks or 'no'} chunks are done, but it has {len(self)} parts.")
            return int(chunks)

        arrays, metadata = read_tensors(self._state, lambda m: needed(number(m)), self.program, "state of a recording", self._shardings)
        return arrays, number(metadata)


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as npz; `numpy.savez` takes names for arguments of its own."""

    def write(file: Path) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name, x in arrays.items():
                # NumPy's format knows nothing of bfloat16 and its like: the index says what it is.
                plain = x.view(f"u{x.dtype.itemsize}") if x.dtype.kind == "V" else x
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, plain, allow_pickle=False)

    write_whole(path, write)


def _read(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Arrays of an npz file, all of them by default.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _member(archive, name) for name in names or [file.removesuffix(".npy") for file in archive.namelist()]}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"'{path}' is missing or damaged: {error}") from error


def _member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as member:
        x: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        return x
