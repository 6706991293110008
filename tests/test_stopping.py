"""Validation, early stopping and the best epoch, in Python and from a configuration."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.train import EarlyStopping, KeepBest, TrainState, best_epoch, evaluate, evaluation_key, fit, together

ROOT = Path(__file__).parent.parent
DIGITS = str(ROOT / "configs" / "digits.toml")
#: A rate at which the test loss rises soon.
SMALL = [
    "--quiet", "--set", "network.groups.hidden.num=4", "--set", "simulation.duration=2", "--set", "training.batch_size=400",
    "--set", "training.optimizer.learning_rate=0.4", "--set", "training.optimizer.schedule=constant",
]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spaic_jax.cli.pictures.pictures_of_training", lambda *_: iter(()))


def history(*values: float) -> list[dict[str, Any]]:
    return [{"epoch": number, "loss": value, "test_accuracy": value} for number, value in enumerate(values, 1)]


def answers(stop: EarlyStopping, rows: list[dict[str, Any]]) -> list[bool]:
    return [stop(TrainState({}, None, row["epoch"]), row) for row in rows]


@pytest.mark.parametrize(
    "values, least, smallest, largest",
    [
        ((), 0, 0, 0), ((3, 2, 1), 0, 3, 1), ((1, 1, 1), 0, 1, 1), ((np.nan, 2, np.nan), 0, 2, 2), ((np.nan,), 0, 0, 0),
        ((3, 2.6, 2.2, 1.9), 0.5, 3, 1), ((np.inf, 5), 0, 2, 1),
    ],
)
def test_the_best_epoch(values: tuple[float, ...], least: float, smallest: int, largest: int) -> None:
    rows = history(*values)
    assert best_epoch(rows, "loss", least=least) == smallest
    assert best_epoch(rows, "test_accuracy", least=least) == largest
    assert best_epoch(rows, "loss", least=least, largest=True) == largest
    assert best_epoch([{"epoch": row["epoch"], "test_r2": row["loss"]} for row in rows], "test_r2", least=least) == largest


def test_a_measure_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="unknown measure 'los': did you mean 'loss'"):
        best_epoch(history(1.0), "los")


def test_patience_and_a_resumption_at_any_epoch() -> None:
    """What is made from the history so far goes on as if nothing had happened."""
    rows = history(5, 4, 4, 4.1, 3, 3, 3, 3)
    whole = answers(EarlyStopping(3, by="loss"), rows)
    assert whole == [False] * 7 + [True]
    for split in range(len(rows)):
        resumed = EarlyStopping(3, by="loss", history=rows[:split])
        assert resumed.ended is (split > 0 and whole[split - 1])
        assert answers(resumed, rows[split:]) == whole[split:]


def test_fit_stops_and_the_best_state_gives_its_numbers() -> None:
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="constant_current")
        layer = sj.NeuronGroup(2, model="lif")
        sj.Connection(image, layer, w_std=0.5)
        counts = sj.Decoder(dec_target=layer)  # noqa: F841
    random_numbers = np.random.default_rng(0)
    data = sj.data.Dataset({"image": random_numbers.random((40, 4), np.float32)}, random_numbers.integers(0, 2, 40))
    training, validation = data.split(0.25)
    sim, key = sj.build(net, dt=1.0), jax.random.key(1)
    keep, seen = KeepBest(), []
    on_epoch = together(keep, lambda state, row: seen.append(row["epoch"]), EarlyStopping(2))
    how: dict[str, Any] = {"batch_size": 10, "key": key, "steps": 5, "validation": validation, "progress": False}
    result = fit(sim, "count_cross_entropy", optax.sgd(3.0), training, epochs=30, on_epoch=on_epoch, **how)
    losses = [row["validation_loss"] for row in result.history]
    assert keep.state is not None and keep.state.epoch == int(np.argmin(losses)) + 1 == result.epoch - 2 < 28
    assert seen == [row["epoch"] for row in result.history]
    best = fit(sim, "count_cross_entropy", optax.sgd(3.0), training, epochs=keep.state.epoch, start=keep.state, **how)
    again = evaluate(
        sim, best.variables, validation, batch_size=10, steps=5, loss="count_cross_entropy", key=evaluation_key(key)
    )
    assert again.loss == min(losses)


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_configuration_keeps_the_best_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["--set", "training.validation=0.2", "--set", "training.stop.patience=2", "--set", "training.epochs=40"]
    run = tmp_path / "run"
    assert main(["train", DIGITS, *SMALL, *changes, "--out", str(run)]) == 0
    said = capsys.readouterr().out
    seen = rows(run)
    assert {"validation_loss", "validation_accuracy", "test_loss", "test_accuracy"} <= seen[0].keys()
    best = best_epoch(seen, "validation_loss")
    assert len(seen) == best + 2 < 40
    assert f"{seen[best - 1]['test_accuracy']:.2%} after epoch {best}, the best of {best + 2} by validation_loss, kept in" in said
    assert json.loads((run / "config.json").read_text())["training"]["stop"] == {"by": "validation_loss", "patience": 2, "least": 0.0}
    assert {file.name for file in run.glob("checkpoint*")} == {f"checkpoint-{epoch}.safetensors" for epoch in range(best, best + 3)}
    assert main(["evaluate", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["epoch"], told["test_loss"]) == (best, seen[best - 1]["test_loss"])
    # What has ended does not go on.
    weights = (run / "weights.safetensors").read_bytes()
    assert main(["train", DIGITS, *SMALL, *changes, "--out", str(run), "--resume"]) == 0
    assert rows(run) == seen and (run / "weights.safetensors").read_bytes() == weights
    (run / f"checkpoint-{best}.safetensors").write_bytes(b"")
    assert main(["train", DIGITS, *SMALL, *changes, "--out", str(run), "--resume"]) == 2
    assert f"checkpoint-{best}.safetensors' is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (["training.stop.patience=3"], "training: stop.by is missing: give training.validation a share, or name a measure"),
        (["training.stop.by=validation_loss"], "training: stop.by is 'validation_loss', but training.validation is missing."),
        (["training.validation=0.2", "training.stop.by=validation_los"], "unknown measure 'validation_los': did you mean 'validation_loss'?"),
        (["training.stop.by=r2"], "training: stop.by: unknown measure 'r2'; known: accuracy, loss, test_accuracy,"),
        (["training.stop={by='test_loss', patiense=3}"], "training.stop.patiense: unknown key 'patiense': did you mean 'patience'?"),
        (["training.stop={by='test_loss', patience=0}"], "training.stop.patience: needs greater than 0, got 0."),
        (["training.stop=3"], "training.stop: needs a valid dictionary"),
        (["training.validation=1.0"], "training.validation: needs less than 1, got 1.0."),
        (["training.validation=1e-9"], "training.validation: a share of 1e-09 of 1442 samples leaves a part without any."),
        (["training.keep=0"], "training.keep: needs greater than 0, got 0."),
        (["training.compute=int8"], "training.compute: needs 'bfloat16' or 'float16', got 'int8'."),
    ],
)
def test_sentences(changes: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [argument for change in changes for argument in ("--set", change)]
    assert main(["train", DIGITS, *SMALL, *arguments, "--out", str(tmp_path / "run")]) == 2
    shown = capsys.readouterr().err
    assert sentence in shown and shown.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_half_precision_from_a_configuration(tmp_path: Path) -> None:
    assert main(["train", DIGITS, *SMALL, "--set", "training.compute=bfloat16", "--set", "training.epochs=1", "--out", str(tmp_path / "run")]) == 0
    assert np.isfinite(rows(tmp_path / "run")[0]["loss"])


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_kills_at_any_moment_change_nothing(kill: int, tmp_path: Path) -> None:
    """Random moments, with early stopping: the same epoch is kept, with the same bits."""
    arguments = [
        "train", DIGITS, *SMALL, "--set", "training.validation=0.2", "--set", "training.stop.patience=15", "--set", "training.epochs=150",
        "--set", "network.encoders.image.coding_method=poisson", "--set", "training.optimizer.schedule={name='plateau', patience=5}",
        "--set", "training.optimizer.accumulate=2", "--set", "training.optimizer.learning_rate=0.05",
    ]
    command = [sys.executable, "-m", "spaic_jax", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, "--out", "whole"], check=True, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    whole = rows(tmp_path / "whole")
    moments, kills = random.Random(int(kill)), 0

    def started() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, "--out", "cut", "--resume"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    metrics = tmp_path / "cut" / "metrics.jsonl"
    for part in range(5):
        process = started()
        # The first in the middle of its beginning, each other one some epochs further on.
        while part and process.poll() is None and not (metrics.exists() and len(rows(metrics.parent)) > part * len(whole) / 6):
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 10 * max(row["seconds"] for row in whole[1:]) if part else 4.0))
        process.send_signal(kill)
        process.communicate()
        kills += process.returncode != 0
    assert kills > 2
    process = started()
    _, error = process.communicate()
    assert process.returncode == 0, error
    seen = [rows(tmp_path / name) for name in ("whole", "cut")]
    for row in seen[0] + seen[1]:
        del row["seconds"]
    assert seen[0] == seen[1]
    for name in ("weights.safetensors", "config.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()
    assert {file.name for file in (tmp_path / "whole").iterdir()} == {file.name for file in (tmp_path / "cut").iterdir() if file.name[0] != "."}
