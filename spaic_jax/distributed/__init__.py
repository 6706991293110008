"""Many devices and many processes, by JAX's own distributed runtime: how arrays lie on them, and how they start."""

from spaic_jax.distributed.placing import place
from spaic_jax.distributed.processes import agree, device_mesh, first, start
from spaic_jax.distributed.traffic import Collective, collectives
from spaic_jax.plan.layout import RULES, Layout, local
from spaic_jax.run.cost.forecast import Forecast, forecast
from spaic_jax.run.cost.machine import Machine
from spaic_jax.run.cost.updates import Updates, forecast_updates

__all__ = [
    "RULES", "Collective", "Forecast", "Layout", "Machine", "Updates", "agree", "collectives", "device_mesh", "first", "forecast",
    "forecast_updates", "local", "place", "start",
]
