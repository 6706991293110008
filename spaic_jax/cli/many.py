"""A command on many devices, or in many processes."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import jax

from spaic_jax.cli.errors import UserError, user_errors
from spaic_jax.distributed import Layout, device_mesh, start
from spaic_jax.distributed.beat import follow, watch
from spaic_jax.distributed.children import LOST, ProcessError, run_together


def join(
    devices: int | None, rows: int | Literal["all"] | None, coordinator: str | None, processes: int | None, process_id: int | None, patience: int | None
) -> Layout | None:
    """Join other processes, where a coordinator is given, and share out over the devices of all; `None` on one device alone.

    Args:
        devices, rows: as of `device_mesh`.
        coordinator, processes, process_id: as of `start`; `"auto"` in place of all three where JAX finds them.
        patience: seconds for which this one may then do nothing; 600 when `None`.

    Raises:
        UserError: fewer devices than are wanted, or none that make whole groups of `rows`; arguments that do not belong together, or nobody there.
    """
    follow()
    with user_errors():
        if coordinator is None and (processes is not None or process_id is not None):
            raise ValueError("--processes and --process-id need --coordinator HOST:PORT.")
        if coordinator is not None:
            try:
                start(None if coordinator == "auto" else coordinator, processes, process_id)
            except RuntimeError as error:
                raise ValueError(f"the processes have not found each other by {coordinator}: {error}") from error
            _leave_out_libraries()
            watch(_patience(patience), f"process {jax.process_index()} of {jax.process_count()}")
        elif devices is None and rows is None:
            return None
        return Layout(device_mesh(devices, rows))


def _leave_out_libraries() -> None:
    """Print what Python prints alone: gloo, below it, says on the output that it is connected, which no reader of JSON expects."""
    sys.stdout.flush()
    own = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = os.fdopen(own, "w")


def start_local(
    command: Sequence[str], processes: int, patience: int | None, resume: bool, quiet: bool, joined: Sequence[Any]
) -> None:
    """Start a command as several processes of this machine, and wait for them.

    Args:
        command: the command with which it would be gone on with.
        processes: how many there are.
        patience: seconds for which one of them may do nothing; 600 when `None`.
        resume: whether it is gone on with.
        quiet: whether to show no progress bar.
        joined: what `join` would be given of other processes, which does not go with it.

    Raises:
        UserError: there are such; one of them ended otherwise than well, or hangs: then all have been ended.
        KeyboardInterrupt: with a sentence that says how to go on.
    """
    if any(each is not None for each in joined):
        raise UserError("--local-processes starts them itself: leave out --coordinator, --processes and --process-id.")
    apart = ("--local-processes=", "--patience=")
    own = [each for each in command[1:] if not each.startswith(apart) and (resume or each != "--resume")]

    def one(coordinator: str, number: int) -> list[str]:
        who = [f"--coordinator={coordinator}", f"--processes={processes}", f"--process-id={number}"]
        return [sys.executable, "-m", "spaic_jax", *own, *who, *(["--quiet"] if quiet else [])]

    try:
        run_together(one, processes, _patience(patience))
    except ProcessError as error:
        raise ChildError(f"{error} Go on with: {shlex.join(command)}" if str(error) else "", error.code) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; go on with: {shlex.join(command)}") from None


def _patience(given: int | None) -> int:
    return 600 if given is None else given


@contextlib.contextmanager
def lost_errors(command: Sequence[str]) -> Iterator[None]:
    """Take the end of another process for what it is.

    Args:
        command: the command with which this one would be gone on with.

    Raises:
        UserError: a message from another process did not come, or it is known to have ended.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if jax.process_count() == 1 or not any(word in str(error) for word in ("Gloo", "NCCL", "coordination")):
            raise
        first_line = str(error).partition("\n")[0].partition("[")[0].rstrip(": ")
        raise ChildError(
            f"process {jax.process_index()} of {jax.process_count()} has lost another one ({first_line}); when all have ended, go on with:"
            f" {shlex.join(command)}", LOST
        ) from error


class ChildError(UserError):
    """A process that was started has failed; without words where it has said itself why."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code
