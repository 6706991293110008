"""The text form of elements follows from their fields, and arrays are no text."""

import dataclasses
import importlib
import json
import re
import tomllib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import spaic_jax as sj
from spaic_jax import network as networks
from spaic_jax.lowering import lower
from spaic_jax.network import ELEMENTS, MONITORS, Element, NeuronGroup
from spaic_jax.network.element import element
from spaic_jax.plasticity import RULES, Rule
from spaic_jax.program import Fragment
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.storage.text.families import FAMILIES
from spaic_jax.surrogate import SURROGATES, TriangleGrad
from spaic_jax.synapses import Full, Masked, Pool

KINDS = [*ELEMENTS.values(), *MONITORS.values(), sj.Module]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_elements_are_frozen_dataclasses_compared_by_identity(kind):
    made = kind.__dataclass_params__
    assert "__dataclass_fields__" in vars(kind) and made.frozen and not made.eq
    assert kind.__hash__ is object.__hash__


def test_an_element_cannot_change():
    group = sj.NeuronGroup(2)
    for name in ("shape", "other"):
        with pytest.raises(AttributeError, match="a NeuronGroup cannot change once it is declared: declare another one"):
            setattr(group, name, 3)


def test_every_element_is_in_the_table():
    public = {kind for name in networks.__all__ if isinstance(kind := getattr(networks, name), type)}
    concrete = {kind for kind in public if issubclass(kind, Element)} - {Element, networks.Assembly, networks.Network}
    # A source is one of several, and a module holds a function, which is no text.
    assert concrete - {networks.Source, networks.Module} == {*ELEMENTS.values(), *MONITORS.values()}


def arrayed() -> sj.Network:
    rng = np.random.default_rng(0)
    with sj.Network() as net:
        x = sj.Encoder(num=4)
        g = sj.NeuronGroup(3, model="lif", tau_m=rng.uniform(5, 9, 3), neuron_position=rng.random((3, 2)))
        h = sj.NeuronGroup(3, model="lif", v_th=[0.5, 1.0, 1.5])
        sj.Generator(3, "sin", name="hum", dec_target=g, amp=rng.random(3).astype(np.float32), period=50.0)
        sj.Connection(x, g, name="w", weight=rng.random((3, 4)), bias=np.zeros(3, np.float32))
        sj.Connection(g, h, name="late", delay=rng.integers(1, 5, (3, 3)).astype(float))
        sj.Connection(g, h, "sparse", name="some", index=(np.arange(3), np.arange(3)), weight=rng.random(3))
    return net


@pytest.mark.parametrize("suffix", [".toml", ".json"])
@pytest.mark.parametrize("weights", [True, False])
def test_arrays_lie_in_the_file_of_tensors(suffix, weights, tmp_path, key):
    net = arrayed()
    sim = sj.build(net, dt=1.0)
    sj.save_network(tmp_path / f"net{suffix}", net, *((sim, sim.init(key)) if weights else ()))
    text = (tmp_path / f"net{suffix}").read_text()
    tables = tomllib.loads(text) if suffix == ".toml" else json.loads(text)
    if weights:
        assert tables["simulation"] == {"dt": 1.0, "propagation": "same_step"}
        tables = tables["network"]
    assert tables["groups"]["g"]["tau_m"] == {"array": "network.groups.g.tau_m"}
    floats = []

    def look(value):
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(item)
            floats.extend([item] if isinstance(value, list) and isinstance(item, float) else [])

    look(tables)
    assert not floats
    again = sj.load_network(tmp_path / f"net{suffix}")
    assert lower(again, 1.0) == sim.program
    assert again.g.model.tau_m.dtype == np.float64
    assert_array_equal(again.g.model.tau_m, net.g.model.tau_m)
    assert_array_equal(again.g.neuron_position, net.g.neuron_position)
    if weights:
        sj.load_weights(tmp_path / "net.safetensors", sj.build(again, dt=1.0))


