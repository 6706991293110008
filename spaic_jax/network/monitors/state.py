"""What a variable is, over a run."""

import math
from collections.abc import Sequence
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.monitors.index import Places, Seen, checked_index, places_of
from spaic_jax.network.source import Source
from spaic_jax.program import Context, Fragment, Last, Max, Mean, Op, Record, Reduction, Site, Steps, Sum, Variable
from spaic_jax.program.program import whole_steps

REDUCTIONS: dict[str, Reduction] = {"sum": Sum(), "mean": Mean(), "max": Max(), "last": Last()}


class StateMonitor(Element):
    """Keeps a variable: the result's `probes[name]`, `[T, B, *shape]`, or reduced over time.

    The times of what is kept are `times[name]` of the result, in ms: those at which the steps end, counted from the first
    step of the first run. Only what is asked for is kept at any time, and `sim.memory` says beforehand how much that is.

    Args:
        target: a group, an encoder, or a connection (whose variables are such as `"weight"`).
        var_name: the variable, such as `"V"`; its value after the step, as a monitor of SPAIC sees it.
        index: which neurons are kept: a whole number, a list of them, a slice, or a tuple with one of these for each axis.
        every: keep each `every`-th step of a run, the first one included.
        dt: keep the last step of every `dt` ms of a run, as SPAIC does; instead of `every`.
        window: keep only the steps from a time to another, `(begin, end)` in ms from the beginning of a run.
        last: keep only the last ones, so many.
        reduce: `None` stacks the steps; `"sum"`, `"mean"`, `"max"` and `"last"` reduce as the run goes.
        get_grad: whether `probe_gradients` gives the gradient of a loss with respect to the variable.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Raises:
        ValueError: unknown reduction; a number below 1; both `every` and `dt`; when the network is lowered, an index that is
            not there, and times that are no whole numbers of steps.
        TypeError: a target that has no variables, or an index of another kind.

    Example:
        >>> StateMonitor(NeuronGroup(10, model="lif"), "V", index=[0, 3], every=5).index
        ((0, 3),)
    """

    def __init__(
        self,
        target: Any,
        var_name: str,
        *,
        index: Any = None,
        every: int = 1,
        dt: float | None = None,
        window: Sequence[float] | None = None,
        last: int | None = None,
        reduce: str | None = None,
        get_grad: bool = False,
        name: str | None = None,
    ):
        kind = type(self).__name__
        if not isinstance(target, NeuronGroup | Source | Connection):
            raise TypeError(f"{kind}: the target must be a group, an encoder or a connection, not {target!r}.")
        if reduce is not None and reduce not in REDUCTIONS:
            raise ValueError(unknown("reduction", reduce, REDUCTIONS))
        if dt is not None and every != 1:
            raise ValueError(f"{kind}: give every, in steps, or dt, in ms, not both.")
        if get_grad and not isinstance(target, NeuronGroup):
            raise ValueError(f"{kind}: gradients are those of a group's variable.")
        if window is not None:
            window = tuple(window)
            if len(window) != 2 or not all(math.isfinite(t) for t in window) or not 0 <= window[0] < window[1]:
                raise ValueError(f"{kind}: window must be two times in ms, the first one earlier, got {window!r}.")
        try:
            Steps(every, last=last)
        except ValueError as error:
            raise ValueError(f"{kind}: {error}") from error
        self._declare(
            target=target, var_name=var_name, index=checked_index(kind, index), every=every, dt=dt, window=window,
            last=last, reduce=reduce, get_grad=get_grad, name=name,
        )

    target: NeuronGroup | Source | Connection
    var_name: str
    index: tuple[int | slice | tuple[int, ...], ...]
    every: int
    dt: float | None
    window: tuple[float, float] | None
    last: int | None
    reduce: str | None
    get_grad: bool

    @property
    def writes_to(self) -> tuple[tuple[Any, str], ...]:
        return ((self.target, self.var_name),) if self.nudges else ()

    @property
    def nudges(self) -> bool:
        """Whether a zero, there for its derivative alone, is added to what it looks at: see `probe_gradients`."""
        if not self.get_grad or not isinstance(self.target, NeuronGroup):
            return False
        model = self.target.model
        return self.var_name in {*model.initial, *model.receives, model.output}

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its record, and what `probe_gradients` differentiates by where gradients are asked for."""
        variable = f"{context.name_of(self.target)}.{self.var_name}"
        declared = context.variable(variable)
        # A temporary of a group has the group's shape; what a connection only passes on has none that is known here.
        own = () if isinstance(self.target, Connection) else self.target.shape
        shape = own if declared is None else declared.shape
        record = self.record(site.name, variable, shape, declared is None or bool(declared.batched), context.dt)
        if not self.nudges:
            return Fragment(records=(record,))
        nudge = Variable(f"{site.name}.nudge", own, role="input", axes="either", optional=True)
        return Fragment((nudge,), (Op(variable, "assign", (nudge.name,), name=nudge.name),), records=(record,))

    def record(self, name: str, variable: str, shape: tuple[int, ...], batched: bool, dt: float) -> Record:
        """What the program keeps for it.

        Args:
            name: its full name.
            variable: what it looks at.
            shape: shape of one sample of that.
            batched: whether it has a batch axis.
            dt: length of a step, ms.

        Raises:
            ValueError: an index that is not there, or times that are no whole numbers of steps.
        """
        if len(self.index) > len(shape):
            raise ValueError(f"monitor '{name}': index has {len(self.index)} axes, but '{variable}' has shape {shape}.")
        try:
            places = tuple(places_of(chosen, size) for chosen, size in zip(self.index, shape, strict=False))
        except IndexError as error:
            raise ValueError(f"monitor '{name}': {error} of '{variable}', which has shape {shape}.") from error
        reduction = REDUCTIONS[self.reduce] if self.reduce else None
        seen = self.seen(places, batched)
        transform = None if seen == Seen(batched=batched) else seen
        return Record(name, variable, "probe", reduction, self.steps(name, dt), transform=transform)

    def seen(self, places: tuple[Places, ...], batched: bool) -> Seen:
        """What it keeps of the value of a step."""
        return Seen(places, batched)

    def steps(self, name: str, dt: float) -> Steps:
        """The steps of a run that it looks at."""
        start, stop = 0, None
        if self.window is not None:
            begin, end = self.window
            start = whole_steps(begin, dt, f"the window of monitor '{name}'") if begin else 0
            stop = whole_steps(end, dt, f"the window of monitor '{name}'")
        every = self.every if self.dt is None else whole_steps(self.dt, dt, f"dt of monitor '{name}'")
        return Steps(every, start + (0 if self.dt is None else every - 1), stop, self.last)
