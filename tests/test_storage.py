"""Who is connected apart from how it is stored: every connectivity in every storage, against NumPy in float64."""

import dataclasses

import jax
import numpy as np
import pytest
from pairs import ends

import spaic_jax as sj
from spaic_jax.program import Fragment, Op
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses import LINKS, STORAGES, Connectivity, Pairs, Sparse, Storage
from spaic_jax.synapses.links import resolve_link
from spaic_jax.synapses.pattern import Aligned, All, Drawn
from spaic_jax.synapses.storage import Dense, Diagonal, Masked, usual_storage

PRE, POST, STEPS, BATCH = 5, 6, 4, 3
INDEX = ([3, 0, 5, 3, 2], [1, 4, 0, 0, 2])
KINDS = {
    "full": {},
    "sparse": {"density": 0.4},
    "random": {"probability": 0.3},
    "sparse index": {"index": INDEX},
    "dist_depd": {"p": 0.6, "zero_self": True},
    "dist_depd near": {"distance_probability_function": "gaussian", "distance_scale": 0.3},
    "fixed_indegree": {"indegree": 2, "multapses": False},
    "fixed_outdegree": {"outdegree": 4, "multapses": False},
    "fixed_total": {"number": 13, "multapses": False},
    "one_to_one": {},
}


def linked(kind, storage=None, plan=None, **settings):
    """A group of given potentials that drives another one through a link."""
    link = kind.split()[0]
    pre = POST if link == "one_to_one" else PRE
    places = np.random.default_rng(7).random((POST, 2)).astype(np.float32)
    net = sj.Network()
    net.x = sj.Encoder(num=pre, coding_method="null")
    net.a = sj.NeuronGroup(pre, model="leaky_integrator", neuron_position=places[:pre])
    net.g = sj.NeuronGroup(POST, model="leaky_integrator", neuron_position=places)
    net.xa = sj.Connection(net.x, net.a, "null")
    net.w = sj.Connection(net.a, net.g, link, storage=storage, **KINDS[kind], **settings)
    net.i, net.v = sj.StateMonitor(net.g, "Isyn"), sj.StateMonitor(net.a, "V")
    sim = sj.build(net, dt=1.0, plan=plan)
    assert sj.build(from_dict(to_dict(net)), dt=1.0, plan=plan).program == sim.program
    x = np.random.default_rng(1).normal(size=(STEPS, BATCH, pre)).astype(np.float32)
    return sim, sim.init(jax.random.key(3), BATCH), x


def where(variables, storage, shape):
    """The pairs that have a synapse."""
    if "w.mask" in variables.constants:
        return np.asarray(variables["w.mask"])
    if "w.post" in variables.constants:
        there = np.zeros(shape, bool)
        there[ends(variables)] = True
        return there
    return np.eye(shape[0], dtype=bool) if storage == "diagonal" else np.asarray(variables["w.weight"]) != 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_connectivity_is_the_same_in_every_storage(kind):
    """The same pairs for the same key, currents and gradients of one matrix, whatever is kept."""
    pre = POST if kind == "one_to_one" else PRE
    matrix = np.random.default_rng(5).normal(size=(POST, pre)).astype(np.float32)
    pairs = None
    for storage in ("dense", "masked", "pairs"):
        sim, variables, x = linked(kind, storage, weight=matrix, bias=np.arange(POST, dtype=np.float32))
        there = where(variables, storage, matrix.shape)
        pairs = there if pairs is None else pairs
        np.testing.assert_array_equal(there, pairs, err_msg=storage)
        weight = matrix.astype(float) * pairs

        def loss(params, sim=sim, variables=variables, x=x):
            probes = sim.run(variables.with_params(params), {"x": x}).probes
            return (probes["i"] ** 2).sum(), probes

        slopes, probes = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
        v = np.asarray(probes["v"], float)
        current = v @ weight.T + np.arange(POST)
        np.testing.assert_allclose(probes["i"], current, rtol=1e-4, atol=1e-5, err_msg=storage)
        slope = 2 * np.einsum("tbi,tbj->ij", current, v)
        if storage == "pairs":
            slope = slope[ends(variables)]
        elif storage == "masked":
            slope = slope * pairs
        np.testing.assert_allclose(slopes["w.weight"], slope, rtol=1e-4, atol=1e-3, err_msg=storage)
    count = {"full": 30, "sparse": 12, "random": round(0.3 * 25), "sparse index": 5, "one_to_one": 6, "dist_depd": 15}
    count |= {"fixed_indegree": 12, "fixed_outdegree": 20, "fixed_total": 13}
    assert pairs.sum() == count.get(kind, pairs.sum()) and pairs.any()


