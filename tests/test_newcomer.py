"""The first commands that somebody tries: doctor, init, completion."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from spaic_jax._extras import EXTRAS
from spaic_jax.cli import doctor, main

QUICK = ["--quiet", "--set", "network.groups.hidden.num=8", "--set", "training.epochs=1", "--set", "simulation.duration=3"]


def test_a_sound_installation(capsys):
    assert main(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said["devices"]) == {str(device) for device in jax.devices()} and not any(said["devices"].values())
    assert said["versions"]["jax"] == jax.__version__
    assert set(doctor.PURPOSES) == set(EXTRAS.values())


@pytest.mark.parametrize(
    "part, broken, sentence",
    [
        ("fit", lambda *args, **kwargs: type("R", (), {"history": [{"loss": 1.0}, {"loss": float("nan")}]}), "from 1 to nan in training"),
        ("sj.Tiled", lambda: 1 / 0, "does not run (ZeroDivisionError: division by zero)"),
        ("jax.grad", lambda loss: lambda weight: weight, "a gradient is "),
    ],
)
def test_a_broken_one_is_told_in_a_sentence(part, broken, sentence, capsys, monkeypatch):
    monkeypatch.setattr(f"spaic_jax.cli.doctor.{part}", broken)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr()
    assert sentence in shown.err and shown.err.count("\n") == 1


@pytest.mark.parametrize("data", [None, "rows.csv", "images.npz"])
def test_what_init_writes_is_trained_at_once(data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(5)
    labels = np.arange(60) % 3
    np.savez("images.npz", x=random.random((60, 4, 5), np.float32), y=labels)
    lines = [f"{a:.3f},{b:.3f},{'abc'[label]}" for (a, b), label in zip(random.random((60, 2)), labels, strict=True)]
    Path("rows.csv").write_text("\n".join(["left,right,label", *lines]))
    assert main(["init", "made/first.toml" if data is None else "first.toml", *([] if data is None else ["--data", data])]) == (2 if data is None else 0)
    if data is None:
        assert "cannot write to" in capsys.readouterr().err and not Path("made").exists()
        assert main(["init", "first.toml"]) == 0
    assert main(["train", "first.toml", *QUICK]) == 0
    assert "kept in runs/first-seed0" in capsys.readouterr().out
    config = json.loads(Path("runs/first-seed0/config.json").read_text())
    assert config["network"]["encoders"]["input"]["shape"] == {None: [64], "rows.csv": [2], "images.npz": [4, 5]}[data]
    assert config["network"]["groups"]["output"]["shape"] == [10 if data is None else 3]
    assert main(["init", "first.toml"]) == 2 and "is there already" in capsys.readouterr().err


@pytest.mark.parametrize("axes", ["NTC", "TCN"])
def test_init_takes_names_and_axes(axes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random, sizes = np.random.default_rng(), {"N": 40, "T": 6, "C": 3}
    np.savez("touch.npz", taxels=random.random([sizes[axis] for axis in axes], np.float32), letter=np.arange(40) % 4, room=np.ones(40))
    assert main(["init", "first.toml", "--data", "touch.npz", "--x", "taxels", "--y", "letter", "--axes", axes]) == 0
    assert "\nduration = 6.0 " in Path("first.toml").read_text()
    assert main(["train", "first.toml", *QUICK, "--set", "simulation.duration=6"]) == 0
    config = json.loads(Path("runs/first-seed0/config.json").read_text())
    assert config["network"]["encoders"]["input"]["shape"] == [3]
    assert config["network"]["groups"]["output"]["shape"] == [4]
    Path("rows.csv").write_text("\n".join(["a,b,c,kind", *(f"{a},{b},9,{'xy'[int(a > b)]}" for a, b in random.random((30, 2)))]))
    assert main(["init", "rows.toml", "--data", "rows.csv", "--x", "a, b", "--y", "kind"]) == 0
    assert main(["train", "rows.toml", *QUICK]) == 0
    capsys.readouterr()
    for arguments, sentence in (
        (["--data", "touch.npz", "--x", "taxel", "--y", "letter"], "x: unknown array 'taxel': did you mean 'taxels'?"),
        (["--data", "touch.npz", "--x", "taxels", "--y", "letter", "--axes", "NTCX"], "axes"),
        (["--x", "taxels"], "--data digits: --x: a data set with a name has its own."),
    ):
        assert main(["init", "other.toml", *arguments]) == 2
        assert sentence in capsys.readouterr().err and not Path("other.toml").exists()


@pytest.mark.parametrize("sample", [(), (3,), (2, 3)])
def test_init_takes_what_has_lengths_for_recordings(sample, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng()
    x, lengths = random.random((40, 6, *sample), np.float32), random.permutation(np.arange(40) % 6 + 1)
    np.savez("own.npz", x=x, y=np.arange(40) % 4, lengths=lengths)
    assert main(["init", "first.toml", "--data", "own.npz"]) == 0
    assert "\nduration = 6.0 " in Path("first.toml").read_text()
    assert main(["train", "first.toml", *QUICK, "--set", "simulation.duration=6"]) == 0
    config = json.loads(Path("runs/first-seed0/config.json").read_text())
    assert config["network"]["encoders"]["input"]["shape"] == list(sample or (1,))


def test_init_says_what_it_cannot_begin_with(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.savez("targets.npz", x=np.eye(10, dtype=np.float32), y=np.linspace(0, 1, 10))
    for arguments, sentence in (
        (["a.json"], "does not end in .toml"), (["a.toml", "--data", "mnisst"], "did you mean 'mnist"),
        (["a.toml", "--data", "targets.npz"], "has no classes"),
    ):
        assert main(["init", *arguments]) == 2
        shown = capsys.readouterr().err
        assert sentence in shown and shown.count("\n") == 1
    assert not Path("a.toml").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_commands_and_options(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("doctor", "evaluate", "--seeds", "--resume"))
    if shell == "bash":
        asked = 'COMP_WORDS=(spaic-jax ev); COMP_CWORD=1; _shtab_spaic_jax 2>/dev/null; echo "${COMPREPLY[@]}"'
        words = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=True).stdout.split()
        assert words == ["evaluate"]


def test_python_runs_the_package():
    done = subprocess.run([sys.executable, "-m", "spaic_jax", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("spaic-jax ")
