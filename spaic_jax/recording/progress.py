"""The progress bar of a long run."""

import contextlib
import time
from collections.abc import Callable, Iterator

from spaic_jax._extras import import_extra
from spaic_jax.distributed.beat import beat

#: Takes the simulated time so far in ms, and the spikes a second of the last chunk.
Report = Callable[[float, float], None]


@contextlib.contextmanager
def progress_bar(shown: bool, begin: float, end: float) -> Iterator[Report]:
    """A bar over simulated time, with the wall seconds that a simulated second takes, and spikes a simulated second.

    Args:
        shown: whether there is a bar at all.
        begin: simulated time that is done already, ms.
        end: simulated time at the end, ms.

    Raises:
        ImportError: when a bar is wanted and rich is not installed.
    """
    beat()
    if not shown:
        yield lambda now, spikes: beat()
        return
    rich = import_extra("rich.progress", "a progress bar (progress=True)")
    columns = (
        rich.TextColumn("{task.fields[words]}"), rich.BarColumn(), rich.TextColumn("{task.fields[speed]}"), rich.TimeRemainingColumn()
    )
    started = time.perf_counter()
    with rich.Progress(*columns) as bar:
        task = bar.add_task("", total=end, completed=begin, words=f"{begin:g} of {end:g} ms", speed="")

        def report(now: float, spikes: float) -> None:
            beat()
            wall = (time.perf_counter() - started) / max(now - begin, 1e-9) * 1000
            bar.update(task, completed=now, words=f"{now:g} of {end:g} ms", speed=f"{wall:.3g} s a second, {spikes:.3g} spikes/s")

        yield report
