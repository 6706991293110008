"""The learning rules against loops over spikes in float64, and closed forms."""

import dataclasses
import json

import jax
import numpy as np
import pytest
import rule_loops
from rules import Told, Trains, learn, network

import spaic_jax as sj
from spaic_jax import edit, plasticity
from spaic_jax.plasticity import (
    BCM,
    RSTDP,
    RSTDPET,
    RULES,
    STDP,
    BackpropRSTDP,
    BackpropRSTDPET,
    Clopath,
    FullOnlineSTDP,
    IntrinsicPlasticity,
    MultiplicativeSTDP,
    NearestOnlineSTDP,
    Normalise,
    Oja,
    PowerLawSTDP,
    ReSuMe,
    Rule,
    SynapticScaling,
    TripletSTDP,
    VogelsSTDP,
)
from spaic_jax.storage import from_dict, to_dict

pytestmark = pytest.mark.usefixtures("quickly_compiled")

#: Rules with numbers that move weights of about one within forty steps.
CASES = {
    "stdp": STDP(a_plus=0.03, a_minus=0.04, tau_plus=7.0, tau_minus=12.0),
    "stdp, nearest": STDP(a_plus=0.03, a_minus=0.04, tau_plus=7.0, tau_minus=12.0, pairs="nearest"),
    "multiplicative_stdp": MultiplicativeSTDP(a_plus=0.05, a_minus=0.04, tau_plus=7.0, mu_plus=0.4),
    "power_law_stdp": PowerLawSTDP(a_plus=0.03, a_minus=0.04, w_0=0.3, batch="mean"),
    "triplet_stdp": TripletSTDP(a2_plus=0.02, a3_plus=0.03, a2_minus=0.02, a3_minus=0.01, tau_x=30.0, tau_y=20.0),
    "triplet_stdp, nearest": TripletSTDP(a2_plus=0.02, a3_plus=0.03, a3_minus=0.01, tau_x=30.0, pairs="nearest"),
    "vogels_stdp": VogelsSTDP(eta=-0.02, target=20.0, tau=8.0),
    "resume": ReSuMe(eta=0.02, tau=6.0),
    "oja": Oja(eta=1e-6, tau=9.0),
    "bcm": BCM(eta=1e-9, target=200.0, tau=9.0, tau_theta=15.0),
    "synaptic_scaling": SynapticScaling(eta=1e-4, target=150.0, tau=15.0),
    "intrinsic_plasticity": IntrinsicPlasticity(eta=1e-4, target=150.0, tau=15.0),
    "clopath": Clopath(
        a_minus=0.02, a_plus=0.05, theta_minus=-0.2, theta_plus=0.3, v_rest=0.1, v_spike=3.0, spike_width=1.0, u_ref=0.7, tau_mean=15.0
    ),
    "clopath, bare": Clopath(a_minus=0.02, a_plus=0.05, theta_minus=-0.2, theta_plus=0.3, v_rest=0.1, spike_width=0.0),
}
#: Those whose change depends on where the bounds are.
BOUNDED = ("multiplicative_stdp", "power_law_stdp")
DELAYS = np.random.default_rng(5).integers(0, 4, (4, 5)).astype(float)


def of(case):
    return case.partition(",")[0]


def bounds_of(case):
    return (0.05, 1.2) if of(case) in BOUNDED else (None, None)


def both(rules, trains, *, dt=1.0, propagation="same_step", delay=None, samples=None, bounds=(None, None), **settings):
    """The weights of the network and of the loop, after each step; rules are pairs of a name and a rule."""
    seen, first = trains.seen(propagation, delay, dt), trains.weight
    needs = {}
    if any(name == "resume" for name, _ in rules):
        seen.teacher = np.roll(trains.post, 7, axis=0)[..., ::-1]
        needs["teachers"] = {"wanted": seen.teacher}
        rules = [(name, dataclasses.replace(rule, teacher="wanted") if name == "resume" else rule) for name, rule in rules]
    if bounds != (None, None):
        settings |= {"w_min": bounds[0], "w_max": bounds[1]}
    expected = rule_loops.weights(rules, seen, first, dt=dt, bounds=bounds, samples=samples)
    got = learn(
        [rule for _, rule in rules], trains, dt=dt, propagation=propagation, delay=delay, samples=samples, **needs, **settings
    )
    assert np.abs(expected[-1] - first).max() > 0.01
    return got, expected


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6)


