"""Projections and the policies that choose their pairs."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nested import plans

import spaic_jax as sj
from spaic_jax.edit import expand
from spaic_jax.lowering import lower
from spaic_jax.network.policy import BothPolicies

TYPES = ["t0", "t1", "t2"]


def pairs_of(net):
    """The pairs that the projection of a network makes, as paths in its two ends."""
    made = expand(net).of_kind(sj.Connection)
    return {tuple(name.removeprefix("p/").replace(":", "/").split("->")) for name in made if name.startswith("p/")}


@st.composite
def choices(draw):
    kind = draw(st.sampled_from([sj.IncludedTypePolicy, sj.ExcludedTypePolicy]))
    some = st.lists(st.sampled_from(TYPES), min_size=1, max_size=2)
    pre, post = draw(some), draw(some)
    pre, post = draw(st.sampled_from([(pre, post), (pre, None), (None, post)]))
    return kind, pre, post, draw(st.integers(-1, 4))


def wanted(net, choice):
    """The pairs of a choice, from paths and tags alone."""
    kind, pre_types, post_types, level = choice
    tags = {"": set(net.neuron_type)}
    tags |= {path: set(m.neuron_type) for path, m in net.of_kind(sj.Assembly, sj.NeuronGroup).items()}

    def fits(path, types):
        parts = path.split("/")
        at = path if level == -1 else "/".join(parts[: min(level, len(parts))])
        has = bool(tags[at] & set(types or ()))
        return types is None or has if kind is sj.IncludedTypePolicy else not has

    groups = net.of_kind(sj.NeuronGroup)
    return {(a, b) for a in groups if fits(a, pre_types) for b in groups if fits(b, post_types)}


@settings(max_examples=80, deadline=None)
@given(plans(), choices(), choices(), st.sampled_from(["none", "one", "list", "and"]))
def test_type_policies(plan, first, second, form):
    net = plan.make()
    policies = [kind(pre, post, level) for kind, pre, post, level in (first, second)]
    given_policies = {"none": (), "one": policies[0], "list": policies, "and": policies[0] & policies[1]}[form]
    one, other = wanted(net, first), wanted(net, second)
    groups = list(net.of_kind(sj.NeuronGroup))
    every = {(a, b) for a in groups for b in groups}
    expected = {"none": every, "one": one, "list": one | other, "and": one & other}[form]
    net.p = sj.Projection(net, net, given_policies)
    if expected:
        assert pairs_of(net) == expected
    else:
        with pytest.raises(ValueError, match="projection 'p' makes no connection: its policies choose no pair"):
            expand(net)


def two_areas():
    with sj.Network() as net:
        x = sj.Encoder(num=2, coding_method="constant_current")
        with sj.Assembly() as v1:
            a = sj.NeuronGroup(2, model="if")
            with sj.Assembly() as deep:
                b = sj.NeuronGroup(3, model="if")
                c = sj.NeuronGroup(1, model="if")
        with sj.Assembly() as v2:
            d = sj.NeuronGroup(2, model="if")
            e = sj.NeuronGroup(2, model="if")
    assert {m.name for m in (x, a, b, c, d, e, deep, v1, v2)} == {None}
    return net


@pytest.mark.parametrize(
    ("pre", "post", "expected"),
    [
        ([0, 2], [1, 0], {("a", "e"), ("deep/c", "d")}),
        ([(1, 0), (1, 1)], [0, 1], {("a", "d"), ("deep/b", "e"), ("deep/c", "e")}),
        ([(2, 1)], [(1, 1)], {("deep/c", "e")}),
        ([(0, 0)], [1], {("a", "e"), ("deep/b", "e"), ("deep/c", "e")}),
        ([0, 0], [1, 1], {("a", "e")}),
    ],
)
def test_index_policy(pre, post, expected):
    net = two_areas()
    net.p = sj.Projection(net.v1, net.v2, sj.IndexConnectPolicy(pre, post))
    assert pairs_of(net) == expected
    net.q = sj.Projection(net.v1, net.v2, sj.IndexConnectPolicy(pre, post) & sj.IndexConnectPolicy([0], [1]))
    if ("a", "e") in expected:
        assert [n for n in expand(net).of_kind(sj.Connection) if n.startswith("q/")] == ["q/a->e"]


def test_a_projection_is_its_connections(key):
    """The same program and numbers as the connections declared one by one, whatever is in the ends besides groups."""
    projected, written = two_areas(), two_areas()
    projected.into = sj.Projection(projected.x, projected.v1, w_mean=1.0)
    projected.p = sj.Projection(projected.v1, projected.v2, link_type="full", w_mean=0.5, is_parameter=False)
    projected.out = sj.Decoder(dec_target=projected.v2.e)
    written.into, written.p = sj.Assembly(), sj.Assembly()
    for name, post in written.v1.of_kind(sj.NeuronGroup).items():
        written.into.add(f"x->{name.replace('/', ':')}", sj.Connection(written.x, post, w_mean=1.0))
        for own, last in written.v2.of_kind(sj.NeuronGroup).items():
            connection = sj.Connection(post, last, w_mean=0.5, is_parameter=False)
            written.p.add(f"{name.replace('/', ':')}->{own}", connection)
    written.out = sj.Decoder(dec_target=written.v2.e)
    assert lower(projected, 1.0) == lower(written, 1.0)
    sim = sj.build(projected, dt=1.0)
    variables = sim.init(key)
    assert sorted(variables.params) == ["into/x->a.weight", "into/x->deep:b.weight", "into/x->deep:c.weight"]
    result = sim.run(variables, {"x": np.ones((1, 2))}, steps=5)
    assert float(jax.numpy.sum(result.outputs["out"])) > 0


def test_hidden_groups_are_no_ends():
    net = two_areas()
    net.p = sj.Projection(net.v1, net.v2)
    assert pairs_of(sj.edit.hide(net, "v1/deep", "v2/d")) == {("a", "e")}


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda n: sj.Projection("v1", n.v2), TypeError, "pre must be an Assembly, a NeuronGroup, an Encoder or a Generator"),
        (lambda n: sj.Projection(n.v1, n.x), TypeError, "post must be an Assembly or a NeuronGroup"),
        (lambda n: sj.Projection(n.v1, n.v2, ["all"]), TypeError, "policies must be a policy or a list of policies"),
        (lambda n: sj.Projection(n.v1, n.v2, w_sdt=1.0), ValueError, "did you mean 'w_std'"),
        (lambda n: sj.Projection(n.v1, sj.Assembly()), ValueError, "'p' makes no connection: one of its ends holds no group"),
        (lambda n: sj.Projection(n.v1, n.v2, sj.IndexConnectPolicy([3], [0])), ValueError, "pre_indexs has 3, counted from 0, but there are 3 positions."),
        (lambda n: sj.Projection(n.v1, n.v2, sj.IndexConnectPolicy([0], [(2, 0)])), ValueError, "there are 0 positions at level 2."),
        (lambda n: sj.IndexConnectPolicy([0], [0, 1]), ValueError, "must be equally long, not 1 and 2"),
        (lambda n: sj.IndexConnectPolicy(0, [0]), ValueError, "pre_indexs must be a list of positions, not 0"),
        (lambda n: sj.IndexConnectPolicy([-1], [0]), ValueError, "must hold numbers or pairs"),
        (lambda n: sj.IncludedTypePolicy(), ValueError, "pre_types or post_types is needed"),
        (lambda n: sj.IncludedTypePolicy("a", level=-2), ValueError, "level must be -1"),
        (lambda n: sj.ExcludedTypePolicy(post_types=3), ValueError, "post_types must be a name or a list of names"),
        (lambda n: BothPolicies(sj.IncludedTypePolicy("a"), 3), ValueError, "a policy is needed, not 3"),
        (lambda n: sj.IncludedTypePolicy("a") & 3, TypeError, "unsupported operand"),
    ],
)
def test_bad_projections(make, error, sentence):
    net = two_areas()

    def build():
        net.p = make(net)
        expand(net)

    with pytest.raises(error) as raised:
        build()
    assert sentence in str(raised.value)
