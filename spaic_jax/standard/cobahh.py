"""Hodgkin-Huxley neurons with conductances that keep firing in bursts."""

from typing import Any

from spaic_jax.network import Network, NeuronGroup, SpikeMonitor
from spaic_jax.neurons.receptors import ExponentialReceptor
from spaic_jax.program import Normal
from spaic_jax.standard.balanced import connect


def cobahh(num: int = 4000, *, delay: Any = None) -> Network:
    """The network COBAHH: benchmark 3 of Brette et al. (2007), with the neurons of Traub and Miles (1991).

    As `coba`, of neurons with sodium and potassium channels. At `dt=0.1` it fires at 34 to 42 Hz, 36.5 in the mean of twelve seeds, with
    a CV of the intervals of 2.0 (Brian2: 34 to 37 Hz in four). Like the benchmark it takes exponential Euler, of order 1, whose
    error is part of that rate: the integrator `"strang"`, of order 2, gives 40 to 46 Hz.

    Args:
        num: number of neurons.
        delay: of the synapses, ms, on top of the one step of a loop: see `Connection`.

    Returns:
        A network with the group `cells` and the spike monitor `spikes`.

    >>> cobahh(100).members["cells"].num
    100
    """
    with Network() as net:
        cells = NeuronGroup(
            num, model="traub", integrator="exponential_euler", V=Normal(-65.0, 5.0), m=0.0, h=0.0, n=0.0, name="cells",
            receptors={
                "exc": ExponentialReceptor(tau=5.0, E=0.0, g=Normal(40.0, 15.0)),  # type: ignore[call-arg]
                "inh": ExponentialReceptor(tau=10.0, E=-80.0, g=Normal(200.0, 120.0)),  # type: ignore[call-arg]
            },
        )
        connect(cells, ("exc", 6.0), ("inh", 67.0), delay)
        SpikeMonitor(cells, name="spikes")
    return net
