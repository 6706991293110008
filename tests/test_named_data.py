"""Named data sets, from files as they are distributed, made small here."""

import gzip
import importlib.machinery
import inspect
import io
import sys
import tarfile
import types
import zipfile

import h5py
import numpy as np
import pytest
import scipy.io

from spaic_jax import data
from spaic_jax.data import DATASETS, resolve_dataset
from spaic_jax.data import download as module

RNG = np.random.default_rng()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Nothing outside is read or written, and no server asked."""
    monkeypatch.setenv("SPAIC_JAX_DATA", str(tmp_path / "cache"))

    def refuse(*_, **__):
        raise ConnectionError("there is no network")

    monkeypatch.setattr(module, "download", refuse)
    return tmp_path / "cache"


def spikes(part):
    (x,) = part.inputs.values()
    return x.take(np.arange(len(part)))


def test_names_and_makers():
    assert all(name == maker.__name__ for name, maker in DATASETS.items())
    for name, maker in DATASETS.items():
        assert name in data.__all__ and getattr(data, name) is maker
        given = list(inspect.signature(maker).parameters.values())
        assert [each.name for each in given[:2]] == ["input", "shape"]
        assert all(each.kind is each.KEYWORD_ONLY for each in given[2:])
    for name in ("tonic", "digit", "tonic:"):
        with pytest.raises(ValueError, match=f"unknown data set '{name}'"):
            resolve_dataset(name)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "nmnist", "shd", "ssc", "dvs_gesture", "ecg"])
def test_without_a_network_it_says_where_to_put_what(name, cache):
    with pytest.raises(OSError, match=f"of the data set '{name}' could not be downloaded .*there is no network.*: put it into") as error:
        DATASETS[name]()
    assert str(cache / name) in str(error.value)
    with pytest.raises(OSError, match=f"'{name}' needs the file"):
        DATASETS[name](path=cache)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_files_of_mnist(name, tmp_path):
    given = {}
    for part, count in (("train", 30), ("t10k", 20)):
        given[part] = RNG.integers(0, 256, (count, 28, 28), np.uint8), RNG.integers(0, 10, count, np.uint8)
        for kind, array in zip(("images-idx3", "labels-idx1"), given[part], strict=True):
            head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            (tmp_path / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    parts = DATASETS[name]("in", (1, 28, 28), path=tmp_path)
    for part, (images, labels) in zip(parts, given.values(), strict=True):
        assert np.array_equal(part.inputs["in"][:, 0], images / np.float32(255)) and np.array_equal(part.labels, labels)
        assert len(part.class_names) == 10 and part.inputs["in"].dtype == np.float32
    with pytest.raises(ValueError, match=f"images of {name} have 784 pixels"):
        DATASETS[name](shape=(28,), path=tmp_path)


def test_nmnist_is_read_from_its_zip_files_and_kept(tmp_path, cache, monkeypatch):
    expected = {}
    for part, count in (("train", 12), ("test", 5)):
        expected[part] = np.zeros((4, count, 2, 34, 34), bool), np.arange(count) % 10
        with zipfile.ZipFile(tmp_path / f"{part}.zip", "w") as archive:
            archive.writestr(f"{part.title()}/", "")
            for number in sorted(range(count), key=lambda number: number % 10):
                n = int(RNG.integers(1, 30))
                x, y, p = RNG.integers(0, 34, n), RNG.integers(0, 34, n), RNG.integers(0, 2, n)
                t = np.sort(RNG.integers(0, 300_000, n))
                rows = np.stack([x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255], 1)
                archive.writestr(f"{part.title()}/{number % 10}/{number:05}.bin", rows.astype(np.uint8).tobytes())
                kept = t < 200_000
                expected[part][0][t[kept] // 50_000, number, p[kept], y[kept], x[kept]] = True
    parts = data.nmnist("in", path=tmp_path, steps=4, bin=50.0)
    for part, (frames, labels) in zip(parts, expected.values(), strict=True):
        order = np.argsort(labels, kind="stable")
        assert np.array_equal(part.labels, labels[order]) and np.array_equal(spikes(part), frames[:, order])
    # From the cache: converted once, and read without the archives from then on.
    (cache / "nmnist").mkdir(parents=True)
    for part in ("train", "test"):
        (tmp_path / f"{part}.zip").rename(cache / "nmnist" / f"{part}.zip")
    once = data.nmnist("in", (2, 17, 17), steps=4, bin=50.0)
    for part in ("train", "test"):
        (cache / "nmnist" / f"{part}.zip").unlink()
    again = data.nmnist("in", (2, 17, 17), steps=4, bin=50.0)
    assert sorted(file.name for file in (cache / "nmnist").iterdir()) == ["events-test", "events-train"]
    for one, other, whole in zip(once, again, parts, strict=True):
        pooled = spikes(whole).reshape(4, -1, 2, 17, 2, 17, 2).any((4, 6))
        assert np.array_equal(spikes(one), pooled) and np.array_equal(spikes(other), pooled)


@pytest.mark.parametrize("name", ["shd", "ssc"])
def test_heidelberg_data(name, tmp_path):
    for part, count in (("train", 6), ("test", 4)):
        with h5py.File(tmp_path / f"{name}_{part}.h5", "w") as file:
            for key, kind in (("times", np.float16), ("units", np.uint16)):
                file.create_dataset(f"spikes/{key}", (count,), h5py.vlen_dtype(kind))
            for sample in range(count):
                file["spikes/times"][sample], file["spikes/units"][sample] = np.array([0.25, 0.125]), np.array([699, sample])
            file["labels"], file["extra/keys"] = np.arange(count) % 2, ["null", "eins"]
    training, test = DATASETS[name]("in", (140,), path=tmp_path, steps=30, bin=10.0)
    assert training.class_names == ("null", "eins") and len(training) == 6 and test.labels.tolist() == [0, 1, 0, 1]
    assert np.argwhere(spikes(test)).tolist() == [[12, s, s // 5] for s in range(4)] + [[25, s, 139] for s in range(4)]
    with zipfile.ZipFile(tmp_path / f"{name}_test.h5.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / f"{name}_test.h5", f"{name}_test.h5")
    (tmp_path / f"{name}_test.h5").unlink()
    assert np.array_equal(spikes(DATASETS[name]("in", (140,), path=tmp_path, steps=30, bin=10.0)[1]), spikes(test))


def test_gestures(tmp_path):
    for part, users in (("Train", 2), ("Test", 1)):
        with tarfile.open(tmp_path / f"ibmGesture{part}.tar.gz", "w:gz") as archive:
            for user in range(users):
                for label in (10, 3):
                    contents = io.BytesIO()
                    np.save(contents, np.array([[127, 0, 1, 40.0], [4, 5, 0, 90.0]]))
                    member = tarfile.TarInfo(f"ibmGesture{part}/user0{user}_led/{label}.npy")
                    member.size = contents.tell()
                    archive.addfile(member, io.BytesIO(contents.getvalue()))
    training, test = data.dvs_gesture("in", path=tmp_path, steps=3, bin=25.0)
    assert training.labels.tolist() == [10, 3, 10, 3] and len(test) == 2
    assert np.argwhere(spikes(test)).tolist() == [[0, 0, 1, 0, 31], [0, 1, 1, 0, 31], [2, 0, 0, 1, 1], [2, 1, 0, 1, 1]]


def test_braille(tmp_path):
    taxels = RNG.integers(60, 256, (270, 76, 12), np.uint8)
    taxels[:, :, 3] = 255
    np.savez(tmp_path / "braille.npz", taxels=taxels, label=np.repeat(np.arange(27, dtype=np.uint8), 10), letters=np.array(list("abc")))
    training, test = data.braille("in", (3, 4), path=tmp_path / "braille.npz")
    x, held_out = training.inputs["in"].reshape(76, -1, 12), np.arange(270) % 5 == 4
    change = taxels.astype(float) - taxels[:, :1]
    assert np.allclose(x.std((0, 1), dtype=float), np.arange(12) != 3, atol=1e-5) and (np.bincount(test.labels) == 2).all()
    deviation = change[~held_out].std((0, 1))
    assert np.allclose(test.inputs["in"][:, :, 0, 0].T, change[held_out][:, :, 0] / deviation[0], atol=1e-4)
    with pytest.raises(ValueError, match="path is missing: 'braille' is published as a pickle"):
        data.braille()


def test_waves_of_heartbeats(tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        waves = RNG.integers(0, 6, (count, 50))
        x = (RNG.random((count, 50, 4)) < 0.2).astype(float)
        scipy.io.savemat(tmp_path / f"QTDB_{part}.mat", {"x": x, "y": np.eye(6)[waves], "t": np.zeros((count, 50))})
    training, test = data.ecg("in", (2, 2), path=tmp_path)
    assert training.inputs["in"].shape == (50, 3, 2, 2) and training.labels.shape == (50, 3)
    assert np.array_equal(test.labels, waves.T) and np.array_equal(test.inputs["in"].reshape(50, 2, 4), x.swapaxes(0, 1))


def test_japanese_vowels_are_those_of_aeon(tmp_path, monkeypatch):
    folder = tmp_path / "aeon" / "datasets" / "data" / "JapaneseVowels"
    folder.mkdir(parents=True)
    given = {}
    for part, lengths in (("TRAIN", [3, 2]), ("TEST", [29])):
        given[part] = [RNG.normal(size=(length, 12)).astype(np.float32) for length in lengths]
        lines = [":".join([*(",".join(map(str, channel)) for channel in x.T), str(k + 1)]) for k, x in enumerate(given[part])]
        (folder / f"JapaneseVowels_{part}.ts").write_text("@classLabel true 1 2\n@data\n" + "\n".join(lines))
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ImportError, match=r'needs the package aeon: pip install "spaic_jax\[aeon\]", or give path'):
            data.japanese_vowels()
    found = importlib.machinery.ModuleSpec("aeon", None, origin=str(tmp_path / "aeon" / "__init__.py"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    training, test = data.japanese_vowels("in", (3, 4), steps=31)
    every = np.concatenate(given["TRAIN"]).astype(float)
    for part, samples in zip((training, test), given.values(), strict=True):
        expected = np.zeros((31, len(samples), 12))
        for number, sample in enumerate(samples):
            expected[: len(sample), number] = (sample - every.mean(0)) / every.std(0)
        assert np.allclose(part.inputs["in"].reshape(31, -1, 12), expected, atol=1e-4)
        assert part.inputs["in"].shape[2:] == (3, 4) and part.lengths.tolist() == [len(sample) for sample in samples]
    assert training.class_names == ("1", "2") and training.inputs["in"].dtype == np.float32
    with pytest.raises(ValueError, match="at least 29, got 20"):
        data.japanese_vowels(steps=20)


class Cards:
    """As a data set of tonic's is."""

    sensor_size = (6, 4, 2)

    def __init__(self, save_to, train=True):
        self.count = 4 if train else 2

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        events = np.zeros(2, [("x", int), ("y", int), ("t", int), ("p", bool)])
        events["x"], events["y"], events["t"], events["p"] = [5, 1], [3, 0], [7_000 + 15_000, 7_000], [True, False]
        return events, "cl" if index % 2 else "he"


