"""Assemblies: members, names, look-up, listings."""

import numpy as np
import pytest
from hypothesis import given, settings
from nested import plans

import spaic_jax as sj
from spaic_jax.network import Element


class Column(sj.Assembly):
    def __init__(self, n, name=None):
        super().__init__(name, neuron_type="column")
        self.gain = 2.0
        self.hidden = sj.NeuronGroup(n, model="lif")
        self.inner = sj.Assembly()
        self.inner.deep = sj.NeuronGroup(n, model="lif", name="core")
        self.down = sj.Connection(self.hidden, self.inner.core)


def test_members_in_a_block_belong_to_the_innermost_assembly():
    with sj.Network() as net:
        x = sj.Encoder(num=2)
        left = Column(3)
        with sj.Assembly() as right:
            hidden = sj.NeuronGroup(2)
            sj.Connection(x, hidden)
            with sj.Assembly(name="core"):
                sj.NeuronGroup(4)
        sj.Connection(left.hidden, hidden)
    assert right is net.right
    assert list(net.members) == ["x", "left", "right", "hidden->hidden"]
    assert list(net.of_kind(Element)) == [
        "x", "hidden->hidden", "left", "left/hidden", "left/down", "left/inner", "left/inner/core", "right",
        "right/hidden", "right/x->hidden", "right/core", "right/core/neurongroup1",
    ]
    assert left.gain == 2.0 and left.inner.deep is left.inner.core is net["left/inner/core"]
    assert net.assemblies_around(left.inner.core) == (net, left, left.inner)


def test_variables_are_called_by_path(key):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="constant_current")
    net.left = Column(3)
    net.into = sj.Connection(net.x, net.left.hidden)
    net.left.counts = sj.Decoder(dec_target=net.left.inner.core)
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key)
    assert sorted(variables.params) == ["into.weight", "left/down.weight"]
    assert "left/inner/core.V" in variables.state
    result = sim.run(variables, {"x": np.ones((1, 2))}, steps=2)
    assert list(result.outputs) == ["left/counts"]
    assert "left/inner/core.O" in result.health.spike_rate


@settings(max_examples=30, deadline=None)
@given(plans())
def test_look_up(plan):
    net = plan.make()
    everything = net.of_kind(Element)
    assert len(everything) == len(plan.places) + len(plan.parents) + 1
    for path, member in everything.items():
        assert net[path] is member and net.name_of(member) == path and path in net and member in net
        around = net.assemblies_around(member)
        assert around[0] is net and member in around[-1].members.values()
        assert len(around) == path.count("/") + 1
    levels = net.levels()
    assert {path: m for level in levels for path, m in level.items()} == everything
    assert all(path.count("/") == depth for depth, level in enumerate(levels) for path in level)
    groups = net.of_kind(sj.NeuronGroup)
    assert list(groups) == [path for path, m in everything.items() if isinstance(m, sj.NeuronGroup)]
    assert net.of_kind(sj.NeuronGroup, recursive=False) == {p: g for p, g in groups.items() if "/" not in p}


def test_listing():
    net = sj.Network()
    net.x = sj.Encoder(shape=(1, 2), coding_method="latency")
    net.left = Column(3)
    net.to = sj.Projection(net.x, net.left)
    net.out = sj.Decoder(dec_target=net.left.hidden)
    net.seen = sj.SpikeMonitor(net.left.hidden)
    assert str(net) == """Network
  x     Encoder [1, 2] Latency
  left  Column
    hidden  NeuronGroup [3] LIF
    inner   Assembly
      core  NeuronGroup [3] LIF
    down    Connection Full left/hidden -> left/inner/core
  to    Projection Full x -> left
  out   Decoder SpikeCounts of left/hidden
  seen  SpikeMonitor of left/hidden"""
    assert repr(net) == "Network(5 members)" and "\n" not in repr(net.left)


def nest_in_itself():
    net = sj.Network()
    net.a = sj.Assembly()
    net.a.b = net


def twice():
    net = sj.Network()
    net.x = sj.Encoder(num=2)
    net.a, net.b = sj.Assembly(), sj.Assembly()
    net.a.g = group = sj.NeuronGroup(2)
    net.b.g = group
    net.w = sj.Connection(net.x, group)
    sj.build(net)


def method():
    net = sj.Network()
    net.levels = sj.NeuronGroup(2)


def slash():
    sj.Network().add("a/b", sj.NeuronGroup(2))


def tags():
    sj.Assembly(neuron_type=[1])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (nest_in_itself, "assembly 'b' cannot be a member of itself"),
        (twice, "'a/g' and 'b/g' are the same member: it can be in one place."),
        (method, "a member cannot be called 'levels'"),
        (slash, "must not be empty or hold '.', '/', '[' or ']', got 'a/b'"),
        (tags, "neuron_type must be a name or a list of names, not [1]"),
    ],
)
def test_what_cannot_be_a_member_is_refused(make, sentence):
    with pytest.raises(ValueError) as error:
        make()
    assert sentence in str(error.value)


def test_look_up_of_nothing():
    net = sj.Network()
    net.layer = sj.NeuronGroup(2)
    with pytest.raises(KeyError, match="unknown member 'layr': did you mean 'layer'"):
        net["layr"]
    with pytest.raises(AttributeError, match="unknown attribute or member 'layr': did you mean 'layer'"):
        _ = net.layr
    assert "layr" not in net and not hasattr(net, "layr")


def test_the_first_variable_names_a_member():
    """Other variables that come to be bound to it do not, wherever they stand."""
    with sj.Network() as net:
        image, context = sj.Encoder(2), sj.Encoder(2)
        layer = sj.NeuronGroup(2, model="lif")
        for pre in (image, context):
            sj.Connection(pre, layer)
        pre = layer
        for size in (3, 4):
            hidden = sj.NeuronGroup(size, model="lif")
            sj.Connection(pre, hidden)
            pre = hidden
        last = a_name_before = pre
        chosen = sj.NeuronGroup(2, model="lif", name="own")
    assert [*net.of_kind(sj.Encoder)] == ["image", "context"]
    assert [*net.of_kind(sj.NeuronGroup)] == ["layer", "neurongroup1", "hidden", "own"]
    assert net.name_of(last) == "hidden" and a_name_before is last and chosen.name == "own"


def test_an_old_variable_does_not_name_a_new_member():
    """As in a notebook, whose variables are older than the block."""
    code = """
with sj.Network() as net:
    image = sj.Encoder(2)
    pre = image
    layer = sj.NeuronGroup(2, model="lif")
    synapses = sj.Connection(pre, layer)
"""
    variables = {"sj": sj, "pre": None}
    exec(code, variables)
    assert list(variables["net"].members) == ["image", "layer", "synapses"]
