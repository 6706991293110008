"""Time series as the UEA archive keeps them."""

from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.data.read.files import damage, open_binary


def ts(path: Path) -> dict[str, Any]:
    """The series of a `.ts` file: `x` `[N, T, channels]`, padded with zeros, `y` as text, and `lengths`.

    Raises:
        ValueError: a damaged file, or one with time stamps or missing values.
    """
    with damage(path, "a ts file"), open_binary(path) as file:
        head, sign, body = file.read().decode("utf-8").partition("@data")
        lines = [line for line in body.splitlines() if line.strip()]
        said = {words[0].lower(): words[1:] for line in head.splitlines() if (words := line.split()) and line.startswith("@")}
        if not sign or not lines:
            raise ValueError("it has no @data")
        if said.get("@classlabel", ["false"])[0].lower() != "true" or said.get("@timestamps", ["false"])[0].lower() == "true":
            raise ValueError("series with class labels and without time stamps are needed")
        samples, labels = [], []
        for number, line in enumerate(lines, 1):
            *channels, label = line.strip().split(":")
            values = [channel.split(",") for channel in channels]
            if not values or len({len(channel) for channel in values}) > 1 or "?" in line:
                raise ValueError(f"sample {number} has channels of different length, or missing values")
            samples.append(np.array(values, np.float32).T)
            labels.append(label)
        if len({sample.shape[1] for sample in samples}) > 1:
            raise ValueError("its samples have different numbers of channels")
    lengths = np.array([len(sample) for sample in samples])
    x = np.zeros((len(samples), lengths.max(), samples[0].shape[1]), np.float32)
    for row, sample in zip(x, samples, strict=True):
        row[: len(sample)] = sample
    return {"x": x, "y": np.array(labels), "lengths": lengths}
