"""Parameters and first values of each neuron, as arrays and by distribution, against groups that are told the numbers."""

import dataclasses

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.neurons import NEURONS, ODE
from spaic_jax.program import KaimingNormal, Normal, Uniform
from spaic_jax.storage import from_dict, to_dict


def driven(num=5, dt=0.5, weight=20.0, **settings):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(num, **settings)
    net.w = sj.Connection(net.x, net.g, weight=np.full((net.g.num, 2), weight, np.float32))
    net.v = sj.StateMonitor(net.g, "V")
    return net


def inputs(steps=40, batch=2):
    return {"x": (np.random.default_rng(0).random((steps, batch, 2)) < 0.5).astype(np.float32)}


DRAWN = {
    "izh": {"a": 0.02, "Vreset": Uniform(-65.0, -50.0), "d": np.linspace(2, 8, 5, dtype=np.float32), "V": Normal(-65.0, 5.0), "U": Uniform(-14, -10)},
    "aeif": {"C": Normal(281.0, 30.0), "v_reset": Uniform(-72.0, -60.0), "t_ref": Uniform(0.0, 3.0), "V": np.linspace(-70, -60, 5, dtype=np.float32)},
    "condlif": {"EL": Normal(-60.0, 2.0), "gL": Uniform(8.0, 12.0), "ge": Normal(4.0, 1.5), "t_ref": np.array([0.0, 0.5, 1.0, 2.0, 5.0], np.float32)},
    "hh": {"V": Normal(0.0, 3.0), "g_K": Normal(36.0, 2.0)},
}


@pytest.mark.parametrize("model", DRAWN)
def test_what_is_drawn_runs_as_if_it_were_given(model, key):
    dt = 0.05 if model == "hh" else 0.5
    net = driven(model=model, weight=300.0 if model in ("aeif", "condlif") else 10.0, **DRAWN[model])
    sim = sj.build(net, dt)
    variables = sim.init(key, 2)
    drawn = {name: variables[f"g.{name}"] for name, value in DRAWN[model].items() if isinstance(value, Normal | Uniform)}
    assert all(len(np.unique(value)) >= 5 for value in drawn.values())
    # One draw a neuron: each sample begins with it.
    assert all((value[:1] == value).all() for name, value in drawn.items() if f"g.{name}" in variables.state)
    numbers = {n: np.asarray(v[0] if f"g.{n}" in variables.state else v, np.float64) for n, v in drawn.items()}
    if "t_ref" in numbers:
        numbers["t_ref"] = np.round(numbers["t_ref"] / dt) * dt
    if model == "condlif":
        numbers["V"] = numbers["EL"]
    if model == "hh":
        numbers |= {gate: np.asarray(variables[f"g.{gate}"][0], np.float64) for gate in "mnh"}
    told = sj.build(driven(model=model, weight=300.0 if model in ("aeif", "condlif") else 10.0, **DRAWN[model] | numbers), dt)
    result = sim.run(variables, inputs())
    again = told.run(told.init(jax.random.key(9), 2), inputs())
    np.testing.assert_allclose(result.probes["v"], again.probes["v"], rtol=1e-4, atol=1e-2)
    assert sj.build(from_dict(to_dict(net)), dt).program == sim.program
    other = sj.build(net, dt, plan=sj.Tiled(7)).run(variables, inputs()).probes["v"]
    np.testing.assert_allclose(other, sj.build(net, dt, plan=sj.Reference()).run(variables, inputs()).probes["v"], rtol=1e-4, atol=1e-3)


def test_a_potential_begins_at_the_rest_that_its_neuron_drew(key):
    sim = sj.build(driven(model="condlif", EL=Normal(-60.0, 4.0)), 0.5)
    variables = sim.init(key, 3)
    rest = variables["g.EL"]
    np.testing.assert_array_equal(variables["g.V"], np.broadcast_to(rest, (3, 5)))
    moved = sim.run(variables, inputs(batch=3)).variables
    np.testing.assert_array_equal(sim.restart(moved)["g.V"], np.broadcast_to(rest, (3, 5)))


def test_draws_depend_on_the_key_and_the_name(key):
    sim = sj.build(driven(model="lif", v_th=Uniform(1.0, 2.0), tau_m=Uniform(1.0, 2.0)), 0.5)
    one, same, other = sim.init(key), sim.init(key), sim.init(jax.random.key(1))
    assert (one["g.v_th"] == same["g.v_th"]).all() and not np.isclose(one["g.v_th"], other["g.v_th"]).any()
    assert not np.isclose(one["g.v_th"], one["g.tau_m"]).any()


