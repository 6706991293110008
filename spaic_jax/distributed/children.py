"""Several processes on this machine, watched by the one that starts them."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from spaic_jax.distributed.beat import NAME

#: Seconds between two looks at the processes, and from the first end to that which is the reason of it.
_PAUSE, _LATER = 0.1, 1.0

#: What a process ends with that has lost another one.
LOST = 3

#: What ends are looked at first, where several have ended: something is wrong with a file, in all of them; any other reason, `None`; JAX
#: aborts what has lost process 0; any other is lost.
_ORDER = (2, None, -signal.SIGABRT, LOST)


class ProcessError(RuntimeError):
    """A process ended by itself, or hangs; all have been ended.

    Attributes:
        code: what the one that has started them ends with.
    """

    def __init__(self, message: str, code: int = 1):
        super().__init__(message)
        self.code = code


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def run_together(command: Callable[[str, int], Sequence[str]], processes: int, patience: float) -> None:
    """Run several processes until all have ended well; what process 0 prints is shown.

    Args:
        command: from `HOST:PORT` and the number of a process to what it runs.
        processes: how many there are.
        patience: seconds for which a process may do nothing (see `beat`).

    Raises:
        ProcessError: one of them ended otherwise, or did nothing for so long; none of them is left.
    """
    coordinator = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="spaic_jax") as folder:
        children: list[Child] = []
        try:
            for number in range(processes):
                children.append(Child(command(coordinator, number), number, processes, Path(folder)))
            while any(child.code is None for child in children):
                time.sleep(_PAUSE)
                # Read before it is looked who has ended: what process 0 says of another one's end is not shown.
                said = children[0].read()
                _check(children, said, patience)
                _show(said)
            _show(children[0].read())
        finally:
            for child in children:
                child.end()


def _check(children: Sequence["Child"], said: bytes, patience: float) -> None:
    ended = [child for child in children if child.code]
    if ended and all(child.code in _ORDER for child in ended):
        # The reason may be to come.
        time.sleep(_LATER)
        ended = [child for child in children if child.code]
    if ended:
        child = min(ended, key=_reason)
        assert child.code is not None
        if child.code < 0:
            raise ProcessError(f"{child.name} was ended by {_signal(-child.code)}; so are the others.")
        if child.number == 0:
            # It has said itself why.
            _show(said + child.read())
            raise ProcessError("", child.code)
        raise ProcessError(f"{child.name} ended with code {child.code} ({child.last_words()}); so are the others.", child.code)
    running = [child for child in children if child.code is None]
    slowest = max(running, key=lambda child: child.silence, default=None)
    if slowest is not None and slowest.silence > patience:
        raise ProcessError(f"{slowest.name} has done nothing for {patience:g} s; all are ended.")


def _reason(child: "Child") -> tuple[int, int]:
    """How near the end of a process is to the reason why all end, the nearest first; what is so in all of them process 0 says."""
    return _ORDER.index(child.code if child.code in _ORDER else None), child.number


class Child:
    """A process, with what it says in files of a folder."""

    def __init__(self, command: Sequence[str], number: int, processes: int, folder: Path):
        self.number, self.name = number, f"process {number} of {processes}"
        self._beat, self._errors = folder / f"beat{number}", folder / f"errors{number}"
        self._beat.touch()
        self._file: BinaryIO = self._errors.open("w+b")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=None if number == 0 else subprocess.DEVNULL, stderr=self._file,
            env={**os.environ, "JAX_PLATFORMS": "cpu", NAME: str(self._beat)}, start_new_session=True,
        )
        self._shown = 0

    @property
    def code(self) -> int | None:
        """What it ended with; a signal, negative; `None` while it runs."""
        return self._process.poll()

    @property
    def silence(self) -> float:
        """Seconds since it has said that it goes on."""
        return time.time() - self._beat.stat().st_mtime

    def read(self) -> bytes:
        """What it has written as errors and warnings since this was asked last."""
        text = self._errors.read_bytes()[self._shown :]
        self._shown += len(text)
        return text

    def last_words(self) -> str:
        """The last line of it."""
        lines = self._errors.read_text(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("spaic-jax: ").rstrip(".") if lines else "without a word"

    def end(self) -> None:
        """End it, however it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._file.close()


def _show(text: bytes) -> None:
    if text:
        sys.stderr.write(text.decode(errors="replace"))
        sys.stderr.flush()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
