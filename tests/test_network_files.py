"""Networks in files: what comes back, and what a file can do."""

import copy
import json
import tomllib

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nested import plans
from test_dictionary import everything

import spaic_jax as sj
from spaic_jax.lowering import lower
from spaic_jax.storage import from_dict, to_dict


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_everything_comes_back_with_its_weights(suffix, tmp_path, key):
    net = everything()
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key, 2)
    file = tmp_path / f"net{suffix}"
    sj.save_network(file, net, sim, variables)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"net{suffix}", "net.safetensors"][:: 1 if suffix == ".json" else -1]
    again = sj.load_network(file)
    assert to_dict(again) == to_dict(net) and again.hidden_members == net.hidden_members
    assert str(again) == str(sj.load_network(file))
    rebuilt = sj.build(again, dt=1.0)
    assert rebuilt.program == sim.program
    loaded, _ = sj.load_weights(tmp_path / "net.safetensors", rebuilt, 2)
    for part in ("params", "constants"):
        one, other = getattr(variables, part), getattr(loaded, part)
        assert one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_the_network_of_a_configuration(tmp_path):
    network = {"groups": {"layer": {"num": 2, "model": "lif"}}}
    (tmp_path / "run.json").write_text(json.dumps({"network": network, "simulation": {"dt": 1.0}}))
    assert to_dict(sj.load_network(tmp_path / "run.json")) == to_dict(from_dict(network))
    (tmp_path / "both.json").write_text(json.dumps({"network": network, "groups": {}}))
    with pytest.raises(ValueError, match=r"both.json: network.network: unknown table 'network'"):
        sj.load_network(tmp_path / "both.json")
    (tmp_path / "slip.json").write_text(json.dumps({"network": {"groups": {"layer": {"num": 2, "modle": "lif"}}}}))
    with pytest.raises(ValueError, match=r"slip.json: network.groups.layer.modle: unknown key"):
        sj.load_network(tmp_path / "slip.json")


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_file_knows_its_dt_and_propagation(suffix, tmp_path, key):
    net = everything()
    for propagation in ("one_step", "same_step"):
        sim = sj.build(net, dt=0.5, propagation=propagation)
        sj.save_network(tmp_path / f"net{suffix}", net, sim, sim.init(key))
        again = sj.load_simulator(tmp_path / f"net{suffix}", plan=sj.Reference())
        assert again.program == sim.program and again.plan == sj.Reference()
        # One that learns, or computes in another dtype, is a simulator of the same network.
        for other in (sim.train(), sj.build(sim.program.astype("bfloat16"))):
            sj.save_network(tmp_path / f"net{suffix}", net, other, other.init(key))
            assert sj.load_simulator(tmp_path / f"net{suffix}").program == sim.program


def test_a_file_without_a_dt(tmp_path):
    net = everything()
    sj.save_network(tmp_path / "net.json", net)
    with pytest.raises(ValueError, match=r"net.json: simulation.dt is missing: give it to spaic_jax.build"):
        sj.load_simulator(tmp_path / "net.json")
    (tmp_path / "a.json").write_text('{"network": {"groups": {"a": {"num": 1, "model": "lif"}}}, "simulation": {"dt": "1"}}')
    with pytest.raises(ValueError, match=r"a.json: dt "):
        sj.load_simulator(tmp_path / "a.json")


@pytest.mark.filterwarnings("ignore::spaic_jax.lowering.UnreachedWarning")
@settings(max_examples=25, deadline=None)
@given(plans(), st.data())
def test_any_nested_network_comes_back(tmp_path_factory, plan, data):
    net = plan.make()
    net = sj.edit.hide(net, *data.draw(st.lists(st.sampled_from(list(net.of_kind(sj.Assembly))), max_size=2)))
    folder = tmp_path_factory.mktemp("nested")
    for suffix in (".toml", ".json"):
        sj.save_network(folder / f"a{suffix}", net)
        again = sj.load_network(folder / f"a{suffix}")
        assert to_dict(again) == to_dict(net)
        assert list(again.of_kind(sj.NeuronGroup)) == list(net.of_kind(sj.NeuronGroup))
        try:
            program = lower(net, 1.0)
        except ValueError:  # all of it is hidden
            continue
        assert lower(again, 1.0) == program


