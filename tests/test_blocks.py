"""A network in blocks of neurons: the same numbers, whatever their number and the devices that share them out."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.sharding import Mesh

import spaic_jax as sj
from spaic_jax.plasticity import BCM, RSTDP, STDP, VogelsSTDP
from spaic_jax.synapses.delays import FixedDelay
from spaic_jax.synapses.pattern import Blocked
from spaic_jax.synapses.pattern.kinds import Drawn, Indegree, Listed, Outdegree, Total

KEY = jax.random.key(3)
TESTS = Path(__file__).parent


def recurrent(delay=None, num=40):
    with sj.Network() as net:
        cells = sj.NeuronGroup(num, model="lif", tau_m=5.0, V=sj.program.Uniform(0.0, 1.5))
        net.loop = sj.Connection(cells, cells, "fixed_indegree", indegree=6, storage="pairs", w_mean=0.1, w_std=0.4, delay=delay)
        net.spikes = sj.SpikeMonitor(cells)
    return net


def mixed():
    """Products and pairs, delays of all kinds, a bias, and a group that no four blocks divide."""
    with sj.Network() as net:
        image = sj.Encoder(num=16, coding_method="poisson")
        aaa, zzz, odd = (sj.NeuronGroup(num, model="lif") for num in (8, 8, 6))
        pairs = {"link_type": "fixed_indegree", "storage": "pairs"}
        net.into = sj.Connection(image, aaa, w_mean=0.3, w_std=0.1)
        net.on = sj.Connection(aaa, zzz, indegree=5, w_mean=0.6, bias=np.linspace(0, 0.1, 8), **pairs)
        net.late = sj.Connection(aaa, aaa, indegree=3, w_mean=0.2, delay=FixedDelay(min_delay=3.0, max_delay=6.0), **pairs)
        net.loop = sj.Connection(zzz, zzz, indegree=3, w_mean=0.2, delay=2.0, **pairs)
        net.graded = sj.Connection(aaa, odd, pre_var_name="V", indegree=2, w_mean=0.1, **pairs)
        net.out = sj.Connection(zzz, odd, w_mean=0.5)
        net.spikes, net.potentials = sj.SpikeMonitor(zzz), sj.StateMonitor(odd, "V")
        net.counts = sj.Decoder(dec_target=odd)
    return net


def learning(rule=None):
    with recurrent() as net:
        cells = net.members["cells"]
        rule = STDP() if rule is None else rule
        net.learned = sj.Connection(cells[:24], cells, "random", probability=0.3, storage="pairs", w_mean=0.3, w_max=1.0, plasticity=rule)
    return net


def weights_in_order(sim, variables, name):
    """One number for each synapse of a connection, sorted by `pre`, then `post`."""
    weight, post, start = (np.asarray(variables[f"{name.rpartition('.')[0]}.{part}"]) for part in ("weight", "post", "start"))
    if weight.ndim == 1:
        return weight
    each = sim.program.by_name["cells.V"].shape[0] // len(weight)
    pre = [np.repeat(np.arange(len(row) - 1), np.diff(row)) for row in start]
    ends = np.concatenate([np.stack([of, post[b, : len(of)] + b * each, weight[b, : len(of)]]) for b, of in enumerate(pre)], 1)
    return ends[2, np.lexsort(ends[1::-1])]


def gradient(sim, mesh=None):
    """A loss and its gradient, the numbers of pairs in order of size, without empty places."""
    variables, image = sim.init(KEY, 4, mesh), np.full((4, 16), 0.4, np.float32)

    @jax.jit
    @jax.value_and_grad
    def loss(params):
        return (sim.run(variables.with_params(params), {"image": image}, KEY, 50).outputs["counts"] ** 2).sum()

    value, slope = loss(variables.params)
    found = {name: np.asarray(x) for name, x in slope.items()}
    return float(value), {name: np.sort(x[x != 0]) if f"{name.rpartition('.')[0]}.start" in variables.constants else x for name, x in found.items()}


def test_a_network_in_blocks_on_four_devices():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "PYTHONPATH": str(TESTS.parent)}
    command = [sys.executable, "-W", "error", str(TESTS / "many_blocks.py")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **flags}, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("\n") == 7


@pytest.mark.parametrize("delay", [None, 1.0, FixedDelay(min_delay=0.3, max_delay=1.0), FixedDelay(value=np.tile([0.0, 0.4], 120))], ids=str)
@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled()])
def test_spikes_do_not_depend_on_the_number_of_blocks(delay, plan):
    needed = None
    for blocks in (1, 2, 5):
        sim = sj.build(recurrent(delay), dt=0.1, plan=plan, blocks=blocks)
        half = sim.run(sim.init(KEY, 2), key=KEY, steps=200)
        rest = sim.run(half.variables, key=KEY, steps=200)
        spikes = np.concatenate([half.probes["spikes"], rest.probes["spikes"]])
        needed = spikes if needed is None else needed
        np.testing.assert_array_equal(spikes, needed)
    assert 0 < needed.mean() < 0.5


@pytest.mark.parametrize("rule", [STDP(), VogelsSTDP(eta=0.05, target=30.0, tau=8.0), RSTDP(reward="reward")], ids=lambda rule: type(rule).__name__)
def test_rules_learn_the_same_in_blocks(rule):
    net, inputs = learning(rule), {}
    if rule.__class__ is RSTDP:
        with net:
            net.reward = sj.Reward(num=40, dec_target=net.members["cells"], coding_method="environment_reward")
        inputs = {"reward": np.random.default_rng(1).normal(size=(300, 2)).astype(np.float32)}
    made = {}
    for blocks in (1, 4):
        sim = sj.build(net, dt=0.1, blocks=blocks).train()
        first = sim.init(KEY, 2)
        made[blocks] = weights_in_order(sim, sim.run(first, inputs, KEY, 300).variables, "learned.weight")
        assert np.abs(made[blocks] - weights_in_order(sim, first, "learned.weight")).max() > 1e-3
    np.testing.assert_allclose(made[4], made[1], rtol=2e-6, atol=1e-7)


def test_gradients_do_not_depend_on_the_number_of_blocks():
    value, slope = gradient(sj.build(mixed(), dt=1.0))
    found, slopes = gradient(sj.build(mixed(), dt=1.0, blocks=2))
    assert found == value > 0
    for name, needed in slope.items():
        np.testing.assert_allclose(slopes[name], needed, atol=1e-5 * float(np.abs(needed).max()), err_msg=name)


LIST = np.random.default_rng(2).integers(0, 12, (2, 70))
PATTERNS = [
    Drawn(12, 9, share=0.4), Total(12, 9, number=50, multapses=True), Indegree(12, 9, degree=4, multapses=False),
    Outdegree(12, 9, degree=4, multapses=True),
    Listed(12, 12, tuple(map(sj.program.Given, LIST[:, np.lexsort(LIST)].astype(np.int32)))),
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: type(pattern).__name__)
@pytest.mark.parametrize("blocks", [2, 3, 12])
def test_a_table_has_each_synapse_once(pattern, blocks):
    table = jax.tree.map(np.asarray, Blocked(pattern, blocks).table(KEY))
    post, pre = (np.asarray(x) for x in pattern.draw(KEY))
    seen = []
    for block, (own, start, place) in enumerate(zip(*table, strict=True)):
        assert (place[start[-1] :] == -1).all() and (own[start[-1] :] == 0).all()
        for j in range(pattern.pre):
            row = slice(start[j], start[j + 1])
            assert (np.diff(own[row]) >= 0).all()
            np.testing.assert_array_equal(pre[place[row]], j)
            np.testing.assert_array_equal(post[place[row]], own[row] + block * 12 // blocks)
            seen += place[row].tolist()
    assert sorted(seen) == list(range(pattern.count))


def test_a_block_that_is_too_full_is_an_error_and_not_cut(monkeypatch):
    monkeypatch.setattr("spaic_jax.synapses.pattern.blocked.ROOM", -2.0)
    monkeypatch.setattr("spaic_jax.synapses.pattern.blocked.MORE", 0)
    with pytest.raises(ValueError, match=r"\d+ synapses fall on 6 of 12 postsynaptic neurons, where \d+ have room: draw with another key"):
        Blocked(PATTERNS[0], 2).table(KEY)


def test_what_cannot_be_in_blocks_is_said(key):
    with pytest.raises(ValueError, match="blocks must be a positive whole number, got 0"):
        sj.build(recurrent(), blocks=0)
    with pytest.raises(ValueError, match="give dt, propagation and blocks with a network only"):
        sj.build(sj.build(recurrent()).program, blocks=2)
    with pytest.raises(ValueError, match="connection 'learned': the rule BCM cannot learn in blocks: it goes by more than spikes"):
        sj.build(learning(BCM()), blocks=4)
    layout = sj.distributed.Layout(Mesh(np.array(jax.devices()[:2]), ("model",)))
    with pytest.raises(ValueError, match="the 5 blocks of 'loop.weight' cannot be shared out evenly over the 2 devices of the axis 'model'"):
        sj.build(recurrent(), dt=0.1, blocks=5).init(key, 1, layout)
