"""Supervised learning of spike trains."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, node, number, positive
from spaic_jax.plasticity.memory import Trace, Traced
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReSuMe(Rule):
    """Remote supervised method: a neuron learns to fire when its teacher does.

    $$ \\Delta W_{ij} = \\eta \\, (s^d_i - s_i) (a + x_j) $$

    A spike of the teacher that the neuron misses strengthens the synapses whose presynaptic neurons have just fired, and all
    of them by `a`; a spike that the teacher has not weakens them. Spikes of both leave the weights as they are.

    Args:
        eta: learning rate: change of the weight at a spike, for a presynaptic spike of the same step.
        a: what does not depend on presynaptic spikes.
        tau: time constant of the trace x of presynaptic spikes, ms.
        teacher: the name of the node, such as an encoder of spikes, that gives the spikes that are wanted. It has one channel
            for each postsynaptic neuron.
        batch: as of `Rule`.

    Raises:
        ValueError: a time constant or learning rate that is not positive; when the network is lowered, a teacher that is
            missing or has another size, naming the connection.

    Source: Ponulak and Kasinski, Supervised learning in spiking neural networks with ReSuMe, Neural Computation 22 (2010).

    >>> ReSuMe(teacher="wanted").tau
    10.0
    """

    eta: float = positive(0.01)
    a: float = number(0.05)
    tau: float = positive(10.0)
    teacher: str | None = node("O")

    def memories(self, dt: float) -> Mapping[str, Trace]:
        return {"x": Trace("pre", self.tau)}

    def change(self, at: Meeting, *, x: Traced, teacher: jax.Array) -> Mapping[str, jax.Array]:
        return {"weight": self.eta * at.outer(teacher - at.post, self.a + x.now)}
