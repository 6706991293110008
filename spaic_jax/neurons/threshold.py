"""A threshold alone."""

import dataclasses

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import SpikingModel
from spaic_jax.neurons.fields import Parameter, parameter


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Threshold(SpikingModel):
    """No dynamics: a spike in each step in which the input exceeds the threshold.

    $$ O_t = H(I_t - v_{th}) $$

    Args:
        v_th: threshold; a spike needs `I > v_th`.
        surrogate: surrogate gradient of the threshold.

    Source: the perceptron of McCulloch and Pitts (1943); `Threshold` of NIR, Pedersen et al. (2024).

    >>> import jax.numpy as jnp
    >>> print(Threshold().first_step(jnp.array([[1.0, 1.5]]), dt=1.0).O)
    [[0. 1.]]
    """

    v_th: Parameter = parameter(1.0)

    def step(self, state: SpikingModel.State, current: PerNeuron) -> SpikingModel.State:
        return self.State(O=self.spike(current - self.v_th))
