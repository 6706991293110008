"""Networks written as graphs of NIR, beside NIR's equations in float64."""

import jax
import nir
import nir_runs
import numpy as np
import pytest
from nir_runs import W

import spaic_jax as sj
from spaic_jax.neurons import NEURONS
from spaic_jax.nir.models import WRITTEN

#: Each model with settings, the size of its weights, and whether only several nodes say it.
MODELS = {
    "lif": ("lif", {}, 1, False),
    "lif_soft": ("lif", {"reset": "soft", "v_reset": -0.3}, 1, True),
    "lif_none": ("lif", {"reset": "none"}, 1, True),
    "plif": ("plif", {"v_reset": -0.1}, 2, False),
    "plif_soft": ("plif", {"reset": "soft", "w": 0.3}, 2, True),
    "current": ("constantcurrentlif", {"R": 10.0, "v_rest": 0.1, "v_reset": -0.2}, 1, False),
    "current_soft": ("constantcurrentlif", {"R": 10.0, "integrator": "exact", "reset": "soft"}, 1, True),
    "ih": ("lifstdp_ih", {}, 40, False),
    "if": ("if", {"ConstantDecay": 0.02, "R": 0.8}, 1, False),
    "if_soft": ("if", {"reset": "soft", "R": 0.7, "V": 0.2}, 1, True),
    "ifb": ("ifb", {"bias": 0.03}, 1, False),
    "ifsoftreset": ("ifsoftreset", {}, 1, True),
    "li": ("leaky_integrator", {}, 0.1, False),
    "li_held": ("leaky_integrator", {"held": True, "integrator": "euler", "v_rest": 0.3}, 1, False),
    "ifb_silent": ("nonspikingifb", {"bias": 0.1}, 0.1, False),
    "lif_silent": ("nonspikinglif", {}, 0.1, True),
    "cuba_first": ("cubalif", {"R": 4.0}, 1, "exact"),
    "cuba_soft": ("cubalif", {"R": 4.0, "order": "voltage_first", "integrator": "euler", "reset": "soft"}, 1, True),
    "cuba_rk4": ("cubalif", {"R": 4.0, "integrator": "rk4", "reset": "none"}, 1, True),
    "cuba_rest": ("cubalif", {"R": 4.0, "order": "voltage_first", "integrator": "exponential_euler", "v_rest": 0.1}, 1, "exact"),
    "cuba_held": ("cubalif", {"R": 40.0, "held": True, "integrator": "euler"}, 1, "exact"),
    "cubali": ("cubali", {}, 1, "exact"),
    "lifm": ("lifm", {}, 1, "exact"),
    "clif": ("clif", {}, 1, True),
    "aclif": ("aclif", {}, 1, True),
    "pclif": ("pclif", {}, 1, True),
    "alif": ("alif", {}, 1, True),
    "alif_none": ("alif", {"reset": "none", "beta": 0.5}, 1, True),
    "adlif": ("adlif", {"a": 0.3}, 8, True),
    "threshold": ("threshold", {"v_th": 0.5}, 1, False),
}


def of_models(names, recurrent=True):
    """A group of each, with weights that differ, on one encoder."""
    rng = np.random.default_rng(1)
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="spikes")
        for name in names:
            model, settings, scale, _ = MODELS[name]
            group = sj.NeuronGroup(3, model=model, name=name, **settings)
            weight = scale * rng.normal(0.3, 0.4, (3, 4))
            sj.Connection(image, group, weight=weight, bias=np.full(3, 0.01 * scale), name=f"{name}_in")
            if recurrent:
                sj.Connection(group, group, weight=0.3 * scale * rng.normal(0.0, 0.5, (3, 3)), name=f"{name}_loop")
            sj.Decoder(dec_target=group, coding_method="null", name=f"{name}_out")
    return net


def check_models(names, form):
    graph, _, found = nir_runs.compared(of_models(names), dt=0.5, form=form, reset="exact")
    assert {f"{name}_out" for name in names} <= set(found.largest)
    # Potentials are as large as the weights that move them.
    limits = {path: 1e-5 * max(MODELS[name][2], 1.0) for name in names for path in (name, f"{name}_out")}
    beyond = {path: error for path, error in found.largest.items() if error >= limits.get(path, 1e-5) and path not in ("li", "li_out")}
    assert not beyond
    assert all(array.dtype == np.float64 for node in graph.nodes.values() if isinstance(node, nir.LIF) for array in (node.tau, node.v_reset))


@pytest.mark.parametrize("form", ["exact", "euler"])
def test_models_are_written_exactly(form):
    check_models(["lif_soft", "if", "cuba_soft", "clif", "li_held"], form)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["exact", "euler"])
