"""The command `completion`."""

from spaic_jax._extras import import_extra
from spaic_jax.cli.arguments import make_parser
from spaic_jax.cli.errors import user_errors


def completion(shell: str) -> None:
    """Print the script that completes commands, options and files.

    Args:
        shell: `"bash"` or `"zsh"`.

    Raises:
        UserError: the package shtab is missing.
    """
    with user_errors():
        shtab = import_extra("shtab", "tab completion")
    print(shtab.complete(make_parser(), shell))
