"""What a run makes of its data before it begins: numbers that all of a sequence tells, and a look at every value."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from spaic_jax.program import Program


def from_sequences(program: Program, given: Mapping[str, Any], part: bool, single: bool = False) -> dict[str, jax.Array]:
    """The inputs that others tell and that are not given, such as the largest value of a sequence.

    Args:
        program: what takes them.
        given: what was given, by name: `[T, B, *shape]`, or `[B, *shape]` held.
        part: whether these are not all steps of the presentation.
        single: whether these are those of one step, without a time axis.

    Raises:
        ValueError: one that all steps of a sequence tell, where only a part of them is there.
    """
    made = {}
    for v in program.of_role("input"):
        if v.derived is None or v.name in given:
            continue
        (source,), function = v.derived
        if source not in given:
            continue
        x = given[source] if isinstance(given[source], jax.Array) else np.asarray(given[source])
        timed = single or x.ndim == len(program.by_name[source].shape) + 2
        if timed and part:
            raise ValueError(
                f"input '{v.name}' is missing: it is a number for each sample, [B], that only all steps of '{source}' tell."
            )
        made[v.name] = jax.numpy.asarray(function(x if timed else x[None]), v.dtype)
    return made


def check_values(program: Program, given: Mapping[str, Any], steps: int | None, waiting: bool = True) -> None:
    """ValueError that names the first number of the data that an encoder cannot take; what is traced is passed over.

    Args:
        program: what takes them.
        given: what was given, by name.
        steps: number of steps of the presentation, where that is known.
        waiting: whether to look at arrays of JAX too, which are waited for.
    """
    for name, x in given.items():
        check = program.by_name[name].check
        if check is not None and (waiting or not isinstance(x, jax.Array)) and not isinstance(x, jax.core.Tracer):
            check(f"input '{name}'", x if isinstance(x, jax.Array) else np.asarray(x), steps)
