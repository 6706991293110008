"""Rules of connection against the distributions that they promise, and what is given: lists, sparse matrices, distances."""

import functools

import jax
import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from pairs import ends, matrix

import spaic_jax as sj
from spaic_jax.program import Given, LogNormal, TruncatedNormal
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses.pattern import Drawn, Indegree, Outdegree, Start, Total, Words

POST, PRE = 7, 9
OWN = Given(np.arange(POST, dtype=np.int64) * (POST + 1))


@functools.cache
def counts(pattern, draws=1500):
    """How many synapses each pair has, `[draws, post, pre]`."""
    found = np.zeros((draws, pattern.post, pattern.pre), int)
    for n in range(draws):
        post, pre = pattern.choose(Words(np.array([n, 5], np.uint32)))
        assert len(post) == pattern.count and (np.diff(pre.astype(int) * pattern.post + post) >= 0).all()
        assert post.dtype == pre.dtype == np.int32
        np.add.at(found[n], (post, pre), 1)
    return found


def fits(observed, expected):
    """A chi-square test of numbers of draws: five standard deviations of the statistic are allowed."""
    observed, expected = np.ravel(observed).astype(float), np.ravel(expected)
    degrees = len(expected) - 1
    statistic = ((observed - expected) ** 2 / expected).sum()
    return abs(statistic - degrees) < 5 * np.sqrt(2 * degrees) + 1


@pytest.mark.parametrize("without", [None, OWN])
@pytest.mark.parametrize("multapses", [True, False])
@pytest.mark.parametrize(("kind", "size", "axis"), [(Indegree, 3, 2), (Indegree, 6, 2), (Outdegree, 2, 1), (Outdegree, 5, 1), (Total, 20, None), (Total, 50, None)])
def test_synapses_are_as_many_and_as_spread_as_the_rule_says(kind, size, axis, multapses, without):
    pattern = kind(POST, PRE, size, multapses, without=without)
    found = counts(pattern)
    degree = found.sum(axis=axis) if axis else found.sum((1, 2))
    assert (degree == size).all()
    allowed = np.ones((POST, PRE), bool)
    allowed[np.eye(POST, PRE, dtype=bool) if without else np.zeros((POST, PRE), bool)] = False
    assert not found[:, ~allowed].any() and (multapses or found.max() == 1)
    if axis is None:
        probability = allowed / allowed.sum()
    else:
        probability = allowed / allowed.sum(2 - 1 if axis == 2 else 0, keepdims=True)
    mean = size * probability
    variance = mean * (1 - probability) if multapses else mean * (1 - mean)
    error = np.sqrt(variance / len(found)) + 1e-12
    assert np.abs((found.mean(0) - mean) / error).max() < 5
    if multapses:
        # The number of synapses of a pair is binomial.
        i, j = np.argwhere(allowed)[-1]
        seen = np.bincount(found[:, i, j], minlength=size + 1)
        binomial = scipy.stats.binom.pmf(np.arange(size + 1), size, probability[i, j]) * len(found)
        common = binomial > 5
        assert fits([*seen[common], seen[~common].sum()], [*binomial[common], binomial[~common].sum() + 1e-9])
    elif axis:
        # Two synapses of one row: each two partners are equally likely.
        rows = found.transpose(0, 2, 1) if axis == 1 else found
        row = rows[:, 2][:, allowed.T[2] if axis == 1 else allowed[2]]
        together, n = row.T @ row, row.shape[1]
        chance = size * (size - 1) / (n * (n - 1))
        off = ~np.eye(n, dtype=bool)
        error = np.sqrt(len(found) * chance * (1 - chance)) + 1e-9
        assert np.abs((together[off] - len(found) * chance) / error).max() < 5


def test_numbers_of_a_stream_are_uniform():
    words = Words(np.array([1, 2, 3, 4], np.uint32))
    for bound in (2, 7, 1000):
        assert fits(np.bincount(words.below(bound, 100_000), minlength=bound), np.full(bound, 100_000 / bound))
    assert words.below(2**31 - 1, 1000).max() > 2**30
    mixed = words.below(np.array([1, 1000]).repeat(50), 100)
    assert not mixed[:50].any() and mixed[50:].max() > 500
    u = words.uniform(100_000)
    assert u.min() > 0 and u.max() < 1 and fits(np.histogram(u, 20, (0, 1))[0], np.full(20, 5000.0))