def test_every_model_is_written_exactly(form):
    # The loop of a threshold needs a Delay, and so all loops get one, behind which no potential can begin at v_rest.
    check_models([name for name in MODELS if name != "li_held"], form)


@pytest.mark.parametrize("name", MODELS)
def test_what_only_several_nodes_say_is_refused(name):
    composed = MODELS[name][3]
    for form in ("exact", "euler"):
        if composed is True or composed == form:
            with pytest.raises(sj.nir.RefusedError, match=f"node '{name}' .*reset='exact'"):
                nir_runs.exported(of_models([name]), form=form)
        else:
            nir_runs.exported(of_models([name]), form=form)


def test_a_soft_reset_may_become_a_hard_one():
    graph, report = nir_runs.exported(of_models(["lif_soft"]), reset="hard")
    (row,) = [row for row in report.rows if row.node == "lif_soft"]
    assert row.verdict == "loses its soft reset" and isinstance(graph.nodes["lif_soft"], nir.LIF)
    with pytest.raises(ValueError, match="lost something"):
        report.check({})


def test_models_without_a_word_in_nir_are_refused():
    for name in sorted(name for name, model in NEURONS.items() if model not in WRITTEN and name != "null"):
        with sj.Network() as net:
            image = sj.Encoder(num=2, coding_method="spikes")
            cells = sj.NeuronGroup(2, model=name)
            synapses = sj.Connection(image, cells, post_var_name=cells.receives[0])
        with pytest.raises(sj.nir.RefusedError, match="node 'cells' .*use one of lif"):
            nir_runs.exported(net, dt=0.1)
        assert synapses is net.synapses


def test_connections_are_written_exactly():
    with sj.Network() as net:
        image = sj.Encoder(shape=(2, 6, 6), coding_method="constant_current", amp=0.7)
        maps, cells = sj.NeuronGroup(shape=(4, 3, 3), model="lif"), sj.NeuronGroup(5, model="lif")
        sj.Connection(image, maps, "conv", syn_type=["conv", "batchnorm2d", "avgpool"], kernel_size=[3, 1], padding="same", groups=2, weight=W(4, 1, 3, 1))
        sj.Connection(maps, cells, syn_type=["flatten", "basic", "1_order_synapse"], weight=W(5, 36), bias=W(5), tau=3.0, delay=1.0)
        sj.Connection(cells[:3], cells[1::2], weight=W(2, 3), delay=[[0.0, 2.0, 1.0], [1.0, 1.0, 0.0]])
        sj.Connection(cells, cells, "one_to_one", weight=W(5), delay=sj.synapses.NeuronDelay(value=[2.0, 1.0, 1.0, 0.0, 3.0]))
        sj.Decoder(dec_target=cells, coding_method="null")
    _, report, found = nir_runs.compared(net, reset="exact")
    assert {row.verdict for row in report.rows} == {"exact", "folded into the weights"} and max(found.largest.values()) < 1e-5


