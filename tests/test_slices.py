"""Slices of groups as ends of connections: a network with them is the one of separate groups, or of one matrix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.edit import copy, expand, merge, replace
from spaic_jax.gradients import BPTT, EProp, value_and_grad
from spaic_jax.network import Slice
from spaic_jax.plan import stages
from spaic_jax.storage import from_dict, to_dict

PLANS = (sj.Reference(), sj.Tiled(), sj.Tiled(7))
STEPS = 40


def grid(rng, *shape, scale=1.0):
    """Multiples of 1/16, whose sums are exact in any order."""
    return (np.round(rng.normal(0.2, scale, shape) * 16) / 16).astype(np.float32)


def populations(sliced, model, delay=None, rules=None, **settings):
    """Excitatory and inhibitory neurons and two inputs, as slices of one group and one encoder, or as groups of their own."""
    rng, rules = np.random.default_rng(7), rules or {}
    net = sj.Network()
    if sliced:
        net.aaa, net.x = sj.NeuronGroup(12, model, **settings), sj.Encoder(num=6, coding_method="null")
        e, i, x, y = net.aaa[:8], net.aaa[8:], net.x[:4], net.x[4:]
    else:
        net.e, net.i = sj.NeuronGroup(8, model, **settings), sj.NeuronGroup(4, model, **settings)
        net.x, net.y = sj.Encoder(num=4, coding_method="null"), sj.Encoder(num=2, coding_method="null")
        e, i, x, y = net.e, net.i, net.x, net.y

    def join(name, pre, post, **more):
        more = more or {"weight": grid(rng, post.num, pre.num)}
        setattr(net, name, sj.Connection(pre, post, plasticity=rules.get(name, ()), **more))

    join("xe", x, e)
    join("zzz", y, i)
    join("ee", e, e, link_type="random", probability=0.4, storage="pairs", w_mean=0.25, w_std=0.0)
    join("ei", e, i, weight=grid(rng, 4, 8), delay=delay)
    join("ei_again", e, i)
    join("ie", i, e, weight=-grid(rng, 8, 4), delay=grid(rng, 8, 4) ** 2)
    join("ii", i, i, weight=grid(rng, 4, 4), syn_type=["1_order_synapse"])
    return net


def data_of(sliced, batch):
    spikes = (np.random.default_rng(3).random((STEPS, batch, 6)) < 0.3).astype(np.float32)
    return {"x": spikes} if sliced else {"x": spikes[..., :4], "y": spikes[..., 4:]}


def outcome(sliced, batch, propagation, plan, learning=False, **settings):
    """Spikes and potentials of all neurons, the gradients of all weights, and the weights after the run."""
    net = populations(sliced, **settings)
    groups = [net.aaa] if sliced else [net.e, net.i]
    for n, group in enumerate(groups):
        setattr(net, f"V{n}", sj.StateMonitor(group, "V"))
        setattr(net, f"O{n}", sj.StateMonitor(group, "O"))
    sim = sj.build(net, 1.0, propagation, plan=plan)
    sim = sim.train() if learning else sim
    start = sim.init(jax.random.key(1), batch)
    weighing = np.random.default_rng(5).normal(size=(STEPS, batch, 12)).astype(np.float32)

    def loss(params):
        result = sim.run(start.with_params(params), data_of(sliced, batch))
        V, O = (jnp.concatenate([result.probes[f"{v}{n}"] for n in range(len(groups))], -1) for v in "VO")
        return jnp.sum(weighing * jnp.tanh(0.1 * V)) + jnp.sum(weighing * O), (O, V, result.variables.plastic)

    (_, (O, V, plastic)), gradients = jax.jit(jax.value_and_grad(loss, has_aux=True))(start.params)
    return O, V, gradients, plastic


CASES = [
    ("lif", 1, "same_step", None),
    ("alif", 3, "one_step", 2.0),
    ("clif", 2, "same_step", 1.0),
]


@pytest.mark.parametrize(("case", "plan"), [*zip(CASES, PLANS, strict=True)], ids=["lif", "alif", "clif"])
def test_slices_are_as_separate_groups(case, plan):
    assert_as_separate_groups(case, [plan])


@pytest.mark.slow
@pytest.mark.parametrize("model", ["condlif", "cubalif", "izh", "plif"])
@pytest.mark.parametrize("propagation", ["same_step", "one_step"])
def test_slices_of_other_models(model, propagation):
    assert_as_separate_groups((model, 2, propagation, 3.0), PLANS)


@pytest.mark.slow
def test_slices_in_windows_of_a_delay(monkeypatch):
    monkeypatch.setattr(stages, "window_pays", lambda *given: True)
    stages.find_stages.cache_clear()
    jax.clear_caches()
    assert "in windows of" in sj.build(populations(True, "lif", 4.0), 1.0).describe()
    assert_as_separate_groups(("lif", 2, "same_step", 4.0), PLANS)
    stages.find_stages.cache_clear()
    jax.clear_caches()


def assert_as_separate_groups(case, plans):
    given = dict(zip(("model", "batch", "propagation", "delay"), case, strict=True))
    needed = outcome(False, plan=sj.Reference(), **given)
    assert np.isfinite(needed[1]).all() and (0 < needed[0].mean() < 0.9 or len(plans) > 1)
    for plan in plans:
        O, V, gradients, _ = outcome(True, plan=plan, **given)
        np.testing.assert_array_equal(O, needed[0])
        np.testing.assert_allclose(V, needed[1], rtol=2e-4, atol=2e-4)
        assert gradients.keys() == needed[2].keys()
        for name, gradient in gradients.items():
            scale = np.abs(needed[2][name]).max() + 1e-6
            np.testing.assert_allclose(gradient / scale, needed[2][name] / scale, atol=2e-4, err_msg=name)


def test_rules_see_the_slice_only():
    rules = {"xe": "triplet_stdp", "ei": "stdp", "ei_again": "clopath", "ie": "vogels_stdp"}
    given = {"batch": 2, "propagation": "same_step", "model": "lif", "delay": 2.0, "rules": rules, "learning": True}
    needed = outcome(False, plan=sj.Reference(), **given)
    start = sj.build(populations(False, "lif", 2.0, rules), 1.0).init(jax.random.key(1), 2).plastic
    O, _, _, plastic = outcome(True, plan=sj.Tiled(7), **given)
    np.testing.assert_array_equal(O, needed[0])
    assert plastic.keys() == needed[3].keys() == {f"{name}.weight" for name in rules}
    for name, weight in plastic.items():
        assert np.abs(weight - start[name]).max() > 1e-6, name
        np.testing.assert_allclose(weight, needed[3][name], rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_any_slices_are_parts_of_one_matrix(plan, key):
    rng = np.random.default_rng(2)
    matrix, currents = np.zeros((9, 9), np.float32), rng.random((30, 2, 5)).astype(np.float32)
    position, nets = rng.random((9, 2)), []
    for sliced in (True, False):
        net = sj.Network()
        net.x = sj.Encoder(num=5, coding_method="null")
        net.cells = sj.NeuronGroup(9, "lif", neuron_position=position)
        net.begin = sj.Connection(net.x[1:4], net.cells[::4], weight=np.eye(3)) if sliced else sj.Connection(
            net.x, net.cells, weight=_embedded(np.eye(3), (9, 5), slice(0, 9, 4), slice(1, 4))
        )
        nets.append(net)
    for n, (pre, post) in enumerate([(slice(0, 9, 2), slice(1, 9, 3)), (slice(2, 7), slice(0, 5)), (slice(8, 9), slice(0, 9))]):
        weight = grid(rng, len(range(*post.indices(9))), len(range(*pre.indices(9))))
        setattr(nets[0], f"c{n}", sj.Connection(nets[0].cells[pre], nets[0].cells[post], weight=weight))
        matrix += _embedded(weight, (9, 9), post, pre)
    nets[1].all = sj.Connection(nets[1].cells, nets[1].cells, weight=matrix)
    traces = []
    for net, gap in zip(nets, ((slice(0, 3), slice(2, 6)), (slice(0, 9), slice(0, 9))), strict=True):
        net.seen = sj.StateMonitor(net.cells, "V")
        conductance = np.ones((4, 3)) / 16
        if net is nets[0]:
            net.gap = sj.Connection(net.cells[gap[0]], net.cells[gap[1]], "electrical", weight=conductance)
        else:
            both = _embedded(conductance, (9, 9), slice(2, 6), slice(0, 3))
            net.gap = sj.Connection(net.cells, net.cells, "electrical", weight=both + both.T)
        sim = sj.build(net, 1.0, plan=plan)
        traces.append(sim.run(sim.init(key, 2), {"x": 3 * currents}).probes["seen"])
    np.testing.assert_allclose(*traces, rtol=1e-5, atol=1e-5)
    assert np.ptp(np.asarray(traces[0])) > 1
    # Positions are those of the slice.
    parts = expand(nets[0]).members["c0"]
    np.testing.assert_array_equal(parts.post.neuron_position, position[1::3])


def _embedded(weight, shape, rows, columns):
    matrix = np.zeros(shape, np.float32)
    matrix[rows, columns] = weight
    return matrix


def test_maps_are_sliced_by_channel(key):
    rng = np.random.default_rng(4)
    spikes, kernel = (rng.random((6, 2, 3, 5, 5)) < 0.4).astype(np.float32), grid(rng, 2, 2, 3, 3)
    net = sj.Network()
    net.image = sj.Encoder(shape=(3, 5, 5), coding_method="null")
    maps = net.maps = sj.NeuronGroup(shape=(4, 5, 5), model="lif", neuron_position=np.arange(200.0).reshape(100, 2))
    net.synapses = sj.Connection(net.image[1:], maps[:2], "conv", out_channels=2, kernel_size=3, padding=1, weight=kernel)
    net.currents = sj.StateMonitor(maps, "Isyn")
    assert maps[:2].shape == (2, 5, 5) and maps[1:3].neuron_position[0, 0] == 50
    sim = sj.build(net, 1.0)
    given = sim.run(sim.init(key, 2), {"image": spikes}).probes["currents"]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(spikes[:, :, 1:], [(0, 0)] * 3 + [(1, 1)] * 2), (3, 3), (3, 4))
    np.testing.assert_allclose(given[:, :, :2], np.einsum("tbchwij,dcij->tbdhw", windows, kernel), rtol=1e-6, atol=1e-6)
    assert not given[:, :, 2:].any()


def test_a_synapse_sees_the_potential_of_its_slice(key):
    """The current of NMDA depends on the potential of each neuron."""
    net = sj.Network()
    net.x, net.cells = sj.Encoder(num=1, coding_method="null"), sj.NeuronGroup(4, "lif", v_th=100.0)
    net.slow = sj.Connection(net.x, net.cells[2:], weight=[[0.2], [0.2]], syn_type=["basic", "nmda"])
    net.seen = sj.StateMonitor(net.cells, "Isyn")
    sim = sj.build(net, 1.0)
    start = sim.set(sim.init(key), {"cells.V": [[5.0, 6.0, 7.0, -8.0]]})
    current = sim.run(start, {"x": np.ones((1, 1, 1))}).probes["seen"][0, 0]
    g, V = np.minimum(0.5 * 0.2, 1), np.array([7.0, -8.0])
    np.testing.assert_allclose(current[2:], g * -V / (1 + np.exp(-0.062 * V) / 3.57), rtol=1e-5)
    assert not current[:2].any()


def test_weights_are_shared_between_slices_and_monitors_take_slices(key):
    net = sj.Network()
    net.x, net.cells = sj.Encoder(num=4, coding_method="null"), sj.NeuronGroup(6, "lif")
    net.first = sj.Connection(net.x[:2], net.cells[:3], w_mean=0.5)
    net.second = sj.Connection(net.x[2:], net.cells[3:], shared=net.first)
    net.low, net.high = sj.SpikeMonitor(net.cells[:3]), sj.StateMonitor(net.cells[3:], "V")
    sim = sj.build(net, 1.0)
    variables = sim.init(key)
    assert [*variables.params] == ["first.weight"]
    spikes = np.tile(np.random.default_rng(0).random((20, 1, 2)) < 0.5, 2).astype(np.float32)
    result = sim.run(variables, {"x": spikes})
    np.testing.assert_array_equal(result.variables["cells.V"][:, :3], result.variables["cells.V"][:, 3:])
    assert result.probes["low"].shape == (20, 1, 3) and result.probes["low"].any()
    np.testing.assert_array_equal(result.probes["high"][-1], result.variables["cells.V"][:, 3:])
    with pytest.raises(ValueError, match=r"index came beside the slice NeuronGroup\[:2\]"):
        sj.SpikeMonitor(net.cells[:2], index=[0])


def test_online_gradients_cover_slices_that_are_read_and_refuse_those_that_are_written(key):
    def gradient(method, hidden=slice(None)):
        net = sj.Network()
        net.x, net.cells = sj.Encoder(num=6, coding_method="null"), sj.NeuronGroup(5, "lif")
        net.out = sj.NeuronGroup(2, "leaky_integrator")
        post = net.cells if hidden == slice(None) else net.cells[hidden]
        net.w = sj.Connection(net.x[::2], post, w_mean=0.5, w_std=0.3)
        net.o = sj.Connection(net.cells[1:], net.out, w_std=0.5)
        net.y = sj.Decoder(dec_target=net.out, coding_method="null")
        sim = sj.build(net, 1.0, plan=sj.Reference())
        spikes = (np.random.default_rng(1).random((15, 2, 6)) < 0.5).astype(np.float32)

        def loss(outputs, wanted):
            return jnp.mean((outputs["y"] - wanted) ** 2)

        return value_and_grad(sim, loss, method)(sim.init(key, 2), {"x": spikes}, np.ones((15, 2, 2), np.float32), None)[1]

    needed, given = gradient(BPTT()), gradient(EProp())
    assert needed.keys() == {"w.weight", "o.weight"}
    for name, slope in needed.items():
        np.testing.assert_allclose(given[name], slope, atol=1e-5 * np.abs(slope).max(), err_msg=name)
    with pytest.raises(ValueError, match=r"what 'w.weight' gives goes to 'cells\[:3\].Isyn'"):
        gradient(EProp(), slice(0, 3))


@pytest.mark.parametrize(
    ("places", "error", "sentence"),
    [
        (slice(0, 9), ValueError, "NeuronGroup 'cells' of shape (8,) has 8 places along its first axis, but was asked for [0:9]."),
        (slice(-9, None), ValueError, "was asked for [-9:]."),
        (slice(3, 3), ValueError, "the slice [3:3] holds none of its 8 places."),
        (slice(5, 2), ValueError, "the slice [5:2] holds none"),
        (slice(None, None, 0), ValueError, "a step of at least 1, not [::0]."),
        (slice(None, None, -1), ValueError, "a step of at least 1, not [::-1]."),
        (slice("a", None), TypeError, "a slice of whole numbers, not ['a':]."),
        (slice(0.0, 2), TypeError, "a slice of whole numbers, not [0.0:2]."),
        (slice(False, True), TypeError, "a slice of whole numbers, not [False:True]."),
        (3, TypeError, "takes a slice such as [0:1] or [::2], not [3]."),
        ([0, 1], TypeError, "takes a slice such as [0:1] or [::2], not [[0, 1]]."),
        ("exc", TypeError, "not ['exc']."),
    ],
)
def test_bad_slices_are_refused(places, error, sentence):
    with pytest.raises(error) as raised:
        sj.NeuronGroup(8, name="cells")[places]
    assert sentence in str(raised.value)


def test_slices_of_the_same_places_are_equal():
    cells = sj.NeuronGroup(8)
    assert cells[:] == cells[0:8] == cells[-8:np.int64(8)] and cells[::3] == cells[0:7:3] and cells[2:3:5] == cells[2:3]
    assert cells[1:] != cells[:7] and cells[:] != sj.NeuronGroup(8)[:]
    with pytest.raises(TypeError, match="takes a slice"):
        list(cells)
    for bad in (cells[:2], sj.Encoder(num=2)[:1]):
        with pytest.raises(TypeError, match="dec_target must be a NeuronGroup"):
            sj.Decoder(dec_target=bad)
    with pytest.raises(TypeError, match="post must be a NeuronGroup, or a slice of one, not Encoder"):
        sj.Connection(cells[:2], sj.Encoder(num=2)[:1])


def network():
    net = sj.Network()
    net.cortex = sj.Assembly()
    cells = net.cortex.cells = sj.NeuronGroup(10, "lif", neuron_type="excitatory")
    net.cortex.own = sj.Connection(cells[:8], cells[8:], propagation="one_step")
    net.noise = sj.Generator(4, "poisson_generator", rate=0.1)
    with net:
        sj.Connection(net.noise[::2], cells[2:4], delay=2.0)
    net.onto = sj.Projection(net.noise, cells[5:])
    net.learner = sj.Learner(cells, "stdp")
    return net


def test_slices_in_listings_files_and_edits():
    net = network()
    assert "Connection Full cortex/cells[:8] -> cortex/cells[8:]" in str(net)
    assert "Connection Full noise[::2] -> cortex/cells[2:4]" in str(net) and "Projection Full noise -> cortex/cells[5:]" in str(net)
    built = expand(net)
    assert built["onto/noise->cells"].post == built["cortex/cells"][5:]
    # The learner taught all connections onto slices of its group.
    assert all(connection.plasticity for connection in built.of_kind(sj.Connection).values())
    tables = to_dict(net)
    assert tables["connections"]["noise->cells"]["pre"] == "noise[::2]"
    again = from_dict(tables)
    assert to_dict(again) == tables and again["cortex/own"].pre == again["cortex/cells"][:8]
    assert again["cortex/own"].propagation == "one_step"
    twin = copy(net)
    assert twin["cortex/own"].pre == twin["cortex/cells"][:8] != net["cortex/cells"][:8]
    larger = replace(net, "cortex/cells", sj.NeuronGroup(20, "lif"))
    assert larger["cortex/own"].post == larger["cortex/cells"][8:10]
    with pytest.raises(ValueError, match=r"of shape \(9,\) has no places 8 to 9"):
        replace(net, "cortex/cells", sj.NeuronGroup(9, "lif"))
    merged = merge(net, "cortex", "noise", "all")
    assert merged["all/own"].pre.of is merged["all/cells"] and isinstance(merged["noise->cells"].pre, Slice)
    assert "noise->cells" not in sj.edit.delete(net, "noise").members


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("layer[:9]", "network.connections.c.pre: NeuronGroup of shape (4,) has 4 places along its first axis, but was asked for [:9]."),
        ("layr[:2]", "network.connections.c.pre: unknown member 'layr': did you mean 'layer'"),
        ("layer[2]", "network.connections.c.pre: unknown member 'layer[2]'"),
        ("part[:2]", "network.connections.c.pre: only groups, encoders and generators have slices, not 'part'."),
    ],
)
def test_bad_slices_in_files_are_named(name, sentence):
    tables = {"groups": {"layer": {"num": 4}}, "assemblies": {"part": {}}, "connections": {"c": {"pre": name, "post": "layer"}}}
    with pytest.raises(ValueError) as raised:
        from_dict(tables)
    assert sentence in str(raised.value)
