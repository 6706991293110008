"""Neuron models, synapses and small networks beside Brian2 2.9.

`tests/data/brian2.npz` holds what Brian2 gave for the runs of `brian2_runs.py`, whose docstring says how to record it
anew. `test_recordings_are_those_of_brian2` runs them again where Brian2 is installed.

In double precision a model and Brian2 differ by rounding alone where both take the same steps. Where a spike that arrives
in step k first moves the potential differs: in Brian2, and in `cubalif` with `order="voltage_first"`, in step k + 1; in
`condlif` and in `cubalif` by default in step k.
"""

import functools

import brian2_runs as b
import jax
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.neurons import ODE


@functools.cache
def recordings():
    with np.load(b.FILE) as arrays:
        return {name: arrays[name] for name in arrays.files}


def exprel(x):
    return jax.numpy.expm1(x) / x


def traub(p, x, current):
    """The right-hand side of a cell of Traub and Miles, as a user would write it."""
    exp, u = jax.numpy.exp, x.V - p.VT
    ionic = p.gl * (p.El - x.V) - p.gna * x.m**3 * x.h * (x.V - p.Ena) - p.gk * x.n**4 * (x.V - p.Ek)
    return {
        "V": (ionic + current) / p.C,
        "m": 1.28 / exprel((13 - u) / 4) * (1 - x.m) - 1.4 / exprel((u - 40) / 5) * x.m,
        "n": 0.16 / exprel((15 - u) / 5) * (1 - x.n) - 0.5 * exp((10 - u) / 40) * x.n,
        "h": 0.128 * exp((17 - u) / 18) * (1 - x.h) - 4 / (1 + exp((40 - u) / 5)) * x.h,
    }


def model_of(name, integrator):
    """The name or value of a model and its parameters."""
    parameters, first = b.NEURONS[name][3:5]
    if name == "traub":
        model = ODE(rhs=traub, initial=first, values=parameters, threshold=-20.0, reset=None, integrator=integrator)
        return model, {}
    if name == "lif_refractory":
        return "lif", {**parameters, "t_ref": b.REFRACTORY}
    if name == "hh":
        return "hh", {**first, "integrator": integrator}
    return name, parameters | ({} if integrator == "exact" else {"integrator": integrator})


@functools.cache
def run(name, integrator, dt, dtype="float64"):
    """Potential after each step, and the steps of the spikes."""
    model, parameters = model_of(name, integrator)
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.g = sj.NeuronGroup(1, model=model, **parameters)
    # An exact step of tau V' = I - V adds (1 - e^(-dt / tau)) I, where lif and alif add their input whole.
    weight = -np.expm1(-dt / parameters["tau_m"]) if integrator == "exact" else 1.0
    net.w = sj.Connection(net.x, net.g, weight=[[weight]])
    net.V, net.O = sj.StateMonitor(net.g, "V"), sj.StateMonitor(net.g, "O")
    current = np.repeat(b.drive(name, *b.NEURONS[name][-1]), round(b.HOLD / dt))[:, None, None]
    with jax.enable_x64(dtype == "float64"):
        sim = sj.build(sj.build(net, dt=dt).program.astype(dtype))
        variables = sim.init(jax.random.key(0))
        first = {f"g.{key}": np.full((1, 1), value) for key, value in b.NEURONS[name][4].items()}
        probes = sim.run(sim.set(variables, first), {"x": current.astype(dtype)}).probes
        return np.asarray(probes["V"])[:, 0, 0], np.flatnonzero(probes["O"])


SAME = [(name, integrator) for name, (*_, methods, _, _) in b.NEURONS.items() for integrator in methods]


@pytest.mark.parametrize(("name", "integrator"), SAME)
def test_neuron_takes_the_steps_of_brian2(name, integrator):
    for dt in b.SHORT.get(name, b.STEPS):
        recorded = {what: recordings()[f"{name}/{integrator}/{dt}/{what}"] for what in ("V", "spikes")}
        potential, spikes = run(name, integrator, dt)
        assert len(spikes) >= 5
        np.testing.assert_array_equal(spikes, recorded["spikes"])
        # Rounding grows where neighbouring solutions part, which they do on the way up to a spike.
        np.testing.assert_allclose(potential[b.EVERY - 1 :: b.EVERY], recorded["V"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "integrator"), often(SAME, SAME[::2]))
def test_neuron_in_single_precision_is_within_a_step(name, integrator):
    dt = b.SHORT.get(name, b.STEPS)[0]
    _, spikes = run(name, integrator, dt, "float32")
    recorded = recordings()[f"{name}/{integrator}/{dt}/spikes"]
    # Where a second spike hangs on the last bit, one may be there or not.
    both = min(len(spikes), len(recorded))
    assert max(len(spikes), len(recorded)) <= both + 1 and np.abs(spikes[:both] - recorded[:both]).max() <= 1


