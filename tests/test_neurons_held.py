"""Models whose input is held for the step, or that have a choice of rest, reset and integrator, beside float64 loops."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import spaic_jax as sj
from spaic_jax.neurons import NEURONS

STEPS, NUM, DT = 60, 6, 0.5
RNG = np.random.default_rng()

INTEGRATORS = ("exact", "exponential_euler", "euler", "rk4")
#: By name of the group: the model, its choices, and the mean and spread of an input that makes it do something.
CASES = {}
for reset, integrator in itertools.product(("hard", "soft", "none"), ("euler", "exact")):
    CASES[f"lif_{reset}_{integrator}"] = ("constantcurrentlif", {"reset": reset, "integrator": integrator}, 1.5, 3.0)
for reset in ("hard", "soft", "none"):
    CASES[f"if_{reset}"] = ("if", {"reset": reset}, 0.2, 0.4)
for held, integrator in itertools.product((False, True), ("exact", "euler")):
    CASES[f"li_{held}_{integrator}"] = ("leaky_integrator", {"held": held, "integrator": integrator}, 0.2, 0.5)
for held, integrator, order in itertools.product((False, True), INTEGRATORS, ("input_first", "voltage_first")):
    if order == "input_first" or not held or "euler" in integrator:
        choices, size = {"held": held, "integrator": integrator, "order": order}, 8.0 if held else 0.8
        CASES[f"cuba_{held}_{integrator}_{order}"] = ("cubalif", {**choices, "reset": "soft"}, size / 4, size)
        CASES[f"cubali_{held}_{integrator}_{order}"] = ("cubali", choices, size / 4, size)
CASES["threshold"] = ("threshold", {}, 0.5, 1.0)


def drawn(model):
    """Parameters of each neuron."""
    one = {
        "tau_m": RNG.uniform(5.0, 20.0, NUM), "tau_s": RNG.uniform(2.0, 8.0, NUM), "v_rest": RNG.uniform(-0.5, 0.3, NUM),
        "v_th": RNG.uniform(0.6, 1.2, NUM), "v_reset": RNG.uniform(-0.4, 0.4, NUM), "R": RNG.uniform(0.5, 1.5, NUM),
        "gain": RNG.uniform(0.5, 1.5, NUM),
    }
    return {name: value.astype(np.float32) for name, value in one.items() if name in NEURONS[model].parameter_fields()}


def reset_of(v, o, p, reset):
    return {"hard": np.where(o, p.get("v_reset"), v), "soft": v - o * (p["v_th"] - p["v_reset"]), "none": v}[reset]


@functools.cache
def matrix(a, integrator):
    """What a step makes of `x' = a x`: exactly, or by a Taylor series."""
    a = np.array(a)
    if integrator == "exact":
        return expm(a * DT)
    terms = {"euler": 2, "rk4": 5}[integrator]
    return sum(np.linalg.matrix_power(a * DT, n) / math.factorial(n) for n in range(terms))


def current_based(v, i, x, p, n, held, integrator, order):
    """The potential and the current of neuron `n`; what is constant, 1 and the input, has a column each."""
    tau_m, tau_s, rest, r = (p[name][n] for name in ("tau_m", "tau_s", "v_rest", "R"))
    current = (0.0, -1 / tau_s, 0.0, 1 / tau_s if held else 0.0)
    own = ((-1 / tau_m, r / tau_m, rest / tau_m, 0.0), current, (0.0,) * 4, (0.0,) * 4)
    if not held and order == "input_first":
        i = i + x
    if "euler" in integrator:
        here = i + DT / tau_s * (x - i) if held else i
        if integrator == "exponential_euler":
            here = matrix(((0.0,) * 4, *own[1:]), "exact")[1] @ [v, i, 1.0, x] if held else i
        seen = here if order == "input_first" else i
        leak = DT / tau_m if integrator == "euler" else 1 - np.exp(-DT / tau_m)
        decay = 1 - DT / tau_s if integrator == "euler" else np.exp(-DT / tau_s)
        v, i = v + leak * (rest + r * seen - v), here if held else decay * i
    else:
        v, i, *_ = matrix(own, integrator) @ [v, i, 1.0, x]
    return v, i + x if not held and order == "voltage_first" else i


def looped(model, choices, p, currents):
    """The output of every step."""
    v = np.broadcast_to(p.get("v_rest", np.zeros(NUM)), currents.shape[1:]).astype(float)
    i = np.zeros(v.shape)
    made = []
    for x in currents.astype(float):
        o = None
        if model == "threshold":
            made.append(x > p["v_th"])
            continue
        if model == "if":
            v = v + p["R"] * x
        elif model == "constantcurrentlif":
            to = p["v_rest"] + p["R"] * x
            v = to + (v - to) * np.exp(-DT / p["tau_m"]) if choices["integrator"] == "exact" else v + DT * (to - v) / p["tau_m"]
        elif model == "leaky_integrator":
            a = np.exp(-DT / p["tau_m"]) if choices["integrator"] == "exact" else 1 - DT / p["tau_m"]
            v = p["v_rest"] + a * (v - p["v_rest"]) + p["gain"] * x * ((1 - a) if choices["held"] else 1)
        else:
            steps = {name: choices[name] for name in ("held", "integrator", "order")}
            for b, n in np.ndindex(v.shape):
                v[b, n], i[b, n] = current_based(v[b, n], i[b, n], x[b, n], p, n, **steps)
        if NEURONS[model].spiking:
            o = v > p["v_th"]
            v = reset_of(v, o, p, choices["reset"])
        made.append(np.where(o, 100.0 + v, v) if o is not None else v.copy())
    return np.stack(made)


def seen(model, v, o):
    """What `looped` gives, from what a run gives."""
    return o if model == "threshold" else v if o is None else v + 100 * o


@pytest.mark.parametrize("name", CASES)
def test_every_choice_equals_its_loop(name):
    """Step by step, in double precision."""
    kind, choices, mean, spread = CASES[name]
    given, x = drawn(kind), RNG.normal(mean, spread, (STEPS, 3, NUM))
    with jax.enable_x64(True):
        model = NEURONS[kind](**choices, **given)
        parameters = {key: jnp.asarray(value, float) for key, value in model.parameters().items()}
        parameters = {key: value[None] if value.ndim else value for key, value in parameters.items()}
        known = model.in_a_run(model.choices(), parameters, dt=DT)
        step = jax.jit(lambda state, current: vars(known.step(model.State.of(state), current)))
        first = {"V": given.get("v_rest", np.zeros(NUM)), "I": np.zeros(NUM)}
        state = {key: np.broadcast_to(first[key], (3, NUM)).astype(float) for key in model.states()}
        made = []
        for current in x:
            new = step(state, current)
            state = {key: new[key] for key in state}
            made.append(seen(kind, new.get("V"), new.get("O")))
    expected = looped(kind, choices, {key: value.astype(float) for key, value in given.items()}, x)
    assert not model.spiking or 0 < (expected > 50 if kind != "threshold" else expected).mean() < 1
    np.testing.assert_allclose(made, expected, rtol=1e-9, atol=1e-9)


PLANNED = ["lif_soft_exact", "if_soft", "li_True_exact", "cuba_True_euler_voltage_first", "cubali_True_exact_input_first", "threshold"]


@pytest.mark.parametrize(("plan", "batch"), [(sj.Reference(), 1), (sj.Tiled(), 3), (sj.Tiled(7), 3)])
def test_choices_in_a_network_equal_their_loops(plan, batch, key):
    """Under any plan, and in pieces."""
    net, data, given = sj.Network(), {}, {}
    for name in PLANNED:
        model, choices, mean, spread = CASES[name]
        given[name] = drawn(model)
        group = sj.NeuronGroup(NUM, model=model, **choices, **given[name])
        setattr(net, f"x_{name}", sj.Encoder(num=NUM, coding_method="null"))
        setattr(net, name, group)
        setattr(net, f"w_{name}", sj.Connection(getattr(net, f"x_{name}"), group, "null"))
        for variable in ("V", "O"):
            if (variable == "O" and group.model.spiking) or variable in group.model.states():
                setattr(net, f"{variable}_{name}", sj.StateMonitor(group, variable))
        data[f"x_{name}"] = RNG.normal(mean, spread, (STEPS, batch, NUM))
    with jax.enable_x64(True):
        sim = sj.build(sj.build(net, DT).program.astype("float64"), plan=plan)
        variables, half = sim.init(key, batch), STEPS // 2
        first = sim.run(variables, {name: x[:half] for name, x in data.items()})
        second = sim.run(first.variables, {name: x[half:] for name, x in data.items()})
    got = {name: np.concatenate([first.probes[name], second.probes[name]]) for name in first.probes}
    for name in PLANNED:
        model, choices, *_ = CASES[name]
        p = {key: value.astype(float) for key, value in given[name].items()}
        made = seen(model, got.get(f"V_{name}"), got.get(f"O_{name}"))
        np.testing.assert_allclose(made, looped(model, choices, p, data[f"x_{name}"]), rtol=1e-9, atol=1e-9, err_msg=name)


def run_of(model, weight, x, **choices):
    """The variables of one group behind one connection, and a function of their parameters that gives the potential."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(2, model=model, **choices)
    net.w = sj.Connection(net.x, net.g, weight=weight)
    net.o = sj.Decoder(dec_target=net.g, coding_method="final_step_voltage")
    sim = sj.build(net, DT)
    variables = sim.init(jax.random.key(0), x.shape[1])
    return sim, variables, lambda params: sim.run(variables.with_params(params), {"x": x}).outputs["o"]


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_a_held_readout_has_the_gradient_of_its_loop_also_by_eprop(integrator):
    """The last potential is linear in the weights, so that differences are exact; e-prop's filter of the output too."""
    x, weight = RNG.normal(size=(12, 2, 3)).astype(np.float32), RNG.normal(size=(2, 3)).astype(np.float32)
    choices = {"held": True, "integrator": integrator, "order": "voltage_first" if "euler" in integrator else "input_first"}
    sim, variables, potential = run_of("cubali", weight, x, **choices)
    slope = jax.grad(lambda params: potential(params).sum())(variables.params)["w.weight"]
    p = {"tau_m": np.full(2, 20.0), "tau_s": np.full(2, 5.0), "v_rest": np.zeros(2), "R": np.ones(2)}

    def last(w):
        v, i = np.zeros((2, 2)), np.zeros((2, 2))
        for current in x.astype(float) @ w.T:
            for b, n in np.ndindex(2, 2):
                v[b, n], i[b, n] = current_based(v[b, n], i[b, n], current[b, n], p, n, **choices)
        return v.sum()

    expected = np.array([[last(np.eye(2)[:, [a]] * np.eye(3)[b]) for b in range(3)] for a in range(2)])
    np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-6)
    loss = sj.gradients.value_and_grad(sim, lambda outputs, _: outputs["o"].sum(), "eprop")
    np.testing.assert_allclose(loss(variables, {"x": x}, None)[1]["w.weight"], expected, rtol=1e-4, atol=1e-6)


