"""Any action."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.actions.base import Acting
from spaic_jax.program import Context, Fragment, Site


def prefer(spikes: jax.Array, *, actions: int) -> jax.Array:
    """None before another."""
    return jnp.zeros((spikes.shape[0], actions))


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomAction(Acting):
    """Any action, all alike, whatever the target does.

    Source: SPAIC, `random_action`.

    >>> RandomAction()
    RandomAction()
    """

    prefer: ClassVar = staticmethod(prefer)

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """The target, for its batch."""
        return (site.source,), Fragment()
