"""What augmentations share."""

import abc
import dataclasses
from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Num


@dataclasses.dataclass(frozen=True, kw_only=True)
class Augmentation(abc.ABC):
    """A random change of the samples of a batch: `fit(..., augment=...)`, or `data.augment` in a configuration.

    Called with a random key, inputs by name and labels, it gives changed inputs and labels of the same shapes. `sequences` are
    names of the inputs that are `[T, B, ...]` rather than `[B, ...]`, and `"labels"` where these are, as of
    `spaic_jax.data.Dataset`; `fit` says them. By hand the shapes tell by default, which they cannot where T is B.

    Raises:
        ValueError: when traced, where shapes do not tell, or do not fit.
    """

    @abc.abstractmethod
    def __call__(
        self, key: jax.Array, inputs: dict[str, jax.Array], labels: Any, *, sequences: Collection[str] | None = None
    ) -> tuple[dict[str, jax.Array], Any]:
        """Changed inputs, and labels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfInputs(Augmentation):
    """An augmentation that changes each input for itself, and no labels."""

    def __call__(
        self, key: jax.Array, inputs: dict[str, jax.Array], labels: Any, *, sequences: Collection[str] | None = None
    ) -> tuple[dict[str, jax.Array], Any]:
        """Changed inputs, and labels."""
        changed = {}
        # By name, so that no order of the encoders matters.
        for name, own in zip(sorted(inputs), jax.random.split(key, len(inputs)), strict=True):
            x = inputs[name]
            given = x if is_timed(name, x, labels, sequences) else x[None]
            changed[name] = self.change(own, given, name).astype(x.dtype).reshape(x.shape)
        return changed, labels

    @abc.abstractmethod
    def change(self, key: jax.Array, x: Num[Array, "time batch *sample"], name: str) -> Num[Array, "time batch *sample"]:
        """The changed samples of one input; inputs that are held come as one step."""


def is_timed(name: str, x: jax.Array, labels: Any, sequences: Collection[str] | None) -> bool:
    """Whether an input has a time axis.

    Raises:
        ValueError: where the shapes do not tell.
    """
    if sequences is not None:
        return name in sequences
    shape = jnp.shape(labels)
    # Classes are [B] or [T, B]; targets [B, ...] or [T, B, ...].
    sizes = shape[:2] if jnp.issubdtype(jnp.result_type(labels), jnp.floating) else shape[-1:]
    axes = [axis for axis, size in enumerate(x.shape[:2]) if size in sizes]
    if len(axes) != 1:
        raise ValueError(
            f"whether '{name}' {list(x.shape)} is [B, ...] or [T, B, ...] cannot be told beside labels {list(shape)}: say so, as in"
            f" sequences=('{name}',), or sequences=() where none is."
        )
    return axes[0] == 1
