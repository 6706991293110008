"""Checkpoints and weights in files."""

import contextlib
import hashlib
import os
import re
import warnings
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax._files import write_whole
from spaic_jax.program import Normal
from spaic_jax.storage import WeightsWarning, load_variables, save_variables
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
    assert (metadata["format"], metadata["version"], metadata["epoch"]) == ("spaic_jax", "2", "7")


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
    with pytest.raises(CheckpointError, match="is damaged: what it holds is not what was written"):
        load_checkpoint(file, SIM, OPTIMIZERS["adam"])


def test_any_flipped_bit_is_seen(file: Path) -> None:
    """Of the header and the arrays: an error, or the same content where the bit said nothing."""
    whole = file.read_bytes()
    wanted = contents(file)
    for number, place in enumerate([*range(0, len(whole), 7), *range(len(whole) - 8, len(whole))]):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << number % 8
        file.write_bytes(flipped)
        with contextlib.suppress(CheckpointError):
            assert contents(file) == wanted, f"bit {number % 8} of byte {place}"


def contents(file: Path) -> Any:
    state, history = load_checkpoint(file, SIM, OPTIMIZERS["adam"])
    return state.epoch, history, [(str(jax.numpy.asarray(x).dtype), np.asarray(x).tobytes()) for x in jax.tree.leaves(state)]


