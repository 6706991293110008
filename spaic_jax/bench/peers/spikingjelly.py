"""Workloads in SpikingJelly."""

from collections.abc import Callable
from typing import Any

from spaic_jax.bench.peers.base import Peer, needed, with_torch
from spaic_jax.bench.workload import DECAY, Workload


def make(workload: Workload) -> Peer:
    """The workload as `LIFNode`s in multi-step mode, the first in a `LinearRecurrentContainer` where it is recurrent."""
    layer, neuron, surrogate, functional = (
        needed("spikingjelly", f"spikingjelly.activation_based.{name}")
        for name in ("layer", "neuron", "surrogate", "functional")
    )

    def made(torch: Any, layers: list[Any], within: Any) -> tuple[Callable[[Any], Any], list[Any]]:
        modules: list[Any] = []
        more: list[Any] = []
        for number, linear in enumerate(layers):
            between = layer.Linear(linear.in_features, linear.out_features, bias=False)
            between.weight = linear.weight
            node = neuron.LIFNode(
                tau=1 / (1 - DECAY),
                decay_input=False,
                v_reset=None,
                surrogate_function=surrogate.ATan(),
                detach_reset=False,
            )
            if workload.recurrent and number == 0:
                node = layer.LinearRecurrentContainer(node, len(within), len(within), bias=False)
                # Its product takes input and feedback at once.
                node.rc.weight.data = torch.cat([torch.eye(len(within)), within], 1)
                more = list(node.parameters())
            modules += [between, node]
        network = torch.nn.Sequential(*modules)
        functional.set_step_mode(network, "m")

        def run(spikes: Any) -> Any:
            functional.reset_net(network)
            return network(spikes).sum(0)

        return run, more

    return with_torch("spikingjelly", workload, made)
