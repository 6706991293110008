"""One spike an input, the earlier the larger the input beside the largest of its sample."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Int, Shaped
from spaic_jax.coding.encoders.base import Coding
from spaic_jax.coding.steps import floored, spikes_at, wide
from spaic_jax.coding.values import keep, names
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.program.variable import Axes


def spike_step(
    x: Shaped[Array, "batch *shape"], window: Int[Array, ""], amp: Float[Array, ""], scale: Float[Array, ""]
) -> Shaped[Array, "batch *shape"]:
    """The step of each input's spike; -1 for none."""
    late = jnp.exp(-amp * wide(x))
    sample = tuple(range(1, x.ndim))
    last = (window - 1).astype(late.dtype)
    latency = last * scale * (late - late.min(sample, keepdims=True))
    step = floored(latency, last)
    return jnp.where(step < 0.8 * latency.max(sample, keepdims=True), step, -1).astype(jnp.int32)


@dataclasses.dataclass(frozen=True)
class RelativeLatency(Coding):
    """One spike at step `floor(l)`, with `l = (T - 1) * scale * (exp(-amp * x) - min(exp(-amp * x)))`.

    T is the number of steps of the presentation, from whose start steps are counted; the minimum is that of the sample:
    its largest input fires first. An input whose step is not below 0.8 of its sample's largest `l` does not fire.

    Args:
        amp: steepness.
        scale: fraction of the presentation within which spikes fall, in (0, 1].

    Source: SPAIC, `relative_latency`.

    >>> RelativeLatency(amp=3.0).amp
    3.0
    """

    axes: ClassVar[Axes] = "held"
    values: ClassVar = ("amp", "scale")
    amp: float = 1.0
    scale: float = 0.9999999

    def __post_init__(self) -> None:
        amp = real(self.amp, "RelativeLatency: amp", above=0)
        keep(self, amp=amp, scale=real(self.scale, "RelativeLatency: scale", above=0, most=1))

    def lower(self, site: Site, context: Context) -> Fragment:
        variables, at = self.constants(site), f"{site.target}.at"
        return Fragment(
            variables,
            (
                Op(at, spike_step, (site.source, "[window]", *names(variables))),
                Op(site.target, spikes_at, (site.source, at, "[position]")),
            ),
        )
