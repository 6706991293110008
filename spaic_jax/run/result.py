"""What a run gives back."""

import dataclasses

import jax
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.run.variables import Variables


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Health:
    """How a run went, a number a spiking group.

    Attributes:
        finite: whether every state of the run's end is free of NaN and infinities, by variable.
        spike_rate: mean spikes a neuron and step, by variable: 0 is silent, close to 1 saturated.
    """

    finite: dict[str, jax.Array]
    spike_rate: dict[str, jax.Array]

    def report(self) -> list[str]:
        """Sentences about what looks wrong; empty when nothing does."""
        bad = [f"'{name}' holds NaN or infinite values." for name, fine in self.finite.items() if not bool(fine)]
        for name, rate in self.spike_rate.items():
            if float(rate) == 0:
                bad.append(f"'{name}' never spiked.")
            elif float(rate) > 0.95:
                bad.append(f"'{name}' spiked in {float(rate):.0%} of all steps.")
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
    """

    outputs: dict[str, jax.Array]
    probes: dict[str, jax.Array]
    times: dict[str, jax.Array]
    variables: Variables
    health: Health

    def spike_times(self, monitor: str, sample: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The spikes that a monitor kept of one sample: their times in ms and the neurons that fired.

        Args:
            monitor: name of a `SpikeMonitor`.
            sample: number of the sample in the batch.

        Returns:
            Two arrays of one length, neuron after neuron and each in order of time. Neurons of a group with several axes
            are numbered as in its flat array.

        Raises:
            ValueError: a name that is no such monitor's.

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
        if monitor not in self.times or self.probes[monitor].dtype != bool:
            kept = [name for name in self.times if self.probes[name].dtype == bool]
            raise ValueError(unknown("spike monitor", monitor, kept))
        spikes = np.asarray(self.probes[monitor][:, sample])
        neurons, steps = np.nonzero(spikes.reshape(len(spikes), -1).T)
        return np.asarray(self.times[monitor])[steps], neurons
