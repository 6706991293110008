"""What neuron models are known for: firing patterns, action potentials, refractory periods, and how they are integrated."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_neurons import run_one

import spaic_jax as sj
from spaic_jax.neurons import ODE
from spaic_jax.neurons.integrators import phi
from spaic_jax.program import Context, Program, Record, Site, Variable
from spaic_jax.storage import to_dict


def constant(value, steps, n=1):
    return np.full((steps, 1, n), value, np.float32)


def intervals(spikes, dt):
    """Interspike intervals of one neuron, ms."""
    return np.diff(np.flatnonzero(spikes)) * dt


def test_izhikevich_neurons_fire_in_the_published_patterns():
    """Regular, bursting, chattering and fast spiking, by the parameters of Izhikevich (2003), figure 2."""
    dt = 0.25
    # As in the paper, the current comes to a neuron at rest.
    current = np.concatenate([constant(0.0, 800, 4), constant(10.0, 3200, 4)])
    spikes = run_one(
        "izh", current, dt=dt, a=[0.02, 0.02, 0.02, 0.1], Vreset=[-65.0, -55.0, -50.0, -65.0],
        d=[8.0, 4.0, 2.0, 2.0],
    )["O"][:, 0]
    regular, bursting, chattering, fast = (intervals(spikes[:, i], dt) for i in range(4))
    # Regular spiking adapts: the intervals grow, then stay.
    assert regular[0] < 0.7 * regular[-1] and regular[5:].std() < 0.1 * regular[5:].mean() and 20 < regular[-1] < 100
    # Intrinsically bursting: one burst at the start, single spikes after it.
    assert bursting[0] < 10 and bursting[5:].min() > 2 * bursting[0]
    # Chattering: bursts of short intervals all the way, apart by long ones.
    late = chattering[len(chattering) // 2 :]
    assert (late < 6).mean() > 0.4 and late.max() > 15
    # Fast spiking: many spikes, all alike.
    assert len(fast) > 2 * len(regular) and fast[3:].std() < 0.1 * fast[3:].mean()


def test_adex_neurons_fire_in_the_published_patterns():
    """Tonic, adapting and regularly bursting, by the parameters of Naud et al. (2008), table 1."""
    dt = 0.05
    spikes = run_one(
        "adex", np.broadcast_to(np.float32([500.0, 500.0, 210.0]), (20000, 1, 3)), dt=dt, C=200.0, delta_t=2.0, v_th=-50.0,
        Vspk=0.0, gL=[10.0, 12.0, 10.0], EL=[-70.0, -70.0, -58.0], a=2.0, tau_w=[30.0, 300.0, 120.0],
        b=[0.0, 60.0, 100.0], v_reset=[-58.0, -58.0, -46.0],
    )["O"][:, 0]
    tonic, adapting, bursting = (intervals(spikes[:, i], dt) for i in range(3))
    assert len(tonic) > 20 and tonic[2:].std() < 0.05 * tonic[2:].mean()
    assert adapting[0] < 0.5 * adapting[-1] and (np.diff(adapting[:4]) > 0).all()
    late = bursting[len(bursting) // 2 :]
    assert late.max() > 3 * late.min() and 0.2 < (late < late.mean()).mean() < 0.95


@pytest.mark.parametrize(("dt", "delta_t", "drive"), [(0.5, 0.1, 3000.0), (0.1, 0.3, 1500.0)])
def test_adex_stays_finite_far_above_threshold(dt, delta_t, drive):
    """A sharp upswing overflows float32 where nothing bounds it; the gradient must be finite too."""
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(2, model="aeif", delta_t=delta_t)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(2))
    net.u = sj.StateMonitor(net.g, "U")
    net.o = sj.Decoder(dec_target=net.g, coding_method="spike_counts")
    sim = sj.build(net, dt=dt)
    variables = sim.init(jax.random.key(0))

    def loss(params):
        result = sim.run(variables.with_params(params), {"x": constant(drive, round(100 / dt), 2)})
        return result.outputs["o"].sum() + result.probes["u"].sum(), result

    slope, result = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
    assert result.outputs["o"].min() > 2 and not result.health.report()
    assert np.isfinite(slope["w.weight"]).all() and np.abs(slope["w.weight"]).max() > 0


@pytest.mark.parametrize(("integrator", "dt"), [("euler", 0.01), ("exponential_euler", 0.05)])
def test_hodgkin_huxley_action_potentials(integrator, dt):
    """Shape and rate are those of the model at 10 uA/cm^2: about 70 spikes a second, 100 mV high, over within 2 ms."""
    rest = {"m": 0.0529, "n": 0.3177, "h": 0.5961}
    got = run_one("hh", constant(10.0, round(100 / dt)), dt=dt, integrator=integrator, **rest)
    v, spikes = got["V"][:, 0, 0], got["O"][:, 0, 0]
    at = np.flatnonzero(spikes)
    assert 6 <= len(at) <= 8
    second = v[at[0] + round(10 / dt) : at[1] + round(6 / dt)]
    assert 85 < second.max() < 110 and -15 < second.min() < -5
    assert 0.5 < (second > 40).sum() * dt < 2.0
    # Each spike is one action potential: it is counted where the potential rises above 50 mV, and only there.
    rising = np.flatnonzero((v[1:] > 50) & (v[:-1] <= 50)) + 1
    np.testing.assert_array_equal(at, rising)
    # SPAIC's own spikes last as long as the potential stays above 1 mV.
    compat = run_one("hh", constant(10.0 * dt, round(100 / dt)), dt=dt, integrator=integrator, compat=True, **rest)
    np.testing.assert_allclose(compat["V"][:50], got["V"][:50], rtol=1e-3, atol=1e-3)
    assert compat["O"].sum() > 10 * spikes.sum()


def test_hodgkin_huxley_rates_where_they_are_zero_over_zero():
    """At 25 and 10 mV above rest numerator and denominator of two rates vanish."""
    from spaic_jax.neurons.gates import linoid

    for a1, at, expected in ((0.1, 25.0, 1.0), (0.01, 10.0, 0.1)):
        def rate(u, a1=a1, at=at):
            return linoid(jnp.float32(a1), jnp.float32(at), jnp.float32(10.0), u)

        value, slope = jax.value_and_grad(rate)(jnp.float32(at))
        np.testing.assert_allclose(value, expected, rtol=1e-6)
        np.testing.assert_allclose(slope, a1 / 2, rtol=1e-3)
        around = np.float64([at - 0.5, at + 0.02, at + 3.0])
        np.testing.assert_allclose(
            jax.vmap(rate)(jnp.asarray(around, jnp.float32)), a1 * (at - around) / np.expm1((at - around) / 10), rtol=2e-5
        )


@pytest.mark.parametrize(
    ("model", "drive", "parameters"),
    [
        ("aeif", 1e6, {}),
        ("alif", 1e3, {}),
        ("condlif", 1e5, {}),
        ("constantcurrentlif", 1e3, {}),
        ("cubalif", 1e3, {}),
        ("cubalif", 1e4, {"reset": "soft"}),
        ("eif", 1e5, {"delta_t": 1.0}),
        ("if", 1e3, {"reset": "none"}),
        ("lif", 1e3, {}),
        ("lifm", 1e3, {}),
        ("plif", 1e3, {}),
        ("qif", 1e5, {}),
        ("lifint", 1e3, {"reset_refrac": 10}),
    ],
)
def test_refractory_period_bounds_the_rate(model, drive, parameters):
    """However strong the drive, spikes are the period and one step apart."""
    parameters = parameters | ({} if "reset_refrac" in parameters else {"t_ref": 5.0})
    got = run_one(model, constant(drive, 60), dt=0.5, **parameters)
    # lifint counts in steps, and the step of the spike is one of them.
    at = np.flatnonzero(got["O"][:, 0, 0])
    assert len(at) == 6
    np.testing.assert_array_equal(np.diff(at), 11)
    if "t_ref" in parameters:
        # The potential is that after the spike for as many steps as the period has, and then moves.
        held = got["V"][at[0] : at[0] + 11, 0, 0]
        assert (held == held[0]).all()


def test_refractory_periods_may_differ_by_neuron():
    spikes = run_one("lif", constant(1e3, 60, 3), dt=0.5, t_ref=[0.0, 1.0, 5.0])["O"][:, 0]
    np.testing.assert_array_equal(spikes.sum(0), [60, 20, 6])


def test_no_refractory_period_costs_nothing():
    def program(**choice):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=2), sj.NeuronGroup(2, model="cubalif", **choice)
        net.w = sj.Connection(net.x, net.g)
        return sj.build(net, dt=0.5).program

    assert program() == program(t_ref=0.0)
    assert "g.refrac" not in program().by_name and "g.t_ref" not in program().by_name
    assert "g.refrac" in program(t_ref=1.0).by_name
    with pytest.raises(ValueError, match=r"group 'g': t_ref must be a positive whole number of steps: 1\.2 ms is 2\.4 steps"):
        program(t_ref=1.2)


def test_thresholds_do_not_lag():
    """The first spike raises the threshold of the next step, and the first step has the threshold of rest."""
    got = run_one("lifstdp_ex", constant(20.0, 4), th_inc=3.0)
    np.testing.assert_allclose(got["Vth_theta"][:, 0, 0], [-52.0, -49.0, -46.0, -43.0], rtol=1e-5)
    assert got["O"].all()
    # SPAIC's first threshold is 0 mV.
    assert not run_one("lifstdp_ex", constant(20.0, 1), compat=True)["O"].any()


def test_resets_come_at_once():
    for model in ("plif", "constantcurrentlif"):
        got = run_one(model, constant(30.0, 5), v_reset=0.25)
        assert got["O"].all()
        np.testing.assert_allclose(got["V"], 0.25)


def test_after_spike_currents_of_glif_replace_the_old_ones():
    got = run_one("glif", constant(1e4, 1), f1=0.5, delta_I1=0.3)
    assert got["O"].all()
    np.testing.assert_allclose(got["I1"], 0.5 * (0.08 * 0.2) + 0.3, rtol=1e-5)


def test_cubalif_is_exact_at_any_dt():
    """Below threshold the potential is the difference of two exponentials, also where the time constants meet."""
    for tau_s in (5.0, 20.0, 20.0001):
        for dt in (0.5, 2.0):
            current = np.zeros((round(40 / dt), 1, 1), np.float32)
            current[0] = 0.8
            got = run_one("cubalif", current, dt=dt, tau_s=tau_s)["V"][:, 0, 0]
            t = dt * np.arange(1, len(got) + 1)
            if tau_s == 5.0:
                expected = 0.8 * 5 / 15 * (np.exp(-t / 20) - np.exp(-t / 5))
            else:
                expected = 0.8 * t / 20 * np.exp(-t / 20)
            np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-6)


def test_cubalif_orders_differ_by_one_step():
    current = np.random.default_rng(3).normal(0.3, 0.3, (60, 2, 3)).astype(np.float32)
    first, second = run_one("cubalif", current), run_one("cubalif", current, order="voltage_first")
    np.testing.assert_allclose(second["V"][1:], first["V"][:-1], rtol=1e-5, atol=1e-6)
    assert first["O"].any()


def conductance_program(dt):
    """A `condlif` group whose three inputs are given."""
    group = sj.NeuronGroup(3, model="condlif", integrator="exponential_euler")
    context = Context(dt, {}, lambda _: "g", lambda *_: "", lambda _: frozenset(group.model.receives))
    made = group.lower(Site("g", owner=group), context)
    given = tuple(Variable(f"g.{name}", (3,), role="input") for name in group.model.receives)
    records = tuple(Record(name, f"g.{name}") for name in ("V", "ge", "gi", "O"))
    return Program((*given, *made.variables), made.ops, records, dt)


def test_conductances_by_a_loop_in_float64():
    dt, rng = 0.1, np.random.default_rng(5)
    excite, inhibit = 6.0 * (rng.random((2, 600, 2, 3)) < [[[[0.04]]], [[[0.01]]]])
    inhibit = inhibit * 67 / 6
    program = conductance_program(dt)
    sim = sj.build(program)
    inputs = {"Isyn": np.full((600, 2, 3), 150.0), "g_exc": excite, "g_inh": inhibit}
    inputs = {f"g.{name}": x.astype(np.float32) for name, x in inputs.items()}
    probes = sim.run(sim.init(jax.random.key(0), 2), inputs).probes
    v, ge, gi, left = np.full((2, 3), -60.0), np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3), int)
    fired = 0
    for t in range(600):
        ge, gi = ge * np.exp(-dt / 5) + excite[t], gi * np.exp(-dt / 10) + inhibit[t]
        total = 10 + ge + gi
        at = (10 * -60 + gi * -80 + 150) / total
        v = np.where(left > 0, v, at + (v - at) * np.exp(-dt * total / 200))
        spikes = v > -50
        left = np.where(spikes, 50, np.maximum(left - 1, 0))
        v = np.where(spikes, -60, v)
        fired += spikes.sum()
        np.testing.assert_array_equal(probes["O"][t], spikes)
        np.testing.assert_allclose(probes["V"][t], v, rtol=2e-5)
        np.testing.assert_allclose(probes["ge"][t], ge, rtol=1e-4, atol=1e-4)
    assert fired > 3 and probes["gi"].max() > 50


def test_an_input_that_nothing_writes_is_zero(key):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(2, model="meanfield", rho=1.0)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(2))
    program = sj.build(net, dt=1.0).program
    assert "g.Iext" not in {read for op in program.ops for read in op.inputs}


def test_an_input_that_a_model_does_not_take_is_named():
    net = sj.Network()
    net.x = sj.Encoder(2)
    net.g = sj.NeuronGroup(2, model="condlif")
    net.w = sj.Connection(net.x, net.g, post_var_name="g_ex")
    with pytest.raises(ValueError, match=r"'w' writes to 'g': unknown variable 'g_ex': did you mean 'g_exc'"):
        sj.build(net)


def test_connections_write_the_inputs_they_name(key):
    net = sj.Network()
    net.x = sj.Encoder(2, coding_method="constant_current")
    net.g = sj.NeuronGroup(2, model="condlif")
    net.excite = sj.Connection(net.x, net.g, post_var_name="g_exc", weight=np.eye(2))
    net.inhibit = sj.Connection(net.x, net.g, post_var_name="g_inh", weight=2 * np.eye(2))
    net.e, net.i = sj.StateMonitor(net.g, "g_exc"), sj.StateMonitor(net.g, "g_inh")
    sim = sj.build(net, dt=0.1)
    probes = sim.run(sim.init(key), {"x": [[1.0, 3.0]]}, steps=2).probes
    np.testing.assert_array_equal(probes["e"][:, 0], [[1.0, 3.0]] * 2)
    np.testing.assert_array_equal(probes["i"][:, 0], [[2.0, 6.0]] * 2)


def test_random_neurons_need_no_input_and_draw_by_their_key(key):
    net = sj.Network()
    net.g = sj.NeuronGroup(50, model="darwin_random", std=4000.0, bias=1450.0)
    net.n = sj.NeuronGroup(4, model="lif")
    net.w = sj.Connection(net.g, net.n, w_mean=0.1)
    net.o = sj.SpikeMonitor(net.g)
    net.v = sj.StateMonitor(net.g, "V")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key, 2)
    first, again = (sim.run(variables, {}, key, 100).probes for _ in range(2))
    other = sim.run(variables, {}, jax.random.key(1), 100).probes
    np.testing.assert_array_equal(first["v"], again["v"])
    assert not np.array_equal(first["v"], other["v"]) and first["o"].any()
    # Samples begin alike and draw apart.
    np.testing.assert_array_equal(variables.state["g.V"][0], variables.state["g.V"][1])
    assert not np.array_equal(first["v"][:, 0], first["v"][:, 1])


def test_whole_numbers_stay_whole(key):
    got = run_one("diehlandcook", constant(900.0, 40, 2), thresh=[200, 900])
    assert got["V"].dtype == got["thresh"].dtype == np.int32 and got["O"].dtype == np.float32
    assert got["O"][:, 0, 0].sum() > got["O"][:, 0, 1].sum() > 0
    np.testing.assert_array_equal(got["thresh"][-1, 0] - [200, 900], 66 * got["O"][:, 0].sum(0))


def test_rates_are_not_judged_as_spikes(key):
    """A rate of zero, or of one, is no sign of a silent or saturated group; connections and decoders carry it."""
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.a = sj.NeuronGroup(2, model="meanfield", rho=1.0)
    net.b = sj.NeuronGroup(2, model="null")
    net.c = sj.NeuronGroup(2, model="nonspikingifb")
    net.xa = sj.Connection(net.x, net.a, weight=np.eye(2))
    net.ab = sj.Connection(net.a, net.b, weight=2 * np.eye(2))
    net.bc = sj.Connection(net.b, net.c, weight=np.eye(2))
    net.mean = sj.Decoder(dec_target=net.a, coding_method="spike_rate")
    net.end = sj.Decoder(dec_target=net.c, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    result = sim.run(sim.init(key), {"x": np.float32([[[3.0, -3.0]]] * 10)})
    assert result.health.spike_rate == {} and result.health.report() == []
    np.testing.assert_allclose(result.outputs["mean"], [[3.0, 0.0]])
    np.testing.assert_allclose(result.outputs["end"], [[60.0, 0.0]])


def test_adaptation_stays_when_a_run_starts_afresh():
    for model, state in (("aclif", "a.Vth1"), ("lifstdp_ex", "a.theta"), ("alifstdp_ex", "a.theta")):
        net = sj.Network()
        net.x, net.a = sj.Encoder(num=1), sj.NeuronGroup(1, model=model)
        net.w = sj.Connection(net.x, net.a)
        assert [v.name for v in sj.build(net, dt=1.0).program.variables if v.stay] == [state]


def test_trained_parameters_keep_to_the_range_of_the_paper():
    net = sj.Network()
    net.x = sj.Encoder(num=1)
    net.a = sj.NeuronGroup(
        1, model="adlif", b=1.5, parameter_variables=["tau_w", "b"], varible_ranges={"tau_w": (1.0, None)}
    )
    net.w = sj.Connection(net.x, net.a)
    variables = sj.build(net, dt=1.0).program.by_name
    assert variables["a.b"].bounds == (0.0, 2.0) and variables["a.tau_w"].bounds == (1.0, 120.0)
    assert variables["a.tau_u"].bounds == (1.0, None)  # not trained: no range but that of a time constant


def test_plif_is_trained_by_its_w(key):
    """w = 0 is tau_m = 2, and the gradient is that of the logistic function."""
    current = np.random.default_rng(0).random((1, 1, 2)).astype(np.float32)
    np.testing.assert_allclose(run_one("plif", current, w=0.0)["V"], run_one("plif", current)["V"])
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(2, model="plif", w=0.0, parameter_variables=["w"])
    net.c = sj.Connection(net.x, net.g, weight=np.eye(2), is_parameter=False)
    net.v = sj.Decoder(dec_target=net.g, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key)
    slope = jax.grad(lambda p: sim.run(variables.with_params(p), {"x": current}).outputs["v"].sum())(variables.params)
    np.testing.assert_allclose(slope["g.w"], current.sum() / 4, rtol=1e-6)


def test_phi_is_accurate_and_smooth_everywhere():
    z = np.float32([-1e6, -50.0, -2.0, -0.30001, -0.29999, -1e-3, 0.0, 1e-6, 0.1, 0.29999, 0.30001, 5.0, 29.0])
    exact = np.divide(np.expm1(z.astype(np.float64)), z, where=z != 0, out=np.ones(len(z)))
    values, slopes = jax.vmap(jax.value_and_grad(phi))(jnp.asarray(z))
    np.testing.assert_allclose(values[1:], exact[1:], rtol=1e-6)
    z, slopes = z[1:].astype(np.float64), slopes[1:]
    exact = np.where(np.abs(z) < 1e-2, 0.5 + z / 3, (np.exp(z) - exact[1:]) / np.where(z == 0, 1, z))
    np.testing.assert_allclose(slopes, exact, rtol=2e-5)
    assert np.isfinite(jax.grad(phi)(jnp.float32(1e9)))


def pendulum(p, x, current):
    return {"V": x.W, "W": -(p.omega**2) * x.V + current}


def leak(p, x, current):
    return {"V": (current - x.V) / p.tau}


@pytest.mark.parametrize(("integrator", "order"), [("euler", 1), ("rk4", 4)])
def test_ode_converges_at_its_order(integrator, order):
    """The error at a fixed time falls with dt to the power of the order."""
    errors = []
    for dt in (0.4, 0.2):
        model = ODE(rhs=pendulum, initial={"V": 1.0, "W": 0.0}, values={"omega": 1.3}, integrator=integrator)
        steps = round(2.4 / dt)
        got = run_one(model, constant(0.0, steps), dt=dt)["V"][-1, 0, 0]
        errors.append(abs(float(got) - np.cos(1.3 * 2.4)))
    assert order - 0.5 < np.log2(errors[0] / errors[1]) < order + 1


def test_exponential_euler_is_exact_for_a_leak():
    model = ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 7.0}, integrator="exponential_euler")
    got = run_one(model, constant(2.0, 20), dt=3.0)["V"][:, 0, 0]
    np.testing.assert_allclose(got, 2 * (1 - np.exp(-3 * np.arange(1, 21) / 7)), rtol=1e-5)


def test_ode_spikes_and_trains(key):
    model = ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 10.0}, threshold=1.0, reset=-0.5)
    got = run_one(model, constant(3.0, 50))
    expected = run_one("constantcurrentlif", constant(3.0, 50), tau_m=10.0, v_reset=-0.5)
    np.testing.assert_allclose(got["V"], expected["V"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got["O"], expected["O"])
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="constant_current")
    net.g = sj.NeuronGroup(2, model=dataclasses.replace(model, threshold=None), parameter_variables=["tau"])
    net.w = sj.Connection(net.x, net.g, weight=np.eye(2))
    net.v = sj.Decoder(dec_target=net.g)
    sim = sj.build(net, dt=1.0)
    assert sim.program == sj.build(net, dt=1.0).program
    variables = sim.init(key)
    slope = jax.grad(lambda p: sim.run(variables.with_params(p), {"x": jnp.ones((1, 2))}, steps=5).outputs["v"].sum())
    assert slope(variables.params)["g.tau"] < 0
    with pytest.raises(ValueError, match="ODE has no name in the table"):
        to_dict(net)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ODE(rhs=3, initial={"V": 0.0}), "ODE: rhs must be a hashable function, not 3"),
        (lambda: ODE(rhs=leak, initial={}), "ODE: initial must name at least one state variable"),
        (lambda: ODE(rhs=leak, initial={"V": 0.0}, values={"V": 1.0}), "ODE: 'V' already names something else"),
        (lambda: ODE(rhs=leak, initial={"V": 0.0}, integrator="rk5"), "did you mean 'rk4'"),
        (lambda: run_one(ODE(rhs=leak, initial={"U": 0.0, "V": 0.0}, values={"tau": 1.0}), constant(0.0, 1)),
         "ODE: rhs must give the derivatives of ['U', 'V'], not of ['V']"),
        (lambda: sj.NeuronGroup(3, model="plif", tau_m=1.0), "PLIF: tau_m must be above 1, not 1.0"),
        (lambda: sj.NeuronGroup(3, model="cubalif", order="input"), "CubaLIF: unknown order 'input'"),
        (lambda: sj.NeuronGroup(3, model="cubalif", v_reset=2.0), "CubaLIF: v_reset must lie below v_th 1.0, not be 2.0"),
        (lambda: sj.NeuronGroup(3, model="aeif", v_reset=30.0), "AEIF: v_reset must lie below Vspk 20.0, not be 30.0"),
        (lambda: sj.NeuronGroup(3, model="izh", Vreset=30.0), "Izhikevich: Vreset must lie below v_th 30.0, not be 30.0"),
        (lambda: sj.NeuronGroup(3, model="lif", t_ref=-1.0), "LIF: t_ref must not be negative, not -1.0"),
        (lambda: sj.NeuronGroup(3, model="plif", t_ref=1.0, compat=True), "PLIF: SPAIC's equations (compat) have no refractory period"),
        (lambda: sj.NeuronGroup(3, model="hh", V=[0.0, 1.0]), "V has shape (2,), but needs one number or (3,)"),
        (lambda: sj.NeuronGroup(3, model="hh", m=float("inf")), "HH: m must be a finite number"),
    ],
)
def test_bad_models_are_named(make, sentence):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert sentence in str(error.value)
