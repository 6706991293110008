"""Pairs of spikes that differ in the time between them."""

import math

import numpy as np

from spaic_jax.data.dataset import Dataset

#: Steps between the two spikes by class, steps in which the first may come, and steps of a sample.
_INTERVALS, _FIRST, _STEPS = ((10, 11, 12, 13, 14), (22, 23, 24, 25, 26)), 32, 90


def delay_task(input: str = "pair", shape: tuple[int, ...] = (2,)) -> tuple[Dataset, Dataset]:
    """Pairs: 256 and 64 samples of 90 steps with a spike of one neuron and, 10 to 14 or 22 to 26 steps later, one of another.

    Each class has as many spikes of each neuron, so that neurons without memory that are only counted tell nothing. With
    delays the two spikes of a class arrive together at some neurons, and those of the other class do not.

    All pairs of an interval and a first step are there once, in an order that is drawn from a fixed seed; every fifth of a
    class is test data, so that none of these is trained on.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of one step of a sample: `(2,)` or what else holds 2.

    Returns:
        Training data and test data.

    Raises:
        ValueError: when `shape` does not hold 2 neurons.

    Example:
        >>> training, test = delay_task()
        >>> training.inputs["pair"].shape, len(test)
        ((90, 256, 2), 64)
    """
    if math.prod(shape) != 2:
        raise ValueError(f"'delay_task' has 2 neurons, which the shape {tuple(shape)} does not hold.")
    pairs = [(step, gap, label) for step in range(_FIRST) for label, gaps in enumerate(_INTERVALS) for gap in gaps]
    first, interval, label = np.random.default_rng(0).permutation(pairs).T
    spikes, every = np.zeros((_STEPS, len(label), 2), bool), np.arange(len(label))
    spikes[first, every, 0] = spikes[first + interval, every, 1] = True
    data = Dataset({input: spikes.reshape(_STEPS, len(label), *shape)}, label.astype(np.int32), ("10 to 14", "22 to 26"), sequences=(input,))
    return data.split(0.2)
