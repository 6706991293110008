"""Augmentations: random changes of the samples of a batch, made in the compiled update of a training."""

from collections.abc import Mapping, Sequence
from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.data.augment.background import Background
from spaic_jax.data.augment.base import Augmentation
from spaic_jax.data.augment.blend import Blend
from spaic_jax.data.augment.chain import Chain
from spaic_jax.data.augment.drop import Drop
from spaic_jax.data.augment.jitter import Jitter
from spaic_jax.data.augment.noise import Noise
from spaic_jax.data.augment.shift import Shift

#: Augmentations by name.
AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "background": Background,
    "blend": Blend,
    "drop": Drop,
    "jitter": Jitter,
    "noise": Noise,
    "shift": Shift,
}


def resolve_augmentation(value: Any) -> Augmentation | Chain:
    """The augmentation of a name, of a table of a name and settings, or of a list of these.

    Raises:
        ValueError: unknown names or settings, or settings that cannot be.

    >>> resolve_augmentation(["drop", {"name": "shift", "pixels": 1}]).parts[1]
    Shift(pixels=1, size=None)
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Chain(tuple(_one(part) for part in value))
    return _one(value)


def _one(value: Any) -> Augmentation:
    if not isinstance(value, Mapping):
        return resolve("augmentation", AUGMENTATIONS, Augmentation, value, {})
    # Lists of a configuration, which could not be looked up among compiled functions.
    settings = {key: tuple(item) if isinstance(item, list) else item for key, item in value.items() if key != "name"}
    return resolve("augmentation", AUGMENTATIONS, Augmentation, value.get("name"), settings)


__all__ = ["AUGMENTATIONS", "Augmentation", "Background", "Blend", "Chain", "Drop", "Jitter", "Noise", "Shift", "resolve_augmentation"]
