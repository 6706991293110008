"""What a synapse type is: one part of what a connection does, beside its link."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import jax

from spaic_jax.neurons.base import NeuronModel
from spaic_jax.neurons.rows import model_rows
from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends


class Synapse(abc.ABC):
    """A frozen dataclass of settings that lowers to variables and rows, as a link does.

    A connection carries out its synapse types and its link in the order of `syn_type`.
    """

    #: Whether it comes before the link where `syn_type` does not name the link.
    presynaptic: ClassVar[bool] = False

    @abc.abstractmethod
    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a sample of what it gives, from that of what it takes; ValueError when it cannot take it."""

    @abc.abstractmethod
    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        """The variables, and the rows that write `ends.target` from `ends.source`."""


@dataclasses.dataclass(frozen=True)
class Reshaped:
    """A function of a batch whose samples then get another shape; comparable."""

    fn: Any
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return type(self.fn).__name__.lower()

    def __call__(self, *arrays: Any) -> Any:
        value = self.fn(*arrays)
        return value.reshape(value.shape[0], *self.shape)


class Pure(Synapse):
    """A synapse type without state: a function of what it takes."""

    @abc.abstractmethod
    def __call__(self, value: jax.Array) -> jax.Array:
        """What it gives, `[B, ...]`, of what it takes, `[B, ...]`."""

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return jax.eval_shape(self, jax.ShapeDtypeStruct((1, *shape), "float32")).shape[1:]

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        return (), [Op(ends.target, Reshaped(self, ends.post_shape), (ends.source,), name=ends.name)]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Dynamics(Synapse, NeuronModel):
    """A synapse type with equations: written as a neuron model is, with the input `"I"` and the output `"O"`.

    Its parameters may be trained: see `parameter_variables` of `Connection`. An input `"V"` is the postsynaptic
    membrane potential after the previous step.
    """

    receives: ClassVar[tuple[str, ...]] = ("I",)

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        for key, value in self.parameters().items():
            if getattr(value, "ndim", 0) and value.shape != ends.pre_shape:
                raise ValueError(
                    f"connection '{ends.name}': {key} has shape {value.shape}, but needs one number or {ends.pre_shape}."
                )
        reads = {"I": ends.source, "V": f"{ends.post}.V"}
        trained = [name for name in ends.parameter_variables if name in self.parameters()]
        return model_rows(ends.name, self, ends.pre_shape, ends.dt, reads, target=ends.target, trained=trained)
