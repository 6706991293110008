"""The console script."""

import contextlib
import functools
import json
import operator
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.cli.train import fit

ROOT = Path(__file__).parent.parent
DIGITS = str(ROOT / "configs" / "digits.toml")
SMALL = ["--set", "network.groups.hidden.num=8", "--set", "simulation.duration=3"]
ONE = [*SMALL, "--set", "training.epochs=1", "--quiet"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch."""
    out = tmp_path_factory.mktemp("runs") / "one"
    assert main(["train", DIGITS, *ONE, "--out", str(out), "--seed", "3"]) == 0
    return out


def spaic_jax(*commands: list[str], **options: Any) -> subprocess.Popen[str]:
    """The script, run on some commands in turn, in a process of its own."""
    code = f"import sys; from spaic_jax.cli import main; sys.exit(max(map(main, {list(commands)!r})))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options,
    )


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_folder_holds_everything(finished: Path) -> None:
    assert sorted(file.name for file in finished.iterdir()) == [
        "checkpoint-1.safetensors", "config.json", "confusion_matrix.png", "learning_curve.png", "metrics.jsonl",
        "network.png", "raster.png", "receptive_fields_image_to_hidden.png", "weights.safetensors", "weights_hidden_to_output.png",
    ]
    for picture in finished.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 5000
    config = json.loads((finished / "config.json").read_text())
    assert config["training"] == {
        "epochs": 1, "batch_size": 32, "loss": {"name": "membrane_cross_entropy"}, "seed": 3, "keep": 2,
        "optimizer": {"name": "adam", "learning_rate": 0.005, "schedule": "cosine"},
    }
    assert config["network"]["groups"]["hidden"]["shape"] == [8] and config["simulation"]["duration"] == 3
    (row,) = rows(finished)
    assert set(row) == {"epoch", "loss", "accuracy", "test_loss", "test_accuracy", "seconds"}


def test_a_gradient_by_name(here: Path) -> None:
    """One hidden layer without a loop before a leaky readout: e-prop is backpropagation through time."""
    for name, change in (("bptt", []), ("eprop", ["--set", "training.gradient=eprop"])):
        assert main(["train", DIGITS, *ONE, *change, "--out", name, "--seed", "3"]) == 0
    through, forwards = (rows(here / name)[0] for name in ("bptt", "eprop"))
    assert abs(through["loss"] - forwards["loss"]) < 1e-3 and abs(through["test_accuracy"] - forwards["test_accuracy"]) < 0.02


def test_evaluate_gives_the_numbers_of_the_last_epoch(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(finished), "--json"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    (row,) = rows(finished)
    assert json.loads(shown) == {name: row[name] for name in ("test_accuracy", "test_loss", "epoch")}
    assert main(["evaluate", str(finished)]) == 0
    assert f"test accuracy {row['test_accuracy']:.2%}" in capsys.readouterr().out


REGRESSION = """
simulation = { dt = 1.0, duration = 5.0 }
data = { path = "mine.npz", x = "x", y = "y", lengths = "lengths", kind = "targets", axes = "NTC" }
[network]
encoders.input = { num = 3, coding_method = "null" }
groups.hidden = { num = 4, model = "lif", V = { initial = "uniform", a = 0.0, b = 0.9 } }
groups.output = { num = 2, model = "leaky_integrator", V = { initial = "normal", mean = 0.0, std = 1.0 } }
connections.first = { pre = "input", post = "hidden", w_std = 0.5 }
connections.second = { pre = "hidden", post = "output", w_std = 0.5 }
decoders.decision = { dec_target = "output", coding_method = "final_step_voltage" }
[training]
epochs = 1
batch_size = 5
loss = "mean_squared_error"
optimizer = { name = "sgd", learning_rate = 0.01 }
"""


@pytest.mark.filterwarnings("ignore::spaic_jax.train.ActivityWarning")
def test_targets_lengths_and_states_that_are_drawn(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command tells what the training told."""
    rng = np.random.default_rng()
    x, y = rng.random((25, 5, 3), np.float32), rng.random((25, 2), np.float32)
    np.savez(here / "mine.npz", x=x, y=y, lengths=rng.integers(1, 6, 25))
    (here / "mine.toml").write_text(REGRESSION)
    # What the labels are says which measures there are; nothing is trained to find one missing.
    for config, by, told in ((DIGITS, "test_r2", "classes have none"), ("mine.toml", "accuracy", "targets to regress have no accuracy: name")):
        assert main(["train", config, "--quiet", "--out", "run", "--set", f"training.stop.by={by}"]) == 2
        assert f"{config}: training.stop.by is '{by}', but {told}" in capsys.readouterr().err and not (here / "run").exists()
    assert main(["train", "mine.toml", "--quiet", "--out", "run"]) == 0
    (row,) = rows(here / "run")
    measures = ("test_mean_squared_error", "test_r2", "test_loss", "epoch")
    assert f"test mean squared error {row['test_mean_squared_error']:.4f}, R2 {row['test_r2']:.4f} after" in capsys.readouterr().out
    assert main(["evaluate", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {name: row[name] for name in measures}
    (here / "run" / "weights.safetensors").unlink()
    assert main(["report", "run"]) == 0
    assert (here / "run" / "regression.png").is_file() and not (here / "run" / "confusion_matrix.png").exists()
    assert f"<dd>{row['test_mean_squared_error']:.4g}</dd>" in (here / "run" / "report.html").read_text()


def test_the_config_of_a_run_can_be_run(finished: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(finished / "config.json"), "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("test accuracy ") and shown.endswith("kept in runs/config-seed3\n")
    assert shown.count("\n") == 1
    again, first = Path("runs/config-seed3"), finished
    for name in ("weights.safetensors", "config.json"):
        assert (again / name).read_bytes() == (first / name).read_bytes()


def test_a_network_of_assemblies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a projection, and a hidden group that nothing may ask for."""
    text = Path(DIGITS).read_text().replace("[network.groups.hidden]", "[network.assemblies.body.groups.hidden]")
    text = text.replace("[network.connections.image_to_hidden]", "[network.projections.into]").replace('"hidden"', '"body"')
    text = text.replace("[network.connections.hidden_to_output]", "[network.projections.out]")
    extra = '[network]\nhidden = ["spare"]\n[network.groups.spare]\nnum = 2\n[network.monitors.seen]\ntarget = "spare"\nkind = "state"\nvar_name = "V"\n'
    (here / "areas.toml").write_text(extra + text)
    settings = [option.replace("groups.hidden", "assemblies.body.groups.hidden") for option in ONE]
    assert main(["train", "areas.toml", *settings, "--out", "run"]) == 0
    assert (here / "run" / "raster.png").stat().st_size > 0
    assert main(["summary", "areas.toml"]) == 0
    printed = capsys.readouterr().out
    assert "body/hidden -> output" in printed and "into/image->hidden.weight" in printed and "spare" not in printed


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.stem)
def test_a_summary_needs_no_data(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", str(config)]) == 0
    shown = capsys.readouterr().out
    for name, link in sj.load_network(config).of_kind(sj.Connection).items():
        assert name in shown and link.chain.label in shown
    if "[data]" not in config.read_text():
        assert main(["train", str(config)]) == 2
        assert f"{config}: data is missing." in capsys.readouterr().err


def test_the_default_folder_is_not_run_over(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file.name: file.read_bytes() for file in finished.iterdir()}
    assert main(["train", DIGITS, *ONE, "--out", str(finished), "--seed", "3"]) == 2
    sentence = f"'{finished}' exists: go on with its run by --resume, or give another folder with --out."
    assert sentence in capsys.readouterr().err
    assert main(["train", DIGITS, *ONE, "--out", str(finished), "--resume"]) == 2
    assert "its training.seed differs" in capsys.readouterr().err
    assert before == {file.name: file.read_bytes() for file in finished.iterdir()}
    assert main(["train", DIGITS, *ONE, "--out", str(finished), "--resume", "--seed", "3"]) == 0
    after = {file.name: file.read_bytes() for file in finished.iterdir()}
    for name in ("weights.safetensors", "metrics.jsonl"):
        assert after[name] == before[name]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (["training.epochs=0"], "training.epochs: needs greater than 0, got 0."),
        (["training.epochs=two"], "training.epochs: needs a valid integer, got 'two'."),
        (["training.epochs=1.5"], "training.epochs: needs a valid integer"),
        (["training.epoch=3"], "training.epoch: unknown key 'epoch': did you mean 'epochs'?"),
        (["trainin.epochs=3"], "trainin: unknown key 'trainin': did you mean 'training'?"),
        (["training.seed=-1"], "training.seed: needs greater than or equal to 0, got -1."),
        (["training.batch_size=5000"], "training.batch_size is 5000, but the training data has 1442 samples."),
        (["training.loss=count"], "training.loss: unknown loss 'count'"),
        (["training.gradient=eprob"], "training.gradient: unknown gradient 'eprob': did you mean 'eprop'?"),
        (["training.gradient={name='eprop', sed=1}"], "training.gradient: unknown setting of gradient 'eprop' 'sed'"),
        (["training.gradient=ottt", "network.groups.hidden.reset=hard"], "training.gradient: OTTT needs one decay of group"),
        (["training.loss=3"], "training.loss: the name of a loss, or a table with a name, is needed."),
        (["training.loss={name='count_mse'}"], "training.loss: steps is missing: count_mse needs it."),
        (["training.loss.scale=2.0"], "--set training.loss.scale=2.0: training.loss.scale is no key with"),
        (["training.decoder='decisio'"], "training: unknown decoder 'decisio': did you mean 'decision'?"),
        (["training.optimizer.name='adamm'"], "training.optimizer: name: unknown optimizer 'adamm': did you mean"),
        (["training.optimizer.nestrov=true"], "training.optimizer: nestrov: unknown key 'nestrov': did you"),
        (["training.optimizer.b1='x'"], "training.optimizer: b1: a number, true or false is needed, not 'x'."),
        (["training.optimizer.learning_rate=-1"], "learning_rate: needs greater than 0, got -1."),
        (["training.optimizer.learning_rate=nan"], "training.optimizer.learning_rate: needs"),
        (["training.optimizer.schedule='step'"], "schedule: every is missing: step needs it."),
        (["simulation.dt=0"], "simulation.dt: needs greater than 0, got 0."),
        (["simulation.duration=2.5"], "simulation.duration: a duration must be a positive whole number"),
        (["simulation.propagation='late'"], "simulation.propagation: needs 'same_step' or 'one_step'"),
        (["data.name='digit'"], "data.name: unknown data set 'digit': did you mean 'digits'?"),
        (["data.input='imag'"], "data.input: unknown encoder 'imag': did you mean 'image'?"),
        (["network.encoders.image.num=63"], "data: the digits have 64 pixels, which the shape (63,) does not hold."),
        (["network.encoders.more.num=64"], "data.input is missing: the network has 2 encoders."),
        (["network.groups.hidden.tau_mm=3"], "network.groups.hidden.tau_mm: unknown key 'tau_mm': did you mean"),
        (["network.groups.output.num=7"], "training: the training data: labels["),
        (["network=3"], "network: needs a valid dictionary, got 3."),
        (["network.connections.image_to_hidden.pre='a'"], "connections.image_to_hidden.pre: unknown member 'a'"),
        (["network.connections.image_to_hidden.weight=[[1.0]]"], "connection 'image_to_hidden': weight has shape"),
        (["network.decoders={}"], "training: the network has 0 decoders (none): name one"),
        (["training.loss={name='membrane_cross_entropy', reduc='max'}"], "training.loss: reduc: unknown setting of"),
        (["network.groups.hidden.num=1" + "0" * 30], "network.groups.hidden: a NeuronGroup needs positive whole numbers as its size"),
        (["network.groups.hidden.num=2000000000"], "network: its variables, gradient and optimizer take"),
        (["network.groups.hidden.num=2000000000"], "('image_to_hidden.weight' alone 477 GiB), but the device has"),
        (["training.epochs=1" + "0" * 30], "training.epochs: needs less than or equal to 2147483647, got 1"),
        (["training.epochs=2000000000"], "training.optimizer: the number of updates of 2000000000 epochs must be at most"),
        (["training.batch_size=1" + "0" * 30], "training.batch_size: needs less than or equal to 2147483647"),
        (["simulation.dt=1e-30"], "simulation.duration: a duration must be at most 2147483647 steps"),
        (["simulation.dt=1e39", "simulation.duration=1e39"], "simulation.dt: needs less than or equal to 1000000000"),
        (["simulation.duration=1e30"], "simulation.duration: a duration must be at most 2147483647 steps"),
        (["training.optimizer.learning_rate=1e300"], "training.optimizer.learning_rate: needs less than"),
        (["training.optimizer.eps=1e300"], "training.optimizer: eps must be a finite number"),
        (["training.loss=" + "[" * 5000], "its tables and lists lie in each other too deeply."),
        (["training.loss=" + "[" * 200 + "]" * 200], "its tables and lists lie in each other too deeply."),
        (["network.connections.imge_to_hidden.w_std=0.3"], "Is 'imge_to_hidden' meant to be 'image_to_hidden'?"),
        (["network.decoders.decisio.coding_method='spike_counts'"], "Is 'decisio' meant to be 'decision'?"),
        (["training"], "--set training: a key, '=' and a value are needed"),
        (["training.epochs.more=3"], "--set training.epochs.more=3: training.epochs.more is no key with a value"),
        (["=3"], "--set =3: a key, '=' and a value are needed"),
    ],
)
def test_bad_settings(changes: list[str], sentence: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [argument for change in changes for argument in ("--set", change)]
    assert main(["train", DIGITS, "--quiet", *arguments]) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err and shown.out == ""
    assert shown.err.startswith("spaic-jax: ") and shown.err.count("\n") == 1
    assert not any(here.iterdir())


def test_bad_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.toml").write_text("training = = 3")
    (here / "bad.json").write_text("[1, 2")
    (here / "list.json").write_text("[1, 2]")
    (here / "empty.toml").write_text("")
    (here / "file").write_text("")
    (here / "bytes.toml").write_bytes(b"\xff\xfe")
    (here / "bytes.json").write_bytes(b"\xff\xfe")
    (here / "deep.json").write_text('{"network": ' + "[" * 100_000 + "]" * 100_000 + "}")
    (here / "deep.toml").write_text("network = " + "[" * 100_000 + "]" * 100_000)
    (here / "twice.json").write_text('{"network": {"groups": {"a": {"num": 1, "num": 2}}}}')
    (here / "digits.json").write_text('{"network": ' + "9" * 9999 + "}")
    for config, sentence in (
        ("none.toml", "No such file or directory: none.toml"), ("bad.toml", "bad.toml: this is no TOML: "),
        ("bad.json", "bad.json: this is no JSON: "), ("empty.toml", "empty.toml: network is missing."),
        ("list.json", "list.json: a table is needed, not list."), (".", "Is a directory"),
        ("bytes.toml", "bytes.toml: this is no TOML: 'utf-8' codec can't decode"), ("bytes.json", "bytes.json: this is no JSON"),
        ("deep.json", "deep.json: its tables and lists lie in each other too deeply."), ("digits.json", "digits.json: "),
        ("deep.toml", "deep.toml: its tables and lists lie in"), ("twice.json", "twice.json: the key 'num' stands there twice."),
    ):
        assert main(["train", config]) == 2
        shown = capsys.readouterr().err
        assert sentence in shown and shown.count("\n") == 1
    assert main(["train", DIGITS, *ONE, "--out", "file"]) == 2
    assert "'file' is a file: give another folder with --out." in capsys.readouterr().err
    (here / "other").mkdir()
    (here / "other" / "letter.txt").write_text("dear")
    assert main(["train", DIGITS, *ONE, "--out", "other", "--resume"]) == 2
    assert "'other' holds no config.json, so no run to resume" in capsys.readouterr().err
    assert [file.name for file in (here / "other").iterdir()] == ["letter.txt"]


def test_bad_runs(finished: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = here / "run"
    shutil.copytree(finished, run)
    weights = (run / "weights.safetensors").read_bytes()
    (run / "weights.safetensors").write_bytes(weights[:-10])
    for prepare, sentence in (
        (lambda: None, "weights.safetensors' is damaged, or is no file of safetensors"),
        (lambda: (run / "weights.safetensors").unlink(), "holds no weights.safetensors: finish the run"),
        (lambda: (run / "config.json").write_text("{"), "config.json' is damaged"),
        (lambda: (run / "config.json").write_text("[" * 100_000), "config.json' is damaged: its tables and lists lie in"),
        (lambda: (run / "config.json").write_bytes(b"\xff"), "config.json' is damaged: this is no JSON"),
        (lambda: (run / "config.json").unlink(), "is no run folder: it holds no config.json."),
        (lambda: shutil.rmtree(run), "is no run folder: it holds no config.json."),
    ):
        prepare()
        assert main(["evaluate", str(run)]) == 2
        shown = capsys.readouterr().err
        assert sentence in shown and shown.count("\n") == 1


def test_a_damaged_checkpoint_is_not_resumed(finished: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(finished, "run")
    (here / "run" / "checkpoint-1.safetensors").write_bytes(b"")
    assert main(["train", DIGITS, *ONE, "--seed", "3", "--out", "run", "--resume"]) == 2
    assert "checkpoint-1.safetensors' is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "extra"),
    [("sklearn.datasets", "data"), ("safetensors", "files"), ("matplotlib", "plot"), ("rich", "progress")],
)
def test_a_missing_extra(
    module: str, extra: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["train", DIGITS]) == 2
    package = module.partition(".")[0]
    assert f'needs the package {package}: pip install "spaic_jax[{extra}]".' in capsys.readouterr().err
    assert not any(here.iterdir())


def test_divergence_keeps_the_last_checkpoint(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wild = [*SMALL, "--quiet", "--set", "training.optimizer.name=sgd", "--set", "training.optimizer.learning_rate=1e37"]
    assert main(["train", DIGITS, *wild, "--out", "run"]) == 2
    shown = capsys.readouterr().err
    assert "training diverged at epoch 1, step " in shown and "no checkpoint is in run" in shown
    assert sorted(file.name for file in (here / "run").iterdir()) == ["config.json"]


def test_interruption_says_how_to_go_on(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, on_epoch: Any, **settings: Any) -> Any:
        def stop(state: Any, row: Any) -> None:
            on_epoch(state, row)
            raise KeyboardInterrupt

        return fit(*arguments, on_epoch=stop, **settings)

    monkeypatch.setattr("spaic_jax.cli.train.fit", interrupted)
    arguments = ["train", DIGITS, *SMALL, "--set", "training.epochs=2", "--out", "my run"]
    assert main([*arguments, "--quiet"]) == 130
    shown = capsys.readouterr().err
    assert "interrupted; go on with: spaic-jax train" in shown and "'--out=my run' --resume" in shown
    assert shown.count("\n") == 1
    monkeypatch.undo()
    monkeypatch.chdir(here)
    # What is said works.
    import shlex

    assert main([*shlex.split(shown.partition("go on with: spaic-jax ")[2]), "--quiet"]) == 0
    assert [row["epoch"] for row in rows(here / "my run")] == [1, 2]


def test_an_interruption_that_is_swallowed_counts(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the callback of a weak reference, where Python ignores what is raised."""
    from spaic_jax.train.checkpoint import save_checkpoint

    def saving(*arguments: Any) -> None:
        save_checkpoint(*arguments)
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("spaic_jax.train.checkpoints.save_checkpoint", saving)
    before = signal.getsignal(signal.SIGINT)
    assert main(["train", DIGITS, *SMALL, "--quiet", "--out", "run"]) == 130
    assert [row["epoch"] for row in rows(here / "run")] == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_data_are_prepared_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spaic_jax.train import prepare, task

    checked: list[str] = []
    arrays = task.checked_arrays
    for module in (prepare, task):
        monkeypatch.setattr(module, "checked_arrays", lambda *given: checked.append(given[-1]) or arrays(*given))
    assert main(["train", DIGITS, *ONE, "--out", "run"]) == 0
    assert checked == ["the training data", "the test data"]


def test_a_full_memory_is_no_mistake_of_the_program(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.\n more")

    monkeypatch.setattr("spaic_jax.cli.train.fit", full)
    assert main(["train", DIGITS, *ONE]) == 2
    shown = capsys.readouterr().err
    assert "the device has too little memory for this network and batch_size (RESOURCE_EXHAUSTED" in shown
    assert shown.count("\n") == 1


def test_a_mistake_in_the_program_has_a_traceback(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise TypeError("a bug")

    monkeypatch.setattr("spaic_jax.cli.train.fit", broken)
    with pytest.raises(TypeError, match="a bug"):
        main(["train", DIGITS, *ONE])


def test_killed_and_resumed_is_as_if_it_never_happened(tmp_path: Path) -> None:
    """SIGKILL in mid-training, then --resume: the same weights bit for bit, and each epoch once."""
    arguments = ["train", DIGITS, *SMALL, "--set", "network.encoders.image.coding_method=poisson", "--quiet",
                 "--set", "training.epochs=60"]
    cut = spaic_jax([*arguments, "--out", "cut"], cwd=tmp_path)
    metrics = tmp_path / "cut" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") >= 3) and time.monotonic() < deadline:
        time.sleep(0.005)
    cut.send_signal(signal.SIGKILL)
    cut.communicate()
    assert 3 <= len(rows(tmp_path / "cut")) < 60
    # As if the kill had fallen in the middle of a line, and between the checkpoint and its line.
    metrics.write_text(metrics.read_text()[:-20])
    process = spaic_jax([*arguments, "--out", "cut", "--resume"], [*arguments, "--out", "whole"], cwd=tmp_path)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert out.count("test accuracy ") == 2
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]
    histories = [rows(tmp_path / name) for name in ("whole", "cut")]
    for row in functools.reduce(operator.iadd, histories, []):
        del row["seconds"]
    assert histories[0] == histories[1] and [row["epoch"] for row in histories[0]] == list(range(1, 61))
    assert not list((tmp_path / "cut").glob(".tmp-*"))


def test_ctrl_c_in_mid_compilation(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "spaic_jax", "train", DIGITS, *SMALL, "--quiet", "--out", "run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "config.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and error.startswith("spaic-jax: interrupted; go on with: "), error
    assert error.count("\n") == 1


def test_the_script_prints_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "spaic_jax", "train", "none.toml"]
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    out, error = process.stdout, process.stderr
    assert (process.returncode, out, error) == (2, "", "spaic-jax: No such file or directory: none.toml\n")
    assert not any(tmp_path.iterdir())


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m spaic_jax list | head -1"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert (shown.returncode, shown.stderr) == (0, "") and shown.stdout


def test_importing_the_package_imports_no_extra() -> None:
    code = (
        "import sys, spaic_jax, spaic_jax.cli; "
        "print([m for m in ('rich', 'pydantic', 'matplotlib', 'safetensors', 'sklearn') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout == "[]\n"


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", DIGITS, "--set", "network.groups.hidden.parameter_variables=['tau_m']"]) == 0
    shown = capsys.readouterr().out
    for part in ("10 steps of 1 ms", "LIF", "tau_m", "image -> hidden", "8,320", "9,611", "affine(image.O[updated]"):
        assert part in shown


def test_bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spaic_jax.bench.measure", lambda workload: {"workload": workload.name, "step_ms": 1.5})
    assert main(["bench", "--workload", "B_mlp", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"workload": "B_mlp", "step_ms": 1.5}
    assert main(["bench"]) == 0
    assert "D_deep" in capsys.readouterr().out
    monkeypatch.setattr("spaic_jax.bench.measure_model", lambda name: {"model": name, "us_per_step": 2.5})
    assert main(["bench", "--models", "--json"]) == 0
    assert {json.loads(line)["model"] for line in capsys.readouterr().out.splitlines()} > {"lif", "hh"}
    assert main(["bench", "--models"]) == 0
    assert "2.5" in capsys.readouterr().out
    monkeypatch.setattr("spaic_jax.bench.measure_closed_loop", lambda size: {"neurons": size, "run_us_per_step": 3.5})
    assert main(["bench", "--loops", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"neurons": 100, "run_us_per_step": 3.5}
    assert main(["bench", "--loops"]) == 0
    assert "3.5" in capsys.readouterr().out
    monkeypatch.setattr("spaic_jax.bench.measure_plastic", lambda batch: {"batch": batch, "us_per_step": 4.5})
    assert main(["bench", "--plastic"]) == 0
    assert "4.5" in capsys.readouterr().out
    row = {"network": "coba 4 000", "wall_s_per_s": 5.5, "cv_isi": None}
    monkeypatch.setattr("spaic_jax.bench.measure_brain", lambda network: {**row, "network": network.name})
    assert main(["bench", "--brain", "--json"]) == 0
    assert {json.loads(line)["network"] for line in capsys.readouterr().out.splitlines()} > {"coba 4 000", "cuba 4 000"}
    assert main(["bench", "--brain"]) == 0
    assert "5.5" in capsys.readouterr().out
    assert main(["bench", "--models", "--plot", "x.png"]) == 2
    assert "leave it out with --models" in capsys.readouterr().err
    assert main(["bench", "--workload", "B_mpl"]) == 2
    assert "did you mean 'B_mlp'?" in capsys.readouterr().err


def test_help_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["--help"], 0), (["train", "--help"], 0), ([], 2), (["trian"], 2)):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == code
    assert "invalid choice: 'trian'" in capsys.readouterr().err


@pytest.mark.slow
def test_digits_reach_97_percent_in_a_minute(tmp_path: Path) -> None:
    accuracies = []
    for seed in range(5):
        begin = time.monotonic()
        process = spaic_jax(["train", DIGITS, "--quiet", "--seed", str(seed)], cwd=tmp_path)
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
        assert time.monotonic() - begin < 60
        accuracies.append(rows(tmp_path / "runs" / f"digits-seed{seed}")[-1]["test_accuracy"])
    assert np.mean(accuracies) >= 0.97, accuracies