def test_every_rule_has_a_name():
    kinds = {kind for name in plasticity.__all__ if isinstance(kind := getattr(plasticity, name), type) and issubclass(kind, Rule)}
    assert kinds - {Rule} == set(RULES.values())
    assert all(type(rule) is RULES[of(case)] for case, rule in CASES.items())
    assert {of(case) for case in CASES} == set(rule_loops.LOOPS)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", [
    {"plan": sj.Reference()},
    {"plan": sj.Tiled(7), "propagation": "one_step", "delay": 2.0, "name": "aaa", "dt": 0.5},
])
def test_a_rule_is_its_equation(case, way):
    close(*both([(of(case), CASES[case])], Trains.of(seed=len(case)), bounds=bounds_of(case), **way))


@pytest.mark.parametrize("case, way", [
    ("triplet_stdp", {"plan": sj.Tiled()}),
    ("stdp", {"plan": sj.Tiled(7), "delay": 3.0, "name": "zzz"}),
    ("oja", {"plan": sj.Tiled(7), "delay": DELAYS}),
    ("clopath", {"plan": sj.Reference(), "propagation": "one_step", "delay": DELAYS, "dt": 0.5}),
])
def test_whatever_the_plan_and_the_way_of_spikes(case, way):
    close(*both([(case, CASES[case])], Trains.of(seed=3), bounds=bounds_of(case), **way))


@pytest.mark.parametrize("case", ["stdp", "multiplicative_stdp", "oja"])
@pytest.mark.parametrize("batch", ["mean", "weighted"])
def test_samples_are_taken_together(case, batch):
    samples = np.array([0.5, -1.0, 2.0], np.float32) if batch == "weighted" else None
    rule = dataclasses.replace(CASES[case], batch=batch)
    close(*both([(case, rule)], Trains.of(seed=4), samples=samples, bounds=bounds_of(case)))


@pytest.mark.parametrize("case", ["stdp", "triplet_stdp"])
def test_a_batch_of_one_after_another_is_a_batch(case):
    """Where weights have no bounds, and change nothing of the spikes."""
    trains, weight = Trains.of(seed=6), None
    for b in range(3):
        one = dataclasses.replace(
            trains, pre=trains.pre[:, b : b + 1], post=trains.post[:, b : b + 1], potential=trains.potential[:, b : b + 1],
            weight=trains.weight if weight is None else weight,
        )
        weight = learn(CASES[case], one)[-1]
    close(weight, learn(CASES[case], trains)[-1])


def test_rules_side_by_side_change_the_same_weights():
    rules = [(of(case), CASES[case]) for case in ("stdp", "oja", "stdp, nearest")]
    close(*both(rules, Trains.of(seed=7), bounds=(0.1, 0.9), plan=sj.Tiled(7)))


@pytest.mark.parametrize("case", ["stdp", "bcm", "clopath", "synaptic_scaling"])
def test_the_second_presentation(case):
    """Weights and slow variables last, all else begins anew: as if what lasts were given to the first presentation."""
    rule, trains = CASES[case], Trains.of(seed=8)
    sim = sj.build(network(rule, trains), dt=1.0).train()
    data = {"pre": trains.pre, "spikes": trains.post, "potential": trains.potential}
    first = sim.run(sim.init(jax.random.key(0), 3), data).variables
    second = sim.run(sim.restart(first), data).variables
    lasting = {v.name for v in sim.program.variables if v.stay or v.role == "plastic"}
    assert len(lasting) == (1 if case == "stdp" else 2)
    fresh = sim.set(sim.init(jax.random.key(0), 3), {name: first[name] for name in lasting})
    for name, value in sim.run(fresh, data).variables.values.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)
    assert all(float(abs(first[name] - sim.init(jax.random.key(0), 3)[name]).max()) > 0.01 for name in lasting)
    # Rates of a batch are one number a neuron, so that another batch may go on with them.
    sim.restart(first, batch_size=5)


