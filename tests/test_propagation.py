"""In which step a spike arrives: by propagation, loop and delay."""

import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.storage import from_dict, to_dict

FIRED = 3


def arrival(key, network, own, loop, delay, plan):
    """The steps in which a spike of step `FIRED` arrives."""
    net = sj.Network()
    net.x, net.a = sj.Encoder(num=1, coding_method="null"), sj.NeuronGroup(1, "if", v_th=0.5)
    net.zzz = sj.NeuronGroup(1, "if", v_th=9.0)
    net.drive = sj.Connection(net.x, net.a, weight=[[1.0]], propagation="same_step")
    given = {"weight": [[1.0]], "delay": delay, "propagation": own}
    net.tested = sj.Connection(net.a, net.zzz, **given)
    if loop:
        net.back = sj.Connection(net.zzz, net.a, weight=[[0.0]])
    net.fired, net.seen = sj.StateMonitor(net.a, "O"), sj.StateMonitor(net.zzz, "Isyn")
    sim = sj.build(net, 1.0, network, plan=plan)
    spikes = np.zeros((12, 1, 1), np.float32)
    spikes[FIRED] = 1
    probes = sim.run(sim.init(key), {"x": spikes}).probes
    assert np.flatnonzero(probes["fired"]).tolist() == [FIRED]
    return np.flatnonzero(probes["seen"]).tolist()


#: By what the network is built with, what the connection says, and whether it lies in a loop: how many steps after the spike
#: it arrives, beside the delay.
TABLE = {
    ("same_step", None, False): 0,
    ("same_step", None, True): 1,
    ("one_step", None, False): 1,
    ("one_step", None, True): 1,
    **{(network, "same_step", loop): 0 for network in ("same_step", "one_step") for loop in (False, True)},
    **{(network, "one_step", loop): 1 for network in ("same_step", "one_step") for loop in (False, True)},
}


@pytest.mark.parametrize(("network", "own", "loop"), TABLE)
def test_when_a_spike_arrives(network, own, loop, key):
    plan = sj.Tiled(5) if loop else sj.Reference()
    for delay, steps in ((None, 0), (2.0, 2)) if own else ((None, 0), (2.0, 2), ([[2.9]], 2)):
        assert arrival(key, network, own, loop, delay, plan) == [FIRED + TABLE[network, own, loop] + steps]


def test_one_that_carries_the_step_before_makes_no_loop(key):
    """What else is connected moves no delay: the way onwards stays within the step, the way back says that it does not."""
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="null")
    net.a, net.b = sj.NeuronGroup(1, "if", v_th=0.5), sj.NeuronGroup(1, "if", v_th=0.5)
    net.drive, net.onwards = sj.Connection(net.x, net.a, weight=[[1.0]]), sj.Connection(net.a, net.b, weight=[[1.0]])
    net.back = sj.Connection(net.b, net.a, weight=[[1.0]], propagation="one_step")
    net.seen = sj.SpikeMonitor(net.b)
    outcomes = []
    for plan in (sj.Reference(), sj.Tiled(4)):
        sim = sj.build(net, 1.0, plan=plan)
        spikes = np.zeros((6, 1, 1), np.float32)
        spikes[1] = 1
        outcomes.append(sim.run(sim.init(key), {"x": spikes}).probes["seen"].ravel().tolist())
    # A spike goes round once a step, and reaches b within each.
    assert outcomes == [[False, True, True, True, True, True]] * 2


def looped(*ways, slices=False):
    net = sj.Network()
    net.a, net.b, net.c = (sj.NeuronGroup(4, "if") for _ in range(3))
    for n, (pre, post, propagation) in enumerate(ways):
        pre, post = getattr(net, pre), getattr(net, post)
        setattr(net, f"w{n}", sj.Connection(pre[:2] if slices else pre, post[2:] if slices else post, propagation=propagation))
    return net


@pytest.mark.parametrize(
    ("ways", "sentence"),
    [
        ([("a", "b", "same_step"), ("b", "c", "same_step"), ("c", "a", "same_step")], "connections 'w0' and 'w1' and 'w2' form a loop"),
        ([("a", "a", "same_step"), ("a", "b", "same_step"), ("b", "c", None), ("c", "a", None)], "connection 'w0' forms a loop"),
    ],
)
@pytest.mark.parametrize("slices", [False, True])
@pytest.mark.parametrize("network", ["same_step", "one_step"])
def test_a_loop_within_a_step_is_refused(ways, sentence, slices, network):
    with pytest.raises(ValueError) as raised:
        sj.build(looped(*ways, slices=slices), 1.0, network)
    assert sentence in str(raised.value) and "propagation='one_step'" in str(raised.value)


@pytest.mark.parametrize("other", [None, "one_step"])
def test_one_late_connection_makes_a_loop_possible(other):
    net = looped(("a", "b", "same_step"), ("b", "c", "same_step"), ("c", "a", other))
    assert [op.name for op in sj.build(net, 1.0).program.ops if op.name in "abc"] == ["a", "b", "c"]


def test_propagation_is_checked_kept_in_files_and_of_projections():
    a = sj.NeuronGroup(4, "if")
    with pytest.raises(ValueError, match="Connection: unknown propagation 'same_stp': did you mean 'same_step'"):
        sj.Connection(a, a, propagation="same_stp")
    with pytest.raises(ValueError, match="Electrical link always reads the previous step"):
        sj.Connection(a, a, "electrical", propagation="same_step")
    net = sj.Network()
    net.a, net.b = sj.NeuronGroup(4, "if"), sj.NeuronGroup(4, "if")
    net.all = sj.Projection(net.a, net.b, propagation="one_step")
    net.back = sj.Connection(net.b, net.a, propagation="same_step")
    tables = to_dict(net)
    again = from_dict(tables)
    assert to_dict(again) == tables and again.back.propagation == "same_step"
    reads = {op.name: op.inputs[0] for op in sj.build(again, 1.0).program.ops}
    assert reads["all/a->b"] == "a.O" and reads["back"] == "b.O[updated]"


@pytest.mark.parametrize(
    ("delay", "sentence"),
    [
        (-0.1, "delay, in ms, must be a finite number of at least 0, got -0.1."),
        (float("nan"), "delay, in ms, must be a finite number"),
        (float("inf"), "delay, in ms, must be a finite number"),
        (0.03, "the delay of connection 'w' must be a positive whole number of steps"),
        (0.25, "the delay of connection 'w' must be a positive whole number of steps"),
        (1e12, "the delay of connection 'w'"),
        ([[0.1, -0.1], [0.0, 0.2]], "delay[0, 1] is -0.1"),
        ([[0.1, np.inf], [0.0, 0.2]], "must be finite"),
    ],
)
def test_bad_delays_are_refused(delay, sentence):
    net = sj.Network()
    net.a = sj.NeuronGroup(2, "if")
    with pytest.raises(ValueError) as raised:
        net.w = sj.Connection(net.a, net.a, delay=delay)
        sj.build(net, 0.1)
    assert sentence in str(raised.value)
