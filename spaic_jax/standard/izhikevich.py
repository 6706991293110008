"""A thousand cortical neurons of many types, all connected, in rhythms."""

import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.network import Connection, Generator, Network, NeuronGroup, SpikeMonitor
from spaic_jax.program import Uniform


def izhikevich(num: int = 1000, *, seed: int = 0) -> Network:
    """The network of Izhikevich, Simple model of spiking neurons (2003), as its program `net.m` computes it.

    Four fifths of the neurons are between regular spiking and chattering, one fifth between fast spiking and low threshold; all
    are connected with all, and driven by noise. With dt = 1 ms a run of a second has 7606 +- 143 spikes: 7.7 Hz of excitatory and
    7.3 Hz of inhibitory neurons, with a CV of the intervals of 0.39.

    Args:
        num: number of neurons; weights are those of 1000, so that fewer or more are driven less or more.
        seed: of the types of the neurons, which are part of what is declared; weights and noise follow from the run's key.

    Returns:
        A network with the group `cells` and the spike monitor `spikes`. To run with dt = 1 ms.

    >>> izhikevich(100).members["cells"].num
    100
    """
    excitatory = 4 * whole(num, "izhikevich: num", least=5) // 5
    inhibitory = num - excitatory
    rng = np.random.default_rng(seed)
    chattering, low = rng.random(excitatory) ** 2, rng.random(inhibitory)
    b = np.concatenate([np.full(excitatory, 0.2), 0.25 - 0.05 * low])
    with Network() as net:
        cells = NeuronGroup(
            num, model="izh", integrator="half_steps", b=b, V=-65.0, U=-65.0 * b,
            a=np.concatenate([np.full(excitatory, 0.02), 0.02 + 0.08 * low]),
            Vreset=np.concatenate([-65 + 15 * chattering, np.full(inhibitory, -65.0)]),
            d=np.concatenate([8 - 6 * chattering, np.full(inhibitory, 2.0)]),
            name="cells",
        )
        Generator(
            num, "white_noise", sigma=np.concatenate([np.full(excitatory, 5.0), np.full(inhibitory, 2.0)]), dec_target=cells,
            name="thalamus",
        )
        Connection(cells[:excitatory], cells, "full", weight=Uniform(0.0, 0.5), is_parameter=False)
        Connection(cells[excitatory:], cells, "full", weight=Uniform(-1.0, 0.0), is_parameter=False)
        SpikeMonitor(cells, name="spikes")
    return net