def test_the_numbers_of_a_key_are_these_whatever_the_version():
    words = Words(np.array([0, 1], np.uint32))
    assert words.below(10, 5).tolist() == [2, 7, 9, 6, 5]


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
def test_a_traced_key_gives_the_same_pairs(impl):
    pattern, keys = Drawn(30, 40, 0.1), jax.random.split(jax.random.key(3, impl=impl), 3)
    plain = [pattern.rows(key) for key in keys]
    mapped = jax.vmap(pattern.rows)(keys)
    for n, rows in enumerate(plain):
        for one, jitted, several in zip(rows, jax.jit(pattern.rows)(keys[n]), mapped, strict=True):
            np.testing.assert_array_equal(one, jitted)
            np.testing.assert_array_equal(one, several[n])
        row = np.asarray(rows.pre)
        np.testing.assert_array_equal(rows.start, np.searchsorted(row, np.arange(41)))
        np.testing.assert_array_equal(Start(pattern)(keys[n], (41,), "int32"), rows.start)
    assert (np.asarray(mapped.post[0]) != np.asarray(mapped.post[1])).any()
    assert jax.eval_shape(pattern.draw, keys[0])[0].shape == (120,)


def test_a_connection_is_drawn_once(monkeypatch):
    drawn = []
    choose = Indegree.choose
    monkeypatch.setattr(Indegree, "choose", lambda self, words: drawn.append(self) or choose(self, words))
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=20), sj.NeuronGroup(30, model="lif")
    net.v, net.w = (sj.Connection(net.x, net.g, "fixed_indegree", indegree=4) for _ in range(2))
    sim = sj.build(net, dt=1.0)
    assert not drawn
    variables = sim.init(jax.random.key(0))
    assert len(drawn) == 2 and (np.asarray(variables["v.post"]) != np.asarray(variables["w.post"])).any()


@pytest.mark.parametrize(
    ("link", "settings"),
    [
        ("dist_depd", {"distance_probability_function": "gaussian", "storage": "pairs"}), ("dist_depd", {"p": 0.4, "storage": "masked"}),
        ("sparse", {"weight": np.arange(3600.0).reshape(60, 60).astype(np.float32), "storage": "pairs"}),
        ("fixed_total", {"number": 70_000, "weight": sj.program.Normal(1.0, 0.5)}),
    ],
)
def test_first_values_are_the_same_when_they_are_compiled(link, settings):
    sim, _ = near(link=link, **settings)
    plain, jitted = sim.init(jax.random.key(2)), jax.jit(sim.init)(jax.random.key(2))
    for name in (name for name in plain.values if name.startswith("w.")):
        np.testing.assert_array_equal(plain[name], jitted[name], err_msg=name)


def network(link, pre=8, post=6, ends=None, **settings):
    """A simulator of `link` between two groups, or between `ends` of one, and its variables."""
    net = sj.Network()
    net.a, net.b = sj.NeuronGroup(pre, model="lif"), sj.NeuronGroup(post, model="lif")
    net.x = sj.Encoder(num=pre)
    net.xa, net.xb = sj.Connection(net.x, net.a), sj.Connection(net.x, net.b)
    pre, post = ends(net) if ends else (net.a, net.b)
    net.w = sj.Connection(pre, post, link, **settings)
    sim = sj.build(net, dt=1.0)
    arrays = {}
    assert sj.build(from_dict(to_dict(net, arrays), arrays), dt=1.0).program == sim.program
    return sim, sim.init(jax.random.key(0))


@pytest.mark.parametrize(
    ("link", "settings"),
    [
        ("fixed_indegree", {"indegree": 5}), ("fixed_outdegree", {"outdegree": 5}), ("fixed_total", {"number": 40}),
        ("sparse", {"density": 0.9, "storage": "pairs"}),
    ],
)
def test_autapses_are_those_of_one_neuron(link, settings):
    post, pre = ends(network(link, ends=lambda net: (net.a, net.a), autapses=False, **settings)[1])
    assert (post != pre).all() and (post == pre + 1).any()
    # The slices have the neurons 4 to 7 in common.
    post, pre = ends(network(link, ends=lambda net: (net.a[:8], net.a[4:]), pre=12, autapses=False, **settings)[1])
    assert (post + 4 != pre).all() and (post == pre).any()
    post, pre = ends(network(link, 8, 8, autapses=False, **settings)[1])
    assert (post == pre).any()


def test_given_lists_may_hold_a_pair_twice():
    index, weight = ([5, 0, 5, 2, 5], [1, 7, 0, 2, 1]), np.array([1.0, 2.0, 3.0, 4.0, 5.0], np.float32)
    _, variables = network("sparse", index=index, weight=weight, multapses=True)
    assert variables["w.weight"].tolist() == [3.0, 1.0, 5.0, 4.0, 2.0]
    expected = np.zeros((6, 8))
    np.add.at(expected, index, weight)
    np.testing.assert_array_equal(matrix(variables, variables["w.weight"], (6, 8)), expected)


