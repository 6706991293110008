"""Actions: their statistics with fixed keys, and who decides on what."""

import random

import jax
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.coding.actions import ACTIONS, RandomAction
from spaic_jax.network import Action
from spaic_jax.storage import from_dict, to_dict

PLANS = [sj.Reference(), sj.Tiled(), sj.Tiled(7)]
METHODS = sorted(ACTIONS)


def network(neurons, coding_method, name="action", num=None, **settings):
    """Neurons that fire the spikes that they are given, or hold what is left of them as a potential, and an action."""
    net = sj.Network()
    net.x = sj.Encoder(num=neurons, coding_method="null")
    threshold = 1e9 if coding_method == "highest_voltage_action" else 0.5
    net.g = sj.NeuronGroup(neurons, model="if", v_th=threshold)
    net.w = sj.Connection(net.x, net.g, "one_to_one", w_mean=1.0)
    setattr(net, name, sj.Action(num, dec_target=net.g, coding_method=coding_method, **settings))
    return net


def actions_of(x, coding_method, seed=0, plan=None, values=(), **settings):
    """The action of each sample."""
    sim = sj.build(network(x.shape[-1], coding_method, **settings), dt=1.0, plan=plan)
    variables = sim.set(sim.init(jax.random.key(1), x.shape[1]), dict(values))
    action = sim.run(variables, {"x": x}, jax.random.key(seed)).outputs["action"]
    assert action.dtype == np.int32 and action.shape == (x.shape[1],)
    return np.asarray(action)


def fits(actions, probabilities):
    """Whether draws have these probabilities: chi-square, at a level of 1e-3 for up to nine degrees of freedom."""
    probabilities = np.asarray(probabilities, float)
    counts = np.bincount(actions, minlength=len(probabilities))
    assert len(counts) == len(probabilities) and not counts[probabilities == 0].any()
    there = probabilities > 0
    expected = probabilities[there] * len(actions)
    quantile = [0.0, 10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88]
    return ((counts[there] - expected) ** 2 / expected).sum() <= quantile[there.sum() - 1]


def pattern(counts, steps=8, batch=2000):
    """Spikes of which each neuron fires so many, `[T, B, n]`, the same for all samples."""
    x = (np.arange(steps)[:, None] < np.asarray(counts)).astype(np.float32)
    return np.broadcast_to(x[:, None], (steps, batch, len(counts)))


def softmax(x):
    e = np.exp(np.asarray(x, float))
    return e / e.sum()


@pytest.mark.parametrize(
    ("method", "counts", "settings", "probabilities"),
    [
        ("pop_rate_action", [1, 2, 0, 5], {}, [0.125, 0.25, 0, 0.625]),
        ("pop_rate_action", [1, 2, 0, 5], {"num": 2}, [0.375, 0.625]),
        ("pop_rate_action", [0, 0, 0], {}, [1 / 3] * 3),
        ("softmax_action", [1, 2, 0, 3], {}, softmax([1, 2, 0, 3])),
        ("softmax_action", [1, 2, 0, 3], {"temperature": 4.0}, softmax([0.25, 0.5, 0, 0.75])),
        ("softmax_action", [1, 2, 0, 3], {"pop_size": 2}, softmax([3, 3])),
        ("highest_spikes_action", [1, 4, 4, 3], {}, [0, 0.5, 0.5, 0]),
        ("highest_spikes_action", [1, 4, 4, 3], {"compat": True}, [0, 1, 0, 0]),
        ("highest_spikes_action", [0, 0, 0], {}, [1 / 3] * 3),
        ("highest_spikes_action", [0, 0, 0], {"compat": True}, [1, 0, 0]),
        ("first_spike_action", [0, 4, 0, 3], {}, [0, 0.5, 0, 0.5]),
        ("first_spike_action", [0, 4, 0, 3], {"compat": True}, [0, 1, 0, 0]),
        ("first_spike_action", [0, 0], {}, [0.5, 0.5]),
        ("first_spike_action", [0, 0], {"compat": True}, [1, 0]),
        ("random_action", [8, 0, 0, 0], {}, [0.25] * 4),
        ("highest_voltage_action", [1, 5, 2], {}, [0.3, 0.4, 0.3]),
        ("highest_voltage_action", [5, 5, 2], {"epsilon_start": 0.3}, [0.45, 0.45, 0.1]),
        ("highest_voltage_action", [1, 2, 4, 0], {"epsilon_start": 0.0, "epsilon_end": 0.0, "num": 2}, [0, 1]),
    ],
)
def test_actions_have_the_probabilities_that_they_say(method, counts, settings, probabilities):
    x = pattern(counts)
    assert fits(actions_of(x, method, **settings), probabilities)


def test_an_action_is_of_the_first_spike_and_not_of_the_lowest_neuron():
    x = np.zeros((9, 3, 4), np.float32)
    x[3, 0, 2], x[4, 0, 0], x[8, 1, 3], x[5, 1, 1] = 1, 1, 1, 1
    x[2, 2, 3], x[2:, 2, 0] = 1, 0
    for plan in PLANS:
        assert actions_of(x, "first_spike_action", plan=plan).tolist() == [2, 1, 3]


