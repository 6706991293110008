"""Online training through time."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax.gradients.chart import Chart
from spaic_jax.gradients.neurons import Jacobian
from spaic_jax.gradients.online import OnlineGradient
from spaic_jax.gradients.paths import Path, within_step
from spaic_jax.gradients.presynaptic import Filtered, Presynaptic
from spaic_jax.gradients.products import Product
from spaic_jax.gradients.traces import Traces


@dataclasses.dataclass(frozen=True)
class OTTT(OnlineGradient):
    """Online training through time: leaky traces of presynaptic values times gradients within the step.

    $$ \\hat a_t = \\lambda\\, \\hat a_{t-1} + s_t, \\qquad
       \\frac{dE}{dW} \\approx \\sum_t \\frac{\\partial E_t}{\\partial I_t}\\, \\hat a_t^\\top $$

    `s` are the values that a connection carries, and the derivative by the input current `I` goes back from the output
    within the step, through the surrogate gradients of all groups on the way, with everything of earlier steps held. It
    suits stacks of layers of any depth and every link with weights, convolutions included, and costs one product a step for
    each connection, as the last part of backpropagation does.

    It equals backpropagation through time for a layer of integrate-and-fire neurons with a detached soft reset, or
    none; for more layers it leaves out what the spikes of one layer do to later states of the next.

    Args:
        decay: lambda a step, in 0 ... 1; `None` for that of each group: how much of the state that takes the current is left
            after a step, such as `exp(-dt / tau_m)`.

    Raises:
        ValueError: another decay; when a gradient is taken, parameters, outputs or losses that are not covered, by name, and
            groups without one decay.

    Source: Xiao et al., Online training through time for spiking neural networks (2022).

    >>> OTTT(decay=0.5)
    OTTT(decay=0.5)
    """

    decay: float | None = None

    def __post_init__(self) -> None:
        if self.decay is not None:
            object.__setattr__(self, "decay", real(self.decay, "OTTT: decay", least=0, most=1))

    def paths(self, chart: Chart) -> tuple[Path, ...]:
        return within_step(chart, filtered=False)

    def traces(self, chart: Chart, paths: tuple[Path, ...]) -> tuple[Traces, ...]:
        for product in chart.products:
            if product.is_parameter:
                raise ValueError(
                    f"OTTT trains weights and biases, but '{product.current}' is a parameter of the equations of"
                    f" '{product.op.name}': leave it out of parameter_variables, or train it by EProp() or BPTT()."
                )
        return tuple(Leak(product, self.decay, _leaky(product) if self.decay is None else None) for product in chart.products)


def _leaky(product: Product) -> tuple[str, str]:
    """The entry of the Jacobian that is the decay of the state that takes the current.

    Raises:
        ValueError: when there is no such state, several, or it decays otherwise.
    """
    neurons = product.neurons
    taking = [
        (read, state)
        for state, read in zip(neurons.states, neurons.updated, strict=True)
        if (read, product.current) in neurons.entries and state != f"{neurons.name}.O"
    ]
    if len(taking) != 1 or taking[0] not in neurons.uniform:
        raise ValueError(
            f"OTTT needs one decay of group '{neurons.name}', whose potential does not decay alike for all neurons and steps:"
            " give OTTT(decay=...), or let no gradient pass its reset (reset='soft', detach_reset=True)."
        )
    return taking[0]


@dataclasses.dataclass(frozen=True)
class Leak(Presynaptic):
    """One leaky trace of each presynaptic value.

    Attributes:
        decay: what is left of it after a step, or `None`
        entry: for that of the postsynaptic neurons: where it is in their Jacobian.
    """

    decay: float | None
    entry: tuple[str, str] | None

    @property
    def filters(self) -> Sequence[str]:
        return ("leak",)

    def pairs(
        self, old: Mapping[str, Filtered], now: Filtered, jacobian: Jacobian, signals: Mapping[str, jax.Array]
    ) -> tuple[dict[str, Filtered], list[tuple[Filtered, jax.Array]]]:
        decay = jnp.asarray(self.decay, now.one.dtype) if self.entry is None else jacobian[self.entry].reshape(())
        leak = Filtered(decay * old["leak"].values + now.values, decay * old["leak"].one + now.one)
        current = self.product.current
        parts = [signal * jacobian[read, current][:, :, 0].T for read, signal in signals.items() if (read, current) in jacobian]
        return {"leak": leak}, [(leak, sum(parts[1:], parts[0]))] if parts else []
