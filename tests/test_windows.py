"""Loops through delays in windows: they give what the reference plan gives, wherever windows begin and end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often
from hypothesis import given, settings
from networks import cases
from test_learning_rule import PairSTDP
from test_plan import assert_same, kinds

import spaic_jax as sj
from spaic_jax.plan import stages
from spaic_jax.plan.windows import Windows
from spaic_jax.program import Normal, Op, Program, Record, Steps, Sum, Variable


@pytest.fixture
def always(monkeypatch):
    """Every loop that can be taken in windows is, however small."""
    monkeypatch.setattr(stages, "window_pays", lambda *given: True)
    stages.find_stages.cache_clear()
    jax.clear_caches()
    yield
    stages.find_stages.cache_clear()
    jax.clear_caches()


def windows_of(program, timed=frozenset({"x"})):
    return [stage for stage in stages.find_stages(program, timed) if isinstance(stage, Windows)]


LOOPS = (1.0, 2.0, 3.0, 5.0, 8.0)


@pytest.mark.parametrize("remat", [None, "step"], ids=str)
def test_random_networks_with_exact_numbers_agree_to_the_bit(remat, always):
    @settings(max_examples=2, derandomize=True)
    @given(case=cases(exact=True, loops=LOOPS))
    def agree(case):
        assert_same(case, [remat], exact=True)

    agree()


@pytest.mark.slow
@pytest.mark.parametrize("remat", [sj.Chunk(7), sj.Auto(budget=2000)], ids=str)
def test_many_random_networks_agree_to_the_bit(remat, always):
    @settings(max_examples=12)
    @given(case=cases(exact=True, loops=LOOPS))
    def agree(case):
        assert_same(case, [remat], exact=True)

    agree()


@pytest.mark.slow
def test_random_networks_of_every_model_agree(always):
    @settings(max_examples=12)
    @given(case=cases(exact=False, loops=LOOPS))
    def agree(case):
        assert_same(case, [None], exact=False)

    agree()


def recurrent(num=6, delay=3.0, model="leaky_integrator", **more):
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.g = sj.NeuronGroup(num, model=model, tau_m=4.0)
    net.w = sj.Connection(net.x, net.g, w_mean=0.3, w_std=0.5)
    net.r = sj.Connection(net.g, net.g, delay=delay, w_std=0.6 / np.sqrt(num), **more)
    net.v, net.i = sj.StateMonitor(net.g, "V"), sj.StateMonitor(net.g, "Isyn", reduce="sum")
    return net


def test_what_the_cost_model_takes_in_windows_is_the_equation(key):
    """Beside a loop in float64 and finite differences; large enough that windows pay, cut into pieces that no window fits."""
    sim = sj.build(recurrent(num=150, delay=8.0), dt=1.0)
    assert "in windows of 8 steps (map r.delay, r, scan g, r.past)" in sim.describe()
    variables = sim.init(key, 2)
    x = np.random.default_rng(1).normal(size=(21, 2, 4)).astype(np.float32)
    w, r = (np.asarray(variables[f"{name}.weight"], float) for name in "wr")

    def by_hand(r):
        v = [np.zeros((2, 150))] * 10  # a loop carries the previous step, and eight steps more
        for row in x.astype(float):
            v.append(np.exp(-1 / 4.0) * v[-1] + row @ w.T + v[-9] @ r.T)
        return np.stack(v[10:])

    expected = by_hand(r)
    pieces, now = [], variables
    for begin, end in ((0, 13), (13, 18), (18, 21)):
        result = sim.run(now, {"x": x[begin:end]})
        now = result.variables
        pieces.append(result.probes["v"])
    np.testing.assert_allclose(np.concatenate(pieces), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(sim.run(variables, {"x": x}).probes["v"], expected, rtol=1e-4, atol=1e-4)
    slope = jax.grad(lambda p: (sim.run(variables.with_params(p), {"x": x}).probes["v"] ** 2).sum())(variables.params)
    along = np.random.default_rng(2).normal(size=r.shape)
    numeric = ((by_hand(r + 1e-6 * along) ** 2).sum() - (by_hand(r - 1e-6 * along) ** 2).sum()) / 2e-6
    np.testing.assert_allclose((slope["r.weight"] * along).sum(), numeric, rtol=1e-3)


@pytest.mark.parametrize(("num", "delay"), [(20, 10.0), (200, 2.0), (200, None), (200, "each")])
def test_small_loops_and_short_delays_stay_one_loop(num, delay):
    delay = sj.synapses.FixedDelay(value=np.full((num, num), 9.0, np.float32)) if delay == "each" else delay
    assert "scan" in dict(kinds(sj.build(recurrent(num, delay), dt=1.0)))
    assert "windows" not in sj.build(recurrent(num, delay), dt=1.0).describe()


@pytest.mark.parametrize("plan", [sj.Tiled(), sj.Tiled(3, remat="step")])
def test_forward_and_reverse_mode_agree(plan, always, key):
    sim = sj.build(recurrent(model="lif"), dt=1.0, plan=plan)
    variables = sim.init(key, 2)
    x = np.ones((11, 2, 4), np.float32)

    def f(params):
        return (sim.run(variables.with_params(params), {"x": x}).variables.state["g.V"] ** 2).sum()

    _, along = jax.jvp(f, (variables.params,), (jax.tree.map(jnp.ones_like, variables.params),))
    np.testing.assert_allclose(along, sum(g.sum() for g in jax.tree.leaves(jax.grad(f)(variables.params))), rtol=1e-4)


def ring(past, step):
    return past[:, step % past.shape[1]]


def renewed(past, value, step):
    return past.at[:, step % past.shape[1]].set(value)


def product(x, w):
    return x @ w.T


def settled(*currents):
    return jnp.tanh(sum(currents))


def delays(name, source, steps):
    """The rows of a delay, written by hand."""
    return (
        Op(f"{name}.late", ring, (name, "[step]"), lag=steps),
        Op(name, renewed, (name, source, "[step]")),
    )


def program(*ops, rings, records=("a",)):
    names = sorted({name.removesuffix("[updated]") for op in ops for name in op.outputs if len(name) == 1})
    return Program(
        (
            Variable("x", (3,), role="input"), *(Variable(name, (3,)) for name in names),
            *(Variable(name, (steps, 3)) for name, steps in rings.items()),
            *(Variable(name, (3, 3), role="parameter", init=Normal(0.0, 0.6)) for name in ("w1", "w2", "w3")),
        ),
        ops,
        tuple(record if isinstance(record, Record) else Record(record, record) for record in records),
        dt=1.0,
    )


TWO = (*delays("p2", "b", 2), *delays("p5", "b", 5))
PROGRAMS = {
    "one weight in two delayed edges": program(
        *TWO, Op("i", product, ("p2.late", "w1"), name="i2"), Op("i", product, ("p5.late", "w1"), name="i5"),
        Op("b", settled, ("i", "x", "b")), Op("a", settled, "b[updated]"), rings={"p2": 2, "p5": 5},
        records=("a", Record("ring", "p5", steps=Steps(every=4)), Record("late", "p2.late", reduce=Sum()), "i"),
    ),
    "a delayed edge and one of the previous step": program(
        *delays("p5", "a", 5), Op("i", product, ("p5.late", "w1")), Op("j", product, ("a", "w2")),
        Op("b", settled, ("i", "x")), Op("a", settled, ("b[updated]", "j", "a")), rings={"p5": 5},
    ),
    "loops side by side": program(
        *delays("p3", "a", 3), *delays("p4", "b", 4), Op("i", product, ("p3.late", "w1")), Op("j", product, ("p4.late", "w2")),
        Op("a", settled, ("i", "x", "a")), Op("b", settled, ("j", "x", "b")), rings={"p3": 3, "p4": 4}, records=("a", "b"),
    ),
    "one loop in another": program(
        *delays("p2", "a", 2), *delays("p7", "b", 7), Op("i", product, ("p2.late", "w1")), Op("j", product, ("p7.late", "w2")),
        Op("k", product, ("a", "w3")), Op("a", settled, ("i", "x", "j")), Op("b", settled, ("k", "b")),
        rings={"p2": 2, "p7": 7}, records=("a", "b", "k"),
    ),
    "a product that reads the ring itself, and a reader of all of it": program(
        Op("i", lambda past, step, w: ring(past, step) @ w.T, ("p3", "[step]", "w1"), lag=3), *delays("p3", "a", 3),
        Op("m", lambda past: past.mean(1), "p3[updated]"), Op("a", settled, ("i", "x", "a", "m", "p3.late")), rings={"p3": 3},
    ),
    "a delay in no loop": program(
        *delays("p3", "a", 3), Op("a", settled, ("x", "a")), Op("b", product, ("p3.late", "w1")), rings={"p3": 3},
        records=("b", "p3"),
    ),
}


def close(got, expected):
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("case", often(PROGRAMS, set(PROGRAMS) - {"loops side by side", "a delayed edge and one of the previous step"}))
@pytest.mark.parametrize("plan", [pytest.param(sj.Tiled(), marks=pytest.mark.slow), sj.Tiled(7, sj.Chunk(7))])
def test_programs_written_by_hand(case, plan, always, key):
    assert windows_of(PROGRAMS[case])
    x = np.random.default_rng(3).normal(size=(17, 2, 3)).astype(np.float32)

    def outcome(plan):
        sim = sj.build(PROGRAMS[case], plan=plan)

        @jax.jit
        def of(first, x):
            # In a second run no ring begins at its first place.
            variables = sim.run(first, {"x": x[:4]}).variables

            def loss(params, x):
                result = sim.run(variables.with_params(params), {"x": x})
                return sum((value**2).sum() for value in result.probes.values()), (result.probes, result.variables.values)

            slopes, (probes, values) = jax.grad(loss, argnums=(0, 1), has_aux=True)(variables.params, x[4:])
            return values | {f"probe {name}": value for name, value in probes.items()} | slopes[0] | {"input": slopes[1]}

        return of(sim.init(key, 2), x)

    close(outcome(plan), outcome(sj.Reference()))


NETWORKS = {
    "weights that a rule changes": {"plasticity": PairSTDP()},
    "dropout": {"syn_type": ["dropout", "basic"]},
    "a mask": {"link_type": "sparse", "density": 0.5},
    "an alpha synapse": {"syn_type": ["alpha"]},
}


def presented(made, plan, key):
    """All values after two presentations of a simulator that learns, and what the second one showed."""
    sim = sj.build(made, plan=plan).train()
    variables = sim.init(key, 2)
    for part in np.random.default_rng(4).normal(size=(2, 12, 2, 4)):
        result = sim.run(variables, {"x": jnp.asarray(part, made.by_name["x"].dtype)}, key)
        variables = result.variables
    return {name: np.asarray(value, float) for name, value in (variables.values | result.probes).items()}


@pytest.mark.parametrize("case", NETWORKS)
def test_networks_that_learn(case, always, key):
    made = sj.build(recurrent(model="lif", **NETWORKS[case]), dt=1.0).program
    assert windows_of(made.in_mode(learning=True))
    close(presented(made, sj.Tiled(7), key), presented(made, sj.Reference(), key))


def test_half_precision(always, key):
    made = sj.build(recurrent(), dt=1.0).program.astype("bfloat16")
    got, expected = (presented(made, plan, key) for plan in (sj.Tiled(7), sj.Reference()))
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=0.02, atol=0.02 * np.abs(value).max() + 1e-9, err_msg=name)


def test_many_networks_at_once_are_each_of_them(always, key):
    sim = sj.build(recurrent(model="lif"), dt=1.0, plan=sj.Tiled(5))
    many = jax.vmap(sim.init)(jax.random.split(key, 3))
    x = np.random.default_rng(5).normal(size=(11, 1, 4)).astype(np.float32)
    together = jax.vmap(lambda v: sim.run(v, {"x": x}).probes["v"])(many)
    for i in range(3):
        alone = sim.run(jax.tree.map(lambda leaf, i=i: leaf[i], many), {"x": x}).probes["v"]
        np.testing.assert_allclose(together[i], alone, rtol=1e-5, atol=1e-6)


def test_a_loop_in_another_is_taken_in_windows_of_windows(always):
    (outer,) = windows_of(PROGRAMS["one loop in another"])
    (inner,) = [stage for stage in outer.stages if isinstance(stage, Windows)]
    assert (outer.length, inner.length) == (7, 2)


def test_many_delays_are_looked_through_once(monkeypatch):
    """What a window of one length costs is known without the shorter ones in it, of which there are 2^n."""
    with sj.Network() as net:
        group = sj.NeuronGroup(3, model="lif")
        for steps in range(2, 22):
            net.add(f"r{steps}", sj.Connection(group, group, weight=np.eye(3) / 20, delay=float(steps)))
    program = sj.build(net, dt=1.0).program
    looked = []
    classify = stages.classify
    monkeypatch.setattr(stages, "classify", lambda graph: looked.append(graph) or classify(graph))
    assert windows_of(program, frozenset({"a"})) == [] and len(looked) == 1
    monkeypatch.setattr(stages, "window_pays", lambda *given: True)
    monkeypatch.setattr(stages, "_pays", lambda *given: False)
    assert windows_of(program, frozenset({"b"})) == [] and len(looked) == 2 + len(range(2, 22))