@pytest.mark.parametrize("form", ["coo", "csr", "csc"])
@pytest.mark.parametrize("storage", ["pairs", "masked"])
def test_a_sparse_matrix_is_its_synapses(form, storage):
    given = scipy.sparse.random_array((6, 8), density=0.4, format=form, rng=np.random.default_rng(2), dtype=np.float32)
    _, variables = network("sparse", weight=given, storage=storage)
    if storage == "pairs":
        np.testing.assert_array_equal(matrix(variables, variables["w.weight"], (6, 8)), given.toarray())
    else:
        np.testing.assert_array_equal(variables["w.weight"], given.toarray())
        np.testing.assert_array_equal(variables["w.mask"], given.toarray() != 0)


def near(storage="pairs", size=60, link="dist_depd", **settings):
    places = np.random.default_rng(3).random((size, 2))
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=1), sj.NeuronGroup(size, model="lif", neuron_position=places)
    net.xg = sj.Connection(net.x, net.g)
    net.w = sj.Connection(net.g, net.g, link, storage=storage, **settings)
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))
    return sj.build(net, dt=1.0), apart


@pytest.mark.parametrize("kernel", ["gaussian", "exponential"])
def test_synapses_are_as_likely_as_their_distance_says(kernel):
    draws = 150
    sim, apart = near(distance_probability_function=kernel, distance_scale=0.15, p=0.9, zero_self=True)
    ratio = apart / 0.15
    expected = 0.9 * np.exp(-(ratio**2) / 2 if kernel == "gaussian" else -ratio) * (apart > 0)
    found = np.zeros_like(apart)
    for n in range(draws):
        variables = sim.init(jax.random.key(n))
        assert len(variables["w.post"]) == round(expected.sum())
        found[ends(variables)] += 1
        weight = -0.1 * (np.exp(-apart / 0.2) / 0.2 - 0.5 * np.exp(-apart / 0.4) / 0.4)
        np.testing.assert_allclose(variables["w.weight"], weight[ends(variables)], rtol=1e-4, atol=1e-6)
    assert found.max() <= draws and not found[apart == 0].any()
    z = ((found - draws * expected) / np.sqrt(draws * expected * (1 - expected) + 1e-9))[expected > 0.02]
    assert np.abs(z).max() < 5 and abs(z.std() - 1) < 0.1
    order = np.argsort(expected, axis=None)
    for some in np.array_split(order, 10):
        chance = draws * expected.ravel()[some].sum()
        assert abs(found.ravel()[some].sum() - chance) < 5 * np.sqrt(chance) + 5


def test_certain_and_impossible_pairs_stay_so_in_a_large_space(monkeypatch):
    """Also where pairs are gone through in several parts."""
    from spaic_jax.synapses.pattern import distance as module
    monkeypatch.setattr(module, "BLOCK", 1000)
    sim, apart = near(size=100, distance_probability_function=lambda d: np.where(d < 0.1, 1.0, np.where(d < 0.3, 0.2, 0.0)))
    variables = sim.init(jax.random.key(0))
    there = np.zeros(apart.shape, bool)
    there[ends(variables)] = True
    assert there[apart < 0.1].all() and not there[apart >= 0.3].any()
    assert abs(there[(apart >= 0.1) & (apart < 0.3)].mean() - 0.2) < 0.04


def test_no_matrix_of_distances_is_held(monkeypatch):
    from spaic_jax.synapses.pattern.distance import Space
    largest, between = [], Space.between

    def seen(self, i, j):
        largest.append(np.broadcast(i, j).size)
        return between(self, i, j)

    monkeypatch.setattr(Space, "between", seen)
    sim, _ = near(size=1200, p=0.01, zero_self=True)
    assert len(sim.init(jax.random.key(0))["w.post"]) == round(0.01 * 1200 * 1199)
    sim, _ = near(size=1200, distance_probability_function="gaussian", distance_scale=0.05)
    sim.init(jax.random.key(0))
    assert max(largest) < 1200 * 1200 / 4


@pytest.mark.parametrize("storage", ["pairs", "masked"])
def test_delays_follow_their_synapses_and_are_drawn_between_bounds(storage):
    """Whatever the order that synapses are given in; also after a round through text, which `network` makes."""
    index, delay = ([5, 0, 5, 2], [1, 7, 0, 2]), np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    if storage == "pairs":
        _, variables = network("sparse", index=index, weight=10 * delay, storage=storage, delay=delay)
        assert variables["w.delay"].tolist() == [3.0, 1.0, 4.0, 2.0] and variables["w.weight"].tolist() == [30.0, 10.0, 40.0, 20.0]
    drawn = sj.synapses.FixedDelay(value=sj.program.Normal(1.5, 0.75), min_delay=1.0, max_delay=2.0)
    delays = np.asarray(network("sparse", 40, 40, density=0.5, storage=storage, delay=drawn)[1]["w.delay"])
    assert delays.min() == 1.0 and delays.max() == 2.0 and 1.3 < delays.mean() < 1.7


