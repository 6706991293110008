"""Random nested networks, and the same members laid flat."""

import dataclasses

import numpy as np
from hypothesis import strategies as st
from networks import grid

import spaic_jax as sj


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a network consists of; `make` declares it, with its assemblies or without.

    Attributes:
        parents: for each assembly the one it lies in; -1 is the network.
        sizes: number of neurons of each group.
        pairs: the ends of each connection; -1 is the encoder.
        places: the assembly of each group and then of each connection, decoder and monitor.
        seed: of the weights.
    """

    parents: tuple[int, ...]
    sizes: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    places: tuple[int, ...]
    seed: int

    def make(self, flat=False):
        rng = np.random.default_rng(self.seed)
        net = sj.Network()
        assemblies = []
        for number, parent in enumerate(self.parents):
            assemblies.append(sj.Assembly(neuron_type=f"t{number % 2}"))
            if not flat:
                (net if parent < 0 else assemblies[parent]).add(f"a{number}", assemblies[-1])
        places = iter(self.places)

        def put(name, member):
            place = next(places)
            (net if flat or place < 0 else assemblies[place]).add(name, member)
            return member

        net.x = sj.Encoder(num=3, coding_method="constant_current")
        groups = [put(f"g{i}", sj.NeuronGroup(n, model="if", neuron_type=f"t{i % 3}")) for i, n in enumerate(self.sizes)]
        for i, (pre, post) in enumerate(self.pairs):
            ends = (net.x if pre < 0 else groups[pre], groups[post])
            weight = grid(rng, (ends[1].num, ends[0].num), 0.4)
            put(f"w{i}", sj.Connection(*ends, weight=weight))
        put("out", sj.Decoder(dec_target=groups[-1]))
        put("seen", sj.StateMonitor(groups[0], "V"))
        return net


@st.composite
def plans(draw):
    """Up to four assemblies in each other, up to three groups, each driven by the encoder, and more connections."""
    assemblies = draw(st.integers(1, 4))
    parents = tuple(draw(st.integers(-1, i - 1)) for i in range(assemblies))
    sizes = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    ends = st.tuples(st.integers(0, len(sizes) - 1), st.integers(0, len(sizes) - 1))
    pairs = (*((-1, i) for i in range(len(sizes))), *draw(st.lists(ends, max_size=3)))
    places = tuple(draw(st.integers(-1, assemblies - 1)) for _ in range(len(sizes) + len(pairs) + 2))
    return Plan(parents, sizes, pairs, places, draw(st.integers(0, 2**31)))
