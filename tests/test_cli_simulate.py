"""The command `simulate`: a folder, a table or a line of JSON, and a sentence where something is wrong."""

import json

import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main

CONFIG = """
[network.generators.noise]
num = 4
coding_method = "poisson_generator"
rate = 2.0

[network.groups.layer]
num = 6
model = "lif"
tau_m = 20.0

[network.connections.link]
pre = "noise"
post = "layer"
weight = { initial = "constant", value = 0.5 }
plasticity = ["stdp"]

[network.monitors.fired]
kind = "spikes"
target = "layer"

[network.monitors.potential]
kind = "state"
target = "layer"
var_name = "V"
every = 10

[simulation]
dt = 1.0
duration = 50.0
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(CONFIG)
    return tmp_path


def test_simulate(here, capsys):
    run = ["simulate", "net.toml", "--duration", "400", "--chunk", "70", "--quiet"]
    assert main([*run, "--out", "one", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    recording = sj.Recording.load("one")
    spikes = recording.spikes("fired")
    assert told["duration_ms"] == 400 and told["wall_s_per_s"] == pytest.approx(told["wall_s"] / 0.4)
    assert told["monitors"]["fired"]["spikes"] == len(spikes) > 100
    assert told["monitors"]["fired"]["rate_hz"] == pytest.approx(len(spikes) / 6 / 0.4)
    assert told["monitors"]["fired"]["cv_isi"] == pytest.approx(sj.analysis.cv(spikes))
    assert recording.probes["potential"].shape == (40, 1, 6) and recording.layout.chunk == 70
    # One run of all steps gives the same; another seed and learning do not.
    assert main([*run, "--chunk", "400", "--out", "two"]) == 0
    assert "fired" in capsys.readouterr().out
    np.testing.assert_array_equal(sj.Recording.load("two").probes["potential"], recording.probes["potential"])
    for other in (["--seed", "1"], ["--learn"]):
        assert main([*run, *other]) == 0
        folder = "runs/net-seed1" if other[0] == "--seed" else "runs/net-seed0"
        assert (sj.Recording.load(folder).probes["potential"] != recording.probes["potential"]).any()
    # Rates are those of a network that has settled.
    assert main([*run, "--out", "three", "--json", "--set", "simulation.settle=150"]) == 0
    later, told_later = spikes.between(150.0, 400.0), json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told_later["settle_ms"] == 150 and told_later["monitors"]["fired"]["spikes"] == len(later) < len(spikes)
    assert told_later["monitors"]["fired"]["rate_hz"] == pytest.approx(len(later) / 6 / 0.25)
    # What is finished is told again.
    capsys.readouterr()
    assert main([*run, "--out", "one", "--json", "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["monitors"] == told["monitors"]


@pytest.mark.parametrize("arguments, sentence", [
    (["--duration", "0.5"], "simulation.duration: a duration must be a positive whole number of steps"),
    (["--set", "simulation.settle=50"], "simulation.settle: 50 ms leave nothing of a run of 50 ms to take rates of"),
    (["--chunk", "0.3"], "net.toml: a chunk must be a positive whole number of steps"),
    (["--out", "net.toml"], "'net.toml' is a file, but a recording needs a folder"),
    (["--out", "."], "holds other files"),
    (["--resume"], "holds no recording"),
    (["--set", "network.groups.layer.model=lief"], "unknown model 'lief'"),
    (["--set", "network.encoders.x.num=2", "--set", "network.connections.link.pre=x"], "input 'x' is missing"),
    (["--set", "network.connections.link.weight={initial='constant',value=-1e13}"], "the run diverged at"),
])
def test_a_sentence_and_no_traceback(arguments, sentence, here, capsys):
    assert main(["simulate", "net.toml", "--quiet", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("spaic-jax: ") and error.count("\n") == 1 and sentence in error, error


def test_interrupted_and_resumed(here, capsys, monkeypatch):
    from spaic_jax.recording.parts import Folder

    run = ["simulate", "net.toml", "--chunk", "20", "--quiet"]
    kept = Folder.add

    def stopped(self, number, part, state):
        if number == 1:
            raise KeyboardInterrupt
        kept(self, number, part, state)

    monkeypatch.setattr(Folder, "add", stopped)
    assert main([*run, "--out", "one"]) == 130
    assert "go on with: spaic-jax simulate net.toml --out=one --chunk=20.0 --resume" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert main([*run, "--out", "one", "--resume"]) == main([*run, "--out", "two"]) == 0
    one, two = (sj.Recording.load(name).probes["potential"] for name in ("one", "two"))
    np.testing.assert_array_equal(one, two)
    assert main([*run, "--out", "one", "--resume", "--duration", "60"]) == 2
    assert "has a run of 50 ms, not of 60 ms" in capsys.readouterr().err


def test_a_bar_is_shown(here, capsys):
    assert main(["simulate", "net.toml", "--chunk", "20"]) == 0
    assert "50 of 50 ms" in capsys.readouterr().out
