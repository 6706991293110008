"""Neurons, synapses and a recurrent network beside Brian2: see `brian2_reference`.

Brian2 stamps a spike with the time at which its step begins, and looks at potentials before a step.
"""

import itertools
import warnings

import jax
import numpy as np
import pytest
from brian2_reference import DURATION, EXCITATION, FILE, INHIBITION, NEURONS, references, weights

import spaic_jax as sj


@pytest.fixture(scope="module")
def brian():
    with np.load(FILE) as arrays:
        return dict(arrays)


def fitzhugh_nagumo(p, x, current):
    return {"V": x.V - x.V**3 / 3 - x.U + current, "U": 0.08 * (x.V + 0.7 - 0.8 * x.U)}


def neuron(name, dt, **choice):
    """The potential every ms, from 1 ms on, and the spike times of a neuron under Brian2's current."""
    settings = {
        "aeif": {"model": "aeif", "Vspk": -40.4, "b": 80.5},
        "hh": {"model": "hh", "m": 0.05, "n": 0.32, "h": 0.6, **choice},
    }.get(name, {"model": name, **choice})
    if name == "fitzhugh":
        settings = {"model": sj.neurons.ODE(rhs=fitzhugh_nagumo, initial={"V": -1.2, "U": -0.6}, **choice)}
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=1, coding_method="constant_current"), sj.NeuronGroup(1, **settings)
    net.w = sj.Connection(net.x, net.g, "null")
    net.v, net.o = sj.StateMonitor(net.g, "V", dt=1.0), sj.SpikeMonitor(net.g, net.g.output)
    sim = sj.build(net, dt)
    drive = np.full((1, 1), NEURONS[name][-1], np.float32)
    result = sim.run(sim.init(jax.random.key(0)), {"x": drive}, steps=sim.steps(DURATION))
    spikes = result.spike_times("o")[0] - dt if net.g.model.spiking else np.zeros(0)
    return np.asarray(result.probes["v"])[:, 0, 0], spikes


def apart(brian, name, dt, **choice):
    """How far potentials are from Brian2's before its first spike, mV; and spikes, ms, `None` where their numbers differ."""
    v, spikes = neuron(name, dt, **choice)
    there, wanted = brian[f"{name}/v"][1:], brian[f"{name}/spikes"]
    until = max(int(wanted[0]) - 2, 1) if len(wanted) else len(there)
    late = None if len(spikes) != len(wanted) else float(np.abs(spikes - wanted).max(initial=0.0))
    return float(np.abs(v[: len(there)] - there)[:until].max()), late


@pytest.mark.parametrize(
    ("name", "choice", "volts", "late"),
    [
        ("qif", {"integrator": "rk4"}, 1e-3, 0.04), ("eif", {"integrator": "rk4"}, 1e-3, 0.05),
        ("qif", {"integrator": "exponential_euler"}, 1e-3, 0.04), ("eif", {"integrator": "exponential_euler"}, 1e-3, 0.2),
        ("hh", {"integrator": "exponential_euler"}, 3e-3, 0.06), ("fitzhugh", {"integrator": "rk4"}, 1e-4, 0.0),
    ],
)
def test_integrators_of_higher_order_give_brian2s_potentials(name, choice, volts, late, brian):
    """At a step five times as long as Brian2's."""
    off, off_spikes = apart(brian, name, 0.025, **choice)
    assert off < volts and off_spikes is not None and off_spikes <= late


@pytest.mark.parametrize(("name", "late"), [("qif", 0.08), ("eif", 0.17), ("aeif", 0.09), ("izh", 0.09), ("hh", 1.0), ("fitzhugh", 0.0)])
def test_euler_steps_converge_to_brian2(name, late, brian):
    """The error of the potential halves with the step, and at 0.01 ms every spike is there."""
    off = [apart(brian, name, dt)[0] for dt in (0.1, 0.05, 0.025)]
    for longer, shorter in itertools.pairwise(off):
        assert 1.8 < longer / shorter < 2.3
    _, off_spikes = apart(brian, name, 0.01)
    assert off_spikes is not None and off_spikes <= late


