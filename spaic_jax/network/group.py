"""A population of neurons."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.network.element import Element, element, named, names_of, shape_of
from spaic_jax.network.slice import Slice
from spaic_jax.neurons import NeuronModel, resolve_neuron
from spaic_jax.neurons.fields import Range, Value, extremes
from spaic_jax.neurons.receptors import Receptor, resolve_receptor
from spaic_jax.neurons.reparametrise import resolve_reparametrisation
from spaic_jax.neurons.rows import model_rows
from spaic_jax.program import Context, Fragment, Initial, Mean, Record, Site, Variable
from spaic_jax.program.variable import Dim

#: What the axes of a population count, by their number.
_DIMS: dict[int, tuple[Dim | None, ...]] = {1: ("post",), 3: ("map", None, None)}


@dataclasses.dataclass(frozen=True)
class RateOfBlocks:
    """The mean over the neurons of each block, `[B, blocks]`: devices that share out samples or blocks ask each other nothing in a step.

    Attributes:
        blocks: how many there are.

    >>> RateOfBlocks(2)(jnp.array([[0.0, 1.0, 1.0, 1.0]])).tolist()
    [[0.5, 1.0]]
    """

    blocks: int

    def __call__(self, spikes: jax.Array) -> jax.Array:
        return spikes.reshape(spikes.shape[0], self.blocks, -1).mean(2)


@element
class NeuronGroup(Element):
    """A population of neurons of one model.

    Args:
        num: number of neurons.
        model: name of a neuron model (see `spaic_jax.neurons.NEURONS`), or the model itself.
        shape: shape of the population, instead of or beside `num`.
        name: name in the network; by default that of the attribute or variable it is bound to.
        receptors: conductances or currents of the group with dynamics of their own, by names that connections give as
            `post_var_name`: `{"exc": ExponentialReceptor(tau=5.0, E=0.0), "nmda": "nmda"}`, receptors or names of them
            (see `spaic_jax.neurons.receptors.RECEPTORS`). What they give is added to `"Isyn"`, so the units are those of the
            model: nS and mV for a model in pA. Their variables are such as `"exc.g"`.
        parameter_variables: names of model parameters that are trained, such as `["tau_m"]`; `"exc.tau"` of a receptor.
        neuron_type: tags that the policies of a `Projection` look at, such as `"excitatory"`.
        neuron_position: where the neurons are, for links that depend on distance: an array or lists, `[num, dims]`.
        varible_ranges: `{name: (lowest, highest)}` for trained parameters (SPAIC's spelling); `None` leaves what the model
            says, see `NeuronModel.bounds`.
        reparametrise: `{name: "sigmoid"}` for time constants that are trained by their decay a step, as a sigmoid of a free
            number: the variable `"<name>_free"` takes the place of `"<name>"` (see `spaic_jax.neurons.Sigmoid`).
        **parameters: the model's parameters and choices, and first values of its state variables, such as `V=-60.0`; a number,
            an array that broadcasts to the shape of the population and has as many axes, such as `[C, 1, 1]` for one number
            a channel, or an `Initial` such as `Normal(-60.0, 5.0)`, from which each neuron draws its own: see `NeuronModel`.

    Raises:
        ValueError: no or contradictory size, unknown model or parameter (with the nearest right one), an array of the
            wrong shape, positions that are not one a neuron; a receptor whose name is taken, or of a model without an input
            `"Isyn"` or, with `E`, without a membrane potential `V`.

    Example:
        >>> NeuronGroup(100, model="lif", tau_m=20.0, reset="soft").shape
        (100,)
        >>> from spaic_jax.program import Normal
        >>> cells = NeuronGroup(100, model="aeif", V=Normal(-70.0, 3.0), receptors={"exc": "exponential"})
        >>> cells.receives
        ('Isyn', 'exc')
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
        receptors: Mapping[str, str | Receptor] | None = None,
        parameter_variables: Sequence[str] = (),
        varible_ranges: dict[str, Range] | None = None,
        reparametrise: dict[str, str] | None = None,
        **parameters: Any,
    ):
        size = shape_of("NeuronGroup", num, shape)
        resolved = resolve_neuron(model, **parameters)
        found = _receptors(receptors, resolved)
        known = _all(resolved, found, "parameters")
        for wanted in (*parameter_variables, *(varible_ranges or ())):
            if wanted not in known:
                raise ValueError(unknown(f"parameter of a {type(resolved).__name__} to train", wanted, known))
        ranges = {wanted: _range(resolved, found, wanted, given) for wanted, given in (varible_ranges or {}).items()}
        for wanted, by in (reparametrise or {}).items():
            resolve_reparametrisation(by)
            if wanted not in parameter_variables:
                raise ValueError(f"NeuronGroup: {wanted} is reparametrised, but not trained: name it in parameter_variables.")
            if isinstance(known[wanted], Initial):
                raise ValueError(f"NeuronGroup: {wanted} is drawn, but to be reparametrised it must be a number or an array.")
            if not (np.asarray(known[wanted]) > 0).all():
                raise ValueError(f"NeuronGroup: {wanted} must be positive to be reparametrised, not {known[wanted]!r}.")
        for wanted, value in (known | _all(resolved, found, "first_values")).items():
            if isinstance(value, np.ndarray) and value.ndim and not _spreads(value.shape, size):
                raise ValueError(
                    f"NeuronGroup of shape {size}: {wanted} has shape {value.shape}, but needs one number or {size}"
                    ", where an axis may have length 1."
                )
        self._declare(
            shape=size,
            model=resolved,
            name=name,
            neuron_type=names_of(neuron_type, "NeuronGroup: neuron_type"),
            neuron_position=_positions(neuron_position, math.prod(size)),
            receptors=found,
            parameter_variables=tuple(parameter_variables),
            varible_ranges=ranges,
            reparametrise=dict(reparametrise or {}),
        )

    shape: tuple[int, ...]
    model: NeuronModel = dataclasses.field(metadata=named("model"))
    neuron_type: tuple[str, ...]
    neuron_position: np.ndarray | None
    receptors: dict[str, Receptor]
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

    @property
    def _parts(self) -> tuple[Any, ...]:
        return (*super()._parts, *self.receptors.values())

    @property
    def receives(self) -> tuple[str, ...]:
        """What connections may write: the inputs of the model, and the receptors."""
        return (*self.model.receives, *self.receptors)

    @property
    def states(self) -> tuple[str, ...]:
        """The variables of the model and of the receptors that are carried from step to step."""
        return (*self.model.states(), *(f"{name}.{state}" for name, part in self.receptors.items() for state in part.states()))

    def lower(self, site: Site, context: Context) -> Fragment:
        """The rows of the receptors and of the model, and how many neurons spike, for the health of a run."""
        reads = {variable: f"{site.name}.{variable}" for variable in context.received(self)}
        site, current = dataclasses.replace(site, takes=self.shape), f"{site.name}.Isyn"
        rows = Fragment()
        for name, receptor in self.receptors.items():
            inside = dataclasses.replace(site, name=f"{site.name}.{name}", target=current)
            given = {"increment": reads[name]} if name in reads else {}
            if receptor.E is not None:
                given["V"] = f"{site.name}.V"
            rows += model_rows(inside, context, receptor, reads=given, **self._training(f"{name}."))
            reads["Isyn"] = current
        rows += model_rows(site, context, self.model, reads=reads, **self._training(""))
        rows = dataclasses.replace(rows, variables=tuple(self._counted(v) for v in rows.variables))
        if not self.model.spiking:
            return rows
        spikes = f"{site.name}.O"
        rate = RateOfBlocks(context.blocks_of(self.shape))
        return rows + Fragment(records=(Record(spikes, spikes, "health", Mean(), transform=rate, finish=jnp.mean, padded=True),))

    @property
    def in_blocks(self) -> bool:
        """Whether several devices may each have some of the neurons, which lie in blocks along the first axis."""
        return len(self.shape) in _DIMS

    def _counted(self, v: Variable) -> Variable:
        """A variable that has a number for each neuron, with the names of its axes."""
        return dataclasses.replace(v, dims=_DIMS.get(len(self.shape), ())) if v.shape == self.shape else v

    def _training(self, prefix: str) -> dict[str, Any]:
        """What is said of the parameters whose names begin with a prefix, by their names without it."""

        def of(names: Any) -> list[str]:
            return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]

        return {
            "trained": of(self.parameter_variables),
            "ranges": {name: self.varible_ranges[prefix + name] for name in of(self.varible_ranges)},
            "free": {name: resolve_reparametrisation(self.reparametrise[prefix + name]) for name in of(self.reparametrise)},
        }


