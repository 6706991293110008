"""Synapses stored as pairs, delivered by events: against loops in float64 and against matrices."""

import contextlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from pairs import ends, matrix

import spaic_jax as sj
from spaic_jax.native.delivery import deliver
from spaic_jax.native.ring import arrive
from spaic_jax.plan.merging import merged
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses import FixedDelay

#: Thirteen steps are one tile, two of different lengths, or many; and whether gradients are looked at.
PLANS = ((sj.Reference(), False), (sj.Tiled(), True), (sj.Tiled(7, products="dense"), True), (sj.Tiled(1), False))


def synapses(rng, pre, post, count, *, onto=None):
    """Weights, `post`, `start` and the matrix of synapses, some of which join the same two neurons; or all of one neuron."""
    of = np.full(count, onto) if onto is not None else np.sort(rng.integers(0, pre, count))
    to = rng.integers(0, post, count)
    order = np.lexsort((to, of))
    of, to, weight = of[order], to[order], rng.normal(size=count)
    dense = np.zeros((post, pre))
    np.add.at(dense, (to, of), weight)
    return weight, to.astype(np.int32), np.searchsorted(of, np.arange(pre + 1)).astype(np.int32), dense, of


@pytest.mark.parametrize("choice", [None, "events"])
@pytest.mark.parametrize(
    ("rows", "pre", "post", "count", "onto", "density", "dtype"),
    [
        (1, 40, 30, 90, None, 0.05, "float32"), (7, 40, 30, 400, None, 0.1, "float64"), (9, 40, 30, 400, None, 1.0, "float32"),
        (2, 40, 30, 400, 11, 0.3, "float32"), (1, 700, 5, 2000, None, 0.02, "float32"), (3, 9, 1, 1, None, 0.0, "float32"),
        (5, 30, 20, 300, None, 0.2, "bfloat16"), (1, 600, 300, 3000, None, 1.0, "float64"),
    ],
)
def test_the_three_maps_and_their_derivatives_are_those_of_a_matrix(choice, rows, pre, post, count, onto, density, dtype):
    rng = np.random.default_rng(count)
    weight, to, start, dense, of = synapses(rng, pre, post, count, onto=onto)
    x, g = rng.normal(size=(rows, pre)) * (rng.random((rows, pre)) < density), rng.normal(size=(rows, post))
    wide = (jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64)(True)
    tolerance = {"float32": 1e-4, "float64": 1e-10, "bfloat16": 0.1}[dtype]
    with wide if dtype == "float64" else contextlib.nullcontext():
        x, g, weight = (np.asarray(jnp.asarray(a, dtype).astype("float64" if dtype == "float64" else "float32")) for a in (x, g, weight))
        np.add.at(dense := np.zeros((post, pre)), (to, of), weight)

        def f(x, weight):
            return deliver(x, weight, to, start, columns=post, choice=choice)

        def both(x, weight, g):
            y, pull = jax.vjp(f, x, weight)
            slopes = pull(g)
            # The derivative of a derivative is one of the maps again.
            return y, *slopes, jax.jvp(lambda w: jax.vjp(lambda x: f(x, w), x)[1](g)[0], (weight,), (weight,))[1]

        made = jax.jit(both)(*(jnp.asarray(a, dtype) for a in (x, weight, g)))
        for value, expected in zip(made, (x @ dense.T, g @ dense, (x[:, of] * g[:, to]).sum(0), g @ dense), strict=True):
            assert value.dtype == dtype
            np.testing.assert_allclose(np.asarray(value, "float64"), expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max()))


