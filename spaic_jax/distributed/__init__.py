"""Many devices and many processes, by JAX's own distributed runtime: how arrays lie on them."""

from spaic_jax.distributed.layout import RULES, Layout, local
from spaic_jax.distributed.placing import place

__all__ = ["RULES", "Layout", "local", "place"]
