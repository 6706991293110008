"""One weight for each neuron and the one of the same place."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax

from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.pattern import Aligned, Pattern
from spaic_jax.synapses.storage.base import Storage, refuse_delays

if TYPE_CHECKING:
    from spaic_jax.synapses.links.weighted import Weighted


def scaled(spikes: jax.Array, weight: jax.Array, bias: jax.Array | None = None, *, shape: tuple[int, ...]) -> jax.Array:
    """`I_i = w_i s_i (+ b_i)`; `shape` is that of a sample of the current."""
    current = spikes.reshape(spikes.shape[0], -1) * weight[None]
    return (current if bias is None else current + bias[None]).reshape(spikes.shape[0], *shape)


@dataclasses.dataclass(frozen=True)
class Diagonal(Storage):
    """The diagonal of a matrix, `(post,)`: for `one_to_one` alone."""

    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        refuse_delays(site, "diagonal")
        if not isinstance(pattern, Aligned):
            raise ValueError(
                f"connection '{site.name}': storage 'diagonal' holds the synapses of one_to_one, not of {type(link).__name__}."
            )
        variables = link.variables(site, (pattern.post,), "pairs", pattern.post)
        inputs = (site.source, *(variable.name for variable in variables))
        return Fragment(variables, (Op(site.target, scaled, inputs, name=site.name, settings={"shape": site.gives}),))
