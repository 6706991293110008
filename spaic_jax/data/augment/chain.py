"""One augmentation after the other."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax


@dataclasses.dataclass(frozen=True)
class Chain:
    """Augmentations in their order, each with a random key of its own.

    Attributes:
        parts: the augmentations, or functions of one's own.
    """

    parts: tuple[Callable[..., tuple[dict[str, jax.Array], Any]], ...]

    def __call__(self, key: jax.Array, inputs: dict[str, jax.Array], labels: Any) -> tuple[dict[str, jax.Array], Any]:
        """Changed inputs and labels."""
        for number, part in enumerate(self.parts):
            inputs, labels = part(jax.random.fold_in(key, number), inputs, labels)
        return inputs, labels
