"""What the benchmarks of Vogels and Abbott have in common: who is connected with whom."""

from typing import Any

from spaic_jax._numbers import whole
from spaic_jax.network import Connection, NeuronGroup


def connect(cells: NeuronGroup, excitation: tuple[str, float], inhibition: tuple[str, float], delay: Any) -> None:
    """Each neuron has a synapse from any other, or itself, with a probability that leaves it 80; four fifths of them excite.

    Args:
        cells: the neurons, at least 80.
        excitation, inhibition: what the synapses write of a neuron, and their weight.
        delay: of the synapses, ms, on top of the one step of a loop.
    """
    num = whole(cells.num, "the number of neurons", least=80)
    excitatory = 4 * num // 5
    for part, (receptor, weight) in ((cells[:excitatory], excitation), (cells[excitatory:], inhibition)):
        Connection(
            part, cells, "sparse", density=80 / num, storage="pairs", weight=weight, post_var_name=receptor, delay=delay,
            is_parameter=False,
        )