@pytest.mark.slow
def test_every_connection_is_written_exactly():
    rng = np.random.default_rng(0)

    def lif(*shape):
        return sj.NeuronGroup(shape=shape, model="lif")

    with sj.Network() as net:
        image = sj.Encoder(shape=(2, 8, 8), coding_method="spikes")
        line = sj.Encoder(num=6, coding_method="constant_current", amp=0.7)
        fine, coarse, deep, wide = lif(3, 8, 8), lif(4, 4, 4), lif(2, 4, 4), lif(1, 4, 4)
        sj.Connection(image, fine, "conv", syn_type=["batchnorm2d", "conv"], kernel_size=3, padding=1, weight=W(3, 2, 3, 3), bias=W(3))
        sj.Connection(image, coarse, "conv", syn_type=["conv", "batchnorm2d", "avgpool"], kernel_size=[3, 5], padding="same", groups=2, weight=W(4, 1, 3, 5))
        sj.Connection(coarse, deep, "conv", syn_type=["conv"], kernel_size=3, padding=[1, 1], weight=W(2, 4, 3, 3), delay=2.0)
        sj.Connection(fine, lif(3, 4, 4), "null", syn_type=["directpass", "sumpool"])
        sj.Connection(deep, wide, "conv", kernel_size=3, padding=1, weight=W(1, 2, 3, 3))
        flat, row, back, sparse = lif(10), lif(32), lif(2, 3, 3), lif(30)
        sj.Connection(coarse, flat, syn_type=["dropout", "avgpool", "flatten", "basic"], weight=W(10, 16))
        sj.Connection(flat, row, weight=W(32, 10), weight_quantization=True)
        grown = sj.NeuronGroup(shape=(2, 4, 4), model="lif")
        sj.Connection(flat, grown, weight=W(32, 10))
        sj.Connection(grown, back, "conv", kernel_size=2, weight=W(2, 2, 2, 2))
        sj.Connection(wide, lif(2, 8, 8), "conv_transpose", kernel_size=2, stride=2, out_channels=2, bias=W(2))
        sj.Connection(wide, lif(1, 8, 8), "null", syn_type=["directpass", "upsample"])
        sj.Connection(wide, lif(1, 2, 2), "continuous_local", kernel_size=3, w_min=None, w_max=None)
        sj.Connection(flat, lif(10), "one_to_one", weight=W(10, mean=1.0), bias=W(10))
        sj.Connection(deep, lif(2, 4, 4), "one_to_one", weight=W(32, mean=1.0))
        sj.Connection(line, lif(5), weight=W(5, 6), syn_type=["basic", "1_order_synapse", "isyn_bn"], tau=3.0)
        sj.Connection(row, sparse, "random", probability=0.3, storage="pairs", delay=rng.integers(0, 4, (30, 32)).astype(float))
        sj.Connection(sparse, sparse, "fixed_indegree", indegree=4, weight=0.2)
        sj.Connection(row, sparse, "sparse", storage="masked")
        parts = lif(8)
        sj.Connection(line[:4], parts[2:7:2], weight=W(3, 4), bias=W(3))
        sj.Connection(parts[:4], parts[4:], weight=W(4, 4), delay=2.0)
        each = sj.Connection(line, lif(5), weight=W(5, 6), delay=[0.0, 1.0, 3.0, 2.0, 2.0, 0.0])
        sj.Connection(line, each.post, shared=each)
        smooth = sj.Connection(line, lif(5), weight=W(5, 6), delay="linear", max_delay=3.0, bias=W(5, std=0.1))
        sj.Connection(smooth.post, smooth.post, weight=W(5, 5, mean=0.0), delay="rotation", max_delay=3.0)
        sj.Decoder(dec_target=parts, coding_method="null")
    _, report, found = nir_runs.compared(net, reset="exact")
    assert {row.kind for row in report.rows} >= {"Conv2d", "AvgPool2d", "SumPool2d", "Flatten", "Scale", "LI", "Delay", "Affine"}
    assert len(found.largest) >= 20 and max(found.largest.values()) < 1e-4


def test_assemblies_are_graphs_where_they_have_one_way_in_and_one_way_out():
    with sj.Network() as net:
        image = sj.Encoder(num=5, coding_method="spikes")
        with sj.Assembly() as cortex:
            with sj.Assembly() as inner:
                h = sj.NeuronGroup(5, model="lif")
                r = sj.Connection(h, h, weight=W(5, 5, mean=0.0))
            k = sj.NeuronGroup(4, model="lif")
            hk = sj.Connection(h, k, weight=W(4, 5))
        with sj.Assembly() as other:
            q, s = sj.NeuronGroup(3, model="lif"), sj.NeuronGroup(3, model="lif")
            cq, cs = sj.Connection(image, q, weight=W(3, 5)), sj.Connection(k, s, weight=W(3, 4))
        into = sj.Connection(image, h, weight=W(5, 5))
        back = sj.Connection(q, h, weight=W(5, 3))
        out = sj.Decoder(dec_target=s, coding_method="null")
    assert [member for member in (cortex, inner, other, r, hk, cq, cs, into, back, out)]
    graph, report, _ = nir_runs.compared(net)
    assert set(graph.nodes) == {"image", "cortex", "other.q", "other.s", "other.cq", "other.cs", "into", "back", "out"}
    assert set(graph.nodes["cortex"].nodes) == {"input", "inner", "k", "hk", "output"}
    assert {row.node for row in report.rows} > {"cortex/inner/h", "cortex/inner/r", "other.q"}


def _wrong(**changed):
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method=changed.get("coding", "spikes"))
        if "generator" in changed:
            drive = sj.Generator(4, coding_method="cc_generator")
        cells = sj.NeuronGroup(4, **{"model": "lif", **changed.get("group", {})})
        sj.Connection(image, cells, **{"name": "synapses", **changed.get("connection", {})})
        if "generator" in changed:
            sj.Connection(drive, cells, "null", name="driven")
        out = sj.Decoder(dec_target=cells, coding_method=changed.get("decoding", "null"))
    assert out is net.out
    return net


