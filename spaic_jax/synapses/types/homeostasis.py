"""Currents that find a mean and a spread of their own accord."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from spaic_jax.program import Constant, Op, Variable
from spaic_jax.synapses.base import Ends
from spaic_jax.synapses.types.base import Synapse


@dataclasses.dataclass(frozen=True)
class _Regulate:
    """The regulated current, and what regulates it after this step; comparable."""

    settings: "Homeostasis"
    shape: tuple[int, ...]
    learns: bool

    def __str__(self) -> str:
        return "homeostasis"

    def __call__(
        self, current: jax.Array, ave: jax.Array, std: jax.Array, gain: jax.Array, shift: jax.Array
    ) -> tuple[jax.Array, ...]:
        s = self.settings
        out = current * gain[None] + shift[None]
        given = out.reshape(out.shape[0], *self.shape)
        if not self.learns:
            return (given,)
        # What regulates has no gradient: it follows the current, the weights do not follow it.
        mean = jax.lax.stop_gradient(out).mean(0)
        ave = s.beta_ave * ave + (1 - s.beta_ave) * mean
        std = s.beta_std * std + (1 - s.beta_std) * jnp.abs(jax.lax.stop_gradient(out) - ave[None]).mean(0)
        gain = jnp.maximum(gain + s.beta_bn * (s.targ_std - std), 0.0)
        return given, ave, std, gain, shift + s.beta_bn * (s.targ_ave - ave)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Homeostasis(Synapse):
    """Scale and shift of each neuron's current drift, in training, until its mean and spread are what they should be.

    $$ O = g I + h, \\quad m \\leftarrow \\beta_m m + (1 - \\beta_m) \\bar O, \\quad
       s \\leftarrow \\beta_s s + (1 - \\beta_s) \\overline{|O - m|}, \\quad
       g \\leftarrow g + \\beta (s^* - s), \\quad h \\leftarrow h + \\beta (m^* - m) $$

    with means over the batch. `g` begins at 1 and `h` at 0; they stay when a run starts afresh, and are no parameters.

    Args:
        beta_ave, beta_std: how much of the running mean and spread a step keeps, between 0 and 1.
        beta_bn: how far scale and shift move in a step.
        targ_ave, targ_std: the mean and the mean deviation that are sought.

    Raises:
        ValueError: a share outside of 0 and 1.

    Source: SPAIC, `Isyn_bn` of a `full` connection, whose names and defaults these are.

    >>> Homeostasis(targ_ave=0.5).beta_bn
    0.001
    """

    beta_ave: float = 0.99
    beta_std: float = 0.999
    beta_bn: float = 0.001
    targ_ave: float = 1.5
    targ_std: float = 2.0

    def __post_init__(self) -> None:
        for name in ("beta_ave", "beta_std", "beta_bn"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"Homeostasis: {name} must lie between 0 and 1, got {getattr(self, name)!r}.")

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        first = {"ave": self.targ_ave, "std": self.targ_std, "gain": 1.0, "shift": 0.0}
        states = [
            Variable(f"{ends.name}.{name}", ends.pre_shape, init=Constant(value), batched=False, stay=True)
            for name, value in first.items()
        ]
        names = tuple(state.name for state in states)
        inputs = (ends.source, *names)
        learning = Op((ends.target, *names), _Regulate(self, ends.post_shape, True), inputs, name=ends.name)
        fixed = _Regulate(self, ends.post_shape, False)
        return states, [Op(ends.target, fixed, inputs, name=ends.name, training=learning)]
