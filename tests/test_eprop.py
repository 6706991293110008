"""e-prop against backpropagation through time, with and without what it leaves out."""

import dataclasses
import re
import zlib
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.gradients import (
    BPTT,
    GRADIENTS,
    OTTT,
    EProp,
    Gradient,
    OnlineGradient,
    differentiated,
    resolve_gradient,
    value_and_grad,
)

STEPS, BATCH, IN, HIDDEN, OUT = 25, 3, 5, 6, 2
DETACHED = {"reset": "soft", "detach_reset": True}


def made(rng, model="alif", *, loop=0.0, names=("x", "hidden", "out"), coding="null", w=None, o=None, y=None, **settings):
    """One hidden group between an encoder and a leaky readout, and its data; `w`, `o` and `y` are settings of its parts."""
    net = sj.Network()
    own = {"weight": rng.normal(0.3, 0.4, (HIDDEN, IN)), "bias": rng.normal(0.05, 0.1, HIDDEN)}
    size = HIDDEN if (w or {}).get("link_type") == "one_to_one" else IN
    for name, part in zip(
        names,
        (
            sj.Encoder(num=size, coding_method="null"),
            sj.NeuronGroup(HIDDEN, model=model, **settings),
            sj.NeuronGroup(OUT, model="leaky_integrator"),
        ),
        strict=True,
    ):
        setattr(net, name, part)
    source, group, readout = (getattr(net, name) for name in names)
    net.w = sj.Connection(source, group, **(w or own))
    if loop:
        net.r = sj.Connection(group, group, weight=rng.normal(0, loop, (HIDDEN, HIDDEN)))
    outwards = {"weight": rng.normal(0, 0.5, (OUT, HIDDEN)), "bias": rng.normal(0, 0.1, OUT)}
    net.o = sj.Connection(group, readout, **outwards, **(o or {}))
    net.y = sj.Decoder(dec_target=readout, coding_method=coding, **(y or {}))
    inputs = {names[0]: (rng.random((STEPS, BATCH, size)) < 0.4).astype(np.float32)}
    wanted = rng.normal(size=(STEPS, BATCH, OUT) if coding == "null" else (BATCH, OUT)).astype(np.float32)
    return net, inputs, wanted


def squares(outputs, wanted):
    return jnp.mean((outputs["y"] - wanted) ** 2)


def gradients(sim, gradient, inputs, wanted, loss=squares, batch=BATCH, key=None):
    return value_and_grad(sim, loss, gradient)(sim.init(jax.random.key(1), batch), inputs, wanted, key)


def assert_equal(given, expected, tolerance=1e-5):
    assert given[1].keys() == expected[1].keys()
    np.testing.assert_allclose(given[0], expected[0], rtol=1e-5)
    for name, slope in expected[1].items():
        assert np.abs(slope).max() > 0, name
        np.testing.assert_allclose(given[1][name], slope, atol=tolerance * np.abs(slope).max(), err_msg=name)


def cosine(a, b):
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


def without_loop(sim):
    """The same network, none of whose gradient passes the spikes that come back to their group."""
    row = next(op for op in sim.program.ops if op.name == "r")

    def cut(spikes, weight, *, shape):
        return row.fn(jax.lax.stop_gradient(spikes), weight, shape=shape)

    rows = (dataclasses.replace(op, fn=cut) if op is row else op for op in sim.program.ops)
    return sj.build(dataclasses.replace(sim.program, ops=tuple(rows)), plan=sim.plan)


@pytest.fixture
def rng():
    return np.random.default_rng()


@pytest.mark.parametrize(
    "model, settings",
    [("alif", {}), ("lif", {"t_ref": 2.0}), ("lif", DETACHED)],
)
def test_without_a_loop_it_is_backpropagation(rng, model, settings):
    net, inputs, wanted = made(rng, model, **settings)
    sim = sj.build(net, dt=1.0)
    assert_equal(gradients(sim, EProp(), inputs, wanted), gradients(sim, BPTT(), inputs, wanted))


