"""How much of a data set a device has room for."""

import os
from pathlib import Path

import jax

#: The largest part of the device's free memory that a data set is put into; the rest is for what is computed with it.
SHARE = 1 / 4


def room() -> int:
    """The bytes that a data set may take on the device: a quarter of what is free there.

    A data set of `fit`, `learn` or `evaluate` that takes more stays where it is, and comes to the device part by part.
    """
    statistics = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in statistics:
        return int(SHARE * max(0, statistics["bytes_limit"] - statistics.get("bytes_in_use", 0)))
    return int(SHARE * _free_of_host())


def _free_of_host() -> int:
    """Bytes of memory that this machine, or the container that this process runs in, has left for it."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    told = {"/proc/meminfo": ("MemAvailable:", 1024), "/sys/fs/cgroup/memory.max": ("", 1)}
    numbers = [free]
    for path, (before, unit) in told.items():
        try:
            lines = [line.removeprefix(before).split() for line in Path(path).read_text().splitlines() if line.startswith(before)]
            numbers.append(int(lines[0][0]) * unit)
        except (OSError, ValueError, IndexError):  # another system, or no limit: "max"
            continue
    return min(numbers)
