"""What a neuron model is: its parameters, its state, and one pure step."""

import abc
import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import jax
import numpy as np

from spaic_jax.surrogate import AtanGrad, Surrogate, resolve_surrogate

#: A model parameter: a number, or one number a neuron.
Parameter = Any


def parameter(default: float | None, *, positive: bool = False) -> Any:
    """A dataclass field that is a parameter of the equations, and so a variable of the program."""
    return dataclasses.field(default=default, metadata={"parameter": True, "positive": positive})


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NeuronModel(abc.ABC):
    """A frozen dataclass of parameters with a pure `step`.

    Fields made by `parameter` become variables of the program (constants, or trained parameters where the group says
    so), so that changing one compiles nothing; all other fields are choices, fixed when the step is compiled.

    A model is one file: the class with its equations, `initial`, `step`, and `coefficients` where something can be
    computed from the parameters once a run instead of once a step.
    """

    #: First value of each state variable.
    initial: ClassVar[Mapping[str, float]]
    #: The state variables that keep their value when a run starts afresh from earlier variables (SPAIC's `[stay]`).
    stay: ClassVar[tuple[str, ...]] = ()
    #: The variable that connections, decoders and monitors read by default.
    output: ClassVar[str] = "O"

    def __post_init__(self) -> None:
        for name, field in self.parameter_fields().items():
            value = getattr(self, name)
            if value is None and field.default is None:
                continue
            array = np.asarray(value)
            if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
                raise ValueError(f"{type(self).__name__}: {name} must be a finite number or an array, not {value!r}.")
            if field.metadata["positive"] and not (array > 0).all():
                raise ValueError(f"{type(self).__name__}: {name} must be positive, not {value!r}.")

    @classmethod
    def parameter_fields(cls) -> dict[str, dataclasses.Field[Any]]:
        """The fields that are parameters of the equations, by name."""
        return {f.name: f for f in dataclasses.fields(cls) if f.metadata.get("parameter")}

    def parameters(self) -> dict[str, Parameter]:
        """The value of every parameter of the equations; one left `None` follows from the others."""
        values = {name: getattr(self, name) for name in self.parameter_fields()}
        return {name: value for name, value in values.items() if value is not None}

    def choices(self) -> dict[str, Any]:
        """Every field that is no parameter: what is fixed when the step is compiled."""
        fixed = [f.name for f in dataclasses.fields(self) if not f.metadata.get("parameter")]
        return {name: getattr(self, name) for name in fixed}

    def coefficients(self, p: SimpleNamespace, dt: float) -> dict[str, jax.Array]:
        """What follows from the parameters `p` alone, such as `exp(-dt / tau)`; `step` finds it in `p`."""
        return {}

    @abc.abstractmethod
    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        """One step: the new value of every state variable, and of the spikes `"O"` where the model spikes.

        Args:
            p: parameters and coefficients.
            state: the state variables after the previous step, `[B, *shape]`.
            current: this step's input current, `[B, *shape]`.
        """


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SpikingModel(NeuronModel):
    """A neuron model with a threshold, and so with a surrogate gradient.

    `surrogate` is a `spaic_jax.surrogate.Surrogate` or the name of one.
    """

    surrogate: Surrogate | str = AtanGrad()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "surrogate", resolve_surrogate(self.surrogate))

    def spike(self, x: jax.Array) -> jax.Array:
        """Heaviside of `x = V - v_th`, with the surrogate's gradient."""
        assert isinstance(self.surrogate, Surrogate)
        return self.surrogate(x)


@dataclasses.dataclass(frozen=True)
class ModelFunction:
    """A model's `step` or `coefficients` as a function of arrays: comparable, so that equal programs compile once.

    `arguments` names what the arrays are; two networks that differ in parameter values only share this function.
    """

    kind: type[NeuronModel]
    choices: tuple[tuple[str, Any], ...]
    method: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    dt: float

    @classmethod
    def of(cls, model: NeuronModel, method: str, arguments: tuple[str, ...], results: tuple[str, ...], dt: float) -> Self:
        """The function of a model."""
        return cls(type(model), tuple(sorted(model.choices().items())), method, arguments, results, dt)

    def __str__(self) -> str:
        return f"{self.kind.__name__}.{self.method}"

    def values(self, *arrays: jax.Array) -> dict[str, jax.Array]:
        """What the method returns, by name."""
        model = self.kind(**dict(self.choices))
        given = dict(zip(self.arguments, arrays, strict=True))
        if self.method == "coefficients":
            return model.coefficients(SimpleNamespace(**given), self.dt)
        current = given.pop("Isyn")
        state = SimpleNamespace(**{name: given.pop(name) for name in model.initial})
        # One value a neuron gets a batch axis of size one, so that shapes meet without rank promotion.
        p = SimpleNamespace(**{name: array[None] if array.ndim else array for name, array in given.items()})
        return model.step(p, state, current)

    def __call__(self, *arrays: jax.Array) -> tuple[jax.Array, ...]:
        values = self.values(*arrays)
        return tuple(values[name] for name in self.results)
