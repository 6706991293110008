"""A function of networks that differ in what they are declared with: each gives what it gives alone."""

import itertools

import jax
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.plasticity import STDP
from spaic_jax.run.sweep import _results

PLANS = {"tiled": sj.Tiled(), "reference": sj.Reference(), "tiles of 7": sj.Tiled(7)}
IMAGE = np.random.default_rng(5).random((3, 12)).astype(np.float32)


def maker(plan=None):
    def make(tau_m=10.0, w_mean=0.1, rate=1.0, a_plus=0.01, num=8, delay=None):
        with sj.Network() as net:
            image = sj.Encoder(num=12, coding_method="poisson")
            noise = sj.Generator(2, coding_method="poisson_generator", rate=rate)
            layer = sj.NeuronGroup(num, model="lif", tau_m=tau_m)
            net.aaa = sj.Connection(image, layer, w_mean=w_mean, w_std=0.2, w_min=-1.0, w_max=1.0, plasticity=STDP(a_plus=a_plus), delay=delay)
            net.zzz = sj.Connection(noise, layer, w_mean=0.3)
            net.loop = sj.Connection(layer, layer, w_mean=-0.1)
            net.counts = sj.Decoder(dec_target=layer)
        return sj.build(net, dt=1.0, plan=plan)

    return make


def learned(sim, variables):
    result = sim.train().run(variables, {"image": IMAGE}, jax.random.key(3), 20)
    return {"spikes": result.outputs["counts"].sum(1), "weight": result.variables["aaa.weight"].mean()}


def check(over, plan, key):
    make = maker(PLANS[plan])
    found = sj.sweep(learned, make, over, key=key, batch_size=3)
    shape = tuple(map(len, over.values()))
    assert found["spikes"].shape == (*shape, 3) and found["weight"].shape == shape
    assert all(np.ptp(found["weight"], axis).max() > 1e-3 for axis in range(len(shape)))
    for place in itertools.product(*map(range, shape)):
        sim = make(**{name: values[i] for (name, values), i in zip(over.items(), place, strict=True)})
        alone = learned(sim, sim.init(key, 3))
        np.testing.assert_array_equal(found["spikes"][place], alone["spikes"])
        np.testing.assert_allclose(found["weight"][place], alone["weight"], rtol=1e-5)


@pytest.mark.parametrize("plan", often(PLANS, ["tiled"]))
def test_each_is_what_its_network_gives_alone(plan, key):
    """One compilation for a time constant, the rate of a noise, a mean of weights and a number of a rule."""
    before = _results._cache_size()
    check({"tau_m": [4.0, 16.0], "rate": [0.5, 3.0], "w_mean": [0.05, 0.2], "a_plus": [0.002, 0.01]}, plan, key)
    assert _results._cache_size() == before + 1


@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS)
def test_what_is_compiled_may_differ_too(plan, key):
    before = _results._cache_size()
    check({"delay": [1.0, 3.0], "tau_m": [4.0, 16.0]}, plan, key)
    assert _results._cache_size() == before + 2


def test_declared_numbers_are_variables(key):
    """Under `jax.vmap`, `set` is what the declaration does."""
    sim, taus = maker()(), np.array([4.0, 16.0], np.float32)
    variables = sim.init(key, 3)

    def run(tau):
        return learned(sim, sim.set(variables, {"layer.tau_m": tau}))

    found = jax.vmap(run)(taus)
    needed = sj.sweep(learned, maker(), {"tau_m": [4.0, 16.0]}, key=key, batch_size=3)
    np.testing.assert_array_equal(found["spikes"], needed["spikes"])


@pytest.mark.parametrize(
    ("kind", "sentence", "how"),
    [
        (ValueError, "needs at least one name, and a value of each", {"over": {}}),
        (ValueError, "needs at least one name, and a value of each", {"over": {"tau_m": []}}),
        (TypeError, "make must give a Simulator", {"make": lambda tau_m: tau_m}),
        (TypeError, "a jax.sharding.Mesh is needed, not list", {"mesh": jax.devices()}),
        (ValueError, "the function gives .5,. with {'num': 5}, but .3,. with {'num': 3}", {"over": {"num": [3, 5]}, "function": lambda sim, variables: variables["layer.V"][0]}),
        (ValueError, "it cannot make others by init or restart", {"function": lambda sim, variables: sim.restart(variables)["layer.V"]}),
    ],
)
def test_bad_input(kind, sentence, how, key):
    with pytest.raises(kind, match=sentence):
        sj.sweep(**{"function": learned, "make": maker(), "over": {"tau_m": [4.0, 16.0]}, "key": key} | how)
