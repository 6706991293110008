"""The folder of a run survives what happens to folders: full disks, kills, flipped bits, other processes."""

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import optax
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.cli.errors import UserError
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.pictures import Picture
from spaic_jax.train import CheckpointError, Checkpoints, CheckpointWarning, TrainState

DIGITS = str(Path(__file__).parent.parent / "configs" / "digits.toml")
SMALL = ["--quiet", "--set", "network.groups.hidden.num=4", "--set", "simulation.duration=2", "--set", "training.batch_size=700"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spaic_jax.cli.pictures.pictures_of_training", lambda *_: iter(()))


def build() -> sj.Simulator:
    with sj.Network() as net:
        image = sj.Encoder(num=4)
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, name="synapses")
    return sj.build(net, dt=1.0)


SIM, SGD = build(), optax.sgd(0.1)
PARAMS = SIM.init(jax.random.key(0)).params


def state(epoch: int) -> TrainState:
    return TrainState(PARAMS, SGD.init(PARAMS), epoch)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_last_ones_stay_and_those_that_are_asked_for(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "new", SIM, SGD, keep=3)
    assert kept.newest() is None
    for epoch in range(1, 13):
        kept.save(state(epoch), [{"epoch": epoch}], besides=[2] if epoch >= 2 else [])
    assert names(tmp_path / "new") == [f"checkpoint-{epoch}.safetensors" for epoch in (10, 11, 12, 2)]
    newest = kept.newest()
    assert newest is not None and newest[0].epoch == 12 and newest[1] == [{"epoch": 12}]
    assert kept.load(2).epoch == 2
    with pytest.raises(CheckpointError, match="there is no file"):
        kept.load(3)


def test_a_damaged_newest_falls_back_to_the_one_before(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, SIM, SGD)
    for epoch in (1, 2, 3):
        kept.save(state(epoch), [{"epoch": epoch}])
    kept.file(3).write_bytes(kept.file(3).read_bytes()[:-9])
    with pytest.warns(CheckpointWarning, match="checkpoint-3.safetensors' is damaged.* gone on with is .*checkpoint-2.*, of epoch 2"):
        newest = kept.newest()
    assert newest is not None and newest[0].epoch == 2
    # The damaged one is of no use, and does not count among those that are kept.
    kept.save(state(2))
    assert names(tmp_path) == ["checkpoint-2.safetensors"]
    kept.file(2).write_bytes(b"")
    with pytest.raises(CheckpointError, match="checkpoint-2.safetensors' is damaged"):
        kept.newest()


def test_a_checkpoint_of_an_earlier_version_is_the_oldest(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, SIM, SGD)
    sj.train.save_checkpoint(tmp_path / "checkpoint.safetensors", SIM, state(5))
    newest = kept.newest()
    assert newest is not None and newest[0].epoch == 5
    kept.save(state(6))
    kept.save(state(7))
    assert names(tmp_path) == ["checkpoint-6.safetensors", "checkpoint-7.safetensors"]


