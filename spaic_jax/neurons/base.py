"""What a neuron model is: its parameters, its state, and one pure step."""

import abc
import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import OptionalParameter, Value, first_value
from spaic_jax.neurons.parameters import Parametrised
from spaic_jax.neurons.state import ModelState, StateVariable, shown
from spaic_jax.program import Initial
from spaic_jax.program.initial import as_initial
from spaic_jax.surrogate import AtanGrad, EventProp, Surrogate, resolve_surrogate

T = TypeVar("T")


class coefficient(functools.cached_property[T]):  # noqa: N801
    """A property of a model that follows from its parameters and `dt` alone: computed once a run, not once a step.

    It is an array, or a tuple or dictionary of arrays that are computed together.
    """


def first_of(value: Value, shape: tuple[int, ...]) -> Initial:
    """How a state begins; an array holds for all that it broadcasts over."""
    return as_initial(np.broadcast_to(value, shape) if isinstance(value, np.ndarray) else value)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NeuronModel(Parametrised, abc.ABC):
    """A frozen dataclass of parameters with a pure `step`.

    Fields made by `parameter` become variables of the program (constants, or trained parameters where the group says
    so), so that changing one compiles nothing. Fields made by `first_value` are read once; every variable of the `State` has
    one of its own name, by which its first value can be said, such as `V=-60.0`. All other fields are choices, fixed when the
    step is compiled.

    A parameter or a first value is a number, an array with one a neuron, or an `Initial` such as `Uniform(-65, -50)`, of which
    each neuron draws its own when the variables are made. What is drawn of a parameter is kept within its `bounds`; a state
    that begins with a parameter begins with the one that the neuron drew.

    A model is one file: the class with its equations, the variables of its `State`, `step`, and a `coefficient` for what can
    be computed from the parameters once a run instead of once a step.
    """

    class State(ModelState):
        """The variables of the model, by `variable` and `shown`."""

    #: What connections may write. One that none writes is zero.
    receives: ClassVar[tuple[str, ...]] = ("Isyn",)
    #: Whether `step` draws random numbers: it then takes a key in the end. Such a group needs no input.
    random: ClassVar[bool] = False
    #: Whether `step` needs the time at which it begins: it is then `t`, ms.
    clocked: ClassVar[bool] = False
    #: Whether `"O"` are spikes, 0 or 1, of which a neuron can fire too few or too many.
    spiking: ClassVar[bool] = False
    #: The variable that connections, decoders and monitors read by default.
    output: ClassVar[str] = "O"

    def __init_subclass__(cls) -> None:
        """A field for the first value of every state variable that has none."""
        super().__init_subclass__()
        for name, carried in cls.State.names().items():
            if carried and name != "O" and not hasattr(cls, name):
                cls.__annotations__[name] = OptionalParameter
                setattr(cls, name, first_value(None))

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_first_values()

    def _check_first_values(self) -> None:
        """ValueError for the first value of a state that is not there, or that cannot be drawn."""
        states = self.states()
        for name, known in self.State.names().items():
            if not known or name not in self.first_values():
                continue
            if name not in states:
                raise ValueError(f"{type(self).__name__}: {name} has no first value, for it is there with {known.where} only.")
            if isinstance(getattr(self, name), Initial) and not jnp.issubdtype(known.dtype, jnp.floating):
                raise ValueError(f"{type(self).__name__}: {name} is of dtype {known.dtype}: give numbers, not a distribution.")

    def states(self) -> dict[str, StateVariable]:
        """The variables that are carried from step to step.

        A model that has `"O"` among them finds the previous step's spikes there.
        """
        fields = self.State.names().items()
        return {name: v for name, v in fields if v and (v.where is None or np.any(getattr(self, v.where)))}

    @property
    def shown(self) -> tuple[str, ...]:
        """What a step gives besides what is carried and the output `"O"`."""
        return tuple(name for name, carried in self.State.names().items() if not carried and name != "O")

    def first(self, state: str) -> Value | str:
        """Where a state variable begins unless its first value is said: a value, or the name of the field that holds it."""
        return self.states()[state].first if state in self.states() else 0.0

    def begins(self, state: str) -> Value | str:
        """Where a state variable begins: a value, or the name of the field that holds it.

        What follows from drawn parameters in another way, such as gates at rest, follows from the middle of their range.
        """
        return state if state in self.first_values() else self.typical().first(state)

    def begin(self, state: str) -> Value:
        """The first value of a state variable: a number, an array with one a neuron, or how it is drawn."""
        found = self.begins(state)
        value: Value = getattr(self, found) if isinstance(found, str) else found
        return value

    @classmethod
    def in_a_run(cls, choices: Mapping[str, Any], parameters: Mapping[str, Any], **known: Any) -> Self:
        """The model that `step` sees: its parameters are arrays, or `None` where one has no value.

        Args:
            choices: as `choices` gives them.
            parameters: value of each parameter.
            **known: `dt`, and the coefficients, as far as they are known already.
        """
        model = object.__new__(cls)
        vars(model).update({**choices, **dict.fromkeys(cls.parameter_fields()), **parameters, **known})
        return model

    def first_step(self, *inputs: PerNeuron, dt: float) -> ModelState:
        """One step by hand, from where the state begins: what `step` gives for the inputs that the model `receives`.

        What is drawn has the middle of its range.

        >>> from spaic_jax.neurons import LIF
        >>> LIF(v_th=1.0).first_step(jnp.array([[0.5, 1.5]]), dt=1.0).O.tolist()
        [[0.0, 1.0]]
        """
        shape, key = inputs[0].shape, jax.random.key(0)
        known = self.typical()
        state = {name: first_of(known.begin(name), shape)(key, shape, v.dtype) for name, v in self.states().items()}
        values = {name: jnp.asarray(value, jnp.float32) for name, value in known.parameters().items()}
        parameters = {name: value[None] if value.ndim else value for name, value in values.items()}
        model = self.in_a_run(self.choices(), parameters, dt=dt, t=jnp.float32(0))
        return model.step(self.State.of(state), *inputs, *([key] if self.random else []))

    @functools.cached_property
    def dt(self) -> float:
        """Length of a step, ms, for `step` and coefficients."""
        raise AttributeError(f"{type(self).__name__}: dt is known within a run only.")

    @functools.cached_property
    def t(self) -> jax.Array:
        """The time at which a step begins, ms, since the variables were made, for the `step` of a model that is `clocked`."""
        raise AttributeError(f"{type(self).__name__}: t is known within a step only, of a model that is clocked.")

    @classmethod
    def coefficients(cls) -> tuple[str, ...]:
        """The names of its coefficients."""
        return tuple(sorted({name for kind in cls.__mro__ for name, value in vars(kind).items() if isinstance(value, coefficient)}))

    def check_step(self, dt: float) -> None:
        """ValueError for a parameter that does not fit steps of `dt` ms."""

    @abc.abstractmethod
    def step(self, state: Any, *inputs: Any, **none: Any) -> ModelState:
        """One step: the new value of every variable of the `State`.

        In a step the model's own parameters and coefficients are arrays, `[1, *shape]` or a number, and `dt` is known, ms.

        Args:
            state: the `State` after the previous step, `[B, *shape]`; a variable that is not carried is `None` in it.
            *inputs: this step's input current, `[B, *shape]`, or each that the model `receives`; then a random key if it is
                `random`.
        """


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SpikingModel(NeuronModel):
    """A neuron model with a threshold, and so with a surrogate gradient.

    `surrogate` is a `spaic_jax.surrogate.Surrogate` or the name of one.
    """

    class State(NeuronModel.State):
        O: PerNeuron = shown()

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

    def spike(self, x: PerNeuron) -> PerNeuron:
        """Heaviside of `x = V - v_th`, with the surrogate's gradient."""
        assert isinstance(self.surrogate, Surrogate)
        return self.surrogate(x)
