"""What NIR leaves open, chosen."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal, get_args

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real

Signal = Literal["held", "impulse"]
Unit = Literal["s", "ms"]
Integrator = Literal["euler", "exact"]
Order = Literal["voltage_first", "input_first"]
Reset = Literal["hard", "soft"]
Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Choices:
    """How the equations of a graph are carried out in steps; the defaults are those of the reference of NIR's authors.

    Args:
        dt: length of a step, ms.
        signal: what a spike is: the value 1 held for the step, or an impulse of area 1 in the file's unit of time. What an Input
            gives is spikes, or how many there are in a step; a current that an Input gives needs `"held"`.
        unit: of the times in the file.
        integrator: `"euler"`, forward; or `"exact"`, with currents held for the step and impulses at its end.
        order: within a step of CubaLIF and CubaLI: the potential moves by the current of the step before (`"voltage_first"`)
            or by this step's (`"input_first"`). Where currents are held and the integrator is exact, both move together.
        reset: to `v_reset`, or by `v_threshold - v_reset`.
        late: the edges `(source, target)`, by paths, that carry what was given a step before; `None` for those that
            `loops.late_edges` finds.

    Raises:
        ValueError: an unknown choice, with the nearest right one; an order where there is none.

    >>> Choices(dt=0.1).step
    0.0001
    """

    dt: float
    signal: Signal = "held"
    unit: Unit = "s"
    integrator: Integrator = "euler"
    order: Order = "voltage_first"
    reset: Reset = "hard"
    late: frozenset[Edge] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dt", real(self.dt, "dt, in ms,", above=0))
        for name, kinds in (("signal", Signal), ("unit", Unit), ("integrator", Integrator), ("order", Order), ("reset", Reset)):
            if (value := getattr(self, name)) not in get_args(kinds):
                raise ValueError(unknown(name, value, get_args(kinds)))
        if self.integrator == "exact" and self.signal == "held" and self.order != "voltage_first":
            raise ValueError(
                f"order {self.order!r} came beside integrator 'exact' and signal 'held', where current and potential move"
                " together: leave out order."
            )
        if self.late is not None:
            object.__setattr__(self, "late", _edges(self.late))

    @property
    def step(self) -> float:
        """The length of a step in the file's unit of time."""
        return self.dt / 1000 if self.unit == "s" else self.dt

    def ms(self, times: Any) -> np.ndarray:
        """Times of the file in ms."""
        return np.asarray(times, np.float64) * (1000 if self.unit == "s" else 1)

    def steps(self, times: Any) -> np.ndarray:
        """Times of the file as whole numbers of steps.

        Raises:
            ValueError: one that is none.
        """
        exact = np.asarray(times, np.float64) / self.step
        whole = np.rint(exact)
        off = np.abs(exact - whole) > 1e-6 * np.maximum(whole, 1)
        if off.any():
            raise ValueError(
                f"a delay of {self.ms(np.asarray(times)[off].flat[0]):g} ms is no whole number of steps of {self.dt:g} ms: choose"
                " another dt."
            )
        return whole.astype(np.int64)

    def shown(self, late: Iterable[Edge]) -> dict[str, str]:
        """The choices in words, for a report."""
        edges = ", ".join(f"{source} -> {target}" for source, target in sorted(late))
        return {
            "dt": f"{self.dt:g} ms",
            "unit of the file": self.unit,
            "a spike": "held as 1 for a step" if self.signal == "held" else f"an impulse of area 1 {self.unit}",
            "integrator": self.integrator,
            "order in CubaLIF and CubaLI": "both together"
            if self.integrator == "exact" and self.signal == "held"
            else self.order,
            "reset": "to v_reset" if self.reset == "hard" else "by v_threshold - v_reset",
            "begins": "potentials at v_leak (I and IF: 0), currents and Delays at 0",
            "a step late": edges or "nothing",
        }


def _edges(late: Any) -> frozenset[Edge]:
    edges: list[Any] = [late] if isinstance(late, str) else list(late)
    for edge in edges:
        if not (isinstance(edge, tuple | list) and len(edge) == 2 and all(isinstance(end, str) for end in edge)):
            raise ValueError(f"late must hold edges of the graph, such as {{('w_rec', 'lif')}}, not {edge!r}.")
    return frozenset((edge[0], edge[1]) for edge in edges)
