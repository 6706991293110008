"""Checkpoints and weights in files."""

import os
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax._files import write_whole
from spaic_jax.program import Normal
from spaic_jax.train import CheckpointError, TrainState, load_checkpoint, load_weights, save_checkpoint, save_weights


def build(channels: int = 4, dt: float = 1.0, **link: Any) -> sj.Simulator:
    with sj.Network() as net:
        image = sj.Encoder(num=channels)
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, name="synapses", **link)
    return sj.build(net, dt=dt)


SIM = build()
OPTIMIZERS = {
    "adam": optax.adam(0.1),
    "sgd": optax.sgd(0.1),
    "momentum": optax.sgd(0.1, momentum=0.9),
    "booleans": optax.apply_if_finite(optax.adam(0.1), 3),
    "key": optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(3)), optax.sgd(0.1)),
}


def state_of(optimizer: optax.GradientTransformation, sim: sj.Simulator = SIM) -> TrainState:
    params = sim.init(jax.random.key(0)).params
    with jax.numpy_dtype_promotion("standard"):
        _, opt_state = optimizer.update(params, optimizer.init(params), params)
    return TrainState(params, opt_state, 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, SIM, state_of(OPTIMIZERS["adam"]))
    return path


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_round_trip(name: str, tmp_path: Path) -> None:
    state = state_of(OPTIMIZERS[name])
    history = [{"epoch": 7, "loss": 0.1, "accuracy": 1 / 3}]
    save_checkpoint(tmp_path / "a.safetensors", SIM, state, history)
    loaded, rows = load_checkpoint(tmp_path / "a.safetensors", SIM, OPTIMIZERS[name])
    assert rows == history and loaded.epoch == 7
    assert jax.tree.structure(loaded) == jax.tree.structure(state)
    for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(loaded), strict=True):
        assert (jax.numpy.asarray(one) == jax.numpy.asarray(other)).all()
        assert jax.numpy.asarray(one).dtype == jax.numpy.asarray(other).dtype
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]
    save_checkpoint(tmp_path / "b.safetensors", SIM, loaded, rows)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_weights_hold_random_constants(tmp_path: Path) -> None:
    sim = build(weight=Normal(), is_parameter=False)
    variables = sim.init(jax.random.key(5), 3)
    save_weights(tmp_path / "w.safetensors", sim, variables, epoch=2)
    loaded, epoch = load_weights(tmp_path / "w.safetensors", sim, 2)
    assert epoch == 2 and loaded.state["layer.V"].shape == (2, 3)
    for name, value in variables.constants.items():
        assert np.array_equal(loaded.constants[name], value)


def test_names_are_the_users(file: Path) -> None:
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as opened:
        names, metadata = set(opened.keys()), opened.metadata()
    assert {"synapses.weight", "[opt_state][0].count", "[opt_state][0].mu['synapses.weight']"} <= names
    assert (metadata["format"], metadata["version"], metadata["epoch"]) == ("spaic_jax", "1", "7")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no file '.*none'"):
        load_checkpoint(tmp_path / "none", SIM, OPTIMIZERS["adam"])


@pytest.mark.parametrize("size", [0, 5, 100, -1])
def test_a_truncated_file(size: int, file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:size])
    with pytest.raises(CheckpointError, match="is damaged, or is no file of safetensors") as caught:
        load_checkpoint(file, SIM, OPTIMIZERS["adam"])
    assert "\n" not in str(caught.value)


def test_one_flipped_bit(file: Path) -> None:
    whole = bytearray(file.read_bytes())
    whole[-3] ^= 1
    file.write_bytes(whole)
    with pytest.raises(CheckpointError, match="is damaged: its arrays are not the ones that were written"):
        load_checkpoint(file, SIM, OPTIMIZERS["adam"])


def test_other_files(file: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(CheckpointError, match="kind checkpoint, but needs format spaic_jax, version 1, kind weights"):
        load_weights(file, SIM)
    save_file({"x": np.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="is format None, version None, kind None"):
        load_checkpoint(tmp_path / "foreign.safetensors", SIM, OPTIMIZERS["adam"])


@pytest.mark.parametrize(
    "sim, optimizer, sentence",
    [
        (build(channels=5), "adam", r"as float32 of shape \(3, 4\), but float32 of shape \(3, 5\) is needed"),
        (SIM, "sgd", r"holds '\[opt_state\]\[0\].count' besides: it is of another network or optimizer"),
        (SIM, "booleans", r"lacks '\[opt_state\].*': it is of another network or optimizer"),
        (build(bias=0.0), "adam", "lacks '.*synapses.bias.*': it is of another network or optimizer"),
        (build(dt=0.5), "adam", "is of another network: its states, constants, inputs or dt differ"),
    ],
    ids=["shape", "more", "fewer", "names", "dt"],
)
def test_another_network_or_optimizer(sim: sj.Simulator, optimizer: str, sentence: str, file: Path) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(file, sim, OPTIMIZERS[optimizer])


def test_a_write_that_fails_leaves_the_old_file(file: Path) -> None:
    old = file.read_bytes()

    def fails(path: Path) -> None:
        path.write_bytes(b"part")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write_whole(file, fails)
    assert file.read_bytes() == old
    assert os.listdir(file.parent) == [file.name]
    with pytest.raises(OSError, match="No such file"):
        save_checkpoint(file.parent / "none" / "x.safetensors", SIM, state_of(OPTIMIZERS["sgd"]))


def test_without_safetensors(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = __import__("sys").modules
    monkeypatch.setitem(modules, "safetensors", None)
    monkeypatch.setitem(modules, "safetensors.numpy", None)
    sentence = r'a checkpoint needs the package safetensors: pip install "spaic_jax\[files\]"'
    with pytest.raises(ImportError, match=sentence):
        load_checkpoint(file, SIM, OPTIMIZERS["adam"])
    with pytest.raises(ImportError, match=sentence):
        save_checkpoint(file, SIM, state_of(OPTIMIZERS["adam"]))
