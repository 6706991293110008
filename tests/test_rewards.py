"""Rewards against SPAIC's recordings and against loops over plain numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often
from spaic import golden

import spaic_jax as sj
from spaic_jax.coding.rewards import REWARDS, GlobalReward
from spaic_jax.network import Reward
from spaic_jax.storage import from_dict, to_dict

PLANS = [sj.Reference(), sj.Tiled(), sj.Tiled(7)]


def network(num, coding_method, name="reward", coding_var_name="O", **settings):
    """Neurons that fire the spikes that they are given, and a reward of them."""
    net = sj.Network()
    net.x = sj.Encoder(num=num, coding_method="null")
    net.g = sj.NeuronGroup(num, model="if", v_th=0.5)
    net.w = sj.Connection(net.x, net.g, "one_to_one", w_mean=1.0)
    setattr(net, name, sj.Reward(dec_target=net.g, coding_method=coding_method, coding_var_name=coding_var_name, **settings))
    net.seen = sj.StateMonitor(net[name], "reward")
    return net


def rewards_of(spikes, given, coding_method, plan=None, **settings):
    """The reward of every step, `[T, B, n]`."""
    sim = sj.build(network(spikes.shape[-1], coding_method, **settings), dt=1.0, plan=plan)
    inputs = {"x": spikes, "reward": given}
    return np.asarray(sim.run(sim.init(jax.random.key(0), spikes.shape[1]), inputs).probes["seen"])


def some(steps=24, batch=4, num=6, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((steps, batch, num)) < 0.3).astype(np.float32), rng.integers(0, num, batch)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("global_reward", {}),
        ("global_reward_b1", {}),
        ("global_reward_pop2", {"pop_size": 2, "punish_signal": -0.3, "reward_signal": 0.7}),
        ("da_reward", {}),
        ("classify_reward", {}),
        ("xor_reward", {}),
        ("xor_reward0", {}),
    ],
)
@pytest.mark.parametrize("window", [None, 10])
def test_spaics_rewards(name, settings, window):
    recorded = golden(f"reward/{name}")
    method = name.removesuffix("_b1").removesuffix("_pop2").removesuffix("0")
    target = recorded["target"].reshape(-1)
    got = rewards_of(recorded["record"], target, method, compat=True, dec_sample_step=window, **settings)
    assert not got[:-1].any()
    np.testing.assert_allclose(got[-1], np.broadcast_to(recorded["out"], got[-1].shape), rtol=1e-5, atol=1e-6)


def test_spaics_reward_of_an_environment():
    recorded = golden("reward/environment_reward")
    got = rewards_of(recorded["record"][:, :1], recorded["target"].astype(np.float32), "environment_reward")
    np.testing.assert_allclose(got, np.broadcast_to(recorded["out"], (10, 1, 1)), rtol=1e-6)


def by_hand(spikes, labels, method, window, pop=1, reward=1.0, punish=None, beta=0.99, compat=False):
    """The rewards in float64, sample by sample; labels are `[T, B]`."""
    steps, batch, num = spikes.shape
    window = steps if window is None else window
    punish = {"da_reward": 0.0}.get(method, -1.0) if punish is None else punish
    size = num if method in ("da_reward", "classify_reward") else 1
    out, kept = np.zeros((steps, batch, size)), np.zeros((batch, num))
    for t in range(window - 1, steps, window):
        counts = spikes[t + 1 - window : t + 1].sum(0).astype(float)
        kept = beta * kept + counts / window
        for b, label in enumerate(labels[t]):
            votes = counts[b].reshape(-1, pop).sum(-1)
            winner = int(votes.argmax())
            if method == "global_reward":
                out[t, b] = reward if winner == label else punish
            elif method == "da_reward":
                out[t, b] = punish
                if winner == label:
                    out[t, b, label * pop : (label + 1) * pop] = reward
            elif method == "xor_reward":
                fired = votes[0] > 0
                if compat:
                    out[t, b] = reward if fired and label == 1 else punish
                else:
                    out[t, b] = (reward if label == 1 else punish) if fired else 0.0
            else:
                whole = kept if compat else kept[b]
                z = np.exp((kept[b] - whole.mean()) / (whole.std(ddof=1) + 0.1))
                out[t, b] = -z / z.sum()
                out[t, b, label] += 1
        if compat and method == "global_reward":
            out[t] = out[t].mean(0)
        if compat and method == "da_reward":
            out[t] = out[t].sum(0)
    return out


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("window", often([1, 5, None], [5]))
@pytest.mark.parametrize(
    ("method", "num", "settings"),
    [
        ("global_reward", 6, {"reward_signal": 0.7, "punish_signal": -0.2, "pop_size": 2}),
        ("da_reward", 6, {"pop_size": 3, "punish_signal": -0.1}),
        ("da_reward", 6, {}),
        ("xor_reward", 1, {"punish_signal": -0.5}),
        ("xor_reward", 2, {"pop_size": 2}),
        ("classify_reward", 6, {"beta": 0.5}),
    ],
)
def test_every_sample_has_the_reward_of_its_own_spikes(method, num, settings, window, compat):
    spikes, _ = some(num=num, seed=num)
    pop = settings.get("pop_size", 1)
    classes = 2 if method == "xor_reward" else num // pop
    labels = np.random.default_rng(1).integers(0, classes, spikes.shape[:2])
    names = {"pop_size": "pop", "reward_signal": "reward", "punish_signal": "punish"}
    expected = by_hand(spikes, labels, method, window, compat=compat, **{names.get(k, k): v for k, v in settings.items()})
    assert len(np.unique(expected)) > 1
    for plan in PLANS if window == 5 and not compat else PLANS[1:2]:
        got = rewards_of(spikes, labels, method, plan, dec_sample_step=window, compat=compat, **settings)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_labels_are_held_or_change():
    spikes, labels = some()
    changing = np.broadcast_to(labels, (24, 4))
    held = rewards_of(spikes, labels, "global_reward", dec_sample_step=5)
    np.testing.assert_array_equal(held, rewards_of(spikes, changing, "global_reward", dec_sample_step=5))


@pytest.mark.parametrize("method", ["global_reward", "da_reward", "classify_reward"])
def test_a_reward_does_not_depend_on_the_batch(method):
    spikes, labels = some(batch=5)
    alone = [rewards_of(spikes[:, b : b + 1], labels[b : b + 1], method, dec_sample_step=6) for b in range(5)]
    np.testing.assert_allclose(rewards_of(spikes, labels, method, dec_sample_step=6), np.concatenate(alone, 1), rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "window", "name"),
    [
        ("global_reward", 4, "aaa"),
        ("da_reward", None, "zzz"),
        ("classify_reward", 4, "zzz"),
        ("classify_reward", None, "aaa"),
        ("environment_reward", 1, "aaa"),
    ],
)
def test_runs_in_pieces_and_steps_agree_over_presentations(method, window, name):
    spikes, labels = some(steps=20)
    sim = sj.build(network(6, method, name=name, dec_sample_step=window), dt=1.0)
    given = labels.astype(np.float32) if method == "environment_reward" else labels
    begin = sim.init(jax.random.key(0), 4)
    first = sim.run(begin, {"x": spikes, name: given})
    again = sim.run(first.variables, {"x": spikes, name: given})
    np.testing.assert_array_equal(first.probes["seen"], again.probes["seen"])
    pieces, now = [], first.variables
    for start in (0, 7, 14):
        part = sim.run(now, {"x": spikes[start : start + 7], name: given}, presentation=20)
        pieces, now = [*pieces, part.probes["seen"]], part.variables
    np.testing.assert_array_equal(np.concatenate(pieces), again.probes["seen"])
    now, emitted = sim.prepare(first.variables), []
    for x in spikes:
        now, row = sim.step(now, {"x": x, name: given}, steps=20)
        emitted.append(row["seen"])
    np.testing.assert_array_equal(np.stack(emitted), again.probes["seen"])


def test_a_window_that_is_cut_short_gives_none():
    spikes, labels = some(steps=11)
    got = rewards_of(spikes, labels, "global_reward", dec_sample_step=4)
    assert [bool(row.all()) for row in got] == [t in (3, 7) for t in range(11)]


def test_rewards_of_several_nodes_are_distinct():
    spikes, labels = some()
    net = network(6, "global_reward")
    net.other = Reward(dec_target=net.g, coding_method="da_reward", reward_signal=0.3)
    net.third = Reward(coding_method="environment_reward")
    for name in ("other", "third"):
        setattr(net, f"seen_{name}", sj.StateMonitor(net[name], "reward"))
    sim = sj.build(net, dt=1.0)
    inputs = {"x": spikes, "reward": labels, "other": (labels + 1) % 6, "third": np.arange(4.0, dtype=np.float32)}
    probes = sim.run(sim.init(jax.random.key(0), 4), inputs).probes
    np.testing.assert_array_equal(probes["seen"], rewards_of(spikes, labels, "global_reward"))
    expected = rewards_of(spikes, (labels + 1) % 6, "da_reward", reward_signal=0.3)
    np.testing.assert_array_equal(probes["seen_other"], expected)
    np.testing.assert_array_equal(probes["seen_third"][..., 0], np.broadcast_to(np.arange(4.0), (24, 4)))


@pytest.mark.parametrize("num", [1, 3])
def test_an_environment_gives_rewards_held_or_by_step_one_or_several_a_sample(num):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(3, model="lif")
    net.w = sj.Connection(net.x, net.g)
    net.reward = sj.Reward(num, coding_method="environment_reward")
    net.seen = sj.StateMonitor(net.reward, "reward")
    sim = sj.build(net, dt=1.0)
    rng = np.random.default_rng(0)
    shape = (5,) if num == 1 else (5, num)
    x, held, changing = np.zeros((8, 5, 2)), rng.normal(size=shape), rng.normal(size=(8, *shape))
    for given in (held, changing):
        got = sim.run(sim.init(jax.random.key(0), 5), {"x": x, "reward": given}).probes["seen"]
        np.testing.assert_allclose(got, np.broadcast_to(given, (8, *shape)).reshape(8, 5, num), rtol=1e-6)


def test_a_reward_sees_the_spikes_of_this_step_in_any_propagation():
    spikes, labels = some()
    sim = sj.build(network(6, "global_reward"), dt=1.0, propagation="one_step")
    got = sim.run(sim.init(jax.random.key(0), 4), {"x": spikes, "reward": labels}).probes["seen"]
    late = np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
    np.testing.assert_allclose(got, by_hand(late, np.broadcast_to(labels, (24, 4)), "global_reward", 1))


def test_rewards_keep_their_precision_in_half():
    spikes, _ = some()
    program = sj.build(network(6, "global_reward", reward_signal=0.7, dec_sample_step=24), dt=1.0).program.astype("bfloat16")
    half = sj.build(program)
    spikes = np.ones_like(spikes)
    got = half.run(half.init(jax.random.key(0), 4), {"x": spikes, "reward": np.zeros(4, np.int32)}).probes["seen"]
    assert got.dtype == jnp.float32 and got[-1, 0, 0] == np.float32(0.7)


@pytest.mark.parametrize(("method", "window"), list(zip(REWARDS, (3, None, 1, None, 1), strict=True)))
def test_a_file_holds_it(method, window):
    net = network(2 if method == "xor_reward" else 6, method, dec_sample_step=window, **({"pop_size": 2} if method == "xor_reward" else {}))
    net.late = sj.Reward(3, coding_method="environment_reward", dec_sample_step=2)
    again = from_dict(to_dict(net))
    assert to_dict(again) == to_dict(net) and again.reward.rewarding == net.reward.rewarding
    assert again.reward.dec_target is again.g and again.late.shape == (3,)
    assert sj.build(again, dt=1.0).program == sj.build(net, dt=1.0).program
    assert "Reward" in str(net) and "[3] EnvironmentReward" in str(net)
    copied = sj.edit.copy(net)
    assert copied.reward.dec_target is copied.g and sj.build(copied, dt=1.0).program == sj.build(net, dt=1.0).program


def labelled(num=6, method="global_reward", **settings):
    sim = sj.build(network(num, method, **settings), dt=1.0)
    return lambda given: sim.run(sim.init(jax.random.key(0), 4), {"x": np.zeros((8, 4, num)), "reward": given})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([0, 1, 6, 2], r"input 'reward' holds 6.0 at \[2\], but needs labels from 0 to 5"),
        ([0, -1, 0, 0], r"input 'reward' holds -1.0 at \[1\]"),
        ([0.0, 1.0, 0.5, 0.0], "input 'reward' has dtype float64, but needs numbers that int32 can hold"),
        ([0, 1, 2], r"input 'reward' has shape \(3,\), but needs \[B=4\] \(held\) or \[T, B=4\]"),
        (np.zeros((5, 4), int), "input 'reward' has 5 steps, but 8 are to be run"),
    ],
)
def test_what_is_no_label_is_named(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        labelled()(given)


def test_what_is_no_reward_is_named():
    with pytest.raises(ValueError, match=r"input 'reward' holds NaN or infinite values, .* the first is inf at \[3\]"):
        labelled(method="environment_reward")(np.array([0.0, 1.0, 2.0, np.inf]))
    with pytest.raises(ValueError, match="input 'reward' is missing"):
        sim = sj.build(network(6, "environment_reward"), dt=1.0)
        sim.run(sim.init(jax.random.key(0), 4), {"x": np.zeros((8, 4, 6))})
    with pytest.raises(ValueError, match=r"holds 2.0 at \[0\], but needs labels from 0 to 1"):
        labelled(1, "xor_reward")([2, 0, 0, 0])


@pytest.mark.parametrize(
    ("declare", "sentence"),
    [
        (lambda g: Reward(dec_target=g, pop_size=4), "pop_size must divide the 6 neurons of the target, got 4"),
        (lambda g: Reward(5, dec_target=g), "num is 5, but its target has 6 neurons"),
        (lambda g: Reward(6), "a GlobalReward needs a dec_target"),
        (lambda g: Reward(dec_target=g, coding_method="globl_reward"), "did you mean 'global_reward'"),
        (lambda g: Reward(dec_target=g, punish=1.0), "did you mean 'punish_signal'"),
        (lambda g: Reward(dec_target=g, dec_sample_step=0), "dec_sample_step must be a positive whole number, got 0"),
        (lambda g: Reward(dec_target=g, dec_sample_step=2.5), "dec_sample_step must be a positive whole number"),
        (lambda g: Reward(dec_target=g, reward_signal=float("nan")), "GlobalReward: reward_signal must be a finite number"),
        (lambda g: Reward(dec_target=g, coding_method="xor_reward"), "needs a target of one population, but it has 6"),
        (lambda g: Reward(dec_target=sj.NeuronGroup(1), coding_method="classify_reward"), "at least two neurons"),
        (lambda g: Reward(dec_target=g, coding_method="classify_reward", beta=1.5), "ClassifyReward: beta must be"),
        (lambda g: Reward(dec_target=g, coding_method=GlobalReward(), pop_size=2), "pop_size came beside a finished GlobalReward"),
    ],
)
def test_what_does_not_fit_is_named(declare, sentence):
    with pytest.raises(ValueError, match=sentence):
        declare(sj.NeuronGroup(6, model="lif"))


def test_a_target_needs_spikes():
    with pytest.raises(TypeError, match="dec_target must be a NeuronGroup"):
        Reward(dec_target=sj.Encoder(num=3))
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(3, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.g)
    net.reward = sj.Reward(dec_target=net.g)
    with pytest.raises(ValueError, match="'reward' looks at 'g': unknown variable 'O'; known: V"):
        sj.build(net, dt=1.0)


def test_a_data_set_brings_labels_for_a_reward(key):
    spikes, labels = some(steps=8, batch=12)
    net = network(6, "global_reward", dec_sample_step=None)
    net.out = sj.Decoder(dec_target=net.g)
    data = sj.data.Dataset({"x": spikes, "reward": labels}, labels)
    found = sj.train.evaluate(sj.build(net, dt=1.0), sj.build(net, dt=1.0).init(key), data, batch_size=5)
    assert found.accuracy == np.mean(spikes.sum(0).argmax(-1) == labels)
