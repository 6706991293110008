"""Inhibitory synapses that learn to balance excitation."""

from spaic_jax._numbers import whole
from spaic_jax.network import Connection, Network, NeuronGroup, SpikeMonitor
from spaic_jax.plasticity import VogelsSTDP
from spaic_jax.program import Uniform


def vogels(num: int = 10_000) -> Network:
    """The network of Vogels, Sprekeler, Zenke, Clopath and Gerstner, Inhibitory plasticity balances excitation and inhibition in
    sensory pathways and memory networks (2011): without plasticity it fires at high rates in synchrony, with it at a few Hz.

    Weights of inhibitory synapses onto excitatory neurons change in runs that learn (`sim.train()`), until the excitatory neurons
    fire at the target of 3 Hz and irregularly.

    Args:
        num: number of neurons, four fifths of which excite; a synapse is there with a probability that leaves 200 a neuron, as 2 % of
            10 000 do.

    Returns:
        A network with the group `cells`, the spike monitor `spikes` and the plastic connection `learning`.

    >>> print(vogels(500))
    """
    excitatory, share = 4 * whole(num, "vogels: num", least=250) // 5, min(200 / num, 1.0)
    with Network() as net:
        # A constant current of 200 pA holds the neurons near their threshold: 10 nS * 20 mV.
        cells = NeuronGroup(
            num, model="condlif", EL=-60.0 + 20.0, v_th=-50.0, v_reset=-60.0, t_ref=5.0, tau_exc=5.0, tau_inh=10.0,
            V=Uniform(-60.0, -50.0), name="cells",
        )
        inner, outer = cells[:excitatory], cells[excitatory:]
        sparse = {"density": share, "storage": "pairs", "is_parameter": False}
        Connection(inner, cells, "sparse", weight=0.3, post_var_name="g_exc", **sparse)
        Connection(outer, outer, "sparse", weight=3.0, post_var_name="g_inh", **sparse)
        Connection(
            outer, inner, "sparse", weight=0.0, w_min=0.0, w_max=100.0, post_var_name="g_inh", density=share, storage="pairs",
            plasticity=VogelsSTDP(eta=0.01, target=3.0, tau=20.0), name="learning",
        )
        SpikeMonitor(cells, name="spikes")
    return net
