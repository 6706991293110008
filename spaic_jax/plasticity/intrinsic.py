"""A homeostatic threshold: a bias of each neuron that drifts until it fires at a rate."""

import dataclasses
from collections.abc import Mapping

import jax

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.memory import Memory, Trace
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class IntrinsicPlasticity(Rule):
    """All weights onto a neuron grow by one amount where it fires less than it should, and sink where it fires more.

    $$ \\dot W_{ij} = \\eta \\, (y^* - y_i), \\qquad \\tau \\dot y_i = -y_i + s_i $$

    with the rate y in Hz. It begins at the target, is one number a neuron, the mean over the batch whatever `batch` says, and
    lasts over presentations. On a connection from a constant current the weights are biases, whose growth lowers the
    thresholds of neurons of any model, as in the example.

    Args:
        eta: how fast weights grow, 1/(ms Hz) in units of the weights.
        target: the rate, Hz.
        tau: time constant of the rate, ms.

    Raises:
        ValueError: a time constant or speed that is not positive, a negative rate.

    Source: Desai, Rutherford and Turrigiano, Nature Neuroscience 2 (1999); the adaptive threshold of Diehl and Cook (2015),
    towards a rate that is given.

    >>> import spaic_jax as sj
    >>> with sj.Network() as net:
    ...     one = sj.Generator(1, coding_method="cc_generator")
    ...     layer = sj.NeuronGroup(3, model="lif")
    ...     bias = sj.Connection(one, layer, weight=[[0.0]] * 3, plasticity=IntrinsicPlasticity(target=20.0))
    >>> sj.build(net, dt=1.0).init(jax.random.key(0)).plastic["bias.weight"].shape
    (3, 1)
    """

    eta: float = positive(1e-6)
    target: float = number(10.0, least=0)
    tau: float = positive(1000.0)

    def memories(self, dt: float) -> Mapping[str, Memory]:
        return {"rate": Memory("post", init=self.target, batched=False, stay=True)}

    def change(self, at: Meeting, *, rate: jax.Array) -> Mapping[str, jax.Array]:
        rate = Trace("post", self.tau, "average").step(rate, at.hertz(at.post).mean(0), at.dt).now
        return {"weight": self.eta * at.dt * at.spread(self.target - rate), "rate": rate}
