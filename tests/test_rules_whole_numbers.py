"""The rule of whole numbers, of a chip: against SPAIC's recordings, a loop over integers, and the mean of what is drawn."""

import dataclasses

import jax
import numpy as np
import pytest
from rules import Trains
from spaic import golden

import spaic_jax as sj
from spaic_jax.plasticity import PostPreIntSTDP


@pytest.mark.parametrize("name, rule", [
    ("postpre", PostPreIntSTDP(nu0=2**14, nu1=2**14, compat=True)),
    ("postpre2", PostPreIntSTDP(nu0=0, nu1=2**14, trace_decay=20000, trace_scale=60, w_max=200, compat=True)),
])
def test_recorded_in_whole_numbers(name, rule, key):
    """With rates that leave nothing to chance; the neurons are driven by what is learned."""
    kept = golden(f"learner/{name}")
    x = np.moveaxis(kept["x"], 0, 1).astype(np.float32)
    net = sj.Network()
    net.x = sj.Encoder(num=x.shape[2], coding_method="null")
    net.layer = sj.NeuronGroup(4, model="diehlandcook")
    net.synapses = sj.Connection(net.x, net.layer, weight=kept["W_after_build"].astype(np.float32), plasticity=rule)
    net.weights, net.spikes = sj.WeightMonitor(net.synapses), sj.SpikeMonitor(net.layer)
    sim = sj.build(net, dt=1.0, propagation="one_step").train()
    probes = sim.run(sim.init(key, 1), {"x": x}, key).probes
    np.testing.assert_array_equal(probes["spikes"], kept["post"])
    np.testing.assert_array_equal(probes["weights"], kept["W"])


def integers(rule, trains, thresh, weight, late=0):
    """The rule where nothing is left to chance: rates that are multiples of 2^14."""
    w, x, y = weight.astype(int), np.zeros(trains.pre.shape[1:], int), np.zeros(trains.post.shape[1:], int)
    weights = []
    for t, (pre, post) in enumerate(zip(trains.pre.astype(bool), trains.post.astype(bool), strict=True)):
        x, y = (31169 * x) >> 15, (31169 * y) >> 15
        before = y
        x, y = (np.where(s, int(rule.trace_scale), v) for s, v in ((pre, x), (post, y)))
        for b in range(len(pre)):
            by_pre = ((int(rule.nu0) * (y if rule.compat else before)[b]) >> 14)[:, None] * pre[b]
            w = w + (by_pre if rule.compat else -by_pre) + ((int(rule.nu1) * x[b]) >> 14) * post[b][:, None]
        w = w >> (thresh[t] > 4915).any(0)[:, None]
        w = w.clip(0, 109)
        weights.append(w)
    return np.array(weights)


def chip(rule, x, weight, key, propagation="same_step", thresh=4500):
    net = sj.Network()
    net.x = sj.Encoder(num=x.shape[2], coding_method="null")
    net.layer = sj.NeuronGroup(len(weight), model="diehlandcook", thresh=thresh)
    # Weights drive the neurons through a fixed connection, that spikes do not depend on what is learned.
    net.drive = sj.Connection(net.x, net.layer, weight=np.full(weight.shape, 2e4), is_parameter=False)
    net.synapses = sj.Connection(net.x, net.layer, weight=weight, plasticity=rule)
    net.weights, net.spikes = sj.WeightMonitor(net.synapses), sj.SpikeMonitor(net.layer)
    net.thresholds = sj.StateMonitor(net.layer, "thresh")
    sim = sj.build(net, dt=1.0, propagation=propagation).train()
    return sim.run(sim.init(key, x.shape[1]), {"x": x}, key)


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
def test_whole_numbers(compat, batch, key):
    rng = np.random.default_rng(11)
    x = (rng.random((60, batch, 5)) < 0.3).astype(np.float32)
    weight = rng.integers(20, 90, (4, 5)).astype(np.float32)
    rule = PostPreIntSTDP(nu0=2**14, nu1=2**14, trace_scale=5, compat=compat)
    probes = chip(rule, x, weight, key).probes
    post = np.asarray(probes["spikes"], np.float32)
    assert post.sum() > 10 and (np.asarray(probes["thresholds"]) > 4915).any()
    expected = integers(rule, dataclasses.replace(Trains.of(0), pre=x, post=post), np.asarray(probes["thresholds"]), weight)
    assert len(np.unique(expected)) > 5
    np.testing.assert_array_equal(probes["weights"], expected)


def test_rounding_is_right_on_average(key):
    """One spike each way, many neurons: the mean change is `nu1 127 / 2^14` within its spread."""
    pre, post = np.zeros((1, 1, 200), np.float32), np.zeros((1, 1, 200), np.float32)
    pre[:], post[:] = 1, 1
    x, weight = np.ones((1, 1, 200), np.float32), np.full((50, 200), 50, np.float32)
    w = np.asarray(chip(PostPreIntSTDP(), x, weight, key, thresh=100).probes["weights"][-1])
    share = 141 * 127 / 2**14 - 1
    assert set(np.unique(w)) == {51.0, 52.0}
    assert abs((w - 51).mean() - share) < 5 * np.sqrt(share * (1 - share) / w.size)
    other = np.asarray(chip(PostPreIntSTDP(), x, weight, jax.random.key(1), thresh=100).probes["weights"][-1])
    assert (w != other).any()
