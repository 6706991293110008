"""Spikes that are moved in time."""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Num
from spaic_jax.data.augment.base import OfInputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Jitter(OfInputs):
    """Spikes moved in time by whole steps, each for itself or those of a sample together; what leaves the sample is lost.

    Attributes:
        steps: how far at most; each distance from `-steps` to `steps` is as likely.
        of: what has a distance of its own, `"events"` or `"samples"`. Where events meet, the larger value stays.

    Raises:
        ValueError: `steps` that is no positive whole number, another name, or inputs without a time axis.

    Example:
        >>> spikes = jnp.zeros((9, 1, 1)).at[4].set(1.0)
        >>> moved = Jitter(steps=2)(jax.random.key(0), {"cue": spikes}, jnp.array([0]))[0]["cue"]
        >>> int(moved[2:7].sum())
        1
    """

    steps: int = 1
    of: Literal["events", "samples"] = "events"

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole(self.steps, "steps of a jitter"))
        if self.of not in ("events", "samples"):
            raise ValueError(f"of: {unknown('kind of jitter', self.of, ('events', 'samples'))}")

    def change(self, key: jax.Array, x: Num[Array, "time batch *sample"], name: str) -> Num[Array, "time batch *sample"]:
        """The moved spikes."""
        if x.shape[0] == 1:
            raise ValueError(f"'{name}' has one step only, in which Jitter can move nothing.")
        alone = x.shape if self.of == "events" else (1, x.shape[1], *[1] * (x.ndim - 2))
        distance = jax.random.randint(key, alone, -self.steps, self.steps + 1)
        rest = [(0, 0)] * (x.ndim - 1)
        moved = jnp.zeros_like(x)
        for by in range(-self.steps, self.steps + 1):
            there = jnp.pad(jnp.where(distance == by, x, 0), [(self.steps, self.steps), *rest])
            there = jax.lax.slice_in_dim(there, self.steps - by, self.steps - by + x.shape[0])
            moved = jnp.maximum(moved, there) if self.of == "events" else moved + there
        return moved
