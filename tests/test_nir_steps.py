"""Which steps the graphs of networks take, and what is given before the first one."""

import itertools

import nir
import nir_runs
import numpy as np
import pytest
from nir_runs import W

import spaic_jax as sj


def loop(forward=None, back=None, propagation="same_step", **settings):
    """Two groups in a loop."""
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="spikes")
        one, two = sj.NeuronGroup(5, model="lif"), sj.NeuronGroup(3, model="cubalif", R=4.0, integrator="euler")
        sj.Connection(image, one, weight=W(5, 4))
        sj.Connection(one, two, weight=W(3, 5), propagation=forward, **settings)
        sj.Connection(two, one, weight=W(5, 3, mean=0.0), propagation=back)
        sj.Connection(one, one, "null", delay=2.0)
        sj.Decoder(dec_target=two, coding_method="null")
    return nir_runs.compared(net, propagation=propagation, form="euler", dt=0.5)


@pytest.mark.parametrize(
    "said, delays",
    [
        ({}, 3), ({"forward": "same_step", "back": "one_step"}, 1), ({"forward": "one_step", "back": "same_step"}, 2),
        ({"propagation": "one_step"}, 4), ({"delay": 1.0}, 3),
    ],
)
def test_steps_are_taken_where_the_network_takes_them(said, delays):
    _, report, _ = loop(**said)
    assert sum(row.kind == "Delay" for row in report.rows) == delays


def test_sums_relays_and_residuals():
    with sj.Network() as net:
        image, other = sj.Encoder(num=4, coding_method="spikes"), sj.Encoder(num=4, coding_method="float")
        near, far, cells = sj.NeuronGroup(4, model="null"), sj.NeuronGroup(4, model="null"), sj.NeuronGroup(4, model="lif")
        sj.Connection(image, near, "null")
        sj.Connection(other, near, weight=W(4, 4))
        sj.Connection(near, far, "null")
        sj.Connection(near, far, "null")
        sj.Connection(far, cells, weight=W(4, 4))
        sj.Connection(image, cells, "null")
        sj.Connection(cells, cells, "null")
        sj.Decoder(dec_target=far, coding_method="null")
        sj.Decoder(dec_target=cells, coding_method="null")
    _, report, found = nir_runs.compared(net)
    assert not any(row.part in ("near", "far") for row in report.rows) and max(found.largest.values()) < 1e-5


def relay(forward=None, back=None, extra=True, read=False, first=0.3, last=0.2):
    """A loop of a neuron and of a sum without a state, into which an encoder may lead."""
    with sj.Network() as net:
        image = sj.Encoder(num=2, coding_method="spikes")
        cells, total = sj.NeuronGroup(2, model="lif", v_th=0.9), sj.NeuronGroup(2, model="null")
        sj.Connection(image, cells, weight=W(2, 2, mean=0.8))
        sj.Connection(cells, total, weight=W(2, 2), bias=[first, 0.0], propagation=forward)
        sj.Connection(total, cells, weight=W(2, 2, mean=0.6), bias=[0.0, last], propagation=back)
        if extra:
            sj.Connection(image, total, weight=W(2, 2, seed=1))
        sj.Decoder(dec_target=total if read else cells, coding_method="null")
    _, report, found = nir_runs.compared(net, steps=12)
    assert max(found.largest.values()) < 1e-5, found
    return report


def test_biases_of_a_loop_are_there_from_the_first_step():
    assert sum(row.kind == "Delay" for row in relay().rows) == 2


@pytest.mark.slow
@pytest.mark.parametrize("forward, back", [(None, None), ("one_step", None), ("same_step", "one_step"), ("one_step", "one_step")])
def test_loops_through_sums_take_the_steps_of_the_network(forward, back):
    for extra, read, first, last in itertools.product((False, True), (False, True), (0.0, 0.3), (0.0, 0.2)):
        if extra or not read:
            relay(forward, back, extra, read, first, last)


def test_a_loop_without_a_neuron_is_refused():
    with sj.Network() as net:
        image, total = sj.Encoder(num=2, coding_method="spikes"), sj.NeuronGroup(2, model="null")
        into, back = sj.Connection(image, total, "null"), sj.Connection(total, total, weight=W(2, 2), delay=1.0)
        out = sj.Decoder(dec_target=total, coding_method="null")
    with pytest.raises(sj.nir.RefusedError, match=r"node 'back' \(Full\): it lies in a loop that passes no neuron"):
        nir_runs.exported(net)
    assert (into, back, out) == (net.into, net.back, net.out)


