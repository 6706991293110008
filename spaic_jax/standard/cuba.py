"""Current-based integrate-and-fire neurons that fire irregularly."""

from typing import Any

from spaic_jax.network import Network, NeuronGroup, SpikeMonitor
from spaic_jax.neurons.receptors import ExponentialReceptor
from spaic_jax.program import Uniform
from spaic_jax.standard.balanced import connect


def cuba(num: int = 4000, *, delay: Any = None) -> Network:
    """The network CUBA: benchmark 2 of Brette et al. (2007), after Vogels and Abbott (2005).

    As `coba`, but spikes bring currents, and without them the neurons would rest above their threshold. It fires at 5.4 to 5.9 Hz
    with a CV of the intervals of 0.48 to 0.52.

    Args:
        num: number of neurons.
        delay: of the synapses, ms, on top of the one step of a loop: see `Connection`.

    Returns:
        A network with the group `cells` and the spike monitor `spikes`.

    >>> cuba(100).members["cells"].num
    100
    """
    with Network() as net:
        cells = NeuronGroup(
            num, model="constantcurrentlif", integrator="exact", tau_m=20.0, v_rest=-49.0, v_th=-50.0, v_reset=-60.0, t_ref=5.0,
            V=Uniform(-60.0, -50.0), receptors={"exc": ExponentialReceptor(tau=5.0), "inh": ExponentialReceptor(tau=10.0)},
            name="cells",
        )
        connect(cells, ("exc", 1.62), ("inh", -9.0), delay)
        SpikeMonitor(cells, name="spikes")
    return net
