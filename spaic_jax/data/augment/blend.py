"""Samples that are mixed."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax.data.augment.base import Augmentation, is_timed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blend(Augmentation):
    """Each sample mixed with another one of the batch.

        share  = max(s, 1 - s),  s ~ Beta(alpha, alpha)
        mixed  = share x + (1 - share) other

    The share is that of the sample itself, at least a half, so that its class stays; targets are mixed as the samples are.

    Attributes:
        alpha: how evenly samples are mixed: near 0 hardly, 1 with any share alike.
        spikes: whether each value is taken from one of both, with the share as its chance, so that spikes stay spikes.

    Raises:
        ValueError: `alpha` that is no positive number; targets whose shape does not tell which axis is that of the samples.

    Source: Zhang et al., mixup: beyond empirical risk minimization (2018); Shen et al., EventMix (2023).

    Example:
        >>> pair = {"cue": jnp.array([[0.0], [1.0]])}
        >>> mixed, labels = Blend(spikes=False)(jax.random.key(0), pair, jnp.array([4, 7]))
        >>> bool(mixed["cue"][0, 0] <= 0.5 <= mixed["cue"][1, 0]), labels.tolist()
        (True, [4, 7])
    """

    alpha: float = 0.4
    spikes: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", real(self.alpha, "alpha of a blend", above=0))

    def __call__(self, key: jax.Array, inputs: dict[str, jax.Array], labels: Any) -> tuple[dict[str, jax.Array], Any]:
        """Mixed inputs, and labels."""
        others, shares, chosen = jax.random.split(key, 3)
        axes = {name: int(is_timed(self, name, x, labels)) for name, x in inputs.items()}
        count = next(x.shape[axes[name]] for name, x in inputs.items())
        other = jax.random.permutation(others, count)
        share = jax.random.beta(shares, self.alpha, self.alpha, (count,))
        share = jnp.maximum(share, 1 - share)
        mixed = {}
        for name, own in zip(sorted(inputs), jax.random.split(chosen, len(inputs)), strict=True):
            x, axis = inputs[name], axes[name]
            each = share.reshape((1,) * axis + (count,) + (1,) * (x.ndim - axis - 1))
            kept = jax.random.bernoulli(own, each, x.shape) if self.spikes else each.astype(x.dtype)
            theirs = jnp.take(x, other, axis=axis)
            mixed[name] = jnp.where(kept, x, theirs) if self.spikes else kept * x + (1 - kept) * theirs
        if not jnp.issubdtype(jnp.result_type(labels), jnp.floating):
            return mixed, labels
        if labels.shape[:2] == (count, count):
            raise ValueError(
                f"whether targets {list(labels.shape)} of {count} samples are [B, ...] or [T, B, ...] cannot be told: choose another"
                " batch_size to use Blend."
            )
        axis = int(labels.shape[0] != count)
        each = share.reshape((1,) * axis + (count,) + (1,) * (labels.ndim - axis - 1)).astype(labels.dtype)
        return mixed, each * labels + (1 - each) * jnp.take(labels, other, axis=axis)