def test_the_old_file_stays_when_the_new_one_cannot_be_written(tmp_path):
    net = sj.Network()
    net.a = sj.NeuronGroup(2)
    sj.save_network(tmp_path / "net.toml", net)
    before = (tmp_path / "net.toml").read_bytes()
    net.m = sj.Module(len, np.zeros(2), [net.a], net.a)
    with pytest.raises(ValueError, match=r"network\.m: a Module has no form as a dictionary"):
        sj.save_network(tmp_path / "net.toml", net)
    with pytest.raises(ValueError, match="unknown suffix '.yaml'"):
        sj.save_network(tmp_path / "net.yaml", sj.edit.delete(net, "m"))
    with pytest.raises(ValueError, match="give sim and variables together"):
        sj.save_network(tmp_path / "net.toml", sj.edit.delete(net, "m"), variables=3)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["net.toml"]
    assert (tmp_path / "net.toml").read_bytes() == before


DEEP = 100_000
NESTED = '{"assemblies":{"a":' * 100 + "{}" + "}}" * 100


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("a.toml", b"[groups.a]\nnum = ", "a.toml: this is no TOML: Invalid value (at end of document)"),
        ("a.toml", b"[groups.a]\nnum = 2\n[groups.a]\nnum = 3\n", "a.toml: this is no TOML: Cannot declare ('groups', 'a') twice"),
        ("a.toml", b"\xff\xfe", "a.toml: this is no TOML: 'utf-8' codec can't decode"),
        ("a.toml", b"x = " + b"[" * DEEP, "a.toml: "),
        ("a.json", b"[" * DEEP, "a.json: its tables and lists lie in each other too deeply."),
        ("a.json", b"", "a.json: this is no JSON: Expecting value"),
        ("a.json", b"[]", "a.json: a table is needed, not list."),
        ("a.json", b'{"groups": {"a": {"num": 2}, "a": {"num": 3}}}', "a.json: the key 'a' stands there twice."),
        ("a.json", b'{"groups": {"a": {"num": 1e400}}}', "a.json: network.groups.a.num: a whole number is needed, not inf."),
        ("a.json", b'{"groups": {"a": {"num": 2, "tau_m": NaN}}}', "a.json: network.groups.a: CLIF: tau_m must be a finite"),
        ("a.json", b'{"groups": {"a": {"num": 2, "model": "__import__(\'os\')"}}}', "a.json: network.groups.a.model: unknown"),
        ("a.json", b'{"groups": {"a": {"num": 2, "__class__": "x"}}}', "a.json: network.groups.a.__class__: unknown key"),
        ("a.json", b'{"groups": {"a/b": {"num": 2}}}', "a.json: network.groups.a/b: the name of a member must not"),
        ("a.json", b'{"assemblies": {"a.b": {}}}', "a.json: network.assemblies.a.b: the name of a member must not"),
        ("a.json", b'{"assemblies": {"a": 3}}', "a.json: network.assemblies.a: a table is needed, not 3."),
        ("a.json", b'{"assemblies": {"a": {"grups": {}}}}', "a.json: network.assemblies.a.grups: unknown table 'grups'"),
        ("a.json", b'{"assemblies": {"a": {"groups": {"g": {}}}}}', "a.json: network.assemblies.a.groups.g: a NeuronGroup needs"),
        ("a.json", b'{"assemblies": {"a": {}}, "groups": {"a": {"num": 2}}}', "a.json: network.groups.a: the network has two"),
        ("a.json", b'{"assemblies": {"a": {"hidden": ["b"]}}}', "a.json: network.assemblies.a.hidden: unknown member 'b'"),
        ("a.json", b'{"hidden": "b"}', "a.json: network.hidden: a list of names is needed, not 'b'."),
        ("a.json", b'{"assemblies": {"a": {"neuron_type": [""]}}}', "network.assemblies.a.neuron_type: neuron_type must be"),
        ("a.json", b'{"assemblies": {"a": {"neuron_type": 3}}}', "network.assemblies.a.neuron_type: a list of names is needed"),
        ("a.json", NESTED.encode(), "a.json: its tables and lists lie in each other too deeply."),
    ],
)
def test_malformed_files(name, contents, sentence, tmp_path):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(ValueError) as error:
        sj.load_network(tmp_path / name)
    assert sentence in str(error.value) and str(error.value).startswith(str(tmp_path))
    assert "\n" not in str(error.value)