def test_files_of_others_stay(tmp_path: Path) -> None:
    for name in ("checkpoint-best.safetensors", "checkpoints.safetensors"):
        (tmp_path / name).write_bytes(b"mine")
    kept = Checkpoints(tmp_path, SIM, SGD, keep=1)
    kept.save(state(1))
    kept.save(state(2))
    assert names(tmp_path) == ["checkpoint-2.safetensors", "checkpoint-best.safetensors", "checkpoints.safetensors"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs."""
    out = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", DIGITS, *SMALL, "--set", "training.epochs=3", "--out", str(out)]) == 0
    return out


def train(out: Path, *more: str) -> int:
    return main(["train", DIGITS, *SMALL, "--set", "training.epochs=3", "--out", str(out), *more])


def without(run: Path, copy: Path, *files: str) -> Path:
    shutil.copytree(run, copy)
    for file in files:
        (copy / file).unlink()
    return copy


def test_a_damaged_checkpoint_is_gone_on_before(begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = without(begun, tmp_path / "run", "weights.safetensors")
    flipped = bytearray((run / "checkpoint-3.safetensors").read_bytes())
    flipped[-5] ^= 4
    (run / "checkpoint-3.safetensors").write_bytes(flipped)
    assert train(run, "--resume") == 0
    told = capsys.readouterr().err
    assert "checkpoint-3.safetensors' is damaged" in told and "of epoch 2.\n" in told and told.count("\n") == 1
    assert (run / "weights.safetensors").read_bytes() == (begun / "weights.safetensors").read_bytes()
    assert names(run) == names(begun)


@contextlib.contextmanager
def failing(name: str, error: OSError, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While a file of that name is written, half of it is, and then the error is raised."""
    write = Path.write_bytes, Path.write_text

    def bytes_of(path: Path, data: Any, **how: Any) -> Any:
        if name in path.name:
            write[0](path, data[: len(data) // 2])
            raise error
        return write[0](path, data, **how)

    def text_of(path: Path, data: str, **how: Any) -> Any:
        if name in path.name:
            write[1](path, data[: len(data) // 2])
            raise error
        return write[1](path, data, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", bytes_of)
        patch.setattr(Path, "write_text", text_of)
        yield


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "file, kept",
    [
        ("checkpoint-2", " (the checkpoint of epoch 1 is kept in"), ("metrics", " (the checkpoint of epoch 1 is kept in"),
        ("weights", "."), ("config.json", "."),
    ],
)
def test_a_full_disk(
    file: str, kept: str, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence; and when there is room again, the run goes on to the same bits."""
    out = tmp_path / "run"
    with failing(file, FULL, monkeypatch):
        assert train(out) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"spaic-jax: cannot write to '{out}': No space left on device{kept}") and told.count("\n") == 1
    assert not [name for name in names(out) if name.startswith(".tmp-")]
    assert train(out, "--resume") == 0
    assert (out / "weights.safetensors").read_bytes() == (begun / "weights.safetensors").read_bytes()


def test_a_file_system_that_is_full_in_fact(tmp_path: Path) -> None:
    """A limit on the size of a file, in a process of its own; the checkpoint before stays."""
    pytest.importorskip("resource")
    code = (
        "import resource, signal, sys; from tests.test_run_folder import SIM, SGD, state; from spaic_jax.train import Checkpoints\n"
        "kept = Checkpoints(sys.argv[1], SIM, SGD); kept.save(state(1)); signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: kept.save(state(2))\n"
        "except OSError as error: print(error.errno, kept.newest()[0].epoch)\n"
    )
    root = Path(__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, cwd=root, env=environment
    )
    assert done.stdout == f"{errno.EFBIG} 1\n", done.stderr
    assert names(tmp_path) == ["checkpoint-1.safetensors"]


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda out: shutil.rmtree(out), "No such file or directory (no checkpoint is in"),
        (lambda out: (shutil.rmtree(out), out.write_text("")), "Not a directory (no checkpoint is in"),
    ],
    ids=["removed", "a file now"],
)
def test_a_folder_that_goes_during_the_run(
    change: Callable[[Path], object], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    write = RunFolder.write_metrics

    def changed(self: RunFolder, history: Any) -> None:
        write(self, history)
        if len(history) == 1:
            change(out)

    monkeypatch.setattr(RunFolder, "write_metrics", changed)
    assert train(out) == 2
    assert f"cannot write to '{out}': {told}" in capsys.readouterr().err


def test_a_folder_that_goes_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn(*_: Any) -> Iterator[Picture]:
        shutil.rmtree(tmp_path / "run")
        yield Picture("a", "", b"")

    monkeypatch.setattr("spaic_jax.cli.pictures.pictures_of_training", drawn)
    assert train(tmp_path / "run") == 2
    told = capsys.readouterr().err
    assert f"cannot write to '{tmp_path / 'run'}': No such file or directory." in told


@pytest.mark.parametrize("out, told", [("a" * 300, "File name too long"), ("a\ud800", "the file system holds no such name"), ("file/run", "Not a directory")])
def test_folders_that_cannot_be(out: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert train(tmp_path / out) == 2
    shown = capsys.readouterr().err
    assert told in shown and shown.count("\n") == 1
    assert names(tmp_path) == ["file"]


def test_one_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    assert train(tmp_path / "run") == 2
    assert capsys.readouterr().err == f"spaic-jax: cannot write to '{tmp_path / 'run'}': Permission denied.\n"


def test_two_processes_on_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second is refused; a killed process leaves nothing that would refuse the next one."""
    pytest.importorskip("fcntl")
    out = tmp_path / "run"
    code = (
        "import sys, time; from spaic_jax.cli.folder import RunFolder\n"
        "with RunFolder(sys.argv[1]).open({}, True): print('open', flush=True); time.sleep(60)"
    )
    root = Path(__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True, env=environment) as other:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        with pytest.raises(UserError, match=f"another process writes to '{out}': wait for it"), RunFolder(out).open({}, True):
            raise AssertionError
        other.kill()
    with RunFolder(out).open({}, True):
        pass
    assert names(out) == ["config.json"]


def test_another_configuration_leaves_the_run(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file.name: file.read_bytes() for file in begun.iterdir()}
    assert train(begun, "--resume", "--set", "training.optimizer.clip_norm=1.0") == 2
    told = capsys.readouterr().err
    assert f"'{begun}' is another run: its training.optimizer.clip_norm differs; give another folder" in told
    assert before == {file.name: file.read_bytes() for file in begun.iterdir()}
