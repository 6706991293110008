"""`python -m spaic_jax`, the same as `spaic-jax`."""

from spaic_jax.cli.main import run

if __name__ == "__main__":
    run()
