"""The command `plot`."""

from pathlib import Path

from spaic_jax.cli.errors import check_out, user_errors
from spaic_jax.cli.reading import read_run


def plot(run: str, out: str | None) -> None:
    """Draw the pictures of a run from its files.

    Args:
        run: folder of `spaic-jax train`, `spaic-jax simulate` or `spaic-jax sweep`, finished or not.
        out: folder of the pictures, which is made if it is not there; the run's when `None`.

    Raises:
        UserError: no run folder, one without anything to draw, or a folder that cannot be written.
    """
    folder = Path(run if out is None else out)
    if out is not None:
        check_out(folder)
    pictures = read_run(run).pictures()
    with user_errors():
        folder.mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            print(f"{picture.save(folder)}: {picture.caption}")
