"""Networks that every simulator is measured by: their rates and the regularity of their spikes.

The bands are those of Brian2 and NEST over several seeds. A random network is chaotic, so that no two simulators agree
on its spikes.
"""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.analysis import Spikes, cv, spectrum
from spaic_jax.standard import STANDARD, brunel, coba, izhikevich, microcircuit, vogels
from spaic_jax.standard.microcircuit import POPULATIONS, RATES, SIZES

AFTER = 200.0


def spikes_of(net, seed, duration, dt=0.1, learning=False):
    """The spikes of each monitor after `AFTER` ms."""
    sim = sj.build(net, dt=dt)
    sim = sim.train() if learning else sim
    probes = sim.run(sim.init(jax.random.key(seed)), key=jax.random.key(seed + 100), steps=round(duration / dt)).probes
    return {name: Spikes.from_raster(np.asarray(raster)[:, 0], dt).between(AFTER, duration) for name, raster in probes.items()}


def rate(spikes):
    return len(spikes) / spikes.num / spikes.duration * 1e3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rates", "each", "variations"),
    [
        ("coba", (18.0, 21.0), (17.0, 22.0), (1.55, 1.70)),
        ("cuba", (5.4, 5.9), (5.2, 6.1), (0.48, 0.52)),
        ("cobahh", (34.0, 40.0), (32.0, 45.0), (1.9, 2.15)),
    ],
    ids=["coba", "cuba", "cobahh"],
)
def test_balanced_networks(name, rates, each, variations):
    found = [spikes_of(STANDARD[name](), seed, 1000.0)["spikes"] for seed in range(4)]
    fired, irregular = [rate(one) for one in found], np.mean([cv(one) for one in found])
    assert rates[0] < np.mean(fired) < rates[1] and each[0] < min(fired) and max(fired) < each[1], fired
    assert variations[0] < irregular < variations[1]


def test_coba_fires_by_itself():
    """A short run of one seed: what the slow ones see over several."""
    spikes = spikes_of(coba(), 0, 500.0)["spikes"]
    assert 15 < rate(spikes) < 24


def test_a_standard_network_by_name():
    for name, make in STANDARD.items():
        small = {"scale": 0.01} if name == "microcircuit" else {"excitatory": 100} if name == "brunel" else {"num": 300}
        net = sj.storage.from_dict({"standard": name, **small})
        assert sj.build(net, dt=0.1).program == sj.build(make(**small), dt=0.1).program
    delayed = sj.storage.from_dict({"standard": "coba", "num": 100, "delay": 1.5})
    assert {link.delay for link in delayed.of_kind(sj.Connection).values()} == {1.5}


@pytest.mark.parametrize(("tables", "sentence"), [
    ({"standard": "cobba"}, "network.standard: unknown standard network 'cobba': did you mean 'coba'?"),
    ({"standard": 3}, "network.standard: unknown standard network 3"),
    ({"standard": "coba", "nun": 3}, "network.nun: unknown setting of coba 'nun': did you mean 'num'?"),
    ({"standard": "coba", "num": "all"}, "network.num: a whole number is needed, not 'all'."),
    ({"standard": "coba", "num": 10}, "network: the number of neurons must be a whole number of at least 80, got 10."),
    ({"standard": "brunel", "state": "E"}, "network: unknown state of brunel 'E'"),
    ({"standard": "coba", "groups": {}}, "network.groups: unknown setting of coba 'groups'"),
])
def test_a_sentence_for_what_is_no_standard_network(tables, sentence):
    with pytest.raises(ValueError) as error:
        sj.storage.from_dict(tables)
    assert str(error.value).startswith(sentence)


@pytest.mark.slow
@pytest.mark.parametrize(("state", "rates", "rhythm"), [
    ("B", (55.8, 60.7), (160, 190)), ("C", (36.5, 38.5), None), ("D", (5.0, 6.5), (15, 30)),
])
def test_states_of_brunel(state, rates, rhythm):
    spikes = spikes_of(brunel(state=state), 0, 700.0)["spikes"]
    assert rates[0] < rate(spikes) < rates[1]
    frequencies, power = spectrum(spikes, bin=1.0, segment=spikes.duration)
    if rhythm is not None:
        assert rhythm[0] < frequencies[power.argmax()] < rhythm[1]


