"""Callbacks that write for TensorBoard and Weights & Biases."""

import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest

from spaic_jax.train import TrainState, tensorboard, wandb

ROWS: list[dict[str, Any]] = [{"epoch": 1, "loss": 0.5, "test_loss": None}, {"epoch": 2, "loss": 0.25, "test_accuracy": 1}]


class Writer:
    """Stands in for tensorboardX's."""

    def __init__(self, folder: str, flush_secs: int):
        self.folder, self.seen, self.flush_secs = folder, [], flush_secs
        WRITERS.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.seen.append((name, value, step))


WRITERS: list[Writer] = []


def test_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    write = tensorboard(tmp_path)
    for row in ROWS:
        assert write(TrainState({}, None, row["epoch"]), row) is None
    (writer,) = WRITERS
    assert writer.folder == str(tmp_path) and writer.flush_secs == 0
    assert writer.seen == [("loss", 0.5, 1), ("loss", 0.25, 2), ("test_accuracy", 1.0, 2)]


def test_tensorboard_itself(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    write = tensorboard(tmp_path)
    for row in ROWS:
        write(TrainState({}, None, row["epoch"]), row)
    (file,) = tmp_path.iterdir()
    # A thread writes it.
    deadline = time.monotonic() + 20
    while b"loss" not in file.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert b"loss" in file.read_bytes()


def test_without_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'TensorBoard needs the package tensorboardX: pip install "spaic_jax\[tensorboard\]"'):
        tensorboard(tmp_path)


def test_wandb() -> None:
    seen: list[Any] = []
    run = types.SimpleNamespace(log=lambda measures, step: seen.append((step, measures)))
    for row in ROWS:
        assert wandb(run)(TrainState({}, None, row["epoch"]), row) is None
    assert seen == [(1, {"loss": 0.5}), (2, {"loss": 0.25, "test_accuracy": 1.0})]
