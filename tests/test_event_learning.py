"""Rules that are evaluated where neurons fire alone: synapses stored as pairs, against loops in float64 and against matrices."""

import dataclasses
import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rule_loops
from cases import often
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from pairs import matrix
from rules import Told, Trains
from rules import learn as learn_in
from test_rules import CASES, bounds_of, close, of

import spaic_jax as sj
from spaic_jax.plasticity import RULES, STDP, Meeting, NearestOnlineSTDP, Traced, VogelsSTDP, event_driven
from spaic_jax.plasticity.events import MANY, Touched
from spaic_jax.plasticity.rows import learn_by_events
from spaic_jax.storage.weights import WeightsWarning

PRE, POST, COUNT, STEPS = 220, 180, 1999, 30
EVENT_DRIVEN = [case for case, rule in CASES.items() if hasattr(type(rule).change, "event_driven")]
RULE = VogelsSTDP(eta=0.05, target=30.0, tau=8.0)


def trains(seed, batch=2):
    """Spikes so few that synapses are looked for, but for steps in which many fire, or all of one end."""
    rng = np.random.default_rng(seed)
    share = np.full((STEPS, 2), 0.25 * MANY / batch)
    share[[9, 17, 23, 26]] = [(1, 0), (0, 1), (1, 1), (0.3, 0.1)]
    made = Trains.of(seed, steps=STEPS, batch=batch, pre=PRE, post=POST)
    spikes = [(rng.random((STEPS, batch, n)) < share[:, end, None, None]).astype(np.float32) for end, n in enumerate((PRE, POST))]
    there = sum((x > 0).any(1).mean(1) for x in spikes)
    assert (there < MANY).sum() > STEPS / 2 and ((there > 0) & (there < MANY)).sum() > 5 and (there > MANY).sum() >= 4
    return dataclasses.replace(made, pre=spikes[0], post=spikes[1])


def some(seed):
    """Ends of synapses, in the order in which they are stored."""
    pre, post = np.divmod(np.sort(np.random.default_rng(seed).choice(PRE * POST, COUNT, replace=False)), POST)
    return post, pre


def test_the_rules_of_the_table_that_say_so():
    named = {name for name, kind in RULES.items() if hasattr(kind.change, "event_driven")}
    assert named == {
        "conv2d_rstdp", "conv2d_stdp", "full_online_stdp", "multiplicative_stdp", "nearest_online_stdp", "power_law_stdp", "rstdp",
        "stdp", "switch_rstdp", "triplet_stdp", "vogels_stdp",
    }


@pytest.mark.parametrize("name", sorted(name for name, kind in RULES.items() if hasattr(kind.change, "event_driven")))
def test_what_says_so_changes_no_synapse_between_neurons_that_are_silent(name):
    rule, rng, shape = RULES[name](**{"reward": "r"} if name.endswith("rstdp") else {}), np.random.default_rng(5), (3, 40)
    pre, post = (jnp.asarray((rng.random(shape) < 0.02).astype(np.float32)) for _ in range(2))
    ends = jnp.asarray(np.repeat(np.arange(40), 40)), jnp.asarray(np.tile(np.arange(40), 40))
    at = Touched(
        weight=jnp.asarray(rng.random(1600), "float32"), bounds=(0.0, 1.0), dt=1.0, pathway=None, others={}, pre=pre, post=post,
        batch="sum", ends=ends,
    )

    def signal():
        return jnp.asarray(rng.random(shape), "float32")

    told = {key: Traced(signal(), signal()) for key in rule.memories(1.0)} | ({"reward": signal()} if hasattr(rule, "reward") else {})
    change = np.asarray(rule.change(at, **told)["weight"])
    touched = np.asarray((post > 0).any(0))[ends[0]] | np.asarray((pre > 0).any(0))[ends[1]]
    assert 0 < touched.sum() < 1000
    np.testing.assert_array_equal(change[~touched], 0)
    assert np.abs(change[touched]).min() > 0


@pytest.mark.parametrize("case", often(EVENT_DRIVEN, [*EVENT_DRIVEN][::2]))
@pytest.mark.parametrize("way", [
    pytest.param({"plan": sj.Reference()}, marks=pytest.mark.slow),
    {"plan": sj.Tiled(7), "propagation": "one_step", "delay": 2.0, "name": "aaa", "dt": 0.5, "batch": 1},
])
def test_each_synapse_learns_as_its_equation_says(case, way):
    way = dict(way)
    given, index, rule, bounds = trains(len(case), way.pop("batch", 2)), some(len(case)), CASES[case], bounds_of(case)
    limits = {} if bounds == (None, None) else {"w_min": bounds[0], "w_max": bounds[1]}
    got = learn_in(rule, given, link_type="sparse", index=index, storage="pairs", **limits, **way)
    seen = given.seen(way.get("propagation", "same_step"), way.get("delay"), way.get("dt", 1.0))
    expected = rule_loops.weights([(of(case), rule)], seen, given.weight, dt=way.get("dt", 1.0), bounds=bounds, samples=None)
    assert np.abs(expected[-1] - given.weight).max() > 0.01
    close(got, expected[(slice(None), *index)])


