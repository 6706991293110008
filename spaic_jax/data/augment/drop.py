"""Spikes that are left out."""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Num
from spaic_jax.data.augment.base import OfInputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drop(OfInputs):
    """Events, steps or channels of each sample left out at random: 0 in their place.

    Attributes:
        chance: of each to be left out.
        of: `"events"`, each value for itself; `"steps"`, all of a step of a sample; `"channels"`, a neuron's whole sample.

    Raises:
        ValueError: a chance that is not in 0 to below 1, or another name.

    Example:
        >>> kept = Drop(chance=0.5, of="steps")(jax.random.key(0), {"cue": jnp.ones((9, 2, 3))}, jnp.array([0, 1]))[0]["cue"]
        >>> bool((kept.min(2) == kept.max(2)).all())
        True
    """

    chance: float = 0.1
    of: Literal["events", "steps", "channels"] = "events"

    def __post_init__(self) -> None:
        object.__setattr__(self, "chance", real(self.chance, "chance of a drop", least=0, below=1))
        if self.of not in ("events", "steps", "channels"):
            raise ValueError(f"of: {unknown('kind of drop', self.of, ('events', 'steps', 'channels'))}")

    def change(self, key: jax.Array, x: Num[Array, "time batch *sample"], name: str) -> Num[Array, "time batch *sample"]:
        """What is kept."""
        time, sample = x.shape[:2], x.shape[2:]
        alone = {"events": x.shape, "steps": (*time, *[1] * len(sample)), "channels": (1, x.shape[1], *sample)}[self.of]
        return jnp.where(jax.random.bernoulli(key, 1 - self.chance, alone), x, 0)
