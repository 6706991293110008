"""The value of a loss and its gradient, as a pure function."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax

from spaic_jax.gradients.base import Gradient
from spaic_jax.gradients.table import resolve_gradient
from spaic_jax.run import Simulator, Variables

Loss = Callable[[dict[str, jax.Array], Any], jax.Array]


def differentiated(sim: Simulator, gradient: str | Gradient) -> Simulator:
    """The simulator whose runs are differentiated by a gradient: `jax.grad` of a loss of what they give is that one.

    Args:
        sim: the simulator.
        gradient: name of a gradient (see `GRADIENTS`), or the gradient itself.

    Raises:
        ValueError: an unknown name.

    >>> import spaic_jax as sj
    >>> with sj.Network() as net:
    ...     image = sj.Encoder(num=4)
    ...     layer = sj.NeuronGroup(3, model="lif")
    ...     synapses = sj.Connection(image, layer)
    >>> sim = sj.build(net, dt=1.0)
    >>> differentiated(sim, "bptt") == sim
    True
    >>> print(differentiated(sim, "eprop").describe().splitlines()[-1])
      gradient of runs: EProp(feedback='symmetric', seed=0)
    """
    return dataclasses.replace(sim, plan=resolve_gradient(gradient).apply(sim.plan))


def value_and_grad(
    sim: Simulator, loss: Loss, gradient: str | Gradient = "bptt"
) -> Callable[..., tuple[jax.Array, dict[str, jax.Array]]]:
    """The pure function of variables and data that gives a loss of a run, and its gradient with respect to the parameters.

    Args:
        sim: the simulator; `sim.train()` for the network as it is while it learns.
        loss: function of the outputs of a run, by name of the decoder, and of the labels; one real number.
        gradient: name of a gradient (see `GRADIENTS`), or the gradient itself.

    Returns:
        `(variables, inputs, labels, key=None, steps=None) -> (value, gradient by parameter)`, with all but the labels as of
        `Simulator.run`. It may be used under `jax.jit` and `jax.vmap`.

    Raises:
        ValueError: an unknown name; the function raises it for what `Simulator.run` refuses, and for parameters, outputs or
            losses that the gradient does not cover, by name.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     drive = sj.Encoder(num=1, coding_method="null")
        ...     layer = sj.NeuronGroup(1, model="leaky_integrator", tau_m=1.0)
        ...     synapses = sj.Connection(drive, layer, weight=[[1.0]])
        ...     last = sj.Decoder(dec_target=layer, coding_method="final_step_voltage")
        >>> sim = sj.build(net, dt=1.0)
        >>> slope = value_and_grad(sim, lambda outputs, label: (outputs["last"] - label).sum(), "eprop")
        >>> value, gradient = slope(sim.init(jax.random.key(0)), {"drive": [[[1.0]], [[0.0]]]}, 0.25)
        >>> round(float(value), 3), round(float(gradient["synapses.weight"][0, 0]), 3)
        (0.118, 0.368)
    """
    own = differentiated(sim, gradient)

    def of(
        variables: Variables, inputs: Mapping[str, Any], labels: Any, key: jax.Array | None = None, steps: int | None = None
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        def objective(params: dict[str, jax.Array]) -> jax.Array:
            return loss(own.run(variables.with_params(params), inputs, key, steps).outputs, labels)

        return jax.value_and_grad(objective)(variables.params)

    return of
