"""The values of a program's variables, as one immutable pytree."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.program import Program
from spaic_jax.program.variable import Role


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Variables:
    """The values of every variable, by full name.

    Attributes:
        params: what is trained; `jax.grad` is taken with respect to it.
        plastic: what runs that learn change by themselves, such as weights of a local learning rule and running
            statistics; it lasts over runs as parameters do.
        state: what a step changes, `[B, *shape]`.
        constants: what nothing changes.
        step: number of steps done so far, an int32 scalar.
        position: number of them that belong to the presentation that is going on, an int32 scalar.
    """

    params: dict[str, jax.Array]
    plastic: dict[str, jax.Array]
    state: dict[str, jax.Array]
    constants: dict[str, jax.Array]
    step: jax.Array
    position: jax.Array

    @classmethod
    def of(cls, program: Program, values: Mapping[str, Any], step: Any, position: Any) -> Self:
        """The values of a program's variables, or what is said of each of them, each in its part."""

        def part(role: Role) -> dict[str, Any]:
            return {v.name: values[v.name] for v in program.of_role(role)}

        return cls(part("parameter"), part("plastic"), part("state"), part("constant"), step, position)

    def moved(self, moved: "Moved") -> Self:
        """The same variables with what a run has changed."""

        def part(values: dict[str, jax.Array]) -> dict[str, jax.Array]:
            return {name: moved.values.get(name, x) for name, x in values.items()}

        return dataclasses.replace(
            self, plastic=part(self.plastic), state=part(self.state), step=moved.step, position=moved.position
        )

    @property
    def values(self) -> dict[str, jax.Array]:
        """All of them by full name."""
        return {**self.params, **self.plastic, **self.state, **self.constants}

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
        """The value of a variable by its full name, such as `variables["hidden.V"]`.

        Raises:
            KeyError: unknown name, with the nearest right one.
        """
        known = self.values
        if name not in known:
            raise KeyError(unknown("variable", name, known))
        return known[name]

    def detach(self) -> Self:
        """The same variables; no gradient passes through their state (truncated backpropagation through time)."""
        return dataclasses.replace(self, state=jax.lax.stop_gradient(self.state))

    def astype(self, dtype: str | Program) -> Self:
        """The same values in the dtypes of a program, such as `sim.program.astype("bfloat16")`.

        A name of a dtype casts all floating variables; a program in half precision keeps some of them in float32.
        """

        def cast(values: dict[str, jax.Array]) -> dict[str, jax.Array]:
            if isinstance(dtype, Program):
                return {name: x.astype(dtype.by_name[name].dtype) for name, x in values.items()}
            return {n: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x for n, x in values.items()}

        return dataclasses.replace(
            self, params=cast(self.params), plastic=cast(self.plastic), state=cast(self.state), constants=cast(self.constants)
        )


class Moved(NamedTuple):
    """What a run has changed of some variables."""

    values: dict[str, jax.Array]
    step: jax.Array
    position: jax.Array


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Prepared:
    """Variables with what follows from those that a run does not change: see `Simulator.prepare`.

    Attributes:
        variables: the values of the program's variables.
        derived: what the rows write that are carried out once a run, by read.
        learning: whether they are prepared for the simulator that learns.
    """

    variables: Variables
    derived: dict[str, jax.Array]
    learning: bool = dataclasses.field(metadata={"static": True})
