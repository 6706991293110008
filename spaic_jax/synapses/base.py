"""What a link type is: how the spikes of one group become the input of another."""

import abc
import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Given, Initial, Normal, Op, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.program.op import reading

if TYPE_CHECKING:
    from spaic_jax.synapses.delays import SynapticDelay

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
        pre_position, post_position: where the neurons are, `[num, dims]`, or `None` where that is not said.
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
    pre_position: np.ndarray | None = None
    post_position: np.ndarray | None = None


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

    def build(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        """What a connection with this link adds to a program: as `lower` says, where the settings ask for no more."""
        return self.lower(ends)


@jax.custom_jvp
def quantized(weight: jax.Array) -> jax.Array:
    """The nearest whole number, halves to the even one, within -128 ... 128; its gradient is that of the identity.

    >>> quantized(jnp.array([0.5, 1.5, -2.7, 300.0])).tolist()
    [0.0, 2.0, -3.0, 128.0]
    """
    return jnp.clip(jnp.round(weight), -128, 128)


@quantized.defjvp
def _quantized_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    return quantized(*primals), tangents[0]


def sharing(
    variables: Iterable[Variable], ops: Iterable[Op], name: str, other: str
) -> tuple[list[Variable], list[Op], list[Variable]]:
    """A link that reads what another connection has: its states, its rows, and what it needs of the other's variables.

    Args:
        variables, ops: the link, as it is alone.
        name: full name of its connection.
        other: full name of the connection whose variables it reads.
    """
    own = [v for v in variables if v.role == "state"]
    needed = [dataclasses.replace(v, name=other + v.name.removeprefix(name)) for v in variables if v.role != "state"]
    renamed = {name + v.name.removeprefix(other): v.name for v in needed}
    return own, reading(ops, renamed), needed


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Weighted(Link):
    """A link with weights.

    Args:
        weight: an array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: an array, an initial value, or `None` for no bias.
        weight_quantization: whether the link computes with whole numbers, which are the weights rounded (halves to the
            even one) and brought within -128 ... 128. What is trained stays a float, whose gradient is that of the
            whole number (straight through).
    """

    #: The variables that are weights, by the last part of their names.
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    weight: Any = None
    bias: Any = None
    w_mean: float = 0.005
    w_std: float = 0.05
    w_min: float | None = None
    w_max: float | None = None
    weight_quantization: bool = False

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
        made = [self.variable(ends, "weight", shape, axes, self.drawn() if self.weight is None else self.weight)]
        if self.bias is not None:
            made.append(self.variable(ends, "bias", (biases,), "post" if axes == "post, pre" else "out", self.bias))
        return made

    def variable(self, ends: Ends, name: str, shape: tuple[int, ...], axes: str, value: Any) -> Variable:
        """A variable that is trained where the connection is, with the bounds of the weights if it is one of them.

        Raises:
            ValueError: when a given array has another shape.
        """
        init = as_initial(value)
        if isinstance(init, Given) and np.shape(init.value) != shape:
            raise ValueError(
                f"connection '{ends.name}': {name} has shape {np.shape(init.value)}, but needs {shape} ({axes})."
            )
        return Variable(
            f"{ends.name}.{name}", shape, role="parameter" if ends.trainable else "constant", init=init,
            bounds=(self.w_min, self.w_max) if name in self.weights else (None, None),
        )

    def build(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        variables, ops = self.lower(ends)
        if not self.weight_quantization:
            return variables, ops
        whole = {name: f"{name}.quantized" for name in (f"{ends.name}.{weight}" for weight in self.weights)}
        return variables, [*(Op(new, quantized, (name,)) for name, new in whole.items()), *reading(ops, whole)]
