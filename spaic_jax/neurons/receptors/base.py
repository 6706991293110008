"""What a receptor is: synaptic dynamics that belong to a group, whatever connections act on them."""

import dataclasses
from typing import ClassVar

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import NeuronModel
from spaic_jax.neurons.fields import OptionalParameter, parameter
from spaic_jax.neurons.state import shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Receptor(NeuronModel):
    """Synaptic dynamics of a group, written as a neuron model is; what it gives is added to the group's `"Isyn"`.

    In a step, first what connections send is added; then the current of the step is made, of the mean of `g` over the step and
    of the membrane potential `V` with which the step begins; last `g` decays over the step, exactly. So `g`, as a monitor sees
    it, is that of the end of the step, as `V` is, and the charge that a spike brings does not depend on dt. It goes on in a
    refractory period.

    A current-based receptor is so of order 2 in dt, one with `E` of order 1 and stable while a step is short beside C/g; models
    with conductances of their own, such as `condlif`, integrate these better. In a model that adds its input whole, such as
    `lif`, the effect depends on dt as that of any input; in one whose input is an increment, such as `cubalif`, it decays twice.

    Attributes:
        E: reversal potential; `None` for a current-based receptor.
    """

    class State(NeuronModel.State):
        """The conductance (or current), its current in a step, and what the group receives of it: the same."""

        g: PerNeuron = variable(0.0)
        I: PerNeuron = shown()
        O: PerNeuron = shown()

    #: What connections send, and the potential of the group.
    receives: ClassVar = ("increment", "V")
    E: OptionalParameter = parameter(None)

    def current(self, g: PerNeuron, v: PerNeuron) -> PerNeuron:
        """The current of a conductance `g`."""
        return g if self.E is None else g * (self.E - v)
