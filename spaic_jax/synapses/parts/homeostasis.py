"""Currents that find a mean and a spread of their own accord."""

import dataclasses

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax.plasticity import applied
from spaic_jax.program import Constant, Context, Fragment, Op, Site, Variable
from spaic_jax.synapses.base import numbers
from spaic_jax.synapses.parts.base import Synapse


def regulated(current: jax.Array, gain: jax.Array, shift: jax.Array) -> jax.Array:
    """The current, scaled and shifted."""
    return current * gain[None] + shift[None]


def regulation(
    out: jax.Array,
    ave: jax.Array,
    std: jax.Array,
    beta_ave: jax.Array,
    beta_std: jax.Array,
    beta_bn: jax.Array,
    targ_ave: jax.Array,
    targ_std: jax.Array,
) -> tuple[jax.Array, ...]:
    """By how much the running mean and spread, the scale and the shift move."""
    # What regulates has no gradient: it follows the current, the weights do not follow it.
    out = jax.lax.stop_gradient(out.astype(ave.dtype))
    by_ave = (1 - beta_ave) * (out.mean(0) - ave)
    by_std = (1 - beta_std) * (jnp.abs(out - (ave + by_ave)[None]).mean(0) - std)
    return by_ave, by_std, beta_bn * (targ_std - std - by_std), beta_bn * (targ_ave - ave - by_ave)


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
            object.__setattr__(self, name, real(getattr(self, name), f"Homeostasis: {name}", least=0, most=1))
        for name in ("targ_ave", "targ_std"):
            object.__setattr__(self, name, real(getattr(self, name), f"Homeostasis: {name}"))

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def lower(self, site: Site, context: Context) -> Fragment:
        first = {"ave": self.targ_ave, "std": self.targ_std, "gain": 1.0, "shift": 0.0}
        ave, std, gain, shift = (
            Variable(
                f"{site.name}.{name}", site.takes, role="plastic", init=Constant(value),
                bounds=(0.0, None) if name == "gain" else (None, None),
            )
            for name, value in first.items()
        )
        settings = numbers(site, self, "beta_ave", "beta_std", "beta_bn", "targ_ave", "targ_std")
        # The target may be a sum over connections, of which only this one is regulated.
        out = f"{site.name}.regulated"
        inputs = (out, ave.name, std.name, *(setting.name for setting in settings))
        moved = (ave, std, gain, shift)
        rows = (
            Op(out, regulated, (site.source, gain.name, shift.name), name=site.name),
            Op(site.target, "assign", out),
            Op(
                tuple(f"{v.name}.change" for v in moved), regulation, inputs, name=f"{site.name}.regulation", when="learning"
            ),
        )
        fragment = Fragment((*moved, *settings), rows)
        for variable in moved:
            fragment += applied(variable.name, variable.bounds)
        return fragment
