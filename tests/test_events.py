"""Recordings of events as spikes, beside loops over their events."""

import numpy as np
import pytest

from spaic_jax.data import Recordings, recordings_of
from spaic_jax.data.lazy import is_lazy

RNG = np.random.default_rng()
SENSOR, N = (2, 4, 6), 7


def drawn():
    counts = RNG.integers(0, 40, N)
    counts[2], counts[5] = 0, 300
    samples = []
    for count in counts:
        places = [RNG.integers(0, size, count) for size in SENSOR]
        samples.append((RNG.integers(0, 50_000, count), *places))
    return samples


def by_hand(samples, steps, bin, pool=(1, 1, 1), count=False):
    out = np.zeros((steps, len(samples), *(size // k for size, k in zip(SENSOR, pool, strict=True))), np.int64)
    for number, (time, *places) in enumerate(samples):
        order = sorted(range(len(time)), key=lambda k: time[k])
        for rank, event in enumerate(order):
            step = int(time[event]) // round(bin * 1000) if bin else rank * steps // len(order)
            if step < steps:
                out[(step, number, *(int(place[event]) // k for place, k in zip(places, pool, strict=True)))] += 1
    return np.minimum(out, 255) if count else out > 0


@pytest.mark.parametrize("bin", [None, 10.0, 0.007])
@pytest.mark.parametrize("count", [False, True])
@pytest.mark.parametrize("pool", [(1, 1, 1), (2, 2, 3)])
def test_frames_are_those_of_a_loop(bin, count, pool):
    samples = drawn()
    recordings = recordings_of(samples, SENSOR)
    frames = recordings.pooled([size // k for size, k in zip(SENSOR, pool, strict=True)]).frames(4, bin, count=count)
    expected = by_hand(samples, 4, bin, pool, count)
    assert is_lazy(frames) and frames.shape == expected.shape and frames.dtype == (np.uint8 if count else bool)
    for index in (np.arange(N), [5], [3, 3, 0, 2], RNG.permutation(N), [2]):
        taken = frames.take(index)
        assert taken.dtype == frames.dtype and np.array_equal(taken, expected[:, index])
    chosen = [6, 2, 5]
    assert np.array_equal(recordings.take(chosen).frames(4, bin).take(np.arange(3)), by_hand(samples, 4, bin)[:, chosen])


def test_a_flat_shape_and_times_of_any_unit():
    samples = drawn()
    recordings, flat = recordings_of(samples, SENSOR), recordings_of(samples, SENSOR).pooled((48,))
    assert np.array_equal(flat.frames(5, 10).take([0, 5]).reshape(5, 2, *SENSOR), recordings.frames(5, 10).take([0, 5]))
    seconds = [(time.astype(float) / 1e6, *places) for time, *places in samples]
    assert np.array_equal(recordings_of(seconds, SENSOR, unit=1e6).time, recordings.time)
    assert recordings.counts.tolist() == [len(sample[0]) for sample in samples] and len(recordings) == N
    assert recordings.address.dtype == np.uint8 and recordings.time.dtype == np.uint32


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"address": [0, 9, 1]}, r"address of recordings goes from 0 to 9, but the shape \(3,\) has 3"),
        ({"address": [0, 1]}, "2 addresses, but 3 times"),
        ({"address": [0.0, 1.0, 2.0]}, "address of recordings is float64"),
        ({"time": [5, 1, 2]}, "never fall within a recording"),
        ({"time": [-1, 1, 2]}, "from 0 on"),
        ({"offset": [0, 4]}, "rise from 0 to the number of events, 3"),
        ({"offset": [0, 3, 2, 3]}, "rise from 0"),
        ({"offset": [1, 3]}, "rise from 0"),
        ({"shape": (3, 0)}, "a positive whole number"),
    ],
)
def test_events_that_cannot_be(change, sentence):
    given = {"address": [0, 1, 2], "time": [0, 4, 1], "offset": [0, 2, 3], "shape": (3,)}
    assert len(Recordings(**given)) == 2
    with pytest.raises(ValueError, match=sentence):
        Recordings(**given | change)


@pytest.mark.parametrize("bin", [10.0, None])
def test_unsigned_numbers_of_any_size_are_the_same_events(bin):
    expected = Recordings([0, 2, 1], [0, 35_000, 12_000], [0, 2, 3], (3,)).frames(4, bin).take([1, 0])
    for dtype in (np.uint64, np.uint32, np.int32):
        given = (np.array(x, dtype) for x in ([0, 2, 1], [0, 35_000, 12_000], [0, 2, 3]))
        assert np.array_equal(Recordings(*given, (3,)).frames(4, bin).take([1, 0]), expected)


def test_shapes_places_and_times_that_do_not_fit():
    recordings = recordings_of(drawn(), SENSOR)
    with pytest.raises(ValueError, match=r"\(2, 4, 6\) can be put into .* 48 neurons, .* which \(2, 3, 6\) is not"):
        recordings.pooled((2, 3, 6))
    with pytest.raises(ValueError, match="steps of recordings"):
        recordings.frames(0)
    with pytest.raises(ValueError, match="bin of recordings"):
        recordings.frames(2, -1.0)
    with pytest.raises(ValueError, match="recording 1 needs a place from 0 to 1 on axis 0"):
        recordings_of([([0], [1]), ([0], [2])], (2,))
    with pytest.raises(ValueError, match="recording 0 needs times from 0"):
        recordings_of([([np.nan], [1])], (2,))
    with pytest.raises(ValueError, match="there are no recordings"):
        recordings_of([], (2,))
