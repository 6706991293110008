"""Graphs of NIR that snnTorch 1.0 and SpikingJelly 2.0 read rightly, and what they make of them, in `data/nir_peers.npz`.

Run as a script where both are installed, it records anew: `python tests/nir_peers.py`.
"""

from pathlib import Path

import nir
import numpy as np

DT = 1e-4
RECORDED = Path(__file__).parent / "data" / "nir_peers.npz"


def lif_layers(rng: np.random.Generator) -> nir.NIRGraph:
    """Two layers of LIF neurons whose r makes their input a jump."""
    def lif(n: int, tau: float) -> nir.LIF:
        full = np.full(n, tau)
        return nir.LIF(tau=full, r=full / DT, v_leak=np.zeros(n), v_threshold=np.ones(n), v_reset=np.zeros(n))

    return nir.NIRGraph.from_list(
        nir.Affine(rng.normal(0.1, 0.5, (6, 8)).astype(np.float32), rng.normal(0, 0.1, 6).astype(np.float32)), lif(6, 2e-3),
        nir.Linear(rng.normal(0.3, 0.5, (4, 6)).astype(np.float32)), lif(4, 5e-3),
    )


def currents(rng: np.random.Generator, loop: bool = False) -> nir.NIRGraph:
    """A layer of CubaLIF neurons; recurrent ones are as those of the Braille task."""
    n, tau_syn, tau_mem = 7, 1e-3, 2e-3
    cuba = nir.CubaLIF(
        tau_syn=np.full(n, tau_syn), tau_mem=np.full(n, tau_mem), r=np.full(n, tau_mem / DT), w_in=np.full(n, tau_syn / DT),
        v_leak=np.zeros(n), v_threshold=np.ones(n) * 2, v_reset=np.zeros(n),
    )
    nodes = {
        "input": nir.Input({"input": np.array([5])}), "fc": nir.Linear(rng.normal(0.05, 0.3, (n, 5)).astype(np.float32)),
        "lif": cuba, "w_rec": nir.Linear(rng.normal(-0.05, 0.2, (n, n)).astype(np.float32)),
        "output": nir.Output({"output": np.array([n])}),
    }
    edges = [("input", "fc"), ("fc", "lif"), ("lif", "output")]
    if not loop:
        return nir.NIRGraph({name: node for name, node in nodes.items() if name != "w_rec"}, edges)
    return nir.NIRGraph(nodes, [*edges, ("lif", "w_rec"), ("w_rec", "lif")])


def recurrent(rng: np.random.Generator) -> nir.NIRGraph:
    """The layer with its loop, of which snnTorch leads the input through the recurrent weights."""
    return currents(rng, loop=True)


def conv_net(rng: np.random.Generator) -> nir.NIRGraph:
    """Convolutions of IF neurons, pools of both kinds, and a readout."""
    def conv(shape: tuple[int, ...], size: tuple[int, int], **places: int) -> nir.Conv2d:
        weight, bias = rng.normal(0.15, 0.4, shape).astype(np.float32), rng.normal(0, 0.05, shape[0]).astype(np.float32)
        return nir.Conv2d(input_shape=size, weight=weight, bias=bias, dilation=1, groups=1, **places)

    def fire(*shape: int) -> nir.IF:
        return nir.IF(r=np.full(shape, 1 / DT), v_threshold=np.ones(shape), v_reset=np.zeros(shape))

    two = np.array([2, 2])
    return nir.NIRGraph.from_list(
        nir.Input({"input": np.array([2, 10, 8])}), conv((4, 2, 3, 3), (10, 8), stride=1, padding=1), fire(4, 10, 8),
        nir.SumPool2d(kernel_size=two, stride=two, padding=two * 0), conv((3, 4, 2, 2), (5, 4), stride=1, padding=0), fire(3, 4, 3),
        nir.AvgPool2d(kernel_size=np.array([2, 1]), stride=np.array([2, 1]), padding=two * 0),
        nir.Flatten({"input": np.array([3, 2, 3])}, 0, -1), nir.Linear(rng.normal(0.1, 0.5, (5, 18)).astype(np.float32)), fire(5),
    )


#: What is recorded, and of which tool.
CASES = {
    "snntorch_lif": (lif_layers, "snntorch"), "snntorch_currents": (currents, "snntorch"),
    "spikingjelly_lif": (lif_layers, "spikingjelly"), "spikingjelly_recurrent": (recurrent, "spikingjelly"),
    "spikingjelly_conv": (conv_net, "spikingjelly"),
}


def case(name: str) -> tuple[nir.NIRGraph, np.ndarray]:
    """A graph and its input spikes, `[T, B, *shape]`."""
    make, _ = CASES[name]
    rng = np.random.default_rng(11)
    graph = make(rng)
    shape = next(node.input_type["input"] for node in graph.nodes.values() if isinstance(node, nir.Input))
    return graph, (rng.random((80, 3, *shape)) < 0.3).astype(np.float32)


def record() -> None:
    """What the tools give."""
    import torch
    from snntorch.import_nir import import_from_nir as of_snntorch
    from spikingjelly.activation_based.nir_exchange import import_from_nir as of_spikingjelly

    made = {}
    for name, (_, tool) in CASES.items():
        graph, spikes = case(name)
        net = of_snntorch(graph) if tool == "snntorch" else of_spikingjelly(graph, dt=DT)
        state, rows = None, []
        with torch.no_grad():
            for step in torch.from_numpy(spikes):
                given = net(step, state) if state is not None else net(step)
                out, state = given if isinstance(given, tuple) else (given, None)
                rows.append(out.numpy() != 0)
        made[name] = np.stack(rows)
        print(name, made[name].shape, made[name].mean())
    np.savez_compressed(RECORDED, **made)


if __name__ == "__main__":
    record()
