"""`spaic-jax sweep`: every combination of some values, a folder for each, and one table."""

import json
import math
import re
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest

from spaic_jax.cli import main
from spaic_jax.cli.grid import combinations, read_over

ROOT = Path(__file__).parent.parent
DIGITS, COBA = (str(ROOT / "configs" / name) for name in ("digits.toml", "coba.toml"))
SMALL = ["network.groups.hidden.num=4", "simulation.duration=2", "training.batch_size=700", "training.epochs=1"]
SET = ["--quiet", *(word for each in SMALL for word in ("--set", each))]
RATES = ["--over", "training.optimizer.learning_rate=1e37,5e-3", "--set", "training.optimizer.name=sgd"]

pytestmark = [pytest.mark.filterwarnings("ignore::spaic_jax.train.ActivityWarning"), pytest.mark.usefixtures("plainly_told")]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_combinations_are_trained_told_drawn_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of them diverges; of the other one a run is lost, and its rows."""
    out = tmp_path / "out"
    command = ["sweep", DIGITS, *SET, *RATES, "--seeds", "0,3", "--out", str(out)]
    assert main(command) == 2
    told = capsys.readouterr()
    title, header, *lines, kept = told.out.splitlines()
    assert title == f"{DIGITS}: 2 combinations" and kept == f"kept in {out}"
    assert header.split()[:4] == ["learning_rate", "test", "accuracy", "deviation"] and header.split()[-1] == "diverged"
    assert told.err.startswith("spaic-jax: 2 of 4 runs diverged; learning_rate=1e+37/seed0: training diverged at epoch 1, step")
    assert told.err.count("\n") == 1 and [line.split()[0] for line in lines] == ["1e+37", "0.005"]
    there, last = rows(out), out / "learning_rate=0.005"
    both = [rows(last / f"seed{seed}")[-1]["test_accuracy"] for seed in (0, 3)]
    assert lines[1].split()[1:3] == [f"{statistics.fmean(both):.2%}", f"{statistics.stdev(both):.2%}"]
    assert lines[0].endswith("2 of 2")
    # What was lost is made again, to the bit; what has its row is not touched.
    (out / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in there[:2]))
    shutil.rmtree(last / "seed0")
    before = (out / "learning_rate=1e+37" / "seed0" / "config.json").stat().st_mtime_ns
    assert main(command) == 2 and f"'{out}' exists" in capsys.readouterr().err
    assert main([*command, "--set", "network.groups.hidden.num=5", "--resume"]) == 2
    assert "its config.network.groups.hidden.num differs" in capsys.readouterr().err
    assert main([*command, "--resume", "--json"]) == 2
    one = json.loads(capsys.readouterr().out)
    assert rows(out) == there and (last / "seed0" / "weights.safetensors").is_file()
    assert (out / "learning_rate=1e+37" / "seed0" / "config.json").stat().st_mtime_ns == before
    assert [each["diverged"] for each in one["combinations"]] == [2, 0] and one["combinations"][0]["mean"] == {}
    assert one["combinations"][1]["mean"]["test accuracy"] == pytest.approx(statistics.fmean(both))
    assert main(["plot", str(out), "--out", str(tmp_path / "pictures")]) == 0
    assert sorted(file.name for file in (tmp_path / "pictures").iterdir()) == ["sweep_test_accuracy.png", "sweep_test_loss.png"]
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text()
    assert page.count("<img") == 2 and "sweep, finished" in page and "training diverged at epoch 1" in page


@pytest.mark.slow
def test_each_is_the_run_of_its_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one seed, to the bit; two keys; devices share out the seeds."""
    over = ["--over", "network.groups.hidden.tau_m=5.0,20.0", "--over", 'network.groups.hidden.surrogate="sigmoid",{ name = "atan", alpha = 4.0 }']
    assert main(["sweep", DIGITS, *SET, *over, "--out", str(tmp_path / "swept"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["combinations"]
    assert [each["values"]["network.groups.hidden.tau_m"] for each in told] == [5.0, 5.0, 20.0, 20.0]
    alone = ["--set", "network.groups.hidden.tau_m=20.0", "--set", 'network.groups.hidden.surrogate={ name = "atan", alpha = 4.0 }']
    assert main(["train", DIGITS, *SET, *alone, "--out", str(tmp_path / "alone")]) == 0
    same = next(path for path in (tmp_path / "swept").iterdir() if path.name.startswith("tau_m=20.0,surrogate=name-atan-alpha-4.0-"))
    for name in ("config.json", "weights.safetensors"):
        assert (same / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert told[3]["mean"]["test accuracy"] == rows(tmp_path / "alone")[-1]["test_accuracy"] and told[3]["deviation"] == {}
    capsys.readouterr()
    command = ["sweep", DIGITS, *SET, "--over", "network.groups.hidden.tau_m=5.0", "--seeds", "0,1", "--json"]
    both = []
    for name, more in (("one", []), ("two", ["--devices", "2"])):
        assert main([*command, "--out", str(tmp_path / name), *more]) == 0
        both.append(json.loads(capsys.readouterr().out)["combinations"][0]["mean"]["test loss"])
    assert math.isclose(*both, rel_tol=1e-4)


def test_without_a_training_it_is_simulated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, simulated = tmp_path / "out", ["--quiet", "--set", "simulation.duration=60", "--set", "simulation.settle=0", "--json"]
    assert main(["sweep", COBA, *simulated, "--over", "network.num=100", "--seeds", "0,1", "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)["combinations"][0]
    assert main(["simulate", COBA, *simulated, "--set", "network.num=100", "--seed", "1", "--out", str(tmp_path / "alone")]) == 0
    alone = json.loads(capsys.readouterr().out)["monitors"]["spikes"]
    assert told["runs"] == 2 and rows(out)[1]["measures"]["spikes rate (Hz)"] == alone["rate_hz"] > 0
    assert (out / "num=100" / "seed1" / "config.json").read_bytes() == (tmp_path / "alone" / "config.json").read_bytes()


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        (["training.epohcs=1"], "with training.epohcs=1: .*: training.epohcs: unknown key 'epohcs': did you mean 'epochs'?"),
        (["training.keep=1,two"], "with training.keep=two: .*: training.keep: needs a valid integer, got 'two'"),
        (["network.groups.hidden.tau_m=5,-1"], "with network.groups.hidden.tau_m=-1: .*: LIF: tau_m must be positive"),
        (["training.keep=1", "training.keep=2"], "--over training.keep: it is there twice"),
        (["training.stop={}", "training.stop.patience=2"], "--over training.stop: training.stop.patience is there too"),
        (["simulation={}"], "--over simulation: simulation.duration is there too"),
        (["training.keep=1,2,1.0"], "--over training.keep=1,2,1.0: training.keep is 1.0 twice"),
        (["training.keep=1,,2"], "--over training.keep=1,,2: values with commas between are needed"),
        (["training.keep"], "--over training.keep: values with commas between are needed"),
        (["training.keep=[1,2"], r"--over training.keep=\[1,2: a quote or a bracket is not closed"),
        (["network.groups.hiden.num=4,8"], "--over network.groups.hiden.num: unknown member of network.groups 'hiden': did you mean 'hidden'?"),
        (["training.seed=1,2"], "--over training.seed: --seeds is there too"),
    ],
)
def test_bad_input_of_any_is_told_before_anything_runs(
    over: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for each in over for word in ("--over", each)]
    seeds = ["--seeds", "0,1"] if "training.seed" in over[0] else []
    assert main(["sweep", DIGITS, *SET, *words, *seeds, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert not told.out and told.err.count("\n") == 1 and not (tmp_path / "out").exists()
    assert re.search(sentence, told.err), told.err


def test_options_of_the_other_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for config, key, option in ((COBA, "network.num", ["--devices", "2"]), (DIGITS, "training.keep", ["--learn"])):
        assert main(["sweep", config, "--over", f"{key}=1,2", *option, "--out", str(tmp_path / "out")]) == 2
        assert f"{option[0]} is for" in capsys.readouterr().err


def test_values_are_toml_and_commas_in_them_are_theirs() -> None:
    points = combinations(read_over(["a.b=[1, 2],x y", r'''c={ d = "1,\"", e = [','] },"p,q",'r,s',true,-1e-3''']))
    assert [point.values["a.b"] for point in points[::5]] == [[1, 2], "x y"]
    assert [point.values["c"] for point in points[:5]] == [{"d": '1,"', "e": [","]}, "p,q", "r,s", True, -1e-3]
    assert len({point.name for point in points}) == 10 and points[9].changes == ("a.b=x y", "c=-1e-3")
    assert all(set(point.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789=,.-") | set("True") for point in points)
