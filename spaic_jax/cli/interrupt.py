"""A Ctrl-C that is not lost."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any


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
