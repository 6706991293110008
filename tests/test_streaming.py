"""Data that does not fit the device: it comes part by part, and the numbers are those of data that does."""

import threading

import jax
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data import Dataset
from spaic_jax.plasticity import STDP
from spaic_jax.train import evaluate, fit, learn, loop, presentations, room, stream
from spaic_jax.train.arrays import Arrays, Stored

STEPS, COUNT = 5, 43
SETTINGS = {"epochs": 3, "batch_size": 4, "progress": False}


def simulator(coding="null", **link):
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method=coding)
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, name="synapses", **{"weight": np.full((3, 4), 0.4), "w_max": 1.0} | link)
        sj.Decoder(dec_target=layer, name="counts", **({"coding_method": "vote", "classes": 3} if "plasticity" in link else {}))
    return sj.build(net, dt=1.0)


def recordings(count=COUNT):
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, count)
    return (rng.random((STEPS, count, 4)) < 0.2 + 0.6 * np.eye(3, 4)[labels]), labels


class Lazy:
    """Recordings that are made as they are taken, and noted."""

    def __init__(self, x):
        self.x, self.shape, self.dtype, self.taken = x, x.shape, x.dtype, []

    def take(self, index):
        self.taken.append(np.array(index))
        return self.x[:, index]


def given(kind, tmp_path):
    x, labels = recordings()
    if kind == "memmap":
        np.save(tmp_path / "x.npy", x)
        x = np.load(tmp_path / "x.npy", mmap_mode="r")
    return Dataset({"image": {"lazy": Lazy, "float64": np.float64}.get(kind, lambda x: x)(x)}, labels)


def bytes_of(batches):
    """The room with which a part of that many batches is read at once, of recordings that rest as bytes."""
    return 4 * batches * 4 * STEPS * 4


@pytest.fixture
def small(monkeypatch):
    """A device that has room for two batches at once, and not for the data."""
    monkeypatch.setattr(room, "room", lambda: bytes_of(2))


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def numbers(history):
    return [{name: x for name, x in row.items() if name != "seconds"} for row in history]


def train(data, key, **how):
    return fit(simulator(), "count_cross_entropy", optax.adam(0.02), data, key=key, **SETTINGS | how)


@pytest.mark.parametrize("kind", ["bool", "float64", "memmap", "lazy"])
def test_fit_gives_the_same_bits(kind, key, tmp_path, monkeypatch):
    test = Dataset({"image": recordings(11)[0]}, recordings(11)[1])
    whole = train(given("bool", tmp_path), key, test=test)
    for batches in (1, 3) if kind == "bool" else (2,):
        monkeypatch.setattr(room, "room", lambda batches=batches: bytes_of(batches) * (4 if kind == "float64" else 1))
        result = train(given(kind, tmp_path), key, test=test)
        assert same(result.state, whole.state) and numbers(result.history) == numbers(whole.history)


def test_it_goes_on_with_the_same_bits(small, key, tmp_path):
    states = []
    whole = train(given("lazy", tmp_path), key, on_epoch=lambda state, row: states.append(state))
    assert same(train(given("memmap", tmp_path), key, start=states[0]).state, whole.state)


def test_learn_and_evaluate_give_the_same_numbers(key, tmp_path, monkeypatch):
    monkeypatch.setattr(presentations, "_REPORTS", 3)  # whose stretches end in the middle of a part
    data = given("bool", tmp_path)
    sim = simulator(plasticity=STDP(a_plus=0.01, a_minus=0.01))
    whole = learn(sim, data, key=key, test=data, **SETTINGS)
    trained = train(data, key).variables
    told = evaluate(simulator(), trained, data, batch_size=4, loss="count_cross_entropy")
    monkeypatch.setattr(room, "room", lambda: bytes_of(2))
    lazy = given("lazy", tmp_path)
    result = learn(sim, lazy, key=key, test=lazy, **SETTINGS)
    assert same(result.state, whole.state) and numbers(result.history) == numbers(whole.history)
    streamed = evaluate(simulator(), trained, lazy, batch_size=4, loss="count_cross_entropy")
    assert (streamed.accuracy, streamed.loss) == (told.accuracy, told.loss)
    assert np.array_equal(streamed.predictions, told.predictions)
    asked = lazy.inputs["image"].taken
    assert max(map(len, asked[-6:])) <= 8 and len(np.concatenate(asked[-6:])) == COUNT


