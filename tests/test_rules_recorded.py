"""SPAIC's learning rules against its recordings, with `compat=True`."""

import numpy as np
import pytest
from spaic import golden

import spaic_jax as sj
from spaic_jax.plasticity import (
    RSTDP,
    RSTDPET,
    FullOnlineSTDP,
    MetaNearestOnlineSTDP,
    NearestOnlineSTDP,
    SwitchRSTDP,
    Tempotron,
)


def tau(decay):
    """The time constant, in steps, of a decay a step."""
    return float(-1 / np.log(decay))


def normal(weight):
    return np.clip(78.4 * weight / np.abs(weight).sum(1, keepdims=True), 0, 1)


FULL = {"a_post": 0.02, "a_pre": 3e-3, "compat": True}
TEMPOTRON = Tempotron(lr=0.02, teacher="told", compat=True)
#: Recordings: the rule, the threshold of the neurons, and dt.
RECORDED = {
    "nearest_online_stdp": (NearestOnlineSTDP(compat=True), 1.0, 1.0),
    "nearest/b3": (NearestOnlineSTDP(tau_pre=tau(0.8), tau_post=tau(0.9), **FULL), 8.0, 1.0),
    "full/b3": (FullOnlineSTDP(tau=tau(0.85), **FULL), 8.0, 1.0),
    "full_first_run/b1": (FullOnlineSTDP(runtime=30.0, **FULL), 8.0, 1.0),
    "meta/b1": (MetaNearestOnlineSTDP(a_post=0.03, a_pre=0.02, compat=True), 1.0, 1.0),
    "meta/b3": (MetaNearestOnlineSTDP(a_post=0.03, a_pre=0.02, compat=True), 1.0, 1.0),
    "rstdp": (RSTDP(lr=0.01, compat=True), 1.0, 1.0),
    "rstdp/b3": (RSTDP(lr=0.01, compat=True), 1.0, 1.0),
    "rstdp_each/b3": (RSTDP(lr=0.01, a_plus=0.7, a_minus=-0.3, tau_plus=10.0, tau_minus=30.0, compat=True), 1.0, 0.5),
    "rstdpet/b1": (RSTDPET(lr=0.05, compat=True), 1.0, 1.0),
    "rstdpet_each/b1": (RSTDPET(lr=0.05, tau_e=10.0, tau_e_trace=40.0, compat=True), 1.0, 0.5),
    "switch_rstdp": (SwitchRSTDP(compat=True), 1.0, 1.0),
    "switch/b3": (SwitchRSTDP(compat=True), 0.2, 1.0),
    "switch/b1": (SwitchRSTDP(compat=True), 0.2, 1.0),
    "tempotron/b1g1": (TEMPOTRON, 10.0, 1.0),
    "tempotron/b2g0": (TEMPOTRON, 10.0, 1.0),
    "tempotron/b3g1": (TEMPOTRON, 10.0, 1.0),
    "tempotron/b4g0": (TEMPOTRON, 10.0, 1.0),
    "tempotron_dt/b3": (TEMPOTRON, 10.0, 0.5),
    "tempotron/False": (Tempotron(teacher="told", compat=True), 1.0, 1.0),
    "tempotron/True": (Tempotron(teacher="told", compat=True), 1.0, 1.0),
}
CLIF = ("tempotron/False", "tempotron/True")


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name, key):
    (rule, v_th, dt), kept = RECORDED[name], golden(f"learner/{name}")
    x = np.moveaxis(kept["x"], 0, 1).astype(np.float32)
    (steps, batch, size), neurons = x.shape, kept["W_user"].shape[0]
    # SPAIC carries its rules out once when it builds a network.
    first = normal(kept["W_user"]) if isinstance(rule, NearestOnlineSTDP) else kept["W_user"]
    net = sj.Network()
    net.x = sj.Encoder(num=size, coding_method="null")
    net.layer = sj.NeuronGroup(neurons, model="clif" if name in CLIF else "lif", v_th=v_th)
    bounds = {"w_min": 0.0, "w_max": 2.0} if name.endswith(("g0", "False")) else {}
    net.synapses = sj.Connection(net.x, net.layer, weight=first, plasticity=rule, **bounds)
    data = {"x": x}
    if "reward" in kept:
        given = kept["reward"].reshape(steps, -1, 4 if "each" in name else 1)
        given = np.broadcast_to(given, (steps, batch, given.shape[2])).astype(np.float32)
        net.reward = sj.Reward(given.shape[2], coding_method="environment_reward")
        data["reward"] = given[..., 0] if given.shape[2] == 1 else given
    if "labels" in kept:
        net.told = sj.Encoder(num=neurons, coding_method="null")
        data["told"] = np.tile(np.eye(neurons, dtype=np.float32)[kept["labels"]], (steps, 1, 1))
    net.weights, net.spikes = sj.WeightMonitor(net.synapses), sj.SpikeMonitor(net.layer)
    sim = sj.build(net, dt=dt, propagation="one_step").train()
    variables, weights, spikes = sim.init(key, batch), [], []
    for _ in range(len(kept["post"]) // steps):
        result = sim.run(sim.restart(variables), data)
        variables = result.variables
        weights, spikes = [*weights, *result.probes["weights"]], [*spikes, *result.probes["spikes"]]
    np.testing.assert_array_equal(spikes, kept["post"])
    assert name == "nearest_online_stdp" or np.abs(kept["W"][-1] - first).max() > 1e-3
    np.testing.assert_allclose(weights[-len(kept["W"]) :], kept["W"], rtol=1e-5, atol=1e-6)
