"""Coding methods of actions, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.actions.base import Acting
from spaic_jax.coding.actions.first_spike_action import FirstSpikeAction
from spaic_jax.coding.actions.highest_spikes_action import HighestSpikesAction
from spaic_jax.coding.actions.highest_voltage_action import HighestVoltageAction
from spaic_jax.coding.actions.pop_rate_action import PopulationRateAction
from spaic_jax.coding.actions.random_action import RandomAction
from spaic_jax.coding.actions.softmax_action import SoftmaxAction

ACTIONS: dict[str, type[Acting]] = {
    "first_spike_action": FirstSpikeAction,
    "highest_spikes_action": HighestSpikesAction,
    "highest_voltage_action": HighestVoltageAction,
    "pop_rate_action": PopulationRateAction,
    "random_action": RandomAction,
    "softmax_action": SoftmaxAction,
}


def resolve_action(coding_method: str | Acting, **settings: Any) -> Acting:
    """The action of a name and its settings, or the action itself."""
    return resolve("action", ACTIONS, Acting, coding_method, settings)


__all__ = [
    "ACTIONS", "Acting", "FirstSpikeAction", "HighestSpikesAction", "HighestVoltageAction", "PopulationRateAction", "RandomAction",
    "SoftmaxAction", "resolve_action",
]
