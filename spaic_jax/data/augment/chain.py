"""One augmentation after the other."""

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import jax

from spaic_jax.data.augment.base import Augmentation


@dataclasses.dataclass(frozen=True)
class Chain:
    """Augmentations in their order, each with a random key of its own.

    Attributes:
        parts: the augmentations, or functions of one's own of a key, inputs and labels.
    """

    parts: tuple[Callable[..., tuple[dict[str, jax.Array], Any]], ...]

    def __call__(
        self, key: jax.Array, inputs: dict[str, jax.Array], labels: Any, *, sequences: Collection[str] | None = None
    ) -> tuple[dict[str, jax.Array], Any]:
        """Changed inputs and labels."""
        for number, part in enumerate(self.parts):
            told = {"sequences": sequences} if isinstance(part, Augmentation | Chain) else {}
            inputs, labels = part(jax.random.fold_in(key, number), inputs, labels, **told)
        return inputs, labels
