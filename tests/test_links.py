"""Stored synapses, weights by distance, local weights, attention and neural masses, against NumPy loops in float64."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pairs import ends

import spaic_jax as sj
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses import LINKS, Weighted
from spaic_jax.synapses.pattern import Words
from spaic_jax.synapses.pattern.distinct import pairs

STEPS, BATCH, DT = 4, 3, 0.5
#: What a link cannot do without.
NEEDED = {"fixed_indegree": {"indegree": 3}, "fixed_outdegree": {"outdegree": 3}, "fixed_total": {"number": 20}}
BIAS = np.array([0.5, -1.0, 0.25, 2.0, -0.75, 1.5])


def linked(link, pre=(2, 4), post=(6,), tile=2, **settings):
    """A simulator of a group driven through a link by given values, and its variables and data."""
    # Read from a dictionary, arrays are of float32.
    settings |= {key: np.float32(a) for key, a in settings.items() if isinstance(a, np.ndarray) and a.dtype == float}
    net = sj.Network()
    net.x = sj.Encoder(shape=pre, coding_method="null")
    net.g = sj.NeuronGroup(shape=post, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.g, link, **settings)
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, dt=DT, plan=sj.Tiled(tile))
    assert sj.build(from_dict(to_dict(net)), dt=DT, plan=sj.Tiled(tile)).program == sim.program
    x = np.random.default_rng(1).normal(size=(STEPS, BATCH, *pre)).astype(np.float32)
    return sim, sim.init(jax.random.key(0), BATCH), x


def stored_loop(p, fixed, x):
    current = np.zeros((STEPS, BATCH, 6))
    for w, i, j in zip(p["w.weight"], *ends(fixed), strict=True):
        current[..., i] += w * x.reshape(STEPS, BATCH, -1)[..., j]
    return current + p["w.bias"]


def local_loop(p, fixed, x):
    """Windows of 2 x 3, 2 x 1 neurons a window, dilation 1 x 2, stride 2 x 1, padding 1 x 2, one column cut at each side."""
    weight, current = p["w.weight"], np.zeros((STEPS, BATCH, 1, 4, 3))
    for y, z, a, b in itertools.product(range(4), range(3), range(2), range(3)):
        row, column = (y // 2) * 2 + a - 1, (z + 1) + 2 * b - 2
        if 0 <= row < 3 and 0 <= column < 5:
            current[..., 0, y, z] += weight[a * 3 + b, 0, y, z] * x[..., 0, row, column]
    return current


def attention_loop(p, fixed, x):
    x, current = x.reshape(STEPS, BATCH, -1), np.zeros((STEPS, BATCH, 6))
    for sample in range(BATCH):
        kept, asked = np.zeros(8), np.zeros(8)
        for t in range(STEPS):
            s = x[t, sample]
            kept, asked = np.exp(-DT / 7.0) * kept + s, np.exp(-DT / 3.0) * asked + s
            for i in range(6):
                head, place = divmod(i, 3)
                query = sum(asked[j] * p["w.W_q"][head, j].reshape(3, 2)[place] for j in range(8))
                match = np.array([query @ (kept[j] * p["w.W_k"][head, j]) / np.sqrt(2) for j in range(8)])
                share = np.exp(match - match.max())
                current[t, sample, i] = share / share.sum() @ (p["w.W_v"][:, i] * s)
    return current + p["w.bias"]


def mass_loop(p, fixed, x):
    rate, current = np.zeros(BATCH), np.zeros((STEPS, BATCH, 6))
    for t in range(STEPS):
        rate = np.exp(-DT / 6.0) * rate + x[t].reshape(BATCH, -1).mean(1)
        current[t] = rate[:, None] * p["w.weight"][:, 0] + p["w.bias"]
    return current


@pytest.mark.parametrize(
    ("link", "loop", "settings"),
    [
        ("sparse_sparse", stored_loop, {"density": 0.4, "bias": BIAS, "w_std": 1.0}),
        ("random_connection_sparse", stored_loop, {"probability": 0.2, "bias": BIAS}),
        (
            "continuous_local", local_loop,
            {
                "pre": (1, 3, 5), "post": (1, 4, 3), "kernel_size": (2, 3), "clust_size": (2, 1), "dilation": (1, 2),
                "stride": (2, 1), "padding": (1, 2), "cutting": (0, 1), "w_min": -5.0, "w_max": 5.0,
            },
        ),
        ("complex_attention", attention_loop, {"group_num": 2, "d_k": 2, "tau_m": 7.0, "tau_r": 3.0, "bias": BIAS}),
        ("spike2mass", mass_loop, {"bias": BIAS, "w_std": 1.0}),
    ],
)
def test_currents_and_gradients_equal_loops(link, loop, settings):
    sim, variables, x = linked(link, **settings)
    start = {name: np.asarray(value, float) for name, value in variables.params.items()}
    fixed = {name: np.asarray(value) for name, value in variables.constants.items()}

    def loss(params):
        current = sim.run(variables.with_params(params), {"x": x}).probes["i"]
        return (current**2).sum(), current

    slopes, current = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
    np.testing.assert_allclose(current, loop(start, fixed, x.astype(float)), rtol=2e-5, atol=1e-5)
    for name, slope in slopes.items():
        along = np.random.default_rng(2).normal(size=slope.shape)
        ends = [(loop(start | {name: start[name] + h * along}, fixed, x.astype(float)) ** 2).sum() for h in (1e-5, -1e-5)]
        np.testing.assert_allclose(np.vdot(slope, along), (ends[0] - ends[1]) / 2e-5, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("density", [0.1, 0.4])
def test_stored_synapses_of_several_tiles_are_the_dense_product(density):
    """Forward and both gradients, where the last tile is not full."""
    sim, variables, x = linked("sparse_sparse", (210,), (300,), density=density)
    weight, (post, pre) = variables["w.weight"], ends(variables)
    assert len(weight) == round(density * 210 * 300) and len(weight) > 210 + 300
    dense = np.zeros((300, 210))
    dense[post, pre] = weight

    def loss(params, x):
        current = sim.run(variables.with_params(params), {"x": x}).probes["i"]
        return (current**2).sum(), current

    (by_weight, by_x), current = jax.jit(jax.grad(loss, (0, 1), has_aux=True))(variables.params, jnp.asarray(x))
    expected = x.astype(float) @ dense.T
    np.testing.assert_allclose(current, expected, rtol=1e-4, atol=1e-5)
    full = 2 * np.einsum("tbi,tbj->ij", expected, x)
    np.testing.assert_allclose(by_weight["w.weight"], full[post, pre], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_x, 2 * expected @ dense, rtol=1e-4, atol=1e-4)
    direction = {"w.weight": jnp.ones_like(weight)}
    _, along = jax.jvp(lambda p: loss(p, x)[0], (variables.params,), (direction,))
    np.testing.assert_allclose(along, full[post, pre].sum(), rtol=1e-3)


@pytest.mark.parametrize("without", [None, "diagonal", "most"])
@pytest.mark.parametrize(("post", "pre", "count"), [(5, 7, 6), (7, 4, 5), (4, 3, 5), (3, 5, 11)])
def test_pairs_are_different_sorted_and_equally_likely(post, pre, count, without):
    """Sorted by `pre`; each pair, and each two of them, comes as often as it does in a uniform draw without replacement."""
    draws = 4000
    left_out = {None: [], "diagonal": [k for k in range(post * pre) if k // post == k % post], "most": range(post * pre - count - 1)}
    left_out = np.array(left_out[without], int)
    flat = np.stack([pairs(Words(np.array([n, 7], np.uint32)), count, post, pre, left_out, False) for n in range(draws)])
    assert (np.diff(flat) > 0).all() and flat.min() >= 0 and flat.max() < post * pre
    allowed = np.setdiff1d(np.arange(post * pre), left_out)
    there = np.zeros((draws, post * pre))
    np.put_along_axis(there, flat, 1.0, 1)
    assert there[:, allowed].sum() == draws * count
    together = there[:, allowed].T @ there[:, allowed] / draws
    n = len(allowed)
    expected = np.where(np.eye(n, dtype=bool), count / n, count * (count - 1) / (n * (n - 1)))
    error = np.sqrt(expected * (1 - expected) / draws) + 1e-12
    assert np.abs((together - expected) / error).max() < 5


def test_which_synapses_there_are_depends_on_the_key_alone():
    sim, variables, _ = linked("sparse_sparse", density=0.2)
    again, other = sim.init(jax.random.key(0), 1), sim.init(jax.random.key(1), 1)
    pairs = [np.stack(ends(v)) for v in (variables, again, other)]
    assert (pairs[0] == pairs[1]).all() and (pairs[0] != pairs[2]).any()
    jitted = jax.jit(sim.init)(jax.random.key(0))
    np.testing.assert_array_equal(np.stack(ends(jitted)), pairs[0])
    assert float(variables["w.weight"].max()) <= 0.05 and float(variables["w.weight"].min()) >= 0


def largest(jaxpr):
    """The size of the largest array in a jaxpr."""
    sizes = [var.aval.size for equation in jaxpr.eqns for var in equation.outvars if hasattr(var.aval, "size")]
    inner = [getattr(p, "jaxpr", p) for equation in jaxpr.eqns for p in jax.tree.leaves(equation.params)]
    return max([*sizes, *(largest(p) for p in inner if hasattr(p, "eqns")), 0])


def test_a_large_connectome_needs_no_more_than_its_synapses():
    """50 000 x 50 000 neurons, a million synapses: a matrix of the pairs would hold 2.5e9 numbers."""
    net = sj.Network()
    net.x = sj.Encoder(num=50_000, coding_method="null")
    net.g = sj.NeuronGroup(50_000, model="if")
    net.w = sj.Connection(net.x, net.g, "sparse_sparse", density=4e-4)
    sim = sj.build(net, dt=1.0)
    assert largest(jax.make_jaxpr(sim.init)(jax.random.key(0)).jaxpr) <= 3_000_000
    variables = sim.init(jax.random.key(0))
    x = np.ones((2, 1, 50_000), np.float32)

    def last(params):
        return sim.run(variables.with_params(params), {"x": x}).variables["g.V"].sum()

    assert largest(jax.make_jaxpr(jax.grad(last))(variables.params).jaxpr) <= 3_000_000
    potential = np.asarray(sim.run(variables, {"x": x[:1]}).variables["g.V"], float)
    weight = np.asarray(variables["w.weight"], float)
    received = np.bincount(variables["w.post"], weight, minlength=50_000)
    # A neuron that fires has lost its potential.
    np.testing.assert_allclose(potential[0], np.where(potential[0] > 0, received, 0.0), rtol=1e-4)
    assert (potential[0] > 0).sum() > 40_000


def test_a_given_connectome_is_sorted_and_trained_in_place():
    post, pre, values = [5, 0, 5, 2], [1, 7, 0, 2], np.array([1.0, 2.0, 3.0, 4.0])
    sim, variables, x = linked("sparse_sparse", index=(post, pre), weight=values)
    assert variables["w.post"].tolist() == [5, 5, 2, 0] and ends(variables)[1].tolist() == [0, 1, 2, 7]
    assert variables["w.weight"].tolist() == [3.0, 1.0, 4.0, 2.0] and set(variables.params) == {"w.weight"}
    dense = np.zeros((6, 8))
    dense[post, pre] = values
    current = sim.run(variables, {"x": x}).probes["i"]
    np.testing.assert_allclose(current, x.reshape(STEPS, BATCH, 8) @ dense.T, rtol=1e-5, atol=1e-6)
    drawn = linked("random_connection_sparse", index=np.array([post, pre]), probability=0.5)[1]["w.weight"]
    assert drawn.shape == (4,) and 0 <= float(drawn.min()) <= float(drawn.max()) < 0.5


RING = [[0.0, 0.1], [0.3, 0.9], [0.5, 0.5], [0.95, 0.2]]


def by_distance(post=RING, pre=RING, **settings):
    """A link between two groups with positions: its simulator and variables."""
    net = sj.Network()
    net.x = sj.Encoder(num=4)
    net.a = sj.NeuronGroup(4, model="lif", neuron_position=pre)
    net.b = sj.NeuronGroup(len(RING), model="lif", neuron_position=post)
    net.xa, net.w = sj.Connection(net.x, net.a), sj.Connection(net.a, net.b, "dist_depd", **settings)
    net.i, net.o = sj.StateMonitor(net.b, "Isyn"), sj.StateMonitor(net.a, "O")
    sim = sj.build(net, dt=1.0)
    if "distance_weight_function" not in settings:
        assert sj.build(from_dict(to_dict(net)), dt=1.0).program == sim.program
    return sim, sim.init(jax.random.key(0))


@pytest.mark.parametrize("circular", [False, True])
def test_weights_follow_from_distance(circular):
    pre = np.random.default_rng(0).random((4, 2)).astype(np.float32)
    kind = {"dist_function": "circular" if circular else "euclidean"}
    _, variables = by_distance(pre=pre, dist_a=0.3, w_amp=0.7, **kind)
    for i, j in itertools.product(range(4), range(4)):
        apart = [abs(float(a) - float(b)) for a, b in zip(RING[i], pre[j], strict=True)]
        apart = [min(d, 1.0 - d) for d in apart] if circular else apart
        d = np.hypot(*apart)
        expected = 0.7 * (np.exp(-d / 0.3) / 0.3 - 0.5 * np.exp(-d / 0.4) / 0.4)
        np.testing.assert_allclose(variables["w.weight"][i, j], expected, rtol=1e-5)
    assert variables["w.mask"].all()


def test_synapses_by_distance_can_be_left_out():
    sim, variables = by_distance(zero_self=True, p=0.5, distance_weight_function=lambda d: 100 * (1 + d))
    mask = np.asarray(variables["w.mask"])
    masks = np.stack([np.asarray(sim.init(jax.random.key(k))["w.mask"]) for k in range(50)])
    assert not masks[:, np.arange(4), np.arange(4)].any() and abs(masks.mean() * 16 / 12 - 0.5) < 0.1
    result = sim.run(variables, {"x": np.ones((1, 4), np.float32)}, jax.random.key(1), steps=40)
    weight = np.asarray(variables["w.weight"]) * mask
    assert np.asarray(result.probes["o"]).any()
    np.testing.assert_allclose(result.probes["i"], np.asarray(result.probes["o"]) @ weight.T, rtol=1e-5)


def test_local_weights_can_be_alike_for_neighbours():
    """Mean, deviation and covariance of drawn weights are those of filtered noise."""
    sim, _, _ = linked(
        "continuous_local", (1, 40, 40), (1, 38, 38), sigma_c=6.0, w_mean=0.5, w_std=2.0, w_min=-100.0, w_max=100.0
    )
    weight = np.concatenate([np.asarray(sim.init(jax.random.key(k))["w.weight"], float) for k in range(10)])[:, 0]
    assert weight.shape == (90, 38, 38)
    r = np.arange(-3, 4)
    squares = r[:, None] ** 2 + r[None] ** 2
    kernel = np.exp(-squares / 0.49) / 0.49 - np.exp(-squares / 2.45**2) / 2.45**2
    kernel /= np.sqrt((kernel**2).sum())
    assert abs(weight.mean() - 0.5) < 0.02
    for down, right in ((0, 0), (0, 1), (1, 1), (2, 0), (0, 3)):
        expected = 4.0 * (kernel[down:, right:] * kernel[: 7 - down, : 7 - right]).sum()
        found = ((weight[:, down:, right:] - 0.5) * (weight[:, : 38 - down, : 38 - right] - 0.5)).mean()
        assert abs(found - expected) < 0.1


def test_rates_become_spikes_of_their_own_for_each_synapse():
    weight = np.array([[1.0, 2.0], [1.0, 2.0], [0.0, -3.0]])
    sim, variables, _ = linked("mass2spike", (2,), (3,), tile=50, weight=weight, unit_conversion=0.5)
    rate = np.array([1.2, 0.4], np.float32)
    x, steps = np.broadcast_to(rate, (4000, BATCH, 2)), 4000
    current = np.asarray(sim.run(variables, {"x": x}, jax.random.key(5)).probes["i"], float).reshape(-1, 3)
    p = rate * 0.5 * DT
    assert set(np.unique(current[:, 0])) == {0.0, 1.0, 2.0, 3.0} and set(np.unique(current[:, 2])) == {0.0, -3.0}
    error = np.sqrt((weight**2 * p * (1 - p)).sum(1) / (steps * BATCH))
    assert (np.abs(current.mean(0) - weight @ p) < 5 * error).all()
    assert np.abs(np.corrcoef(current.T) - np.eye(3)).max() < 5 / np.sqrt(steps * BATCH)
    # Nothing is left of the draw of a step in the next one.
    assert abs(np.corrcoef(current[:-BATCH, 0], current[BATCH:, 0])[0, 1]) < 5 / np.sqrt(steps * BATCH)

    def total(params):
        return sim.run(variables.with_params(params), {"x": x}, jax.random.key(5)).probes["i"].sum()

    fired = np.asarray(jax.grad(total)(variables.params)["w.weight"]) / (steps * BATCH)
    np.testing.assert_allclose((fired * weight).sum(1), current.mean(0), rtol=1e-4)


def test_whole_weights_are_rounded_and_trained_straight_through():
    given = np.array([[0.5, 1.5, -2.6], [300.0, -300.0, 127.7]])
    whole = np.array([[0.0, 2.0, -3.0], [128.0, -128.0, 128.0]])
    slopes = []
    for settings in ({"weight": given, "weight_quantization": True}, {"weight": whole}):
        sim, variables, x = linked("full", (3,), (2,), **settings)

        def loss(params, sim=sim, variables=variables, x=x):
            current = sim.run(variables.with_params(params), {"x": x}).probes["i"]
            return (current**2).sum(), current

        slope, current = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
        np.testing.assert_allclose(current, x @ whole.T, rtol=1e-5, atol=1e-4)
        slopes.append(slope["w.weight"])
    np.testing.assert_allclose(*slopes, rtol=1e-5)


@pytest.mark.parametrize("link", {kind: name for name, kind in LINKS.items() if issubclass(kind, Weighted)}.values())
def test_every_link_with_weights_can_quantize_them(link):
    net = sj.Network()
    shape = (1, 3, 3)
    net.a = sj.NeuronGroup(shape=shape, model="lif", neuron_position=np.arange(9.0)[:, None])
    net.x = sj.Encoder(shape=shape)
    net.xa = sj.Connection(net.x, net.a)
    settings = {"padding": 1} if link.startswith("con") else NEEDED.get(link, {})
    net.w = sj.Connection(net.a, net.a, link, weight_quantization=True, **settings)
    program = sj.build(net, dt=1.0).program
    for name in LINKS[link].weights:
        readers = [op for op in program.ops if f"w.{name}" in op.inputs]
        assert [op.outputs for op in readers] == [(f"w.{name}.quantized",)]
        assert any(f"w.{name}.quantized" in op.inputs for op in program.ops)


@pytest.mark.parametrize(
    ("link", "settings", "sentence"),
    [
        ("sparse_sparse", {"index": ([0, 1], [0])}, "index needs two equally long lists of whole numbers"),
        ("sparse_sparse", {"index": 3}, "two equally long lists of whole numbers, post and pre, not 3"),
        ("sparse_sparse", {"index": ([0.0, 1.0], [0, 1])}, "not float64 of shape"),
        ("sparse_sparse", {"index": ([0, 1, 0], [3, 1, 3])}, r"connection 'w': its index holds the pair \(post 0, pre 3\) more than once"),
        ("sparse_sparse", {"index": ([0, 6], [0, 1])}, "the post index goes from 0 to 6, but needs to lie in 0 ... 5"),
        ("sparse_sparse", {"index": ([0, 1], [0, -1])}, "the pre index goes from -1 to 0, but needs to lie in 0 ... 7"),
        ("sparse_sparse", {"index": ([0, 1], [0, 1]), "weight": np.ones(3)}, r"has shape \(3,\), but needs \(2,\), one number for each of the synapses of its index, or \("),
        ("sparse_sparse", {"density": 0.001}, "has no synapse among its 6 x 8 pairs"),
        ("sparse_sparse", {"density": 1.5}, "Sparse: density must be a positive, finite number of at most 1, got 1.5"),
        ("random_connection_sparse", {"probability": 0.0}, "Random: probability must be a positive, finite number of at most 1, got 0.0"),
        ("dist_depd", {}, "needs a neuron_position of both ends"),
        ("dist_depd", {"dist_function": "circle"}, "unknown dist_function 'circle': did you mean 'circular'"),
        ("dist_depd", {"dist_a": 0.0}, "dist_a must be a positive, finite number"),
        ("dist_depd", {"p": 2.0}, "p must be a positive, finite number of at most 1, got 2.0"),
        ("continuous_local", {}, r"needs a map \(1, H, W\) to begin with, but its source has \(2, 4\)"),
        ("continuous_local", {"pre": (1, 4, 4)}, r"makes a map of size \(2, 2\) from \(1, 4, 4\), but its group has shape \(6,\)"),
        ("continuous_local", {"pre": (1, 1, 4)}, "makes a map of size"),
        ("continuous_local", {"stride": 0}, r"stride needs one or two whole numbers of at least 1, got \(0, 0\)"),
        ("continuous_local", {"sigma_c": -1.0}, "sigma_c must be a positive, finite number"),
        ("continuous_local", {"w_max": None}, "w_max: None has no form as a plain value"),
        ("attention", {"group_num": 4}, "group_num must divide its 6 neurons, got 4"),
        ("attention", {"d_k": 0}, "d_k must be a positive whole number"),
        ("attention", {"weight": np.ones((6, 8))}, "none that is called weight"),
        ("attention", {"W_k": np.ones((1, 8, 2))}, r"W_k has shape \(1, 8, 2\), but needs \(1, 8, 3\) \(groups, pre, d_k\)"),
        ("spike2mass", {"tau_syn": 0.0}, "tau_syn must be a positive, finite number"),
        ("spike2mass", {"weight": np.ones(6)}, r"has shape \(6,\), but needs \(6, 1\) \(post, 1\)"),
        ("mass2spike", {"unit_conversion": -1.0}, "unit_conversion must be a positive, finite number"),
    ],
)
def test_links_that_do_not_fit_are_named(link, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        linked(link, **({"pre": (1, 4, 4), "post": (1, 2, 2)} if settings == {"w_max": None} else {}), **settings)


@pytest.mark.parametrize("link", {kind: name for name, kind in LINKS.items() if issubclass(kind, Weighted)}.values())
def test_the_first_weight_that_is_no_number_is_named(link):
    kind = LINKS[link]
    weight = np.ones((2, 3))
    weight[1, 0] = np.inf
    for name in kind.weights:
        with pytest.raises(ValueError, match=rf"{kind.__name__}: {name} must be finite, but {name}\[1, 0\] is inf"):
            kind(**{name: weight}, **NEEDED.get(link, {}))


@pytest.mark.parametrize(
    ("position", "sentence"),
    [
        ([[0.0], [1.0]], r"needs numbers of shape \(4, dims\), but got float64 of shape \(2, 1\)"),
        ([0.0, 1.0, 2.0, 3.0], r"of shape \(4,\)"),
        ([[0.0], [1.0], [2.0], [3.0, 4.0]], "rows that are equally long"),
        ([[0.0], [1.0], [2.0], [np.inf]], "neuron_position must be finite"),
        ([["a"]] * 4, "needs numbers"),
    ],
)
def test_positions_that_do_not_fit_are_named(position, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.NeuronGroup(4, neuron_position=position)


def test_positions_that_do_not_fit_each_other_are_named():
    with pytest.raises(ValueError, match="connection 'w': its ends have positions of 1 and 2 axes"):
        by_distance(pre=[[0.0]] * 4)
    with pytest.raises(ValueError, match=r"connection 'w': positions are 0.95 apart, more than pos_range=0.5"):
        by_distance(dist_function="circular", pos_range=0.5)


def test_conv_takes_lines() -> None:
    """Lines (C, L) beside a loop in float64, with stride, padding, dilation and groups."""
    rng = np.random.default_rng(6)
    weight, bias, x = rng.normal(size=(4, 2, 3)), rng.normal(size=4), rng.normal(size=(3, 2, 4, 11)).astype(np.float32)
    with sj.Network() as net:
        line = sj.Encoder(shape=(4, 11), coding_method="null")
        made = sj.NeuronGroup(shape=(4, 5), model="null")
        sj.Connection(line, made, "conv", weight=weight, bias=bias, stride=2, padding=1, dilation=2, groups=2)
        sj.Decoder(dec_target=made, coding_method="null", name="out")
    sim = sj.build(net, dt=1.0)
    result = sim.run(sim.init(jax.random.key(0), 2), {"line": x}, jax.random.key(0))
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (0, 0), (1, 1)))
    wanted = np.empty((3, 2, 4, 5))
    for o in range(4):
        for i in range(5):
            window = padded[:, :, 2 * (o // 2) : 2 * (o // 2) + 2, 2 * i : 2 * i + 5 : 2]
            wanted[:, :, o, i] = (window * weight[o]).sum((2, 3)) + bias[o]
    np.testing.assert_allclose(result.outputs["out"], wanted, rtol=1e-5, atol=1e-5)
