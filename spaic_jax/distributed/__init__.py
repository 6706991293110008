"""Many devices and many processes, by JAX's own distributed runtime: how arrays lie on them, and how they start."""

from spaic_jax.distributed.placing import place
from spaic_jax.distributed.processes import agree, device_mesh, first, start
from spaic_jax.distributed.traffic import Collective, collectives
from spaic_jax.plan.layout import RULES, Layout, local

__all__ = ["RULES", "Collective", "Layout", "agree", "collectives", "device_mesh", "first", "local", "place", "start"]
