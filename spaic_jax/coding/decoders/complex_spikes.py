"""What decoders of complex spikes share: their real part is the amplitude, their imaginary part the time within the step."""

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Float, Inexact


def check_complex(decoder: str, kept: jax.Array) -> None:
    """ValueError unless spikes are complex."""
    if not jnp.iscomplexobj(kept):
        raise ValueError(f"{decoder} needs complex spikes, amplitude + time i, but gets {kept.dtype}.")


def spike_times(kept: Inexact[Array, "time *shape"]) -> Float[Array, "time *shape"]:
    """The time of each entry in steps, `[T, B, ...]`: its step less the part of it that was left."""
    steps = jnp.arange(kept.shape[0], dtype=kept.real.dtype)
    return steps.reshape(-1, *(1,) * (kept.ndim - 1)) - kept.imag
