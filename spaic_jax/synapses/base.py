"""What a link type is: how the spikes of one group become the input of another."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from spaic_jax.program import Given, Initial, Normal, Op, Variable
from spaic_jax.program.initial import as_initial

if TYPE_CHECKING:
    from spaic_jax.synapses.delay import SynapticDelay

Sizes = Any  # one number for both axes of a map, or one each


def sequence(default: Any) -> Any:
    """A dataclass field that holds a number for all axes or one each, or several names; a list becomes a tuple."""
    return dataclasses.field(default=default, metadata={"sequence": True})


def lists_to_tuples(settings: Any) -> None:
    """Lists in the fields of a frozen dataclass that hold sequences become tuples, which are hashable."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.metadata.get("sequence") and isinstance(value, list):
            object.__setattr__(settings, field.name, tuple(value))


@dataclasses.dataclass(frozen=True)
class Ends:
    """The two ends of a connection, or of one part of it, as that part needs to know them.

    Attributes:
        name: full name of the part, prefix of its variables.
        source: the read that gives what it takes, `[B, *pre_shape]`.
        target: the name that its rows write, `[B, *post_shape]`.
        pre_shape, post_shape: shapes of one sample.
        trainable: whether the weights are parameters.
        dt: length of a step, ms.
        pre, post: full names of the presynaptic and the postsynaptic member.
        parameter_variables: names of other parameters that are trained.
        delay: of each synapse, for links that have one.
    """

    name: str
    source: str
    target: str
    pre_shape: tuple[int, ...]
    post_shape: tuple[int, ...]
    trainable: bool
    dt: float
    pre: str
    post: str
    parameter_variables: tuple[str, ...] = ()
    delay: "SynapticDelay | None" = None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Link(abc.ABC):
    """A frozen dataclass of a link's settings that lowers to variables and rows."""

    #: What `syn_type` calls the link itself.
    own: ClassVar[str] = "basic"
    #: `syn_type` where it is not given.
    usual: ClassVar[tuple[str, ...]] = ()
    #: Whether each synapse may have a delay of its own.
    delays_synapses: ClassVar[bool] = False

    def makes(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a sample of what it gives; `post_shape` is that of the postsynaptic group."""
        return post_shape

    @abc.abstractmethod
    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        """The variables of the link, and the rows that write `ends.target` from `ends.source`."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Weighted(Link):
    """A link with weights.

    Args:
        weight: an array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: an array, an initial value, or `None` for no bias.
    """

    weight: Any = None
    bias: Any = None
    w_mean: float = 0.005
    w_std: float = 0.05
    w_min: float | None = None
    w_max: float | None = None

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if self.w_std < 0:
            raise ValueError(f"{kind}: w_std must not be negative, got {self.w_std}.")
        if self.w_min is not None and self.w_max is not None and self.w_min > self.w_max:
            raise ValueError(f"{kind}: w_min must not exceed w_max, got {self.w_min} and {self.w_max}.")

    def drawn(self) -> Initial:
        """How weights that are not given are drawn."""
        return Normal(self.w_mean, self.w_std)

    def variables(self, ends: Ends, shape: tuple[int, ...], axes: str, biases: int) -> list[Variable]:
        """The weights of a shape, whose axes are called `axes`, and one bias for each of `biases`, if there are any.

        Raises:
            ValueError: when a given array has another shape.
        """
        values = {"weight": (shape, axes, self.drawn() if self.weight is None else self.weight)}
        if self.bias is not None:
            values["bias"] = ((biases,), "post" if axes == "post, pre" else "out", self.bias)
        made = []
        for name, (needed, meaning, value) in values.items():
            init = as_initial(value)
            if isinstance(init, Given) and np.shape(init.value) != needed:
                raise ValueError(
                    f"connection '{ends.name}': {name} has shape {np.shape(init.value)}, but needs {needed} ({meaning})."
                )
            made.append(
                Variable(
                    f"{ends.name}.{name}", needed, role="parameter" if ends.trainable else "constant", init=init,
                    bounds=(self.w_min, self.w_max) if name == "weight" else (None, None),
                )
            )
        return made
