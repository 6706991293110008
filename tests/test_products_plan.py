"""Plans that multiply by events give what the reference plan gives, and say what they do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from networks import cases
from versions import enable_x64

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable, native
from spaic_jax.program import Constant, Given
from spaic_jax.surrogate import STCA
from spaic_jax.synapses import FixedDelay, LinearDelay

# Shrinking would compile hundreds of networks; the failing one is printed as it was drawn.
settings.register_profile("networks", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("networks")

compiled = pytest.mark.skipif(not native.available(), reason=native.status())
PRE, POST, BATCH, STEPS = 40, 48, 16, 13
#: With and without the library: what is chosen then is dense.
PRODUCTS = ["auto", pytest.param("events", marks=compiled)]
AT_WORK = {"auto": "product of events where they are few", "events": "product of events"}


def grid(shape, scale, seed=0):
    """Multiples of 1/16: their sums are exact in float32, so that no order of summation can flip a spike."""
    return (np.round(np.random.default_rng(seed).normal(0.05, scale, shape) * 16) / 16).astype(np.float32)


def network(kind, **neurons):
    """Two layers, the first of them reached and joined as the kind says."""
    net = sj.Network()
    net.x = sj.Encoder(num=PRE, coding_method="null")
    neurons = {"model": "ifsoftreset", "surrogate": STCA(0.25, compat=True)} | neurons
    net.a, net.b = sj.NeuronGroup(POST, **neurons), sj.NeuronGroup(5, **neurons)
    delays = np.random.default_rng(3).uniform(0, 3, (POST, PRE)).astype(np.float32)
    links = {
        "masked": {"link_type": "sparse", "density": 0.3, "storage": "masked"},
        "delay": {"delay": 2.0},
        "fixed delays": {"delay": FixedDelay(value=delays, max_delay=3.0)},
        "trained delays": {"delay": LinearDelay(value=delays, max_delay=3.0)},
        "bias": {"bias": grid(POST, 0.2, 5)},
    }
    weight = {"w_std": 0.3} if kind == "masked" else {"weight": grid((POST, PRE), 0.2)}
    net.xa = sj.Connection(net.x, net.a, **weight, **links.get(kind, {}))
    net.ab = sj.Connection(net.a, net.b, weight=grid((5, POST), 0.3, 1))
    if kind == "loop":
        net.aa = sj.Connection(net.a, net.a, weight=grid((POST, POST), 0.1, 2))
    if kind == "delayed loop":
        net.aa = sj.Connection(net.a, net.a, weight=grid((POST, POST), 0.1, 2), delay=3.0)
    net.s, net.v = sj.StateMonitor(net.a, "O"), sj.StateMonitor(net.b, "V")
    net.out = sj.Decoder(dec_target=net.b)
    return net


def spikes(density, steps=STEPS, batch=BATCH, dtype="float32"):
    return (np.random.default_rng(1).random((steps, batch, PRE)) < density).astype(dtype)


def run(net, x, propagation="same_step", **plan):
    """What was recorded, and the gradient of all of it."""
    sim = sj.build(net, dt=1.0, propagation=propagation, **plan) if isinstance(net, sj.Network) else sj.build(net, **plan)
    variables = sim.init(jax.random.key(0), x.shape[1])

    def scalar(params):
        result = sim.run(variables.with_params(params), {"x": x}, jax.random.key(1))
        return sum((jnp.tanh(value * 0.1) ** 2).mean() for value in result.probes.values()), result

    (_, result), slopes = jax.jit(jax.value_and_grad(scalar, has_aux=True))(variables.params)
    return result, slopes


def assert_same(got, expected, rtol=1e-5):
    """Spikes to the bit, and the rest as rounding allows."""
    for name, value in expected[0].probes.items():
        np.testing.assert_array_equal(got[0].probes[name], value, err_msg=name) if name == "s" else None
        np.testing.assert_allclose(got[0].probes[name], value, rtol=rtol, atol=rtol, err_msg=name)
    scale = max(float(np.abs(slope).max()) for slope in expected[1].values())
    assert scale > 0
    for name, slope in expected[1].items():
        np.testing.assert_allclose(got[1][name], slope, rtol=10 * rtol, atol=rtol * scale, err_msg=name)


@pytest.mark.parametrize(
    "kind, propagation, density, plans",
    [
        ("dense", "same_step", 0.1, [(None, "events"), (5, "auto"), (1, "events")]),
        ("dense", "same_step", 0.9, [(4, "auto")]),
        ("dense", "one_step", 0.1, [(4, "events")]),
        ("bias", "same_step", 0.1, [(4, "auto")]),
        ("masked", "same_step", 0.1, [(4, "events")]),
        ("delay", "same_step", 0.1, [(4, "events")]),
        ("fixed delays", "same_step", 0.1, [(4, "auto")]),
        ("trained delays", "one_step", 0.1, [(None, "events")]),
        ("loop", "same_step", 0.1, [(None, "auto"), (4, "events")]),
        ("loop", "one_step", 0.3, [(None, "events")]),
        ("delayed loop", "same_step", 0.1, [(7, "events")]),
    ],
    ids=str,
)
def test_networks_are_those_of_the_reference_plan(kind, propagation, density, plans):
    net, x = network(kind), spikes(density)
    expected = run(net, x, propagation, plan=sj.Reference())
    assert expected[0].probes["s"].any()
    for tile, products in plans:
        if products == "auto" or native.available():
            got = run(net, x, propagation, plan=sj.Tiled(tile, products=products))
            assert_same(got, expected, rtol=1e-4 if kind == "trained delays" else 1e-5)


@compiled
@settings(max_examples=2, derandomize=True)
@given(case=cases(exact=True))
def test_random_networks_are_those_of_the_reference_plan(case):
    check_random(case)


@compiled
@pytest.mark.slow
@settings(max_examples=40)
@given(case=cases(exact=True))
def test_many_random_networks_are_those_of_the_reference_plan(case):
    check_random(case)


def check_random(case):
    made = []
    for plan in (sj.Reference(), sj.Tiled(case.tile, products="events")):
        sim = sj.build(case.net, dt=1.0, propagation=case.propagation, plan=plan)
        variables = sim.init(jax.random.key(0), case.batch)

        def scalar(params, sim=sim, variables=variables):
            result = sim.run(variables.with_params(params), case.data, jax.random.key(3), case.steps)
            kept = [*result.outputs.values(), *result.probes.values()]
            return sum((jnp.tanh(value * 0.1) ** 2).mean() for value in kept), result

        made.append(jax.jit(jax.value_and_grad(scalar, has_aux=True))(variables.params))
    ((_, expected), slopes), ((_, got), got_slopes) = made
    for name, value in (expected.outputs | expected.variables.state).items():
        other = (got.outputs | got.variables.state)[name]
        np.testing.assert_allclose(other, value, rtol=1e-5, atol=1e-6, err_msg=name)
    scale = max((float(np.abs(slope).max()) for slope in slopes.values()), default=0.0)
    for name, slope in slopes.items():
        np.testing.assert_allclose(got_slopes[name], slope, rtol=1e-4, atol=1e-4 * scale, err_msg=name)


def by_hand():
    """A list of operations with a loop."""
    return Program(
        variables=(
            Variable("x", (PRE,), role="input"),
            Variable("aaa", (POST, PRE), role="parameter", init=Given(grid((POST, PRE), 0.2))),
            Variable("W", (POST, POST), role="parameter", init=Given(grid((POST, POST), 0.1))),
            Variable("I", (POST,)),
            Variable("s", (POST,)),
        ),
        ops=(
            Op("I", "mat_mult_weight", ("x", "aaa")),
            Op("I", "mat_mult_weight", ("s", "W"), name="zzz"),
            Op("s", "relu", ("I",)),
        ),
        records=(Record("I", "I"),),
        dt=1.0,
    )


@pytest.mark.parametrize("products", PRODUCTS)
def test_a_list_of_operations(products):
    x = spikes(0.1)
    assert_same(run(by_hand(), x, plan=sj.Tiled(4, products=products)), run(by_hand(), x, plan=sj.Reference()))


@compiled
@pytest.mark.parametrize("products", ["auto", "events"])
def test_the_kernels_are_in_the_program(products):
    """In the runs that the tests above compare, forward and backward."""
    for net in (network("loop"), network("fixed delays"), network("masked"), by_hand()):
        sim = sj.build(net, products=products, **({} if isinstance(net, Program) else {"dt": 1.0}))
        variables, x = sim.init(jax.random.key(0), BATCH), spikes(0.1)
        loss = jax.jit(jax.grad(lambda p, sim=sim, v=variables, x=x: sum((r**2).sum() for r in sim.run(v.with_params(p), {"x": x}).probes.values())))
        text = loss.lower(variables.params).as_text()
        assert all(f"SpaicEvents{name}" in text for name in ("Pack", "Product", "Gradient"))
        assert AT_WORK[products] in str(sim.describe())


def test_dense_products_stay_as_they_are():
    for sim in (sj.build(network("loop"), dt=1.0, products="dense"), sj.build(network("loop"), dt=1.0, plan=sj.Reference())):
        variables = sim.init(jax.random.key(0), BATCH)
        x = np.ones((3, BATCH, *sim.program.by_name["x"].shape), np.float32)
        text = jax.jit(lambda p, sim=sim, v=variables, x=x: sim.run(v.with_params(p), {"x": x}).variables.state).lower(variables.params).as_text()
        assert "SpaicEvents" not in text and "of events" not in str(sim.describe())


@compiled
def test_weights_that_a_rule_changes_stay_dense():
    net = network("dense")
    net.learnt = sj.Connection(net.x, net.a, weight=np.abs(grid((POST, PRE), 0.1, 7)), plasticity="stdp")
    x = spikes(0.1)
    sims = [sj.build(net, dt=1.0, plan=plan).train() for plan in (sj.Reference(), sj.Tiled(5, products="events"))]
    expected, got = (sim.run(sim.init(jax.random.key(0), BATCH), {"x": x}) for sim in sims)
    for name, value in (expected.variables.state | expected.variables.plastic).items():
        np.testing.assert_allclose((got.variables.state | got.variables.plastic)[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
    assert not np.array_equal(expected.variables["learnt.weight"], sims[0].init(jax.random.key(0))["learnt.weight"])
    # The weights that stay are multiplied outside of the loop.
    rows = str(sims[1].describe()).splitlines()
    assert any("scan  learnt" in row and "(matrix product)" in row for row in rows)
    assert any("xa (product of events)" in row for row in rows)


@compiled
def test_float64():
    net, x = network("loop"), spikes(0.1)
    with enable_x64(True):
        programs = [sj.build(net, dt=1.0).program.astype("float64")] * 2
        made = [run(p, x.astype("float64"), plan=plan) for p, plan in zip(programs, (sj.Reference(), sj.Tiled(4, products="events")), strict=True)]
        assert made[1][0].probes["v"].dtype == "float64"
        assert_same(made[1], made[0], rtol=1e-12)


@compiled
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_dense(dtype):
    program = sj.build(network("dense", model="if"), dt=1.0).program.astype(dtype)
    x = jnp.asarray(spikes(0.1), dtype)
    dense, events = (sj.build(program, products=products) for products in ("dense", "events"))
    results = [sim.run(sim.init(jax.random.key(0), BATCH), {"x": x}) for sim in (dense, events)]
    for name, value in results[0].probes.items():
        np.testing.assert_array_equal(np.asarray(results[1].probes[name].astype("float32")), np.asarray(value.astype("float32")), err_msg=name)


@pytest.mark.parametrize("products", PRODUCTS)
def test_runs_in_pieces_and_by_step(products):
    """A second presentation goes on where the first ended, in tiles of another size; so does a loop by hand."""
    sim, x = sj.build(network("delayed loop"), dt=1.0, plan=sj.Tiled(4, products=products)), spikes(0.15)
    start = sim.init(jax.random.key(0), BATCH)
    whole = sim.run(start, {"x": x})
    first = sim.run(start, {"x": x[:6]})
    second = sim.run(first.variables, {"x": x[6:]})
    by_step, emitted = sim.prepare(start), []
    for row in x:
        by_step, record = sim.step(by_step, {"x": row})
        emitted.append(record["s"])
    np.testing.assert_array_equal(jnp.concatenate([first.probes["s"], second.probes["s"]]), whole.probes["s"])
    np.testing.assert_array_equal(jnp.stack(emitted), whole.probes["s"])
    for name, value in whole.variables.state.items():
        for other in (second.variables, by_step.variables):
            np.testing.assert_allclose(other.state[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


@compiled
def test_remat_and_a_batch_of_one():
    net, x = network("loop"), spikes(0.2, batch=1)
    expected = run(net, x, plan=sj.Reference())
    for remat in ("step", sj.Chunk(5), "auto"):
        assert_same(run(net, x, plan=sj.Tiled(4, remat, products="events")), expected)


@compiled
def test_networks_side_by_side():
    """`vmap` over parameters is dense, over data by events; each is what a run alone gives."""
    sim, x = sj.build(network("loop"), dt=1.0, products="events"), spikes(0.1, steps=5)
    variables = sim.init(jax.random.key(0), BATCH)

    def loss(params, x):
        return (sim.run(variables.with_params(params), {"x": x}).probes["v"] ** 2).mean()

    many = jax.tree.map(lambda w: jnp.stack([w, w * 0.5, -w]), variables.params)
    data = jnp.stack([x, x[::-1], x * 0])
    for axes, params, given_x in [((0, None), many, x), ((None, 0), variables.params, data), ((0, 0), many, data)]:
        got = jax.jit(jax.vmap(jax.grad(loss), axes))(params, given_x)
        for i in range(3):
            one = [jax.tree.map(lambda a, i=i: a[i], tree) if axis == 0 else tree for tree, axis in zip((params, given_x), axes, strict=True)]
            expected = jax.grad(loss)(*one)
            for name, slope in expected.items():
                np.testing.assert_allclose(got[name][i], slope, rtol=1e-4, atol=1e-6, err_msg=name)


@compiled
def test_a_batch_on_two_devices_is_not_gathered():
    sim, x = sj.build(network("loop"), dt=1.0), spikes(0.1)
    variables = sim.init(jax.random.key(0), BATCH)
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:2]), ("batch",))

    def loss(params, x):
        return (sim.run(variables.with_params(params), {"x": x}).probes["v"] ** 2).mean()

    shared = jax.device_put(x, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(None, "batch")))
    params = jax.device_put(variables.params, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))
    step = jax.jit(jax.grad(loss))
    text = step.lower(params, shared).compile().as_text()
    dense = sj.build(network("loop"), dt=1.0, products="dense")
    plain = jax.jit(jax.grad(lambda p, x: (dense.run(variables.with_params(p), {"x": x}).probes["v"] ** 2).mean()))
    assert text.count(" all-gather(") == plain.lower(params, shared).compile().as_text().count(" all-gather(")
    for name, slope in jax.jit(jax.grad(loss))(variables.params, x).items():
        np.testing.assert_allclose(step(params, shared)[name], slope, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("products", ["dense", "auto", pytest.param("events", marks=compiled)])
def test_the_plan_says_how_it_multiplies(products):
    sim = sj.build(network("loop"), dt=1.0, products=products)
    words = AT_WORK.get(products) if native.available() else None
    assert sim.plan == sj.Tiled(products=products) and f"products={products!r}" in repr(sim.plan)
    assert f"({words or 'matrix product'})" in str(sim.describe())


def test_without_the_library(monkeypatch):
    """`"auto"` is dense and works; `"events"` says why it cannot, and how it can."""
    sentence = "Products of spikes are XLA's dense ones, because of a test."
    monkeypatch.setattr(native, "available", lambda: False)
    monkeypatch.setattr(native, "status", lambda: sentence)
    x = spikes(0.1, steps=3)
    sim = sj.build(network("dense"), dt=1.0, products="auto")
    assert "matrix product" in str(sim.describe()) and "of events" not in str(sim.describe())
    assert_same(run(network("dense"), x, products="auto"), run(network("dense"), x, plan=sj.Reference()))
    with pytest.raises(ValueError, match=f"^products='events' needs compiled products. {sentence}"):
        run(network("dense"), x, products="events")


@pytest.mark.parametrize("make", [lambda: sj.Tiled(products="event"), lambda: sj.build(network("dense"), dt=1.0, products="event")])
def test_an_unknown_name(make):
    with pytest.raises(ValueError, match="^unknown products 'event': did you mean 'events'"):
        make()


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(4)], ids=str)
def test_products_beside_a_plan(plan):
    with pytest.raises(ValueError, match=r"^products='dense' goes into the plan that is given: Tiled\(products='dense'\)\.$"):
        sj.build(network("dense"), dt=1.0, plan=plan, products="dense")


def test_a_setting_of_the_same_name_that_means_something_else_stays():
    def scaled(x, weight, *, times=3.0):
        return times * x + weight.sum()

    variables = (Variable("x", (2,), role="input"), Variable("w", (2, 2), role="parameter", init=Constant(1.0)))
    program = Program(variables, (Op("y", scaled, ("x", "w")),), (Record("out", "y", "output"),), dt=1.0)
    sim = sj.build(program, products="events" if native.available() else "auto")
    result = sim.run(sim.init(jax.random.key(0)), {"x": np.ones((3, 1, 2), np.float32)})
    np.testing.assert_array_equal(result.outputs["out"], np.full((3, 1, 2), 7.0))
