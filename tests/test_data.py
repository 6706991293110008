"""Data sets."""

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
        ({"x": np.zeros((1, 2))}, [0.0], "float64 of shape"),
        ({"x": np.zeros((1, 2))}, [[0, 1]], r"of shape \(1, 2\)"),
        ({"x": np.zeros((1, 2))}, np.zeros(0, int), r"of shape \(0,\)"),
        ({"x": np.zeros((1, 2))}, ["cat"], "integers of shape"),
        ({"x": np.zeros((1, 2))}, 3, r"of shape \(\)"),
    ],
)
def test_bad_datasets(inputs: object, labels: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Dataset(inputs, labels)  # type: ignore[arg-type]


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


def test_samples_without_labels_have_no_length_of_their_own() -> None:
    with pytest.raises(TypeError, match="without labels has no length"):
        len(Dataset({"x": np.zeros((3, 2))}))
