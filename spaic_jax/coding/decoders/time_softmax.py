"""Early spikes, each the more the closer it is to the first one of the sample."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.steps import wide
from spaic_jax.program import Context, Fragment, Record, Reduction, Site, Sum


@dataclasses.dataclass(frozen=True)
class _Earliness(Reduction):
    """Sums over time of `exp(-t / 50)`, spikes counted, and the time of the sample's first spike."""

    dt: float

    def init(self, value: jax.Array) -> dict[str, jax.Array]:
        zero = wide(jnp.zeros((value.shape[0], *value.shape[2:]), value.dtype))
        return {"sum": zero, "count": zero, "first": jnp.full(zero.shape[:1], jnp.inf, zero.dtype)}

    def update(self, total: Mapping[str, jax.Array], values: jax.Array, positions: jax.Array, steps: int) -> dict[str, jax.Array]:
        values = wide(values)
        spikes, both = values[:, :, 0], values.sum(2)
        time = (self.dt * positions.astype(values.dtype)).reshape(-1, *(1,) * (spikes.ndim - 1))
        # A silent step counts as one after the end. Spikes have no influence on a time but for its gradient.
        time = time + jnp.where(spikes > 0, 0.0, self.dt * jnp.asarray(steps, time.dtype)) - (both - jax.lax.stop_gradient(both))
        first = jax.lax.stop_gradient(time).min((0, *range(2, time.ndim)))
        return {
            "sum": total["sum"] + jnp.exp(-time / 50.0).sum(0),
            "count": total["count"] + jax.lax.stop_gradient(spikes).sum(0),
            "first": jnp.minimum(total["first"], first),
        }


def earliness(kept: Mapping[str, jax.Array]) -> jax.Array:
    """The spikes by how soon after the first one they came, with the gradient of their times."""
    first = kept["first"].reshape(-1, *(1,) * (kept["sum"].ndim - 1))
    out = 5.0 * jnp.exp(first / 50.0) * kept["sum"]
    spikes = kept["count"] + 1.0
    return out / spikes + jax.lax.stop_gradient(out) * (spikes - 1.0) / spikes


def rate_loss(counts: Shaped[Array, "batch 2 *shape"]) -> Shaped[Array, ""]:
    """How far the mean count of each sample is from three spikes; one number for the batch."""
    return jnp.linalg.norm(counts[:, 0].mean(tuple(range(1, counts.ndim - 1))) - 3.0)


@dataclasses.dataclass(frozen=True)
class TimeSoftmax(Decoding):
    """`5 sum_t exp((t_first - t) / 50)` of each neuron, `[B, n]`, of a group of shape `(2, n)`: spikes, and their remainders.

    `t` is the time of a step in ms; a step without a spike counts as one after the end of the run. `t_first` is that of
    the first spike of the sample. The gradient is that of the spike times, divided by one more than the neuron's spikes.

    A second output, `outputs[name + ".rate_loss"]`, is one number that a training adds to its loss: the root of the sum over
    samples of `(mean count of spikes - 3)^2`.

    Raises:
        ValueError: a target whose first axis is not 2.

    Source: SPAIC, `time_softmax`, which returns both.

    >>> TimeSoftmax().reads is None
    True
    """

    finish: ClassVar = staticmethod(earliness)

    def reduction(self, dt: float) -> Reduction:
        return _Earliness(dt)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        if len(shape) < 2 or shape[0] != 2:
            raise ValueError(f"time_softmax needs a target of shape (2, n), spikes and their remainders, not {shape}.")

    def lower(self, site: Site, context: Context) -> Fragment:
        rate = Record(f"{site.name}.rate_loss", site.source, "output", Sum(), finish=rate_loss)
        return super().lower(site, context) + Fragment(records=(rate,))
