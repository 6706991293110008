"""Networks made of networks."""

import re
import warnings

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nested import plans

import spaic_jax as sj
from spaic_jax import edit
from spaic_jax.lowering import UnreachedWarning, lower
from spaic_jax.network import Element
from spaic_jax.storage import to_dict


def snapshot(net):
    """All that an edit must leave alone: paths, identities, what refers to what, what is hidden."""
    members = net.of_kind(Element)
    identities = {path: (id(m), [id(other) for other in m.references]) for path, m in members.items()}
    return identities, to_dict(net)


def leaves(net):
    """The members that are no assemblies, by their own name: the plans give no name twice."""
    found = {path.rpartition("/")[2]: m for path, m in net.of_kind(Element).items() if not isinstance(m, sj.Assembly)}
    assert all(other in net for member in found.values() for other in member.references)
    return found


def lines(net, names=()):
    """The listing of the program as a set of rows, under other names."""
    text = str(lower(net, 1.0))
    for old, new in sorted(names, key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<![\w/]){re.escape(old)}(?![\w/])", f"<{new}>", text)
    text = text.replace("<", "").replace(">", "")
    return sorted(re.sub(r"\s+", " ", re.sub(r"^\s*\d+\s", "", line)) for line in text.splitlines())


def program_of(net):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnreachedWarning)
            return lower(net, 1.0)
    except ValueError as error:
        return str(error)


def run(net, x):
    """Outputs, probes and the last state, by the members' own names."""
    sim = sj.build(net, dt=1.0)
    result = sim.run(sim.init(jax.random.key(0), 2), {"x": x}, steps=6)
    found = result.outputs | result.probes | result.variables.state
    return {name.rpartition("/")[2]: np.asarray(value) for name, value in found.items()}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(plans(), st.integers(0, 99))
def test_nesting_changes_no_result(plan, seed):
    x = np.round(np.random.default_rng(seed).random((2, 3)) * 16).astype(np.float32) / 16
    flat, nested = run(plan.make(flat=True), x), run(plan.make(), x)
    assert flat.keys() == nested.keys()
    for name, value in flat.items():
        np.testing.assert_array_equal(nested[name], value)


@settings(max_examples=25, deadline=None)
@given(plans())
def test_a_copy_is_the_same_network_of_other_members(plan):
    net = plan.make()
    before = snapshot(net)
    new = edit.copy(net)
    assert type(new) is sj.Network and to_dict(new) == to_dict(net)
    assert lower(new, 1.0) == lower(net, 1.0)
    old = {id(member) for member in net.of_kind(Element).values()}
    assert not any(id(member) in old for member in new.of_kind(Element).values())
    assert not any(id(other) in old for member in new.of_kind(Element).values() for other in member.references)
    assert snapshot(net) == before


@settings(max_examples=25, deadline=None)
@given(plans(), st.data())
def test_delete_select_and_hide_agree(plan, data):
    net = plan.make()
    before = snapshot(net)
    nodes = ["x", *(f"g{i}" for i in range(len(plan.sizes)))]
    gone = set(data.draw(st.lists(st.sampled_from(nodes), max_size=2)))
    named = {path.rpartition("/")[2]: path for path in net.of_kind(Element)}
    # Independently of the members: what the plan says that refers to what.
    ends = {f"w{i}": {"x" if pre < 0 else f"g{pre}", f"g{post}"} for i, (pre, post) in enumerate(plan.pairs)}
    ends |= {"out": {f"g{len(plan.sizes) - 1}"}, "seen": {"g0"}}
    expected = (set(nodes) - gone) | {name for name, needs in ends.items() if not needs & gone}

    deleted = edit.delete(net, *(named[name] for name in gone))
    assert leaves(deleted).keys() == expected
    assert leaves(edit.delete(net, *(net[named[name]] for name in gone))) == leaves(deleted)
    selected = edit.select(net, *(named[name] for name in nodes if name not in gone))
    assert leaves(selected) == leaves(deleted)
    assert program_of(selected) == program_of(deleted)
    hidden = edit.hide(net, *(named[name] for name in gone))
    assert leaves(hidden) == leaves(net)
    assert program_of(hidden) == program_of(deleted)
    assert program_of(edit.show(hidden, *(named[name] for name in gone))) == program_of(net)
    assert snapshot(net) == before


