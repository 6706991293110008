"""Sparsely connected integrate-and-fire neurons with a phase diagram."""

from spaic_jax._errors import unknown
from spaic_jax._numbers import real, whole
from spaic_jax.network import Connection, Generator, Network, NeuronGroup, SpikeMonitor
from spaic_jax.program import Uniform

#: Relative strength of inhibition, and the external rate in units of that which alone would reach the threshold, by state.
STATES = {"A": (3.0, 2.0), "B": (6.0, 4.0), "C": (5.0, 2.0), "D": (4.5, 0.9)}


def brunel(
    excitatory: int = 10_000, *, state: str = "C", g: float | None = None, eta: float | None = None, v_reset: float = 10.0
) -> Network:
    """The network of Brunel (2000), Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, model A.

    A neuron has synapses from a tenth of all others, which move its potential by 0.1 mV or by -0.1 g mV, and as many of outer
    Poisson trains. The states of figure 8: A synchronous and regular, B synchronous and irregular in a fast rhythm (60.7 Hz each,
    of 180 Hz together), C asynchronous and irregular (37.7 Hz), D synchronous and irregular in a slow rhythm (5.5 Hz, of 22 Hz).

    Args:
        excitatory: number of excitatory neurons; a quarter as many inhibit. With fewer than 10 000 each synapse is as much stronger
            as there are fewer, so that the mean input is the same.
        state: `"A"`, `"B"`, `"C"` or `"D"`.
        g: strength of inhibition relative to excitation, in place of the state's.
        eta: outer rate in units of the one whose mean input reaches the threshold, in place of the state's.
        v_reset: potential after a spike, mV; NEST's example has 0 in place of the paper's 10.

    Returns:
        A network with the group `cells` and the spike monitor `spikes`. To run with dt = 0.1 ms.

    Raises:
        ValueError: an unknown state.

    >>> brunel(100, state="A").members["cells"].num
    125
    """
    if state not in STATES:
        raise ValueError(unknown("state of brunel", state, STATES))
    number = whole(excitatory, "brunel: excitatory", least=40)
    strength = STATES[state][0] if g is None else real(g, "brunel: g")
    drive = STATES[state][1] if eta is None else real(eta, "brunel: eta", least=0)
    inhibitory, indegree, jump = number // 4, number // 10, 0.1 * 10_000 / number
    threshold_rate = 20.0 / (jump * indegree * 20.0e-3)  # of all outer trains together, Hz
    with Network() as net:
        cells = NeuronGroup(
            number + inhibitory, model="lif", tau_m=20.0, v_th=20.0, v_reset=v_reset, t_ref=2.0, V=Uniform(0.0, 20.0), name="cells"
        )
        # What a step adds decays within the step as if it had come at its end, so that the potential is that of the paper.
        outer = Generator(cells.num, "poisson_hz", rate=drive * threshold_rate * indegree, counts=True, name="outer")
        Connection(outer, cells, "one_to_one", weight=jump, is_parameter=False)
        for part, count, weight in (
            (cells[:number], indegree, jump), (cells[number:], max(inhibitory // 10, 1), -strength * jump)
        ):
            # A loop takes one step by itself.
            Connection(
                part, cells, "fixed_indegree", indegree=count, multapses=False, storage="pairs", weight=weight, delay=1.4,
                is_parameter=False,
            )
        SpikeMonitor(cells, name="spikes")
    return net