def test_numbers_of_the_microcircuit():
    """In-degrees and inputs at full scale and in part: synapses by the paper's formula, inputs with the same mean and variance."""
    part = 0.04
    net = microcircuit(part)
    links = {(link.pre.name, link.post.name): link for link in net.of_kind(sj.Connection).values()}
    full = np.log1p(-0.1009) / np.log1p(-1 / SIZES[0] ** 2)
    assert links["L23E", "L23E"].link.number == round(full * part**2)
    assert links["L4E", "L23E"].link.weight.mean == pytest.approx(2 * 87.808 / np.sqrt(part))
    assert links["L4I", "L23E"].link.weight.mean == pytest.approx(-4 * 87.808 / np.sqrt(part))
    assert ("L5I", "L23E") not in links
    groups = net.of_kind(sj.NeuronGroup)
    for i, name in enumerate(POPULATIONS):
        group, mean = groups[name], 0.0
        assert group.num == round(SIZES[i] * part)
        outer = links[f"{name}_outer", name]
        mean += outer.pre.coding.rate * outer.link.weight
        for j, pre in enumerate(POPULATIONS):
            if (pre, name) in links:
                link = links[pre, name].link
                mean += link.number / group.num * RATES[j] * link.weight.mean
        scaled = group.model.v_rest + 0.04 * 0.5e-3 * mean
        whole, outside = microcircuit_input(i)
        assert scaled == pytest.approx(-65 + 0.04 * 0.5e-3 * (whole + outside), rel=2e-3)


def microcircuit_input(post):
    """The mean of what the synapses of a neuron of the full network bring, pA times spikes a second, and of the outer ones."""
    from spaic_jax.standard.microcircuit import PROBABILITIES

    outer = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
    total = 0.0
    for pre, probability in enumerate(PROBABILITIES[post]):
        number = np.log(1 - probability) / np.log1p(-1 / (SIZES[post] * SIZES[pre]))
        weight = -4.0 if pre % 2 else 2.0 if (post, pre) == (0, 2) else 1.0
        total += number / SIZES[post] * RATES[pre] * weight * 87.808
    return total, outer[post] * 8.0 * 87.808


def cortex(seed, steps):
    """Parameters, weights and noise of the 1000 neurons of Izhikevich (2003)."""
    rng = np.random.default_rng(seed)
    re, ri = rng.random(800), rng.random(200)
    parameters = {
        "a": np.r_[np.full(800, 0.02), 0.02 + 0.08 * ri], "b": np.r_[np.full(800, 0.2), 0.25 - 0.05 * ri],
        "c": np.r_[-65 + 15 * re**2, np.full(200, -65.0)], "d": np.r_[8 - 6 * re**2, np.full(200, 2.0)],
    }
    weight = np.concatenate([0.5 * rng.random((1000, 800)), -rng.random((1000, 200))], axis=1)
    noise = rng.normal(0, np.r_[np.full(800, 5.0), np.full(200, 2.0)], (steps, 1000))
    return parameters, weight, noise


def simulated(seed, steps, dtype):
    parameters, weight, noise = cortex(seed, steps)
    net = sj.Network()
    net.noise = sj.Encoder(num=1000, coding_method="null")
    a, b, c, d = parameters.values()
    net.g = sj.NeuronGroup(1000, model="izh", integrator="half_steps", a=a, b=b, Vreset=c, d=d)
    net.drive = sj.Connection(net.noise, net.g, "one_to_one", weight=np.ones(1000))
    net.loop = sj.Connection(net.g, net.g, weight=weight)
    net.o = sj.SpikeMonitor(net.g)
    with jax.enable_x64(dtype == "float64"):
        sim = sj.build(sj.build(net, dt=1.0).program.astype(dtype))
        variables = sim.init(jax.random.key(0))
        variables = sim.set(variables, {"g.U": (-65 * parameters["b"]).astype(dtype)[None]})
        return np.asarray(sim.run(variables, {"noise": noise[:, None].astype(dtype)}).probes["o"])[:, 0]


def test_izhikevichs_network_by_its_program():
    """Spike for spike in double precision, for as long as rounding does not part the two."""
    parameters, weight, noise = cortex(0, 300)
    a, b, c, d = parameters.values()
    v = np.full(1000, -65.0)
    u = b * v
    expected = []
    for current in noise:
        fired = v > 30
        v, u = np.where(fired, c, v), np.where(fired, u + d, u)
        current = current + weight[:, fired].sum(1)
        for _ in range(2):
            v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + current)
        u = u + a * (b * v - u)
        expected.append(v > 30)
    expected = np.array(expected)
    got = simulated(0, 300, "float64")
    assert expected.sum() > 500
    np.testing.assert_array_equal(got, expected)


def test_izhikevichs_network_fires_as_published():
    found = [spikes_of(izhikevich(seed=seed), seed, 1000.0, dt=1.0)["spikes"] for seed in range(3)]
    assert 6.9 < np.mean([rate(one) for one in found]) < 7.5 and 0.36 < np.mean([cv(one) for one in found]) < 0.42


@pytest.mark.slow
def test_inhibition_learns_to_balance():
    before = spikes_of(vogels(2000), 0, 1000.0)["spikes"].select(slice(0, 1600))
    after = spikes_of(vogels(2000), 0, 4000.0, learning=True)["spikes"].select(slice(0, 1600)).between(3000.0, 4000.0)
    assert rate(after) < 0.3 * rate(before) and cv(after) > 0.7
