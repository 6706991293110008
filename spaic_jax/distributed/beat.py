"""What a process of several tells the one that has started it: that it goes on; and that it hears when that one has ended."""

import os
import threading
from pathlib import Path

#: The environment variable that names the file of a process.
NAME = "SPAIC_JAX_BEAT"


def beat() -> None:
    """Say that this process goes on, if anyone has asked for it."""
    if path := os.environ.get(NAME):
        Path(path).touch()


def follow() -> None:
    """End this process when the one that has started it ends, however it does: its end of the standard input is closed then."""
    if not os.environ.get(NAME):
        return

    def wait() -> None:
        # By the system alone: Python would wait for the lock of its own reader when it ends.
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="spaic_jax parent").start()