@pytest.mark.parametrize(
    "changed, allow, sentence",
    [
        ({"coding": "poisson"}, "coding", r"node 'image' \(Poisson\): its coding Poisson makes spikes of data"),
        ({"decoding": "spike_counts"}, "decoding", r"node 'out' \(SpikeCounts\): its decoding SpikeCounts of O is more"),
        ({"group": {"t_ref": 2.0}}, "refractory", r"node 'cells' \(LIF\): NIR has no refractory period: allow"),
        ({"group": {"V": 0.5}}, "start", r"node 'cells' \(LIF\): V does not begin at rest"),
        ({"group": {"V": sj.program.Uniform(0.0, 0.5)}}, "start", r"V begins at random"),
        ({"connection": {"plasticity": "stdp"}}, "plasticity", r"node 'synapses' \(Full\): its weights learn by a rule"),
        ({"connection": {"link_type": "null", "syn_type": ["directpass", "nmda"]}}, None, r"no node for a NMDA"),
        ({"connection": {"delay": np.arange(16.0).reshape(4, 4)}}, None, r"its synapses have delays of their own, .*reset='exact'"),
        ({"group": {"receptors": {"exc": "exponential"}}}, None, r"node 'cells' \(LIF\): NIR has no receptors"),
        ({"group": {"model": "plif", "compat": True}}, None, r"compat=True, which NIR cannot say"),
        ({"group": {"model": "clif", "tau_p": 8.0, "tau_q": 8.0}}, None, r"its potential is a sum of traces"),
        ({"group": {"model": "alif", "reset": "hard"}}, None, r"its threshold moves and its reset is 'hard'"),
        ({"generator": True}, None, r"node 'drive' \(Generator\): NIR has no source of its own"),
    ],
)
def test_what_nir_cannot_say_is_refused_by_name_unless_it_may_be_lost(changed, allow, sentence):
    with pytest.raises(sj.nir.RefusedError, match=sentence):
        nir_runs.exported(_wrong(**changed))
    if allow is not None:
        _, report = nir_runs.exported(_wrong(**changed), allow={allow})
        assert any("loses" in row.verdict or "without its learning rule" in row.verdict for row in report.rows)


def test_arguments_are_checked():
    net = _wrong()
    with pytest.raises(ValueError, match="unknown form 'exat': did you mean 'exact'"):
        nir_runs.exported(net, form="exat")
    with pytest.raises(ValueError, match="unknown loss to allow 'refractery': did you mean 'refractory'"):
        nir_runs.exported(net, allow={"refractery"})
    sim = sj.build(_wrong(group={"v_th": 2.0}), dt=1.0)
    with pytest.raises(ValueError, match="to_nir: sim is the simulator of another network"):
        sj.to_nir(net, sim, sim.init(jax.random.key(0)))


def test_trained_and_plastic_numbers_are_written_as_they_are_now():
    net = _wrong(connection={"plasticity": "stdp"}, group={"parameter_variables": ["tau_m"], "reparametrise": {"tau_m": "sigmoid"}})
    sim = sj.build(net, dt=1.0)
    variables = sim.set(sim.init(jax.random.key(0)), {"synapses.weight": np.eye(4, dtype=np.float32), "cells.tau_m_free": 2.0})
    graph, _ = sj.to_nir(net, sim, variables, allow={"plasticity"})
    assert graph.nodes["synapses"].weight.tolist() == np.eye(4).tolist()
    np.testing.assert_allclose(np.exp(-1e-3 / graph.nodes["cells"].tau), 1 / (1 + np.exp(-2.0)), rtol=1e-6)


def test_half_precision_is_written_as_float32_and_weights_beyond_their_bounds_as_they_are():
    with sj.Network() as net:
        image, cells = sj.Encoder(num=3, coding_method="spikes"), sj.NeuronGroup(2, model="lif")
        synapses = sj.Connection(image, cells, weight=np.full((2, 3), 0.3), w_min=0.0, w_max=0.5)
        out = sj.Decoder(dec_target=cells, coding_method="null")
    assert (synapses, out) == (net.synapses, net.out)
    sim = sj.build(net, dt=1.0)
    half, variables = sim.program.astype("bfloat16"), sim.init(jax.random.key(0))
    variables = variables.with_params({"synapses.weight": 3 * variables["synapses.weight"]}).astype(half)
    graph, report = sj.to_nir(net, sj.build(half), variables)
    weight = graph.nodes["synapses"].weight
    assert weight.dtype == np.float32 and (weight == np.asarray(variables["synapses.weight"], np.float32)).all() and (weight > 0.5).all()
    assert report.check(nir_runs.spikes(report, graph)).spikes_equal
    many = jax.vmap(sim.init)(jax.random.split(jax.random.key(0), 5))
    with pytest.raises(ValueError, match=r"has shape \(5, 1, 3\), but needs"):
        sj.to_nir(net, sim, many)
