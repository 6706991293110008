"""Data of a user's own, in every format, and files that lie."""

import csv
import gzip
import re
import resource
import struct

import h5py
import numpy as np
import optax
import pytest
import scipy.io

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.cli.config import read_config
from spaic_jax.cli.experiment import make_experiment
from spaic_jax.data import own
from spaic_jax.data.lazy import is_lazy
from spaic_jax.data.read import READERS, read
from spaic_jax.train import fit

RNG = np.random.default_rng()
N, T, C = 15, 6, 4


def drawn():
    """Values that float32 holds, and labels of three classes."""
    return RNG.integers(0, 256, (N, T, C)).astype(np.float32), np.tile([2, 0, 1], N // 3)


def values(data):
    x = data.inputs["in"]
    return x.take(np.arange(len(data))) if is_lazy(x) else np.asarray(x)


def check(parts, x, y):
    """Training and test data, time first, are the others and the last fifth of each class."""
    held_out = np.arange(N) >= N - 3
    for part, rows in zip(parts, (~held_out, held_out), strict=True):
        assert np.array_equal(values(part), x[rows].swapaxes(0, 1))
        assert part.inputs["in"].dtype == x.dtype and np.array_equal(part.labels, y[rows])


def idx(path, array):
    codes = {"uint8": 8, "int16": 11, "float32": 13}
    head = struct.pack(">HBB", 0, codes[array.dtype.name], array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    contents = head + array.astype(array.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(contents) if path.suffix == ".gz" else contents)


def ts(path, samples, labels):
    lines = [":".join([*(",".join(map(repr, map(float, channel))) for channel in sample.T), str(label)]) for sample, label in zip(samples, labels, strict=True)]
    path.write_text("@problemName two\n@timeStamps false\n@classLabel true 0 1 2\n@data\n" + "\n".join(lines) + "\n")


def test_arrays_of_every_format_are_the_same(tmp_path):
    x, y = drawn()
    np.savez(tmp_path / "a.npz", x=x, y=y)
    np.savez_compressed(tmp_path / "b.npz", images_train=x.transpose(1, 0, 2), train_label=y, other=np.zeros(3))
    (tmp_path / "c").mkdir()
    np.save(tmp_path / "c" / "x.npy", x)
    np.save(tmp_path / "c" / "y.npy", y)
    scipy.io.savemat(tmp_path / "d.mat", {"x": x, "y": y.astype(float)})
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file["group/data"], file["group/labels"] = x, y
    (tmp_path / "f").mkdir()
    for name, array in (("x-idx3-ubyte", x), ("y-idx1-ubyte.gz", y.astype(np.uint8))):
        idx(tmp_path / "f" / name, array)
    ts(tmp_path / "g.ts", x, y)
    how = {
        "a.npz": {}, "b.npz": {"x": "images_train", "y": "train_label", "axes": "TNC"}, "c": {}, "c/x.npy": {},
        "d.mat": {"kind": "labels"}, "e.h5": {"x": "group/data", "y": "group/labels"}, "f": {}, "f/x-idx3-ubyte": {},
    }
    for name, settings in how.items():
        check(own("in", (C,), path=tmp_path / name, **settings), x, y)
    names = own("in", (C,), path=tmp_path / "g.ts")
    check(names, x, y)
    assert names[0].class_names == ("0", "1", "2") and np.array_equal(names[0].lengths, np.full(N - 3, T))
    assert {"c/x.npy", "c"} == {name for name in how if is_lazy(own("in", (C,), path=tmp_path / name, **how[name])[0].inputs["in"])}
    assert {"npz", "npy", "mat", "h5", "ts"} <= {name.removeprefix(".") for name in READERS}


def test_tables_have_columns_by_name_or_number(tmp_path):
    x, y = RNG.normal(size=(N, 3)).astype(np.float32), np.tile([1, 0, 2], N // 3)
    words = np.array(["one, or 1", "zero", "two"])[np.argsort([1, 0, 2])[y]]
    with open(tmp_path / "a.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "label", "b", "c"])
        rows.writerows([repr(float(r[0])), w, *map(repr, map(float, r[1:]))] for r, w in zip(x, words, strict=True))
    np.savetxt(tmp_path / "b.tsv", np.column_stack([y, x]), delimiter="\t")
    training, test = own("in", (3,), path=tmp_path / "a.csv")
    assert np.array_equal(training.inputs["in"], x[:-3]) and np.array_equal(test.inputs["in"], x[-3:])
    assert training.class_names == tuple(sorted(set(words)))
    assert [training.class_names[k] for k in test.labels] == words[-3:].tolist()
    training, _ = own("in", (3,), path=tmp_path / "b.tsv", y="0")
    assert np.allclose(training.inputs["in"], x[:-3]) and np.array_equal(training.labels, y[:-3])
    training, _ = own("in", (2,), path=tmp_path / "a.csv", x=["c", "a"])
    assert np.array_equal(training.inputs["in"], x[:-3][:, [2, 0]])


def test_axes_scale_and_shape(tmp_path):
    images = RNG.integers(0, 256, (N, 3, 5, 2), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=images, y=np.arange(N) % 3)
    training, _ = own("in", (2, 3, 5), path=tmp_path / "a.npz", axes="NHWC", scale=255)
    assert np.array_equal(training.inputs["in"], (images[:-3] / np.float32(255)).transpose(0, 3, 1, 2))
    training, _ = own("in", (30,), path=tmp_path / "a.npz")
    assert np.array_equal(training.inputs["in"], images[:-3].reshape(-1, 30)) and training.inputs["in"].dtype == np.uint8
    training, _ = own("in", (10,), path=tmp_path / "a.npz")
    assert training.inputs["in"].shape == (3, N - 3, 10)
    training, _ = own("in", (6,), path=tmp_path / "a.npz", axes="NATB")
    assert np.array_equal(training.inputs["in"], images[:-3].transpose(2, 0, 1, 3).reshape(5, -1, 6))
    for axes, sentence in (("NHW", 'axes are 3, "NHW"'), ("nhwc", "a letter each"), ("HWCB", "a letter each"), ("NNHW", "a letter each")):
        with pytest.raises(ValueError, match=sentence):
            own("in", (30,), path=tmp_path / "a.npz", axes=axes)
    with pytest.raises(ValueError, match=r"samples are \(3, 5, 2\) .* but the encoder takes \(7,\)"):
        own("in", (7,), path=tmp_path / "a.npz")


def test_what_is_tested_is_named_found_or_held_out(tmp_path):
    x, y = RNG.normal(size=(N, C)).astype(np.float32), np.tile([0, 1, 2], N // 3)
    more, their = x[::-1].copy(), y[::-1].copy()
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=more, y_test=their)
    np.savez(tmp_path / "b.npz", x=more, y=their)
    path = tmp_path / "a.npz"
    for test in (None, {"x": "x_test", "y": "y_test"}, str(tmp_path / "b.npz")):
        training, tested = own("in", (C,), path=path, test=test)
        assert np.array_equal(training.inputs["in"], x) and np.array_equal(tested.inputs["in"], more)
        assert np.array_equal(tested.labels, their)
    training, tested = own("in", (C,), path=path, test=0.4)
    assert len(training) == 9 and np.bincount(tested.labels).tolist() == [2, 2, 2]
    for test, sentence in ((0.01, "part without any"), (1.5, "share"), ({"x": "x_test"}, "the names of arrays"), ({"x": "no", "y": "y_test"}, "unknown array 'no'")):
        with pytest.raises(ValueError, match=sentence):
            own("in", (C,), path=path, test=test)


def test_labels_of_steps_and_targets(tmp_path):
    x, steps, curves = drawn()[0], RNG.integers(-1, 3, (N, T)), RNG.normal(size=(N, T, 2))
    np.savez(tmp_path / "a.npz", x=x, steps=steps, curves=curves, one=curves[:, 0], turned=steps.T)
    path = tmp_path / "a.npz"
    held_out = np.arange(N) % 5 == 4
    assert np.array_equal(own("in", (C,), path=path, y="steps")[0].labels, steps[~held_out].T)
    assert np.array_equal(own("in", (C,), path=path, y="curves")[1].labels, curves[held_out].swapaxes(0, 1).astype(np.float32))
    assert np.array_equal(own("in", (C,), path=path, y="one")[1].labels, curves[held_out, 0].astype(np.float32))
    with pytest.raises(ValueError, match="need to be one for each sample"):
        own("in", (C,), path=path, y="steps", kind="labels")
    with pytest.raises(ValueError, match=r"y has shape \(6, 15\), but there are 15 samples"):
        own("in", (C,), path=path, y="turned")


def test_folders_of_classes_are_padded(tmp_path):
    lengths = {}
    for part, count in (("train", 4), ("test", 2)):
        for label in ("dog", "cat"):
            (tmp_path / part / label).mkdir(parents=True)
            for number in range(count):
                length = number + (3 if part == "test" else 1)
                np.save(tmp_path / part / label / f"{number}.npy", np.full((length, C), number + 1, np.int16))
                lengths.setdefault(part, []).append(length)
    training, test = own("in", (C,), path=tmp_path, steps=7)
    assert training.class_names == ("cat", "dog") and training.labels.tolist() == [0] * 4 + [1] * 4
    assert training.lengths.tolist() == lengths["train"] and test.lengths.tolist() == lengths["test"]
    for data in (training, test):
        x = values(data)
        assert x.shape == data.inputs["in"].shape == (7, len(data), C) and x.dtype == np.int16
        assert np.array_equal((x != 0).all(2).sum(0), data.lengths)
    alone = training.inputs["in"].take(np.array([6]))
    assert alone[:, 0, 0].tolist() == [3, 3, 3, 0, 0, 0, 0]
    np.save(tmp_path / "train" / "cat" / "0.npy", np.zeros((1, C + 1), np.int16))
    with pytest.raises(ValueError, match=r"1.npy' is int16 of shape \(2, 4\), but '.*0.npy' int16 of \(1, 5\)"):
        own("in", (C,), path=tmp_path)


def test_events_of_arrays_and_of_hdf5(tmp_path):
    counts = RNG.integers(0, 9, N)
    counts[0] = 3
    offset, units = np.cumsum([0, *counts]), RNG.integers(0, C, counts.sum())
    seconds = RNG.uniform(0, 0.05, counts.sum())
    expected = np.zeros((5, N, C), bool)
    for sample in range(N):
        for event in range(offset[sample], offset[sample + 1]):
            expected[int(round(seconds[event] * 1e6) // 10_000), sample, units[event]] = True
    kinds = {"times": (h5py.vlen_dtype(np.float64), seconds), "units": (h5py.vlen_dtype(np.uint16), units)}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, (kind, joined) in kinds.items():
            file.create_dataset(f"spikes/{name}", (N,), kind)
            for sample in range(N):
                file[f"spikes/{name}"][sample] = joined[offset[sample] : offset[sample + 1]]
        file["labels"] = np.arange(N) % 3
        file["extra/keys"] = ["zero", "one", "two"]
    order = np.lexsort((seconds, np.repeat(np.arange(N), counts)))
    np.savez(
        tmp_path / "a.npz", t_us=np.rint(seconds * 1e6).astype(np.uint32)[order], x=units[order], offset=offset, label=np.arange(N) % 3,
        y=units * 0,
    )
    for name in ("a.h5", "a.npz"):
        training, test = own("in", (C,), path=tmp_path / name, steps=5, bin=10.0)
        assert is_lazy(training.inputs["in"]) and np.array_equal(values(training), expected[:, :-3])
        assert np.array_equal(values(test), expected[:, -3:]) and test.labels.tolist() == [0, 1, 2]
    pooled, _ = own("in", (1, 2), path=tmp_path / "a.npz", steps=5, bin=10.0, sensor=(1, C))
    assert np.array_equal(values(pooled), expected[:, :-3].reshape(5, -1, 1, 2, 2).any(4))
    with pytest.raises(ValueError, match="need a number of steps"):
        own("in", (C,), path=tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"x of events needs whole numbers from 0 to 1, .*: say sensor"):
        own("in", (2,), path=tmp_path / "a.npz", steps=5)


@pytest.mark.parametrize(
    "arrays, settings, sentence",
    [
        ({"x": np.array([[1.0, np.nan]] * 5), "y": [0] * 5}, {}, r"x: x holds NaN or infinite numbers: the first is nan at \[0, 1\]"),
        ({"x": np.ones((5, 2)), "y": [0.5] * 4}, {}, r"y has shape \(4,\), but there are 5 samples"),
        ({"x": np.ones((5, 2)), "y": [0.0, 1.0, 2.0, 3.0, 4.0]}, {}, 'say kind = "labels" or "targets"'),
        ({"x": np.ones((5, 2)), "y": [0.5] * 5}, {"kind": "labels"}, "fractions, but labels need to be whole"),
        ({"x": np.ones((5, 2)), "y": [np.inf] * 5}, {}, r"y holds NaN or infinite numbers: the first is at \[0\]"),
        ({"x": np.ones((5, 2)), "y": [-1] * 5}, {}, "y holds -1, but labels are whole numbers from 0 on"),
        ({"x": np.ones((5, 2)), "y": ["a"] * 5}, {"kind": "targets"}, "but targets need to be numbers"),
        ({"x": np.ones((0, 2)), "y": np.ones(0, int)}, {}, "x: x is empty"),
        ({"x": np.array(["a"]), "y": [0]}, {"x": "x"}, "samples need to be numbers"),
        ({"x": np.ones((5, 2)), "labels": [0] * 5, "target": [0] * 5}, {}, r"y is missing: .* which are x \[5, 2\], labels \[5\]"),
        ({"p": np.ones((5, 2)), "y": [0] * 5}, {}, r"x is missing: .* which are p \[5, 2\], y \[5\]"),
        ({"x": np.ones((5, 2)), "y": [0] * 5}, {"x": "z"}, "x: unknown array 'z'; known: x, y"),
        ({"x": np.ones((5, 2)), "y": [0] * 5, "lengths": [1] * 5}, {}, "no use without an axis of time"),
        ({"x": np.ones((5, 3, 2)), "y": [0] * 5, "lengths": [4] * 5}, {}, "lengths needs a whole number from 1 to 3 for each of 5"),
        ({"x": np.ones((5, 2)), "y": [0] * 5}, {"scale": 0.0}, "scale must be a positive"),
        ({"x": np.array([{}, {}], object), "y": [0, 0]}, {}, "no npz file, or damaged: Object arrays"),
        ({"x": np.ones(3, "i4,f4"), "y": [0] * 3}, {}, "arrays need to be of numbers, truth values or text"),
    ],
)
def test_arrays_that_do_not_fit(arrays, settings, sentence, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=sentence) as error:
        own("in", (2,), path=tmp_path / "a.npz", **settings)
    assert "\n" not in str(error.value) and ("a.npz" in str(error.value) or "scale" in settings)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("a,b\n1,2\n3,4,5\n", "row 3 has 3 cells, 0 of them empty, but needs 2"),
        ("a,b\n1,2\n3\n", "row 3 has 1 cells"),
        ("a,b\n,2\n3,4\n", "row 2 has 2 cells, 1 of them empty"),
        ("1,2\n3,4,5\n", "row 2 has 3 cells"),
        (",a\n0,1\n", "each needs a name of its own"),
    ],
)
def test_tables_with_rows_that_differ(text, sentence, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=f"a.csv' is no table, or damaged: .*{sentence}"):
        read(tmp_path / "a.csv")


def test_a_folder_may_have_more_samples_than_files_can_be_open(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    (tmp_path / "one").mkdir()
    for i in range(200):
        np.save(tmp_path / "one" / f"{i}.npy", np.ones((40, 4), np.float32))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        assert read(tmp_path)["x"].shape == (200, 40, 4)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_damaged_files_are_named(tmp_path):
    """Cut anywhere, or with any byte changed: an error in one sentence, or an array."""
    x, y = RNG.integers(0, 9, (N, 2)).astype(np.uint8), np.arange(N, dtype=np.uint8) % 3
    np.savez_compressed(tmp_path / "a.npz", x=x, y=y)
    np.save(tmp_path / "a.npy", x)
    np.savetxt(tmp_path / "a.csv", np.column_stack([x, y]), "%d", ",", header="a,b,label", comments="")
    scipy.io.savemat(tmp_path / "a.mat", {"x": x, "y": y})
    ts(tmp_path / "a.ts", x[:, None], y)
    for name in ("x-idx2-ubyte", "x-idx2-ubyte.gz"):
        idx(tmp_path / name, x)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"] = x, y
    said = []
    for file in sorted(tmp_path.iterdir()):
        whole = file.read_bytes()
        broken = tmp_path / "broken" / file.name
        broken.parent.mkdir(exist_ok=True)
        for trial in range(24):
            place = int(RNG.integers(0, len(whole)))
            contents = bytearray(whole[:place] if trial % 2 else whole)
            if not trial % 2:
                contents[place] ^= 1 << int(RNG.integers(0, 8))
            broken.write_bytes(bytes(contents))
            try:
                read(broken)
            except ValueError as error:
                said.append((file.name, str(error)))
            broken.unlink()
    assert len(said) > 60 and all(name in sentence and "\n" not in sentence for name, sentence in said), said
    with pytest.raises(ValueError, match="unknown kind of file '.txt'"):
        read(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty' holds no data"):
        read(tmp_path / "empty")


CONFIG = """
[network.encoders.eye]
num = 4
coding_method = "null"

[network.groups.out]
num = 3
model = "leaky_integrator"

[network.connections.link]
pre = "eye"
post = "out"

[network.decoders.say]
dec_target = "out"
coding_method = "final_step_voltage"

[simulation]
dt = 2.0
duration = 12.0

[data]
path = "../data/a.npz"
axes = "NTC"
scale = 255

[training]
epochs = 1
batch_size = 4
loss = "membrane_cross_entropy"
optimizer = { name = "adam", learning_rate = 0.01 }
"""


@pytest.fixture
def config(tmp_path):
    """A configuration in a folder beside that of its data."""
    x, y = drawn()
    for name in ("configs", "data"):
        (tmp_path / name).mkdir()
    np.savez(tmp_path / "data" / "a.npz", x=x, y=y)
    (tmp_path / "configs" / "own.toml").write_text(CONFIG)
    return tmp_path / "configs" / "own.toml"


def test_a_run_on_data_of_ones_own(config, tmp_path, capsys, monkeypatch):
    with np.load(tmp_path / "data" / "a.npz") as file:
        x = file["x"]
    out = tmp_path / "run"
    assert main(["train", str(config), "--out", str(out), "--quiet"]) == 0
    accuracy = capsys.readouterr().out.split()[2]
    # From anywhere: the run folder has the data's place in full.
    monkeypatch.chdir(out)
    assert main(["evaluate", "."]) == 0 and f"test accuracy {accuracy}" in capsys.readouterr().out
    experiment = make_experiment(read_config(config), config)
    assert np.array_equal(experiment.test.inputs["eye"], (x[-3:] / np.float32(255)).swapaxes(0, 1))


@pytest.mark.parametrize(
    "change, sentence",
    [
        (['data.path="b.npz"'], "No such file or directory: .*configs/b.npz"),
        (['data.x="z"'], r"data: '.*a.npz': x: unknown array 'z'"),
        (["data.test=2"], "data: .*share"),
        (["data.test=[1]"], r'data.test: needs a share, a path, or a table, \{ x = "...", y = "..." \}, got \[1\]'),
        (["data.x={}"], "data.x: needs a name, or a list of names, got {}"),
        (["data.bin=0"], 'data.bin: needs a positive number of ms, or "count", got 0'),
        (["data.kind=label"], "data.kind: needs 'labels', 'steps' or 'targets', got 'label'"),
        (["data.scale=0"], "data.scale"),
        (["data.axis=NTC"], "data.axis: unknown key 'axis': did you mean 'axes'"),
        (["data.name=digits"], "data.path: unknown setting of digits 'path'; known: none"),
        (["data.name=mnist"], "data.(axes|scale): unknown setting of mnist '(axes|scale)'; known: path"),
        (["data.augment=shift"], r"data.augment: samples of 'eye' are \[\d+\], no images .*: say size to Shift"),
        (["data={}"], "data: a name or a path is needed"),
        (['data={name="tonic"}'], "data.name: unknown data set 'tonic'"),
    ],
)
def test_keys_that_do_not_fit_are_named(change, sentence, config, capsys):
    assert main(["train", str(config), "--quiet", *(f"--set={each}" for each in change)]) == 2
    said = capsys.readouterr().err
    assert re.search(sentence, said) and "own.toml" in said and said.count("\n") == 1, said


def test_events_have_the_steps_of_the_run(config):
    times, units = np.array([1.9, 2.0, 11.9, 12.0]) * 1000, np.array([0, 1, 2, 3])
    path = config.parent.parent / "data" / "events.npz"
    np.savez(path, time=np.tile(times, N).astype(int), address=np.tile(units, N), offset=np.arange(N + 1) * 4, labels=np.arange(N) % 3)
    for bin, steps in ((None, [0, 1, 5]), ("4.0", [0, 0, 2, 3]), ('"count"', [0, 1, 3, 4])):
        changes = ["data={path='../data/events.npz'}", *([] if bin is None else [f"data.bin={bin}"])]
        test = make_experiment(read_config(config, changes), config).test
        assert np.argwhere(values_of(test)[:, 1]).tolist() == [[step, unit] for unit, step in enumerate(steps)]


def values_of(data):
    return data.inputs["eye"].take(np.arange(len(data)))


def test_what_stays_on_the_disk_trains_as_what_is_in_memory(tmp_path, key):
    x, y = drawn()
    np.savez(tmp_path / "a.npz", x=x, y=y)
    for name, array in (("x", x), ("y", y)):
        np.save(tmp_path / f"{name}.npy", array)
    with sj.Network() as net:
        eye = sj.Encoder(num=C, coding_method="null")
        out = sj.NeuronGroup(3, model="leaky_integrator")
        sj.Connection(eye, out, w_std=0.5)
        sj.Decoder(dec_target=out, coding_method="final_step_voltage")
    results = []
    for path in (tmp_path / "a.npz", tmp_path):
        training, test = own("eye", (C,), path=path, scale=255)
        assert is_lazy(training.inputs["eye"]) == (path == tmp_path)
        how = {"epochs": 2, "batch_size": 4, "key": key, "test": test, "progress": False}
        results.append(fit(sj.build(net, dt=1.0), "membrane_cross_entropy", optax.sgd(0.1), training, **how))
    rows = [[(row["loss"], row["test_loss"]) for row in result.history] for result in results]
    assert rows[0] == rows[1] and np.isfinite(rows).all()
