"""What a long run kept."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.analysis import Spikes
from spaic_jax.recording.layout import Kept, Layout
from spaic_jax.recording.parts import Folder, Parts
from spaic_jax.recording.pieces import NEURONS, NUMBER, RATE, STEPS
from spaic_jax.run import Variables


class _Read(Mapping[str, Any]):
    """Values that are read when they are asked for."""

    def __init__(self, kind: str, names: list[str], read: Callable[[str], Any], elsewhere: Mapping[str, str] | None = None):
        self._kind, self._names, self._read, self._elsewhere = kind, names, read, elsewhere or {}

    def __getitem__(self, name: str) -> Any:
        if name in self._elsewhere:
            raise KeyError(f"'{name}': {self._elsewhere[name]}.")
        if name not in self._names:
            raise KeyError(unknown(self._kind, name, self._names))
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """What `simulate` kept: in memory, or in a folder, of which it reads no more than is asked for.

    Attributes:
        layout: the steps of the run, and which of them each monitor looks at.
        variables: the variables after the last step, for another run that goes on from there; `None` of a recording that was
            loaded.

    Example:
        >>> import jax, spaic_jax as sj, tempfile
        >>> with sj.Network() as net:
        ...     drive = sj.Generator(2, coding_method="cc_generator", amp=0.3)
        ...     layer = sj.NeuronGroup(2, model="if")
        ...     synapses = sj.Connection(drive, layer, weight=[[1.0, 0.0], [0.0, 1.0]])
        ...     fired, potential = sj.SpikeMonitor(layer), sj.StateMonitor(layer, "V", every=50)
        >>> sim = sj.build(net, dt=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = sj.simulate(sim, sim.init(jax.random.key(0)), 100.0, chunk=20.0, to=folder)
        ...     recording = sj.Recording.load(folder)
        ...     recording, recording.spikes("fired"), recording.probes["potential"].shape
        (Recording(100 of 100 ms, fired, potential), Spikes(50 spikes of 2 neurons from 0 to 100 ms), (2, 1, 2))
    """

    layout: Layout
    parts: Parts
    variables: Variables | None = None

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a recording from its folder, also of a run that goes on or was stopped: its whole chunks are there.

        Raises:
            CheckpointError: no recording, or a damaged one.
        """
        parts = Folder(folder)
        return cls(parts.layout(), parts)

    @property
    def steps(self) -> int:
        """Steps that are recorded."""
        return min(len(self.parts) * self.layout.chunk, self.layout.steps)

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.steps == self.layout.steps

    @property
    def duration(self) -> float:
        """Simulated time that is recorded, ms."""
        return self.steps * self.layout.dt

    def __repr__(self) -> str:
        whole = self.layout.steps * self.layout.dt
        return f"Recording({', '.join([f'{self.duration:g} of {whole:g} ms', *self.layout.kept])})"

    def spikes(self, monitor: str, sample: int = 0) -> Spikes:
        """The spikes of one sample that a `SpikeMonitor` kept, at the ends of their steps.

        Neurons of a group with several axes are numbered as in its flat array. Watching begins and ends with the steps
        that the monitor looks at, ms since the first step of all runs.

        Raises:
            ValueError: a name that is no such monitor's, a sample that is not there, or nothing recorded yet.
        """
        kept = self._kept("spikes", "spike monitor", monitor)
        sample = whole(sample, f"sample (of {self.layout.batch})", least=0, most=self.layout.batch - 1)
        seen = kept.steps(self.steps)
        if not seen:
            raise ValueError(f"'{monitor}' has looked at none of the {self.steps} steps that are recorded.")
        steps, neurons = [], []
        for number in range(len(self.parts)):
            ends = np.cumsum(self.parts.get(number, NUMBER.format(monitor)))
            here = slice(int(ends[sample - 1]) if sample else 0, int(ends[sample]))
            steps.append(self.parts.get(number, STEPS.format(monitor))[here])
            neurons.append(self.parts.get(number, NEURONS.format(monitor))[here])
        times = self.layout.time(np.concatenate(steps).astype(np.int64) + 1)
        num = int(np.prod(kept.shape[1:], dtype=np.int64))
        return Spikes(times, np.concatenate(neurons), num, self.layout.time(seen.start), self.layout.time(seen[-1] + 1))

    @property
    def probes(self) -> Mapping[str, np.ndarray]:
        """What each other monitor kept, by name, as of `Result.probes`; read when it is asked for.

        What reduces over the run is there when the run is finished.
        """
        names = [name for name in self._there() if name not in self.layout.outputs]
        spikes = [name for name, kept in self.layout.kept.items() if kept.kind == "spikes"]
        return _Read("probe", names, self._probe, {name: f'spikes are kept as pairs: ask for .spikes("{name}")' for name in spikes})

    @property
    def outputs(self) -> Mapping[str, np.ndarray]:
        """What each decoder says of the whole run, by name, as of `Result.outputs`; there when the run is finished.

        A decoder that makes something of all steps at once has none.
        """
        return _Read("output", [name for name in self._there() if name in self.layout.outputs], self._probe)

    @property
    def times(self) -> Mapping[str, np.ndarray]:
        """When the steps end that each stacked monitor kept, by name, float64 `[T]`, ms since the first step of all runs."""
        names = [n for n, kept in self.layout.kept.items() if kept.kind == "rows" and n not in self.layout.outputs]
        return _Read("probe", names, lambda name: self.layout.time(self.layout.kept[name].ends(self.steps)))

    def pieces(self, probe: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The times and the rows of a stacked monitor chunk by chunk, for what does not fit in memory as a whole.

        Raises:
            ValueError: a name that is no such monitor's.
        """
        kept = self._kept("rows", "stacked probe", probe)
        times, begin = self.layout.time(kept.ends(self.steps)), 0
        for number in range(len(self.parts)):
            rows = _as(kept, self.parts.get(number, probe))
            yield times[begin : begin + len(rows)], rows
            begin += len(rows)

    @property
    def spike_rate(self) -> dict[str, float]:
        """Mean spikes a neuron and step of each spiking group, by variable."""
        names, bounds = self.layout.groups, [self.layout.bounds(number) for number in range(len(self.parts))]
        lengths = [end - begin for begin, end in bounds]
        rates = {name: [float(self.parts.get(i, RATE.format(name))) for i in range(len(lengths))] for name in names}
        return {name: float(np.average(rate, weights=lengths)) if rate else 0.0 for name, rate in rates.items()}

    def _there(self) -> list[str]:
        """The names of what is no spikes and there already."""
        totals = self.parts.totals()
        return [name for name, kept in self.layout.kept.items() if kept.kind == "rows" or name in totals]

    def _probe(self, name: str) -> np.ndarray:
        kept = self.layout.kept[name]
        if kept.kind == "total":
            return _as(kept, self.parts.totals()[name])
        rows = [rows for _, rows in self.pieces(name)]
        return np.concatenate(rows) if rows else np.zeros((0, *kept.shape), jnp.dtype(kept.dtype))

    def _kept(self, kind: str, what: str, name: str) -> Kept:
        names = [each for each, kept in self.layout.kept.items() if kept.kind == kind]
        if name not in names:
            raise ValueError(unknown(what, name, names))
        return self.layout.kept[name]


def _as(kept: Kept, x: np.ndarray) -> np.ndarray:
    """An array in its own dtype, which NumPy's files may not know."""
    dtype = jnp.dtype(kept.dtype)
    return x.view(dtype) if dtype.kind == "V" and x.dtype != dtype else x
