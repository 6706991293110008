"""Braille letters under a robot's finger."""

import dataclasses
import math
import os
from pathlib import Path

import numpy as np

from spaic_jax.data.dataset import Dataset
from spaic_jax.data.read.npz import npz


def braille(
    input: str = "taxels", shape: tuple[int, ...] = (12,), *, path: str | os.PathLike[str] | None = None
) -> tuple[Dataset, Dataset]:
    """Braille: 27 characters read 50 times each by 12 sensors of a moving finger, 76 steps of 25 ms.

    Values are changes since the first step, each sensor's in units of its standard deviation over the training data; float32.
    Every fifth reading of a character is test data: 270 in all.

    Args:
        input: name of the encoder that takes the values.
        shape: shape of one step of a sample: `(12,)`, `(3, 4)` or what else holds 12.
        path: an npz file with `taxels` `[1350, 76, 12]`, `label` `[1350]` and, if wanted, `letters`. It is not downloaded, as it
            is distributed as a pickle, which may run anything: load that one yourself, and save its arrays with `numpy.savez`.

    Returns:
        Training data and test data.

    Raises:
        ValueError: no path, another file, or a shape that does not hold 12.
        OSError: when there is no such file.

    Source: Müller-Cleve et al., Braille letter reading: a benchmark for spatio-temporal pattern recognition on neuromorphic
    hardware (2022), https://doi.org/10.5281/zenodo.7050094; CC BY 4.0.
    """
    if path is None:
        raise ValueError(
            "path is missing: 'braille' is published as a pickle (https://doi.org/10.5281/zenodo.7050094), which is not read;"
            " save its arrays as an npz file with taxels [samples, steps, 12] and label [samples]."
        )
    if math.prod(shape) != 12:
        raise ValueError(f"'braille' has 12 sensors, which the shape {tuple(shape)} does not hold.")
    arrays = npz(Path(path))
    taxels, label = (np.asarray(arrays.get(name, ())) for name in ("taxels", "label"))
    if taxels.ndim != 3 or taxels.shape[2] != 12 or label.shape != taxels.shape[:1] or label.dtype.kind not in "iu":
        raise ValueError(
            f"'{path}' holds taxels {taxels.shape} and label {label.shape}, but [samples, steps, 12] and whole numbers [samples]"
            " are needed."
        )
    change = (taxels.astype(np.float32) - taxels[:, :1].astype(np.float32)).swapaxes(0, 1)
    names = tuple(np.asarray(arrays.get("letters", np.array([], str))).astype(str).tolist())
    data = Dataset({input: change}, label.astype(np.int32), names, sequences=(input,))
    training, test = data.split(0.2)
    deviation = training.inputs[input].std((0, 1), dtype=np.float64)
    # A sensor that never changes says nothing.
    scale = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0).astype(np.float32)

    def scaled(part: Dataset) -> Dataset:
        x = part.inputs[input] * scale
        return dataclasses.replace(part, inputs={input: x.reshape(*x.shape[:2], *shape)})

    return scaled(training), scaled(test)
