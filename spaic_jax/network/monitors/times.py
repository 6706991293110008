"""Which steps of a run a monitor looks at."""

import dataclasses
import math
from collections.abc import Sequence

from spaic_jax._errors import unknown
from spaic_jax.network.monitors.base import Monitor
from spaic_jax.program import Context, Last, Max, Mean, Reduction, Steps, Sum

REDUCTIONS: dict[str, Reduction] = {"sum": Sum(), "mean": Mean(), "max": Max(), "last": Last()}


def checked_times(
    kind: str, every: int = 1, dt: float | None = None, window: Sequence[float] | None = None, last: int | None = None
) -> tuple[float, float] | None:
    """The window as a tuple; ValueError for times that no run has."""
    if dt is not None and every != 1:
        raise ValueError(f"{kind}: give every, in steps, or dt, in ms, not both.")
    try:
        Steps(every, last=last)
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from error
    if window is None:
        return None
    times = tuple(window)
    if len(times) != 2 or not all(math.isfinite(t) for t in times) or not 0 <= times[0] < times[1]:
        raise ValueError(f"{kind}: window must be two times in ms, the first one earlier, got {times!r}.")
    return times[0], times[1]


def steps_of(
    name: str,
    context: Context,
    every: int = 1,
    dt: float | None = None,
    window: Sequence[float] | None = None,
    last: int | None = None,
) -> Steps:
    """Each `every`-th step, or the last one of every `dt` ms, of a window in ms; the last ones of these.

    Raises:
        ValueError: times that are no whole numbers of steps, naming the monitor.
    """
    start, stop = 0, None
    if window is not None:
        begin, end = window
        start = context.steps(begin, f"the window of monitor '{name}'") if begin else 0
        stop = context.steps(end, f"the window of monitor '{name}'")
    if dt is None:
        return Steps(every, start, stop, last)
    every = context.steps(dt, f"dt of monitor '{name}'")
    return Steps(every, start + every - 1, stop, last)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SampledMonitor(Monitor):
    """A monitor that says which steps it keeps, and whether they are reduced; the arguments are those of `StateMonitor`."""

    every: int = dataclasses.field(default=1, kw_only=True)
    dt: float | None = dataclasses.field(default=None, kw_only=True)
    window: Sequence[float] | None = dataclasses.field(default=None, kw_only=True)
    last: int | None = dataclasses.field(default=None, kw_only=True)
    reduce: str | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.reduce is not None and self.reduce not in REDUCTIONS:
            raise ValueError(unknown("reduction", self.reduce, REDUCTIONS))
        self._set(window=checked_times(type(self).__name__, self.every, self.dt, self.window, self.last))
        super().__post_init__()

    @property
    def reduction(self) -> Reduction | None:
        return REDUCTIONS[self.reduce] if self.reduce else None

    def steps(self, name: str, context: Context) -> Steps:
        return steps_of(name, context, self.every, self.dt, self.window, self.last)
