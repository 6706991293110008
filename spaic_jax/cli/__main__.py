"""`python -m spaic_jax.cli`, the same as `spaic-jax`."""

import sys

from spaic_jax.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