def test_draws_keep_to_what_a_parameter_may_be(key):
    settings = {"tau_m": Normal(1.0, 3.0), "v_th": Normal(0.5, 1.0), "v_reset": Normal(0.0, 1.0)}
    sim = sj.build(driven(400, model="lif", **settings), 0.5)
    values = sim.init(key)
    assert float(values["g.tau_m"].min()) == 0.5 < float(values["g.tau_m"].max())
    # Both are drawn: they meet in the middle.
    assert float(values["g.v_reset"].max()) <= 0.25 <= float(values["g.v_th"].min())
    own = sj.build(driven(400, model="lif", varible_ranges={"tau_m": (4.0, 6.0)}, **settings), 0.5).init(key)["g.tau_m"]
    assert float(own.min()) == 4.0 and float(own.max()) <= 6.0
    period = sj.build(driven(400, model="lif", t_ref=Normal(1.0, 2.0)), 0.5).init(key)["g.t_ref"]
    assert float(period.min()) == 0.0 < float(period.max())


def test_a_drawn_parameter_can_be_trained(key):
    sim = sj.build(driven(model="leaky_integrator", tau_m=Uniform(5.0, 9.0), parameter_variables=["tau_m"]), 1.0)
    variables = sim.init(key, 2)
    assert variables.params["g.tau_m"].shape == (5,)
    gradient = jax.grad(lambda p: sim.run(variables.with_params(p), inputs()).probes["v"].sum())(variables.params)["g.tau_m"]
    assert np.unique(gradient).size == 5 and np.isfinite(gradient).all()


def test_the_worst_draw_decides_whether_a_step_is_short_enough():
    sj.build(driven(model="aeif", integrator="euler", C=Uniform(200.0, 300.0), gL=Uniform(10.0, 100.0)), 2.0)
    with pytest.raises(ValueError, match=r"group 'g': dt 4.1 ms is more than 2 times C/gL, 2 ms"):
        sj.build(driven(model="aeif", integrator="euler", C=Uniform(200.0, 300.0), gL=Uniform(10.0, 100.0)), 4.1)
    with pytest.raises(ValueError, match="2 times the time constant of V"):
        slow = ODE(rhs=leak, initial={"V": Normal()}, values={"tau": Uniform(0.1, 1.0)})
        assert sj.build(driven(model=dataclasses.replace(slow, initial={"V": 0.0})), 1.0)
    sim = sj.build(driven(model=dataclasses.replace(slow, values={"tau": Uniform(3.0, 4.0), "E": np.ones(5)})), 1.0)
    assert sim.init(jax.random.key(0))["g.tau"].shape == (5,)


def leak(p, x, current):
    return {"V": (current - x.V) / p.tau}


@pytest.mark.parametrize("model", sorted({kind: name for name, kind in NEURONS.items()}.values()))
def test_every_state_has_a_first_value(model, key):
    """Said as a number, and of each neuron."""
    kind = NEURONS[model]
    states = {n: v for n, v in kind().states().items() if n != "O"}
    values = {n: np.array([3.0, 5.0]) if v.dtype == "float32" else np.array([3, 5]) for n, v in states.items()}
    group = sj.NeuronGroup(2, model=model, **values)
    for name, value in values.items():
        np.testing.assert_array_equal(group.model.begin(name), value)
        assert sj.NeuronGroup(2, model=model, **{name: 4.0}).model.begin(name) == 4.0
    assert kind().choices().keys().isdisjoint(states)


def test_first_values_reach_a_run_and_compat_does_not_hide_them(key):
    net = driven(model="plif", compat=True, V=np.arange(5.0))
    np.testing.assert_array_equal(sj.build(net, 1.0).init(key, 2)["g.V"], np.broadcast_to(np.arange(5.0), (2, 5)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tau_m": KaimingNormal()}, "LIF: tau_m is drawn one a neuron, by Normal or Uniform, not by KaimingNormal"),
        ({"tau_m": Uniform(-3.0, -1.0)}, "LIF: tau_m must be positive, not drawn from Uniform"),
        ({"v_reset": Uniform(2.0, 3.0), "v_th": 1.0}, "LIF: v_reset must lie below v_th 1.0, not be Uniform"),
        ({"V": np.zeros(3)}, r"NeuronGroup of shape \(5,\): V has shape \(3,\)"),
        ({"v": -60.0}, "unknown setting of neuron model 'lif' 'v': did you mean 'V'"),
        ({"V": "low"}, "LIF: V must be a finite number or an array, not 'low'"),
        ({"refrac": 2.0}, "LIF: refrac has no first value, for it is there with t_ref only"),
        ({"t_ref": Uniform(-2.0, -1.0)}, "LIF: t_ref must not be negative"),
        ({"model": "diehlandcook", "V": Normal()}, "DiehlAndCook: V is of dtype int32: give numbers, not a distribution"),
        (
            {"tau_m": Uniform(2.0, 3.0), "parameter_variables": ["tau_m"], "reparametrise": {"tau_m": "sigmoid"}},
            "tau_m is drawn, but to be reparametrised it must be a number",
        ),
    ],
)
def test_what_cannot_be_drawn(settings, message):
    with pytest.raises(ValueError, match=message):
        sj.NeuronGroup(5, **({"model": "lif"} | settings))