def _receptors(given: Mapping[str, str | Receptor] | None, model: NeuronModel) -> dict[str, Receptor]:
    """The receptors by name; ValueError for those that a model cannot have."""
    if not isinstance(given, Mapping | None):
        raise ValueError(f"NeuronGroup: receptors must be receptors by their names, such as {{'exc': 'exponential'}}, not {given!r}.")
    own, kind = {*model.receives, *model.State.names(), *model.states(), *model.parameters(), "O"}, type(model).__name__
    found = {}
    for name, receptor in (given or {}).items():
        if not isinstance(name, str) or not name.isidentifier() or name in own | {*model.coefficients(), "coefficients"}:
            raise ValueError(f"NeuronGroup: {name!r} cannot name a receptor of a {kind}: it must be a word, and none of its own.")
        found[name] = resolve_receptor(receptor)
        if "Isyn" not in model.receives:
            raise ValueError(f"NeuronGroup: a {kind} has no input Isyn, which the receptor '{name}' needs.")
        if found[name].E is not None and ("V" not in (states := model.states()) or not jnp.issubdtype(states["V"].dtype, jnp.floating)):
            raise ValueError(f"NeuronGroup: a {kind} has no membrane potential V of real numbers, which the receptor '{name}' with E needs.")
    return found


def _all(model: NeuronModel, receptors: Mapping[str, Receptor], what: str) -> dict[str, Value]:
    """Parameters or first values of a model and of receptors, these by their full names."""
    values: dict[str, Value] = getattr(model, what)()
    return values | {f"{name}.{key}": x for name, part in receptors.items() for key, x in getattr(part, what)().items()}