@pytest.mark.parametrize("trainings", [(), (3,)])
@pytest.mark.parametrize("batches", [1, 2, 3, 4, 10])
def test_no_sample_is_lost_or_seen_twice(batches, trainings, monkeypatch):
    """What the updates of an epoch find at their places is what the order says."""
    rng = np.random.default_rng(1)
    x = np.arange(COUNT)[None, :, None].astype(np.float32)
    stored = Stored({"x": x}, {"x": 1}, {"x": "float32"}, COUNT, lambda inputs: None, "the data", labels=np.arange(COUNT))
    monkeypatch.setattr(room, "room", lambda: 4 * batches * 4 * 4)
    order = np.stack([rng.permutation(COUNT) for _ in range(int(np.prod(trainings, dtype=int)))]).reshape(*trainings, COUNT)
    task = type("Task", (), {"label_axis": 0, "layout": None, "put": lambda self, tree: tree})()
    seen, numbers = [], []
    for part in stream.parts(task, stored, order, 4):
        for number in part.updates:
            place = np.asarray(part.order)[..., (number - int(part.first)) * 4 :][..., :4]
            seen.append(np.asarray(part.arrays.inputs["x"])[0, :, 0][place])
            assert np.array_equal(np.asarray(part.arrays.labels)[place], seen[-1])
            numbers.append(number)
    assert numbers == list(range(10))
    assert np.array_equal(np.concatenate(seen, -1), order[..., :40])


def test_what_fits_is_read_once(key, tmp_path):
    data = given("lazy", tmp_path)
    train(data, key)
    assert [len(index) for index in data.inputs["image"].taken] == [COUNT]


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("spaic_jax data")]


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("error", [BrokenError, KeyboardInterrupt])
def test_the_thread_ends_when_the_training_does(error, small, key, tmp_path, monkeypatch):
    """Also in the middle of an epoch, while something holds on to the frames of the error."""
    seen = []

    def stop(epoch, number, measures):
        seen.append(len(threads()))
        if number == 3:
            raise error

    monkeypatch.setattr(loop, "check_update", stop)
    kept = None
    try:
        train(given("lazy", tmp_path), key)
    except error as caught:
        kept = caught
    assert kept is not None and seen == [1, 1, 1] and threads() == []
    monkeypatch.undo()
    ended = []
    train(given("lazy", tmp_path), key, epochs=1, on_epoch=lambda state, row: ended.append(threads()))
    assert ended == [[]]


def test_an_error_of_the_thread_is_raised(small, key):
    x, labels = recordings()

    class Fails(Lazy):
        def take(self, index):
            if len(self.taken) == 3:
                raise OSError("the disk is gone")
            return super().take(index)

    with pytest.raises(OSError, match="the disk is gone"):
        train(Dataset({"image": Fails(x)}, labels), key)
    assert threads() == []

    class Short(Lazy):
        def take(self, index):
            return super().take(index)[:, 1:]

    sentence = r"the training data: input 'image' gave an array of shape \(5, 7, 4\) for 8 samples, but needs \(5, 8, 4\)"
    with pytest.raises(ValueError, match=sentence):
        train(Dataset({"image": Short(x)}, labels), key)


def test_values_are_looked_at_as_they_come(small, key):
    x, labels = recordings()
    x = x.astype(np.float32)
    x[2, 17, 3] = np.nan
    sentence = r"the training data: sample 17: input 'image' holds NaN .*: the first is nan at \[2, 0, 3\]"
    with pytest.raises(ValueError, match=sentence):
        train(Dataset({"image": x}, labels), key)
    with pytest.raises(ValueError, match="the data: sample 17: input 'image' holds NaN"):
        evaluate(simulator(), simulator().init(key), Dataset({"image": Lazy(x)}, labels), batch_size=4)


@pytest.mark.parametrize("shape", [(STEPS, COUNT, 5), (STEPS, COUNT + 1, 4), (COUNT, 4)])
def test_shapes_are_told_before_anything_is_read(shape, small, key):
    lazy = Lazy(np.zeros(shape, bool))
    with pytest.raises(ValueError, match=r"(has shape|number of samples)"):
        train(Dataset({"image": lazy}, recordings()[1]), key)
    assert lazy.taken == []


def test_room_is_a_part_of_what_is_free():
    physical = 2**50
    assert 2**20 < room.room() < physical
    arrays = Arrays({"x": np.zeros(3)}, 3)
    assert len(arrays) == 3


def test_lengths_and_labels_of_steps_come_along(key, monkeypatch):
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="null")
        layer = sj.NeuronGroup(3, model="leaky_integrator", tau_m=5.0)
        sj.Connection(image, layer, w_mean=0.2, w_std=0.3)
        sj.Decoder(dec_target=layer, coding_method="v_t", name="scores")
    sim, (x, labels) = sj.build(net, dt=1.0), recordings()
    lengths = np.random.default_rng(2).integers(1, STEPS + 1, COUNT)
    each_step = np.where(np.random.default_rng(3).random((STEPS, COUNT)) < 0.5, labels, -1)
    each_step[0] = labels

    def result(inputs):
        data = Dataset({"image": inputs}, each_step, lengths=lengths)
        return fit(sim, "step_cross_entropy", optax.adam(0.02), data, key=key, test=data, **SETTINGS)

    whole = result(x)
    monkeypatch.setattr(room, "room", lambda: bytes_of(2))
    streamed = result(Lazy(x))
    assert same(streamed.state, whole.state) and numbers(streamed.history) == numbers(whole.history)
