"""The action with the most spikes."""

import dataclasses
from typing import Any, ClassVar

import jax

from spaic_jax.coding.actions.base import Acting, any_of, populations


def prefer(counts: jax.Array, *, actions: int, compat: bool) -> jax.Array:
    """One of the populations with the most spikes."""
    votes = populations(counts, actions).sum(-1)
    return any_of(votes == votes.max(-1, keepdims=True), compat)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HighestSpikesAction(Acting):
    """The action whose population fired most; of several that fired equally often one by chance, and so where none fired.

    Args:
        compat: SPAIC's choice of the first one of them.

    Source: SPAIC, `highest_spikes_action`.

    >>> HighestSpikesAction().reads
    'O'
    """

    prefer: ClassVar = staticmethod(prefer)
    compat: bool = False

    def settings(self) -> dict[str, Any]:
        return {"compat": self.compat}
