"""STDP in whole numbers, as on a chip."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, number
from spaic_jax.plasticity.memory import Memory
from spaic_jax.plasticity.pathway import Meeting, Synapses


@dataclasses.dataclass(frozen=True, kw_only=True)
class PostPreIntSTDP(Rule):
    """STDP of nearest spikes in whole numbers, rounded at random: a postsynaptic spike strengthens, a presynaptic one weakens.

    In one step, with `>>` the shift to the right and `R(v) = (v >> shift) + 1` with a probability of the bits that are shifted
    out, else `v >> shift`,

        x = trace_decay x >> shift_spike_trace, and trace_scale at a presynaptic spike; y likewise, postsynaptic
        W = W - R(nu0 y) s_pre + R(nu1 x) s_post
        W = W >> 1 onto neurons whose threshold is above max_threshold
        W = clip(W, w_min, w_max)

    It belongs to the model `diehlandcook`, which halves such a threshold in the next step. Weights are whole numbers, held
    in float32, as are all values on the way. A presynaptic spike sees y without the spikes of its own step. The decay is one
    of a step, of any length: by default it is that of 20 steps.

    `compat=True` is SPAIC's, in which a presynaptic spike **strengthens** too, with y of this step, and all spikes are seen in
    the step in which they are fired, whatever the propagation.

    Args:
        nu0, nu1: learning rates of presynaptic and postsynaptic spikes.
        shift: bits that are rounded at random.
        trace_decay, shift_spike_trace, trace_scale: of the traces.
        max_threshold: above it, a neuron's weights are halved; of several samples one is enough.
        w_min, w_max: of the weights; the bounds of the connection hold beside them.
        compat: SPAIC's signs and order.
        batch: as of `Rule`.

    Raises:
        ValueError: a negative number or one that is not whole, `w_min` above `w_max`, a mean or weighted batch, which is not
            whole; at build, a model without a threshold `thresh`, naming the connection.

    Source: SPAIC, `postpreintstdp`.

    >>> PostPreIntSTDP().w_max
    109.0
    """

    reads: ClassVar = ("thresh",)
    random: ClassVar = True
    nu0: float = number(14, least=0)
    nu1: float = number(141, least=0)
    shift: float = number(14, least=0, most=23)
    trace_decay: float = number(31169, least=0)
    shift_spike_trace: float = number(15, least=0, most=23)
    trace_scale: float = number(127, least=0)
    max_threshold: float = number(4915, least=0)
    w_min: float = number(0)
    w_max: float = number(109)
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in self.numbers().items():
            if value != int(value):
                raise ValueError(f"PostPreIntSTDP: {name} must be a whole number, not {value:g}.")
        if self.w_min > self.w_max:
            raise ValueError(f"PostPreIntSTDP: w_min must not lie above w_max {self.w_max:g}, but is {self.w_min:g}.")
        if self.batch != "sum":
            raise ValueError(f"PostPreIntSTDP: batch must be 'sum', which keeps weights whole, not {self.batch!r}.")

    @property
    def late(self) -> int | None:
        return 0 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Memory]:
        return {"x": Memory("pre"), "y": Memory("post")}

    def change(self, at: Meeting, *, x: jax.Array, y: jax.Array, thresh: jax.Array) -> Mapping[str, jax.Array]:
        assert at.key is not None
        pre, post = jax.random.split(at.key)
        x, before = self._decayed(x), self._decayed(y)
        x, y = (jnp.where(s > 0, jnp.asarray(self.trace_scale, v.dtype), v) for s, v in ((at.pre, x), (at.post, before)))
        by_pre = self._rounded(pre, self.nu0, at.each(y if self.compat else before, at.pre))
        by_post = self._rounded(post, self.nu1, at.each(at.post, x))
        grown = at.weight + (by_pre if self.compat else -by_pre).sum(0) + by_post.sum(0)
        high = (thresh > _whole(self.max_threshold)).any(0)
        halved = jnp.where(at.spread(high.astype(grown.dtype)) > 0, jnp.floor(grown / 2), grown)
        return {"weight": halved - at.weight, "x": x, "y": y}

    def bound(self, weight: jax.Array, at: Synapses) -> jax.Array:
        return jnp.clip(weight, self.w_min, self.w_max)

    def _decayed(self, trace: jax.Array) -> jax.Array:
        return ((_whole(self.trace_decay) * _whole(trace)) >> _whole(self.shift_spike_trace)).astype(trace.dtype)

    def _rounded(self, key: jax.Array, rate: float, value: jax.Array) -> jax.Array:
        """A rate times a whole value, shifted, and rounded up with the probability of what is shifted out."""
        scaled, shift = _whole(rate) * _whole(value), _whole(self.shift)
        one = jnp.int32(1) << shift
        drawn = jax.random.randint(key, value.shape, 0, one, jnp.int32)
        return ((scaled >> shift) + (drawn < (scaled & (one - 1))).astype(jnp.int32)).astype(value.dtype)


def _whole(x: jax.typing.ArrayLike) -> jax.Array:
    return jnp.round(jnp.asarray(x)).astype(jnp.int32)
