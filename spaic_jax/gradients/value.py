"""The value of a loss and its gradient, as a pure function."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax

from spaic_jax.gradients.base import Gradient
from spaic_jax.gradients.bptt import BPTT
from spaic_jax.run import Simulator, Variables


def differentiated(sim: Simulator, gradient: Gradient) -> Simulator:
    """The simulator whose runs are differentiated by a gradient: `jax.grad` of a loss of their outputs gives it.

    Raises:
        TypeError: what is no gradient.

    >>> import spaic_jax as sj
    >>> with sj.Network() as net:
    ...     image = sj.Encoder(num=4)
    ...     layer = sj.NeuronGroup(3, model="lif")
    ...     synapses = sj.Connection(image, layer)
    >>> differentiated(sj.build(net, dt=1.0), BPTT()) == sj.build(net, dt=1.0)
    True
    """
    if not isinstance(gradient, Gradient):
        raise TypeError(f"gradient must be one such as BPTT(), EProp() or OTTT(), not {gradient!r}.")
    return dataclasses.replace(sim, plan=gradient.apply(sim.plan))


def value_and_grad(
    sim: Simulator, loss: Callable[[dict[str, jax.Array], Any], jax.Array], gradient: Gradient = BPTT()
) -> Callable[..., tuple[jax.Array, dict[str, jax.Array]]]:
    """A pure function of variables and data that gives the loss of a run and its gradient by the parameters."""
    sim = differentiated(sim, gradient)

    def of(
        variables: Variables, inputs: Mapping[str, Any], labels: Any, key: jax.Array | None = None, steps: int | None = None
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        def objective(params: dict[str, jax.Array]) -> jax.Array:
            return loss(sim.run(variables.with_params(params), inputs, key, steps).outputs, labels)

        return jax.value_and_grad(objective)(variables.params)

    return of