def test_weights_are_drawn_from_long_tails_and_between_bounds():
    weight = np.asarray(network("fixed_total", 300, 300, number=50_000, weight=LogNormal(-1.0, 0.5))[1]["w.weight"], float)
    assert abs(np.log(weight).mean() + 1.0) < 0.02 and abs(np.log(weight).std() - 0.5) < 0.02
    cut = np.asarray(TruncatedNormal(1.5, 0.75, a=0.1)(jax.random.key(0), (200_000,), "float32"), float)
    truth = scipy.stats.truncnorm((0.1 - 1.5) / 0.75, np.inf, 1.5, 0.75)
    assert cut.min() >= np.float32(0.1) and cut.max() < 6 and scipy.stats.kstest(cut, truth.cdf).pvalue > 1e-4
    for settings, sentence in [({"std": 0.0}, "std must be a positive"), ({"a": 1.0, "b": 1.0}, "a must be below b"), ({"a": 5.0}, "within 4 std")]:
        with pytest.raises(ValueError, match=sentence):
            TruncatedNormal(**settings)


@pytest.mark.parametrize(
    ("link", "settings", "sentence"),
    [
        ("fixed_indegree", {}, "link type 'fixed_indegree' needs indegree"),
        ("fixed_indegree", {"indegree": 0}, "FixedIndegree: indegree must be a positive whole number, got 0"),
        ("fixed_indegree", {"indegree": -3}, "must be a positive whole number, got -3"),
        ("fixed_indegree", {"indegree": 2.5}, "must be a positive whole number, got 2.5"),
        ("fixed_indegree", {"indegree": float("nan")}, "must be a positive whole number, got nan"),
        ("fixed_indegree", {"indegree": 9, "multapses": False}, "'w': indegree 9 needs as many presynaptic neurons to choose from without multapses, but there are 8"),
        ("fixed_outdegree", {"outdegree": 7, "multapses": False}, "'w': outdegree 7 needs as many postsynaptic neurons"),
        ("fixed_total", {"number": 49, "multapses": False}, "'w': number 49 needs as many pairs to choose from without multapses, but there are 48"),
        ("fixed_total", {"number": 40, "storage": "masked"}, "'w': a matrix cannot hold several synapses of a pair: use storage 'pairs', or multapses=False"),
        ("fixed_total", {"number": 40, "weight": np.ones(39)}, r"weight has shape \(39,\), but needs \(40,\) \(synapses\)"),
        ("sparse", {"density": float("nan")}, "density must be a positive, finite number of at most 1, got nan"),
        ("sparse", {"multapses": True}, "Sparse: multapses says something of index, which is missing"),
        ("sparse", {"index": ([0, 0], [1, 1]), "multapses": True, "storage": "dense"}, "a matrix cannot hold several synapses of a pair"),
        ("sparse", {"weight": scipy.sparse.eye_array(6)}, r"'w': its index is one of \(6, 6\) neurons \(post, pre\), but needs to be one of \(6, 8\)"),
        ("sparse", {"weight": scipy.sparse.coo_array(([np.nan], ([0], [1])), shape=(6, 8))}, r"weight must be finite, but weight\[0\] is nan"),
        ("sparse", {"weight": scipy.sparse.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(6, 8))}, r"holds the pair \(post 0, pre 1\) more than once"),
        ("sparse", {"weight": scipy.sparse.eye_array(6), "index": ([0], [0])}, "index came beside a sparse matrix"),
    ],
)
def test_what_cannot_be_connected_is_named(link, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        network(link, **settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"distance_probability_function": "gausian"}, "unknown distance_probability_function 'gausian': did you mean 'gaussian'"),
        ({"distance_probability_function": lambda d: 1 + d}, "'w': distance_probability_function, times p, must make a number from 0 to 1, but makes 1"),
        ({"distance_probability_function": lambda d: d - 1}, "must make a number from 0 to 1, but makes -"),
        ({"distance_probability_function": lambda d: d * np.nan}, "but makes nan"),
        ({"distance_probability_function": lambda d: d[:1]}, "it needs one each"),
        ({"distance_weight_function": lambda d: 1 / d}, "distance_weight_function must make a finite number, but makes inf of the distance 0"),
        ({"distance_probability_function": "gaussian", "distance_scale": 0.0}, "distance_scale must be a positive"),
        ({"distance_probability_function": lambda d: 0 * d}, "'w' has no synapse"),
    ],
)
def test_functions_of_distance_that_make_no_sense_are_named(settings, sentence):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=sentence):
        near(**settings)[0].init(jax.random.key(0))
