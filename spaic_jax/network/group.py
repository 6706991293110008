"""A population of neurons."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.network.element import Element, element, named, names_of, shape_of
from spaic_jax.network.slice import Slice
from spaic_jax.neurons import NeuronModel, resolve_neuron
from spaic_jax.neurons.base import Range
from spaic_jax.neurons.reparametrise import resolve_reparametrisation
from spaic_jax.neurons.rows import model_rows
from spaic_jax.program import Context, Fragment, Mean, Record, Site


@element
class NeuronGroup(Element):
    """A population of neurons of one model.

    Args:
        num: number of neurons.
        model: name of a neuron model (see `spaic_jax.neurons.NEURONS`), or the model itself.
        shape: shape of the population, instead of or beside `num`.
        name: name in the network; by default that of the attribute or variable it is bound to.
        parameter_variables: names of model parameters that are trained, such as `["tau_m"]`.
        neuron_type: tags that the policies of a `Projection` look at, such as `"excitatory"`.
        neuron_position: where the neurons are, for links that depend on distance: an array or lists, `[num, dims]`.
        varible_ranges: `{name: (lowest, highest)}` for trained parameters (SPAIC's spelling); `None` leaves what the model
            says, see `NeuronModel.bounds`.
        reparametrise: `{name: "sigmoid"}` for time constants that are trained by their decay a step, as a sigmoid of a free
            number: the variable `"<name>_free"` takes the place of `"<name>"` (see `spaic_jax.neurons.Sigmoid`).
        **parameters: the model's parameters and choices; a number, or an array that broadcasts to the shape of the population
            and has as many axes, such as `[C, 1, 1]` for one number a channel.

    Raises:
        ValueError: no or contradictory size, unknown model or parameter (with the nearest right one), an array of the
            wrong shape, positions that are not one a neuron.

    Example:
        >>> NeuronGroup(100, model="lif", tau_m=20.0, reset="soft").shape
        (100,)
    """

    def __init__(
        self,
        num: int | None = None,
        model: str | NeuronModel = "clif",
        *,
        shape: tuple[int, ...] | None = None,
        name: str | None = None,
        neuron_type: str | Sequence[str] = (),
        neuron_position: Any = None,
        parameter_variables: Sequence[str] = (),
        varible_ranges: dict[str, Range] | None = None,
        reparametrise: dict[str, str] | None = None,
        **parameters: Any,
    ):
        size = shape_of("NeuronGroup", num, shape)
        resolved = resolve_neuron(model, **parameters)
        known = resolved.parameters()
        for wanted in (*parameter_variables, *(varible_ranges or ())):
            if wanted not in known:
                raise ValueError(unknown(f"parameter of a {type(resolved).__name__} to train", wanted, known))
        ranges = {wanted: _range(resolved, wanted, given) for wanted, given in (varible_ranges or {}).items()}
        for wanted, by in (reparametrise or {}).items():
            resolve_reparametrisation(by)
            if wanted not in parameter_variables:
                raise ValueError(f"NeuronGroup: {wanted} is reparametrised, but not trained: name it in parameter_variables.")
            if not (np.asarray(known[wanted]) > 0).all():
                raise ValueError(f"NeuronGroup: {wanted} must be positive to be reparametrised, not {known[wanted]!r}.")
        for wanted, value in (known | resolved.first_values()).items():
            if np.ndim(value) and not _spreads(np.shape(value), size):
                raise ValueError(
                    f"NeuronGroup of shape {size}: {wanted} has shape {np.shape(value)}, but needs one number or {size}"
                    ", where an axis may have length 1."
                )
        self._declare(
            shape=size,
            model=resolved,
            name=name,
            neuron_type=names_of(neuron_type, "NeuronGroup: neuron_type"),
            neuron_position=_positions(neuron_position, math.prod(size)),
            parameter_variables=tuple(parameter_variables),
            varible_ranges=ranges,
            reparametrise=dict(reparametrise or {}),
        )

    shape: tuple[int, ...]
    model: NeuronModel = dataclasses.field(metadata=named("model"))
    neuron_type: tuple[str, ...]
    neuron_position: np.ndarray | None
    parameter_variables: tuple[str, ...]
    varible_ranges: dict[str, Range]
    reparametrise: dict[str, str]

    def __getitem__(self, places: slice) -> Slice:
        """Some of its neurons as an end of connections."""
        return Slice.at(self, places)

    @property
    def num(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)

    @property
    def output(self) -> str:
        """The variable that others read by default."""
        return self.model.output

    def lower(self, site: Site, context: Context) -> Fragment:
        """The rows of the model, and how many neurons spike, for the health of a run."""
        reads = {variable: f"{site.name}.{variable}" for variable in context.received(self)}
        site = dataclasses.replace(site, takes=self.shape)
        free = {name: resolve_reparametrisation(by) for name, by in self.reparametrise.items()}
        rows = model_rows(
            site, context, self.model, reads=reads, trained=self.parameter_variables, ranges=self.varible_ranges, free=free
        )
        if not self.model.spiking:
            return rows
        spikes = f"{site.name}.O"
        return rows + Fragment(records=(Record(spikes, spikes, "health", Mean(), transform=jnp.mean),))


def _spreads(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether an array of a shape has one number a neuron, or one for all along some axes."""
    return len(shape) == len(size) and all(n in (1, m) for n, m in zip(shape, size, strict=True))


def _range(model: NeuronModel, name: str, given: Any) -> Range:
    """Lowest and highest value of a parameter, as Python's numbers."""
    try:
        low, high = (None if end is None else real(end, name) for end in given)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if low is not None and high is not None and low > high:
        raise ValueError(
            f"NeuronGroup: varible_ranges of {name} must be a lowest and a highest number, or None, not {given!r}."
        )
    field = model.parameter_fields().get(name)
    if field is not None and field.metadata["positive"] and low is not None and low <= 0:
        raise ValueError(f"NeuronGroup: varible_ranges of {name} must begin above 0, for {name} is positive, not at {given[0]!r}.")
    value = np.asarray(model.parameters()[name])
    if (low is not None and value.min() < low) or (high is not None and value.max() > high):
        raise ValueError(f"NeuronGroup: {name} is {model.parameters()[name]!r}, outside of its range in varible_ranges, {given!r}.")
    return low, high


def _positions(given: Any, num: int) -> np.ndarray | None:
    """Positions as a read-only array of float64, `[num, dims]`."""
    if given is None:
        return None
    try:
        positions = np.array(given)
    except ValueError:
        raise ValueError("NeuronGroup: neuron_position needs rows that are equally long.") from None
    if positions.dtype.kind not in "iuf" or positions.ndim != 2 or len(positions) != num or not positions.size:
        raise ValueError(
            f"NeuronGroup: neuron_position needs numbers of shape ({num}, dims), but got {positions.dtype} of shape"
            f" {positions.shape}."
        )
    if not np.isfinite(positions).all():
        raise ValueError("NeuronGroup: neuron_position must be finite.")
    positions = positions.astype(np.float64)
    positions.setflags(write=False)
    return positions
