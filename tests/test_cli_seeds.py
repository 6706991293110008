"""`spaic-jax train --seeds`: a run for each seed, and a table."""

import json
import math
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest

from spaic_jax.cli import main

DIGITS = str(Path(__file__).parent.parent / "configs" / "digits.toml")
SMALL = ["--quiet", "--set", "network.groups.hidden.num=4", "--set", "simulation.duration=2", "--set", "training.batch_size=700"]
STOP = ["--set", "training.validation=0.2", "--set", "training.stop.patience=1", "--set", "training.optimizer.learning_rate=0.3"]

pytestmark = [pytest.mark.filterwarnings("ignore::spaic_jax.train.ActivityWarning"), pytest.mark.usefixtures("plainly_told")]


def train(*more: str) -> int:
    return main(["train", DIGITS, *SMALL, *more])


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def assert_alike(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """Up to the order of sums."""
    assert [row["epoch"] for row in one] == [row["epoch"] for row in other]
    for mine, theirs in zip(one, other, strict=True):
        assert mine.keys() == theirs.keys()
        assert all(math.isclose(mine[name], theirs[name], rel_tol=1e-4) for name in mine if name.endswith("loss"))


def test_each_seed_has_its_run_and_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--set", "training.epochs=1", "--seeds", "0..2", "--out", str(tmp_path)) == 0
    title, header, *lines = capsys.readouterr().out.splitlines()
    assert title == f"{DIGITS}: 3 seeds" and header.split() == ["seed", "epoch", "test", "accuracy", "test", "loss", "kept", "in"]
    table = [line.split() for line in lines]
    assert [line[0] for line in table] == ["0", "1", "2", "mean", "deviation"]
    accuracies = [rows(tmp_path / f"seed{seed}")[-1]["test_accuracy"] for seed in range(3)]
    assert [line[2] for line in table[:3]] == [f"{x:.2%}" for x in accuracies]
    assert table[3][1] == f"{statistics.fmean(accuracies):.2%}" and table[4][1] == f"{statistics.stdev(accuracies):.2%}"


@pytest.mark.slow
def test_each_is_the_run_of_its_seed_and_goes_on_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, two = tmp_path / "runs", ["--set", "training.epochs=2"]
    assert train(*two, "--seeds", "0..2", "--out", str(out)) == 0
    table = capsys.readouterr().out.splitlines()
    assert train(*two, "--seed", "1", "--out", str(tmp_path / "alone")) == 0
    assert_alike(rows(out / "seed1"), rows(tmp_path / "alone"))
    assert (out / "seed1" / "config.json").read_bytes() == (tmp_path / "alone" / "config.json").read_bytes()
    # What has not begun, is not finished or has ended: all go on.
    shutil.rmtree(out / "seed0")
    for name in ("checkpoint-2.safetensors", "weights.safetensors"):
        (out / "seed2" / name).unlink()
    assert train(*two, "--seeds", "0,1,2", "--out", str(out)) == 2
    assert f"'{out / 'seed1'}' exists: go on with its run by --resume" in capsys.readouterr().err
    assert train(*two, "--seeds", "0,1,2", "--out", str(out), "--resume") == 0
    again = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in again[2:5]] == [line.split()[:3] for line in table[2:5]]


@pytest.mark.slow
def test_each_stops_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*STOP, "--set", "training.epochs=12", "--seeds", "5,3", "--out", str(tmp_path)) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()[2:4]]
    for seed, line in zip((5, 3), shown, strict=True):
        seen = rows(tmp_path / f"seed{seed}")
        assert line[:2] == [str(seed), str(min(seen, key=lambda row: row["validation_loss"])["epoch"])]
        assert int(line[1]) + 1 == len(seen) or len(seen) == 12


@pytest.mark.slow
def test_processes_share_out_the_seeds(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["--set", "training.epochs=2", "--seeds", "0..3"]
    assert train(*command, "--out", str(tmp_path / "one")) == 0
    assert train(*command, "--out", str(tmp_path / "two"), "--local-processes", "2") == 0
    assert "mean" in capfd.readouterr().out
    for seed in range(4):
        one, two = (tmp_path / name / f"seed{seed}" for name in ("one", "two"))
        assert_alike(rows(one), rows(two))
        assert [(two / name).is_file() for name in ("weights.safetensors", "checkpoint-2.safetensors")] == [True, True]
    assert train(*command, "--seeds", "0..2", "--out", str(tmp_path / "odd"), "--local-processes", "2") == 2
    assert "3 seeds cannot be shared out evenly over" in capfd.readouterr().err
    assert train(*command, "--rows", "2", "--out", str(tmp_path / "rows")) == 2
    assert "--seeds shares out whole trainings: leave out --rows" in capfd.readouterr().err


@pytest.mark.parametrize("seeds", ["2..1", "1,1", "a", "0..", "-1..2", "1,,2", "0..1000"])
def test_seeds_that_are_none(seeds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train(f"--seeds={seeds}")
    assert f"argument --seeds: invalid seeds value: '{seeds}'" in capsys.readouterr().err


def test_one_that_diverges_is_said_and_the_others_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wild = ["--set", "training.optimizer.name=sgd", "--set", "training.optimizer.learning_rate=1e37"]
    assert train(*wild, "--seeds", "0,1", "--out", str(tmp_path)) == 2
    told = capsys.readouterr().err
    assert "training diverged at epoch 1, step" in told and told.count("\n") == 1
    assert all(f"(no checkpoint is in {tmp_path / seed})" in told for seed in ("seed0", "seed1"))
