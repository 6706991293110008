"""The folder of a run: what it holds, and how it stays whole when the run is killed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spaic_jax._files import write_whole
from spaic_jax._text import read_tables
from spaic_jax.cli.config import first_difference
from spaic_jax.cli.errors import UserError, user_errors


class RunFolder:
    """`config.json`, `metrics.jsonl`, `checkpoint.safetensors`, `weights.safetensors` and pictures.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoint = self.path / "checkpoint.safetensors"
        self.weights = self.path / "weights.safetensors"

    def check(self, resolved: Mapping[str, Any], resume: bool) -> None:
        """Check that a run may be kept here, without writing anything.

        Args:
            resolved: the configuration of the run.
            resume: whether to go on with a run that is here already.

        Raises:
            UserError: a run is here that is not to be resumed, or is another one; or the path is no folder.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"'{self.path}' is a file: give another folder with --out.")
        with user_errors():
            # What was killed before its first file was whole has left nothing but temporary names.
            taken = self.path.is_dir() and any(not file.name.startswith(".tmp-") for file in self.path.iterdir())
        if not taken:
            return
        if not resume:
            raise UserError(f"'{self.path}' exists: go on with its run by --resume, or give another folder with --out.")
        if not self.config.is_file():
            raise UserError(f"'{self.path}' holds no config.json, so no run to resume: give another folder with --out.")
        key = first_difference(self.read_config(), resolved)
        if key is not None:
            raise UserError(f"'{self.path}' is another run: its {key} differs; give another folder with --out.")

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

    def read_metrics(self) -> list[dict[str, Any]]:
        """A row of numbers for each epoch.

        Raises:
            UserError: when there is none.
        """
        with user_errors():
            text = self.metrics.read_text(encoding="utf-8", errors="replace")
        try:
            rows = [json.loads(line) for line in text.splitlines()]
        except (ValueError, RecursionError) as error:
            raise UserError(f"'{self.metrics}' is damaged: {error}.") from error
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise UserError(f"'{self.metrics}' is damaged: needs a table in each line.")
        return rows

    def open(self, resolved: Mapping[str, Any]) -> None:
        """Make the folder, and write the configuration."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.config.is_file():
            text = json.dumps(resolved, indent=2) + "\n"
            write_whole(self.config, lambda file: file.write_text(text, encoding="utf-8"))

    def write_metrics(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Write one line an epoch anew: a run that was killed may have left a line too few, or a part of one."""
        text = "".join(json.dumps(row) + "\n" for row in history)
        write_whole(self.metrics, lambda file: file.write_text(text, encoding="utf-8"))
