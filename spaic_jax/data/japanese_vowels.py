"""Two vowels, and who of nine said them."""

import dataclasses
import importlib.util
import os
from pathlib import Path

import numpy as np

from spaic_jax._extras import EXTRAS
from spaic_jax._numbers import whole
from spaic_jax.data.dataset import Dataset
from spaic_jax.data.own import own

#: Of the longest utterance.
_STEPS = 29


def japanese_vowels(
    input: str = "cepstrum", shape: tuple[int, ...] = (12,), *, path: str | os.PathLike[str] | None = None, steps: int = _STEPS
) -> tuple[Dataset, Dataset]:
    """Japanese Vowels: 270 and 370 utterances of 7 to 29 steps of 12 numbers, which nine speakers are told by.

    Each number comes less its mean and in units of its standard deviation over the steps of the training data, float32, with
    the lengths of the utterances, which are padded with zeros.

    Args:
        input: name of the encoder that takes the numbers.
        shape: shape of one step of a sample: `(12,)` or what else holds 12.
        path: folder with `JapaneseVowels_TRAIN.ts` and `JapaneseVowels_TEST.ts`; that of the package aeon by default, of which
            nothing else is used (`pip install --no-deps aeon` will do).
        steps: number of steps, at least 29.

    Returns:
        Training data and test data.

    Raises:
        ValueError: a shape that does not hold 12, or a damaged file.
        OSError: when a file is not there.
        ImportError: when aeon is not installed, and no path is given.

    Source: Kudo, Toyama and Shimbo, Multidimensional curve classification using passing-through regions (1999).
    """
    if path is None:
        found = importlib.util.find_spec("aeon")
        if found is None or found.origin is None:
            raise ImportError(
                f"the data set 'japanese_vowels' needs the package aeon: pip install \"spaic_jax[{EXTRAS['aeon']}]\", or give path, the"
                " folder of JapaneseVowels_TRAIN.ts and JapaneseVowels_TEST.ts."
            )
        # Found without importing it, which takes seconds.
        path = Path(found.origin).parent / "datasets" / "data" / "JapaneseVowels"
    steps = whole(steps, "steps of 'japanese_vowels'", least=_STEPS)
    train, test = (str(Path(path) / f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST"))
    parts = own(input, shape, path=train, test=test, steps=steps)
    known = parts[0].inputs[input][_there(parts[0], steps)].astype(np.float64)
    mean, deviation = known.mean(0), known.std(0)

    def standardised(part: Dataset) -> Dataset:
        x = np.where(np.expand_dims(_there(part, steps), axes), (part.inputs[input] - mean) / deviation, 0)
        return dataclasses.replace(part, inputs={input: x.astype(np.float32)})

    axes = tuple(range(2, 2 + len(shape)))
    return standardised(parts[0]), standardised(parts[1])


def _there(data: Dataset, steps: int) -> np.ndarray:
    """What is no padding, `[T, N]`."""
    lengths: np.ndarray = data.lengths
    return np.arange(steps)[:, None] < lengths[None]
