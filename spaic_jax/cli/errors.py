"""Errors of users, told apart from errors of the program."""

import contextlib
from collections.abc import Iterator


class UserError(Exception):
    """What the user can put right; shown as one sentence, without a traceback."""

    def __init__(self, message: str):
        # Messages of other libraries may span lines.
        super().__init__(" ".join(str(message).split()))


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
