"""What a neuron model is: its parameters, its state, and one pure step."""

import abc
import dataclasses
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax.program import Initial
from spaic_jax.surrogate import AtanGrad, EventProp, Surrogate, resolve_surrogate

#: A model parameter: a number, or one number a neuron.
Parameter = Any


#: The first value of a state variable: a number, how it is drawn, or the name of the field that holds it.
First = float | str | Initial
Range = tuple[float | None, float | None]


def parameter(
    default: float | None, *, positive: bool = False, bounds: Range = (None, None), below: str | None = None
) -> Any:
    """A dataclass field that is a parameter of the equations, and so a variable of the program.

    Args:
        default: its value; `None` where it follows from the others.
        positive: whether other values are an error, at first and later: see `NeuronModel.bounds`.
        bounds: lowest and highest value when it is trained, unless the group says otherwise.
        below: another parameter that it must lie below.
    """
    domain = {"role": "parameter", "positive": positive, "bounds": bounds, "below": below}
    return dataclasses.field(default=default, metadata=domain)


def as_numbers(value: Any) -> Parameter:
    """A real number of any type as Python's own, or an array of them; `None` for what is neither.

    >>> as_numbers(np.float32(0.5)), as_numbers(np.array(3)), as_numbers("3"), as_numbers(True)
    (0.5, 3, None, None)
    """
    try:
        array = np.asarray(value)
        if not array.ndim:
            return array.item() if array.dtype.kind in "iuf" else real(value, "number")
    except ValueError:
        return None
    if array.dtype.kind in "iuf":
        return array
    # bfloat16 and its like are no types of NumPy's own.
    return array.astype(np.float32) if jnp.issubdtype(array.dtype, jnp.floating) else None


