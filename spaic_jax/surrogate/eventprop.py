"""EventProp: the exact derivative of spike times in place of a surrogate."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax.surrogate.base import Surrogate

__all__ = ["EventProp"]


@dataclass(frozen=True)
class EventProp(Surrogate):
    r"""Exact gradients of spike times: no surrogate, for `CubaLIF` neurons.

    A spike stays the step $s(x) = [x > 0]$, and as a function of $x = V - v_{th}$ alone its derivative is 0: a small
    change of the weights makes and takes no spike. It moves the spikes there are, at the times $t_k$, by

    $$ \dot t_k = -\dot V(t_k) / V'(t_k^-), \qquad
       \frac{d}{d\theta} \delta(t - t_k) = -\dot t_k\, \delta'(t - t_k), \qquad
       \dot V(t_k^+) = \frac{V'(t_k^+)}{V'(t_k^-)} \dot V(t_k^-) $$

    where a dot is the derivative with respect to a parameter, a prime that with respect to time. On the grid a spike that
    comes earlier by $-\dot t$ is $-\dot t / dt$ more in its step and as much less in the next one. So what is simulated
    is the same as with any surrogate, and the derivative of a run, backwards by `jax.grad` as forwards by `jax.jvp`,
    is that of the neurons in continuous time, up to an error of first order in dt. Backwards it is the algorithm
    EventProp: between spikes

    $$ \tau_m \lambda_V' = -\lambda_V - \partial l / \partial V, \qquad \tau_s \lambda_I' = -\lambda_I + \lambda_V $$

    with time reversed, at a spike of neuron n (units of $v_{rest} = v_{reset} = 0$, $R = 1$)

    $$ (\lambda_V^-)_n = (\lambda_V^+)_n + \frac{1}{\tau_m V_n'^-} \left[ v_{th} (\lambda_V^+)_n +
       (W^T (\lambda_V^+ - \lambda_I))_n + \frac{\partial l_p}{\partial t_k} + l_V^- - l_V^+ \right], $$

    and the gradient of a weight sums over the spikes of its presynaptic neuron,
    $dL / dw_{ji} = -\tau_s \sum_k (\lambda_I)_j(t_k)$. All that reads spikes or potentials is a term of it: recurrent
    connections, delays, losses of spike times (decoder `"first_spike_time"`) and of potentials.

    What it cannot see: a neuron that is silent has no spike to move and passes no gradient, and the number of spikes has
    none (but for a spike in the last step of a run, which may leave it). Begin with weights at which neurons fire, and
    add a loss of the potentials of those that must not fall silent. A potential that barely reaches the threshold
    makes a slope near 0 and so a gradient near infinity: `least_slope` bounds it.

    Args:
        least_slope: the least slope $V'^-$ that is divided by, in units of $(v_{th} - v_{reset}) / \tau_m$; positive.

    Raises:
        ValueError: a slope that is not positive; at declaration, a neuron model that is not `CubaLIF`, or one without reset.

    Source: T. C. Wunderlich, C. Pehle, "Event-based backpropagation can compute exact gradients for spiking neural
    networks", Scientific Reports 11:12829, 2021.

    >>> import jax, spaic_jax as sj
    >>> with sj.Network() as net:
    ...     pulse = sj.Encoder(num=1, coding_method="sstb")
    ...     neuron = sj.NeuronGroup(1, model="cubalif", tau_m=20.0, tau_s=5.0, surrogate="eventprop")
    ...     synapse = sj.Connection(pulse, neuron, weight=[[10.0]])
    ...     time = sj.Decoder(dec_target=neuron, coding_method="first_spike_time")
    >>> sim = sj.build(net, dt=0.01)
    >>> variables = sim.init(jax.random.key(0))
    >>> def first(params):
    ...     return sim.run(variables.with_params(params), {"pulse": [[0.0]]}, steps=1000).outputs["time"].sum()
    >>> [round(float(slope), 2) for slope in jax.grad(first)(variables.params)["synapse.weight"].ravel()]
    [-0.43]
    """

    least_slope: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "least_slope", real(self.least_slope, "EventProp: least_slope", above=0))

    def derivative(self, x: jax.Array) -> jax.Array:
        return jnp.zeros_like(x)

    def primitive(self, x: jax.Array) -> jax.Array:
        return jnp.zeros_like(x)