@pytest.mark.slow
@pytest.mark.parametrize("model", {kind: name for name, kind in sj.neurons.NEURONS.items()}.values())
def test_every_neuron_model(rng, model):
    """What holds of the adaptive neurons of the paper holds of any model: its step says how it depends on itself."""
    net = sj.Network()
    net.x = sj.Encoder(num=IN, coding_method="null")
    net.hidden = sj.NeuronGroup(HIDDEN, model=model)
    net.out = sj.NeuronGroup(OUT, model="leaky_integrator")
    into = sj.neurons.NEURONS[model].receives[0]
    net.w = sj.Connection(net.x, net.hidden, weight=rng.normal(0.5, 0.5, (HIDDEN, IN)), post_var_name=into)
    net.o = sj.Connection(net.hidden, net.out, weight=rng.normal(0, 0.5, (OUT, HIDDEN)))
    net.y = sj.Decoder(dec_target=net.out, coding_method="null")
    sim, key = sj.build(net, dt=0.05 if model == "hh" else 1.0), jax.random.key(3)
    inputs = {"x": (rng.random((STEPS, BATCH, IN)) < 0.4).astype(np.float32)}
    wanted = rng.normal(size=(STEPS, BATCH, OUT)).astype(np.float32)
    (value, given), (other, expected) = (gradients(sim, g, inputs, wanted, key=key) for g in (EProp(), BPTT()))
    np.testing.assert_allclose(value, other, rtol=1e-5)
    for name, slope in expected.items():
        np.testing.assert_allclose(given[name], slope, atol=1e-5 * np.abs(slope).max(), err_msg=name)


def test_with_a_loop_it_is_backpropagation_that_does_not_pass_it(rng):
    net, inputs, wanted = made(rng, "alif", loop=0.06, **DETACHED)
    sim = sj.build(net, dt=1.0)
    given, whole = gradients(sim, EProp(), inputs, wanted), gradients(sim, BPTT(), inputs, wanted)
    assert_equal(given, gradients(without_loop(sim), BPTT(), inputs, wanted))
    for name in ("w.weight", "r.weight"):
        assert np.abs(given[1][name] - whole[1][name]).max() > 1e-3 * np.abs(whole[1][name]).max()
        assert cosine(given[1][name], whole[1][name]) > 0.5


def test_the_equations_of_the_paper(rng):
    """Bellec et al. (2020), equations 14 to 28: a loop in float64 over a recurrent network of adaptive neurons."""
    net, inputs, wanted = made(rng, "alif", loop=0.3, tau_m=15.0, tau_a=80.0, beta=0.3, v_th=0.8, **DETACHED)
    sim = sj.build(net, dt=1.0)
    v = {name: np.asarray(x, np.float64) for name, x in sim.init(jax.random.key(1)).params.items()}
    alpha, rho, kappa = np.exp(-1 / 15), np.exp(-1 / 80), np.exp(-1 / 8)
    surrogate = sj.neurons.ALIF().surrogate
    potential, adaptation, spikes = (np.zeros((BATCH, HIDDEN)) for _ in range(3))
    y = np.broadcast_to(0.0, (BATCH, OUT))
    e_v = {"w": np.zeros((BATCH, 1, IN)), "r": np.zeros((BATCH, 1, HIDDEN))}
    e_a = {"w": np.zeros((BATCH, HIDDEN, IN)), "r": np.zeros((BATCH, HIDDEN, HIDDEN))}
    e_z = {name: np.zeros_like(x) for name, x in e_a.items()}
    bar = {name: np.zeros_like(x) for name, x in e_a.items()}
    total = {name: 0.0 for name in e_a}
    for t in range(STEPS):
        came = {"w": inputs["x"][t].astype(np.float64), "r": spikes}
        current = came["w"] @ v["w.weight"].T + v["w.bias"] + came["r"] @ v["r.weight"].T
        adaptation = rho * adaptation + spikes
        free = alpha * potential + current
        x = free - (0.8 + 0.3 * adaptation)
        spikes = (x > 0).astype(np.float64)
        psi = np.asarray(surrogate.derivative(jnp.asarray(x, jnp.float32)), np.float64)
        potential = free - 0.8 * spikes
        y = kappa * y + spikes @ v["o.weight"].T + v["o.bias"]
        signal = (2 / wanted.size * (y - wanted[t])) @ v["o.weight"]
        for name in e_a:
            e_v[name] = alpha * e_v[name] + came[name][:, None, :]
            e_a[name] = rho * e_a[name] + e_z[name]
            e_z[name] = psi[:, :, None] * (e_v[name] - 0.3 * e_a[name])
            bar[name] = kappa * bar[name] + e_z[name]
            total[name] = total[name] + (signal[:, :, None] * bar[name]).sum(0)
    given = gradients(sim, EProp(), inputs, wanted)[1]
    for name, slope in total.items():
        np.testing.assert_allclose(given[f"{name}.weight"], slope, atol=2e-5 * np.abs(slope).max())