def network(rule=RULE, storage="pairs", name="w", seed=0, given=None, **settings):
    given = trains(seed) if given is None else given
    net = sj.Network()
    net.pre = sj.Encoder(num=PRE, coding_method="null")
    net.spikes = sj.Encoder(num=POST, coding_method="null")
    net.group = sj.NeuronGroup(POST, model=Told())
    learns = {"plasticity": rule} if rule else {"is_parameter": False}
    settings = {"index": some(seed), "weight": given.weight, "w_min": 0.0, "w_max": 1.0, **learns, **settings}
    net.add(name, sj.Connection(net.pre, net.group, "sparse", storage=storage, **settings))
    net.tell = sj.Connection(net.spikes, net.group, "one_to_one", weight=1.0, post_var_name="spikes", is_parameter=False)
    return net


def data(given):
    return {"pre": jnp.asarray(given.pre), "spikes": jnp.asarray(given.post)}


@functools.cache
def built(**settings):
    return sj.build(network(**settings), dt=1.0).train()


def learned(sim, given, variables=None, name="w"):
    variables = sim.init(jax.random.key(0), given.pre.shape[1]) if variables is None else variables
    return np.asarray(sim.run(variables, data(given)).variables[f"{name}.weight"])


def in_matrix(sim, weight):
    return matrix(sim.init(jax.random.key(0)), weight, (POST, PRE))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decaying(STDP):
    """It says nothing of its own change."""

    def change(self, at, **traces):
        return {"weight": super().change(at, **traces)["weight"] - 0.01 * at.weight}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Capped(NearestOnlineSTDP):
    """It bounds weights, which what it inherits does with some settings only."""

    def bound(self, weight, at):
        return jnp.minimum(weight, 0.5)


@pytest.mark.parametrize("rule, by_events", [
    (RULE, True), ([RULE], True), (NearestOnlineSTDP(), True), (Decaying(), False), ([RULE, "normalise"], False),
    pytest.param(Capped(), False, marks=pytest.mark.slow), pytest.param([RULE, STDP()], False, marks=pytest.mark.slow),
])
def test_where_it_cannot_be_it_is_evaluated_everywhere(rule, by_events):
    rule = [RULES["normalise"](total=3.0) if one == "normalise" else one for one in rule] if isinstance(rule, list) else rule
    given, sims = trains(0), {}
    for storage in ("pairs", "masked"):
        sims[storage] = sj.build(network(rule, storage), dt=1.0).train()
    assert any(op.fn is learn_by_events for op in sims["pairs"].program.rows) == by_events
    assert ("w.fan_in" in sims["pairs"].program.by_name) == by_events
    there = np.asarray(sims["masked"].init(jax.random.key(0))["w.mask"])
    got = in_matrix(sims["pairs"], learned(sims["pairs"], given))
    np.testing.assert_allclose(got, np.where(there, learned(sims["masked"], given), 0), rtol=2e-5, atol=2e-6)


def test_shared_weights_are_learned_everywhere():
    weights = {}
    for storage in ("pairs", "masked"):
        net = network(storage=storage)
        net.other = sj.NeuronGroup(POST, model=Told())
        net.zzz = sj.Connection(net.pre, net.other, shared=net.w)
        net.tell_other = sj.Connection(net.pre[:POST], net.other, "one_to_one", weight=1.0, post_var_name="spikes", is_parameter=False)
        sim = sj.build(net, dt=1.0).train()
        weights[storage] = learned(sim, trains(0))
    got = in_matrix(sj.build(network(), dt=1.0), weights["pairs"])
    np.testing.assert_allclose(got, np.where(got != 0, weights["masked"], 0), rtol=2e-5, atol=2e-6)


def test_pieces_steps_and_runs_that_do_not_learn(key):
    sim, given = built(), trains(0)
    expected, start = learned(sim, given), sim.init(key, 2)
    pieces, steps = start, sim.prepare(start)
    for begin in range(0, STEPS, 10):
        pieces = sim.run(pieces, {name: x[begin : begin + 10] for name, x in data(given).items()}, presentation=STEPS).variables
    for t in range(STEPS):
        steps, _ = sim.step(steps, {name: x[t] for name, x in data(given).items()}, steps=STEPS)
    np.testing.assert_array_equal(pieces["w.weight"], expected)
    np.testing.assert_allclose(steps.variables["w.weight"], expected, rtol=1e-6)
    frozen = sj.build(network(), dt=1.0)
    np.testing.assert_array_equal(learned(frozen, given), start["w.weight"])


