"""The program: variables and the list of operations of one step, as one immutable value."""

import copy
import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from spaic_jax.program.check import CHECKED_BATCH, ProgramError, check_program
from spaic_jax.program.dependencies import Needs, dependencies
from spaic_jax.program.initial import Constant
from spaic_jax.program.op import UPDATED, Op, as_op
from spaic_jax.program.record import Record
from spaic_jax.program.variable import Role, Variable


def whole_steps(duration: float, dt: float, what: str) -> int:
    """The number of steps of `dt` in `duration`, both in ms.

    Raises:
        ValueError: when it is not a positive whole number, naming `what`.
    """
    count = round(duration / dt)
    if count < 1 or abs(count * dt - duration) > 1e-6 * dt * max(count, 1):
        raise ValueError(f"{what} must be a positive whole number of steps: {duration} ms is {duration / dt:g} steps of {dt} ms.")
    return count


@dataclasses.dataclass(frozen=True)
class Program:
    """What happens in one step of a simulation.

    Attributes:
        variables: every parameter, state, constant and input.
        ops: the rows, in the order in which they are carried out; an `Op` each, or SPAIC's tuple
            `(outputs, fn, inputs...)`.
        records: what a run keeps.
        dt: the length of a step in ms.
        initial_ops: rows carried out once, in order, when the variables are made: they read first values and write
            those of states. A later row overwrites an earlier one.

    Programs are hashable and comparable, print as a listing, and need no network: write one by hand and give it to
    `spaic_jax.build`. Making one checks it (names, reads, shapes and dtypes) without computing anything.

    Raises:
        ProgramError: naming the row and what is wrong with it.

    Example:
        >>> leak = Program(
        ...     variables=(Variable("x", (3,), role="input"), Variable("V", (3,)), Variable("decay", role="constant")),
        ...     ops=(Op("V", "var_linear", ("decay", "V", "x")),),
        ...     dt=1.0,
        ... )
        >>> print(leak)
        program: 3 variables, 1 op, dt 1 ms
          input     x      float32[B,3]
          state     V      float32[B,3]
          constant  decay  float32[]
          1  V = var_linear(decay, V, x)
    """

    variables: tuple[Variable, ...]
    ops: tuple[Op, ...]
    records: tuple[Record, ...] = ()
    dt: float = 0.1
    initial_ops: tuple[Op, ...] = ()

    _structs: ClassVar[Mapping[str, jax.ShapeDtypeStruct]]

    def __post_init__(self) -> None:
        for field in ("variables", "records"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        for field in ("ops", "initial_ops"):
            try:
                object.__setattr__(self, field, tuple(as_op(row) for row in getattr(self, field)))
            except ValueError as error:
                raise ProgramError(str(error)) from error
        if not (math.isfinite(self.dt) and self.dt > 0):
            raise ProgramError(f"dt must be a positive number of milliseconds, not {self.dt!r}.")
        object.__setattr__(self, "_structs", check_program(self))

    def struct(self, read: str, batch_size: int) -> jax.ShapeDtypeStruct:
        """Shape and dtype of what a read gives in one step."""
        struct = self._structs[read]
        shape = tuple(batch_size if n == CHECKED_BATCH else n for n in struct.shape)
        return jax.ShapeDtypeStruct(shape, struct.dtype)

    @functools.cached_property
    def by_name(self) -> Mapping[str, Variable]:
        """The variables by name."""
        return {variable.name: variable for variable in self.variables}

    @functools.cached_property
    def written(self) -> frozenset[str]:
        """Every name that an op writes."""
        return frozenset(name for op in self.ops for name in op.outputs)

    def dependencies(self) -> dict[int, Needs]:
        """Which rows each row needs, of this step and of the previous one, by their numbers in the listing.

        Example:
            >>> Program(
            ...     variables=(Variable("x", role="input"), Variable("V")),
            ...     ops=(Op("I", "relu", "x"), Op("V", "add", ("V", "I"))),
            ... ).dependencies()
            {1: Needs(this_step=(), previous_step=()), 2: Needs(this_step=(1,), previous_step=(2,))}
        """
        return dependencies(self)

    @property
    def float_dtype(self) -> str:
        """The dtype of the first floating variable, in which `[dt]` is given; float32 where there is none."""
        floating = (v.dtype for v in self.variables if jnp.issubdtype(jnp.dtype(v.dtype), jnp.floating))
        return next(floating, "float32")

    def astype(self, dtype: str) -> Self:
        """The same program with all floating variables in another dtype, such as `"bfloat16"`.

        Raises:
            ValueError: for what is no floating dtype.
            ProgramError: when a row cannot work in it, or for float64 without JAX's x64 mode.
        """
        if not jnp.issubdtype(jnp.dtype(dtype), jnp.floating):
            raise ValueError(f"a program can be turned into a floating dtype, not into {dtype!r}.")
        variables = tuple(
            dataclasses.replace(v, dtype=dtype) if jnp.issubdtype(jnp.dtype(v.dtype), jnp.floating) else v
            for v in self.variables
        )
        return dataclasses.replace(self, variables=variables)

    def in_training(self) -> Self:
        """The program of a step in training: rows that say so are replaced, such as those of dropout."""
        return dataclasses.replace(self, ops=tuple(op.training or op for op in self.ops))

    def of_role(self, role: Role) -> tuple[Variable, ...]:
        """The variables of one role, in order."""
        return tuple(variable for variable in self.variables if variable.role == role)

    @property
    def statistics(self) -> tuple[str, ...]:
        """The states that stay and that all samples share, such as running means: training carries them along."""
        return tuple(v.name for v in self.of_role("state") if v.stay and not v.batched)

    def is_state(self, name: str) -> bool:
        """Whether `name` is carried from step to step."""
        return name in self.by_name and self.by_name[name].role == "state"

    def written_read(self, name: str) -> str:
        """The read that means this step's value of a written name."""
        return name + UPDATED if self.is_state(name) else name

    def recorded_read(self, name: str) -> str:
        """The read that means the value of `name` after the step."""
        return self.written_read(name) if name in self.written else name

    @functools.cached_property
    def skeleton(self) -> Self:
        """The same program with no initial values: what is compiled depends on this much of it only."""
        bare = copy.copy(self)  # what the check has found stays true
        for cached in ("_hash", "by_name"):
            bare.__dict__.pop(cached, None)
        variables = tuple(dataclasses.replace(v, init=Constant()) for v in self.variables)
        object.__setattr__(bare, "variables", variables)
        object.__setattr__(bare, "initial_ops", ())
        return bare

    @functools.cached_property
    def _hash(self) -> int:
        return hash((self.variables, self.ops, self.records, self.dt, self.initial_ops))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        width = max((len(v.name) for v in self.variables), default=0)
        rows = []
        for v in self.variables:
            axes = (*(["B"] if v.batched else []), *map(str, v.shape))
            rows.append(f"  {v.role:9} {v.name:{width}}  {v.dtype}[{','.join(axes)}]")
        digits = len(str(len(self.ops)))
        rows += [f"  initially {op}" for op in self.initial_ops]
        rows += [f"  {i:{digits}}  {op}" for i, op in enumerate(self.ops, 1)]
        rows += [
            f"  {r.kind} {r.name} = {type(r.reduce).__name__.lower() if r.reduce else 'stack'}({r.variable})"
            for r in self.records
        ]
        count = f"{len(self.ops)} op" + ("" if len(self.ops) == 1 else "s")
        return "\n".join([f"program: {len(self.variables)} variables, {count}, dt {self.dt:g} ms", *rows])
