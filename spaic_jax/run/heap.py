"""Memory that a process keeps from run to run."""

import ctypes
import sys

# Settings of glibc: how much freed memory is kept, how many pieces may be taken from the system one by one, and how many
# heaps there are. Threads with a heap of their own, which is small, would go to the system for all that is large.
_SETTINGS = {"M_TRIM_THRESHOLD": (-1, 2**31 - 1), "M_MMAP_MAX": (-4, 0), "M_ARENA_MAX": (-8, 1)}


def keep_heap() -> bool:
    """Keep the memory that is freed after a run for the next one, instead of giving it back to the system each time.

    XLA takes the arrays that a run works in from the C library anew for every run on the CPU. Large ones come from the
    system page by page and go back to it, which can take as long as the run itself. After this call the process holds as much
    memory as it once needed at most. The commands of `spaic-jax` call it; in a script of your own, call it once, before
    JAX computes anything.

    Returns:
        Whether the C library can be told so; it is glibc's way, on Linux.

    >>> kept = keep_heap()  # doctest: +SKIP
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all([mallopt(*setting) for setting in _SETTINGS.values()])