def test_files_of_the_first_version_are_read(file: Path) -> None:
    """Their digest was of the arrays alone."""
    from safetensors import safe_open
    from safetensors.numpy import save_file

    wanted = contents(file)
    with safe_open(file, framework="numpy") as opened:
        arrays, metadata = {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata()  # noqa: SIM118
    digest = hashlib.sha256()
    for name, x in sorted(arrays.items()):
        digest.update(f"{name} {x.dtype} {x.shape} ".encode() + x.tobytes())
    save_file(arrays, file, {**metadata, "version": "1", "sha256": digest.hexdigest()})
    assert contents(file) == wanted


def test_other_files(file: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(CheckpointError, match="kind checkpoint, but needs format spaic_jax, version 2, kind weights"):
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


def test_numbers_of_any_type(tmp_path: Path) -> None:
    state = state_of(OPTIMIZERS["sgd"])
    other = TrainState(state.params, state.opt_state, np.int64(7))  # type: ignore[arg-type]
    rows = [{"epoch": np.int64(7), "loss": np.float32(0.5), "accuracy": jax.numpy.float32(0.25)}]
    save_checkpoint(tmp_path / "c.safetensors", SIM, other, rows)
    assert load_checkpoint(tmp_path / "c.safetensors", SIM, OPTIMIZERS["sgd"])[1] == [
        {"epoch": 7, "loss": 0.5, "accuracy": 0.25}
    ]
    save_weights(tmp_path / "w.safetensors", SIM, SIM.init(jax.random.key(0)), epoch=np.int64(3))  # type: ignore[arg-type]
    loaded, epoch = load_weights(tmp_path / "w.safetensors", SIM, np.int64(2))  # type: ignore[arg-type]
    assert epoch == 3 and loaded.state["layer.V"].shape == (2, 3)


def changed(case: str = "", **settings: Any) -> sj.Simulator:
    """The same network, with something changed."""
    net = sj.Network()
    net.image = sj.Encoder(num=4, coding_method="poisson")
    net.layer = sj.NeuronGroup(3, model="lif", tau_m=5.0 if case == "tau" else 8.0)
    link = {"frozen": {"is_parameter": False}, "delay": {"delay": 2.0}, "delays": {"delay": np.full((3, 4), 2.0)}, "bound": {"w_max": 0.3}}.get(case, {})
    net.synapses = sj.Connection(net.image, net.layer, **{"w_std": 0.5, **link})
    net.out = sj.NeuronGroup(3 if case == "classes" else 2, model="lif", **settings)
    net.readout = sj.Connection(net.layer, net.out, **({"bias": 0.0} if case == "bias" else {}))
    if case == "monitor":
        net.seen = sj.StateMonitor(net.layer, "V", get_grad=True)
    return sj.build(net, dt=0.5 if case == "dt" else 1.0, propagation="one_step" if case == "propagation" else "same_step")


LEARNED = ["synapses.weight", "readout.weight"]


@pytest.mark.parametrize(
    "case, told",
    [
        ("", []), ("frozen", []), ("monitor", []), ("propagation", []), ("delay", []),
        ("dt", ["it was written with dt 1.0 ms, here it is 0.5 ms"]),
        ("tau", ["'layer.tau_m' stays 5 as declared, the file has 8"]),
        ("delays", [r"'synapses.*delay' stays an array of shape \(3, 4\) as declared, which the file lacks"]),
    ],
)
@pytest.mark.parametrize("back", [False, True])
def test_weights_load_by_name_and_shape(case: str, told: list[str], back: bool, tmp_path: Path) -> None:
    """Into the same network with something else about it, and the other way round; what differs is told."""
    one, other = changed(case if back else ""), changed("" if back else case)
    variables = one.init(jax.random.key(5), 2)
    save_weights(tmp_path / "w.safetensors", one, variables)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        loaded, _ = load_weights(tmp_path / "w.safetensors", other, 2)
    for name in LEARNED:
        np.testing.assert_array_equal(loaded[name], variables[name])
    fresh = other.init(jax.random.key(0), 2)
    assert float(loaded["layer.tau_m"]) == float(fresh["layer.tau_m"])
    assert jax.tree.structure(loaded) == jax.tree.structure(fresh)
    assert [warning.category for warning in seen] == [WeightsWarning] * bool(told)
    if told and not back:
        assert all(re.search(sentence, str(seen[0].message)) for sentence in told)


def test_a_constant_that_was_set_comes_back(tmp_path: Path) -> None:
    """The same declaration: the file is a faithful copy."""
    sim = changed()
    variables = sim.set(sim.init(jax.random.key(0)), {"layer.tau_m": 7.0})
    save_weights(tmp_path / "w.safetensors", sim, variables)
    assert float(load_weights(tmp_path / "w.safetensors", changed())[0]["layer.tau_m"]) == 7.0


@pytest.mark.parametrize(
    "saved, wanted, sentence, told",
    [
        ("", "bias", "lacks 'readout.bias': it is of another network", "'readout.bias' keeps its first value, which the file lacks"),
        ("bias", "", "holds 'readout.bias' besides: it is of another", "it holds 'readout.bias' besides, which is left out"),
        ("", "classes", r"'readout.weight' as float32 of shape \(2, 3\), but float32 of shape \(3, 3\)", r"the file has shape \(2, 3\)"),
    ],
)
def test_part_of_the_weights_is_asked_for(saved: str, wanted: str, sentence: str, told: str, tmp_path: Path) -> None:
    one, other = changed(saved), changed(wanted)
    variables = one.init(jax.random.key(5))
    save_weights(tmp_path / "w.safetensors", one, variables)
    with pytest.raises(CheckpointError, match=sentence + ".*partial=True"):
        load_weights(tmp_path / "w.safetensors", other)
    with pytest.warns(WeightsWarning, match=told):
        loaded, _ = load_weights(tmp_path / "w.safetensors", other, partial=True)
    np.testing.assert_array_equal(loaded["synapses.weight"], variables["synapses.weight"])


def test_files_keep_to_bounds(tmp_path: Path) -> None:
    free, bound = changed(), changed("bound")
    variables = free.set(free.init(jax.random.key(0)), {"synapses.weight": np.eye(3, 4)})
    sentence = r"parameter 'synapses.weight' was given values from 0 to 1, but must lie within -?\w+.* and 0.3: .* 1 at \[0, 0\]"
    save_weights(tmp_path / "w.safetensors", free, variables)
    with pytest.raises(CheckpointError, match=sentence):
        load_weights(tmp_path / "w.safetensors", bound)
    save_variables(tmp_path / "v.safetensors", free, variables)
    with pytest.raises(CheckpointError, match=sentence):
        load_variables(tmp_path / "v.safetensors", bound)
    optimizer = OPTIMIZERS["sgd"]
    save_checkpoint(tmp_path / "c.safetensors", free, TrainState(variables.params, optimizer.init(variables.params), 1))
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(tmp_path / "c.safetensors", bound, optimizer)


def test_synapses_lead_to_neurons_that_are_there(tmp_path: Path) -> None:
    def network(post: int) -> sj.Simulator:
        with sj.Network() as net:
            image, layer = sj.Encoder(num=4), sj.NeuronGroup(post, model="lif")
            sj.Connection(image, layer, name="synapses", link_type="fixed_total", number=30)
        return sj.build(net, dt=1.0)

    large, small = network(9), network(5)
    variables = large.init(jax.random.key(0))
    save_weights(tmp_path / "w.safetensors", large, variables)
    with pytest.raises(CheckpointError, match="'synapses.post' was given values from 0 to 8, but must lie within 0 and 4"):
        load_weights(tmp_path / "w.safetensors", small)
    with pytest.raises(ValueError, match="'synapses.start' was given values from 31 to 31, but must lie within 0 and 30"):
        small.set(small.init(jax.random.key(0)), {"synapses.start": 31})


@pytest.mark.parametrize("case", ["frozen", "monitor", "tau"])
def test_snapshots_and_checkpoints_do_not_look_at_roles_and_monitors(case: str, tmp_path: Path) -> None:
    one, other = changed(), changed(case)
    variables = one.init(jax.random.key(5), 2)
    save_variables(tmp_path / "v.safetensors", one, variables)
    loaded = load_variables(tmp_path / "v.safetensors", other)
    for name, value in variables.values.items():
        np.testing.assert_array_equal(loaded[name], value)


def test_half_precision_takes_weights_of_float32_and_says_so(tmp_path: Path) -> None:
    sim = changed()
    half = sj.build(sim.program.astype("bfloat16"))
    variables = sim.init(jax.random.key(5))
    save_weights(tmp_path / "w.safetensors", sim, variables)
    with pytest.warns(WeightsWarning, match="'synapses.weight' is bfloat16 here, float32 in the file"):
        loaded, _ = load_weights(tmp_path / "w.safetensors", half)
    np.testing.assert_array_equal(loaded["synapses.weight"], variables["synapses.weight"].astype("bfloat16"))
    save_weights(tmp_path / "h.safetensors", half, loaded)
    again, _ = load_weights(tmp_path / "h.safetensors", half)
    np.testing.assert_array_equal(again["synapses.weight"], loaded["synapses.weight"])
