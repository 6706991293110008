"""Sources that need no data, and the table of their names."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._tables import resolve
from spaic_jax.program import Constant, Given, Op, Variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Generating:
    """A frozen dataclass of a source's values: numbers, or one number a neuron. They are constants of the program.

    `emit(on, *values, dt, step)` gives the output of a step; `on` is one for every neuron, `[B, *shape]`, and `step` the
    number of steps done since the variables were made. A random source takes a key first.
    """

    emit: ClassVar[Callable[..., jax.Array]]
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, value in self.values().items():
            array = np.asarray(value)
            if array.dtype.kind not in "iuf" or np.isnan(array).any():
                raise ValueError(f"{type(self).__name__}: {name} must be a number or an array, not {value!r}.")

    def values(self) -> dict[str, Any]:
        """Every value by name; an end that is `None` is never reached."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: math.inf if value is None else value for name, value in fields.items()}

    def lower(self, name: str, shape: tuple[int, ...]) -> tuple[Sequence[Variable], Sequence[Op]]:
        """The variables of the source `name`, and the row that writes its output.

        Raises:
            ValueError: for an array that does not have one number a neuron.
        """
        on = Variable(f"{name}.on", shape, init=Constant(1.0))
        variables = [on]
        for key, value in self.values().items():
            if np.ndim(value) and np.shape(value) != shape:
                raise ValueError(f"generator '{name}': {key} has shape {np.shape(value)}, but needs one number or {shape}.")
            init = Given(np.asarray(value, np.float32)) if np.ndim(value) else Constant(float(value))
            variables.append(Variable(f"{name}.{key}", np.shape(value), role="constant", init=init))
        reads = (*(v.name for v in variables), "[dt]", "[step]")
        op = Op(f"{name}.O", type(self).emit, reads, name=f"{name}.O", random=self.random)
        return [*variables, Variable(f"{name}.O", shape)], [op]


def _each(on: jax.Array, value: jax.Array) -> jax.Array:
    """A value for every neuron of every sample."""
    return on * (value[None] if value.ndim else value)


def _within(dt: jax.Array, step: jax.Array, start: jax.Array, end: jax.Array) -> jax.Array:
    """Whether a step begins within a window of times, the end not counted; times may be a little off by rounding."""
    time = step.astype(dt.dtype) * dt
    return (time >= start - 1e-3 * dt) & (time < end - 1e-3 * dt)


def _poisson(
    key: jax.Array, on: jax.Array, rate: jax.Array, weight: jax.Array, unit_conversion: jax.Array, start: jax.Array,
    end: jax.Array, dt: jax.Array, step: jax.Array,
) -> jax.Array:
    spikes = jax.random.uniform(key, on.shape, on.dtype) < _each(on, rate) * unit_conversion
    return jnp.where(spikes & _within(dt, step, start, end), _each(on, weight), 0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PoissonGenerator(Generating):
    """A spike of size `weight` in each step with probability `rate * unit_conversion`, whatever the length of a step.

    Args:
        rate: a number, or one a neuron.
        weight: size of a spike.
        unit_conversion: probability for a rate of one.
        start_time, end_time: steps that begin within them, ms, may have spikes; no end when `None`.

    Source: SPAIC, `poisson_generator`.

    >>> PoissonGenerator(rate=2.0).unit_conversion
    0.1
    """

    emit: ClassVar = staticmethod(_poisson)
    random: ClassVar = True
    rate: Any = 1.0
    weight: Any = 1.0
    unit_conversion: float = 0.1
    start_time: float = 0.0
    end_time: float | None = None


def _poisson_rate(key: jax.Array, on: jax.Array, rate: jax.Array, dt: jax.Array, step: jax.Array) -> jax.Array:
    return (jax.random.uniform(key, on.shape, on.dtype) < _each(on, rate) * dt).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PoissonRate(Generating):
    """A spike in each step with probability `rate * dt`: `rate` spikes a ms.

    Args:
        rate: a number, or one a neuron, 1/ms.

    Source: SPAIC, `poisson_generator2`, whose second plane of zeros (sub-step times) is left out.

    >>> PoissonRate(rate=0.01).rate
    0.01
    """

    emit: ClassVar = staticmethod(_poisson_rate)
    random: ClassVar = True
    rate: Any = 1.0


def _constant(on: jax.Array, amp: jax.Array, dt: jax.Array, step: jax.Array) -> jax.Array:
    return _each(on, amp)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CurrentGenerator(Generating):
    """`amp` in every step.

    Args:
        amp: a number, or one a neuron.

    Source: SPAIC, `cc_generator`.

    >>> CurrentGenerator(amp=[0.1, 0.2]).amp
    [0.1, 0.2]
    """

    emit: ClassVar = staticmethod(_constant)
    amp: Any = 1.0


def _sine(on: jax.Array, amp: jax.Array, period: jax.Array, dt: jax.Array, step: jax.Array) -> jax.Array:
    # The phase is taken of a step within its period, as float32 loses the phase of a large time.
    phase = jnp.remainder(step.astype(dt.dtype) * dt, _each(on, period)) / _each(on, period)
    return _each(on, amp) * jnp.sin(2 * jnp.pi * phase)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SineGenerator(Generating):
    """`amp * sin(2 pi t / period)`, with t the time at which a step begins.

    Args:
        amp: amplitude, a number or one a neuron.
        period: ms, a number or one a neuron.

    Raises:
        ValueError: for a period that is not positive.

    Source: SPAIC, `sin_generator`.

    >>> SineGenerator(amp=1.5, period=5.0).period
    5.0
    """

    emit: ClassVar = staticmethod(_sine)
    amp: Any = 1.0
    period: Any = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (np.asarray(self.period) > 0).all():
            raise ValueError(f"SineGenerator: period must be positive, got {self.period!r}.")


def _ramp(
    on: jax.Array, slope: jax.Array, amp: jax.Array, base: jax.Array, end: jax.Array, dt: jax.Array, step: jax.Array
) -> jax.Array:
    time = step.astype(dt.dtype) * dt
    value = _each(on, amp) * (_each(on, slope) * time + _each(on, base))
    return jnp.where(_within(dt, step, jnp.zeros_like(end), end), value, 0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RampGenerator(Generating):
    """`amp * (slope * t + base)` until `end_time`, then zero, with t the time at which a step begins, ms.

    Args:
        slope: rise a ms, a number or one a neuron.
        amp, base: numbers, or one a neuron.
        end_time: ms; no end when `None`.

    Source: SPAIC, `ramp_generator`.

    >>> RampGenerator(slope=2.0).amp
    0.001
    """

    emit: ClassVar = staticmethod(_ramp)
    slope: Any = 1.0
    amp: Any = 0.001
    base: Any = 0.0
    end_time: float | None = None


GENERATORS: dict[str, type[Generating]] = {
    "cc_generator": CurrentGenerator,
    "constant_current": CurrentGenerator,
    "poisson_generator": PoissonGenerator,
    "poisson_generator2": PoissonRate,
    "ramp": RampGenerator,
    "ramp_generator": RampGenerator,
    "sin": SineGenerator,
    "sin_generator": SineGenerator,
}


def resolve_generator(coding_method: str | Generating, **settings: Any) -> Generating:
    """The source of a name and its settings, or the source itself."""
    return resolve("generator", GENERATORS, Generating, coding_method, settings)
