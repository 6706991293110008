"""What monitors have in common: what they look at, and the record that is kept for them."""

import abc
import dataclasses
from typing import Any, cast

from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element, element
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.monitors.index import Axis, Index, Places, Seen, checked_index, places_of
from spaic_jax.network.reward import Reward
from spaic_jax.network.slice import Slice
from spaic_jax.network.source import Source
from spaic_jax.program import Context, Fragment, Record, Reduction, Site, Steps


@element
class Monitor(Element, abc.ABC):
    """Keeps something of a variable over a run: the result's `probes[name]`.

    Args:
        target: a group, an encoder, or a slice of one, which stands for the group with that `index`; a connection (whose variables
            are such as `"weight"`), or a reward (`"reward"`).
        var_name: the variable, such as `"V"`; its value after the step, as a monitor of SPAIC sees it.
        index: which neurons are kept: a whole number, a list of them, a slice, or a tuple with one of these for each axis.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Raises:
        ValueError: when the network is lowered, an index that is not there, and times that are no whole numbers of steps.
        TypeError: a target that has no variables, or an index of another kind.
    """

    target: NeuronGroup | Source | Slice | Connection | Reward
    var_name: str = dataclasses.field(kw_only=True)
    index: Index = dataclasses.field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if isinstance(self.target, Slice):
            if checked_index(kind, self.index):
                raise ValueError(f"{kind}: index came beside the slice {self.target!r}: give one of them.")
            self._set(target=self.target.of, index=slice(self.target.start, self.target.stop, self.target.step))
        if not isinstance(self.target, NeuronGroup | Source | Connection | Reward):
            raise TypeError(f"{kind}: the target must be a group, an encoder, a connection or a reward, not {self.target!r}.")
        self._set(index=checked_index(kind, self.index))
        super().__post_init__()

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its record.

        Raises:
            ValueError: an index that is not there, or times that are no whole numbers of steps.
        """
        variable = f"{context.name_of(self.target)}.{self.var_name}"
        declared = context.variable(variable)
        shape: Any = getattr(self.target, "shape", ()) if declared is None else declared.shape
        return Fragment(records=(self._record(site.name, variable, shape, declared is None or bool(declared.batched), context),))

    def _record(self, name: str, variable: str, shape: tuple[int, ...], batched: bool, context: Context) -> Record:
        """What the program keeps of a variable, one sample of which has a shape."""
        index = cast(tuple[Axis, ...], self.index)
        if len(index) > len(shape):
            raise ValueError(f"monitor '{name}': index has {len(index)} axes, but '{variable}' has shape {shape}.")
        try:
            places = tuple(places_of(chosen, size) for chosen, size in zip(index, shape, strict=False))
        except IndexError as error:
            raise ValueError(f"monitor '{name}': {error} of '{variable}', which has shape {shape}.") from error
        seen = self.seen(places, batched)
        transform = None if seen == Seen(batched=batched) else seen
        return Record(name, variable, "probe", self.reduction, self.steps(name, context), transform=transform)

    @property
    def reduction(self) -> Reduction | None:
        """How what is kept is reduced over time; `None` stacks it."""
        return None

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        """What it keeps of the value of a step."""
        return Seen(places, batched)

    @abc.abstractmethod
    def steps(self, name: str, context: Context) -> Steps:
        """The steps of a run that it looks at; `name` is its own, for errors."""