@pytest.mark.parametrize(
    "settings",
    [
        {"w": {"syn_type": ["nmda"]}},  # which looks at the potential
        {"parameter_variables": ["tau_m", "beta"], "tau_m": np.linspace(5, 20, HIDDEN)},
        {
            "w": {"syn_type": ["1_order_synapse"], "tau": 3.0, "parameter_variables": ["tau"]},
            "o": {"syn_type": ["1_order_synapse"], "tau": 5.0, "parameter_variables": ["tau"]},
        },
    ],
    ids=["conductance", "neurons", "synapses"],
)
def test_synapses_with_equations_and_parameters_of_equations(rng, settings):
    net, inputs, wanted = made(rng, "alif", **settings)
    net.more = sj.Connection(net.x, net.hidden, weight=rng.normal(0.3, 0.4, (HIDDEN, IN)))
    net.again = sj.Connection(net.x, net.hidden, shared=net.more, delay=2.0)
    sim = sj.build(net, dt=1.0)
    given = gradients(sim, EProp(), inputs, wanted)
    assert_equal(given, gradients(sim, BPTT(), inputs, wanted))
    assert {v.name for v in sim.program.of_role("parameter")} == given[1].keys()


def test_every_plan_gives_the_same(rng):
    net, inputs, wanted = made(rng, "alif", loop=0.3)
    results = [
        gradients(sj.build(net, dt=1.0, plan=plan), EProp(), inputs, wanted)
        for plan in (sj.Reference(), sj.Tiled(), sj.Tiled(7))
    ]
    for result in results[1:]:
        assert_equal(result, results[0])


@pytest.mark.parametrize(
    "names, w",
    [
        (("aaa", "bbb", "ccc"), {"link_type": "one_to_one", "w_mean": 0.8, "bias": [0.1] * HIDDEN}),
        (("zzz", "yyy", "xxx"), {"link_type": "sparse", "density": 0.5, "storage": "masked", "w_mean": 0.5, "delay": 3.0}),
    ],
)
def test_links_and_delays_in_front_of_a_group(rng, names, w):
    net, inputs, wanted = made(rng, "alif", names=names, w=w)
    sim = sj.build(net, dt=1.0)
    given = gradients(sim, EProp(), inputs, wanted)
    assert_equal(given, gradients(sim, BPTT(), inputs, wanted))
    if "density" in w:
        mask = np.asarray(sim.init(jax.random.key(1))["w.mask"])
        assert (np.asarray(given[1]["w.weight"])[~mask] == 0).all()


@pytest.mark.parametrize(
    "coding, y", [("spike_rate", {"coding_var_name": "V", "bias": 0.5, "scale": 2.0}), ("voltage_sum", {})]
)
def test_outputs_that_are_reduced(rng, coding, y):
    net, inputs, wanted = made(rng, "lif", coding=coding, y=y, **DETACHED)
    sim = sj.build(net, dt=1.0)
    assert_equal(gradients(sim, EProp(), inputs, wanted), gradients(sim, BPTT(), inputs, wanted))


def test_monitors_of_some_steps_and_several_outputs_at_once(rng):
    net, inputs, wanted = made(rng, "alif")
    net.few = sj.StateMonitor(net.out, "V", every=3, last=4, index=[1])
    net.binned = sj.RateMonitor(net.hidden, dt=4.0)
    net.mean = sj.StateMonitor(net.hidden, "O", reduce="mean", every=2)
    sim = sj.build(net, dt=1.0)

    def loss(params, sim):
        result = sim.run(sim.init(jax.random.key(1), BATCH).with_params(params), inputs)
        few, binned, mean = (result.probes[name] for name in ("few", "binned", "mean"))
        return squares(result.outputs, wanted) + (few**2).mean() + (binned**2).sum() + (jnp.sin(mean) ** 2).mean()

    params = sim.init(jax.random.key(1), BATCH).params
    given, expected = (jax.value_and_grad(loss)(params, differentiated(sim, g)) for g in (EProp(), BPTT()))
    assert_equal(given, expected)