@pytest.mark.parametrize("storage", [None, "dense", "masked", "pairs"])
def test_weights_of_an_index_are_put_in_their_places(storage):
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0], np.float32)
    sim, variables, x = linked("sparse index", storage, weight=values)
    dense = np.zeros((POST, PRE))
    dense[INDEX] = values
    probes = sim.run(variables, {"x": x}).probes
    np.testing.assert_allclose(probes["i"], np.asarray(probes["v"], float) @ dense.T, rtol=1e-5, atol=1e-6)


def test_drawn_weights_have_their_distribution_in_every_storage():
    for storage in ("dense", "masked", "pairs"):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=200, coding_method="null"), sj.NeuronGroup(300, model="if")
        net.w = sj.Connection(net.x, net.g, "sparse", density=0.2, w_mean=1.0, w_std=0.5, storage=storage)
        variables = sj.build(net, dt=1.0).init(jax.random.key(0))
        weight = np.asarray(variables["w.weight"])
        there = weight[where(variables, storage, (300, 200))] if weight.ndim == 2 else weight
        assert there.size == 12_000
        assert abs(there.mean() - 1.0) < 5 * 0.5 / np.sqrt(12_000) and abs(there.std() - 0.5) < 0.02, storage


def test_the_storage_follows_from_the_number_of_pairs_and_synapses():
    assert usual_storage(All(10, 10)) == Dense() and usual_storage(Aligned(10, 10)) == Diagonal()
    assert usual_storage(Drawn(100, 100, 0.01)) == usual_storage(Drawn(9000, 9000, 0.5)) == Masked()
    assert usual_storage(Drawn(2000, 2000, 0.02)) == usual_storage(Drawn(300, 300, 0.01), slots=20) == Pairs()
    # Trained delays need a matrix.
    assert usual_storage(Drawn(9000, 9000, 0.01), slots=20, trained=True) == usual_storage(Aligned(3, 3), slots=4) == Masked()
    assert usual_storage(All(3, 3), slots=4) == Dense()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("storage", [None, "masked", "dense"])
def test_each_synapse_has_a_delay_where_there_is_a_matrix(kind, storage):
    pre = POST if kind == "one_to_one" else PRE
    delay = np.random.default_rng(0).integers(0, 3, (POST, pre)).astype(np.float32)
    sim, variables, x = linked(kind, storage, delay=delay, w_std=0.5)
    probes = sim.run(variables, {"x": x}).probes
    weight = np.asarray(variables["w.weight"], float) * where(variables, storage, (POST, pre))
    v = np.asarray(probes["v"], float)
    for t in range(STEPS):
        current = sum(v[t - k] @ (weight * (delay == k)).T for k in range(3) if t >= k)
        np.testing.assert_allclose(probes["i"][t], current, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["sparse_sparse", "sparse_connection_sparse", "random_connection_sparse"])
def test_names_of_stored_links_mean_the_same_connectivity(name):
    link = resolve_link(name)
    assert type(link) is LINKS[name.partition("_")[0]] and link.storage == "pairs"
    assert resolve_link(name, storage="masked").storage == "masked"


