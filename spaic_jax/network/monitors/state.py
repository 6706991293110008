"""What a variable is, over a run."""

import dataclasses
from typing import Any

from spaic_jax.network.element import element
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.monitors.times import SampledMonitor
from spaic_jax.program import Context, Fragment, Op, Site, Variable


@element
class StateMonitor(SampledMonitor):
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

    var_name: str
    get_grad: bool = dataclasses.field(default=False, kw_only=True)

    def _check(self) -> None:
        if self.get_grad and not isinstance(self.target, NeuronGroup):
            raise ValueError(f"{type(self).__name__}: gradients are those of a group's variable.")

    @property
    def writes_to(self) -> tuple[tuple[Any, str], ...]:
        return ((self.target, self.var_name),) if self.nudges else ()

    @property
    def nudges(self) -> bool:
        """Whether a zero, there for its derivative alone, is added to what it looks at: see `probe_gradients`."""
        if not self.get_grad or not isinstance(self.target, NeuronGroup):
            return False
        return self.var_name in {*self.target.states, *self.target.receives, self.target.output}

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its record, and what `probe_gradients` differentiates by where gradients are asked for."""
        made = super().lower(site, context)
        if not self.nudges:
            return made
        shape: tuple[int, ...] = self.target.shape  # type: ignore[union-attr, assignment]
        nudge = Variable(f"{site.name}.nudge", shape, role="input", axes="either", optional=True)
        variable = made.records[0].variable
        return made + Fragment((nudge,), (Op(variable, "assign", (nudge.name,), name=nudge.name),))
