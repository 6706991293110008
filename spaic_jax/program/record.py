"""What a run keeps of its variables, and how it reduces them over time."""

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax._numbers import whole
from spaic_jax.program.op import Settings


class Reduction(abc.ABC):
    """A reduction over time that takes any number of steps at once: `init`, then `update` with `[K, ...]` values.

    Reducing as the run goes keeps one array of one step's size instead of all of time.
    """

    @abc.abstractmethod
    def init(self, value: jax.Array) -> Any:
        """The start, a pytree, for values shaped like `value` (one step)."""

    @abc.abstractmethod
    def update(self, total: Any, values: jax.Array, positions: jax.Array, steps: int) -> Any:
        """Take in `values`, whose first axis is time.

        Args:
            total: what is kept so far.
            values: `[K, ...]`, of K steps that follow each other.
            positions: the number of each of them in this run, int32 `[K]`.
            steps: number of steps of the run; an int32 array in a run in chunks, whose positions go on over them.
        """

    #: Whether it can leave out steps that a sample does not have: see `update_there`.
    leaves_out: ClassVar[bool] = False

    def update_there(self, total: Any, values: jax.Array, positions: jax.Array, steps: int, there: jax.Array) -> Any:
        """As `update`, of samples some of which are over in some of the steps.

        Args:
            total, positions, steps: as of `update`.
            values: `[K, B, ...]`, zeros where a sample is over. That they change nothing is what `leaves_out` says, unless this
                is overridden.
            there: `[K, B]`, whether a sample has the step; `[K]`, whether any has, where values are not of samples.
        """
        return self.update(total, values, positions, steps)

    def finish(self, total: Any, steps: int) -> jax.Array:
        """The result after `steps` steps; of each sample's, in an array that goes with its values, where they differ."""
        result: jax.Array = total
        return result


@dataclasses.dataclass(frozen=True)
class Sum(Reduction):
    """The sum over time; float32 at least, as half precision counts to 256 only."""

    leaves_out: ClassVar = True

    def init(self, value: jax.Array) -> jax.Array:
        return jnp.zeros(value.shape, wide(value.dtype))

    def update(self, total: jax.Array, values: jax.Array, positions: jax.Array, steps: int) -> jax.Array:
        return total + values.sum(0, dtype=total.dtype)


@dataclasses.dataclass(frozen=True)
class Mean(Sum):
    """The mean over time."""

    def finish(self, total: jax.Array, steps: int) -> jax.Array:
        return total / jnp.asarray(steps, total.dtype)


@dataclasses.dataclass(frozen=True)
class Max(Reduction):
    """The largest value over time. Its gradient goes to the first step that reaches it, whatever the tile."""

    leaves_out: ClassVar = True

    def init(self, value: jax.Array) -> jax.Array:
        kind = value.dtype
        if jnp.issubdtype(kind, jnp.bool_):
            return jnp.zeros_like(value)
        return jnp.full_like(value, jnp.iinfo(kind).min if jnp.issubdtype(kind, jnp.integer) else -jnp.inf)

    def update_there(self, total: Any, values: jax.Array, positions: jax.Array, steps: int, there: jax.Array) -> jax.Array:
        there = there.reshape(*there.shape, *(1,) * (values.ndim - there.ndim))
        return self.update(total, jnp.where(there, values, self.init(values)), positions, steps)

    def update(self, total: jax.Array, values: jax.Array, positions: jax.Array, steps: int) -> jax.Array:
        largest = jnp.take_along_axis(values, values.argmax(0, keepdims=True), axis=0)[0]
        return jnp.where(largest > total, largest, total)


@dataclasses.dataclass(frozen=True)
class Last(Reduction):
    """The value of the last step."""

    leaves_out: ClassVar = True

    def init(self, value: jax.Array) -> jax.Array:
        return jnp.zeros_like(value)

    def update(self, total: jax.Array, values: jax.Array, positions: jax.Array, steps: int) -> jax.Array:
        return values[-1]

    def update_there(self, total: Any, values: jax.Array, positions: jax.Array, steps: int, there: jax.Array) -> jax.Array:
        count = there.sum(0, keepdims=True, dtype=jnp.int32).reshape(1, *there.shape[1:], *(1,) * (values.ndim - there.ndim))
        last = jnp.take_along_axis(values, jnp.maximum(count - 1, 0), axis=0)
        return jnp.where(count > 0, last, total[None])[0]


@dataclasses.dataclass(frozen=True)
class Steps:
    """Which steps of a run a record looks at, counted from 0 at the run's beginning.

    Attributes:
        every: each `every`-th step.
        start: the first step that may be looked at; steps `start`, `start + every`, ... are.
        stop: the step before which looking ends; `None` for the end of the run.
        last: only this many of them, the last ones; `None` for all.

    Raises:
        ValueError: a number that is not positive (`start`: negative), or an end before the start.

    >>> Steps(every=2, start=1, last=2).of(8)
    range(5, 9, 2)
    """

    every: int = 1
    start: int = 0
    stop: int | None = None
    last: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("every", 1), ("start", 0), ("stop", self.start + 1), ("last", 1)):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, whole(value, name, least=least))

    def of(self, count: int) -> range:
        """Those of a run of `count` steps."""
        chosen = range(self.start, count if self.stop is None else min(self.stop, count), self.every)
        return chosen if self.last is None else chosen[-self.last :]


@dataclasses.dataclass(frozen=True)
class Record:
    """What a probe or a decoder keeps: `transform(variable)` of steps, reduced over time or stacked.

    Attributes:
        name: the key of the value in the run's result.
        variable: the variable or temporary looked at, after the step has written it.
        kind: `"probe"`, `"output"` or `"health"` (a spike rate): in which part of the result the value appears.
        reduce: how steps are put together; `None` stacks them, time first.
        steps: the steps that are looked at; no other one is kept at any time.
        bins: stacked records hold the means over bins of so many of these steps, the last of which may be shorter.
        transform: a pure, hashable function of the value of one step, batch axis in front.
        finish: a pure, hashable function of the reduced or stacked value: `finish(value, *constants, **settings)`.
        constants: names of constants that `finish` takes.
        settings: keyword arguments of `finish`, of hashable values.
        padded: whether `finish` makes of a sample that ends before the run what it makes of it alone, of stacked steps where
            all that come after are zeros. Where there is none, it does.
    """

    name: str
    variable: str
    kind: str = "probe"
    reduce: Reduction | None = None
    steps: Steps = Steps()
    bins: int = 1
    transform: Callable[[Any], Any] | None = None
    finish: Callable[..., Any] | None = None
    constants: tuple[str, ...] = ()
    settings: Settings = ()
    padded: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", tuple(sorted(dict(self.settings).items())))

    def finished(self, value: Any, fixed: Mapping[str, Any]) -> Any:
        """The record of the run, from its reduced or stacked value and what does not change in the run."""
        if self.finish is None:
            return value
        return self.finish(value, *(fixed[name] for name in self.constants), **dict(self.settings))

    def ends(self, count: int) -> list[int]:
        """For each row of a stacked record, how many steps of a run of `count` are over when it is complete."""
        kept = self.steps.of(count)
        return [kept[min(i + self.bins, len(kept)) - 1] + 1 for i in range(0, len(kept), self.bins)]
