"""Eligibility propagation."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import jax

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.gradients.chart import Chart
from spaic_jax.gradients.neurons import Jacobian
from spaic_jax.gradients.online import OnlineGradient
from spaic_jax.gradients.paths import Path, broadcast, within_step
from spaic_jax.gradients.presynaptic import Filtered, Presynaptic, mixed
from spaic_jax.gradients.products import Product
from spaic_jax.gradients.synaptic import PLACED, Synaptic
from spaic_jax.gradients.traces import Traces

Feedback = Literal["symmetric", "random"]


@dataclasses.dataclass(frozen=True)
class EProp(OnlineGradient):
    """e-prop: eligibility traces of synapses times learning signals of neurons.

    $$ \\frac{dE}{dW_{ji}} \\approx \\sum_t L^t_j\\, \\bar e^t_{ji} $$
    $$ e^t_{ji} = \\frac{\\partial z^t_j}{\\partial h^{t-1}_j} \\epsilon^{t-1}_{ji} +
       \\frac{\\partial z^t_j}{\\partial I^t_j} \\frac{\\partial I^t_j}{\\partial W_{ji}}, \\qquad
       \\epsilon^t_{ji} = \\frac{\\partial h^t_j}{\\partial h^{t-1}_j} \\epsilon^{t-1}_{ji} +
       \\frac{\\partial h^t_j}{\\partial I^t_j} \\frac{\\partial I^t_j}{\\partial W_{ji}} $$

    `h` are the states of a neuron of any model and `z` what it gives; their derivatives are those of the model's step, with
    its surrogate gradient. An output that is the same linear filter of its input for all neurons, such as a
    `leaky_integrator`, filters the traces in the same way, `e` to `e` with a bar. The learning signal

    $$ L^t_j = \\sum_k B_{jk} \\frac{dE}{dy^t_k} $$

    goes back from the output within the step, through surrogate gradients where other groups lie between.

    It equals backpropagation through time where groups act on an output that filters as above, or has no state, and not on
    each other. What it leaves out: what spikes do to later states of other neurons, and of synapses and delays on the way, but
    for the filter of the output.

    States with the same linear equations for all neurons, as of LIF neurons with a detached soft reset, have traces of
    presynaptic neurons, `[B, pre]`; where the output does not filter, nothing else is needed, and a step costs one product for
    each state. Otherwise there is a trace for each synapse, sample and state, `[post, B, pre]`.

    It trains weights and biases, and parameters of the equations of neurons and synapses. Links may have any storage while
    traces of presynaptic neurons suffice; a trace for each synapse have `full`, `sparse` and their like as matrices
    (`storage="masked"` or `"dense"`), and `one_to_one`.

    Args:
        feedback: `"symmetric"`: B are the weights on the way to the output; `"random"`: fixed weights from every group
            straight to the output, of variance 1/n for n neurons.
        seed: of random feedback.

    Raises:
        ValueError: another feedback; when a gradient is taken, parameters, outputs or losses that are not covered, by name.

    Source: Bellec et al., A solution to the learning dilemma for recurrent networks of spiking neurons, Nature
    Communications (2020).

    >>> EProp(feedback="random", seed=1)
    EProp(feedback='random', seed=1)
    """

    feedback: Feedback = "symmetric"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.feedback not in get_args(Feedback):
            raise ValueError(f"EProp: {unknown('feedback', self.feedback, get_args(Feedback))}")
        object.__setattr__(self, "seed", whole(self.seed, "EProp: seed", least=0))

    def paths(self, chart: Chart) -> tuple[Path, ...]:
        return within_step(chart, filtered=True) if self.feedback == "symmetric" else broadcast(chart, self.seed)

    def traces(self, chart: Chart, paths: tuple[Path, ...]) -> tuple[Traces, ...]:
        return tuple(trace for product in chart.products for trace in self._traces(product, paths))

    def _traces(self, product: Product, paths: tuple[Path, ...]) -> Sequence[Traces]:
        gives = product.neurons.gives
        outputs = tuple(
            dict.fromkeys((read, path.filter, path.readout.read) for path in paths for read in path.reads if read in gives)
        )
        if product.neurons.is_uniform and not product.is_parameter and all(group is None for _, group, _ in outputs):
            return [Linear(product)]
        if product.op.fn not in PLACED and not product.is_parameter:
            raise ValueError(
                f"EProp needs a trace for each synapse of '{product.neurons.name}', which '{product.op.name}' has not, as only"
                " matrices (storage='masked' or 'dense') and one_to_one have: use OTTT() or BPTT()."
            )
        return [Synaptic(product, part, outputs) for part in product.trained]


@dataclasses.dataclass(frozen=True)
class Linear(Presynaptic):
    """Eligibility vectors of neurons whose states are the same linear filters of their input for all neurons."""

    @property
    def filters(self) -> Sequence[str]:
        neurons, found = self.product.neurons, {self.product.current}
        for _ in neurons.states:
            for state, read in zip(neurons.states, neurons.updated, strict=True):
                if any((read, cause) in neurons.entries for cause in found):
                    found.add(state)
        return tuple(state for state in neurons.states if state in found)

    def pairs(
        self, old: Mapping[str, Filtered], now: Filtered, jacobian: Jacobian, signals: Mapping[str, jax.Array]
    ) -> tuple[dict[str, Filtered], list[tuple[Filtered, jax.Array]]]:
        neurons = self.product.neurons
        causes = {**old, self.product.current: now}
        updated = dict(zip(neurons.states, neurons.updated, strict=True))
        new = {
            state: mixed((jacobian[read, cause], x) for cause, x in causes.items() if (read, cause) in jacobian)
            for state, read in updated.items()
            if state in old
        }
        pairs = []
        for cause, x in causes.items():
            parts = [
                signal * jacobian[read, cause][:, :, 0].T
                for read, signal in signals.items()
                if (read, cause) in jacobian
            ]
            if parts:
                pairs.append((x, sum(parts[1:], parts[0])))
        return new, pairs
