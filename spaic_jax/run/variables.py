"""The values of a program's variables, as one immutable pytree."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown


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

    def __getitem__(self, name: str) -> jax.Array:
        """The value of a parameter, state or constant by its full name, such as `variables["hidden.V"]`.

        Raises:
            KeyError: unknown name, with the nearest right one.
        """
        known = {**self.params, **self.state, **self.constants}
        if name not in known:
            raise KeyError(unknown("variable", name, known))
        return known[name]

    def detach(self) -> Self:
        """The same variables; no gradient passes through their state (truncated backpropagation through time)."""
        return dataclasses.replace(self, state=jax.lax.stop_gradient(self.state))

    def astype(self, dtype: str) -> Self:
        """All floating variables in another dtype, for a simulator of `program.astype(dtype)`."""

        def cast(x: jax.Array) -> jax.Array:
            return x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x

        return jax.tree.map(cast, self)