def test_a_missing_array_is_named(tmp_path):
    net = arrayed()
    sj.save_network(tmp_path / "a.json", net)
    tables = json.loads((tmp_path / "a.json").read_text())
    tables["groups"]["g"]["tau_m"]["array"] = "network.groups.g.tau_n"
    (tmp_path / "a.json").write_text(json.dumps(tables))
    with pytest.raises(ValueError, match=r"groups\.g\.tau_m\.array: unknown array 'network\.groups\.g\.tau_n': did you mean"):
        sj.load_network(tmp_path / "a.json")
    (tmp_path / "a.safetensors").unlink()
    with pytest.raises(ValueError, match=r"a\.json: there is no file '.*a\.safetensors'"):
        sj.load_network(tmp_path / "a.json")
    with pytest.raises(ValueError, match="unknown array"):
        from_dict(tables)


@element
class Threshold(Element):
    """An element that nothing but this file knows of."""

    target: NeuronGroup
    level: float = 1.0
    sides: tuple[Literal["left", "right"], ...] = ()
    others: tuple[tuple[NeuronGroup, str], ...] = ()
    bounds: tuple[float | None, float | None] = (0.0, None)
    mask: np.ndarray | None = None
    surrogate: sj.surrogate.Surrogate | str = "atan"
    on: bool = dataclasses.field(default=True, kw_only=True)


def test_a_new_element_needs_nothing_of_the_text_form(monkeypatch, tmp_path):
    monkeypatch.setitem(ELEMENTS, "thresholds", Threshold)
    with sj.Network() as net:
        a, b = sj.NeuronGroup(2), sj.NeuronGroup(3)
        Threshold(
            b, 0.1, ("left", "right"), ((a, "V"), (b, "O")), (None, 2.0), np.eye(2), sj.surrogate.STCA(alpha=0.5), on=False,
            name="t",
        )
        Threshold(a, name="plain")
    assert a.name is None
    sj.save_network(tmp_path / "net.toml", net)
    for again in (sj.load_network(tmp_path / "net.toml"), from_dict(json.loads(json.dumps(to_dict(net))))):
        one = again.t
        assert one.target is again.b and one.others == ((again.a, "V"), (again.b, "O"))
        for field in ("level", "sides", "bounds", "surrogate", "on"):
            assert getattr(one, field) == getattr(net.t, field)
            assert getattr(again.plain, field) == getattr(net.plain, field)
        assert_array_equal(one.mask, np.eye(2))
        assert again.plain.mask is None
    tables = to_dict(net)
    for key, value, sentence in (
        ("levle", 1.0, "unknown key 'levle': did you mean 'level'"), ("level", "high", "a number is needed, not 'high'"),
        ("on", 1, "true or false is needed, not 1"), ("bounds", [2.0, 1.0], r"a list \[lowest, highest\] of numbers in order"),
        ("target", "c", "unknown member 'c'"), ("sides", "left", "a list of names is needed"),
        ("others", [["a"]], "a list of 2 values is needed"),
    ):
        bad = json.loads(json.dumps(tables))
        bad["thresholds"]["t"][key] = value
        with pytest.raises(ValueError, match=rf"network\.thresholds\.t\.{key}[.0-9]*: {sentence}"):
            from_dict(bad)
    edited = sj.edit.replace(net, "b", sj.NeuronGroup(3))
    assert edited.t.target is edited.b and edited.t.others[1][0] is edited.b


@dataclasses.dataclass(frozen=True)
class Towards(Rule):
    """A rule that does nothing."""

    rate: float = 0.1
    traces: tuple[float, ...] = (20.0, 40.0)
    bounds: tuple[float | None, float | None] = (None, None)

    def lower(self, site, context):
        return Fragment()


def plastic() -> sj.Network:
    with sj.Network() as net:
        a, b = sj.NeuronGroup(2), sj.NeuronGroup(3)
        with sj.Assembly() as part:
            c = sj.NeuronGroup(3)
        first = sj.Connection(a, b, plasticity=[Towards(rate=0.5, bounds=(0.0, None)), Towards()])
        sj.Connection(a, c, name="second", shared=first)
        sj.Projection(part, b, name="many", plasticity=Towards(traces=(1.0,)))
    assert c.name is None
    return net