def first_value(default: float | None) -> Any:
    """A dataclass field that only says where a state variable begins; `initial` names it. `None`: `first` knows."""
    return dataclasses.field(default=default, metadata={"role": "first value"})


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NeuronModel(abc.ABC):
    """A frozen dataclass of parameters with a pure `step`.

    Fields made by `parameter` become variables of the program (constants, or trained parameters where the group says
    so), so that changing one compiles nothing. Fields made by `first_value` are read once. All other fields are choices,
    fixed when the step is compiled.

    A model is one file: the class with its equations, `initial`, `step`, and `coefficients` where something can be
    computed from the parameters once a run instead of once a step.
    """

    #: First value of each state variable: see `states`.
    initial: ClassVar[Mapping[str, First]]
    #: Types of the state variables that are not float32.
    dtypes: ClassVar[Mapping[str, str]] = {}
    #: State variables that count or add up over a long time: float32 in a program of half precision too.
    exact: ClassVar[tuple[str, ...]] = ()
    #: What a step gives besides its state, for who reads it in the same step, such as a monitor.
    shown: ClassVar[tuple[str, ...]] = ()
    #: What connections may write. One that none writes is zero.
    receives: ClassVar[tuple[str, ...]] = ("Isyn",)
    #: Whether `step` draws random numbers: it then takes a key in the end. Such a group needs no input.
    random: ClassVar[bool] = False
    #: Whether `"O"` are spikes, 0 or 1, of which a neuron can fire too few or too many.
    spiking: ClassVar[bool] = False
    #: The state variables that keep their value when a run starts afresh from earlier variables (SPAIC's `[stay]`).
    stay: ClassVar[tuple[str, ...]] = ()
    #: The variable that connections, decoders and monitors read by default.
    output: ClassVar[str] = "O"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            if field.metadata.get("role") not in ("parameter", "first value") or (value is None and field.default is None):
                continue
            self._check(name, value, field.metadata.get("positive", False))
            object.__setattr__(self, name, as_numbers(value))
        for name, limit in self._limits():
            value, highest = getattr(self, name), getattr(self, limit)
            if not (np.asarray(value) < np.asarray(highest)).all():
                raise ValueError(f"{type(self).__name__}: {name} must lie below {limit} {highest!r}, not be {value!r}.")

    def _check(self, name: str, value: Any, positive: bool) -> None:
        """ValueError unless a value is made of finite numbers."""
        given = as_numbers(value)
        if given is None or not np.isfinite(given).all():
            raise ValueError(f"{type(self).__name__}: {name} must be a finite number or an array, not {value!r}.")
        if positive and not (np.asarray(given) > 0).all():
            raise ValueError(f"{type(self).__name__}: {name} must be positive, not {value!r}.")

    def _limits(self) -> list[tuple[str, str]]:
        """Each parameter that must lie below another one, and that one."""
        pairs = [(name, field.metadata["below"]) for name, field in self.parameter_fields().items()]
        return [(name, limit) for name, limit in pairs if limit is not None and getattr(self, name) is not None]

    def _check_between(self, name: str, low: float, high: float) -> None:
        """ValueError unless a parameter lies between two numbers."""
        value = np.asarray(getattr(self, name))
        if not ((low <= value) & (value <= high)).all():
            raise ValueError(f"{type(self).__name__}: {name} must lie between {low:g} and {high:g}, not {getattr(self, name)!r}.")

    def states(self) -> Mapping[str, First]:
        """First value of each state variable: `initial`, where the model's choices or parameters make no difference.

        A model that has `"O"` among them finds the previous step's spikes there.
        """
        return self.initial

    def first(self, state: str) -> Any:
        """The first value of a state variable: a number, an array with one a neuron, or how it is drawn."""
        value = self.states().get(state, 0.0)
        return getattr(self, value) if isinstance(value, str) else value

    @classmethod
    def parameter_fields(cls) -> dict[str, dataclasses.Field[Any]]:
        """The fields that are parameters of the equations, by name."""
        return {f.name: f for f in dataclasses.fields(cls) if f.metadata.get("role") == "parameter"}

    def parameters(self) -> dict[str, Parameter]:
        """The value of every parameter of the equations; one left `None` follows from the others."""
        values = {name: getattr(self, name) for name in self.parameter_fields()}
        return {name: value for name, value in values.items() if value is not None}

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        """Lowest and highest value of a parameter, which training and `Simulator.set` keep to.

        What is positive stays where its equations mean something: a time constant (a name with `tau`) above the length of a
        step, everything else above a tenth of its default. A trained parameter also keeps to the bounds of its field and on
        its side of another one that it must lie below or above: short of that one's value, or of the middle between the
        two where both are trained. The declared value is within the bounds in any case.

        Args:
            name: the parameter.
            dt: length of a step, ms.
            trained: the parameters that are trained.
        """
        field, value = self.parameter_fields()[name], np.asarray(getattr(self, name), np.float64)
        default: Any = field.default
        lows: list[float | None] = []
        highs: list[float | None] = []
        if field.metadata["positive"]:
            lows.append(dt if "tau" in name else default / 10)
        if name in trained:
            low, high = field.metadata["bounds"]
            lows.append(low)
            highs.append(high)
            for lower, upper in self._limits():
                other = {lower: upper, upper: lower}.get(name)
                if other is not None:
                    ahead = np.asarray(getattr(self, other), np.float64)
                    edge = (value + ahead) / 2 if other in trained else ahead
                    (highs if name == lower else lows).append(float(edge.min() if name == lower else edge.max()))
        low = max((x for x in lows if x is not None), default=None)
        high = min((x for x in highs if x is not None), default=None)
        return (
            None if low is None else min(low, float(value.min())), None if high is None else max(high, float(value.max()))
        )

    def first_values(self) -> dict[str, Any]:
        """The value of every field that only says where a state variable begins."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata.get("role") == "first value"}

    def choices(self) -> dict[str, Any]:
        """Every field without a role: what is fixed when the step is compiled."""
        fixed = [f.name for f in dataclasses.fields(self) if "role" not in f.metadata]
        return {name: getattr(self, name) for name in fixed}

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        """What follows from the parameters `p` alone, such as `exp(-dt / tau)`; `step` finds it in `p`.

        A parameter that has no value is `None` in `p`, here and in `step`.
        """
        return {}

    def check_step(self, dt: float) -> None:
        """ValueError for a parameter that does not fit steps of `dt` ms."""

    @abc.abstractmethod
    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: Any) -> dict[str, jax.Array]:
        """One step: the new value of every state variable, and of the output `"O"` where the model has it.

        Args:
            p: parameters, coefficients, and `dt`, ms.
            state: the state variables after the previous step, `[B, *shape]`.
            current: this step's input current, `[B, *shape]`; a namespace of them where the model receives several.

        A model with `random = True` takes a random key as a fourth argument.
        """


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SpikingModel(NeuronModel):
    """A neuron model with a threshold, and so with a surrogate gradient.

    `surrogate` is a `spaic_jax.surrogate.Surrogate` or the name of one.
    """

    spiking: ClassVar[bool] = True
    #: Whether its step gives the derivative of spike times, which `EventProp` needs.
    timed: ClassVar[bool] = False
    surrogate: Surrogate | str = AtanGrad()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "surrogate", resolve_surrogate(self.surrogate))
        if isinstance(self.surrogate, EventProp) and not self.timed:
            raise ValueError(
                f"{type(self).__name__} got the surrogate EventProp, but that needs a neuron whose spike times it knows: CubaLIF."
            )

    def spike(self, x: jax.Array) -> jax.Array:
        """Heaviside of `x = V - v_th`, with the surrogate's gradient."""
        assert isinstance(self.surrogate, Surrogate)
        return self.surrogate(x)
