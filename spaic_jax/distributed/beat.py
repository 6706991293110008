"""What a process of several tells the one that watches it: that it goes on; and that it hears when that one has ended."""

import os
import sys
import threading
import time
from pathlib import Path

#: The environment variable that names the file of a process.
NAME = "SPAIC_JAX_BEAT"


#: When this process has last said that it goes on.
_last = time.monotonic()


def beat() -> None:
    """Say that this process goes on, to whom has asked for it."""
    global _last
    _last = time.monotonic()
    if path := os.environ.get(NAME):
        Path(path).touch()


def watch(patience: float, who: str) -> None:
    """End this process once it has done nothing for so many seconds, unless the one that has started it sees to that.

    JAX ends what has lost another process, but waits without end for one that lives and does nothing.
    """
    if os.environ.get(NAME):
        return

    def wait() -> None:
        while time.monotonic() - _last <= patience:
            time.sleep(min(1.0, patience / 4))
        print(f"spaic-jax: {who} has done nothing for {patience:g} s: it hangs, or another one does that it waits for.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)

    beat()
    threading.Thread(target=wait, daemon=True, name="spaic_jax watch").start()


def follow() -> None:
    """End this process when the one that has started it ends, however it does: its end of the standard input is closed then."""
    if not os.environ.get(NAME):
        return

    def wait() -> None:
        # By the system alone: Python would wait for the lock of its own reader when it ends.
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="spaic_jax parent").start()
