"""Arrays that several processes share out, in a file of each process beside the one that names them all."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spaic_jax._extras import import_extra
from spaic_jax._files import write_whole
from spaic_jax.distributed.processes import exchanged, shared_errors

#: What follows the stem of a path in the name of a process's file: which process it is of how many, and the digest.
_NAME = re.compile(r"\.\d{1,6}of\d{1,6}\.[0-9a-f]{16}\.safetensors")


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of an array, in the file of the process that had it.

    Attributes:
        file: the file.
        key: its name there.
        of: the name of the array.
        whole: the shape of the array.
        start: where in the array it begins, along each axis.
        shape: its own shape.
        dtype: its dtype.
        sha256: the digest of its numbers.
    """

    file: Path
    key: str
    of: str
    whole: tuple[int, ...]
    start: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: str
    sha256: str

    def read(self, damaged: Callable[[str], Exception]) -> np.ndarray:
        """Its numbers; raises what `damaged` makes of the reason where they are not those that were written."""
        safetensors = import_extra("safetensors", "a checkpoint")
        try:
            with safetensors.safe_open(self.file, framework="numpy") as file:
                x: np.ndarray = file.get_tensor(self.key)
        except (safetensors.SafetensorError, OSError, ValueError) as error:
            raise damaged(f"'{self.file}' is damaged, or is no file of safetensors: {error}") from error
        if (x.shape, str(x.dtype), _digest(x)) != (self.shape, self.dtype, self.sha256):
            raise damaged(f"'{self.file}' is damaged: what it holds is not what was written.")
        return x


@dataclasses.dataclass(frozen=True)
class Pieces:
    """An array in pieces, of which no more is read than is asked for.

    Attributes:
        shape, dtype: of the whole.
        all: every piece.
        damaged: makes an error of the reason why one cannot be read.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    all: tuple[Piece, ...]
    damaged: Callable[[str], Exception]

    def read(self, index: tuple[slice, ...] = ()) -> np.ndarray:
        """The whole, or a slice of it; one piece at a time is read beside what is given back."""
        ends = [each.indices(size)[:2] for each, size in zip(index or (slice(None),) * len(self.shape), self.shape, strict=True)]
        made = np.empty([end - begin for begin, end in ends], self.dtype)
        for piece in self.all:
            both = [
                (max(begin, first), min(end, first + size))
                for (begin, end), first, size in zip(ends, piece.start, piece.shape, strict=True)
            ]
            if all(begin < end for begin, end in both):
                there = tuple(slice(begin - first, end - first) for (begin, end), (first, _) in zip(both, ends, strict=True))
                here = tuple(slice(begin - first, end - first) for (begin, end), first in zip(both, piece.start, strict=True))
                made[there] = piece.read(self.damaged)[here]
        return made


def write_parts(path: Path, arrays: Mapping[str, jax.Array], write: Callable[[Path, Mapping[str, np.ndarray], Mapping[str, str]], None]) -> list[str]:
    """Write the pieces that each process has of arrays, in a file of its own; all of them take part.

    Nothing that is there is overwritten: the name of a file holds its digest. What names them is to be written when this has ended.

    Args:
        path: the file that will name them.
        arrays: arrays by name, of which each process has a part.
        write: writes arrays and metadata to a path.

    Returns:
        The names of the files, in the order of the processes.

    Raises:
        OSError: in every process, where one of them cannot write.
    """
    own: dict[str, np.ndarray] = {}
    table: dict[str, Any] = {}
    for name, x in sorted(arrays.items()):
        for shard in x.addressable_shards:
            # What several devices have alike is written once.
            if shard.replica_id == 0:
                key, piece = f"{name} {len(own)}", np.array(shard.data, order="C")
                start = [each.indices(size)[0] for each, size in zip(shard.index, x.shape, strict=True)]
                table[key] = {"of": name, "whole": x.shape, "start": start, "shape": piece.shape, "dtype": str(piece.dtype), "sha256": _digest(piece)}
                own[key] = piece
    pieces = json.dumps(table)
    name = f"{path.stem}.{jax.process_index()}of{jax.process_count()}.{_tag(pieces)}.safetensors"
    with shared_errors():
        write_whole(path.with_name(name), lambda file: write(file, own, {"format": "spaic_jax", "kind": "part", "pieces": pieces}))
    return exchanged(name)


def read_parts(path: Path, names: list[str], damaged: Callable[[str], Exception]) -> dict[str, Pieces]:
    """The arrays whose pieces lie in files beside one that names these, by name; their numbers are not read yet.

    Raises:
        what `damaged` makes of the reason: a file is missing or is not the one that was written, or they are not whole together.
    """
    safetensors = import_extra("safetensors", "a checkpoint")
    found: dict[str, list[Piece]] = {}
    for name in names:
        if not (name.startswith(f"{path.stem}.") and _NAME.fullmatch(name[len(path.stem) :])):
            raise damaged(f"'{path}' is damaged: it names '{name}', which is no file of a process.")
        file = path.with_name(name)
        if not file.is_file():
            raise damaged(f"'{path}' lacks '{name}', which another process wrote.")
        try:
            with safetensors.safe_open(file, framework="numpy") as opened:
                text = (opened.metadata() or {})["pieces"]
            table = json.loads(text)
        except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
            raise damaged(f"'{file}' is damaged, or is no file of safetensors: {error}") from error
        if name.split(".")[-2] != _tag(text):
            raise damaged(f"'{file}' is damaged: it is not what was written with '{path.name}'.")
        for key, each in table.items():
            given: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in each.items()}
            piece = Piece(file, key, **given)
            found.setdefault(piece.of, []).append(piece)
    made = {name: Pieces(pieces[0].whole, np.dtype(pieces[0].dtype), tuple(pieces), damaged) for name, pieces in found.items()}
    for name, array in made.items():
        if sum(int(np.prod(piece.shape)) for piece in array.all) != int(np.prod(array.shape)):
            raise damaged(f"'{path}' is damaged: it lacks pieces of '{name}'.")
    return made


def files_of(path: Path) -> list[Path]:
    """The files of processes beside one that names them, those of an earlier one too."""
    if not path.parent.is_dir():
        return []
    return [each for each in path.parent.iterdir() if each.name.startswith(f"{path.stem}.") and _NAME.fullmatch(each.name[len(path.stem) :])]


def named_by(file: Path) -> Path | None:
    """The path of the one that names a file of a process; `None` of any other file."""
    stem = file.name.split(".")[0]
    return file.with_name(f"{stem}.safetensors") if _NAME.fullmatch(file.name[len(stem) :]) else None


def remove(path: Path) -> None:
    """Remove a file, and then what processes wrote beside it."""
    for each in (path, *files_of(path)):
        each.unlink(missing_ok=True)


def remove_others(path: Path, names: Collection[str] = ()) -> None:
    """Remove what processes wrote beside a file, but for what it names."""
    for each in files_of(path):
        if each.name not in names:
            each.unlink(missing_ok=True)


def _digest(x: np.ndarray) -> str:
    return hashlib.sha256(x.tobytes()).hexdigest()


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