def test_rules_are_written_and_read(monkeypatch, tmp_path):
    monkeypatch.setitem(RULES, "towards", Towards)
    net = plastic()
    for suffix in (".toml", ".json"):
        sj.save_network(tmp_path / f"net{suffix}", net)
        again = sj.load_network(tmp_path / f"net{suffix}")
        for name in ("first", "second", "many"):
            assert again[name].plasticity == net[name].plasticity
        assert again.second.shared is again.first
        assert sj.edit.expand(again)["many/c->b"].plasticity == (Towards(traces=(1.0,)),)
    tables = to_dict(net)
    assert tables["connections"]["first"]["plasticity"][0] == {
        "rule": "towards", "batch": "sum", "rate": 0.5, "traces": [20.0, 40.0], "bounds": [0.0, np.inf],
    }
    assert "plasticity" not in tables["connections"]["second"]
    tables["connections"]["first"]["plasticity"] = [{"rule": "toward"}]
    with pytest.raises(ValueError, match=r"first\.plasticity\.0\.rule: unknown learning rule 'toward': did you mean 'towards'"):
        from_dict(tables)


def test_a_rule_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"^network\.connections\.first\.plasticity\.0: Towards has no name in the table spaic_jax\.plasticity\.RULES: "):
        to_dict(plastic())


@dataclasses.dataclass(frozen=True)
class Narrow(TriangleGrad):
    """A surrogate that is in no table."""


def test_a_network_with_a_class_of_ones_own_says_how_it_is_saved(tmp_path):
    with sj.Network() as net:
        sj.NeuronGroup(2, model="lif", surrogate=Narrow(alpha=0.3), name="layer")
    with pytest.raises(ValueError) as told:
        sj.save_network(tmp_path / "net.toml", net)
    told = str(told.value)
    assert "network.groups.layer.surrogate: Narrow has no name in the table spaic_jax.surrogate.SURROGATES" in told
    assert "spaic_jax.save_weights" in told and sj.save_weights
    # What the sentence says is enough, word by word.
    (line,) = re.findall(r"(SURROGATES\[.*?\] = \w+)", told)
    try:
        exec(line, {"SURROGATES": SURROGATES, "Narrow": Narrow})
        sj.save_network(tmp_path / "net.toml", net)
        assert sj.load_network(tmp_path / "net.toml")["layer"].model.surrogate == Narrow(alpha=0.3)
    finally:
        SURROGATES.pop("narrow")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.what)
def test_the_table_of_a_family_is_where_it_says(family):
    package, _, name = family.where.rpartition(".")
    assert getattr(importlib.import_module(package), name) is family.table


def test_what_was_said_is_kept():
    """Also where it is what another link would do by itself, or an object in place of a name."""
    with sj.Network() as net:
        x, g = sj.Encoder(shape=(1, 4, 4)), sj.NeuronGroup(shape=(1, 4, 4))
        sj.Connection(x, g, "pool", syn_type=[Pool.own], name="plain")
        sj.Connection(x, g, "pool", name="usual")
        sj.Connection(x, g, Full(storage=Masked()), name="stored")
        sj.Connection(x, g, syn_type=["dropout", "basic", "1_order_synapse"], tau=3.0, name="chain")
    again = from_dict(to_dict(net))
    for name in ("plain", "usual", "stored", "chain"):
        assert again[name].chain.label == net[name].chain.label
    assert again["stored"].link.storage == Masked() and again["chain"].chain.after[0].tau == 3.0
    assert to_dict(again) == to_dict(net)


def test_settings_by_name_stand_beside():
    """What a hand-written file may say: names of synapse types, with settings beside them."""
    tables = to_dict(arrayed())
    tables["connections"]["w"] |= {"syn_type": ["1_order_synapse", "basic"], "tau": 7.0}
    assert from_dict(tables)["w"].chain.before[0].tau == 7.0
    tables["connections"]["w"]["tauu"] = 7.0
    with pytest.raises(ValueError, match=r"connections\.w\.tauu: unknown key 'tauu': did you mean 'tau'"):
        from_dict(tables)


def test_declaring_knows_of_nothing_that_comes_later():
    for file in Path(networks.__file__).parent.rglob("*.py"):
        lines = [line for line in file.read_text().splitlines() if line.startswith(("from spaic_jax", "import spaic_jax"))]
        later = ("storage", "edit", "lowering", "plan", "run", "train", "cli", "plot")
        assert not [line for line in lines if line.split()[1].split(".")[1] in later], file
