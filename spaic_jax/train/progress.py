"""The progress bar of a training."""

import contextlib
from collections.abc import Callable, Iterator

from spaic_jax._extras import import_extra
from spaic_jax.distributed.beat import beat

#: Takes the epoch, the number of updates done, and a few words about the epoch so far, such as its loss.
Report = Callable[[int, int, str], None]


@contextlib.contextmanager
def progress_bar(shown: bool, epochs: int, done: int, total: int) -> Iterator[Report]:
    """A bar over the updates of a training, with what is said of the epoch and the time left.

    Args:
        shown: whether there is a bar at all.
        epochs: number of epochs.
        done: updates done before.
        total: updates in all.

    Raises:
        ImportError: when a bar is wanted and rich is not installed.
    """
    beat()
    if not shown:
        yield lambda epoch, update, words: beat()
        return
    rich = import_extra("rich.progress", "a progress bar (progress=True)")
    columns = (
        rich.TextColumn("epoch {task.fields[epoch]}/" + str(epochs)),
        rich.BarColumn(),
        rich.TextColumn("{task.fields[words]}"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns) as bar:
        task = bar.add_task("", total=total, completed=done, epoch=min(1, epochs), words="")

        def report(epoch: int, update: int, words: str) -> None:
            beat()
            bar.update(task, completed=update, epoch=epoch, words=words)

        yield report
