"""The values of a program's variables, as one immutable pytree."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import jax


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Variables:
    """The values of every variable, by full name.

    Attributes:
        params: what is trained; `jax.grad` is taken with respect to it.
        state: what a step changes, `[B, *shape]`.
        constants: what neither changes.
        step: number of steps done so far, an int32 scalar.
    """

    params: dict[str, jax.Array]
    state: dict[str, jax.Array]
    constants: dict[str, jax.Array]
    step: jax.Array

    def with_params(self, params: Mapping[str, Any]) -> Self:
        """The same variables with other parameters.

        Raises:
            ValueError: when the names are not the same.
        """
        if set(params) != set(self.params):
            raise ValueError(
                f"the parameters are named {sorted(self.params)}, but {sorted(params)} were given."
            )
        return dataclasses.replace(self, params=dict(params))
