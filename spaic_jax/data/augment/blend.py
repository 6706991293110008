"""Samples that are mixed."""

import dataclasses
from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real, whole
from spaic_jax.data.augment.base import Augmentation, is_timed
from spaic_jax.data.dataset import LABELS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blend(Augmentation):
    """Each sample mixed with another one of the batch.

        share  = max(s, 1 - s),  s ~ Beta(alpha, alpha)
        mixed  = share x + (1 - share) other

    The share is that of the sample itself, at least a half, so that its class stays, or with `classes` becomes the more probable
    one of two; targets are mixed as the samples are.

    Attributes:
        alpha: how evenly samples are mixed: near 0 hardly, 1 with any share alike.
        spikes: whether each value is taken from one of both, with the share as its chance, so that spikes stay spikes.
        classes: their number, for labels that become probabilities of classes, float32 `[B, classes]`, as the losses and metrics
            of `spaic_jax.train` take them; `None` keeps the class of each sample.

    Raises:
        ValueError: `alpha` that is no positive number, `classes` below 2 or of labels that are not one for each sample; targets
            whose shape does not tell which axis is that of the samples.

    Source: Zhang et al., mixup: beyond empirical risk minimization (2018); Shen et al., EventMix (2023).

    Example:
        >>> pair = {"cue": jnp.array([[0.0], [1.0]])}
        >>> mixed, labels = Blend(spikes=False)(jax.random.key(0), pair, jnp.array([4, 7]))
        >>> bool(mixed["cue"][0, 0] <= 0.5 <= mixed["cue"][1, 0]), labels.tolist()
        (True, [4, 7])
        >>> _, labels = Blend(classes=3)(jax.random.key(0), pair, jnp.array([0, 2]))
        >>> labels.shape, labels.sum(1).tolist(), labels.argmax(1).tolist()
        ((2, 3), [1.0, 1.0], [0, 2])
    """

    alpha: float = 0.4
    spikes: bool = True
    classes: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", real(self.alpha, "alpha of a blend", above=0))
        if self.classes is not None:
            object.__setattr__(self, "classes", whole(self.classes, "classes of a blend", least=2))

    def __call__(
        self, key: jax.Array, inputs: dict[str, jax.Array], labels: Any, *, sequences: Collection[str] | None = None
    ) -> tuple[dict[str, jax.Array], Any]:
        """Mixed inputs, and labels."""
        others, shares, chosen = jax.random.split(key, 3)
        axes = {name: int(is_timed(name, x, labels, sequences)) for name, x in inputs.items()}
        count = next(x.shape[axes[name]] for name, x in inputs.items())
        other = jax.random.permutation(others, count)
        share = jax.random.beta(shares, self.alpha, self.alpha, (count,))
        share = jnp.maximum(share, 1 - share)
        mixed = {}
        for name, own in zip(sorted(inputs), jax.random.split(chosen, len(inputs)), strict=True):
            x, axis = inputs[name], axes[name]
            if not self.spikes and not jnp.issubdtype(x.dtype, jnp.floating):
                x = x.astype(jnp.float32)  # A share of a whole number is none.
            each = share.reshape((1,) * axis + (count,) + (1,) * (x.ndim - axis - 1))
            kept = jax.random.bernoulli(own, each, x.shape) if self.spikes else each.astype(x.dtype)
            theirs = jnp.take(x, other, axis=axis)
            mixed[name] = jnp.where(kept, x, theirs) if self.spikes else kept * x + (1 - kept) * theirs
        labels = jnp.asarray(labels)
        if not jnp.issubdtype(labels.dtype, jnp.floating):
            if self.classes is None:
                return mixed, labels
            if labels.shape != (count,):
                raise ValueError(f"classes of a blend need labels [B={count}], one class for each sample, not {list(labels.shape)}.")
            labels, axis = jax.nn.one_hot(labels, self.classes, dtype=jnp.float32), 0
        elif sequences is not None:
            axis = int(LABELS in sequences)
        elif labels.shape[:2] == (count, count):
            raise ValueError(
                f"whether targets {list(labels.shape)} of {count} samples are [B, ...] or [T, B, ...] cannot be told: say so, as in"
                " sequences=('labels',), or sequences=() where neither they nor an input is."
            )
        else:
            axis = int(labels.shape[0] != count)
        each = share.reshape((1,) * axis + (count,) + (1,) * (labels.ndim - axis - 1)).astype(labels.dtype)
        return mixed, each * labels + (1 - each) * jnp.take(labels, other, axis=axis)
