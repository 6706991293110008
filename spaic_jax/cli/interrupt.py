"""A Ctrl-C that is not lost, and the command by which one goes on after it."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def command_to_go_on(command: str, config: str, **options: Any) -> list[str]:
    """The words of a command that goes on with what it began.

    Args:
        command, config: its name, and the file that it is given.
        options: by name; those that are `None` or false are left out, a list stands for one of each, and `True` for the option alone.

    >>> " ".join(command_to_go_on("train", "c.toml", set=["a=1", "b=2"], seed=None, local_processes=2, learn=True))
    'spaic-jax train c.toml --set=a=1 --set=b=2 --local-processes=2 --learn --resume'
    """
    words = ["spaic-jax", command, config]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            several: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
            words += [f"{option}={each}" for each in several]
    return [*words, "--resume"]


@contextlib.contextmanager
def noted_interrupts() -> Iterator[Callable[[], None]]:
    """Note every Ctrl-C; gives a function that raises KeyboardInterrupt again if there was one.

    Python ignores what is raised in a finaliser or in the callback of a weak reference, and JAX's caches have many: a
    Ctrl-C that falls there would be lost, and the run would go on as if nobody had asked it to stop.
    """
    noted: list[int] = []

    def note(number: int, frame: Any) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if noted:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check  # only the main thread hears of signals
        return
    def unraisable(lost: Any) -> None:
        # One that Python has ignored is noted, and need not be printed.
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            printed(lost)

    before, printed = signal.signal(signal.SIGINT, note), sys.unraisablehook
    sys.unraisablehook = unraisable
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = printed
