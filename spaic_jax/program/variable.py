"""A variable of a program: its name, shape and part, without a value."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, get_args

import jax.numpy as jnp

from spaic_jax._numbers import real, whole
from spaic_jax.program.initial import Constant, Initial, as_initial

Role = Literal["parameter", "plastic", "state", "constant", "input"]
Axes = Literal["time", "held", "either"]
#: What an axis counts. The neurons of a group are postsynaptic to what reaches them; a map is one of a convolution's, and a block some of
#: the neurons (`spaic_jax.build`).
Dim = Literal["post", "pre", "map", "synapse", "block"]


@dataclasses.dataclass(frozen=True)
class Variable:
    """One named array of a program.

    Attributes:
        name: full name, such as `"hidden.V"` or `"image->hidden.weight"`.
        shape: shape of one sample, without time and batch.
        dtype: NumPy name of the element type.
        role: who changes the value. `"parameter"`: an optimiser, by its gradient; `"plastic"`: rows, only in runs that
            learn (`Simulator.train`), such as weights of a local learning rule and running statistics, which last over
            runs; `"state"`: rows, from step to step; `"constant"`: nobody; `"input"`: each run's data.
        init: how the first value is made: an `Initial`, or what stands for one (a number, an array, a name such as
            `"kaiming_normal"`, a function of `spaic_jax.ops.INITIALISERS`).
        bounds: lowest and highest value it may take, `None` where it is free.
        batched: whether the array has a batch axis in front. State and inputs have by default.
        narrow: whether a program in half precision (`Program.astype`) stores it in half: not what counts, keeps time or
            decays slowly.
        axes: for an input, whether it is given as `[T, B, *shape]` (`"time"`), as `[B, *shape]` and held for the
            whole run (`"held"`), or as either of them (`"either"`), told apart by the number of axes.
        optional: whether an input may be left out, and is zero then.
        derived: for an input that may be left out, another input and a function of all of it, `[T, B, *shape]`, that gives
            this one, `[B, ...]`, such as the largest value of a sequence. A single step cannot tell it. For a constant, other
            constants and a function of their values and of this one's shape: it follows wherever one of them is made, set or read.
        check: for an input, a hashable function `check(what, array, steps)` that raises ValueError on numbers that it cannot
            take; called before a run with what is not traced.
        stay: whether a state keeps its value when a run starts afresh from earlier variables (SPAIC's `[stay]`), such as
            a slowly adapting threshold.
        limit: the largest size of a number that has any sense in the unit of a state; a run in which it is larger has diverged.
            `None` where the unit is not known: see `spaic_jax.plan.watch`.
        ring: whether a state holds what is under way for many steps, of which a step changes a few places: a plan has it once,
            whatever the number of steps that it takes at once, and looks for what is beyond all bounds where it arrives.
        dims: what each axis of the shape counts, `None` where that has no name; empty where none has. What a mesh of devices shares
            out it finds by these names: see `spaic_jax.distributed.Layout`.

    Raises:
        ValueError: for an empty name, a negative axis, an unknown role or dtype, `stay` of what is no state, a limit that is not positive,
            names of axes that are unknown or not as many as there are axes.
    """

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    role: Role = "state"
    init: Initial = Constant(0.0)
    bounds: tuple[float | None, float | None] = (None, None)
    batched: bool | None = None
    narrow: bool = True
    axes: Axes = "time"
    optional: bool = False
    derived: tuple[tuple[str, ...], Callable[..., Any]] | None = None
    check: Callable[[str, Any, int | None], None] | None = None
    stay: bool = False
    limit: float | None = None
    ring: bool = False
    dims: tuple[Dim | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or "[" in self.name:
            raise ValueError(f"a variable needs a name without '[', not {self.name!r}.")
        try:
            object.__setattr__(self, "shape", tuple(whole(n, "size") for n in self.shape))
        except ValueError:
            raise ValueError(f"variable '{self.name}': the shape must hold positive whole numbers, not {self.shape}.") from None
        for field, kind in (("role", Role), ("axes", Axes)):
            if getattr(self, field) not in get_args(kind):
                raise ValueError(
                    f"variable '{self.name}': {field} must be one of {get_args(kind)}, not {getattr(self, field)!r}."
                )
        object.__setattr__(self, "init", as_initial(self.init))
        try:
            jnp.dtype(self.dtype)
        except TypeError:
            raise ValueError(f"variable '{self.name}': {self.dtype!r} is not the name of a dtype.") from None
        if self.stay and self.role != "state":
            raise ValueError(f"variable '{self.name}': only a state can stay, not a {self.role}.")
        if self.limit is not None:
            real(self.limit, f"variable '{self.name}': limit", above=0)
        object.__setattr__(self, "dims", tuple(self.dims))
        if self.dims and (len(self.dims) != len(self.shape) or not {*self.dims} <= {None, *get_args(Dim)}):
            raise ValueError(
                f"variable '{self.name}': dims must name each axis of {self.shape} by one of {get_args(Dim)} or None, not {self.dims}."
            )
        if self.batched is None:
            object.__setattr__(self, "batched", self.role in ("state", "input"))

    def sized(self, batch_size: int) -> tuple[int, ...]:
        """The shape of this step's value, with the batch axis where the variable has one."""
        return (batch_size, *self.shape) if self.batched else self.shape

    @property
    def counted(self) -> tuple[str | None, ...]:
        """What each axis of this step's value counts, `"batch"` in front where the variable has one for it.

        >>> Variable("hidden.V", (3,), dims=("post",)).counted
        ('batch', 'post')
        """
        return (*(("batch",) if self.batched else ()), *(self.dims or (None,) * len(self.shape)))
