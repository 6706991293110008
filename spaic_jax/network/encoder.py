"""The node through which data enters."""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders import Coding, resolve_encoder
from spaic_jax.network.element import Element, shape_of
from spaic_jax.program import Op
from spaic_jax.program.op import reading
from spaic_jax.program.program import whole_steps


@dataclasses.dataclass(frozen=True)
class _Length:
    """A number of steps; comparable."""

    steps: int

    def __str__(self) -> str:
        return str(self.steps)

    def __call__(self) -> jax.Array:
        return jnp.int32(self.steps)


def _until(spikes: jax.Array, position: jax.Array, length: jax.Array) -> jax.Array:
    """Spikes before a number of steps are over, silence after it."""
    return jnp.where(position < length, spikes, jnp.zeros_like(spikes))


class Encoder(Element):
    """Turns data into spikes. Its data is the run's input of the same name.

    Args:
        num: number of channels.
        shape: shape of one sample, instead of or beside `num`.
        coding_method: name of a coding (see `spaic_jax.coding.ENCODERS`), or the coding itself.
        name: name in the network; by default that of the attribute or variable it is bound to.
        time: how long it codes, ms, from the beginning of a run: codings that fill the run fill this time, and later steps
            are silent. The whole run by default.
        **settings: the coding's settings.

    Raises:
        ValueError: no or contradictory size, unknown coding or setting, with the nearest right one.

    Example:
        >>> Encoder(num=784, coding_method="poisson", unit_conversion=0.5).coding.unit_conversion
        0.5
    """

    def __init__(
        self,
        num: int | None = None,
        coding_method: str | Coding = "poisson",
        *,
        shape: tuple[int, ...] | None = None,
        name: str | None = None,
        time: float | None = None,
        **settings: Any,
    ):
        size = shape_of("Encoder", num, shape)
        self._declare(shape=size, coding=resolve_encoder(coding_method, **settings), name=name, time=time)

    shape: tuple[int, ...]
    coding: Coding
    time: float | None = None
    output = "O"

    def lower(self, name: str, dt: float) -> list[Op]:
        """The rows that write its spikes `name.O` from the input `name`.

        Raises:
            ValueError: a `time` that is no whole number of steps.
        """
        if self.time is None:
            return [*self.coding.lower(name, f"{name}.O")]
        steps = whole_steps(self.time, dt, f"time of encoder '{name}'")
        coded, length = f"{name}.coded", f"{name}.length"
        return [
            Op(length, _Length(steps)),
            *reading(self.coding.lower(name, coded), {"[window]": length}),
            Op(f"{name}.O", _until, (coded, "[position]", length)),
        ]

    @property
    def num(self) -> int:
        """Number of channels."""
        return math.prod(self.shape)
