"""What a run gives back."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.analysis import Spikes
from spaic_jax.run.variables import Variables


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Health:
    """How a run went, a number a spiking group.

    Attributes:
        finite: whether a variable stayed free of NaN, infinities and values beyond its limit (`Variable.limit`): 1e4 mV for the
            potential of a model in mV, 1e12 where no unit is known.
        spike_rate: mean spikes a neuron and step, by variable: 0 is silent, close to 1 saturated. Of samples of different length each
            counts alike.
        beyond: the number of the step of the run in which a variable was first seen beyond that, -1 if never; the tiled
            plan looks at the end of each tile, and at weights that are learned at the end of the run.
        place: where the first such variable is so at the end of the run, int32 `[3]`: its number in `sorted(beyond)`, sample and
            neuron; -1 where there is none.
    """

    finite: dict[str, jax.Array]
    spike_rate: dict[str, jax.Array]
    beyond: dict[str, jax.Array]
    place: jax.Array

    def check(self) -> None:
        """FloatingPointError when a variable did not stay finite; under `jax.jit` it is raised when the run is done."""
        if any(isinstance(number, jax.core.Tracer) for number in self.beyond.values()):
            jax.debug.callback(_refuse, self.beyond, self.place)
        else:
            _refuse(self.beyond, self.place)

    def report(self) -> list[str]:
        """Sentences about what looks wrong; empty when nothing does. Of several runs (`jax.vmap`) it says which.

        Raises:
            ValueError: while the run is only traced: its numbers are not there yet.

        Example:
            >>> import numpy as np
            >>> place = np.array([[0, 0, 3], [-1, -1, -1]])
            >>> health = Health({}, {"a.O": np.array([0.5, 0.0])}, {"a.V": np.array([7, -1])}, place)
            >>> for sentence in health.report():
            ...     print(sentence)
            'a.V' holds NaN, infinite or absurdly large values at step 8 in run 0 of 2, in the end neuron 3 of sample 0: try a smaller
            dt or another integrator, and look at the parameters of 'a' and at what it is given.
            'a.O' never spiked in run 1 of 2.
        """
        if any(isinstance(x, jax.core.Tracer) for x in (*self.beyond.values(), *self.spike_rate.values())):
            raise ValueError("health has no numbers yet while a run is traced: ask for its report outside jax.jit and jax.vmap.")
        bad = []
        for name, given in self.beyond.items():
            steps = np.asarray(given)
            bad += [_sentence(name, self.beyond, self.place, which) for which in _where(steps >= 0)]
        for name, given in self.spike_rate.items():
            rate = np.asarray(given, np.float32)
            bad += [f"'{name}' never spiked{which}." for which in _where(rate == 0)]
            bad += [f"'{name}' spiked in {rate.max():.0%} of all steps{which}." for which in _where(rate > 0.95)]
        return bad


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Result:
    """What a run gives back.

    Attributes:
        outputs: what each decoder says, by name, `[B, ...]`.
        probes: what each monitor kept, by name, `[T, B, ...]`, or `[B, ...]` where it reduces.
        times: when the steps that each monitor kept ended, by name, `[T]`, ms; counted from the first step of all runs.
        variables: the variables after the last step: give them to the next run to continue.
        health: whether values stayed finite, and how much each group spiked.
        dt: length of a step, ms.
    """

    outputs: dict[str, jax.Array]
    probes: dict[str, jax.Array]
    times: dict[str, jax.Array]
    variables: Variables
    health: Health
    dt: float = dataclasses.field(metadata={"static": True})

    def spike_times(self, monitor: str, sample: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The spikes that a monitor kept of one sample: their times in ms and the neurons that fired, as two arrays.

        For what is then done with them, `spikes` gives them as one value.

        Args:
            monitor: name of a `SpikeMonitor`.
            sample: number of the sample in the batch.

        Returns:
            Two arrays of one length, neuron after neuron and each in order of time. The time of a spike is the end of its
            step: that of step k, which begins at `k dt`, is `(k + 1) dt`, of all steps since the first run. Neurons of a
            group with several axes are numbered as in its flat array.

        Raises:
            ValueError: a name that is no such monitor's, or a sample that is not there.

        Example:
            >>> import jax, spaic_jax as sj
            >>> with sj.Network() as net:
            ...     image = sj.Encoder(num=2, coding_method="null")
            ...     layer = sj.NeuronGroup(2, model="if", v_th=0.5)
            ...     synapses = sj.Connection(image, layer, weight=[[1.0, 0.0], [0.0, 1.0]])
            ...     spikes = sj.SpikeMonitor(layer)
            >>> sim = sj.build(net, dt=0.5)
            >>> result = sim.run(sim.init(jax.random.key(0)), {"image": [[[0, 1]], [[1, 0]], [[0, 1]]]})
            >>> times, neurons = result.spike_times("spikes")
            >>> times.tolist(), neurons.tolist()
            ([1.0, 0.5, 1.5], [0, 1, 1])
        """
        spikes = self._raster(monitor, sample)
        neurons, steps = np.nonzero(spikes.T)
        return np.asarray(self.times[monitor])[steps], neurons

    def spikes(self, monitor: str, sample: int = 0) -> Spikes:
        """The same spikes as the value that `spaic_jax.analysis` takes: sorted by time, with the stretch that was watched.

        Raises:
            ValueError: as `spike_times`.

        Example:
            >>> import jax, spaic_jax as sj
            >>> with sj.Network() as net:
            ...     drive = sj.Generator(2, coding_method="cc_generator", amp=0.4)
            ...     layer = sj.NeuronGroup(2, model="if")
            ...     synapses = sj.Connection(drive, layer, weight=[[1.0, 0.0], [0.0, 1.0]])
            ...     fired = sj.SpikeMonitor(layer)
            >>> sim = sj.build(net, dt=0.5)
            >>> sim.run(sim.init(jax.random.key(0)), steps=20).spikes("fired")
            Spikes(12 spikes of 2 neurons from 0 to 10 ms)
        """
        raster = self._raster(monitor, sample)
        # Times came as float32; they are whole numbers of steps.
        ends = np.rint(np.asarray(self.times[monitor], float) / self.dt)
        return Spikes.from_raster(raster, times=ends * self.dt, start=(ends[0] - 1) * self.dt)

    def _raster(self, monitor: str, sample: int) -> np.ndarray:
        """The spikes of a monitor and one sample, `[T, N]`; ValueError where they are not there."""
        if monitor not in self.times or self.probes[monitor].dtype != bool:
            kept = [name for name in self.times if self.probes[name].dtype == bool]
            raise ValueError(unknown("spike monitor", monitor, kept))
        kept_samples = self.probes[monitor].shape[1]
        sample = whole(sample, f"sample (of {kept_samples})", least=0, most=kept_samples - 1)
        spikes = np.asarray(self.probes[monitor][:, sample])
        return spikes.reshape(len(spikes), -1)


