"""For users of SPAIC: every name of its backend, of what it trains with and of what is written otherwise here.

`print(spaic_jax.coming_from_spaic.page())` lists them all, each with an example that the tests run. An op keeps its name,
argument order and meaning; what a backend did to itself, a function here does to a value.

>>> NAMES["initial_step"].counterpart
'spaic_jax.Simulator.restart'
>>> print(page().splitlines()[4])
| `add` | `spaic_jax.ops.add` |  |
"""

import inspect

from spaic_jax.coming_from_spaic.network import NETWORK
from spaic_jax.coming_from_spaic.op_list import OPS
from spaic_jax.coming_from_spaic.row import SETTING, Counterpart
from spaic_jax.coming_from_spaic.rows import ROWS
from spaic_jax.coming_from_spaic.running import RUNNING
from spaic_jax.coming_from_spaic.training import TRAINING
from spaic_jax.coming_from_spaic.variables import VARIABLES

__all__ = ["NAMES", "SECTIONS", "SETTING", "Counterpart", "page"]

#: The rows by what they are about.
SECTIONS: dict[str, dict[str, Counterpart]] = {
    "Ops": {
        **OPS,
        "xavier_noraml": OPS["xavier_normal"]._replace(note="SPAIC registers it under a misspelt name."),
    },
    "Variables": VARIABLES,
    "Rows and their graph": ROWS,
    "Steps, gradients and devices": RUNNING,
    "Networks": NETWORK,
    "Training": TRAINING,
}

#: Every row by SPAIC's name.
NAMES: dict[str, Counterpart] = {name: row for section in SECTIONS.values() for name, row in section.items()}


def page() -> str:
    """The page as Markdown: a table a section, what the examples stand on, and the examples."""
    lines = []
    for title, section in SECTIONS.items():
        lines += [f"## {title}", "", "| SPAIC | spaic_jax | note |", "| --- | --- | --- |"]
        lines += [f"| `{name}` | `{row.counterpart}` | {row.note} |" for name, row in section.items()]
        lines.append("")
    lines += ["## Examples", "", "All of them stand on these lines:", "", "```python", SETTING.strip(), "```", ""]
    for name, row in NAMES.items():
        lines += [f"`{name}`", "", "```python", inspect.cleandoc(row.example), "```", ""]
    return "\n".join(lines)