def test_it_is_mapped_over_spikes_and_over_weights():
    rng = np.random.default_rng(2)
    _, to, start, _, of = synapses(rng, 20, 15, 60)
    x, w = rng.normal(size=(4, 3, 20)).astype("float32"), rng.normal(size=(4, 60)).astype("float32")

    def loss(x, w):
        return (deliver(x, w, to, start, columns=15) ** 2).sum()

    dense = np.zeros((4, 15, 20))
    np.add.at(dense, (slice(None), to, of), w)
    y = np.einsum("nbj,nij->nbi", x.astype(float), dense)
    dw = 2 * np.einsum("nbj,nbi->nij", x.astype(float), y)[:, to, of]
    for made in (jax.vmap(jax.grad(loss, 1))(x, w), jax.grad(lambda w: jax.vmap(loss)(x, w).sum())(w)):
        np.testing.assert_allclose(made, dw, rtol=1e-4, atol=1e-4)
    shared = jax.vmap(lambda x: deliver(x, w[0], to, start, columns=15))(x)
    np.testing.assert_allclose(shared, np.einsum("nbj,ij->nbi", x, dense[0]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("choice", [None, "events"])
def test_the_ring_delivers_when_it_is_time(choice):
    """Against a loop over steps, from a step near the end of the ring, with gradients by spikes and weights of all steps."""
    rng = np.random.default_rng(3)
    weight, to, start, _, of = synapses(rng, 12, 9, 50)
    delay = rng.integers(0, 6, 50).astype(np.int32)
    x, g = rng.normal(size=(17, 2, 12)) * (rng.random((17, 2, 12)) < 0.3), rng.normal(size=(17, 2, 9))
    x, g, weight = (a.astype("float32") for a in (x, g, weight))

    def run(x, weight):
        def step(ahead, at):
            t, x = at
            return arrive(ahead, x, weight, delay * 9 + to, (start,), t, choice=choice)[::-1]

        return jax.lax.scan(step, jnp.zeros((2, 6, 9)), (jnp.arange(100, 117, dtype="int32"), x))[1]

    current, dx, dw = np.zeros((17, 2, 9)), np.zeros(x.shape), np.zeros(50)
    for k in range(50):
        for t in range(17 - delay[k]):
            current[t + delay[k], :, to[k]] += weight[k] * x[t, :, of[k]]
            dx[t, :, of[k]] += weight[k] * g[t + delay[k], :, to[k]]
            dw[k] += (x[t, :, of[k]] * g[t + delay[k], :, to[k]]).sum()
    made, pull = jax.vjp(jax.jit(run), x, weight)
    for value, expected in zip((made, *pull(g)), (current, dx, dw), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-4)
    # The current is linear in the weights: in their own direction, the derivative of a derivative is the derivative.
    twice = jax.jvp(lambda w: jax.vjp(run, x, w)[1](g)[0], (weight,), (weight,))[1]
    np.testing.assert_allclose(twice, dx, rtol=1e-4, atol=1e-4)
    # The transpose of the transpose is the way forward.
    for place, primal in enumerate((x, weight)):
        again = jax.vjp(lambda g, place=place: jax.vjp(run, x, weight)[1](g)[place], g)[1](primal)[0]
        np.testing.assert_allclose(again, current, rtol=1e-4, atol=1e-4)
    several = jax.vmap(run, in_axes=(None, 0))(x, jnp.stack([weight, 2 * weight]))
    np.testing.assert_allclose(several[1], 2 * current, rtol=1e-4, atol=1e-4)


def recurrent(storage, delayed, plan, **settings):
    """A network of two groups with connections between them, every one by its own matrix; with delays, of three of them."""
    rng, net = np.random.default_rng(4), sj.Network()
    net.x = sj.Encoder(num=6, coding_method="null")
    net.a, net.b = sj.NeuronGroup(7, model="lif", v_th=0.5), sj.NeuronGroup(5, model="lif", v_th=0.5)
    ends = [("zzz", net.x, net.a), ("aa", net.a, net.a), ("ab", net.a, net.b), ("ba", net.b, net.a), ("aaa", net.a, net.a)]
    for name, pre, post in (*ends, *((f"b{n}", net.b, net.b) for n in range(4))):
        if delayed and name not in ("zzz", "aa", "ab"):
            continue
        shape = (post.num, pre.num)
        delay = {"delay": rng.integers(0, 5, shape).astype("float32")} if delayed else {}
        weight = (rng.normal(size=shape) + 0.3).astype("float32")
        setattr(net, name, sj.Connection(pre, post, "sparse", density=0.6, storage=storage, weight=weight, **delay, **settings))
    net.va, net.vb, net.o = sj.StateMonitor(net.a, "V"), sj.StateMonitor(net.b, "V"), sj.SpikeMonitor(net.a)
    return sj.build(net, dt=1.0, plan=plan)


SPIKES = (np.random.default_rng(5).random((13, 3, 6)) < 0.5) * np.random.default_rng(6).random((13, 3, 6))


@pytest.mark.parametrize("delayed", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_network_of_pairs_is_that_of_matrices(delayed):
    """Spikes, potentials and gradients in every plan; of plans that merge what they deliver, and of one that does not."""
    x, found = SPIKES.astype("float32"), None
    for storage, plan, trained in (("masked", sj.Reference(), True), *(("pairs", *plan) for plan in PLANS)):
        sim = recurrent(storage, delayed, plan)
        variables = sim.init(jax.random.key(1), 3)

        def loss(params, x, sim=sim, variables=variables):
            probes = sim.run(variables.with_params(params), {"x": x}).probes
            return (probes["va"] ** 2).sum() + probes["vb"].sum(), probes

        if not trained:
            for name, probe in loss(variables.params, x)[1].items():
                np.testing.assert_allclose(probe, found[name], rtol=2e-4, atol=2e-4, err_msg=f"{name} {plan}")
            continue
        (slopes, by_x), probes = jax.jit(jax.grad(loss, (0, 1), has_aux=True))(variables.params, x)
        if storage == "pairs":
            shapes = {"zzz": (7, 6), "ab": (5, 7), "ba": (7, 5), **{f"b{n}": (5, 5) for n in range(4)}}  # else of a group and itself
            slopes = {n: matrix(variables, s, shapes.get(n[:-7], (7, 7)), n[:-7]) for n, s in slopes.items()}
        made = {**probes, **slopes, "by_x": by_x}
        found = made if found is None else found
        for name, expected in found.items():
            np.testing.assert_allclose(made[name], expected, rtol=2e-4, atol=2e-4, err_msg=f"{name} {plan}")
    assert 0.1 < np.mean(probes["o"]) < 0.9


def test_a_batch_may_lie_on_several_devices(key):
    sim = recurrent("pairs", True, sj.Tiled(5))
    variables, spikes = sim.init(key, 4), np.tile(SPIKES, (1, 2, 1))[:, :4].astype("float32")

    def loss(params, variables, spikes):
        return jnp.tanh(sim.run(variables.with_params(params), {"x": spikes}).probes["va"]).sum()

    needed = jax.value_and_grad(loss)(variables.params, variables, spikes)
    mesh = Mesh(np.array(jax.devices()[:2]), ("batch",))
    split = jax.tree.map(
        lambda x, batched: jax.device_put(x, NamedSharding(mesh, PartitionSpec(*["batch"] * batched))), variables, sim.batched
    )
    apart = jax.device_put(spikes, NamedSharding(mesh, PartitionSpec(None, "batch")))
    made = jax.jit(jax.value_and_grad(loss))(split.params, split, apart)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), made, needed)


@pytest.mark.parametrize("plan", [pytest.param(sj.Reference(), marks=pytest.mark.slow), sj.Tiled(4), sj.Tiled(4, products="dense")])
def test_runs_in_pieces_are_one_run_and_a_second_presentation_is_like_the_first(plan):
    sim, x = recurrent("pairs", True, plan), SPIKES.astype("float32")
    variables = sim.init(jax.random.key(1), 3)
    whole = sim.run(variables, {"x": x})
    first = sim.run(variables, {"x": x[:8]})
    second = sim.run(first.variables, {"x": x[8:]})
    for name, probe in whole.probes.items():
        np.testing.assert_array_equal(probe, np.concatenate([first.probes[name], second.probes[name]]), err_msg=name)
    for name, value in whole.variables.state.items():
        np.testing.assert_array_equal(value, second.variables[name], err_msg=name)
    again = sim.run(sim.restart(whole.variables), {"x": x})
    np.testing.assert_array_equal(again.probes["va"], whole.probes["va"])
    # What one plan leaves, another one takes up.
    other = recurrent("pairs", True, sj.Tiled()).run(first.variables, {"x": x[8:]})
    np.testing.assert_allclose(other.probes["va"], second.probes["va"], rtol=1e-4, atol=1e-5)


def test_rows_of_one_loop_are_merged_and_no_others():
    sim = recurrent("pairs", False, None)
    rows = {op.name for op in merged(sim.program, frozenset({"x"})).rows}
    assert any(sorted(name.split(", ")) == ["aa", "aaa", "ab", "b0", "b1", "b2", "b3", "ba"] for name in rows)
    assert "zzz" in rows and "aa" not in rows
    assert "delivery by events" in sim.plan.describe(sim.program)
    assert merged(recurrent("pairs", True, None).program, frozenset({"x"})).rows == recurrent("pairs", True, None).program.rows
    # Weights that a rule changes stay where they are.
    learning = recurrent("pairs", False, None, plasticity="oja").train().program
    assert merged(learning, frozenset({"x"})) is learning


def test_the_ring_is_changed_in_place():
    for plan in (sj.Tiled(), sj.Tiled(products="dense")):
        sim = recurrent("pairs", True, plan)
        variables = sim.init(jax.random.key(1), 3)
        text = jax.jit(lambda v, x, sim=sim: sim.run(v, {"x": x}).variables).lower(variables, SPIKES.astype("float32")).compile().as_text()
        loops = [part for part in text.split("\n\n") if "ENTRY" not in part]
        copies = [line for part in loops for line in part.splitlines() if re.search(r"= f32\[3,(25|35)\].* copy\(", line)]
        assert not copies, copies


def test_delays_of_listed_synapses_are_sorted_with_them():
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(2, model="leaky_integrator")
    index, delay = ([1, 0, 1], [2, 0, 0]), np.array([3.0, 0.0, 1.0], np.float32)
    net.w = sj.Connection(net.x, net.g, "sparse", index=index, weight=[1.0, 2.0, 4.0], delay=delay, storage="pairs")
    net.i = sj.StateMonitor(net.g, "Isyn")
    x = np.zeros((5, 1, 3), np.float32)
    x[0] = 1
    for network in (net, from_dict(to_dict(net))):
        sim = sj.build(network, dt=1.0)
        variables = sim.init(jax.random.key(0))
        assert [e.tolist() for e in ends(variables)] == [[0, 1, 1], [0, 0, 2]] and variables["w.delay"].tolist() == [0.0, 1.0, 3.0]
        assert sim.run(variables, {"x": x}).probes["i"][:, 0].tolist() == [[2, 0], [0, 4], [0, 0], [0, 1], [0, 0]]


def test_delays_that_do_not_fit_are_named():
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=3), sj.NeuronGroup(2, model="lif")
    net.w = sj.Connection(net.x, net.g, "sparse", density=0.5, storage="pairs", delay=FixedDelay(value=np.ones(4)))
    with pytest.raises(ValueError, match=r"delay has shape \(4,\), but needs \(2, 3\) \(post, pre\) or \(3,\) \(synapses\)"):
        sj.build(net, dt=1.0)
