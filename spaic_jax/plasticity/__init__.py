"""Local learning rules: weights that change in the step, without a gradient."""

from spaic_jax.plasticity.base import Rule, applied

#: The rules by name: see `Rule`.
RULES: dict[str, type[Rule]] = {}

__all__ = ["RULES", "Rule", "applied"]