def test_rules_are_kept_as_text():
    net = sj.Network()
    net.x = sj.Encoder(num=2)
    net.layer = sj.NeuronGroup(3, model="lif")
    net.w = sj.Connection(net.x, net.layer, plasticity=list(CASES.values()))
    for text in (json.dumps(to_dict(net)), json.dumps(to_dict(from_dict(to_dict(net))))):
        assert from_dict(json.loads(text)).w.plasticity == tuple(CASES.values())


def test_weights_learn_from_a_rule_whose_numbers_are_set():
    trains = Trains.of(seed=9)
    sim = sj.build(network(CASES["stdp"], trains), dt=1.0).train()
    variables = sim.set(sim.init(jax.random.key(0), 3), {"synapses.STDP.a_plus": np.float32(0.05)})
    data = {"pre": trains.pre, "spikes": trains.post, "potential": trains.potential}
    got = sim.run(variables, data).variables["synapses.weight"]
    close(got, learn(dataclasses.replace(CASES["stdp"], a_plus=0.05), trains)[-1])


def linked(link, rule, pre, post, weight, **settings):
    """The change of the weights of a link between ends of given shapes; spikes are `[T, B, *shape]`."""
    net = sj.Network()
    net.pre = sj.Encoder(shape=pre.shape[2:], coding_method="null")
    net.spikes = sj.Encoder(shape=post.shape[2:], coding_method="null")
    net.group = sj.NeuronGroup(shape=post.shape[2:], model=Told())
    net.w = sj.Connection(net.pre, net.group, link, weight=weight, w_min=0.0, w_max=5.0, plasticity=rule, **settings)
    net.tell = sj.Connection(net.spikes, net.group, "one_to_one", weight=1.0, post_var_name="spikes", is_parameter=False)
    sim = sj.build(net, dt=1.0).train()
    start = sim.init(jax.random.key(0), pre.shape[1])
    change = sim.run(start, {"pre": pre, "spikes": post}).variables["w.weight"] - start["w.weight"]
    return np.asarray(change)


@pytest.mark.parametrize("rule", [CASES["stdp"], CASES["multiplicative_stdp"]], ids=["stdp", "multiplicative"])
def test_links_of_every_kind_learn_as_the_matrix_that_they_are(rule):
    """A step in which everybody fires or not: what one weight changes by is the sum over all places where it stands."""
    rng = np.random.default_rng(10)
    pre, post = ((rng.random((1, 2, 1, *size)) < 0.5).astype(np.float32) for size in ((4, 4), (2, 2)))
    flat = {"pre": pre.reshape(1, 2, 16), "post": post.reshape(1, 2, 4)}
    matrix = rng.uniform(0.5, 3, (4, 16)).astype(np.float32)
    dense = linked("full", rule, **flat, weight=matrix)
    assert np.abs(dense).max() > 0.01

    there = rng.random((4, 16)) < 0.4
    index = there.nonzero()
    pairs = linked("sparse", rule, **flat, index=index, weight=matrix[index], storage="pairs")
    close(pairs, dense[index][np.lexsort(index)])
    masked = linked("sparse", rule, **flat, index=index, weight=matrix[index], storage="masked")
    close(masked, np.where(there, dense, 0))

    same = {"pre": flat["pre"][..., :4], "post": flat["post"]}
    square = linked("full", rule, **same, weight=matrix[:, :4])
    close(linked("one_to_one", rule, **same, weight=np.diagonal(matrix)), np.diagonal(square))

    kernel = rng.uniform(0.5, 3, (1, 1, 3, 3)).astype(np.float32)
    unrolled, stands = np.zeros((4, 16), np.float32), np.full((4, 16), -1)
    for y, x, dy, dx in np.ndindex(2, 2, 3, 3):
        place = 2 * y + x, 4 * (y + dy) + x + dx
        unrolled[place], stands[place] = kernel[0, 0, dy, dx], 3 * dy + dx
    everywhere = linked("full", rule, **flat, weight=unrolled)
    expected = [everywhere[stands == k].sum() for k in range(9)]
    close(linked("conv", rule, pre, post, weight=kernel, kernel_size=3).ravel(), expected)