GOOD = """
[assemblies.a.groups.g]
num = 2
neuron_type = ["t"]
[assemblies.a.groups.h]
num = 2
[projections.p]
pre = "a"
post = "a/h"
policies = [{policy = "index", pre_indexs = [[1, 0]], post_indexs = [0]}]
[encoders.x]
num = 3
"""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pre": "b"}, "network.projections.p.pre: unknown member 'b'"),
        ({"post": "x"}, "network.projections.p: Projection: post must be an Assembly or a NeuronGroup"),
        ({"policies": {}}, "network.projections.p.policies: a list of policies is needed, not {}."),
        ({"policies": ["index"]}, "network.projections.p.policies.0.pre_indexs is missing."),
        ({"policies": [{"pre_types": ["a"]}]}, "network.projections.p.policies.0.policy is missing."),
        ({"policies": [{"policy": "all"}]}, "network.projections.p.policies.0.policy: unknown policy 'all'"),
        ({"policies": [{"policy": "index", "pre_indexs": [0]}]}, "network.projections.p.policies.0.post_indexs is missing."),
        ({"policies": [{"policy": "index", "pre": 3}]}, "network.projections.p.policies.0.pre: unknown key 'pre'"),
        ({"policies": [{"policy": "included_type"}]}, "policies.0: IncludedTypePolicy: pre_types or post_types is needed."),
        ({"policies": [{"policy": "both", "first": {"policy": "a"}, "second": 3}]}, "policies.0.first.policy: unknown policy"),
        ({"policies": [{"policy": "both", "first": 1, "second": 3}]}, "policies.0.first: a table is needed, not 1."),
    ],
)
def test_bad_projections(change, sentence):
    tables = tomllib.loads(GOOD)
    from_dict(tables)
    tables["projections"]["p"] |= change
    with pytest.raises(ValueError, match=r"^network\.") as error:
        from_dict(tables)
    assert sentence in str(error.value)


def test_deep_policies_are_refused():
    tables = tomllib.loads(GOOD)
    policy: dict = {"policy": "included_type", "pre_types": ["t"]}
    for _ in range(5_000):
        policy = {"policy": "both", "first": policy, "second": {"policy": "included_type", "pre_types": ["t"]}}
    tables["projections"]["p"]["policies"] = [policy]
    with pytest.raises(ValueError, match="the tables and lists lie in each other too deeply"):
        from_dict(tables)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["in", "a", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def spots(table, front=()):
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        yield (*front, key)
        if isinstance(value, dict | list):
            yield from spots(value, (*front, key))


TABLES = json.loads(json.dumps(to_dict(everything())))
SPOTS = list(spots(TABLES))


@pytest.mark.filterwarnings("ignore::spaic_jax.lowering.UnreachedWarning")
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SPOTS), JUNK, st.sampled_from(["replace", "drop", "beside"]))
def test_whatever_stands_in_a_file_gives_a_network_or_one_sentence(spot, junk, change):
    tables = copy.deepcopy(TABLES)
    table = tables
    for key in spot[:-1]:
        table = table[key]
    if change == "drop":
        del table[spot[-1]]
    elif change == "beside" and isinstance(table, dict):
        table[f"{spot[-1]}x"] = junk
    else:
        table[spot[-1]] = junk
    net, sentence = outcome(ValueError, from_dict, tables)
    assert sentence is None or sentence.startswith("network")
    if net is not None:
        outcome((TypeError, ValueError), lower, net, 1.0)


def outcome(errors, function, *arguments):
    """The result, or the sentence about what is wrong."""
    try:
        return function(*arguments), None
    except errors as error:
        return None, str(error)


def test_running_what_was_loaded(tmp_path, key):
    """A trained network from a file gives what it gave before."""
    with sj.Network() as net:
        x = sj.Encoder(num=3, coding_method="constant_current")
        with sj.Assembly() as body:
            g = sj.NeuronGroup(4, model="lif")
        sj.Projection(x, body, name="into", w_mean=0.5)
        sj.Decoder(dec_target=g, name="out")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key)
    variables = variables.with_params(jax.tree.map(lambda p: p * 1.5, variables.params))
    sj.save_network(tmp_path / "net.toml", net, sim, variables)
    again = sj.build(sj.load_network(tmp_path / "net.toml"), dt=1.0)
    loaded, _ = sj.load_weights(tmp_path / "net.safetensors", again)
    data = {"x": np.ones((1, 3), np.float32)}
    one, other = sim.run(variables, data, steps=9).outputs["out"], again.run(loaded, data, steps=9).outputs["out"]
    assert one.sum() > 0 and np.array_equal(one, other)
