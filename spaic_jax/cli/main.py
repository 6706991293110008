"""The command line: what it runs, and what its exit code says."""

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from spaic_jax.cli.arguments import make_parser
from spaic_jax.cli.errors import UserError
from spaic_jax.run import keep_heap


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments after the name of the script; those of the process by default.

    Returns:
        0 when all went well, 2 for bad input or a training that diverged, 1 where `doctor` finds something wrong or one of several
        processes was ended, 3 where it has lost another one (each with one sentence on stderr), 130 when it was interrupted. Errors of the program itself are raised.
    """
    arguments = vars(make_parser().parse_args(argv))
    del arguments["command"]
    module, _, name = arguments.pop("function").partition(":")
    try:
        # Each command imports what it needs: `--help` does not wait for it.
        getattr(importlib.import_module(f"spaic_jax.cli.{module}"), name)(**arguments)
    except UserError as error:
        if str(error):
            print(f"spaic-jax: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt as error:
        print(f"spaic-jax: {error.args[0] if error.args else 'interrupted.'}", file=sys.stderr)
        return 130
    return 0


def run() -> NoReturn:
    """Run the command of this process, and end the process with its exit code."""
    keep_heap()
    # A warning is a sentence too, without a line of the program.
    warnings.showwarning = lambda message, *_: print(f"spaic-jax: {message}", file=sys.stderr)
    # Pictures go to files, whatever would show them in a window or a notebook.
    os.environ["MPLBACKEND"] = "agg"
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read what was printed, such as `head`, has gone; Python would find so once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    if code:
        sys.stdout.flush()
        sys.stderr.flush()
        # Interrupted while it traces or compiles, JAX may crash when Python takes it down; and would wait there for other processes.
        os._exit(code)
    sys.exit(code)
