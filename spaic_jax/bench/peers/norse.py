"""Workloads in Norse."""

from collections.abc import Callable
from typing import Any

from spaic_jax.bench.peers.base import Peer, needed, with_torch
from spaic_jax.bench.workload import DECAY, Workload


def make(workload: Workload) -> Peer:
    """The workload as `LIFBoxCell`s."""
    norse = needed("norse", "norse.torch")

    def made(torch: Any, layers: list[Any], within: Any) -> tuple[Callable[[Any], Any], list[Any]]:
        # Its step is 1 ms, in seconds, and scales what comes in as it does what leaks.
        gain = 1 / (1 - DECAY)
        parameters = norse.LIFBoxParameters(tau_mem_inv=torch.as_tensor((1 - DECAY) * 1000))
        cells = [norse.LIFBoxCell(parameters) for _ in layers]
        back = torch.nn.Parameter(within)

        def run(spikes: Any) -> Any:
            states = [None] * len(layers)
            before = torch.zeros(spikes.shape[1], len(within))
            counts = 0
            for now in spikes:
                for number, (layer, cell) in enumerate(zip(layers, cells, strict=True)):
                    current = layer(now) * gain
                    if workload.recurrent and number == 0:
                        current = current + gain * (before @ back.T)
                    now, states[number] = cell(current, states[number])
                    if number == 0:
                        before = now
                counts = counts + now
            return counts

        return run, [back] if workload.recurrent else []

    return with_torch("norse", workload, made)