def test_any_set_of_tonic(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tonic", None)
        with pytest.raises(ImportError, match=r'tonic:CARDS\' needs the package tonic: pip install "spaic_jax\[tonic\]"'):
            resolve_dataset("tonic:CARDS")("in")
    monkeypatch.setitem(sys.modules, "tonic", types.SimpleNamespace(datasets=types.SimpleNamespace(CARDS=Cards)))
    training, test = resolve_dataset("tonic:CARDS")("in", (2, 2, 3), steps=2, bin=10.0)
    assert training.labels.tolist() == [1, 0, 1, 0] and training.class_names == ("cl", "he") and len(test) == 2
    assert np.argwhere(spikes(test)).tolist() == [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 1, 2], [1, 1, 1, 1, 2]]
    with pytest.raises(ValueError, match="unknown data set of tonic 'CARD': did you mean 'CARDS'"):
        resolve_dataset("tonic:CARD")("in", (2, 2, 3))


def test_pairs_differ_in_their_interval_alone():
    training, test = data.delay_task("in", (1, 2))
    pairs = {}
    for part in (training, test):
        first, second = (part.inputs["in"][:, :, 0, k] for k in range(2))
        assert (first.sum(0) == 1).all() and (second.sum(0) == 1).all()
        interval = second.argmax(0) - first.argmax(0)
        assert np.array_equal(part.labels, interval >= 22) and set(interval) == {*range(10, 15), *range(22, 27)}
        pairs[len(part)] = set(zip(first.argmax(0).tolist(), interval.tolist(), strict=True))
    assert [len(each) for each in pairs.values()] == [256, 64] and not set.intersection(*pairs.values())


def test_images_row_by_row():
    images, shown = data.digits("in", (8, 8)), data.sequential_digits("in", (2, 4), steps=16)
    for image, rows in zip(images, shown, strict=True):
        flat = rows.inputs["in"].reshape(16, -1, 8)
        assert np.array_equal(flat[1::2].swapaxes(0, 1), image.inputs["in"]) and np.array_equal(flat[::2], flat[1::2])
        assert np.array_equal(rows.labels, image.labels)
    for name, size in (("sequential_digits", 8), ("sequential_mnist5000", 28)):
        with pytest.raises(ValueError, match=f"no multiple of {size}"):
            DATASETS[name](steps=size + 1)
        with pytest.raises(ValueError, match=rf"{size} pixels, which the shape \(3,\)"):
            DATASETS[name](shape=(3,))
    training, _ = data.sequential_mnist5000()
    assert training.inputs["row"].shape == (28, 4000, 28)
