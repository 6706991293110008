"""What the fields of a model hold: the parameters of its equations, first values and choices; and what is drawn of them."""

import dataclasses
import itertools
from collections.abc import Collection, Mapping
from typing import Any, Self

import numpy as np

from spaic_jax._numbers import FLOAT32
from spaic_jax.neurons.fields import Range, Value, as_numbers, extremes
from spaic_jax.program import Initial

#: So many drawn parameters are checked at all their ends together; more of them at all low ones and all high ones.
_CORNERS = 8


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Parametrised:
    """A frozen dataclass with fields made by `parameter` and `first_value`; all others are choices."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            if field.metadata.get("role") not in ("parameter", "first value") or (value is None and field.default is None):
                continue
            self._check(name, value, field.metadata.get("positive", False))
            if not isinstance(value, Initial):
                object.__setattr__(self, name, as_numbers(value))
        for name, limit in self._limits():
            value, highest = getattr(self, name), getattr(self, limit)
            below = extremes(value), extremes(highest)
            if isinstance(value, Initial) or isinstance(highest, Initial):
                # What is drawn beyond the other one is brought back to its side.
                below = below[0].min(), below[1].max()
            if not np.all(np.less(*below)):
                raise ValueError(f"{type(self).__name__}: {name} must lie below {limit} {highest!r}, not be {value!r}.")

    def _check(self, name: str, value: object, positive: bool) -> None:
        """ValueError unless a value is made of finite numbers."""
        if isinstance(value, Initial):
            if name in self.first_values():
                return
            if value.ends is None or not np.isfinite(value.ends).all():
                raise ValueError(f"{type(self).__name__}: {name} is drawn one a neuron, by Normal or Uniform, not by {value!r}.")
            if positive and not value.ends[1] > 0:
                raise ValueError(f"{type(self).__name__}: {name} must be positive, not drawn from {value!r}.")
            return
        given = as_numbers(value)
        if given is None or not np.isfinite(given).all():
            raise ValueError(f"{type(self).__name__}: {name} must be a finite number or an array, not {value!r}.")
        if not (np.abs(given) <= FLOAT32).all():
            raise ValueError(f"{type(self).__name__}: {name} must lie within {-FLOAT32:g} and {FLOAT32:g}, as float32 does, not be {value!r}.")
        if positive and not (np.asarray(given) > 0).all():
            raise ValueError(f"{type(self).__name__}: {name} must be positive, not {value!r}.")

    @classmethod
    def parameter_fields(cls) -> dict[str, dataclasses.Field[Any]]:
        """The fields that are parameters of the equations, by name."""
        return {f.name: f for f in dataclasses.fields(cls) if f.metadata.get("role") == "parameter"}

    def parameters(self) -> dict[str, Value]:
        """The value of every parameter of the equations; one left `None` follows from the others."""
        values = {name: getattr(self, name) for name in self.parameter_fields()}
        return {name: value for name, value in values.items() if value is not None}

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        """Lowest and highest value of a parameter, which training and `Simulator.set` keep to.

        What is positive stays where its equations mean something: a time constant (a name with `tau`) above the length of a
        step, everything else above a tenth of its default. A trained parameter also keeps to the bounds of its field and on
        its side of another one that it must lie below or above: short of that one's value, or of the middle between the
        two where both are trained. The declared value is within the bounds in any case. What is drawn is brought within them,
        and to its side of another one.

        Args:
            name: the parameter.
            dt: length of a step, ms.
            trained: the parameters that are trained.
        """
        field, given = self.parameter_fields()[name], getattr(self, name)
        value, drawn = extremes(given), isinstance(given, Initial)
        default: Any = field.default
        lows: list[float | None] = []
        highs: list[float | None] = []
        if field.metadata["positive"]:
            lows.append(dt if "tau" in name else default / 10)
        if name in trained:
            low, high = field.metadata["bounds"]
            lows.append(low)
            highs.append(high)
        if name in trained or drawn:
            for lower, upper in self._limits():
                other = {lower: upper, upper: lower}.get(name)
                if other is not None:
                    ahead = extremes(getattr(self, other))
                    if isinstance(getattr(self, other), Initial):
                        ahead = ahead.mean()
                    moves = other in trained or isinstance(getattr(self, other), Initial)
                    edge = np.asarray(((value.mean() if drawn else value) + ahead) / 2 if moves else ahead)
                    (highs if name == lower else lows).append(float(edge.min() if name == lower else edge.max()))
        low = max((x for x in lows if x is not None), default=None)
        high = min((x for x in highs if x is not None), default=None)
        if drawn:
            return low, high
        return (
            None if low is None else min(low, float(value.min())), None if high is None else max(high, float(value.max()))
        )

    def first_values(self) -> dict[str, Value]:
        """The value of every field that only says where a state variable begins; one left `None` follows from the others."""
        names = [f.name for f in dataclasses.fields(self) if f.metadata.get("role") == "first value"]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def choices(self) -> dict[str, Any]:
        """Every field without a role: what is fixed when the step is compiled."""
        fixed = [f.name for f in dataclasses.fields(self) if "role" not in f.metadata]
        return {name: getattr(self, name) for name in fixed}

    def drawn(self) -> dict[str, Initial]:
        """The parameters and first values that are drawn one a neuron."""
        return {name: x for name, x in (self.parameters() | self.first_values()).items() if isinstance(x, Initial)}

    def typical(self) -> Self:
        """The model with the middle of its range for all that is drawn."""
        drawn = self.drawn()
        return self._with({name: float(np.mean(x.ends or 0.0)) for name, x in drawn.items()}) if drawn else self

    def extreme(self, dt: float) -> Self:
        """The model with arrays for all parameters that are drawn: the ends of their ranges, along a first axis."""
        drawn = [name for name, value in self.parameters().items() if isinstance(value, Initial)]
        if not drawn:
            return self
        ends = []
        for name in drawn:
            low, high = self.bounds(name, dt)
            ends.append(np.clip(extremes(self.parameters()[name]), -np.inf if low is None else low, np.inf if high is None else high))
        corners = np.array([*(itertools.product(*ends) if len(ends) <= _CORNERS else zip(*ends, strict=True))])
        arrays = {name: np.asarray(x)[None] for name, x in self.parameters().items() if isinstance(x, np.ndarray)}
        axes = max((x.ndim - 1 for x in arrays.values()), default=0)
        return self._with(arrays | {name: corners[:, i].reshape(-1, *(1,) * axes) for i, name in enumerate(drawn)})

    def _with(self, values: Mapping[str, Any]) -> Self:
        """The same model with other parameters, unchecked."""
        new = object.__new__(type(self))
        vars(new).update({**vars(self), **values})
        return new

    def _limits(self) -> list[tuple[str, str]]:
        """Each parameter that must lie below another one, and that one."""
        pairs = [(name, field.metadata["below"]) for name, field in self.parameter_fields().items()]
        return [(name, limit) for name, limit in pairs if limit is not None and getattr(self, name) is not None]

    def _check_between(self, name: str, low: float, high: float) -> None:
        """ValueError unless a parameter lies between two numbers."""
        value = extremes(getattr(self, name))
        if not ((low <= value) & (value <= high)).all():
            raise ValueError(f"{type(self).__name__}: {name} must lie between {low:g} and {high:g}, not {getattr(self, name)!r}.")
