"""What a process of several tells the one that watches it: that it goes on; and that it hears when that one has ended."""

import atexit
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

#: The environment variable that names the file of a process.
NAME = "SPAIC_JAX_BEAT"


def beat() -> None:
    """Say that this process goes on, if anyone has asked for it."""
    if path := os.environ.get(NAME):
        Path(path).touch()


def silence(path: Path) -> float:
    """Seconds since a process has said in a file that it goes on."""
    return time.time() - path.stat().st_mtime


def watch(patience: float, who: str) -> None:
    """End this process once it has done nothing for so many seconds, unless the one that has started it sees to that.

    JAX ends what has lost another process, but waits without end for one that lives and does nothing.
    """
    if os.environ.get(NAME):
        return
    number, name = tempfile.mkstemp(prefix="spaic_jax")
    os.close(number)
    os.environ[NAME] = name

    def wait() -> None:
        while silence(Path(name)) <= patience:
            time.sleep(min(1.0, patience / 4))
        os.unlink(name)
        print(f"spaic-jax: {who} has done nothing for {patience:g} s: it hangs, or another one does that it waits for.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)

    atexit.register(os.unlink, name)
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