#: Order at which the potential converges, and how far spikes may be from the true ones at both steps, ms: infinitely where one is lost.
ORDERS = {
    ("lif", "exact"): (None, 1.0), ("lif_refractory", "exact"): (None, 1.0), ("alif", "exact"): (None, 0.5),
    ("qif", "euler"): (1, 2.0), ("qif", "exponential_euler"): (2, 2.0), ("qif", "rk4"): (4, 2.0),
    ("eif", "euler"): (1, 6.0), ("eif", "exponential_euler"): (2, 2.0), ("eif", "rk4"): (4, 2.0),
    ("aeif", "euler"): (1, 2.0), ("aeif", "exponential_euler"): (1, 2.0), ("aeif", "rk4"): (4, 2.0),
    ("izh", "euler"): (1, 2.0), ("izh", "exponential_euler"): (1, 2.0), ("izh", "rk4"): (4, 2.0),
    ("hh", "euler"): (1, 2.0), ("hh", "exponential_euler"): (1, 2.0), ("hh", "rk4"): (4, 2.0),
    ("traub", "euler"): (1, np.inf), ("traub", "exponential_euler"): (1, 6.0), ("traub", "rk4"): (4, 2.0),
}


def errors(name, integrator):
    """For each step: the largest error of the potential before the first spike, and of the times of spikes, ms."""
    potential, times = (recordings()[f"{name}/truth/{what}"] for what in ("V", "spikes"))
    quiet = max(int(times[0] - 1), 1)
    found = []
    for dt in b.SHORT.get(name, b.STEPS):
        v, spikes = run(name, integrator, dt)
        every = round(1 / dt)
        lag = np.abs((spikes + 1) * dt - times).max() if len(spikes) == len(times) else np.inf
        found.append((np.abs(v[every - 1 :: every] - potential)[:quiet].max(), lag))
    return found


@pytest.mark.parametrize(("name", "integrator"), ORDERS)
def test_neuron_converges_to_the_solution(name, integrator):
    order, lag = ORDERS[name, integrator]
    coarse, fine = errors(name, integrator)
    if order is None:
        assert max(coarse[0], fine[0]) < 1e-9
    else:
        assert np.log2(coarse[0] / fine[0]) > order - 0.4
    assert max(coarse[1], fine[1]) <= lag


def with_synapses(name, dt, **choices):
    """The neuron to which spikes come at given steps."""
    parameters = {"cubalif": b.CUBALIF, "condlif": b.CONDLIF}[name]
    net, inputs = sj.Network(), {}
    net.g = sj.NeuronGroup(1, model=name, t_ref=b.REFRACTORY, **parameters, **choices)
    targets = ("Isyn", "Isyn") if name == "cubalif" else ("g_exc", "g_inh")
    for end, (seed, count), weight, target in zip("ab", b.ARRIVALS[name], b.WEIGHTS[name], targets, strict=True):
        setattr(net, end, sj.Encoder(num=1, coding_method="null"))
        # condlif's inhibitory conductance is positive, as is its weight.
        setattr(net, f"w{end}", sj.Connection(getattr(net, end), net.g, post_var_name=target, weight=[[weight]]))
        spikes = np.zeros((round(b.DURATION / dt), 1, 1))
        spikes[b.events(seed, count, b.DURATION, 0.1) * round(0.1 / dt)] = 1
        inputs[end] = spikes
    net.V, net.O = sj.StateMonitor(net.g, "V"), sj.StateMonitor(net.g, "O")
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, dt=dt).program.astype("float64"))
        probes = sim.run(sim.init(jax.random.key(0)), inputs).probes
        return np.asarray(probes["V"])[:, 0, 0], np.flatnonzero(probes["O"])


@pytest.mark.parametrize(
    ("name", "integrator", "choices", "early"),
    [
        ("cubalif", "exact", {"order": "voltage_first"}, 0), ("cubalif", "exact", {}, 1), ("cubalif", "euler", {}, 1),
        ("cubalif", "rk4", {}, 1), ("condlif", "exponential_euler", {}, 1), ("condlif", "euler", {}, 1), ("condlif", "rk4", {}, 1),
    ],
)
def test_synapses_and_refractory_periods_are_those_of_brian2(name, integrator, choices, early):
    """The default order of a step moves the potential one step earlier than Brian2; nothing else differs."""
    for dt in b.STEPS:
        potential, spikes = with_synapses(name, dt, integrator=integrator, **choices)
        assert len(spikes) > 5
        np.testing.assert_array_equal(spikes + early, recordings()[f"{name}/{integrator}/{dt}/spikes"])
        first = b.EVERY - 1 - early
        expected = recordings()[f"{name}/{integrator}/{dt}/V"]
        np.testing.assert_allclose(potential[first :: b.EVERY], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("propagation", "late"), [("same_step", 0), ("one_step", 1)])