def test_epsilon_falls_with_the_decisions_and_lasts_over_presentations():
    sim = sj.build(network(2, "highest_voltage_action"), dt=1.0)
    batch = 2000
    x = pattern([1, 3], 4, batch)
    variables = sim.init(jax.random.key(0), batch)
    explored = []
    for n in range(60):
        if n % 7 == 3:
            variables = sim.restart(variables)
        variables = sim.set(variables, {"g.V": np.zeros((batch, 2))})
        result = sim.run(variables, {"x": x}, jax.random.key(n))
        variables = result.variables
        explored.append(2 * np.mean(result.outputs["action"] == 0))
    assert int(variables["action.decisions"]) == 60
    epsilon = 0.05 + 0.85 * np.exp(-np.arange(60) / 200)
    error = 2 * np.sqrt(epsilon / 2 * (1 - epsilon / 2) / batch)
    assert np.abs((explored - epsilon) / error).max() < 4 and explored[0] - explored[-1] > 0.1


def test_spaics_epsilon_is_a_coin_that_is_thrown_once():
    coin = random.Random(1).random()
    x = pattern([1, 3, 3], 4)
    turn = int(np.ceil(-200 * np.log((coin - 0.05) / 0.85)))
    before = actions_of(x, "highest_voltage_action", compat=True, values={"action.decisions": turn - 1})
    after = actions_of(x, "highest_voltage_action", compat=True, values={"action.decisions": turn})
    assert turn == 463 and fits(before, [1 / 3] * 3) and (after == 1).all()


def test_spaics_softmax_goes_over_the_batch():
    one = np.asarray([actions_of(pattern([1, 6], batch=1), "softmax_action", seed, compat=True)[0] for seed in range(40)])
    assert 10 <= one.sum() <= 30
    x = np.concatenate([pattern([1, 6], batch=2000), pattern([2, 4], batch=2000)], 1)
    columns = np.exp([[1, 6], [2, 4]])
    columns /= columns.sum(0)
    both = actions_of(x, "softmax_action", compat=True)
    for half, row in zip((both[:2000], both[2000:]), columns, strict=True):
        assert fits(half, row / row.sum())


def test_spaics_population_rates_are_those_of_the_batch():
    x = np.concatenate([pattern([4, 0], batch=2000), pattern([1, 3], batch=2000)], 1)
    both = actions_of(x, "pop_rate_action", compat=True)
    assert fits(both[:2000], [5 / 8, 3 / 8]) and fits(both[2000:], [5 / 8, 3 / 8])
    own = actions_of(x, "pop_rate_action")
    assert fits(own[:2000], [1, 0]) and fits(own[2000:], [0.25, 0.75])


def some(steps=20, batch=5, neurons=4, seed=0):
    return (np.random.default_rng(seed).random((steps, batch, neurons)) < 0.2).astype(np.float32)


@pytest.mark.parametrize("method", often(METHODS, ("first_spike_action", "highest_voltage_action")))
def test_each_sample_acts_by_itself(method):
    x = some(batch=7)
    whole = actions_of(x, method)
    np.testing.assert_array_equal(whole[:3], actions_of(x[:, :3], method))
    for plan in PLANS if method in ("first_spike_action", "highest_voltage_action") else ():
        np.testing.assert_array_equal(whole, actions_of(x, method, plan=plan))
    many = actions_of(np.zeros((3, 512, 4)), method)
    assert (many[1:] == many[:-1]).mean() < 0.4
    assert not np.array_equal(many, actions_of(np.zeros((3, 512, 4)), method, seed=1))


@pytest.mark.parametrize(
    ("method", "name"), [("first_spike_action", "aaa"), ("highest_voltage_action", "zzz"), ("softmax_action", "aaa")]
)
def test_runs_in_pieces_and_steps_agree_over_presentations(method, name):
    x, key = some(), jax.random.key(3)
    sim = sj.build(network(4, method, name=name), dt=1.0)
    now = sim.run(sim.init(jax.random.key(0), 5), {"x": x}, key).variables
    whole = sim.run(now, {"x": x}, key)
    pieces = now
    for start in (0, 7, 14):
        part = sim.run(pieces, {"x": x[start : start + 7]}, key, presentation=20)
        pieces = part.variables
    np.testing.assert_array_equal(part.outputs[name], whole.outputs[name])
    steps = sim.prepare(now)
    for row in x:
        steps, emitted = sim.step(steps, {"x": row}, key, steps=20)
    np.testing.assert_array_equal(emitted[name], whole.outputs[name])
    for other in (pieces, steps.variables):
        jax.tree.map(np.testing.assert_array_equal, other, whole.variables)