def test_a_run_that_goes_on_and_a_batch_of_one(rng):
    net, inputs, wanted = made(rng, "alif", tau_m=30.0)
    sim = sj.build(net, dt=1.0)
    one = {"x": inputs["x"][:, :1]}
    before = sim.run(sim.init(jax.random.key(1), 1), one).variables
    results = [value_and_grad(sim, squares, g)(before, one, wanted[:, :1]) for g in (EProp(), BPTT())]
    assert_equal(*results)


def test_random_inputs_and_held_ones(rng):
    """The run is repeated with the same random numbers; a product of a held input is one of every step."""
    net, inputs, wanted = made(rng, "alif")
    net.noise = sj.Encoder(num=4, coding_method="poisson")
    net.held = sj.Encoder(num=2, coding_method="constant_current")
    net.n = sj.Connection(net.noise, net.hidden, weight=rng.normal(0.2, 0.2, (HIDDEN, 4)))
    net.h = sj.Connection(net.held, net.hidden, weight=rng.normal(0.1, 0.2, (HIDDEN, 2)))
    inputs |= {name: rng.random((BATCH, n)).astype(np.float32) * 0.5 for name, n in (("noise", 4), ("held", 2))}
    sim, key = sj.build(net, dt=1.0), jax.random.key(5)
    assert_equal(gradients(sim, EProp(), inputs, wanted, key=key), gradients(sim, BPTT(), inputs, wanted, key=key))


def test_random_feedback_stands_for_the_weights_of_the_output(rng):
    """Where the error does not depend on the output, the gradient is that of a network whose output has these weights."""
    net, inputs, wanted = made(rng, "alif", loop=0.3)
    sim = sj.build(net, dt=1.0)

    def linear(outputs, wanted):
        return (outputs["y"] * wanted).sum()

    v = sim.init(jax.random.key(1), BATCH)
    _, given = value_and_grad(sim, linear, EProp("random", seed=3))(v, inputs, wanted)
    _, other = value_and_grad(sim, linear, EProp("random", seed=4))(v, inputs, wanted)
    _, exact = value_and_grad(sim, linear, BPTT())(v, inputs, wanted)
    np.testing.assert_allclose(given["o.weight"], exact["o.weight"], rtol=1e-4, atol=1e-4)
    assert np.abs(given["w.weight"] - other["w.weight"]).max() > 0
    key = jax.random.fold_in(jax.random.key(3), zlib.crc32(b"hidden.O[updated]"))
    swapped = sim.set(v, {"o.weight": jax.random.normal(key, (OUT, HIDDEN)) / np.sqrt(HIDDEN).astype(np.float32)})
    _, symmetric = value_and_grad(sim, linear, EProp())(swapped, inputs, wanted)
    for name in ("w.weight", "w.bias", "r.weight"):
        np.testing.assert_allclose(given[name], symmetric[name], rtol=1e-4, atol=1e-4)


def test_half_precision(rng):
    net, inputs, wanted = made(rng, "alif", loop=0.3, tau_m=30.0)
    sim = sj.build(net, dt=1.0)
    half = sj.build(sim.program.astype("bfloat16"))
    v = sim.init(jax.random.key(1), BATCH)
    _, slopes = value_and_grad(half, lambda o, w: squares({"y": o["y"].astype("float32")}, w), EProp())(
        v.astype(half.program), inputs, wanted
    )
    _, expected = value_and_grad(sim, squares, EProp())(v, inputs, wanted)
    for name, slope in slopes.items():
        assert slope.dtype == half.program.by_name[name].dtype
        assert cosine(np.asarray(slope, np.float32), np.asarray(expected[name])) > 0.9


def temporaries(sim, gradient, steps):
    v = sim.init(jax.random.key(1), 2)
    inputs = {"x": jax.ShapeDtypeStruct((steps, 2, IN), "float32")}
    wanted = jax.ShapeDtypeStruct((2, OUT), "float32")
    compiled = jax.jit(value_and_grad(sim, squares, gradient)).lower(v, inputs, wanted).compile()
    return compiled.memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("gradient", [EProp(), OTTT(decay=0.9)])
