"""An action by the share of the spikes."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.actions.base import Acting, populations


def prefer(counts: jax.Array, *, actions: int, compat: bool) -> jax.Array:
    """The logarithm of the spikes of each population; all alike where there are none."""
    votes = populations(counts, actions).sum(-1)
    if compat:
        votes = jnp.broadcast_to(votes.sum(0, keepdims=True), votes.shape)
    return jnp.where(votes.sum(-1, keepdims=True) > 0, jnp.log(votes), 0.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PopulationRateAction(Acting):
    """Each action with a probability in proportion to the spikes of its population; any one, all alike, where none fired.

    Args:
        compat: SPAIC's chance, in proportion to the spikes of all samples of the batch together. SPAIC takes one action for
            the batch; here each sample draws its own.

    Source: SPAIC, `pop_rate_action`.

    >>> PopulationRateAction().compat
    False
    """

    prefer: ClassVar = staticmethod(prefer)
    compat: bool = False

    def settings(self) -> dict[str, Any]:
        return {"compat": self.compat}
