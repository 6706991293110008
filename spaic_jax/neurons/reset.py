"""What a spike does to the membrane potential."""

from typing import Literal

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown

Reset = Literal["hard", "soft", "none"]
RESETS = ("hard", "soft", "none")


def check_reset(model: str, reset: str) -> None:
    """ValueError unless `reset` is a way to reset."""
    if reset not in RESETS:
        raise ValueError(f"{model}: {unknown('reset', reset, RESETS)}")


def apply_reset(reset: Reset, v: jax.Array, spikes: jax.Array, v_th: jax.Array, v_reset: jax.Array) -> jax.Array:
    """The membrane potential after the spikes of a step.

    * `"hard"`: `v_reset` where there was a spike. No gradient passes the gate, as in SPAIC's `reset`.
    * `"soft"`: `v - (v_th - v_reset) * spikes`, which keeps what exceeded the threshold; the surrogate's gradient passes.
    * `"none"`: `v`.
    """
    if reset == "hard":
        return jnp.where(spikes > 0, v_reset, v)
    return v - (v_th - v_reset) * spikes if reset == "soft" else v


def replace(v: jax.Array, spikes: jax.Array, v_reset: jax.Array) -> jax.Array:
    """A hard reset, `v_reset * O + (v - v * O)`, whose gate the surrogate's gradient passes, as in many models of SPAIC."""
    return v_reset * spikes + (v - v * spikes)