def _where(bad: np.ndarray) -> list[str]:
    """Nothing where all is well; else which of several runs are meant, by their index."""
    if not bad.any():
        return []
    if not bad.ndim:
        return [""]
    at = [", ".join(map(str, index)) for index in np.argwhere(bad)]
    listed = "; ".join(at[:5]) + (" and others" if len(at) > 5 else "")
    return [f" in run{'s' if len(at) > 1 else ''} {listed} of {' x '.join(map(str, bad.shape))}"]


def remedy(name: str, than: str = "") -> str:
    """What to try where a variable diverges."""
    owner = name.rpartition(".")[0] or name
    return f"try a smaller dt{than} or another integrator, and look at the parameters of '{owner}' and at what it is given."


def _sentence(name: str, beyond: Mapping[str, Any], place: Any, which: str = "") -> str:
    """What is wrong with a variable; of several runs, with that in which it went wrong first."""
    steps = np.asarray(beyond[name]).ravel()
    first = int(np.where(steps < 0, np.iinfo(steps.dtype).max, steps).argmin())
    number, sample, neuron = np.asarray(place).reshape(-1, 3)[first]
    known = number >= 0 and sorted(beyond)[number] == name
    where = f", in the end neuron {neuron} of sample {sample}" if sample >= 0 else f", in the end number {neuron} of it"
    wrong = f"'{name}' holds NaN, infinite or absurdly large values at step {steps[first] + 1}{which}{where if known else ''}"
    return f"{wrong}: {remedy(name)}"


def _refuse(beyond: Mapping[str, Any], place: Any) -> None:
    steps = {name: np.asarray(step) for name, step in beyond.items()}
    seen = {name: int(step[step >= 0].min()) for name, step in steps.items() if (step >= 0).any()}
    if seen:
        raise FloatingPointError(_sentence(min(seen, key=seen.__getitem__), beyond, place))
