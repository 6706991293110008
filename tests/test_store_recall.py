"""A bit is stored and recalled, learned by e-prop to the level of its paper."""

import json
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
from test_eprop import DETACHED

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.gradients import EProp, value_and_grad


def bits_to_recall(rng, batch, periods=6, length=50):
    """Store and recall: a bit is shown in every period; that of the period marked 'store' is asked for in the last one."""
    bits, store = rng.integers(0, 2, (periods, batch)), rng.integers(0, 2, batch)
    shown = np.zeros((periods, batch, 4))
    shown[np.arange(periods)[:, None], np.arange(batch), bits] = 1
    shown[-1] = [0, 0, 0, 1]
    shown[store, np.arange(batch), 2] = 1
    rates = np.repeat(np.repeat(shown, length, 0), 10, 2) * 0.1
    return (rng.random(rates.shape) < rates).astype(np.float32), bits[store, np.arange(batch)]


@pytest.mark.slow
@pytest.mark.parametrize("feedback", ["symmetric", "random"])
def test_store_and_recall_to_the_level_of_the_paper(feedback):
    """20 adaptive neurons keep a bit for 200 ms and more, with less than 5 % of wrong decisions."""
    rng = np.random.default_rng(0)
    net = sj.Network()
    net.cue = sj.Encoder(num=40, coding_method="null")
    net.lsnn = sj.NeuronGroup(20, model="alif", tau_m=20.0, tau_a=600.0, v_th=0.6, surrogate="triangle", **DETACHED)
    net.out = sj.NeuronGroup(2, model="leaky_integrator", tau_m=20.0)
    net.w = sj.Connection(net.cue, net.lsnn, weight=rng.normal(0, 0.08, (20, 40)))
    net.r = sj.Connection(net.lsnn, net.lsnn, weight=rng.normal(0, 0.11, (20, 20)) * (1 - np.eye(20)))
    net.o = sj.Connection(net.lsnn, net.out, weight=rng.normal(0, 0.07, (2, 20)))
    net.answer = sj.Decoder(dec_target=net.out, coding_method="null")
    net.rate = sj.Decoder(dec_target=net.lsnn, coding_method="spike_rate")
    sim = sj.build(net, dt=1.0)

    def loss(outputs, bit):
        scores = outputs["answer"][-50:].mean(0)
        busy = ((outputs["rate"].mean(0) - 0.02) ** 2).mean()
        return optax.softmax_cross_entropy_with_integer_labels(scores, bit).mean() + 20 * busy

    slope = value_and_grad(sim, loss, EProp(feedback))
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.01))
    first = sim.init(jax.random.key(0), 64)

    @jax.jit
    def update(params, state, x, bit):
        _, slopes = slope(first.with_params(params), {"cue": x}, bit)
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update(slopes, state, params)
            return optax.apply_updates(params, updates), state

    with jax.numpy_dtype_promotion("standard"):
        params, state = first.params, optimizer.init(first.params)
    for _ in range(200):
        params, state = update(params, state, *bits_to_recall(rng, 64))
    x, bit = bits_to_recall(rng, 1024)
    scores = sim.run(sim.init(jax.random.key(0), 1024).with_params(params), {"cue": x}).outputs["answer"][-50:].mean(0)
    assert (scores.argmax(1) != bit).mean() < 0.05


@pytest.mark.slow
def test_store_and_recall_by_a_configuration(tmp_path):
    """Bits that were not trained on are recalled, with less than 5 % of wrong decisions."""
    config = Path(__file__).parent.parent / "configs" / "store_recall.toml"
    with jax.numpy_dtype_promotion("standard"):
        assert main(["train", str(config), "--quiet", "--out", str(tmp_path / "run")]) == 0
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["test_accuracy"] > 0.95
