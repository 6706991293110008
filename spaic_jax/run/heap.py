"""Memory that a process keeps from run to run."""

import ctypes
import sys

# What glibc calls them: when freed memory goes back to the system, and how many pieces may be taken from it one by one.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_heap() -> bool:
    """Keep the memory that is freed after a run for the next one, instead of giving it back to the system each time.

    XLA takes the arrays that a run works in from the C library anew for every run on the CPU. Large ones come from the
    system page by page and go back to it, which can take as long as the run itself. After this call the process holds as much
    memory as it once needed at most. The commands of `spaic-jax` call it; in your own scripts, call it once, before the
    first run.

    Returns:
        Whether the C library can be told so; it is glibc's way, on Linux.

    >>> keep_heap() in (True, False)
    True
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all([mallopt(_MMAP_MAX, 0), mallopt(_TRIM_THRESHOLD, 2**31 - 1)])
