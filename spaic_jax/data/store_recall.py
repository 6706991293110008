"""A bit that is to be kept until it is asked for, as spikes."""

import math

import numpy as np

from spaic_jax.data.dataset import Dataset

#: Periods of a sample, steps of a period, neurons of a population, and the chance of a spike in a step.
_PERIODS, _LENGTH, _NEURONS, _CHANCE = 6, 50, 10, 0.1


def store_recall(input: str = "cue", shape: tuple[int, ...] = (40,)) -> tuple[Dataset, Dataset]:
    """Store and recall: 2048 training and 512 test samples of a task of working memory, 300 steps each.

    Four populations of ten neurons stand for the bit 0, the bit 1, *store* and *recall*; one that is active fires with a
    chance of 0.1 a step, 100 Hz in steps of 1 ms, and others are silent. In each of the first five periods of 50 steps a
    random bit is shown; in the first or the second one *store* is active too. In the sixth only *recall* is. The label is the
    bit that was shown with *store*, 150 or 200 steps before, with other bits in between. All samples are drawn from one fixed
    seed.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of one step of a sample: `(40,)`, `(4, 10)` or what else holds 40.

    Returns:
        Training data and test data.

    Raises:
        ValueError: when `shape` does not hold 40 neurons.

    Source: Bellec et al., A solution to the learning dilemma for recurrent networks of spiking neurons (2020).

    Example:
        >>> training, test = store_recall()
        >>> training.inputs["cue"].shape, len(test)
        ((300, 2048, 40), 512)
    """
    if math.prod(shape) != 4 * _NEURONS:
        raise ValueError(f"store_recall has {4 * _NEURONS} neurons, which the shape {tuple(shape)} does not hold.")
    rng = np.random.default_rng(0)

    def samples(count: int) -> Dataset:
        bits, store = rng.integers(0, 2, (_PERIODS, count)), rng.integers(0, 2, count)
        active, every = np.zeros((_PERIODS, count, 4), bool), np.arange(count)
        active[np.arange(_PERIODS)[:, None], every, bits] = True
        active[-1] = [False, False, False, True]
        active[store, every, 2] = True
        spikes = rng.random((_PERIODS, _LENGTH, count, 4, _NEURONS), np.float32) < _CHANCE
        spikes &= active[:, None, :, :, None]
        return Dataset(
            {input: spikes.reshape(_PERIODS * _LENGTH, count, *shape)}, bits[store, every].astype(np.int32), ("0", "1")
        )

    return samples(2048), samples(512)