@settings(max_examples=25, deadline=None)
@given(plans(), st.data())
def test_an_assembly_that_is_deleted_or_hidden_is_gone_with_all_in_it(plan, data):
    net = plan.make()
    before = snapshot(net)
    path = data.draw(st.sampled_from(list(net.of_kind(sj.Assembly))))
    deleted, hidden = edit.delete(net, path), edit.hide(net, path)
    assert not any(f"{other}/".startswith(f"{path}/") for other in deleted.of_kind(Element))
    assert program_of(hidden) == program_of(deleted)
    gone = {id(member) for other, member in net.of_kind(Element).items() if f"{other}/".startswith(f"{path}/")}
    for _ in range(3):  # connections, then monitors of connections, and once more
        gone |= {id(m) for m in leaves(net).values() if any(id(other) in gone for other in m.references)}
    assert set(map(id, leaves(deleted).values())) == set(map(id, leaves(net).values())) - gone
    assert snapshot(net) == before


@settings(max_examples=25, deadline=None)
@given(plans(), st.data())
def test_what_is_replaced_by_its_copy_is_the_same_network(plan, data):
    net = plan.make()
    before = snapshot(net)
    path = data.draw(st.sampled_from(list(net.of_kind(Element))))
    new = edit.replace(net, path, edit.copy(net[path]))
    assert list(new.of_kind(Element)) == list(net.of_kind(Element))
    assert lower(new, 1.0) == lower(net, 1.0)
    assert new[path] is not net[path]
    assert leaves(new).keys() == leaves(net).keys()
    assert snapshot(net) == before


@settings(max_examples=25, deadline=None)
@given(plans(), st.data())
def test_merging_renames_and_changes_nothing_else(plan, data):
    net = plan.make()
    before = snapshot(net)
    first, second = data.draw(st.lists(st.sampled_from(list(net.of_kind(Element))), min_size=2, max_size=2))
    if f"{first}/".startswith(f"{second}/") or f"{second}/".startswith(f"{first}/"):
        with pytest.raises(ValueError, match="cannot be merged: one of them lies in the other"):
            edit.merge(net, first, second)
        return
    merged = edit.merge(net, first, second, name="both")
    assert leaves(merged) == leaves(net)
    names = [(net.name_of(member), merged.name_of(member)) for member in leaves(net).values()]
    assert lines(merged) == lines(net, names)
    for path in (first, second):
        inside = net[path].of_kind(Element).values() if isinstance(net[path], sj.Assembly) else [net[path]]
        assert all("both" in merged.name_of(m).split("/") for m in inside if not isinstance(m, sj.Assembly))
    assert snapshot(net) == before


def column():
    with sj.Network() as net:
        x = sj.Encoder(num=2)
        with sj.Assembly(neuron_type="cortex") as left:
            hidden = sj.NeuronGroup(2, model="lif")
            into = sj.Connection(x, hidden)
            loop = sj.Connection(hidden, hidden)
        out = sj.NeuronGroup(2, model="lif")
        readout = sj.Connection(hidden, out)
        wide = sj.Projection(left, out)
        seen = sj.StateMonitor(into, "weight")
    assert {e.name for e in (loop, readout, wide, seen)} == {None}
    return net


def test_a_copied_assembly_keeps_what_comes_from_outside():
    net = column()
    new = edit.copy(net.left)
    assert new.into.pre is net.x and new.into.post is new.hidden
    assert new.loop.pre is new.loop.post is new.hidden and new.hidden is not net.left.hidden
    assert new.neuron_type == ("cortex",)
    net.right = new
    assert net.name_of(new.hidden) == "right/hidden"
    net.fan = sj.Projection(net.right, net.out)
    assert "fan/hidden->out.weight" in [v.name for v in lower(net, 1.0).variables]


