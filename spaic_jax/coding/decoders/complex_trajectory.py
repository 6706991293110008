"""Damped rotations that spikes drive."""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real, whole
from spaic_jax._shapes import Array, Inexact, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.decoders.complex_spikes import check_complex
from spaic_jax.coding.values import keep


def trajectory(
    kept: Inexact[Array, "time batch *shape"], tau_d: jax.Array, tau_r: jax.Array, weight: jax.Array, *,
    group_num: int, dt: float,
) -> Shaped[Array, "..."]:
    """The rotations of all neurons, summed over groups."""
    check_complex("ComplexTrajectory", kept)
    rate = jax.lax.complex(-dt / tau_d, -2 * np.pi * dt / tau_r).astype(kept.dtype)
    driven = jax.lax.complex(jnp.zeros_like(kept.real), kept.real) * jnp.exp(rate * kept.imag.astype(kept.dtype))

    def turn(x: jax.Array, entry: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = jnp.exp(rate) * x + entry
        return x, x.real

    traces: Any = jax.lax.scan(turn, jnp.zeros_like(driven[0]), driven)[1]
    return weight.astype(traces.dtype) * traces.reshape(*traces.shape[:2], group_num, -1).sum(-1)


@dataclasses.dataclass(frozen=True)
class ComplexTrajectory(Decoding):
    """What damped rotations make of the spikes, summed over groups of neurons, in every step, `[T, B, group_num]`.

    $$ x_t = \\beta x_{t-1} + i\\, a_t \\beta^{\\tau_t}, \\quad \\beta = e^{-dt / \\tau_d - 2 \\pi i\\, dt / \\tau_r}, \\qquad
       y_t = \\sum_{n \\in g} w_n \\mathrm{Re}\\, x_t $$

    Args:
        tau_d: time constant of the decay, ms.
        tau_r: period of the rotation, ms.
        weight: weight of each neuron.
        group_num: number of groups of neurons that follow each other.

    Raises:
        ValueError: spikes that are not complex, or a `group_num` that does not divide the neurons.

    Source: SPAIC, `complex_trajectory`, which draws the time constants and weights of each neuron and trains them.

    >>> ComplexTrajectory(group_num=2).tau_d
    20.0
    """

    values: ClassVar = ("tau_d", "tau_r", "weight")
    finish: ClassVar = staticmethod(trajectory)
    padded: ClassVar = True
    tau_d: float = 20.0
    tau_r: float = 10.0
    weight: float = 1.0
    group_num: int = 1

    def __post_init__(self) -> None:
        keep(self, group_num=whole(self.group_num, "ComplexTrajectory: group_num"))
        for name in ("tau_d", "tau_r"):
            keep(self, **{name: real(getattr(self, name), f"ComplexTrajectory: {name}", above=0)})

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"group_num": self.group_num, "dt": dt}

    def check(self, num: int) -> None:
        if num % self.group_num:
            raise ValueError(f"group_num must divide the {num} neurons of the target, got {self.group_num}.")
