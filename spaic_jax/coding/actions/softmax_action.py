"""An action by the softmax of the spikes."""

import dataclasses
from typing import Any, ClassVar

import jax

from spaic_jax._numbers import real
from spaic_jax.coding.actions.base import Acting, populations
from spaic_jax.coding.values import keep


def prefer(counts: jax.Array, temperature: jax.Array, *, actions: int, compat: bool) -> jax.Array:
    """The spikes of each population over the temperature."""
    spikes = populations(counts, actions).sum(-1) / temperature
    return jax.nn.log_softmax(spikes, axis=0) if compat else spikes


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoftmaxAction(Acting):
    """Each action with the probability `softmax(n / temperature)` of the spikes `n` of the populations.

    Args:
        temperature: a high one makes actions alike, a low one takes the action with the most spikes.
        compat: SPAIC's softmax, which goes over the samples of the batch, not over actions: with one sample all actions are
            alike.

    Raises:
        ValueError: a temperature that is not positive.

    Source: SPAIC, `softmax_action`.

    >>> SoftmaxAction(temperature=2).temperature
    2.0
    """

    prefer: ClassVar = staticmethod(prefer)
    values: ClassVar = ("temperature",)
    temperature: float = 1.0
    compat: bool = False

    def __post_init__(self) -> None:
        keep(self, temperature=real(self.temperature, "SoftmaxAction: temperature", above=0))

    def settings(self) -> dict[str, Any]:
        return {"compat": self.compat}
