"""The folder of a run: what it holds, and how it stays whole when the run is killed."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spaic_jax._files import write_whole
from spaic_jax._text import read_tables
from spaic_jax.cli.config import first_difference
from spaic_jax.cli.errors import UserError, user_errors, write_errors

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class RunFolder:
    """`config.json`, `metrics.jsonl`, the last checkpoints, `weights.safetensors` and pictures.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.jsonl"
        self.weights = self.path / "weights.safetensors"

    def check(self, resolved: Mapping[str, Any], resume: bool) -> None:
        """Check that a run may be kept here, without writing anything.

        Args:
            resolved: the configuration of the run.
            resume: whether to go on with a run that is here already.

        Raises:
            UserError: a run is here that is not to be resumed, or is another one; or the path is no folder.
        """
        if not self.check_free(resume):
            return
        key = first_difference(self.read_config(), resolved)
        if key is not None:
            raise UserError(f"'{self.path}' is another run: its {key} differs; give another folder with --out.")

    def check_free(self, resume: bool) -> bool:
        """`check` of what can be told without the configuration; whether a run is here."""
        with user_errors():
            if self.path.exists() and not self.path.is_dir():
                raise UserError(f"'{self.path}' is a file: give another folder with --out.")
            # What was killed before its first file was whole has left nothing but temporary names.
            taken = self.path.is_dir() and any(not file.name.startswith(".tmp-") for file in self.path.iterdir())
        if not taken:
            return False
        if not resume:
            raise UserError(f"'{self.path}' exists: go on with its run by --resume, or give another folder with --out.")
        if not self.config.is_file():
            raise UserError(f"'{self.path}' holds no config.json, so no run to resume: give another folder with --out.")
        return True

    def read_config(self) -> dict[str, Any]:
        """The configuration of the run.

        Raises:
            UserError: when there is none.
        """
        if not self.config.is_file():
            raise UserError(f"'{self.path}' is no run folder: it holds no config.json.")
        try:
            return read_tables(self.config)
        except ValueError as error:
            raise UserError(f"'{self.config}' is damaged: {str(error).removeprefix(f'{self.config}: ')}") from error

    @contextlib.contextmanager
    def open(self, resolved: Mapping[str, Any], resume: bool) -> Iterator[None]:
        """Make the folder, keep other processes out of it, and write the configuration.

        Raises:
            UserError: it cannot be made or written, or another process writes to it.
        """
        with user_errors(), write_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.path, os.O_RDONLY) if fcntl is not None else None
        try:
            if folder is not None:
                self._lock(folder)
            # Another process may have left a run here before this one could lock it.
            self.check(resolved, resume)
            with write_errors(self.path):
                self.write_config(resolved)
            yield
        finally:
            if folder is not None:
                os.close(folder)

    def write_config(self, resolved: Mapping[str, Any]) -> None:
        """Write the configuration."""
        text = json.dumps(resolved, indent=2) + "\n"
        write_whole(self.config, lambda file: file.write_text(text, encoding="utf-8"))

    def _lock(self, folder: int) -> None:
        """Lock the folder itself: however a process ends, its lock ends with it, and no file is left."""
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another process writes to '{self.path}': wait for it, or give another folder with --out.") from None
        except OSError:
            # A file system without locks.
            pass

    def write_metrics(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Write one line an epoch anew: a run that was killed may have left a line too few, or a part of one."""
        text = "".join(json.dumps(row) + "\n" for row in history)
        write_whole(self.metrics, lambda file: file.write_text(text, encoding="utf-8"))
