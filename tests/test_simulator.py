"""The simulator's functions: pure, reproducible, and clear about bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj


def network(coding_method="poisson", **settings):
    net = sj.Network()
    net.x = sj.Encoder(num=6, coding_method=coding_method, **settings)
    net.a = sj.NeuronGroup(5, model="lif")
    net.b = sj.NeuronGroup(3, model="clif")
    net.xa = sj.Connection(net.x, net.a, w_mean=0.2, w_std=0.3)
    net.aa = sj.Connection(net.a, net.a, w_std=0.3)
    net.ab = sj.Connection(net.a, net.b, w_mean=0.2, w_std=0.3)
    net.out = sj.Decoder(dec_target=net.b)
    net.v = sj.StateMonitor(net.a, "V")
    net.s = sj.SpikeMonitor(net.b)
    return net


@pytest.fixture(params=[True, False], ids=["reference", "tiled"])
def sim(request):
    """The same network under both plans."""
    if request.param:
        return sj.build(network(), dt=1.0, plan=sj.Reference())
    return sj.build(network(), dt=1.0, plan=sj.Tiled(4))


def rates(batch=4, seed=0):
    return np.random.default_rng(seed).random((batch, 6)).astype(np.float32)


def same(first, second):
    assert jax.tree.structure(first) == jax.tree.structure(second)
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_init_depends_on_the_key_and_the_name_alone(sim, key):
    more = network()
    more.ac = sj.Connection(more.a, more.a)
    first, second = sim.init(key), sj.build(more, dt=1.0).init(key)
    for name, value in first.params.items():
        np.testing.assert_array_equal(value, second.params[name])
    assert not np.array_equal(first.params["xa.weight"], sim.init(jax.random.key(1)).params["xa.weight"])


def test_one_key_gives_one_result(sim, key):
    variables = sim.init(key, 4)
    same(sim.run(variables, {"x": rates()}, key, 9), sim.run(variables, {"x": rates()}, key, 9))
    other = sim.run(variables, {"x": rates()}, jax.random.key(5), 9)
    assert not np.array_equal(other.probes["v"], sim.run(variables, {"x": rates()}, key, 9).probes["v"])


def test_a_sample_does_not_depend_on_its_batch(sim, key):
    whole = sim.run(sim.init(key, 4), {"x": rates()}, key, 20)
    part = sim.run(sim.init(key, 2), {"x": rates()[:2]}, key, 20)
    np.testing.assert_array_equal(whole.probes["s"][:, :2], part.probes["s"])
    np.testing.assert_allclose(whole.probes["v"][:, :2], part.probes["v"], rtol=1e-5, atol=1e-6)


def test_a_run_in_pieces_is_the_whole_run(sim, key):
    variables = sim.init(key, 4)
    whole = sim.run(variables, {"x": rates()}, key, 16)
    first = sim.run(variables, {"x": rates()}, key, 8, presentation=16)
    second = sim.run(first.variables, {"x": rates()}, key, 8, presentation=16)
    for name in ("v", "s"):
        joined = np.concatenate([first.probes[name], second.probes[name]])
        np.testing.assert_array_equal(joined, whole.probes[name])
    same(second.variables, whole.variables)


def test_stepping_by_hand_is_the_run(sim, key):
    variables = sim.init(key, 4)
    whole = sim.run(variables, {"x": rates()}, key, 6)
    for t in range(6):
        variables, emitted = sim.step(variables, {"x": rates()}, key)
        np.testing.assert_allclose(emitted["v"], whole.probes["v"][t], rtol=1e-5, atol=1e-6)
    assert int(variables.step) == int(whole.variables.step) == 6
    np.testing.assert_allclose(variables.state["b.V"], whole.variables.state["b.V"], rtol=1e-5, atol=1e-6)


def test_jit_equals_eager(key):
    sim = sj.build(network(), dt=1.0, plan=sj.Tiled(3))
    variables = sim.init(key, 2)
    compiled = sim.run(variables, {"x": rates(2)}, key, 5)
    with jax.disable_jit():
        eager = sim.run(variables, {"x": rates(2)}, key, 5)
    np.testing.assert_array_equal(compiled.probes["s"], eager.probes["s"])
    np.testing.assert_allclose(compiled.probes["v"], eager.probes["v"], rtol=1e-5, atol=1e-6)


def test_vmap_over_samples_equals_a_batch(key):
    sim = sj.build(network("constant_current"), dt=1.0)
    one = sim.init(key, 1)
    mapped = jax.vmap(lambda x: sim.run(one, {"x": x[None]}, steps=12))(jnp.asarray(rates()))
    batch = sim.run(sim.init(key, 4), {"x": rates()}, steps=12)
    np.testing.assert_array_equal(mapped.outputs["out"][:, 0], batch.outputs["out"])
    np.testing.assert_allclose(mapped.probes["v"][:, :, 0].swapaxes(0, 1), batch.probes["v"], rtol=1e-5, atol=1e-6)


def test_vmap_over_parameters(key):
    sim = sj.build(network("constant_current"), dt=1.0)
    variables = sim.init(key, 4)
    scales = jnp.array([0.5, 1.0, 2.0])

    def counts(scale):
        params = jax.tree.map(lambda w: w * scale, variables.params)
        return sim.run(variables.with_params(params), {"x": rates()}, steps=12).outputs["out"]

    np.testing.assert_array_equal(jax.vmap(counts)(scales)[1], counts(1.0))


def test_health_says_what_went_wrong(key):
    sim = sj.build(network("constant_current"), dt=1.0)
    silent = sim.run(sim.init(key, 2), {"x": np.zeros((2, 6))}, steps=5)
    assert "'a.O' never spiked." in silent.health.report()
    loud = sim.run(sim.init(key, 2), {"x": np.full((2, 6), 1e3)}, steps=5)
    assert any("'a.O' spiked in" in line for line in loud.health.report())
    variables = sim.init(key, 2)
    broken = variables.with_params({name: x * np.float32(np.nan) for name, x in variables.params.items()})
    report = sim.run(broken, {"x": np.ones((2, 6))}, steps=5).health.report()
    assert any(line.startswith("'a.V' holds NaN, infinite or absurdly large values at step") for line in report)


def test_monitors_reduce_and_thin(key):
    net = network()
    net.every = sj.StateMonitor(net.a, "V", every=3)
    for reduce in ("sum", "mean", "max", "last"):
        setattr(net, reduce, sj.StateMonitor(net.a, "V", reduce=reduce))
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(4))
    probes = sim.run(sim.init(key, 4), {"x": rates()}, key, 11).probes
    np.testing.assert_array_equal(probes["every"], probes["v"][::3])
    np.testing.assert_array_equal(probes["last"], probes["v"][-1])
    np.testing.assert_array_equal(probes["max"], probes["v"].max(0))
    np.testing.assert_allclose(probes["sum"], probes["v"].sum(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probes["mean"], probes["v"].mean(0), rtol=1e-5, atol=1e-6)
    assert probes["s"].dtype == bool


@pytest.mark.parametrize(("duration", "dt", "steps"), [(50.0, 0.1, 500), (1.1, 0.1, 11), (14 * 0.1, 0.1, 14), (0.5, 0.001, 500)])
def test_steps_are_counted_as_integers(duration, dt, steps):
    assert sj.build(network(), dt=dt).steps(duration) == steps


@pytest.mark.parametrize("duration", [0.25, -1.0, 0.0, 1.05])
def test_a_duration_of_half_a_step_is_refused(duration):
    with pytest.raises(ValueError, match=f"{duration} ms is .* steps of 0.1 ms"):
        sj.build(network(), dt=0.1).steps(duration)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda sim, v, k: sim.init(k, 0), "batch_size must be a positive whole number"),
        (lambda sim, v, k: sim.run(v, {}, k, 5), "input 'x' is missing: it needs"),
        (lambda sim, v, k: sim.run(v, {"y": rates()}, k, 5), "unknown input 'y'"),
        (lambda sim, v, k: sim.run(v, {"x": rates(3)}, k, 5), "input 'x' has shape (3, 6), but needs [B=4, 6] (held)"),
        (lambda sim, v, k: sim.run(v, {"x": np.zeros((4, 9, 6))}, k), "input 'x' has shape (4, 9, 6), but needs"),
        (lambda sim, v, k: sim.run(v, {"x": np.zeros((9, 4, 6))}, k, 5), "input 'x' has 9 steps, but 5 are to be run"),
        (lambda sim, v, k: sim.run(v, {"x": rates()}, k), "the number of steps is not known"),
        (lambda sim, v, k: sim.run(v, {"x": rates()}, k, 0), "steps must be a positive whole number"),
        (lambda sim, v, k: sim.run(v, {"x": rates()}, steps=5), "is random: give key="),
        (lambda sim, v, k: sim.run(v, {"x": [["a"] * 6] * 4}, k, 5), "input 'x' has dtype <U1"),
        (lambda sim, v, k: v.with_params({"xa": 1}), "the parameters are named"),
        (lambda sim, v, k: v.with_params({**v.params, "xa.weight": jnp.ones((2, 2))}) and sim.run(
            v.with_params({**v.params, "xa.weight": jnp.ones((2, 2))}), {"x": rates()}, k, 5
        ), "parameter 'xa.weight' has shape (2, 2), but needs [5, 6]"),
    ],
)
def test_bad_input_is_named(sim, key, call, sentence):
    with pytest.raises(ValueError) as error:
        call(sim, sim.init(key, 4), key)
    assert sentence in str(error.value)


def test_a_coding_that_needs_the_whole_run_says_so_when_stepped(key):
    sim = sj.build(network("latency"), dt=1.0)
    with pytest.raises(ValueError, match="needs the number of steps of the whole loop"):
        sim.step(sim.init(key, 4), {"x": rates()})
    _, emitted = sim.step(sim.init(key, 4), {"x": rates()}, steps=8)
    assert emitted["v"].shape == (4, 5)


def test_the_main_module_touches_no_device():
    import subprocess
    import sys

    code = "import jax, spaic_jax; from jax._src import xla_bridge as b; raise SystemExit(int(bool(b._backends)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