def driven(name, dt, **choice):
    """A neuron behind exponential synapses, as in `brian2_reference.synapses`: its potential every ms and its spikes."""
    net = sj.Network()
    net.e, net.i = (sj.Encoder(num=1, coding_method="null") for _ in range(2))
    net.g = sj.NeuronGroup(1, model=name, t_ref=4.0, **choice)
    if name == "cubalif":
        ends, gains = ("Isyn", "Isyn"), (1.6, -1.0)
    else:
        ends, gains = ("g_exc", "g_inh"), (6.0, 20.0)
    for source, end, gain, label in zip("ei", ends, gains, ("we", "wi"), strict=True):
        setattr(net, label, sj.Connection(net[source], net.g, weight=np.full((1, 1), gain, np.float32), post_var_name=end))
    net.v, net.o = sj.StateMonitor(net.g, "V", dt=1.0), sj.SpikeMonitor(net.g)
    # In Brian2 a spike acts on the step after the one in which it falls.
    sim = sj.build(net, dt, "one_step")
    steps = sim.steps(DURATION)
    data = {}
    for source, times in (("e", EXCITATION), ("i", INHIBITION)):
        data[source] = np.zeros((steps, 1, 1), np.float32)
        data[source][np.round(times / dt).astype(int)] = 1.0
    result = sim.run(sim.init(jax.random.key(0)), data)
    return np.asarray(result.probes["v"])[:, 0, 0], result.spike_times("o")[0] - dt


def test_exact_current_synapses_are_brian2s_to_rounding(brian):
    v, spikes = driven("cubalif", 0.1)
    np.testing.assert_allclose(spikes, brian["cubalif/coarse/spikes"], atol=1e-4)
    np.testing.assert_allclose(v[:-1], brian["cubalif/coarse/v"][1:], atol=2e-5)
    _, there = driven("cubalif", 0.1, order="voltage_first")
    assert len(there) == len(spikes) and np.abs(there - spikes - 0.1).max() < 1e-4  # one step later


def test_conductance_synapses_are_brian2s(brian):
    """Both hold the conductances for a step, exactly alike; spikes come closer to those of fine steps."""
    v, spikes = driven("condlif", 0.1)
    np.testing.assert_allclose(spikes, brian["condlif/coarse/spikes"], atol=1e-4)
    np.testing.assert_allclose(v[:-1], brian["condlif/coarse/v"][1:], atol=1e-4)
    for dt, late in ((0.1, 0.1), (0.0125, 0.025)):
        np.testing.assert_allclose(driven("condlif", dt)[1], brian["condlif/fine/spikes"], atol=late)


@pytest.mark.parametrize("plan", [{"reference": True}, {}])
@pytest.mark.parametrize("delay", [0.0, 1.5])
def test_a_recurrent_network_spikes_as_brian2s(delay, plan, brian):
    """Every spike of 100 neurons over 200 ms, with and without a delay of 1.5 ms."""
    weight, drive = weights()
    net = sj.Network()
    # A constant current is a potential of rest.
    net.x, net.g = sj.Encoder(num=100, coding_method="constant_current"), sj.NeuronGroup(100, model="cubalif", t_ref=2.0, v_rest=drive)
    net.r, net.w = sj.Connection(net.g, net.g, weight=weight, delay=delay), sj.Connection(net.x, net.g, "null")
    net.o = sj.SpikeMonitor(net.g)
    sim = sj.build(net, 0.1, **plan)
    silence = np.zeros((1, 100), np.float32)
    variables = sim.set(sim.init(jax.random.key(0)), {"g.V": silence})
    result = sim.run(variables, {"x": silence}, steps=2000)
    times, neurons = result.spike_times("o")
    order = np.lexsort((neurons, times))
    wanted = np.lexsort((brian[f"recurrent/{delay:g}/neurons"], brian[f"recurrent/{delay:g}/times"]))
    np.testing.assert_array_equal(neurons[order], brian[f"recurrent/{delay:g}/neurons"][wanted])
    np.testing.assert_allclose(times[order] - 0.1, brian[f"recurrent/{delay:g}/times"][wanted], atol=1e-3)


@pytest.mark.slow
def test_the_references_are_what_brian2_gives(brian):
    reason = "the references can be computed anew where Brian2 is installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            brian2 = pytest.importorskip("brian2", reason=reason)
        except AttributeError:  # Brian2 2.9 does not import beside NumPy 2.4
            pytest.skip(reason)
        found = references(brian2)
    for name, values in found.items():
        np.testing.assert_allclose(values, brian[name], rtol=1e-6, atol=1e-9, err_msg=name)
