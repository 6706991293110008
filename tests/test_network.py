"""Declaring networks, and the sentences about those that cannot be."""

import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.lowering import UnreachedWarning


def small():
    net = sj.Network()
    net.image = sj.Encoder(num=4, coding_method="constant_current")
    net.layer = sj.NeuronGroup(3, model="lif")
    net.synapses = sj.Connection(net.image, net.layer)
    return net


def test_members_are_named_by_attribute_by_variable_or_by_themselves():
    with sj.Network() as net:
        image = sj.Encoder(num=4)
        layer = sj.NeuronGroup(3, name="hidden")
        sj.Connection(image, layer)
        sj.Connection(image, layer)
        loop = sj.Connection(layer, layer)
        sj.SpikeMonitor(layer)
    assert list(net.members) == ["image", "hidden", "image->hidden", "image->hidden#2", "loop", "spikemonitor1"]
    assert net.name_of(loop) == "loop"


def test_a_subclass_is_a_network(key):
    class Net(sj.Network):
        def __init__(self, n):
            super().__init__()
            self.image = sj.Encoder(num=4, coding_method="constant_current")
            self.layer = sj.NeuronGroup(n, model="lif")
            self.synapses = sj.Connection(self.image, self.layer)

    sim = sj.build(Net(5))
    assert sim.init(key).params["synapses.weight"].shape == (5, 4)


def test_many_connections_and_loops_are_one_program():
    with sj.Network() as net:
        x = sj.Encoder(num=4)
        a = sj.NeuronGroup(3, model="lif")
        b = sj.NeuronGroup(2, model="lif")
        sj.Connection(x, a)
        sj.Connection(a, b)
        sj.Connection(b, a)
        sj.Connection(x, b)
    rows = {op.name: op for op in sj.build(net).program.ops}
    assert rows["x->a"].inputs[0] == "x.O[updated]"
    assert rows["x->b"].inputs[0] == "x.O[updated]"
    assert rows["a->b"].inputs[0] == "a.O"  # in a loop: the previous step's spikes
    assert rows["b->a"].inputs[0] == "b.O"
    late = {op.name: op for op in sj.build(net, propagation="one_step").program.ops}
    assert late["x->a"].inputs[0] == "x.O"


def test_elements_cannot_change():
    with pytest.raises(AttributeError, match="cannot change"):
        small().layer.shape = (4,)


def test_groups_may_have_any_shape(key):
    net = sj.Network()
    net.image = sj.Encoder(shape=(2, 3), coding_method="constant_current")
    net.layer = sj.NeuronGroup(shape=(2, 2), model="lif")
    net.synapses = sj.Connection(net.image, net.layer, weight=np.ones((4, 6)), bias=np.arange(4.0))
    net.trace = sj.StateMonitor(net.layer, "Isyn")
    sim = sj.build(net)
    trace = sim.run(sim.init(key, 5), {"image": np.ones((5, 2, 3))}, steps=1).probes["trace"]
    np.testing.assert_array_equal(trace[0, 0], [[6, 7], [8, 9]])


def empty():
    return sj.Network()


def stranger():
    net = small()
    net.more = sj.Connection(sj.Encoder(num=2), net.layer)
    return net


def misread():
    net = small()
    net.probe = sj.StateMonitor(net.layer, "v")
    return net


def misshapen():
    net = small()
    net.more = sj.Connection(net.image, net.layer, weight=np.ones((4, 3)))
    return net


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (empty, "the network is empty"),
        (stranger, "is not a member of it"),
        (misread, "'probe' looks at 'layer': unknown variable 'v': did you mean 'V'"),
        (misshapen, "connection 'more': weight has shape (4, 3), but needs (3, 4) (post, pre)"),
    ],
)
def test_a_network_that_cannot_run_is_refused(make, sentence):
    with pytest.raises(ValueError) as error:
        sj.build(make())
    assert sentence in str(error.value)


def test_a_group_on_which_nothing_acts_goes_on_by_itself_and_is_told(key):
    net = sj.Network()
    net.lonely, net.driven = sj.NeuronGroup(2, "lif", tau_m=5.0), sj.NeuronGroup(2, "lif")
    net.onwards = sj.Connection(net.lonely, net.driven)
    with pytest.warns(UnreachedWarning, match="nothing acts on group 'lonely'") as told:
        sim = sj.build(net, dt=1.0)
    assert len(told) == 1 and told[0].filename == __file__
    variables = sim.set(sim.init(key), {"lonely.V": 0.5})
    after = sim.run(variables, steps=3).variables
    np.testing.assert_allclose(after["lonely.V"], 0.5 * np.exp(-3 / 5.0), rtol=1e-6)


def test_a_network_that_no_source_reaches_is_built_without_a_word(key):
    net = small()
    net.island = sj.NeuronGroup(2)
    net.loop = sj.Connection(net.island, net.island)
    sim = sj.build(net)
    assert not sim.run(sim.init(key), {"image": np.zeros((1, 4))}, steps=2).variables["island.O"].any()


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (lambda: {"dt": -1.0}, ValueError, "dt must be a positive"),
        (lambda: {"propagation": "two_step"}, ValueError, "unknown propagation 'two_step'"),
        (lambda: {"plan": sj.Tiled(0)}, ValueError, "tile must be a positive whole number"),
        (lambda: {"plan": sj.Tiled(remat="never")}, ValueError, "unknown remat policy 'never'"),
        (lambda: {"plan": "reference"}, TypeError, "plan must be a plan such as Tiled() or Reference()"),
    ],
)
def test_bad_build_settings_are_named(arguments, error, sentence):
    with pytest.raises(error) as raised:
        sj.build(small(), **arguments())
    assert sentence in str(raised.value)


def test_ends_that_are_no_groups_are_refused():
    image, layer = sj.Encoder(num=2), sj.NeuronGroup(2)
    with pytest.raises(TypeError, match="post must be a NeuronGroup, or a slice of one"):
        sj.Connection(layer, image)
    with pytest.raises(TypeError, match="pre must be an Encoder, a Generator or a NeuronGroup"):
        sj.Connection("image", layer)
    with pytest.raises(ValueError, match="unknown link type 'ful': did you mean 'full'"):
        sj.Connection(image, layer, link_type="ful")
    with pytest.raises(ValueError, match="unknown setting of link type 'full' 'w_sdt': did you mean 'w_std'"):
        sj.Connection(image, layer, w_sdt=0.1)
    with pytest.raises(ValueError, match="two members named 'layer'"):
        net = small()
        net.add("layer", layer)
