"""Weights driven by fluctuations: the potential has the mean and the deviation that was asked for."""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.neurons.impulse import impulse
from spaic_jax.program import FluctuationDriven
from spaic_jax.storage import from_dict, to_dict

#: Models that are never reset here: a potential that no threshold touches, or none.
MODELS = {
    "lif": {"tau_m": 20.0, "reset": "none", "v_th": 2.0},
    "alif": {"tau_m": 10.0, "reset": "none"},
    "cubalif": {"tau_m": 20.0, "tau_s": 5.0, "reset": "none", "v_rest": -60.0, "v_th": -50.0, "v_reset": -70.0, "R": 3.0},
    "constantcurrentlif": {"tau_m": 15.0, "v_rest": -60.0, "v_th": -50.0, "v_reset": -60.0, "integrator": "exact"},
}


def potential(model: str, dt: float, *weights: FluctuationDriven, rate: float, xi: float, mean: float) -> tuple[float, float]:
    """Mean and deviation in time of the potential, over neurons, in parts of the way from rest to the threshold."""
    settings = dict(MODELS[model])
    rest, span = settings.get("v_rest", 0.0), settings.get("v_th", 1.0) - settings.get("v_rest", 0.0)
    with sj.Network() as net:
        layer = sj.NeuronGroup(200, model=model, **settings)
        for number, weight in enumerate(weights):
            source = sj.Generator(300, "poisson_hz", rate=rate, name=f"source{number}")
            sj.Connection(source, layer, weight=weight, name=f"link{number}")
        sj.StateMonitor(layer, "V", name="V")
    sim = sj.build(net, dt=dt)
    assert sj.build(from_dict(to_dict(net)), dt=dt).program == sim.program
    V = np.asarray(sim.run(sim.init(jax.random.key(0)), key=jax.random.key(1), steps=3000).probes["V"], float)[500:, 0]
    return float((V.mean() - rest) / span), float(np.sqrt(V.var(0).mean()) / span)


@pytest.mark.parametrize(
    ("model", "dt", "rate", "xi", "mean"),
    [("lif", 1.0, 20.0, 2.0, 0.0), ("alif", 0.5, 50.0, 1.5, 0.3), ("cubalif", 1.0, 10.0, 3.0, 0.2), ("lif", 2.0, 100.0, 4.0, -0.5)],
)
def test_mean_and_deviation_are_those_asked_for(model: str, dt: float, rate: float, xi: float, mean: float) -> None:
    got = potential(model, dt, FluctuationDriven(rate=rate, xi=xi, mean=mean), rate=rate, xi=xi, mean=mean)
    # Neurons differ in their mean by the spread of their weights.
    np.testing.assert_allclose(got[1], (1 - mean) / xi, rtol=0.06)
    assert abs(got[0] - mean) < 0.15


def test_shares_add_up() -> None:
    weights = [FluctuationDriven(rate=20.0, mean=0.4, share=share) for share in (0.9, 0.1)]
    mean, deviation = potential("lif", 1.0, *weights, rate=20.0, xi=2.0, mean=0.4)
    np.testing.assert_allclose(deviation, 0.3, rtol=0.06)
    assert abs(mean - 0.4) < 0.1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_the_response_is_that_of_the_model(model: str, dt: float) -> None:
    """To one spike of a weight of 1, against the sum over a run."""
    settings = MODELS[model] | {"v_th": 1e6} | ({"v_rest": 0.0} if "v_rest" in MODELS[model] else {})
    with sj.Network() as net:
        source, layer = sj.Encoder(num=1, coding_method="null"), sj.NeuronGroup(1, model=model, **settings)
        sj.Connection(source, layer, weight=[[1.0]])
        sj.StateMonitor(layer, "V", name="V")
    sim, steps = sj.build(net, dt=dt), 600
    spike = np.zeros((steps, 1, 1), np.float32)
    spike[0] = 1
    V = np.asarray(sim.run(sim.init(jax.random.key(0)), {"source": spike}).probes["V"], float).ravel()
    group = net.of_kind(sj.NeuronGroup)["layer"]
    total, squares, span = impulse(group.model, dt)
    np.testing.assert_allclose([V.sum(), (V**2).sum()], [total, squares], rtol=2e-3)
    assert span == 1e6


def test_neurons_of_a_stack_fire() -> None:
    """Where the usual weights leave all of them silent."""
    rates = {}
    for name, settings in (("usual", {}), ("driven", {"weight": FluctuationDriven(rate=20.0, xi=1.0)})):
        with sj.Network() as net:
            below = sj.Generator(200, "poisson_hz", rate=20.0)
            for number in range(4):
                layer = sj.NeuronGroup(200, model="lif", tau_m=20.0, name=f"layer{number}")
                sj.Connection(below, layer, name=f"link{number}", **settings)
                below = layer
        sim = sj.build(net, dt=1.0)
        rates[name] = float(sim.run(sim.init(jax.random.key(0)), key=jax.random.key(1), steps=300).health.spike_rate["layer3.O"]) * 1000
    assert rates["usual"] < 0.1 and 5 < rates["driven"] < 100


def build(link: str = "full", model: str = "lif", pre: tuple[int, ...] = (10,), post: tuple[int, ...] = (5,), dt: float = 1.0, group: dict | None = None, **settings: object) -> sj.Simulator:
    with sj.Network() as net:
        source, layer = sj.Encoder(shape=pre), sj.NeuronGroup(shape=post, model=model, **(group or {}))
        sj.Connection(source, layer, link, name="w", **{"weight": "fluctuation_driven", **settings})
    return sj.build(net, dt=dt)


def test_a_kernel_counts_its_field() -> None:
    full = build(pre=(18,)).program.by_name["w.weight"].init
    kernel = build("conv", pre=(2, 6, 6), post=(4, 4, 4)).program.by_name["w.weight"].init
    assert full == kernel == build("sparse", weight=FluctuationDriven(inputs=18)).program.by_name["w.weight"].init


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"model": "clif"}, "connection 'w': weights driven by fluctuations: the response of CLIF to an input is not known, but that of ALIF,"),
        ({"link": "sparse"}, "say how many inputs= each neuron has by a Sparse link"),
        ({"syn_type": ["basic", "1_order_synapse"]}, "are not known with FirstOrder behind the link"),
        ({"group": {"tau_m": np.arange(1.0, 6.0)}}, "tau_m of LIF has to be one number for all neurons"),
        ({"model": "cubalif", "group": {"integrator": "euler"}}, "it is known of integrator 'exact', not 'euler'"),
        ({"model": "cubalif", "group": {"held": True}}, "it is known of held=False, not of held=True"),
        ({"weight": FluctuationDriven(rate=1000.0)}, "the probability of a spike in a step, rate dt, must be .* below 1, got 1.0"),
        ({"weight": FluctuationDriven(mean=0.9, xi=9.0)}, "a mean of 0.9 makes fluctuations with 10 inputs of 10 Hz that are larger than xi 9"),
        ({"weight": None, "bias": FluctuationDriven()}, "connection 'w': bias .* are those of a connection"),
    ],
)
def test_sentences(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        build(**settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"rate": 0}, "rate must be a positive"), ({"xi": -1}, "xi must be"), ({"share": 2}, "share must be"), ({"mean": 1}, "mean must be"), ({"inputs": 0}, "inputs must be")],
)
def test_numbers_out_of_range(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"FluctuationDriven: {sentence}"):
        FluctuationDriven(**settings)
