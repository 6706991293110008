"""Declaring networks, and the sentences about those that cannot be."""

import numpy as np
import pytest

import spaic_jax as sj


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


def unreached():
    net = small()
    net.island = sj.NeuronGroup(2)
    net.loop = sj.Connection(net.island, net.island)
    return net


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
        (unreached, "group 'island' is reached by nothing"),
        (stranger, "is not a member of it"),
        (misread, "'probe' looks at 'layer': unknown variable 'v': did you mean 'V'"),
        (misshapen, "connection 'more': weight has shape (4, 3), but needs (3, 4) (post, pre)"),
    ],
)
def test_a_network_that_cannot_run_is_refused(make, sentence):
    with pytest.raises(ValueError) as error:
        sj.build(make())
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"dt": -1.0}, ValueError, "dt must be a positive"),
        ({"propagation": "two_step"}, ValueError, "unknown propagation 'two_step'"),
        ({"tile": 0}, ValueError, "tile must be a positive whole number"),
        ({"remat": "never"}, ValueError, "unknown remat policy 'never'"),
        ({"reference": True, "tile": 3}, ValueError, "the reference plan has no tiles"),
    ],
)
def test_bad_build_settings_are_named(arguments, error, sentence):
    with pytest.raises(error) as raised:
        sj.build(small(), **arguments)
    assert sentence in str(raised.value)


def test_ends_that_are_no_groups_are_refused():
    image, layer = sj.Encoder(num=2), sj.NeuronGroup(2)
    with pytest.raises(TypeError, match="post must be a NeuronGroup"):
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