def test_memory_does_not_grow_with_the_number_of_steps(rng, gradient):
    net, _, _ = made(rng, "alif", loop=0.3, coding="final_step_voltage")
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(20))
    short, long = (temporaries(sim, gradient, steps) for steps in (100, 10_000))
    assert long - short < 10_000 * 2 * IN * 4  # less than the inputs themselves
    assert temporaries(sim, BPTT(), 10_000) > 3 * long


def test_training_with_learning_rules_and_frozen_weights_beside(rng):
    """Weights of a learning rule change as in any run; frozen ones stay; the others learn."""
    from test_learning_rule import PairSTDP

    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="constant_current")
    net.hidden = sj.NeuronGroup(8, model="lif", v_th=0.5, **DETACHED)
    net.out = sj.NeuronGroup(2, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.hidden, weight=rng.uniform(0, 0.6, (8, 2)))
    net.fixed = sj.Connection(net.x, net.hidden, weight=rng.uniform(0, 0.2, (8, 2)), is_parameter=False)
    net.rule = sj.Connection(net.x, net.hidden, weight=rng.uniform(0, 0.2, (8, 2)), plasticity=PairSTDP(a=1e-4))
    net.o = sj.Connection(net.hidden, net.out, weight=rng.normal(0, 0.2, (2, 8)))
    net.y = sj.Decoder(dec_target=net.out, coding_method="final_step_voltage")
    data = sj.data.Dataset({"x": np.eye(2)[[0, 1] * 8]}, np.array([0, 1] * 8))
    results = [
        sj.train.fit(
            sj.build(net, dt=1.0), "membrane_cross_entropy", optax.adam(0.02), data, epochs=8, batch_size=8,
            key=jax.random.key(0), steps=12, progress=False, gradient=gradient,
        )
        for gradient in (EProp(), BPTT())
    ]
    assert set(results[0].params) == {"w.weight", "o.weight"}
    for name, value in results[0].variables.values.items():
        np.testing.assert_allclose(value, results[1].variables.values[name], rtol=2e-3, atol=2e-4, err_msg=name)
    assert results[0].history[-1]["loss"] < 0.7 * results[0].history[0]["loss"]
    assert np.abs(results[0].variables["rule.weight"] - sj.build(net, dt=1.0).init(jax.random.key(0))["rule.weight"]).max() > 0


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"w": {"syn_type": ["basic", "dropout"]}}, "on a group, but what 'w.weight' gives goes to 'w.Dropout'"),
        ({"w": {"delay": "gaussian", "max_delay": 4.0}}, "covers products with weights, but 'w.delay' and 'w.weight' act"),
        (
            {"w": {"link_type": "sparse", "density": 0.5, "storage": "pairs"}},
            "needs a trace for each synapse of 'hidden', which 'w' has not",
        ),
        ({"o": {"delay": 2.0}}, "no learning signal for 'w.weight': nothing that 'hidden' gives comes to an output within"),
    ],
)
def test_what_is_not_covered_is_refused_by_name(rng, settings, sentence):
    net, inputs, wanted = made(rng, "alif", **settings)
    refused_twice(sentence, lambda: gradients(sj.build(net, dt=1.0), EProp(), inputs, wanted))


def refused_twice(sentence, call):
    """What JAX has kept of the first time changes nothing that the second one says."""
    for _ in range(2):
        with pytest.raises(ValueError, match=re.escape(sentence)):
            call()


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Phasor(sj.neurons.NeuronModel):
    """A leaky complex sum of what comes in."""

    class State(sj.neurons.NeuronModel.State):
        z: sj.neurons.PerNeuron = sj.neurons.variable(0.0, dtype="complex64")

    output: ClassVar = "z"

    def step(self, state, current):
        return self.State(z=0.5 * state.z + current.astype(state.z.dtype))


