"""Conductance-based integrate-and-fire neurons that keep firing irregularly."""

from typing import Any

from spaic_jax.network import Network, NeuronGroup, SpikeMonitor
from spaic_jax.program import Normal
from spaic_jax.standard.balanced import connect


def coba(num: int = 4000, *, delay: Any = None) -> Network:
    """The network COBA: benchmark 1 of Brette et al. (2007), after Vogels and Abbott (2005).

    Four fifths of the neurons excite, one fifth inhibits; each has a synapse from any neuron with a probability that leaves it 80. It
    fires by itself: at `dt=0.1` 18 to 21 Hz, with a CV of the intervals of 1.55 to 1.70.

    Args:
        num: number of neurons.
        delay: of the synapses, ms, on top of the one step of a loop: see `Connection`.

    Returns:
        A network with the group `cells` and the spike monitor `spikes`.

    >>> coba(100).members["cells"].num
    100
    """
    with Network() as net:
        cells = NeuronGroup(num, model="condlif", V=Normal(-65.0, 5.0), ge=Normal(40.0, 15.0), gi=Normal(200.0, 120.0), name="cells")
        connect(cells, ("g_exc", 6.0), ("g_inh", 67.0), delay)
        SpikeMonitor(cells, name="spikes")
    return net