def test_a_delay_of_one_and_a_half_ms(propagation, late):
    """`"same_step"` and `"voltage_first"` are Brian2's convention; with `"one_step"` each connection adds a step."""
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.first = sj.NeuronGroup(1, model="lif", **b.LIF)
    net.second = sj.NeuronGroup(1, model="cubalif", order="voltage_first", **b.CUBALIF)
    net.drive = sj.Connection(net.x, net.first, weight=[[1.0]])
    net.link = sj.Connection(net.first, net.second, weight=[[b.PAIR["weight"]]], delay=b.PAIR["delay"])
    net.V, net.a, net.c = sj.StateMonitor(net.second, "V"), sj.StateMonitor(net.first, "O"), sj.StateMonitor(net.second, "O")
    dt = 0.1
    current = np.full((round(b.PAIR["duration"] / dt), 1, 1), -np.expm1(-dt / b.LIF["tau_m"]) * b.PAIR["current"])
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, dt=dt, propagation=propagation).program.astype("float64"))
        probes = sim.run(sim.init(jax.random.key(0)), {"x": current}).probes
    first, second, potential = (recordings()[f"pair/{what}"] for what in ("first", "second", "V"))
    assert len(second) >= 3
    np.testing.assert_array_equal(np.flatnonzero(probes["a"]), first + late)
    np.testing.assert_array_equal(np.flatnonzero(probes["c"]), second + 2 * late)
    np.testing.assert_allclose(probes["V"][b.EVERY - 1 + 2 * late :: b.EVERY, 0, 0], potential[: None if not late else -1] if late else potential, rtol=0, atol=1e-9)


def recurrent(delay, dtype="float64"):
    """Steps and numbers of the neurons that spike, and the first neuron's potential."""
    weight, rest = b.recurrent_weights()
    count = b.RECURRENT["count"]
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.g = sj.NeuronGroup(count, model="cubalif", order="voltage_first", t_ref=b.REFRACTORY, **{**b.CUBALIF, "v_rest": rest})
    net.w = sj.Connection(net.x, net.g, weight=np.zeros((count, 1)))
    # A connection in a loop carries the previous step's spikes: the first step of a delay is there without asking.
    net.loop = sj.Connection(net.g, net.g, weight=weight, delay=delay - 0.1 if delay > 0.1 else None)
    net.V, net.O = sj.StateMonitor(net.g, "V"), sj.StateMonitor(net.g, "O")
    with jax.enable_x64(dtype == "float64"):
        sim = sj.build(sj.build(net, dt=0.1).program.astype(dtype))
        variables = sim.set(sim.init(jax.random.key(0)), {"g.V": np.minimum(rest, -51.0)[None]})
        steps = round(b.RECURRENT["duration"] / 0.1)
        probes = sim.run(variables, {"x": np.zeros((steps, 1, 1), dtype)}).probes
        steps, _, neurons = np.nonzero(np.asarray(probes["O"]))
        return steps, neurons, np.asarray(probes["V"])[:, 0, 0]


@pytest.mark.parametrize("delay", [0.1, 1.5])
def test_a_recurrent_network_spikes_as_in_brian2(delay):
    expected = {what: recordings()[f"recurrent/{delay}/{what}"] for what in ("V", "steps", "neurons")}
    assert len(expected["steps"]) > 400
    steps, neurons, potential = recurrent(delay)
    np.testing.assert_array_equal(steps, expected["steps"])
    np.testing.assert_array_equal(neurons, expected["neurons"])
    np.testing.assert_allclose(potential[b.EVERY - 1 :: b.EVERY], expected["V"], rtol=0, atol=1e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_recordings_are_those_of_brian2():
    try:
        pytest.importorskip("brian2")
    except AttributeError:  # Brian2 2.9 does not import beside NumPy 2.4
        pytest.skip("Brian2 needs an older NumPy")
    runs = b.coarse_runs()
    assert set(runs) == {name for name in recordings() if "/truth/" not in name}
    for name, values in runs.items():
        np.testing.assert_allclose(values, recordings()[name], rtol=0, atol=1e-7, err_msg=name)