def test_complex_currents_are_refused(rng):
    net = sj.Network()
    net.x = sj.Encoder(num=IN, coding_method="null")
    net.a, net.b = sj.NeuronGroup(4, model=Phasor()), sj.NeuronGroup(3, model=Phasor())
    net.w = sj.Connection(net.x, net.a, weight=rng.normal(size=(4, IN)), is_parameter=False)
    net.o = sj.Connection(net.a, net.b, weight=rng.normal(size=(3, 4)))
    net.y = sj.Decoder(dec_target=net.b, coding_method="null")
    x = rng.normal(size=(STEPS, BATCH, IN)).astype(np.float32)
    with jax.numpy_dtype_promotion("standard"):  # real weights, complex values
        refused_twice(
            "EProp needs real numbers, but 'o.weight' gives 'b.Isyn' of dtype complex64.",
            lambda: gradients(sj.build(net, dt=1.0), EProp(), {"x": x}, None, lambda outputs, _: jnp.abs(outputs["y"]).sum()),
        )


def test_losses_that_are_not_covered_are_refused(rng):
    net, inputs, _ = made(rng, "alif")
    net.peak = sj.StateMonitor(net.out, "V", reduce="max")
    net.slow = sj.StateMonitor(net.hidden, "A")
    sim, random = (differentiated(sj.build(net, dt=1.0), EProp(feedback)) for feedback in ("symmetric", "random"))
    v = sim.init(jax.random.key(1), BATCH)

    def slope(read, sim=sim):
        return jax.grad(lambda p: read(sim.run(v.with_params(p), inputs)).sum())(v.params)

    # The errors are of one simulator in turn, so that each also meets what is left of the others.
    for _ in range(2):
        refused_twice("'peak' is the Max of 'out.V': train it by BPTT", lambda: slope(lambda run: run.probes["peak"]))
        refused_twice(
            "this one depends on 'hidden.V' after the run", lambda: slope(lambda run: run.variables["hidden.V"])
        )
        refused_twice(
            "not with respect to 'x'", lambda: jax.grad(lambda x: sim.run(v, {"x": x}).outputs["y"].sum())(jnp.asarray(inputs["x"]))
        )
        refused_twice(
            "needs outputs that one input acts on at once, not 'slow'", lambda: slope(lambda run: run.probes["slow"], random)
        )


@pytest.mark.parametrize("before", ["some parameters", "an input"])
def test_what_was_asked_before_changes_no_gradient(rng, before):
    """Neither a gradient by other parameters nor one that was refused, of the same compiled run."""
    net, inputs, _ = made(rng, "alif")
    net.last = sj.Decoder(dec_target=net.out, coding_method="final_step_voltage")
    # A seed that nothing is drawn from makes a simulator that has not been differentiated yet.
    first, sim = (differentiated(sj.build(net, dt=1.0), EProp(seed=int(rng.integers(2**31)))) for _ in range(2))
    v = sim.init(jax.random.key(1), BATCH)

    def slope(sim, name, params):
        return jax.grad(lambda p: (sim.run(v.with_params({**v.params, **p}), inputs).outputs[name] ** 2).sum())(params)

    expected = slope(first, "last", v.params)
    slope(sim, "y", v.params)
    if before == "some parameters":
        some = slope(sim, "y", {"o.bias": v.params["o.bias"]})
        np.testing.assert_allclose(some["o.bias"], slope(first, "y", v.params)["o.bias"], rtol=1e-5)
    else:
        with pytest.raises(ValueError, match="not with respect to 'x'"):
            jax.grad(lambda x: sim.run(v, {"x": x}).outputs["y"].sum())(jnp.asarray(inputs["x"]))
    given = slope(sim, "last", v.params)
    for name, value in expected.items():
        assert np.abs(value).max() > 0, name
        np.testing.assert_allclose(given[name], value, rtol=1e-5, err_msg=name)


def test_settings():
    with pytest.raises(ValueError, match="unknown feedback 'symetric': did you mean 'symmetric'"):
        EProp("symetric")
    with pytest.raises(ValueError, match="EProp: seed"):
        EProp(seed=-1)
    with pytest.raises(ValueError, match="unknown gradient 'e-prop': did you mean 'eprop'"):
        resolve_gradient("e-prop")
    public = {kind for kind in vars(sj.gradients).values() if isinstance(kind, type) and issubclass(kind, Gradient)}
    assert set(GRADIENTS.values()) == public - {Gradient, OnlineGradient}
