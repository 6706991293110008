"""The command `bench`."""

import json
import sys

from spaic_jax._extras import import_extra
from spaic_jax.cli.errors import user_errors


def bench(workload: str | None, as_json: bool) -> None:
    """Time standard workloads.

    Args:
        workload: name of one; all when `None`.
        as_json: whether to print one line of JSON a workload.

    Raises:
        UserError: unknown workload.
    """
    from spaic_jax.bench import WORKLOADS, measure
    from spaic_jax.bench.workload import resolve_workload

    with user_errors():
        if not as_json:
            import_extra("rich", "a table (or use --json)")
        names = list(WORKLOADS) if workload is None else [resolve_workload(workload).name]
    rows = []
    for name in names:
        rows.append(measure(name))
        if as_json:
            print(json.dumps(rows[-1]), flush=True)
    if as_json:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(key.replace("_", " ") for key in rows[0]))
    for row in rows:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
