"""The program: variables and the list of operations of one step, as one immutable value."""

import copy
import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from spaic_jax._numbers import LARGEST, real, shown
from spaic_jax.program.check import ProgramError, Structs, check_program
from spaic_jax.program.dependencies import Needs, dependencies
from spaic_jax.program.initial import Constant
from spaic_jax.program.listing import Listing
from spaic_jax.program.op import as_op
from spaic_jax.program.rounding import exact, rounding
from spaic_jax.program.variable import Variable

#: The fields of a program that hold rows.
ROWS = ("ops", "initial_ops", "begin_ops", "end_ops")


def step_length(dt: Any) -> float:
    """The length of a step, ms, as a number of Python's own; ProgramError unless it is positive and finite."""
    try:
        return real(dt, "dt", above=0)
    except ValueError:
        raise ProgramError(f"dt must be a positive number of milliseconds, not {shown(dt)}.") from None


def whole_steps(duration: float, dt: float, what: str) -> int:
    """The number of steps of `dt` in `duration`, both in ms.

    Raises:
        ValueError: when it is not a positive whole number, or one too large to count in, naming `what`.
    """
    try:
        duration = real(duration, what)
    except ValueError:
        raise ValueError(f"{what} must be a finite number of ms, not {shown(duration)}.") from None
    count = round(duration / dt)
    if count < 1 or abs(count * dt - duration) > 1e-6 * dt * max(count, 1):
        raise ValueError(f"{what} must be a positive whole number of steps: {duration} ms is {duration / dt:g} steps of {dt} ms.")
    if count > LARGEST:
        raise ValueError(f"{what} must be at most {LARGEST} steps: {duration:g} ms is {count:g} steps of {dt:g} ms.")
    return count


