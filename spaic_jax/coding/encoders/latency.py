"""One spike an input, the earlier the larger the input."""

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
    x: Shaped[Array, "batch *shape"], window: Int[Array, ""], max_scale: Float[Array, ""], *, cut_off: bool
) -> Shaped[Array, "batch *shape"]:
    """The step of each input's spike; -1 for none."""
    x = wide(x)
    span = x.max() - x.min()
    scaled = jnp.where(span > 0, (x - x.min()) / jnp.where(span > 0, span, 1), 0)
    last = (window - 1).astype(x.dtype)
    step = floored(max_scale * last * (1 - scaled), last).astype(jnp.int32)
    if not cut_off:
        return step
    largest = x.max(axis=tuple(range(1, x.ndim)), keepdims=True)
    return jnp.where(x <= 0.05 * largest, -1, step)


@dataclasses.dataclass(frozen=True)
class Latency(Coding):
    """One spike at step `floor(max_scale * (T - 1) * (1 - s))`, with `s` the input scaled to [0, 1].

    T is the number of steps of the presentation, from whose start steps are counted. As in SPAIC the smallest and
    largest value of the **whole batch** become 0 and 1, and an input of 0 fires last. A batch whose values are all equal
    fires last.

    Args:
        max_scale: fraction of the presentation within which spikes fall, in (0, 1].
        cut_off: drop spikes of inputs of at most 5 % of their sample's largest value.

    Source: SPAIC, `latency`.

    >>> Latency(max_scale=0.5).max_scale
    0.5
    """

    axes: ClassVar[Axes] = "held"
    values: ClassVar = ("max_scale",)
    max_scale: float = 1.0
    cut_off: bool = False

    def __post_init__(self) -> None:
        keep(self, max_scale=real(self.max_scale, "Latency: max_scale", above=0, most=1))

    def lower(self, site: Site, context: Context) -> Fragment:
        variables, at = self.constants(site), f"{site.target}.at"
        reads = (site.source, "[window]", *names(variables))
        return Fragment(
            variables,
            (
                Op(at, spike_step, reads, settings={"cut_off": self.cut_off}),
                Op(site.target, spikes_at, (site.source, at, "[position]")),
            ),
        )
