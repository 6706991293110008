"""What a run makes of its data before it begins: numbers that all of a sequence tells, and a look at every value."""

from collections.abc import Mapping
from typing import Any

import jax

from spaic_jax.program import Program


def with_derived(program: Program, inputs: Mapping[str, Any], single: bool = False) -> dict[str, Any]:
    """The inputs, and those that others tell where they are not given.

    Args:
        program: what takes them.
        inputs: arrays by name, `[T, B, *shape]` or `[B, *shape]`.
        single: whether they are a part of a presentation, which does not tell what all of it is.

    Raises:
        ValueError: one that is not given, where a part of a presentation does not tell it.
    """
    made = dict(inputs)
    for v in program.of_role("input"):
        if v.derived is None or v.name in made or v.derived[0] not in made:
            continue
        source, function = v.derived
        if single:
            raise ValueError(
                f"input '{v.name}' is missing: it is a number for each sample that only all steps of '{source}' tell, [B]."
            )
        x = made[source]
        made[v.name] = function(x if x.ndim == len(program.by_name[source].shape) + 2 else x[None])
    return made


def check_values(program: Program, inputs: Mapping[str, Any], steps: int | None) -> None:
    """ValueError that names the first number of the data that an encoder cannot take; what is traced is passed over.

    Args:
        program: what takes them.
        inputs: arrays by name.
        steps: number of steps of the presentation, where that is known.
    """
    declared = program.by_name
    for name, x in inputs.items():
        if (check := declared[name].check) is not None and not isinstance(x, jax.core.Tracer):
            check(f"input '{name}'", x, steps)
