"""What a synapse type is: one part of what a connection does, beside its link."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np

from spaic_jax import ops
from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel
from spaic_jax.neurons.rows import model_rows
from spaic_jax.neurons.state import shown
from spaic_jax.program import Context, Fragment, Op, Site


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
    def lower(self, site: Site, context: Context) -> Fragment:
        """The variables, and the rows that write `site.target` from `site.source`."""


class Pure(Synapse):
    """A synapse type without state: an op of what it takes, `[B, ...]`."""

    #: The name of the op in `spaic_jax.ops`.
    op: ClassVar[str]

    def settings(self) -> Mapping[str, Any]:
        """The settings of the op."""
        return {}

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        value = jax.ShapeDtypeStruct((1, *shape), "float32")
        return jax.eval_shape(lambda value: ops.REGISTRY[self.op](value, **self.settings()), value).shape[1:]

    def lower(self, site: Site, context: Context) -> Fragment:
        return Fragment(ops=(Op(site.target, self.op, site.source, name=site.name, settings=self.settings()),))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Dynamics(Synapse, NeuronModel):
    """A synapse type with equations: written as a neuron model is, with the input `"I"` and the output `"O"`.

    Its parameters may be trained: see `parameter_variables` of `Connection`. An input `"V"` is the postsynaptic
    membrane potential after the previous step.
    """

    class State(NeuronModel.State):
        O: PerNeuron = shown()

    receives: ClassVar[tuple[str, ...]] = ("I",)

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def lower(self, site: Site, context: Context) -> Fragment:
        for key, value in self.parameters().items():
            if isinstance(value, np.ndarray) and value.ndim and value.shape != site.takes:
                raise ValueError(
                    f"connection '{site.name}': {key} has shape {value.shape}, but needs one number or {site.takes}."
                )
        reads = {"I": site.source, "V": context.before(site.owner.post, "V")}
        trained = [name for name in site.owner.parameter_variables if name in self.parameters()]
        return model_rows(site, context, self, reads=reads, trained=trained)
