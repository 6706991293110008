"""The console script `spaic-jax`."""

from spaic_jax.cli.main import main, run

__all__ = ["main", "run"]
