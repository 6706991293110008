"""Random networks for the tests of plans: anything the frontend can declare."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

import spaic_jax as sj
from spaic_jax.surrogate import STCA
from spaic_jax.synapses import FixedDelay, LinearDelay


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, its data and how to run it."""

    net: sj.Network
    data: dict
    steps: int
    batch: int
    propagation: str
    tile: int


def grid(rng, shape, scale):
    """Multiples of 1/16: their sums are exact in float32, so that no order of summation can flip a spike."""
    return (np.round(rng.normal(0.1, scale, shape) * 16) / 16).astype(np.float32)


@st.composite
def cases(draw, exact, loops=()):
    """A random network: groups, loops, self-loops, both propagations, several encoders, probes on anything.

    `loops` are the delays of further loops, of which every group gets one.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    steps, batch = draw(st.integers(1, 70)), draw(st.integers(1, 3))
    net = sj.Network()
    sources, data = [], {}
    for i in range(draw(st.integers(1, 2))):
        coding = draw(st.sampled_from(["null", "constant_current", "poisson", "latency"]))
        n = draw(st.integers(1, 5))
        setattr(net, f"x{i}", sj.Encoder(num=n, coding_method=coding))
        shape = (steps, batch, n) if coding == "null" else (batch, n)
        data[f"x{i}"] = np.abs(grid(rng, shape, 0.5))
        if coding == "poisson":  # no probability is above 1
            data[f"x{i}"] = np.minimum(data[f"x{i}"], 1)
        sources.append(getattr(net, f"x{i}"))
    models = ["lif", "clif", "if", "leaky_integrator", "alif", "adlif", "cubalif", "plif", "nonspikinglif"]
    models = ["if", "ifsoftreset", "ifb", "lifint"] if exact else models
    groups = []
    for i in range(draw(st.integers(1, 3))):
        model = draw(st.sampled_from(models))
        choice = {} if model in ("leaky_integrator", "nonspikinglif") else {"surrogate": STCA(0.25, compat=True)}
        if model == "lif":
            choice["reset"] = draw(st.sampled_from(["hard", "soft"]))
        setattr(net, f"g{i}", sj.NeuronGroup(draw(st.integers(1, 5)), model=model, **choice))
        groups.append(getattr(net, f"g{i}"))
    pairs = [(draw(st.sampled_from(sources + groups[:i])), g) for i, g in enumerate(groups)]
    extra = st.tuples(st.sampled_from(sources + groups), st.sampled_from(groups))
    pairs += draw(st.lists(extra, max_size=3))
    ends = len(pairs)
    pairs += [(group, draw(st.sampled_from(groups[: i + 1]))) for i, group in enumerate(groups) if loops]
    for i, (pre, post) in enumerate(pairs):
        # Weak loops: a gradient that grows a billionfold on its way back is all rounding, in any plan.
        weight = grid(rng, (post.num, pre.num), 0.15 if pre in groups else 0.4)
        if i >= ends:  # so many loops would run away if all excited
            weight *= rng.choice(np.float32([-1, 1]), weight.shape)
        bias = grid(rng, (post.num,), 0.2) if draw(st.booleans()) else None
        kinds = [None, None, 1.0, 3.0, "each", "each" if exact else "trained"]
        delay = draw(st.sampled_from(kinds if i < ends else loops))
        if isinstance(delay, str):
            kind = FixedDelay if delay == "each" else LinearDelay
            delay = kind(value=rng.uniform(0, 3, weight.shape).astype(np.float32), max_delay=3.0)
        types = [None] if exact else [None, ["alpha"], ["1_order_synapse"], ["tsodyks_markram"]]
        chain = {"syn_type": draw(st.sampled_from(types)), "delay": delay}
        setattr(net, f"w{i}", sj.Connection(pre, post, weight=weight, bias=bias, **chain))
    if len(groups) > 1 and not exact and draw(st.booleans()):
        net.gap = sj.Connection(groups[0], groups[1], "electrical", w_mean=0.02, w_std=0.01)
    for i, group in enumerate(groups):
        places = draw(st.sampled_from([None, 0, [0], slice(None, None, 2)]))
        last = draw(st.sampled_from([None, 1, 5]))
        setattr(net, f"v{i}", sj.StateMonitor(group, "V", every=draw(st.integers(1, 4)), index=places, last=last))
        setattr(net, f"r{i}", sj.RateMonitor(group, dt=draw(st.sampled_from([None, 3.0])), var_name=group.output))
        setattr(net, f"d{i}", sj.Decoder(dec_target=group, coding_method=draw(st.sampled_from(["spike_counts", "spike_rate", "final_step_voltage"]))))
    net.i0 = sj.StateMonitor(groups[0], "Isyn", reduce=draw(st.sampled_from([None, "sum", "mean", "max", "last"])))
    net.o = sj.StateMonitor(sources[0], "O")
    return Case(net, data, steps, batch, draw(st.sampled_from(["same_step", "one_step"])), draw(st.integers(1, 30)))
