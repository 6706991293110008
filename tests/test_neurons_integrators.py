"""Integrators: their orders, what a stage beyond a spike's cut-off may reach, and steps that are too long."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.neurons import NEURONS, ODE, rows_model
from spaic_jax.neurons.integrators import INTEGRATORS, advance

#: Time at which potentials are compared, and how long each value of an input holds, ms.
DURATION, HOLD = 8.0, 2.0


def exprel(x):
    return np.expm1(x) / x


def hh(x, i):
    v, m, n, h = x
    na, k = 120 * m**3 * h, 36 * n**4
    return np.array([
        i - na * (v - 120) - k * (v + 12) - 0.3 * (v - 10.6),
        (1 - m) / exprel((25 - v) / 10) - 4 * np.exp(-v / 18) * m,
        0.1 * (1 - n) / exprel((10 - v) / 10) - 0.125 * np.exp(-v / 80) * n,
        0.07 * np.exp(-v / 20) * (1 - h) - h / (np.exp((30 - v) / 10) + 1),
    ])


def gates_at_rest():
    alpha, beta = np.array([1 / exprel(2.5), 0.1 / exprel(1.0), 0.07]), np.array([4.0, 0.125, 1 / (np.exp(3.0) + 1)])
    return [*(alpha / (alpha + beta))]


#: By model: its equations in double precision, where they begin, the inputs of each `HOLD`, and the orders that its docs say.
#: Each input is a current, but for condlif's, which is what its conductances jump by.
EQUATIONS = {
    "aeif": (
        lambda x, i: np.array([
            (-30 * (x[0] + 70.6) + 60 * np.exp((x[0] + 50.4) / 2) - x[1] + i) / 281, (4 * (x[0] + 70.6) - x[1]) / 144,
        ]),
        [-70.6, 0.0], [400.0, -100.0, 300.0, 500.0], {"euler": 1, "exponential_euler": 1, "heun": 2, "strang": 2, "rk4": 4},
    ),
    "condlif": (
        lambda x, _: np.array([
            (10 * (-60 - x[0]) + x[1] * (0 - x[0]) + x[2] * (-80 - x[0])) / 200, -x[1] / 5, -x[2] / 10,
        ]),
        [-60.0, 0.0, 0.0], [(4.0, 10.0), (0.0, 20.0), (6.0, 0.0), (1.0, 5.0)],
        {"exponential_mean": 2, "exponential_euler": 1, "euler": 1, "rk4": 4},
    ),
    "cubalif": (
        lambda x, _: np.array([(x[1] - x[0]) / 20, -x[1] / 5]),
        [0.0, 0.0], [(1.0,), (-2.0,), (0.5,), (1.0,)], {"exact": None, "exponential_euler": 1, "euler": 1, "rk4": 4},
    ),
    "eif": (
        lambda x, i: (-(x + 65) + 3.5 * np.exp((x + 50) / 3.5) + i) / 10,
        [-65.0], [9.0, -5.0, 8.0, 10.0], {"euler": 1, "exponential_euler": 2, "heun": 2, "strang": 2, "rk4": 4},
    ),
    "hh": (hh, [0.0, *gates_at_rest()], [0.0, 3.0, -2.0, 3.0], {"euler": 1, "exponential_euler": 2, "heun": 2, "strang": 2, "rk4": 4}),
    "izh": (
        lambda x, i: np.array([0.04 * x[0] ** 2 + 5 * x[0] + 140 - x[1] + i, 0.02 * (0.2 * x[0] - x[1])]),
        [-65.0, 1.0], [0.0, 6.0, -5.0, 4.0], {"euler": 1, "exponential_euler": 1, "heun": 2, "strang": 2, "rk4": 4},
    ),
    "qif": (
        lambda x, i: (0.05 * (x + 65) * (x + 50) + i) / 10,
        [-65.0], [2.0, -5.0, 2.0, 2.0], {"euler": 1, "exponential_euler": 2, "rk4": 4},
    ),
}
JUMPS = {"condlif": ("g_exc", "g_inh"), "cubalif": ("Isyn",)}


def solution(model, fine=2.0**-9):
    """The potential at the end, by classical Runge-Kutta in small steps."""
    slope, begin, values, _ = EQUATIONS[model]
    x = np.array(begin)
    for value in values:
        if model in JUMPS:
            x[1:], value = x[1:] + value, 0.0
        for _ in range(round(HOLD / fine)):
            k1 = slope(x, value)
            k2 = slope(x + fine / 2 * k1, value)
            k3 = slope(x + fine / 2 * k2, value)
            k4 = slope(x + fine * k3, value)
            x = x + fine / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x[0]


def potential(model, integrator, dt):
    """The potential at the end, in double precision."""
    values, every = EQUATIONS[model][2], round(HOLD / dt)
    net = sj.Network()
    net.g = sj.NeuronGroup(1, model=model, integrator=integrator)
    data = {}
    for number, name in enumerate(JUMPS.get(model, ("Isyn",))):
        steps = np.zeros((round(DURATION / dt), 1, 1))
        for k, value in enumerate(values):
            # A jump comes once, a current stays.
            where = k * every if model in JUMPS else slice(k * every, (k + 1) * every)
            steps[where] = value[number] if model in JUMPS else value
        setattr(net, f"x{number}", sj.Encoder(num=1, coding_method="null"))
        setattr(net, f"w{number}", sj.Connection(getattr(net, f"x{number}"), net.g, post_var_name=name, weight=[[1.0]]))
        data[f"x{number}"] = steps
    net.v = sj.StateMonitor(net.g, "V", last=1)
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, dt=dt).program.astype("float64"))
        variables = sim.init(jax.random.key(0))
        if model == "hh":
            # The gates to double precision too.
            gates = dict(zip(("g.m", "g.n", "g.h"), np.reshape(gates_at_rest(), (3, 1, 1)), strict=True))
            variables = sim.set(variables, gates)
        return float(np.asarray(sim.run(variables, data).probes["v"]).ravel()[-1])


PAIRS = [(model, integrator) for model, row in EQUATIONS.items() for integrator in row[-1]]


@pytest.mark.parametrize(("model", "integrator"), often(PAIRS, PAIRS[::2]))
def test_an_integrator_is_of_the_order_that_its_model_says(model, integrator):
    order = EQUATIONS[model][-1][integrator]
    right = solution(model)
    coarse = (0.03125 if integrator in ("euler", "heun") else 0.0625) if model == "hh" else 0.25
    steps = (coarse, coarse / 2)
    coarse, fine = (abs(potential(model, integrator, dt) - right) for dt in steps)
    if order is None:
        assert max(coarse, fine) < 1e-10
    else:
        assert order - 0.35 < np.log2(coarse / fine) < order + 0.8
    assert fine < 1.0


@functools.cache
def spikes_by_small_steps(name):
    model, drive, choices, *_ = CUT[name]
    choices = choices if isinstance(model, ODE) else choices | {"integrator": "rk4"}
    return pulse(model, drive, round(400 / 0.02), 0.02, **choices)[0]["O"].sum()


def pulse(model, drive, steps, dt, **choices):
    """Every variable of one neuron under a constant current, and the health of the run."""
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.g = sj.NeuronGroup(1, model=model, **choices)
    net.w = sj.Connection(net.x, net.g, weight=[[1.0]])
    for name in dict.fromkeys([*net.g.model.states(), "O"]):
        setattr(net, f"m_{name}", sj.StateMonitor(net.g, name))
    sim = sj.build(net, dt=dt)
    result = sim.run(sim.init(jax.random.key(0)), {"x": np.full((steps, 1, 1), drive, np.float32)})
    return {name[2:]: np.asarray(value)[:, 0, 0] for name, value in result.probes.items()}, result.health


def adaptive(p, x, current):
    """An exponential neuron with a variable that no reset mends."""
    return {"V": (jnp.exp(jnp.minimum(x.V, 60.0)) - x.V + current) / 30, "W": (x.V - x.W) / 100}


CUT = {
    # Model, drive, choices, its highest potential and the largest slow variable that this potential allows.
    "aeif": ("aeif", 1000.0, {"b": 80.5}, 20.0, 4 * 90.6 + 80.5 * 20),
    "izh": ("izh", 20.0, {}, 30.0, 0.2 * 30 + 8 * 40),
    "ode": (ODE(rhs=adaptive, initial={"V": 0.0, "W": 0.0}, threshold=20.0, reset=0.0, integrator="rk4"), 5.0, {}, 20.0, 20.0),
}


@pytest.mark.parametrize("dt", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("name", CUT)
def test_a_stage_beyond_the_cut_off_reaches_no_slow_variable(name, dt):
    """The slow variable stays within what the potential allows, and the neuron goes on firing."""
    model, drive, choices, peak, largest = CUT[name]
    choices = choices if isinstance(model, ODE) else choices | {"integrator": "rk4"}
    got, health = pulse(model, drive, round(400 / dt), dt, **choices)
    slow = got["W" if name == "ode" else "U"]
    assert np.isfinite(got["V"]).all() and got["V"].max() <= peak
    assert np.abs(slow).max() < largest and not health.report()
    # Spikes to the end, as many as with small steps to a few.
    count = spikes_by_small_steps(name)
    assert count > 5 and abs(got["O"].sum() - count) <= max(1, 0.25 * count) and got["O"][-round(100 / dt) :].any()


@pytest.mark.parametrize("model", ["aeif", "eif", "izh", "qif"])
@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_no_current_makes_a_steep_model_infinite(model, integrator):
    for drive in (1e4, 1e6, 1e8):
        got, health = pulse(model, drive, 40, 0.5, integrator=integrator)
        assert all(np.isfinite(values).all() for values in got.values()) and not any("NaN" in line for line in health.report())
        assert got["O"].sum() > 10


#: A step that is too long by forward Euler, for every model that takes such steps, and the time constant it is too long for.
TOO_LONG = [
    ("aeif", {"integrator": "euler"}, 20.0, r"2 times C/gL, 9\.36667 ms"),
    ("aeif", {"integrator": "heun", "tau_w": 1.0}, 2.5, "2 times tau_w, 1 ms"),
    ("aeif", {"integrator": "rk4"}, 27.0, r"2\.785 times C/gL"),
    ("cann_field", {}, 2.5, "2 times tau, 1 ms"),
    ("condlif", {"integrator": "euler", "t_ref": 0.0}, 10.5, "2 times tau_exc, 5 ms"),
    ("constantcurrentlif", {}, 41.0, "2 times tau_m, 20 ms"),
    ("constantcurrentlif", {"compat": True}, 41.0, "2 times tau_m, 20 ms"),
    ("cubali", {"integrator": "euler"}, 11.0, "2 times tau_s, 5 ms"),
    ("cubalif", {"integrator": "euler"}, 11.0, "2 times tau_s, 5 ms"),
    ("cubalif", {"integrator": "rk4", "tau_m": [20.0, 3.0]}, 9.0, r"2\.785 times tau_m, 3 ms"),
    ("eif", {}, 21.0, "2 times tau_m, 10 ms"),
    ("glif", {}, 3.0, r"2 times 1/k_1, 1\.25 ms"),
    ("glif", {"C": 0.5}, 2.2, "2 times R C, 1 ms"),
    ("hh", {"integrator": "euler"}, 0.1, "2 times the membrane's time constant in an action potential"),
    ("hh", {"integrator": "rk4"}, 0.1, "2.785 times the membrane's time constant in an action potential"),
    ("izh", {}, 3.5, r"2 times the membrane's time constant at rest, 1\.66667 ms"),
    ("izh", {"a": 1.5}, 1.5, r"2 times 1/a, 0\.666667 ms"),
    ("leaky_integrator", {"integrator": "euler"}, 17.0, "2 times tau_m, 8 ms"),
    ("meanfield", {}, 2.5, "2 times tau, 1 ms"),
    ("nonspikinglif", {}, 2.5, "2 times tau_m, 1 ms"),
    ("qif", {}, 30.0, r"2 times tau_m / \(a_0 \(v_c - v_rest\)\), 13\.3333 ms"),
    ("traub", {"integrator": "rk4"}, 0.1, "2.785 times the membrane's time constant in an action potential"),
    ("selif", {"tau_m": 1.0}, 2.5, "2 times tau_m, 1 ms"),
    (ODE(rhs=lambda p, x, i: {"V": (i - x.V) / p.tau}, initial={"V": 0.0}, values={"tau": 0.1}), {}, 0.3,
     r"2 times the time constant of V where it begins, 0\.1 ms"),
    (rows_model([("V", "var_linear", "tau_m", "Isyn", "V")], {"V": 0.0, "tau_m": 4.0, "Vth": 1.0}, "euler_iterative"), {}, 9.0,
     "2 times tau_m, 4 ms"),
]


@pytest.mark.parametrize(("model", "choices", "dt", "sentence"), TOO_LONG)
def test_a_step_that_overshoots_is_refused(model, choices, dt, sentence):
    net = sj.Network()
    net.x, net.soma = sj.Encoder(num=2), sj.NeuronGroup(2, model=model, **choices)
    net.w = sj.Connection(net.x, net.soma)
    with pytest.raises(ValueError, match=rf"group 'soma': dt {dt:g} ms is more than {sentence}"):
        sj.build(net, dt=dt)
    sj.build(net, dt=dt / 100)


def test_every_model_that_takes_euler_steps_is_among_them():
    """A model that decays by forward Euler, in its step or as a choice, shows it by refusing."""
    takes = {name for name, kind in NEURONS.items() if "integrator" in kind.__dataclass_fields__}
    assert {NEURONS[name] for name in takes} <= {NEURONS[name] for name, *_ in TOO_LONG if isinstance(name, str)}


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("drive", [0.0, 10.0, 50.0, -20.0])
def test_hodgkin_huxley_is_stable_by_default(drive, dt):
    got, health = pulse("hh", drive, round(200 / dt), dt)
    assert all(np.isfinite(values).all() for values in got.values()) and not any("NaN" in line for line in health.report())
    assert got["V"].min() > -100 and got["V"].max() < 130
    assert all((got[gate] >= 0).all() and (got[gate] <= 1).all() for gate in "mnh")
    if drive == 10.0:
        assert 11 <= got["O"].sum() <= 15


def test_hodgkin_huxley_begins_at_rest_wherever_it_begins():
    for choices, u in (({}, 0.0), ({"V": 20.0}, 20.0), ({"V": [-10.0], "Vreset": 5.0}, -5.0), ({"Vreset": 65.0}, 0.0)):
        model = sj.NeuronGroup(1, model="hh", **choices).model
        np.testing.assert_allclose(model.begin("V"), u - model.Vreset)
        alpha = {"m": 1 / exprel((25 - u) / 10), "n": 0.1 / exprel((10 - u) / 10), "h": 0.07 * np.exp(-u / 20)}
        beta = {"m": 4 * np.exp(-u / 18), "n": 0.125 * np.exp(-u / 80), "h": 1 / (np.exp((30 - u) / 10) + 1)}
        for gate in "mnh":
            np.testing.assert_allclose(model.begin(gate), alpha[gate] / (alpha[gate] + beta[gate]), rtol=1e-6)
    assert [NEURONS["hh"](compat=True).begin(state) for state in "Vmnh"] == [0.0, 0.5, 0.5, 0.06]
    assert NEURONS["hh"](m=0.2).begin("m") == 0.2


def test_advance_is_right_about_a_linear_system():
    """One step beside the Taylor series of the matrix exponential that each method stands for."""
    a = np.array([[-0.3, 0.2], [0.0, -0.7]])
    start, dt = np.array([1.0, 2.0]), 0.5

    def derivatives(x):
        return {"V": a[0, 0] * x["V"] + a[0, 1] * x["I"], "I": a[1, 1] * x["I"]}

    powers = [np.linalg.matrix_power(dt * a, n) / np.prod(range(1, n + 1)) for n in range(5)]
    for method, terms in (("euler", 2), ("heun", 3), ("rk4", 5)):
        got = advance(method, derivatives, {"V": jnp.float32(1.0), "I": jnp.float32(2.0)}, dt)
        np.testing.assert_allclose([got["V"], got["I"]], sum(powers[:terms]) @ start, rtol=1e-6)
