"""Local learning rules: weights that change in the step, without a gradient."""

from spaic_jax.plasticity.base import Rule, applied

__all__ = ["Rule", "applied"]
