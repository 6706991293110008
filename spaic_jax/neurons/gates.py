"""The membrane with gates of Hodgkin and Huxley, whatever its conductances and rates."""

import abc
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import SpikingModel
from spaic_jax.neurons.fields import Numbers, OptionalParameter, Value, first_value
from spaic_jax.neurons.integrators import Derivatives, phi
from spaic_jax.neurons.state import MOST_MV, variable


def safe_exp(x: jax.Array) -> jax.Array:
    """Finite for every `x`, far beyond any potential of a model."""
    return jnp.exp(jnp.clip(x, -30.0, 30.0))


def linoid(a1: jax.Array | float, a2: jax.Array | float, a3: jax.Array | float, u: jax.Array) -> jax.Array:
    """`a1 (a2 - u) / (exp((a2 - u) / a3) - 1)`, which is `a1 a3` at u = a2."""
    return a1 * a3 / phi(jnp.clip((a2 - u) / a3, -30.0, 30.0))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GatedModel(SpikingModel):
    """A membrane whose currents pass the gates `m`, `n` and `h`: `x' = alpha_x(V) (1 - x) - beta_x(V) x`.

    What is not told where to begin begins at rest. A spike is where `V` rises above a threshold, one for each action
    potential: nothing is reset.
    """

    class State(SpikingModel.State):
        V: PerNeuron = variable("V", limit=MOST_MV)
        m: PerNeuron = variable("m")
        n: PerNeuron = variable("n")
        h: PerNeuron = variable("h")

    V: OptionalParameter = first_value(None)
    m: OptionalParameter = first_value(None)
    n: OptionalParameter = first_value(None)
    h: OptionalParameter = first_value(None)

    @abc.abstractmethod
    def rest(self) -> Numbers:
        """The potential of rest."""

    @abc.abstractmethod
    def rates(self, v: jax.Array) -> dict[str, tuple[jax.Array, jax.Array]]:
        """The rates at which each gate opens and closes, 1/ms."""

    @abc.abstractmethod
    def ionic(self, v: jax.Array, gates: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
        """How fast the currents through the membrane lower the potential, mV/ms, and the rate at which that decays, 1/ms."""

    def first(self, state: str) -> Value | str:
        if state not in "Vmnh" or getattr(self, state) is not None:
            return super().first(state)
        if state == "V":
            return self.rest()
        with jax.ensure_compile_time_eval():
            values = {name: jnp.asarray(value, float) for name, value in self.parameters().items()}
            model = self.in_a_run(self.choices(), values)
            alpha, beta = model.rates(jnp.asarray(self.begin("V"), float))[state]
            return np.asarray(alpha / (alpha + beta))

    def derivatives(self, drive: jax.Array) -> Derivatives:
        """The slope of each variable, where an input raises the potential by `drive`, mV/ms."""

        def slopes(x: dict[str, jax.Array]) -> dict[str, jax.Array]:
            gates = {name: alpha * (1 - x[name]) - beta * x[name] for name, (alpha, beta) in self.rates(x["V"]).items()}
            return {"V": drive - self.ionic(x["V"], x)[0], **gates}

        return slopes

    def rises(self, before: PerNeuron, after: PerNeuron, v_th: jax.Array | float) -> PerNeuron:
        """The spikes of a step that moves the potential."""
        spikes = self.spike(after - v_th)
        return jnp.where(v_th < before, jnp.zeros_like(spikes), spikes)
