"""The console script `spaic-jax`."""

from spaic_jax.cli.main import main

__all__ = ["main"]
