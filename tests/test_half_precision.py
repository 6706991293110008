"""Neuron models in programs of half precision: only potentials and currents are stored in it, and only where it can hold them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.neurons import NEURONS
from spaic_jax.neurons.custom import rows_model

HALVES = ("bfloat16", "float16")
#: One name of each model.
MODELS = sorted({kind: name for name, kind in NEURONS.items()}.values())
halves = pytest.mark.parametrize("dtype", HALVES)


def build(model, dtype=None, dt=0.1, num=4, **settings):
    """A group whose neurons each take an input of their own, with the potential recorded."""
    net = sj.Network()
    net.x = sj.Encoder(num=num, coding_method="null")
    net.g = sj.NeuronGroup(num, model=model, **settings)
    net.w = sj.Connection(net.x, net.g, link_type="one_to_one", w_mean=1.0, w_std=0.0)
    net.o = sj.StateMonitor(net.g, net.g.output)
    if "V" in net.g.model.states():
        net.v = sj.StateMonitor(net.g, "V")
    program = sj.build(net, dt=dt).program
    return sj.build(program if dtype is None else program.astype(dtype))


def run(sim, x):
    dtype = sim.program.by_name["x"].dtype
    result = sim.run(sim.init(jax.random.key(0), 1), {"x": jnp.asarray(x, dtype)}, jax.random.key(1))
    return {name: np.asarray(value.astype("float32"))[:, 0] for name, value in result.probes.items()}


@halves
@pytest.mark.parametrize(("tau_m", "dt"), [(100.0, 0.1), (100.0, 1.0), (31.0, 1.0), (3.0, 1.0)])
def test_a_potential_leaks(tau_m, dt, dtype):
    steps = round(2 * tau_m / dt) if tau_m < 50 else 1000
    x = np.zeros((steps, 1, 8), np.float32)
    x[0] = np.linspace(0.5, 1.0, 8)
    v = run(build("lif", dtype, dt, num=8, tau_m=tau_m, v_th=100.0), x)["v"]
    decayed = x[0, 0] * np.exp(-np.arange(steps)[:, None] * dt / tau_m)
    np.testing.assert_allclose(v, decayed, rtol=0.04, atol=2e-3)


@halves
@pytest.mark.parametrize("model", ["if", "lif"])
def test_small_currents_add_up(model, dtype):
    """Without a leak, and with a slow one, a current far below the last bit of the potential still moves it."""
    x = np.full((1000, 1, 2), 1 / 1024, np.float32)
    settings = {"tau_m": 1e4} if model == "lif" else {}
    v = run(build(model, dtype, 1.0, num=2, v_th=100.0, **settings), x)["v"]
    np.testing.assert_allclose(v[-1], 1000 / 1024, rtol=0.06)


@halves
def test_a_refractory_period_of_many_steps_ends(dtype):
    x = np.full((700, 1, 2), 5.0, np.float32)
    spikes = run(build("lif", dtype, 1.0, num=2, t_ref=300.0), x)["o"]
    np.testing.assert_array_equal(np.flatnonzero(spikes[:, 0]), [0, 301, 602])


@halves
def test_counts_go_beyond_256(dtype):
    """A counter without a time constant, as a user may write one."""
    counter = rows_model([("n", lambda n, x: n + x, "n", "Isyn[updated]")], {"n": 0.0}, add_threshold=False)
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.g = sj.NeuronGroup(1, model=counter)
    net.w = sj.Connection(net.x, net.g, link_type="one_to_one", w_mean=1.0, w_std=0.0)
    net.n = sj.StateMonitor(net.g, "n")
    sim = sj.build(sj.build(net, dt=1.0).program.astype(dtype))
    assert run(sim, np.ones((3000, 1, 1), np.float32))["n"][-1, 0] == 3000


@pytest.mark.parametrize("model", MODELS)
def test_only_states_are_stored_in_half(model):
    dtype = "bfloat16"
    choices = {"t_ref": 2.0} if "t_ref" in NEURONS[model].parameter_fields() else {}
    exact = {name for name, v in NEURONS[model](**choices).states().items() if v.exact}
    sim = build(model, dtype, 0.05 if model == "hh" else 1.0, **choices)
    for v in sim.program.variables:
        owner, _, name = v.name.rpartition(".")
        if owner != "g" or not jnp.issubdtype(jnp.dtype(v.dtype), jnp.floating):
            continue
        if v.role != "state" or name in exact:
            assert v.dtype == "float32", v.name
        elif name == "O":
            assert v.dtype == dtype


@halves
def test_the_step_is_computed_in_float32(dtype):
    """Only what is stored is rounded: a step equals the one in float32 from the same values, rounded at its end."""
    sim, single = (build("cubalif", d, 1.0, tau_m=7.3, tau_s=2.9) for d in (dtype, None))
    variables = sim.init(jax.random.key(0), 1)
    x = jnp.asarray([[0.3, 1.7, -0.4, 2.2]], dtype)
    start = {"g.V": jnp.asarray([[0.31, 0.57, -0.11, 0.93]], dtype)}
    after, _ = sim.step(sim.set(variables, start), {"x": x})
    wide = single.set(single.init(jax.random.key(0), 1), {"g.V": np.asarray(start["g.V"].astype("float32"))})
    expected, _ = single.step(wide, {"x": x.astype("float32")})
    assert after["g.V"].dtype == dtype
    np.testing.assert_array_equal(after["g.V"], expected["g.V"].astype(dtype))


def test_nothing_is_narrowed_in_a_program_of_full_precision():
    sim = build("lif", None, 1.0)
    assert {v.dtype for v in sim.program.variables} == {"float32"}
