"""What is measured: layered networks of fixed sizes, weights and inputs."""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.network import Connection, Decoder, Encoder, Network, NeuronGroup

_DT = 1.0
#: What is left of a membrane potential after a step.
DECAY = 0.9
#: Settings of a neuron model where they are not its defaults.
_SETTINGS: dict[str, dict[str, Any]] = {"lif": {"tau_m": -_DT / math.log(DECAY), "v_th": 1.0, "reset": "soft"}}


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What a workload runs on.

    Attributes:
        spikes: input, float32 `[T, B, n]`, each a spike with the workload's `density`.
        labels: random, int32 `[B]`.
        weights: one matrix a layer, `(post, pre)`, N(0, 9 / pre): some layers fire a good deal, none is silent.
        within: from the first layer to itself, `(n, n)`, N(0, 1 / n); used where the workload is recurrent.
    """

    spikes: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]
    within: np.ndarray


@dataclasses.dataclass(frozen=True)
class Workload:
    """A layered network of spiking neurons, trained on spike counts.

    Args:
        name: what it is called.
        layers: neurons a layer, the input channels first.
        steps: T, steps of a run.
        batch_size: B, samples of a run.
        recurrent: whether the first layer of neurons is also connected to itself.
        model: name of the neuron model; `"lif"` has decay 0.9 a step, threshold 1 and a soft reset, all others their
            defaults.
        repeats: how often each of its times is taken, if not said otherwise.
        reference: whether the reference plan is timed too, which can take many times longer.
        density: probability of an input spike; a lower one has fewer of the same spikes, and the same labels and weights.

    Raises:
        ValueError: fewer than two layers, a size or `repeats` that is not positive, or a `density` that is not above 0
            and at most 1.

    Example:
        >>> Workload("small", layers=(4, 3), steps=5, batch_size=2).numbers().spikes.shape
        (5, 2, 4)
    """

    name: str
    layers: tuple[int, ...]
    steps: int
    batch_size: int
    recurrent: bool = False
    model: str = "lif"
    repeats: int = 15
    reference: bool = True
    density: float = 0.1

    def __post_init__(self) -> None:
        if len(self.layers) < 2 or min(*self.layers, self.steps, self.batch_size, self.repeats) < 1:
            raise ValueError(f"workload '{self.name}' needs at least two layers and positive sizes, got {self}.")
        object.__setattr__(self, "density", real(self.density, f"workload '{self.name}': density", above=0, most=1))

    def numbers(self) -> "Numbers":
        """The input, labels and weights: the same in every call."""
        rng = np.random.default_rng(0)
        spikes = rng.random((self.steps, self.batch_size, self.layers[0])) < self.density
        labels = rng.integers(0, self.layers[-1], self.batch_size)
        # Drawn as (pre, post), as other benchmarks of these workloads do, so that all run on the same numbers.
        weights = [
            (rng.standard_normal((pre, post)) / np.sqrt(pre) * 3).astype(np.float32).T
            for pre, post in itertools.pairwise(self.layers)
        ]
        size = self.layers[1]
        within = (rng.standard_normal((size, size)) / np.sqrt(size)).astype(np.float32).T
        return Numbers(spikes.astype(np.float32), labels.astype(np.int32), weights, within)

    def network(self) -> Network:
        """The network: input `image`, groups `layer1` and so on, output `counts`."""
        numbers = self.numbers()
        network = Network()
        before: Encoder | NeuronGroup = Encoder(self.layers[0], coding_method="spikes")
        network.add("image", before)
        settings = _SETTINGS.get(self.model, {})
        groups = [NeuronGroup(size, model=self.model, **settings) for size in self.layers[1:]]
        for number, (group, weight) in enumerate(zip(groups, numbers.weights, strict=True), 1):
            network.add(f"layer{number}", group)
            network.add(f"to_layer{number}", Connection(before, group, weight=weight))
            before = group
        if self.recurrent:
            network.add("within_layer1", Connection(groups[0], groups[0], weight=numbers.within))
        network.add("counts", Decoder(dec_target=groups[-1], coding_method="spike_counts"))
        return network

    @property
    def dt(self) -> float:
        """Length of a step, ms."""
        return _DT


#: The standard workloads by name.
WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload("A512", (512, 512), steps=500, batch_size=16),
        Workload("A2048", (2048, 2048), steps=100, batch_size=16),
        Workload("B_mlp", (784, 400, 10), steps=25, batch_size=128),
        Workload("C_rec", (700, 256, 20), steps=100, batch_size=64, recurrent=True),
        Workload("D_deep", (784, 1000, 1000, 10), steps=50, batch_size=64),
        Workload("NMNIST", (2312, 512, 10), steps=300, batch_size=16),
        # What the backward pass keeps outgrows the budget of remat="auto".
        Workload("memory", (128, 512, 10), steps=2000, batch_size=32, recurrent=True, repeats=2, reference=False),
        # So little to compute that the time of a step is what running a step costs by itself.
        Workload("small", (4, 4, 10), steps=1000, batch_size=1, model="clif"),
    )
}


def resolve_workload(workload: str | Workload) -> Workload:
    """The workload of a name, or the workload itself.

    Raises:
        ValueError: unknown name, with the nearest right one.
    """
    if isinstance(workload, Workload):
        return workload
    if workload not in WORKLOADS:
        raise ValueError(unknown("workload", workload, WORKLOADS))
    return WORKLOADS[workload]