def _spreads(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether an array of a shape has one number a neuron, or one for all along some axes."""
    return len(shape) == len(size) and all(n in (1, m) for n, m in zip(shape, size, strict=True))


def _range(model: NeuronModel, receptors: Mapping[str, Receptor], full: str, given: Any) -> Range:
    """Lowest and highest value of a parameter, as Python's numbers."""
    part, _, name = full.rpartition(".")
    owner = receptors.get(part, model)
    try:
        low, high = (None if end is None else real(end, full) for end in given)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if low is not None and high is not None and low > high:
        raise ValueError(
            f"NeuronGroup: varible_ranges of {full} must be a lowest and a highest number, or None, not {given!r}."
        )
    field = owner.parameter_fields().get(name)
    if field is not None and field.metadata["positive"] and low is not None and low <= 0:
        raise ValueError(f"NeuronGroup: varible_ranges of {full} must begin above 0, for {full} is positive, not at {given[0]!r}.")
    declared = owner.parameters()[name]
    value = extremes(declared)
    # What is drawn is brought within the range.
    outside = (low is not None and value.min() < low) or (high is not None and value.max() > high)
    if outside and not isinstance(declared, Initial):
        raise ValueError(f"NeuronGroup: {full} is {declared!r}, outside of its range in varible_ranges, {given!r}.")
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
