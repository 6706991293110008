"""Errors of users, told apart from errors of the program."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

#: Characters of a word that are shown.
_LONGEST = 300


class UserError(Exception):
    """What the user can put right; shown as one sentence, without a traceback.

    Attributes:
        code: what the process ends with.
    """

    code = 2

    def __init__(self, message: str):
        # Messages of other libraries may span lines, and names hold what no terminal can show, or a page of it.
        words = (word if len(word) <= _LONGEST else f"{word[: _LONGEST // 2]}...{word[-_LONGEST // 2 :]}" for word in str(message).split())
        super().__init__(" ".join(words).encode("utf-8", "backslashreplace").decode())


class DoctorError(UserError):
    """What was looked for has been found: something is wrong."""

    code = 1


@contextlib.contextmanager
def user_errors(where: str = "") -> Iterator[None]:
    """Take errors of declarations, files and missing packages for the user's.

    Args:
        where: what the sentence starts with, such as `"x.toml: training.loss"`.

    >>> with user_errors("x.toml: training"):
    ...     raise ValueError("epochs is negative.")
    Traceback (most recent call last):
        ...
    spaic_jax.cli.errors.UserError: x.toml: training: epochs is negative.
    """
    try:
        yield
    except (ImportError, OSError, TypeError, ValueError) as error:
        text = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.filename else str(error)
        raise UserError(f"{where}: {text}" if where else text) from error
    except (MemoryError, OverflowError) as error:
        raise UserError(f"{where}: {error or 'there is not enough memory'}." if where else f"{error}.") from error


@contextlib.contextmanager
def write_errors(folder: object, kept: Callable[[], str] | None = None) -> Iterator[None]:
    """Take what keeps a folder from being written for the user's error: nothing else.

    Args:
        folder: the folder.
        kept: says then what is there, `"... is kept in"`.

    >>> with write_errors("run", lambda: "the checkpoint of epoch 3 is kept in"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
        ...
    spaic_jax.cli.errors.UserError: cannot write to 'run': No space left on device (the checkpoint of epoch 3 is kept in run).
    """
    try:
        yield
    except OSError as error:
        there = f" ({kept()} {folder})" if kept is not None else ""
        raise UserError(f"cannot write to '{folder}': {error.strerror or error}{there}.") from error


def check_out(path: Path) -> None:
    """Refuse a path at which nothing can be written, as far as that can be told without writing.

    Args:
        path: a file or folder, which may not be there yet.

    Raises:
        UserError: a name that is too long or that the file system cannot hold, a file in place of a folder, or a folder that may
            not be written to.

    >>> check_out(Path("/dev/null/run"))
    Traceback (most recent call last):
        ...
    spaic_jax.cli.errors.UserError: cannot write to '/dev/null/run': Not a directory.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)
        there = next(each for each in (path, *path.parents) if each.exists())
        if not os.access(there, os.W_OK | (os.X_OK if there.is_dir() else 0)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except UnicodeEncodeError:
        raise UserError(f"cannot write to '{path}': the file system holds no such name.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write to '{path}': {getattr(error, 'strerror', None) or error}.") from None


@contextlib.contextmanager
def memory_errors(where: str) -> Iterator[None]:
    """Take an array for which there is no room for the user's error: nothing else.

    Args:
        where: what the sentence starts with.
    """
    import jax

    try:
        yield
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        first = str(error).partition("\n")[0] or "MemoryError"
        raise UserError(f"{where}: the device has too little memory for this network and batch_size ({first}).") from error
