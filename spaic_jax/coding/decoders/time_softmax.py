"""Early spikes, each the more the closer it is to the first one of the sample."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.program import Reduction


@dataclasses.dataclass(frozen=True)
class _Earliness(Reduction):
    """Sums over time of `exp(-t / 50)`, spikes counted, and the time of the sample's first spike."""

    dt: float

    def init(self, value: jax.Array) -> dict[str, jax.Array]:
        zero = jnp.zeros((value.shape[0], *value.shape[2:]), value.dtype)
        return {"sum": zero, "count": zero, "first": jnp.full(zero.shape[:1], jnp.inf, value.dtype)}

    def update(self, total: Any, values: jax.Array, positions: jax.Array, steps: int) -> dict[str, jax.Array]:
        spikes, both = values[:, :, 0], values.sum(2)
        time = (self.dt * positions.astype(values.dtype)).reshape(-1, *(1,) * (spikes.ndim - 1))
        # A silent step counts as one after the end. Spikes have no influence on a time but for its gradient.
        time = time + jnp.where(spikes > 0, 0.0, self.dt * steps) - (both - jax.lax.stop_gradient(both))
        first = jax.lax.stop_gradient(time).min((0, *range(2, time.ndim)))
        return {
            "sum": total["sum"] + jnp.exp(-time / 50.0).sum(0),
            "count": total["count"] + jax.lax.stop_gradient(spikes).sum(0),
            "first": jnp.minimum(total["first"], first),
        }


@dataclasses.dataclass(frozen=True)
class TimeSoftmax(Decoding):
    """`5 sum_t exp((t_first - t) / 50)` of each neuron, `[B, n]`, of a group of shape `(2, n)`: spikes, and their remainders.

    `t` is the time of a step in ms; a step without a spike counts as one after the end of the run. `t_first` is that of
    the first spike of the sample. The gradient is that of the spike times, divided by one more than the neuron's spikes.
    SPAIC returns a second number beside it, which a training adds to its loss: with `counts` from the decoder
    `spike_counts` of the same neurons it is `jnp.linalg.norm(counts.mean(-1) - 3.0)`.

    Args:
        dt: length of a step, ms; that of the simulation by default.

    Raises:
        ValueError: a target whose first axis is not 2.

    Source: SPAIC, `time_softmax`.

    >>> TimeSoftmax(dt=1.0).dt
    1.0
    """

    dt: float | None = None

    @property
    def reduce(self) -> Reduction:  # type: ignore[override]
        return _Earliness(1.0 if self.dt is None else self.dt)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        if len(shape) < 2 or shape[0] != 2:
            raise ValueError(f"time_softmax needs a target of shape (2, n), spikes and their remainders, not {shape}.")

    def __call__(self, kept: Any) -> jax.Array:
        first = kept["first"].reshape(-1, *(1,) * (kept["sum"].ndim - 1))
        out = 5.0 * jnp.exp(first / 50.0) * kept["sum"]
        spikes = kept["count"] + 1.0
        return out / spikes + jax.lax.stop_gradient(out) * (spikes - 1.0) / spikes
