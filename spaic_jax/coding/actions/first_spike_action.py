"""The action that comes first."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.actions.base import Acting, any_of, populations
from spaic_jax.program import Context, Fragment, Op, Site, Variable


def first(kept: jax.Array, spikes: jax.Array, position: jax.Array) -> jax.Array:
    """The spikes of the first step of the presentation in which any neuron of a sample fired; zeros until then."""
    kept = jnp.where(position == 0, jnp.zeros_like(kept), kept)
    found = (kept != 0).any(tuple(range(1, kept.ndim)), keepdims=True)
    return jnp.where(found, kept, spikes)


def prefer(kept: jax.Array, *, actions: int, compat: bool) -> jax.Array:
    """One of the populations that fired in that step; any one where none did."""
    fired = (populations(kept, actions) != 0).any(-1)
    best = fired | ~fired.any(-1, keepdims=True)
    return any_of(best, compat)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FirstSpikeAction(Acting):
    """The action whose population fired first; of several in the same step one by chance, and any one where none fired.

    Args:
        compat: SPAIC's choice of the first one of them; 0 where none fired.

    Source: SPAIC, `first_spike_action`.

    >>> FirstSpikeAction(compat=True).compat
    True
    """

    prefer: ClassVar = staticmethod(prefer)
    compat: bool = False

    def settings(self) -> dict[str, Any]:
        return {"compat": self.compat}

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """The spikes of the first step that had any."""
        kept, spikes = f"{site.name}.first", context.variable(site.source.removesuffix("[updated]"))
        assert spikes is not None
        row = Op(kept, first, (kept, site.source, "[position]"))
        return (f"{kept}[updated]",), Fragment((Variable(kept, site.takes, spikes.dtype, narrow=spikes.narrow),), (row,))