def test_a_held_readout_is_the_membrane_of_a_lif_to_the_bit():
    x, weight = RNG.normal(size=(30, 2, 3)).astype(np.float32), RNG.normal(size=(2, 3)).astype(np.float32)
    for integrator in ("euler", "exact"):
        same = {"integrator": integrator, "tau_m": 7.0, "v_rest": -0.3}
        readout = run_of("leaky_integrator", weight, x, held=True, gain=1.3, **same)
        membrane = run_of("constantcurrentlif", weight, x, reset="none", R=1.3, **same)
        np.testing.assert_array_equal(readout[2](readout[1].params), membrane[2](membrane[1].params))


def test_the_gradient_of_a_threshold_is_its_surrogates():
    x, weight = RNG.normal(1.0, 0.5, size=(1, 2, 3)).astype(np.float32), RNG.normal(0.4, 0.2, size=(2, 3)).astype(np.float32)
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(2, model="threshold", v_th=0.7)
    net.w = sj.Connection(net.x, net.g, weight=weight)
    net.o = sj.Decoder(dec_target=net.g, coding_method="spike_counts")
    sim = sj.build(net, DT)
    variables = sim.init(jax.random.key(0), 2)
    above = x[0].astype(float) @ weight.T.astype(float) - 0.7
    expected = np.asarray(net.g.model.surrogate.derivative(jnp.asarray(above, jnp.float32))).T @ x[0]
    for gradient in ("bptt", "eprop"):
        loss = sj.gradients.value_and_grad(sim, lambda outputs, _: outputs["o"].sum(), gradient)
        value, slopes = loss(variables, {"x": x}, None)
        assert float(value) == (above > 0).sum()
        np.testing.assert_allclose(slopes["w.weight"], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("integrator", ["exact", "euler"])
def test_spike_times_of_a_held_input_have_their_exact_gradient(integrator):
    """A current that is held from the beginning: the slope of the time of the first spike, beside differences of the equation."""
    dt, drive = 0.01, 3.0
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.g = sj.NeuronGroup(1, model="cubalif", held=True, integrator=integrator, surrogate="eventprop")
    net.w = sj.Connection(net.x, net.g, weight=[[drive]])
    net.t = sj.Decoder(dec_target=net.g, coding_method="first_spike_time")
    sim = sj.build(net, dt)
    variables = sim.init(jax.random.key(0))
    x = np.ones((1500, 1, 1), np.float32)
    time, slope = jax.value_and_grad(lambda p: sim.run(variables.with_params(p), {"x": x}).outputs["t"].sum())(variables.params)

    def crossing(w):
        t = np.linspace(0, 15, 1_500_001)
        v = w * (1 - (20 * np.exp(-t / 20) - 5 * np.exp(-t / 5)) / 15)
        return t[np.argmax(v > 1)]

    assert abs(float(time) - crossing(drive)) < 0.03
    np.testing.assert_allclose(slope["w.weight"][0, 0], (crossing(drive + 0.01) - crossing(drive - 0.01)) / 0.02, rtol=0.02)


@pytest.mark.parametrize(
    ("model", "choices", "sentence"),
    [
        ("constantcurrentlif", {"compat": True, "reset": "soft"}, r"SPAIC's equations \(compat\) have the reset 'hard', not 'soft'"),
        ("constantcurrentlif", {"reset": "sfot"}, "ConstantCurrentLIF: unknown reset 'sfot': did you mean 'soft'"),
        ("leaky_integrator", {"integrator": "rk4"}, "LeakyIntegrator: unknown integrator 'rk4'"),
        ("cubali", {"order": "first"}, "CubaLI: unknown order 'first'"),
        ("cubali", {"held": True, "order": "voltage_first"}, "CubaLI: order 'voltage_first' came beside held=True and integrator 'exact'"),
        ("cubalif", {"held": True, "order": "voltage_first", "integrator": "rk4"}, "CubaLIF: order 'voltage_first' came beside held=True"),
        ("threshold", {"surrogate": "eventprop"}, "Threshold got the surrogate EventProp"),
        ("threshold", {"v_th": np.nan}, "Threshold: v_th must be a finite number"),
    ],
)
def test_choices_that_cannot_be_are_named(model, choices, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.NeuronGroup(2, model=model, **choices)