def test_a_sum_of_nothing_is_refused_for_its_bias_would_be_lost():
    with sj.Network() as net:
        image, total, cells = sj.Encoder(num=2, coding_method="spikes"), sj.NeuronGroup(2, model="null"), sj.NeuronGroup(2, model="lif")
        into, biased = sj.Connection(image, cells, "null"), sj.Connection(total, cells, weight=W(2, 2), bias=[0.1, 0.2])
        out = sj.Decoder(dec_target=cells, coding_method="null")
    with pytest.warns(match="nothing acts on group 'total'"), pytest.raises(sj.nir.RefusedError, match=r"node 'total' \(Null\): nothing acts on it"):
        nir_runs.exported(net)
    assert (into, biased, out) == (net.into, net.biased, net.out)


def potentials(rest=0.5, relayed=False, **settings):
    """A potential that begins at `rest`, read by another group."""
    with sj.Network() as net:
        image = sj.Encoder(num=2, coding_method="spikes")
        one, two = (sj.NeuronGroup(2, model="leaky_integrator", held=True, v_rest=v) for v in (rest, 0.0))
        sj.Connection(image, two if relayed else one, weight=W(2, 2))
        between = one
        if relayed:
            between = sj.NeuronGroup(2, model="null")
            sj.Connection(one, between, "null", pre_var_name="V")
            sj.Connection(two, one, weight=W(2, 2), pre_var_name="V", propagation="same_step")
        sj.Connection(between, two, weight=W(2, 2), pre_var_name="O" if relayed else "V", name="read", **settings)
        sj.Decoder(dec_target=two, coding_method="null", coding_var_name="V")
    _, _, found = nir_runs.compared(net, steps=6)
    assert max(found.largest.values()) < 1e-5, found


def test_a_potential_of_the_step_before_is_not_zero_before_the_first_one():
    """Which an edge that takes a step says, and a Delay does not."""
    potentials(delay=1.0)
    potentials(rest=0.0, propagation="one_step")
    with pytest.raises(sj.nir.RefusedError, match=r"node 'read' \(Full\): it takes what V of '.*' was a step before, which at first is v_rest"):
        potentials(propagation="one_step")


def test_a_sum_of_potentials_is_zero_before_the_first_step():
    potentials(relayed=True, propagation="one_step")


def test_steps_are_those_of_the_nested_graph():
    """As a graph, an assembly is entered by one edge, and a loop through it at one node."""
    with sj.Network() as net:
        image, total = sj.Encoder(num=2, coding_method="spikes"), sj.NeuronGroup(2, model="null")
        with sj.Assembly() as inner:
            one, two = sj.NeuronGroup(2, model="lif", v_th=0.5), sj.NeuronGroup(2, model="lif", v_th=0.5)
            w = sj.Connection(one, two, weight=W(2, 2, mean=0.5), propagation="one_step")
        for end in (one, two):
            sj.Connection(image, end, "null")
            sj.Connection(total, end, "null", propagation="same_step")
        sj.Connection(two, total, weight=W(2, 2, mean=0.5, seed=1), propagation="one_step")
        sj.Decoder(dec_target=two, coding_method="null")
    graph, report, found = nir_runs.compared(net)
    assert max(found.largest.values()) < 1e-5, found
    assert "inner" in graph.nodes and report.choices["a step late"] == "nothing" and w is net["inner/w"] and inner is net.inner


def test_whole_inputs_of_an_if():
    """Its weights and biases, in ms at steps of 1 ms; of impulses at any step, beside which biases are held."""
    weight, bias = W(3, 2), W(3, mean=0.0)
    neuron = nir.IF(r=np.ones(3), v_threshold=np.full(3, 1e9))
    spikes = (np.random.default_rng(0).random((20, 1, 2)) < 0.5).astype("float32")
    for dt, choices, held in ((1.0, {"unit": "ms"}, 1.0), (0.2, {"signal": "impulse"}, 0.2e-3)):
        report = sj.from_nir(nir.NIRGraph.from_list(nir.Affine(weight=weight, bias=bias), neuron), dt, **choices).report
        potentials = sj.nir.execute(report.pair.graph, report.pair.choices, {"input": spikes}).potentials["if"]
        np.testing.assert_allclose(potentials, np.cumsum(spikes @ weight.T + held * bias, 0), rtol=1e-6, atol=1e-6)
        assert report.check({"input": spikes}).largest["if"] < 1e-4
