"""Data sets."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spaic_jax.data import DATASETS, Dataset, digits, mnist5000, store_recall


def test_digits_are_split_the_same_for_all() -> None:
    training, test = digits()
    again, _ = digits()
    assert np.array_equal(training.inputs["image"], again.inputs["image"])
    assert training.inputs["image"].dtype == np.float32
    assert training.inputs["image"].min() == 0 and training.inputs["image"].max() == 1
    assert len(training) + len(test) == 1797
    assert training.class_names == tuple("0123456789")


def test_digits_are_stratified_and_disjoint() -> None:
    training, test = digits()
    share = np.bincount(test.labels) / (np.bincount(test.labels) + np.bincount(training.labels))
    assert (np.abs(share - 0.2) < 0.01).all()
    rows = {row.tobytes() for row in training.inputs["image"]}
    # Two pairs of images in the file would be a coincidence; the split itself gives no sample to both.
    assert sum(row.tobytes() in rows for row in test.inputs["image"]) == 0


def test_digits_take_the_shape_of_their_encoder() -> None:
    training, _ = digits("eye", (1, 8, 8))
    assert training.inputs["eye"].shape[1:] == (1, 8, 8)
    with pytest.raises(ValueError, match=r"64 pixels, which the shape \(63,\) does not hold"):
        digits(shape=(63,))


def test_datasets_table() -> None:
    assert DATASETS["digits"] is digits


@pytest.mark.parametrize(
    "inputs, labels, sentence",
    [
        ({}, [0], "mapping from encoder name to array"),
        (np.zeros((1, 2)), [0], "mapping from encoder name to array, got ndarray"),
        ({"x": np.zeros((1, 2))}, [0j], "complex128 of shape"),
        ({"x": np.zeros((1, 2))}, [True], "bool of shape"),
        ({"x": np.zeros((1, 2))}, [[[0, 1]]], r"of shape \(1, 1, 2\)"),
        ({"x": np.zeros((1, 2))}, np.zeros(0, int), r"of shape \(0,\)"),
        ({"x": np.zeros((1, 2))}, ["cat"], "integers of shape"),
        ({"x": np.zeros((1, 2))}, 3, r"of shape \(\)"),
        ({"x": np.zeros((2, 2))}, [[0.0, 1.0], [np.nan, 0.0]], r"targets to regress, but nan is at \[1, 0\]"),
        ({"x": np.zeros((5, 4, 2))}, [0, 1], r"input 'x' has shape \(5, 4, 2\), but needs \[N=2, ...\] or \[T, N=2, ...\], as there are 2 lab"),
        ({"x": np.zeros((5, 4)), "y": np.zeros((3, 2))}, None, "no number of samples fits all arrays of the Dataset"),
        ({"x": np.zeros((4, 3)), "labels": np.zeros((4, 3))}, [0, 1, 2, 1], "cannot be told from the labels"),
    ],
)
def test_bad_datasets(inputs: object, labels: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Dataset(inputs, labels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"lengths": [1, 2]}, r"labels has shape \(4,\), but needs \[N=2, ...\] or \[T, N=2, ...\], as there are 2 lengths"),
        ({"lengths": [1, 2, 0, 3]}, r"lengths\[2\] is 0, but a sample has at least one step"),
        ({"lengths": [1.0, 2.0, 3.0, 3.0]}, "the lengths of a Dataset are float64"),
        ({"sequences": "x"}, "such as \\('x',\\)"),
        ({"sequences": ["xx"]}, "unknown input 'xx': did you mean 'x'"),
        ({"sequences": []}, r"input 'x' has shape \(9, 4, 3\)"),
    ],
)
def test_bad_lengths_and_sequences(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Dataset({"x": np.zeros((9, 4, 3))}, [0, 1, 0, 1], **given)  # type: ignore[arg-type]


class Lazy:
    """Numbers that are made as they are taken."""

    def __init__(self, values: np.ndarray, axis: int):
        self.values, self.axis, self.reads = values, axis, 0
        self.shape, self.dtype = values.shape, values.dtype

    def take(self, index: np.ndarray) -> np.ndarray:
        self.reads += 1
        return np.take(self.values, index, self.axis)


def test_samples_are_taken_on_their_axis(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cue, image, each = rng.random((7, 5, 3)), rng.random((5, 2)), rng.random((7, 5))
    on_disk = np.memmap(tmp_path / "cue", cue.dtype, "w+", shape=cue.shape)
    on_disk[:] = cue
    lazy, rows = Lazy(cue, 1), [4, 0, 4]
    data = Dataset({"a": cue, "b": jnp.asarray(image), "c": lazy, "d": on_disk}, each, lengths=np.arange(1, 6))
    assert len(data) == 5 and data.axes == {"a": 1, "b": 0, "c": 1, "d": 1, "labels": 1}
    some = data.take(rows)
    assert lazy.reads == 0 and isinstance(some.inputs["b"], jax.Array) and isinstance(some.inputs["a"], np.ndarray)
    again = some.take([2, 1])
    assert len(some) == 3 and again.lengths.tolist() == [5, 1]
    for name in "acd":
        part = again.inputs[name]
        np.testing.assert_array_equal(part.take(np.arange(2)) if name in "cd" else part, cue[:, [4, 0]])
        assert part.shape == (7, 2, 3) and part.dtype == cue.dtype
    np.testing.assert_array_equal(again.labels, each[:, [4, 0]])
    np.testing.assert_array_equal(again.inputs["b"], image.astype(np.float32)[[4, 0]])
    for wrong, sentence in (([5], "numbered from 0 to 4, but 5 to 5"), ([-1], "but -1"), ([True], "bool of shape"), ([], "not by")):
        with pytest.raises(ValueError, match=sentence):
            data.take(wrong)


def test_what_shapes_do_not_tell_is_asked_for() -> None:
    square = Dataset({"x": np.arange(16.0).reshape(4, 4)}, [0, 1, 2, 3])
    assert len(square) == 4
    with pytest.raises(TypeError, match=r"whether 'x' \(4, 4\) of a Dataset of 4 samples.*sequences=\('x',\)"):
        square.take([1])
    for sequences, wanted in (((), [4, 5, 6, 7]), (("x",), [1, 5, 9, 13])):
        one = dataclasses.replace(square, sequences=sequences).take([1])
        assert one.inputs["x"].ravel().tolist() == wanted and one.take([0]).inputs["x"].ravel().tolist() == wanted
    with pytest.raises(TypeError, match="how many samples"):
        len(Dataset({"x": np.zeros((3, 2))}))
    assert [len(Dataset({"x": np.zeros((3, 2))}, sequences=sequences)) for sequences in ((), ("x",))] == [3, 2]
    # One number that all arrays share is theirs.
    assert len(Dataset({"x": np.zeros((3, 2))}, np.zeros((9, 3, 1)))) == 3


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_split_is_stratified_and_complete(seed: int | None) -> None:
    labels = np.random.default_rng(3).permutation([0] * 50 + [3] * 20 + [7] * 11)
    data = Dataset({"x": np.arange(81.0)[:, None]}, labels, sequences=())
    parts = data.split(0.2, None if seed is None else jax.random.key(seed))
    rest, held_out = (part.inputs["x"][:, 0].astype(int) for part in parts)
    assert sorted([*rest, *held_out]) == list(range(81)) and (np.diff(held_out) > 0).all()
    assert np.bincount(parts[1].labels)[[0, 3, 7]].tolist() == [10, 4, 2]
    np.testing.assert_array_equal(parts[1].labels, labels[held_out])
    every_fifth = [row for one in (0, 3, 7) for row in np.flatnonzero(labels == one)[4::5]]
    assert (sorted(every_fifth) == held_out.tolist()) == (seed is None)


def test_a_split_without_classes_or_with_empty_parts() -> None:
    data = Dataset({"x": np.zeros((10, 3))}, np.linspace(0, 1, 10))
    assert data.split(0.3)[1].labels.tolist() == np.linspace(0, 1, 10)[[3, 6, 9]].tolist()
    with pytest.raises(ValueError, match="a share of 0.05 of 10 samples leaves a part without any"):
        data.split(0.05)
    with pytest.raises(ValueError, match="the share of a split"):
        data.split(1.0)


def test_mnist_is_split_the_same_for_all() -> None:
    training, test = mnist5000("eye", (1, 28, 28))
    assert training.inputs["eye"].shape == (4000, 1, 28, 28) and training.inputs["eye"].dtype == np.float32
    assert training.inputs["eye"].min() == 0 and training.inputs["eye"].max() == 1
    assert (np.bincount(training.labels) == 400).all() and (np.bincount(test.labels) == 100).all()
    rows = {row.tobytes() for row in training.inputs["eye"]}
    assert len(rows) > 3990 and sum(row.tobytes() in rows for row in test.inputs["eye"]) == 0
    with pytest.raises(ValueError, match=r"784 pixels, which the shape \(28,\) does not hold"):
        mnist5000(shape=(28,))


def test_the_bit_to_recall_is_the_one_that_was_shown_with_store() -> None:
    training, test = store_recall()
    assert np.array_equal(training.inputs["cue"], store_recall()[0].inputs["cue"])
    for data in (training, test):
        spikes = data.inputs["cue"]
        assert spikes.dtype == bool
        counts = spikes.reshape(6, 50, len(data), 4, 10).sum((1, 4))
        zero, one, store, recall = np.moveaxis(counts > 0, 2, 0)
        assert (zero ^ one)[:5].all() and recall[5].all() and not (zero[5] | one[5] | store[5]).any() and not recall[:5].any()
        assert (store.sum(0) == 1).all() and ((one & store).any(0) == data.labels).all()
        assert abs(counts[counts > 0].mean() - 50) < 1 and abs(data.labels.mean() - 0.5) < 0.05
        assert abs(np.bincount(store.argmax(0)) / len(data) - 0.5).max() < 0.05
    assert store_recall("eye", (4, 10))[1].inputs["eye"].shape == (300, 512, 4, 10)
    with pytest.raises(ValueError, match=r"40 neurons, which the shape \(41,\) does not hold"):
        store_recall(shape=(41,))