@dataclasses.dataclass(frozen=True)
class Program(Listing):
    """What happens in one step of a simulation.

    Attributes:
        variables: every parameter, plastic value, state, constant and input.
        ops: the rows, in the order in which they are carried out; an `Op` each, or SPAIC's tuple
            `(outputs, fn, inputs...)`. Those that are there only while learning, or only when not, are among them.
        records: what a run keeps.
        dt: the length of a step in ms.
        initial_ops: rows carried out once, in order, when the variables are made: they read first values and write
            those of states, constants and plastic values. A later row overwrites an earlier one.
        begin_ops, end_ops: rows carried out in the same way before the first and after the last step of a presentation;
            they write states and plastic values.
        learning: whether the rows of learning are carried out (`Simulator.train`), or those of a frozen network.

    Programs are hashable and comparable, print as a listing, and need no network: write one by hand and give it to
    `spaic_jax.build`. Making one checks it (names, reads, shapes and dtypes, in both modes) without computing anything.

    Raises:
        ProgramError: naming the row and what is wrong with it.

    Example:
        >>> from spaic_jax.program import Op
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

    _structs: ClassVar[Mapping[bool, Structs]]

    def __post_init__(self) -> None:
        for field in ("variables", "records"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        for field in ROWS:
            try:
                object.__setattr__(self, field, tuple(as_op(row) for row in getattr(self, field)))
            except ValueError as error:
                raise ProgramError(str(error)) from error
        object.__setattr__(self, "dt", step_length(self.dt))
        modes = {mode: check_program(self.in_mode(mode)) for mode in {self.learning, *self._modes()}}
        object.__setattr__(self, "_structs", {mode: modes.get(mode, modes[self.learning]) for mode in (False, True)})

    def _modes(self) -> set[bool]:
        """Both modes, where they differ."""
        rows = (op for field in ROWS for op in getattr(self, field))
        return {False, True} if any(op.when != "always" for op in rows) else set()

    def _changed(self, **fields: Any) -> Self:
        """A copy with other fields that change nothing of what the check has found."""
        other = copy.copy(self)
        for name in _cached(type(self)):
            other.__dict__.pop(name, None)
        for name, value in fields.items():
            object.__setattr__(other, name, value)
        return other

    def in_mode(self, learning: bool) -> Self:
        """The same program while it learns, or while it is frozen."""
        return self._changed(learning=learning)

    @property
    def blocks(self) -> int:
        """In how many blocks the synapses are that are stored as pairs: see `spaic_jax.build`."""
        return next((v.shape[0] for v in self.variables if "block" in v.dims[:1]), 1)

    def struct(self, read: str, batch_size: int) -> jax.ShapeDtypeStruct:
        """Shape and dtype of what a read gives in one step."""
        return self._structs[self.learning].of(read, batch_size)

    def dependencies(self) -> dict[int, Needs]:
        """Which rows each row needs, of this step and of the previous one, by their numbers in the listing.

        Example:
            >>> from spaic_jax.program import Op
            >>> Program(
            ...     variables=(Variable("x", role="input"), Variable("V")),
            ...     ops=(Op("I", "relu", "x"), Op("V", "add", ("V", "I"))),
            ... ).dependencies()
            {1: Needs(this_step=(), previous_step=()), 2: Needs(this_step=(1,), previous_step=(2,))}
        """
        return dependencies(self)

    def astype(self, dtype: str) -> Self:
        """The same program in another floating dtype, such as `"bfloat16"`.

        A half precision is for potentials, currents and weights only: what counts, keeps time or decays slowly, and the
        coefficients of the equations, stay float32 (`Variable.narrow` says which). Steps are computed in float32 and
        rounded at their end. Plastic values rest in float32 as well, where small changes add up: rows of learning read
        them so, all others rounded.

        Raises:
            ValueError: for what is no floating dtype.
            ProgramError: when a row cannot work in it, or for float64 without JAX's x64 mode.
        """
        if not jnp.issubdtype(jnp.dtype(dtype), jnp.floating):
            raise ValueError(f"a program can be turned into a floating dtype, not into {dtype!r}.")
        half = jnp.finfo(dtype).bits < 32

        def cast(v: Variable) -> Variable:
            if not jnp.issubdtype(jnp.dtype(v.dtype), jnp.floating) or (half and not v.narrow):
                return v
            return dataclasses.replace(v, dtype="float32" if half and v.role == "plastic" else dtype)

        ops = exact(self.ops)
        if half:
            ops = rounding(ops, [v.name for v in self.of_role("plastic") if v.narrow and cast(v) is not v], dtype)
        return dataclasses.replace(self, variables=tuple(cast(v) for v in self.variables), ops=ops)

    @functools.cached_property
    def skeleton(self) -> Self:
        """The same program with no initial values and checks of data: what is compiled depends on this much of it only."""
        variables = tuple(dataclasses.replace(v, init=Constant(), check=None) for v in self.variables)
        return self._changed(variables=variables, initial_ops=())

    @functools.cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in dataclasses.fields(self)))

    def __hash__(self) -> int:
        return self._hash

    def __getstate__(self) -> dict[str, Any]:
        """Without what is cached: hashes of names differ between processes."""
        return {name: value for name, value in self.__dict__.items() if name not in _cached(type(self))}

    def __str__(self) -> str:
        width = max((len(v.name) for v in self.variables), default=0)
        rows = []
        for v in self.variables:
            axes = (*(["B"] if v.batched else []), *map(str, v.shape))
            rows.append(f"  {v.role:9} {v.name:{width}}  {v.dtype}[{','.join(axes)}]")
        digits = len(str(len(self.ops)))
        for label, ops in (("initially", self.initial_ops), ("at the beginning", self.begin_ops)):
            rows += [f"  {label} {op}" for op in ops]
        rows += [f"  {i:{digits}}  {op}" for i, op in enumerate(self.ops, 1)]
        rows += [f"  at the end {op}" for op in self.end_ops]
        rows += [
            f"  {r.kind} {r.name} = {type(r.reduce).__name__.lower() if r.reduce else 'stack'}({r.variable})"
            for r in self.records
        ]
        count = f"{len(self.ops)} op" + ("" if len(self.ops) == 1 else "s")
        return "\n".join([f"program: {len(self.variables)} variables, {count}, dt {self.dt:g} ms", *rows])


def _cached(kind: type) -> frozenset[str]:
    """Names of the cached properties of a class."""
    return frozenset(
        name for base in kind.__mro__ for name, value in vars(base).items() if isinstance(value, functools.cached_property)
    )