def test_where_synapses_are_follows_what_is_set(key):
    """The table of an earlier connectome would change other synapses."""
    given, one, two = trains(0), built(), built(seed=1)
    other = two.init(key, 2)
    start = one.set(one.init(key, 2), {name: other[name] for name in ("w.post", "w.start", "w.weight")})
    np.testing.assert_array_equal(learned(one, given, start), learned(two, given))
    np.testing.assert_array_equal(one.restart(start, key)["w.fan_in"], other["w.fan_in"])


def test_where_synapses_are_follows_what_a_file_says(tmp_path):
    """Of a network that does not learn, and of one that does."""
    given, drawn = trains(0), {"index": None, "weight": 0.5, "density": 0.05}
    sim, frozen = sj.build(network(**drawn), dt=1.0).train(), sj.build(network(None, **drawn), dt=1.0)
    there = sim.init(jax.random.key(7), 2)
    expected = learned(sim, given, there)
    sj.save_weights(tmp_path / "frozen.safetensors", frozen, frozen.init(jax.random.key(7), 2))
    sj.save_weights(tmp_path / "learned.safetensors", sim, there)
    with pytest.warns(WeightsWarning, match="'w.VogelsSTDP.eta' stays") as told:
        loaded = [sj.load_weights(tmp_path / f"{name}.safetensors", sim, 2)[0] for name in ("frozen", "learned")]
    assert len(told) == 1 and "fan_in" not in str(told[0].message)
    for variables in loaded:
        np.testing.assert_array_equal(learned(sim, given, variables), expected)
    sj.save_variables(tmp_path / "v.safetensors", sim, there)
    np.testing.assert_array_equal(learned(sim, given, sj.load_variables(tmp_path / "v.safetensors", sim)), expected)


def test_the_weights_are_changed_in_place(key):
    sim, given = built(), trains(0)
    for plan in (sj.Tiled(), sj.Reference()):
        one = dataclasses.replace(sim, plan=plan)
        text = jax.jit(lambda v, x, one=one: one.run(v, x).variables).lower(one.init(key, 2), data(given)).compile().as_text()
        loops = [part for part in text.split("\n\n") if "ENTRY" not in part]
        copies = [line for part in loops for line in part.splitlines() if re.search(rf"= f32\[{COUNT}\]\S* copy\(", line)]
        assert not copies, copies


def test_in_half_precision(key):
    given, weights = trains(0), {}
    for storage in ("pairs", "masked"):
        sim = sj.build(network(storage=storage), dt=1.0)
        half = sj.build(sim.program.astype("bfloat16")).train()
        weights[storage] = learned(half, given)
    got = in_matrix(sj.build(network(), dt=1.0), weights["pairs"])
    np.testing.assert_allclose(got, np.where(got != 0, weights["masked"], 0), rtol=2e-5, atol=2e-6)


def test_many_networks_at_once_and_a_batch_over_devices(key):
    sim, given = built(), trains(0)
    start = sim.init(key, 2)
    weights = jnp.stack([start["w.weight"], start["w.weight"] / 2])

    def after(weight):
        return sim.run(sim.set(start, {"w.weight": weight}), data(given)).variables["w.weight"]

    apart = np.stack([after(weight) for weight in weights])
    np.testing.assert_allclose(jax.vmap(after)(weights), apart, rtol=1e-6)
    mesh = Mesh(np.array(jax.devices()[:2]), ("batch",))
    split = jax.tree.map(
        lambda x, batched: jax.device_put(x, NamedSharding(mesh, PartitionSpec(*["batch"] * batched))), start, sim.batched
    )
    inputs = {name: jax.device_put(x, NamedSharding(mesh, PartitionSpec(None, "batch"))) for name, x in data(given).items()}
    np.testing.assert_allclose(sim.run(split, inputs).variables["w.weight"], apart[0], rtol=1e-6)


def test_no_gradient_flows_through_what_it_changes(key):
    sim, given = built(), trains(0)
    start = sim.init(key, 2)

    def last(weight):
        return sim.run(dataclasses.replace(start, plastic={"w.weight": weight}), data(given)).variables["w.weight"].sum()

    np.testing.assert_array_equal(jax.grad(last)(start["w.weight"]), 1.0)


def test_a_change_that_is_told_some_synapses_cannot_add_up_all():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Wrong(STDP):
        @event_driven
        def change(self, at: Meeting, **traces):
            return {"weight": super().change(at, **traces)["weight"] * at.spread(at.incoming(at.weight))}

    with pytest.raises(sj.program.ProgramError, match="is told some synapses at a time: it cannot add up what is incoming"):
        sj.build(network(Wrong()), dt=1.0)