def test_connections_that_share_weights_add_up():
    trains = Trains.of(seed=11, steps=1)
    net = network(CASES["stdp"], trains)
    net.again = sj.Connection(net.pre, net.group, shared=net.synapses)
    sim = sj.build(net, dt=1.0).train()
    data = {"pre": trains.pre, "spikes": trains.post, "potential": trains.potential}
    both = sim.run(sim.init(jax.random.key(0), 3), data).variables["synapses.weight"]
    close(both - trains.weight, 2 * (learn(CASES["stdp"], trains)[-1] - trains.weight))


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_the_window_of_pairs_is_its_closed_form(dt):
    """Each presynaptic neuron fires once, some lag before or after the postsynaptic one."""
    rule = STDP(a_plus=0.01, a_minus=0.0105, tau_plus=17.0, tau_minus=34.0)
    lags = np.arange(-50, 51)
    steps, pre = 2 * round(50 / dt) + 1, np.arange(len(lags))
    trains = Trains(*(np.zeros((steps, 1, n), np.float32) for n in (len(lags), 1, 1)), np.ones((1, len(lags)), np.float32))
    trains.post[steps // 2] = 1
    trains.pre[steps // 2 - np.round(lags / dt).astype(int), 0, pre] = 1
    expected = np.where(lags >= 0, 0.01 * np.exp(-lags / 17.0), -0.0105 * np.exp(-np.abs(lags) / 34.0))
    np.testing.assert_allclose(learn(rule, trains, dt=dt)[-1, 0] - 1, expected, atol=2e-7)


def test_scaling_keeps_the_shares_of_the_weights():
    trains = Trains.of(seed=13, steps=200)
    weight = learn(SynapticScaling(eta=1e-5, target=100.0, tau=50.0), trains)[-1]
    share = weight / trains.weight
    assert (share[:, :1] < 0.9).all()  # they fire at 250 Hz
    close(share, np.broadcast_to(share[:, :1], share.shape))


@pytest.mark.parametrize("rules, settings, sentence", [
    (MultiplicativeSTDP(), {"w_min": 0.0}, "connection 'synapses': the rule MultiplicativeSTDP needs weights between two bounds, but they have w_min 0.0 and w_max None"),
    (PowerLawSTDP(), {"w_max": 1.0}, "connection 'synapses': the rule PowerLawSTDP needs weights that are not negative, but they have w_min None"),
    (ReSuMe(teacher="spike"), {}, "connection 'synapses': the rule ReSuMe: unknown teacher 'spike': did you mean 'spikes'"),
    (ReSuMe(), {}, "connection 'synapses': the rule ReSuMe needs one node for its teacher: name one of"),
    (RSTDP(), {}, "connection 'synapses': the rule RSTDP needs one node for its reward: the network has none"),
    (ReSuMe(teacher="pre"), {}, "connection 'synapses': the rule ReSuMe needs a teacher with a channel for each of the 4 neurons, but 'pre' has 5"),
])
def test_what_a_rule_needs_and_has_not(rules, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.build(network(rules, Trains.of(seed=0), **settings), dt=1.0)


def test_a_potential_is_needed():
    with sj.Network() as net:
        drive = sj.Generator(2, coding_method="cc_generator")
        layer = sj.NeuronGroup(3, model="null")
        synapses = sj.Connection(drive, layer, plasticity=Clopath())
    del synapses
    with pytest.raises(ValueError, match="connection 'synapses': the rule Clopath reads 'V' of its group: unknown variable 'V'"):
        sj.build(net, dt=1.0)


@pytest.mark.parametrize("make, sentence", [
    (lambda: STDP(pairs="nearst"), "STDP: unknown pairs 'nearst': did you mean 'nearest'"),
    (lambda: BCM(target=0.0), "BCM: target"),
    (lambda: Oja(batch="some"), "Oja: unknown batch 'some'"),
    (lambda: VogelsSTDP(tau=-1.0), "VogelsSTDP: tau"),
    (lambda: BackpropRSTDP(seed=-1), "BackpropRSTDP: seed"),
    (lambda: BackpropRSTDPET(seed=0.5), "BackpropRSTDPET: seed"),
])
def test_numbers_and_names_are_checked(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize("rule", [Normalise(total=4.0, when="presentation"), FullOnlineSTDP(w_norm=4.0)])
def test_a_sum_for_each_presentation_keeps_to_the_bounds(rule):
    """Normalised, then clipped, as in a step; once for all that share the weights."""
    first = np.full((2, 5), 0.1, np.float32)
    first[:, 0] = 0.8
    with sj.Network() as net:
        image = sj.Encoder(num=5, coding_method="null")
        layer, other = sj.NeuronGroup(2, model="lif"), sj.NeuronGroup(2, model="lif")
        synapses = sj.Connection(image, layer, weight=first, w_min=0.0, w_max=1.0, plasticity=rule)
        twin = sj.Connection(image, other, shared=synapses)
    del twin
    sim = sj.build(net, dt=1.0).train()
    result = sim.run(sim.init(jax.random.key(0)), {"image": np.zeros((3, 1, 5), np.float32)})
    np.testing.assert_allclose(result.variables["synapses.weight"], np.minimum(first * 4.0 / 1.2, 1.0), rtol=1e-6)


def test_only_one_rule_fixes_a_sum():
    weights = Normalise(total=2.0, when="presentation")
    ends = sj.Encoder(num=5), sj.NeuronGroup(2, model="lif")
    sj.Connection(*ends, plasticity=[NearestOnlineSTDP(), FullOnlineSTDP(), weights])
    for rule in (NearestOnlineSTDP(w_norm=1.0), NearestOnlineSTDP(compat=True), FullOnlineSTDP(w_norm=1.0)):
        with pytest.raises(ValueError, match=f"{type(rule).__name__} and Normalise both fix the sum"):
            sj.Connection(*ends, plasticity=[rule, weights])


def test_weights_of_samples_are_one_input_for_all_rules():
    with sj.Network() as net:
        image, layer = sj.Encoder(num=5, coding_method="null"), sj.NeuronGroup(2, model="lif", v_th=0.1)
        first = np.full((2, 5), 0.1)
        synapses = sj.Connection(image, layer, weight=first, plasticity=[STDP(batch="weighted"), VogelsSTDP(batch="weighted")])
    del synapses
    sim = sj.build(net, dt=1.0).train()
    before = sim.init(jax.random.key(0), 2)
    spikes = np.ones((3, 2, 5), np.float32)
    none, some = (
        sim.run(before, {"image": spikes, "synapses.sample_weight": np.float32(weights)}).variables["synapses.weight"]
        for weights in ([0, 0], [0, 1])
    )
    np.testing.assert_array_equal(none, before["synapses.weight"])
    assert np.abs(some - none).min() > 0


def small(**settings):
    with sj.Network() as net:
        image, layer = sj.Encoder(num=2, coding_method="null"), sj.NeuronGroup(3, model="lif")
        net.synapses = sj.Connection(image, layer, plasticity="stdp", **settings)
    return net


def test_numbers_are_checked_where_they_are_set():
    sim = sj.build(small(), dt=1.0)
    with pytest.raises(ValueError, match="'synapses.STDP.tau_plus'"):
        sim.set(sim.init(jax.random.key(0)), {"synapses.STDP.tau_plus": -3.0})


def test_a_link_with_states_is_no_product():
    with pytest.raises(ValueError, match="connection 'synapses': a SpikeToMass link has states, which no product of weights"):
        sj.build(small(link_type="spike2mass"), dt=1.0)


@pytest.mark.parametrize("rule", [RSTDP(lr=0.01), RSTDPET(lr=0.01), TripletSTDP(), VogelsSTDP(), MultiplicativeSTDP()])
def test_the_same_spikes_change_the_same_whatever_the_length_of_a_step(rule):
    changes = []
    for dt in (1.0, 0.25):
        with sj.Network() as net:
            before, drive = sj.Encoder(num=1, coding_method="null"), sj.Encoder(num=1, coding_method="null")
            neuron = sj.NeuronGroup(1, model="if", v_th=0.5)
            net.fires = sj.Connection(drive, neuron, weight=[[1.0]])
            synapses = sj.Connection(before, neuron, weight=[[0.3]], w_min=0.0, w_max=1.0, plasticity=rule)
            reward = sj.Reward(coding_method="environment_reward")
        del synapses, reward
        data = {"before": np.zeros((int(100 / dt), 1, 1)), "drive": np.zeros((int(100 / dt), 1, 1)), "reward": [1.0]}
        for name, size, times in (("before", 1, (5, 20, 30)), ("drive", 1 / dt, (10, 22, 40))):
            data[name][(np.array(times) / dt).astype(int)] = size
        sim = sj.build(net, dt=dt).train()
        changes.append(float(sim.run(sim.init(jax.random.key(0)), data).variables["synapses.weight"][0, 0]) - 0.3)
    assert changes[0] == pytest.approx(changes[1], rel=0.03) and abs(changes[0]) > 1e-3


@pytest.mark.parametrize("name", [None, "reward"])
def test_a_copied_assembly_learns_by_its_own_reward(name):
    with sj.Network() as net:
        image = sj.Encoder(num=2, coding_method="null")
        one = sj.Assembly()
        with one:
            layer = sj.NeuronGroup(2, model="lif", v_th=0.1)
            inner = sj.NeuronGroup(3, model="lif", v_th=0.1)
            reward = sj.Reward(coding_method="environment_reward")
            learns = sj.Connection(layer, inner, weight=np.full((3, 2), 0.5), plasticity=RSTDP(a_minus=0.0, reward=name))
        two = edit.copy(one)
        for part in (one, two):
            sj.Connection(image, part["layer"], weight=np.eye(2))
    del reward, learns
    sim = sj.build(net, dt=1.0).train()
    data = {"image": np.ones((5, 1, 2)), "one/reward": [0.0], "two/reward": [1.0]}
    result = sim.run(sim.init(jax.random.key(0)), data)
    assert (result.variables["one/learns.weight"] == 0.5).all() and (result.variables["two/learns.weight"] != 0.5).all()


@pytest.mark.parametrize("end", ["pre", "post"])
def test_potentials_are_no_spikes(end):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.a, net.b = (sj.NeuronGroup(2, model="nonspikinglif" if end == kind else "lif") for kind in ("pre", "post"))
    net.first, net.w = sj.Connection(net.x, net.a), sj.Connection(net.a, net.b, plasticity="stdp")
    name = "a" if end == "pre" else "b"
    with pytest.raises(ValueError, match=f"connection 'w': the rule STDP learns from spikes, but '{name}' gives its 'V'."):
        sj.build(net, dt=1.0)