@dataclasses.dataclass(frozen=True)
class Transposed(Storage):
    """A storage of a user's own."""

    def carry(self, link, pattern, site, context):
        weight = link.variable(site, "weight", (pattern.pre, pattern.post), "pre, post", link.drawn())
        return Fragment((weight,), (Op(site.target, "mat_mult", (site.source, weight.name), name=site.name),))


def test_a_storage_of_ones_own_serves_a_connectivity():
    sim, variables, x = linked_own()
    assert variables["w.weight"].shape == (PRE, POST)
    expected = x.astype(float) @ np.asarray(variables["w.weight"], float)
    np.testing.assert_allclose(sim.run(variables, {"x": x}).probes["i"], expected, rtol=1e-4, atol=1e-5)


def linked_own():
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=PRE, coding_method="null"), sj.NeuronGroup(POST, model="leaky_integrator")
    net.w, net.i = sj.Connection(net.x, net.g, storage=Transposed(), w_std=0.5), sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, dt=1.0)
    return sim, sim.init(jax.random.key(0), BATCH), np.random.default_rng(1).normal(size=(STEPS, BATCH, PRE)).astype(np.float32)


@pytest.mark.parametrize("link", {kind: name for name, kind in LINKS.items()}.values())
def test_every_link_is_initialised_with_wide_numbers(link):
    """Under x64, where numbers without a dtype are of 64 bits; pairs are drawn in either way."""
    maps = link.startswith("con") or link.startswith("pool")
    shape = (1, 4, 4) if maps else (16,)
    post = (1, 2, 2) if link.startswith("pool") else shape
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    needed = {"fixed_indegree": {"indegree": 3}, "fixed_outdegree": {"outdegree": 3}, "fixed_total": {"number": 20}}
    given = [{"padding": 1}] if link.startswith("con") else [{}]
    if issubclass(LINKS[link], Connectivity):
        given = [{"storage": storage} for storage in STORAGES.keys() - {"diagonal"}]
    if link in needed:
        given = [{**needed[link], "multapses": False, **settings} for settings in given]
    if LINKS[link] is Sparse:
        given = [{**settings, "density": density} for settings in given for density in (0.1, 0.5)]
    net = sj.Network()
    net.x = sj.Encoder(shape=shape)
    net.a = sj.NeuronGroup(shape=shape, model="lif", neuron_position=np.arange(16.0)[:, None])
    net.b = sj.NeuronGroup(shape=post, model="lif", neuron_position=np.arange(float(np.prod(post)))[:, None])
    net.xa = sj.Connection(net.x, net.a)
    for number, settings in enumerate(given):
        setattr(net, f"w{number}", sj.Connection(net.a, net.b, link, **settings))
    with enable(True):
        sim = sj.build(net, dt=1.0)
        variables = sim.init(jax.random.key(0))
        jax.eval_shape(lambda v: sim.run(v, {"x": np.ones((1, *shape))}, jax.random.key(1), steps=2), variables)
    assert all(np.isfinite(np.asarray(value)).all() for value in variables.params.values())


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        ("sparse", {"storage": "pair"}, "unknown storage 'pair': did you mean 'pairs'"),
        ("sparse", {"storage": "diagonal"}, "storage 'diagonal' holds the synapses of one_to_one, not of Sparse"),
        ("sparse", {"storage": "pairs", "delay": "linear", "max_delay": 3.0}, "storage 'pairs' has no delay for each synapse, but fixed ones"),
        ("one_to_one", {"storage": "diagonal", "delay": np.ones((POST, POST))}, "storage 'diagonal' has no delay"),
        ("sparse", {"weight": np.ones(12)}, r"weight has shape \(12,\), but needs \(6, 5\) \(post, pre\)"),
        ("sparse", {"storage": "pairs", "weight": "kaiming_normal"}, r"weight of shape \(12,\) \(synapses\): kaiming_normal"),
    ],
)
def test_what_a_storage_cannot_hold_is_named(kind, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        linked(kind, **settings)
