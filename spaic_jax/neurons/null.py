"""A neuron that passes its input on."""

import dataclasses

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel
from spaic_jax.neurons.state import shown


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Null(NeuronModel):
    """No dynamics: the output `O` is the input.

    Source: SPAIC, `null`.

    >>> import jax.numpy as jnp
    >>> print(Null().first_step(jnp.ones((1, 1)), dt=1.0).O)
    [[1.]]
    """

    class State(NeuronModel.State):
        O: PerNeuron = shown()

    def step(self, state: State, current: PerNeuron) -> State:
        return self.State(O=current)
