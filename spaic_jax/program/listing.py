"""The parts of a program, and what they say of themselves."""

import dataclasses
import functools
from collections.abc import Mapping

import jax.numpy as jnp

from spaic_jax.program.op import UPDATED, Op
from spaic_jax.program.record import Record
from spaic_jax.program.variable import Role, Variable


@dataclasses.dataclass(frozen=True)
class Listing:
    """Variables, rows and records in a mode, as they were given: a `Program` is one that has been checked.

    Its attributes are those of `Program`.
    """

    variables: tuple[Variable, ...]
    ops: tuple[Op, ...]
    records: tuple[Record, ...] = ()
    dt: float = 0.1
    initial_ops: tuple[Op, ...] = ()
    begin_ops: tuple[Op, ...] = ()
    end_ops: tuple[Op, ...] = ()
    learning: bool = False

    def rows_of(self, ops: tuple[Op, ...]) -> tuple[Op, ...]:
        """Those of some rows that this mode carries out."""
        return tuple(op for op in ops if op.when in ("always", "learning" if self.learning else "frozen"))

    @functools.cached_property
    def rows(self) -> tuple[Op, ...]:
        """The rows of a step that this mode carries out, in order."""
        return self.rows_of(self.ops)

    @functools.cached_property
    def by_name(self) -> Mapping[str, Variable]:
        """The variables by name."""
        return {variable.name: variable for variable in self.variables}

    @functools.cached_property
    def written(self) -> frozenset[str]:
        """Every name that a row of a step writes in this mode."""
        return frozenset(name for op in self.rows for name in op.outputs)

    @functools.cached_property
    def carried(self) -> frozenset[str]:
        """The variables that go from step to step: states, and the plastic values that this mode writes."""
        return frozenset(v.name for v in self.variables if v.role == "state" or (v.role == "plastic" and v.name in self.written))

    @property
    def float_dtype(self) -> str:
        """The dtype in which `[dt]` is given: that of the first floating variable, but float32 at least."""
        floating = (v.dtype for v in self.variables if jnp.issubdtype(jnp.dtype(v.dtype), jnp.floating))
        first = next(floating, "float32")
        return first if jnp.finfo(first).bits >= 32 else "float32"

    @functools.cached_property
    def kept(self) -> tuple[Record, ...]:
        """The records of what is there in this mode."""
        return tuple(r for r in self.records if r.variable in self.by_name or r.variable in self.written)

    def of_role(self, *roles: Role) -> tuple[Variable, ...]:
        """The variables of some roles, in order."""
        return tuple(variable for variable in self.variables if variable.role in roles)

    def written_read(self, name: str) -> str:
        """The read that means this step's value of a written name."""
        return name + UPDATED if name in self.carried else name

    def recorded_read(self, name: str) -> str:
        """The read that means the value of `name` after the step."""
        return self.written_read(name) if name in self.written else name