def test_a_step_emits_the_action_of_the_presentation_so_far():
    sim = sj.build(network(3, "highest_spikes_action"), dt=1.0)
    now, key, seen = sim.init(jax.random.key(0)), jax.random.key(1), []
    for neuron in (2, 1, 1, 0, 0, 0, 1, 1):
        now, emitted = sim.step(now, {"x": np.eye(3)[[neuron]]}, key, steps=6)
        seen.append(int(emitted["action"][0]))
    # Two presentations: after a tie of 2 and 1, 1 leads until 0 has more.
    assert seen[0] == 2 and seen[1] in (1, 2) and seen[2:4] == [1, 1] and seen[4] in (0, 1) and seen[5:] == [0, 1, 1]


def test_epsilon_in_a_loop_of_steps_needs_the_length_of_a_presentation():
    sim = sj.build(network(3, "highest_voltage_action"), dt=1.0)
    with pytest.raises(ValueError, match="op 'action.decisions' needs the number of steps"):
        sim.step(sim.init(jax.random.key(0)), {"x": np.zeros((1, 3))}, jax.random.key(1))


def test_a_key_is_needed():
    sim = sj.build(network(3, "softmax_action"), dt=1.0)
    with pytest.raises(ValueError, match="op 'action.action' is random: give key"):
        sim.run(sim.init(jax.random.key(0)), {"x": np.zeros((2, 1, 3))})


def test_an_action_of_half_precision_counts_on():
    """Half precision counts to 256."""
    sim = sj.build(sj.build(network(2, "highest_spikes_action"), dt=1.0).program.astype("bfloat16"))
    x = np.ones((300, 1, 2), np.float32)
    x[5, 0, 1] = 0
    assert sim.run(sim.init(jax.random.key(0)), {"x": x}, jax.random.key(1)).outputs["action"].tolist() == [0]


def test_gradients_pass_beside_an_action():
    net = network(3, "pop_rate_action")
    net.out = sj.Decoder(dec_target=net.g, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(jax.random.key(0), 2)

    def loss(params):
        return sim.run(variables.with_params(params), {"x": np.full((4, 2, 3), 0.1)}, jax.random.key(0)).outputs["out"].sum()

    assert np.all(np.asarray(jax.grad(loss)(variables.params)["w.weight"]) > 0.7)


@pytest.mark.parametrize("method", METHODS)
def test_a_file_holds_it(method):
    net = network(6, method, num=3)
    again = from_dict(to_dict(net))
    assert to_dict(again) == to_dict(net) and again.action.acting == net.action.acting
    assert again.action.dec_target is again.g and again.action.num == 3
    assert sj.build(again, dt=1.0).program == sj.build(net, dt=1.0).program
    assert from_dict({**to_dict(net), "actions": {"action": {"dec_target": "g", "num": 2}}}).action.pop_size == 3
    assert sj.edit.copy(net).action.num == 3


def test_training_does_not_take_an_action_for_a_decoder(key):
    net = network(4, "random_action")
    net.out = sj.Decoder(dec_target=net.g)
    sim = sj.build(net, dt=1.0)
    data = sj.data.Dataset({"x": some(batch=12)}, np.arange(12) % 4)
    assert 0 <= sj.train.evaluate(sim, sim.init(key), data, key=key, batch_size=5).accuracy <= 1


@pytest.mark.parametrize(
    ("declare", "sentence"),
    [
        (lambda g: Action(4, dec_target=g), "num is 4, but its target has 6 neurons, the same number for each action"),
        (lambda g: Action(2, dec_target=g, pop_size=2), "num is 2 and pop_size 2, but its target has 6 neurons"),
        (lambda g: Action(0, dec_target=g), "Action: num must be a positive whole number, got 0"),
        (lambda g: Action(dec_target=g, pop_size=4), "pop_size must divide the 6 neurons of the target, got 4"),
        (lambda g: Action(dec_target=g, pop_size=0), "pop_size must be a positive whole number, got 0"),
        (lambda g: Action(dec_target=g, coding_method="softmx_action"), "did you mean 'softmax_action'"),
        (lambda g: Action(dec_target=g, coding_method="softmax_action", temperature=0), "temperature must be a positive"),
        (lambda g: Action(dec_target=g, coding_method="highest_voltage_action", epsilon_end=1.5), "epsilon_end must be"),
        (lambda g: Action(dec_target=g, coding_method=RandomAction(), compat=True), "compat came beside a finished RandomAction"),
    ],
)
def test_what_does_not_fit_is_named(declare, sentence):
    with pytest.raises(ValueError, match=sentence):
        declare(sj.NeuronGroup(6, model="lif"))


def test_a_target_needs_what_is_looked_at():
    with pytest.raises(TypeError, match="dec_target must be a NeuronGroup"):
        Action(2)
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(3, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.g)
    net.action = sj.Action(dec_target=net.g)
    with pytest.raises(ValueError, match="'action' looks at 'g': unknown variable 'O'; known: V"):
        sj.build(net, dt=1.0)
    net = sj.edit.replace(net, "action", Action(dec_target=net.g, coding_method="softmax_action", coding_var_name="spikes"))
    with pytest.raises(ValueError, match="unknown variable 'spikes'"):
        sj.build(net, dt=1.0)