def test_projections_and_monitors_follow():
    net = column()
    assert not {"left", "readout", "wide", "seen"} & set(edit.delete(net, "left").members)
    new = edit.replace(net, "left", edit.copy(net.left))
    assert new.wide.pre is new.left and new.seen.target is new.left.into
    merged = edit.merge(net, "left", "x", name="both")
    assert merged.wide.pre is merged.both and list(merged.both.members) == ["hidden", "into", "loop", "x"]
    assert merged.both.neuron_type == ("cortex",)
    other = edit.replace(net, "left/hidden", sj.NeuronGroup(5, model="lif"))
    assert other.readout.pre.num == 5 and other.left.into.post.num == 5 and net.readout.pre.num == 2


def test_add_and_add_type():
    net = column()
    new = edit.add(net, "extra", sj.Projection(net.left, net.left), to="left")
    assert "extra" not in net.left.members and new.left.extra.pre is new.left
    assert edit.add_type(net, "left", "slow").wide.pre.neuron_type == ("cortex", "slow")
    assert edit.add_type(net, "out", "fast").readout.post.neuron_type == ("fast",)
    with sj.Network() as other:
        edit.add(net, "more", edit.copy(net.out))
    assert list(other.members) == ["neurongroup1"]  # copies are declared, networks are not


def test_hidden_names_are_those_of_the_level():
    net = edit.hide(column(), "left/loop", "wide")
    assert net.left.hidden_members == {"loop"} and net.hidden_members == {"wide"}
    assert {op.name for op in lower(net, 1.0).ops} >= {"left/into", "readout"}
    assert not {op.name for op in lower(net, 1.0).ops} & {"left/loop", "wide/hidden->out"}
    assert "loop    Connection Full left/hidden -> left/hidden  (hidden)" in str(net)
    assert edit.merge(edit.hide(net, "left"), "left", "out", "m").m.hidden_members == {"hidden", "into", "loop"}


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda net: edit.delete(net, "lft"), ValueError, "unknown member 'lft': did you mean 'left'?"),
        (lambda net: edit.delete(net, sj.NeuronGroup(2)), ValueError, "is not a member of it"),
        (lambda net: edit.add(net, "left", sj.NeuronGroup(2)), ValueError, "two members named 'left'"),
        (lambda net: edit.add(net, "a/b", sj.NeuronGroup(2)), ValueError, "must not be empty or hold '.', '/'"),
        (lambda net: edit.add(net, "a", sj.NeuronGroup(2), to="out"), TypeError, "'out' is no assembly"),
        (lambda net: edit.add(net, "a", net.out), ValueError, "'out' is a member already"),
        (lambda net: edit.replace(net, "out", sj.Assembly()), TypeError, "'out' (NeuronGroup) cannot be replaced by"),
        (lambda net: edit.replace(net, "left", sj.NeuronGroup(2)), TypeError, "'left' (Assembly) cannot be replaced by"),
        (lambda net: edit.replace(net, "left", sj.Assembly()), ValueError, "the new assembly has no 'hidden'"),
        (lambda net: edit.replace(net, "left/hidden", net.out), ValueError, "'out' is a member already: it cannot replace"),
        (lambda net: edit.select(net, "readout"), ValueError, "'readout' refers to 'left/hidden': select that too."),
        (lambda net: edit.merge(net, "out", "out"), ValueError, "one of them lies in the other"),
        (lambda net: edit.merge(net, "left", "out", "x"), ValueError, "two members named 'x'"),
        (lambda net: edit.add_type(net, "x", "a"), TypeError, "'x' (Encoder): only groups and assemblies have types."),
        (lambda net: edit.add_type(net, "out", 3), ValueError, "a type must be a name or a list of names"),
    ],
)
def test_edits_that_cannot_be_are_refused(change, error, sentence):
    net = column()
    before = snapshot(net)
    with pytest.raises(error) as raised:
        change(net)
    assert sentence in str(raised.value)
    assert snapshot(net) == before


def test_a_decoder_is_checked_again_when_its_group_changes():
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2), sj.NeuronGroup(4, model="lif")
    net.xg = sj.Connection(net.x, net.g)
    net.out = sj.Decoder(dec_target=net.g, pop_size=2)
    assert edit.replace(net, "g", sj.NeuronGroup(6, model="lif")).out.dec_target.num == 6
    with pytest.raises(ValueError, match="pop_size"):
        edit.replace(net, "g", sj.NeuronGroup(5, model="lif"))
