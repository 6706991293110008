"""Workloads in snnTorch."""

from collections.abc import Callable
from typing import Any

from spaic_jax.bench.peers.base import Peer, needed, with_torch
from spaic_jax.bench.workload import DECAY, Workload


def make(workload: Workload) -> Peer:
    """The workload as `Leaky` neurons, the first layer `RLeaky` where it is recurrent."""
    snn = needed("snntorch")
    surrogate = needed("snntorch", "snntorch.surrogate").fast_sigmoid(slope=25)

    def made(torch: Any, layers: list[Any], within: Any) -> tuple[Callable[[Any], Any], list[Any]]:
        neurons = [snn.Leaky(beta=DECAY, spike_grad=surrogate) for _ in layers]
        if workload.recurrent:
            neurons[0] = snn.RLeaky(beta=DECAY, spike_grad=surrogate, linear_features=len(within))
            neurons[0].recurrent.weight.data = within
            neurons[0].recurrent.bias.data.zero_()

        def run(spikes: Any) -> Any:
            memory = [each.reset_mem() for each in neurons]
            counts = 0
            for now in spikes:
                for number, (layer, each) in enumerate(zip(layers, neurons, strict=True)):
                    if workload.recurrent and number == 0:
                        now, potential = each(layer(now), *memory[0])
                        memory[0] = now, potential
                    else:
                        now, memory[number] = each(layer(now), memory[number])
                counts = counts + now
            return counts

        return run, list(neurons[0].parameters()) if workload.recurrent else []

    return with_torch("snntorch", workload, made)
