"""Every neuron model on random input, away from dt = 1, beside a loop of its equations in double precision."""

import jax
import numpy as np
import pytest
from neuron_loops import LOOPS

import spaic_jax as sj
from spaic_jax.neurons import NEURONS

STEEP = {"aeif", "eif", "hh", "selif", "traub"}


def test_every_model_has_a_loop():
    assert {NEURONS[name] for name in LOOPS} == set(NEURONS.values())


@pytest.mark.parametrize("model", LOOPS)
def test_model_equals_its_loop(model, key):
    loop, mean, spread, dt = LOOPS[model]
    steps = 400 if dt < 0.5 else 150
    current = np.random.default_rng(7).normal(mean, spread, (steps, 3, 8)).astype(np.float32)
    net = sj.Network()
    net.x = sj.Encoder(num=8, coding_method="null")
    net.g = sj.NeuronGroup(8, model=model)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(8))
    names = dict.fromkeys((*net.g.model.states(), *net.g.model.shown, net.g.output))
    for name in names:
        setattr(net, f"m_{name}", sj.StateMonitor(net.g, name))
    sim = sj.build(net, dt=dt)
    variables = sim.init(key, 3)
    probes = sim.run(variables, {"x": current}, key).probes
    got = {name: np.asarray(probes[f"m_{name}"]) for name in names}

    expected = looped(loop, net.g.model, variables, current, dt, names)
    # Rounding may flip a spike whose potential lies on the threshold: such neurons are left out, and must be few.
    same = (got["O"] == expected["O"]).all(0) if net.g.model.spiking else np.ones(current.shape[1:], bool)
    assert same.mean() > 0.85
    if net.g.model.spiking:
        assert expected["O"].sum() > 5 and expected["O"].mean() < 0.7
    for name in names:
        # In an upswing rounding grows as the potential does.
        atol = (3e-3 if model in STEEP else 2e-4) * float(np.abs(expected[name]).max())
        np.testing.assert_allclose(got[name][:, same], expected[name][:, same], rtol=2e-4, atol=atol)

    # In double precision nothing is left out, and what is left is rounding.
    with jax.enable_x64(True):
        wide = sj.build(sim.program.astype("float64"))
        variables = wide.init(key, 3)
        probes = wide.run(variables, {"x": current.astype(np.float64)}, key).probes
    expected = looped(loop, net.g.model, variables, current, dt, names)
    for name in names:
        np.testing.assert_allclose(probes[f"m_{name}"], expected[name], rtol=1e-9, atol=1e-9 * np.abs(expected[name]).max())


def looped(loop, model, variables, current, dt, names):
    """What a loop gives from the first values in `variables`."""
    state = {name: np.asarray(variables.state[f"g.{name}"], np.float64) for name in model.states()}
    # The only traces that are shown and no state begin at zero.
    state |= dict.fromkeys(model.shown, 0.0)
    values = {name: [] for name in names}
    for x in current.astype(np.float64):
        output = loop(state, x, dt)
        for name in names:
            values[name].append(np.asarray(output if name == "O" else state[name], np.float64))
    return {name: np.stack(each) for name, each in values.items()}
