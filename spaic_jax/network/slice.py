"""Some neurons of a group as an end of connections."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Op
from spaic_jax.program.op import UPDATED, base_name

if TYPE_CHECKING:
    from spaic_jax.network.element import Element
    from spaic_jax.network.group import NeuronGroup
    from spaic_jax.network.source import Source


@dataclasses.dataclass(frozen=True, repr=False)
class Slice:
    """`group[start:stop:step]`: some neurons of a group, or channels of an encoder or generator, as an end of a connection.

    It counts along the first axis, as an array's slice does: of a group of shape `(16, 5, 5)`, `group[:8]` has shape
    `(8, 5, 5)`. It is a value that names the group and the places, and no group of its own: the states stay where they are, its
    connections read a part of what the group gives and add to a part of what it takes. Where the two ends of a connection
    are slices of one group, it lies in a loop.

    Attributes:
        of: the group, encoder or generator.
        start, stop, step: its places along the first axis, counted from 0.

    Raises:
        ValueError: places that are not there, none at all, or a step that is not positive.
        TypeError: anything but a slice of whole numbers.

    Example:
        >>> from spaic_jax.network import Connection, Network, NeuronGroup
        >>> with Network() as net:
        ...     cells = NeuronGroup(1000, model="lif")
        ...     exc = Connection(cells[:800], cells, weight=0.1)
        ...     inh = Connection(cells[-200:], cells[::2], weight=-0.4)
        >>> cells[:800].num, exc.pre == cells[0:800], net.name_of(inh.pre), inh.post.shape
        (800, True, 'cells[800:]', (500,))
    """

    of: NeuronGroup | Source
    start: int
    stop: int
    step: int = 1

    def __post_init__(self) -> None:
        # Asked again when the group has become another one.
        if self.stop > self.of.shape[0]:
            raise ValueError(f"{_kind(self.of)} has no places {self.start} to {self.stop - 1}, which a slice of it needs.")

    @classmethod
    def at(cls, of: NeuronGroup | Source, places: Any) -> Self:
        """The slice that `of[places]` means."""
        if not isinstance(places, slice):
            raise TypeError(f"{_kind(of)} takes a slice such as [0:1] or [::2], not [{places!r}].")
        size, given = of.shape[0], (places.start, places.stop, places.step)
        text = f"[{':'.join('' if n is None else repr(n) for n in (given[:2] if places.step is None else given))}]"
        if any(n is not None and (isinstance(n, bool) or not isinstance(n, int | np.integer)) for n in given):
            raise TypeError(f"{_kind(of)} takes a slice of whole numbers, not {text}.")
        if places.step is not None and places.step < 1:
            raise ValueError(f"{_kind(of)} takes a slice with a step of at least 1, not {text}.")
        if any(n is not None and not -size <= n <= size for n in given[:2]):
            raise ValueError(f"{_kind(of)} has {size} places along its first axis, but was asked for {text}.")
        chosen = range(*places.indices(size))
        if not chosen:
            raise ValueError(f"{_kind(of)}: the slice {text} holds none of its {size} places.")
        # Slices of the same places are equal.
        return cls(of, chosen[0], chosen[-1] + 1, chosen.step if len(chosen) > 1 else 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return (len(range(self.start, self.stop, self.step)), *self.of.shape[1:])

    @property
    def num(self) -> int:
        """Number of neurons or channels."""
        return math.prod(self.shape)

    @property
    def output(self) -> str:
        """The variable that others read by default."""
        return self.of.output

    @property
    def model(self) -> Any:
        """The model of the group."""
        return getattr(self.of, "model", None)

    @property
    def neuron_type(self) -> tuple[str, ...]:
        """The tags of the group."""
        return getattr(self.of, "neuron_type", ())

    @property
    def neuron_position(self) -> np.ndarray | None:
        """Where its neurons are, `[num, dims]`."""
        all_of_them: np.ndarray | None = getattr(self.of, "neuron_position", None)
        if all_of_them is None:
            return None
        dims = all_of_them.shape[1]
        return all_of_them.reshape(self.of.shape[0], -1, dims)[slice(*self._places)].reshape(-1, dims)

    @property
    def label(self) -> str:
        """The places as they are written in square brackets."""
        start = self.start or ""
        stop = "" if self.stop - 1 + self.step >= self.of.shape[0] else self.stop
        return f"{start}:{stop}" + (f":{self.step}" if self.step > 1 else "")

    def __repr__(self) -> str:
        return f"{self.of.name or type(self.of).__name__}[{self.label}]"

    def reading(self, read: str) -> Op:
        """The row that takes its part of what the group gives; several connections share it."""
        name = f"{base_name(read)}.{self.label}"
        return Op(name if read.endswith(UPDATED) else f"{name}.before", taken, read, settings={"places": self._places})

    def writing(self, target: str) -> Op:
        """The row that adds what comes to it to what the group takes; its input is where connections write."""
        settings = {"places": self._places, "size": self.of.shape[0]}
        group, _, variable = target.rpartition(".")
        return Op(target, placed, f"{target}.{self.label}.input", name=f"{group}[{self.label}].{variable}", settings=settings)

    @property
    def _places(self) -> tuple[int, int, int]:
        return self.start, self.stop, self.step


def taken(value: jax.Array, *, places: tuple[int, int, int]) -> jax.Array:
    """A part of the first axis after that of the batch."""
    start, stop, step = places
    return jax.lax.slice_in_dim(value, start, stop, step, axis=1)


def placed(value: jax.Array, *, places: tuple[int, int, int], size: int) -> jax.Array:
    """The part in its place among zeros."""
    start, stop, step = places
    sides = [(0, 0, 0), (start, size - stop, step - 1), *((0, 0, 0) for _ in value.shape[2:])]
    return jax.lax.pad(value, jnp.zeros((), value.dtype), sides)


def member_of(end: Any) -> Any:
    """The member of the network that an end of a connection is, or is a slice of."""
    return end.of if isinstance(end, Slice) else end


def called(end: Any, name_of: Callable[[Element], str]) -> str:
    """The name of an end of a connection: `"cells"`, or `"cells[:800]"` of a slice."""
    return f"{name_of(end.of)}[{end.label}]" if isinstance(end, Slice) else name_of(end)


def _kind(of: NeuronGroup | Source) -> str:
    name = f" '{of.name}'" if of.name else ""
    return f"{type(of).__name__}{name} of shape {of.shape}"
