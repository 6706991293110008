"""Networks as dictionaries."""

import dataclasses
import json
import tomllib
from typing import Any

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.lowering import lower
from spaic_jax.network import ELEMENTS
from spaic_jax.neurons import LIF, NEURONS
from spaic_jax.plasticity import STDP
from spaic_jax.program import Normal, Uniform
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.surrogate import STCA, SURROGATES
from spaic_jax.synapses import Full


def everything() -> sj.Network:
    with sj.Network() as net:
        image = sj.Encoder(shape=(2, 2), coding_method="poisson", unit_conversion=0.5)
        drive = sj.Encoder(num=3, coding_method="spikes")
        hidden = sj.NeuronGroup(
            3, model="lif", tau_m=np.array([5.0, 6.0, 7.0], np.float32), surrogate=STCA(alpha=0.5), reset="soft",
            parameter_variables=["tau_m"], varible_ranges={"tau_m": (1.0, None)},
        )
        out = sj.NeuronGroup(4, model="clif")
        sj.Generator(4, "sin", name="hum", dec_target=out, amp=np.arange(4, dtype=np.float32), period=50.0)
        sj.Connection(image, hidden, weight=np.arange(12, dtype=np.float32).reshape(3, 4), bias=Uniform(-1.0, 1.0))
        sj.Connection(hidden, out, weight=Normal(0.0, 0.3), w_min=-0.5, is_parameter=False)
        sj.Connection(drive, hidden, w_std=0.2)
        sj.Decoder(name="decision", dec_target=out, coding_method="spike_rate", pop_size=2)
        reward = sj.Reward(dec_target=out, pop_size=2, dec_sample_step=None)
        sj.StateMonitor(reward, "reward", name="rewards")
        sj.Action(2, dec_target=out, name="action", coding_method="softmax_action", temperature=2.0)
        sj.StateMonitor(hidden, "V", name="voltage", every=2)
        sj.StateMonitor(hidden, "O", name="mean", reduce="mean")
        sj.SpikeMonitor(out, name="spikes")
        with sj.Assembly(neuron_type=["cortex", "left"]) as cortex:
            with sj.Assembly() as layer:
                inner = sj.NeuronGroup(2, model="if", neuron_type="excitatory")
                sj.Connection(image, inner, name="in")
            other = sj.NeuronGroup(2, model="if")
            sj.Projection(cortex, layer, name="within", w_std=0.3)
            sj.StateMonitor(inner, "V", name="deep")
        chosen = sj.IncludedTypePolicy("excitatory") & sj.ExcludedTypePolicy(post_types=["cortex"], level=0)
        sj.Projection(cortex, out, [chosen, sj.IndexConnectPolicy([0, (1, 0)], [0, 0])], name="across", is_parameter=False)
        drives = sj.Projection(image, other, name="drives")
        sj.Learner(drives, "stdp", name="local", a_plus=0.02)
        sj.Learner([net, out], "sbp", cortex, surrogate_func="triangle", name="gradient")
        unused = sj.NeuronGroup(3)
    assert unused.name is None
    return sj.edit.hide(net, "unused", "cortex/deep")


def test_round_trip_of_everything() -> None:
    net = everything()
    tables = to_dict(net)
    assert list(tables) == ["hidden", *ELEMENTS, "assemblies"]
    again = from_dict(tables)
    assert to_dict(again) == tables
    assert lower(again, 1.0) == lower(net, 1.0)


def test_round_trip_through_a_file_gives_the_same_run(key: jax.Array) -> None:
    net = everything()
    tables = json.loads(json.dumps(to_dict(net)))
    inputs = {"image": np.ones((5, 2, 2, 2)), "drive": np.ones((5, 2, 3)), "reward": np.array([0, 1])}
    results = []
    for network in (net, from_dict(tables)):
        sim = sj.build(network, dt=1.0)
        results.append(sim.run(sim.init(key, 2), inputs, key))
    for one, other in zip(*map(jax.tree.leaves, results), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("name", NEURONS)
def test_every_model_has_a_form(name: str) -> None:
    with sj.Network() as net:
        group = sj.NeuronGroup(2, model=name)
    row = to_dict(net)["groups"]["group"]
    assert NEURONS[row["model"]] is NEURONS[name]
    assert from_dict({"groups": {"group": row}}).members["group"].model.choices() == group.model.choices()


@pytest.mark.parametrize("name", SURROGATES)
def test_every_surrogate_has_a_form(name: str) -> None:
    with sj.Network() as net:
        group = sj.NeuronGroup(2, model="cubalif", surrogate=name)  # the one model that takes each of them
    again = from_dict(to_dict(net)).members["group"]
    assert again.model.surrogate == group.model.surrogate  # type: ignore[attr-defined]
    plain = from_dict({"groups": {"group": {"num": 2, "model": "cubalif", "surrogate": name}}}).members["group"]
    assert plain.model.surrogate == group.model.surrogate  # type: ignore[attr-defined]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class OwnModel(LIF):
    """A model that is in no table."""


def test_what_has_no_name_is_refused() -> None:
    net = sj.Network()
    net.add("own", sj.NeuronGroup(2, model=OwnModel()))
    with pytest.raises(ValueError, match=r"network\.groups\.own\.model: OwnModel has no name in the table spaic_jax\.neurons\.NEURONS"):
        to_dict(net)
    with pytest.raises(ValueError, match="unknown initial value 'heavy'"):
        Full(weight="heavy")
    other = sj.Network()
    layer = sj.NeuronGroup(2, model="lif")
    other.add("layer", layer)
    other.add("to_itself", sj.Connection(layer, layer, Full(weight="xavier_normal")))
    assert to_dict(other)["connections"]["to_itself"]["weight"] == {"initial": "xavier_normal", "gain": 1.0}


GOOD = """
[encoders.image]
num = 4
[groups.hidden]
num = 3
model = "lif"
[connections.synapses]
pre = "image"
post = "hidden"
[decoders.counts]
dec_target = "hidden"
[monitors.seen]
kind = "spikes"
target = "hidden"
"""


def test_toml() -> None:
    net = from_dict(tomllib.loads(GOOD))
    assert list(net.members) == ["image", "hidden", "synapses", "counts", "seen"]


@pytest.mark.parametrize("said", ["stdp", ["stdp"], [{"rule": "stdp"}]])
def test_a_rule_by_its_name(said: Any) -> None:
    tables = tomllib.loads(GOOD)
    tables["connections"]["synapses"]["plasticity"] = said
    assert from_dict(tables)["synapses"].plasticity == (STDP(),)


@pytest.mark.parametrize(
    "path, value, sentence",
    [
        ("groups.hidden.tau_mm", 3.0, "network.groups.hidden.tau_mm: unknown key 'tau_mm': did you mean 'tau_m'?"),
        ("groups.hidden.tau_m", -1.0, "network.groups.hidden: LIF: tau_m must be positive, not -1.0."),
        ("groups.hidden.tau_m", "slow", "network.groups.hidden.tau_m: a number is needed, not 'slow'."),
        ("groups.hidden.tau_m", [1.0, 2.0], "network.groups.hidden: NeuronGroup of shape (3,): tau_m has shape (2,)"),
        ("groups.hidden.tau_m", [[1.0], 2.0], "network.groups.hidden.tau_m: an array needs rows of numbers"),
        ("groups.hidden.tau_m", [1.0, 2.0, 1e39], "network.groups.hidden.tau_m: an array needs rows of numbers of float32"),
        ("groups.hidden.num", "many", "network.groups.hidden.num: a whole number is needed, not 'many'."),
        ("groups.hidden.num", 0, "network.groups.hidden: a NeuronGroup needs positive whole numbers"),
        ("groups.hidden.shape", 3, "network.groups.hidden.shape: a list of whole numbers is needed, not 3."),
        ("groups.hidden.model", "lifff", "network.groups.hidden.model: unknown model 'lifff': did you mean 'lif'?"),
        ("groups.hidden.model", 3, "network.groups.hidden.model: unknown model 3"),
        ("groups.hidden.reset", "sft", "network.groups.hidden: LIF: unknown reset 'sft': did you mean 'soft'?"),
        ("groups.hidden.surrogate", "atn", "network.groups.hidden: unknown surrogate 'atn'"),
        ("groups.hidden.surrogate", {"alpha": 1.0}, "network.groups.hidden.surrogate.name is missing."),
        ("groups.hidden.surrogate", {"name": "atan", "beta": 1.0}, "network.groups.hidden.surrogate.beta: unknown key 'beta'"),
        ("groups.hidden.parameter_variables", "tau_m", "parameter_variables: a list of names is needed, not 'tau_m'."),
        ("groups.hidden.varible_ranges", {"tau_m": [2.0, 1.0]}, "network.groups.hidden.varible_ranges.tau_m: a list"),
        ("groups.hidden", 3, "network.groups.hidden: a table is needed, not 3."),
        ("groups", [], "network.groups: a table is needed, not []."),
        ("grops", {}, "network.grops: unknown table 'grops': did you mean 'groups'?"),
        ("connections.synapses.pre", "imge", "network.connections.synapses.pre: unknown member 'imge': did you mean"),
        ("connections.synapses.pre", ["image"], "network.connections.synapses.pre: a name is needed"),
        ("connections.synapses.post", "image", "network.connections.synapses: Connection: post must be a NeuronGroup"),
        ("connections.synapses.post", None, "network.connections.synapses.post is missing."),
        ("connections.synapses.link_type", "fill", "network.connections.synapses.link_type: unknown link_type 'fill'"),
        ("connections.synapses.w_std", "wide", "network.connections.synapses.w_std: a number is needed, not 'wide'."),
        ("connections.synapses.w_std", [0.1], "network.connections.synapses.w_std: a number is needed, not [0.1]."),
        ("connections.synapses.is_parameter", 1, "is_parameter: true or false is needed, not 1."),
        ("connections.synapses.weight", {"initial": "norml"}, "synapses.weight.initial: unknown initial value 'norml'"),
        ("connections.synapses.weight", {"initial": "normal", "sd": 1}, "synapses.weight.sd: unknown key 'sd'"),
        ("connections.synapses.weight", {"initial": "normal", "std": "a"}, "synapses.weight.std: a number is needed, not 'a'."),
        ("encoders.image.coding_method", "poison", "network.encoders.image.coding_method: unknown coding_method"),
        ("encoders.image.unit_conversion", -1.0, "network.encoders.image: Poisson: unit_conversion must be a positive, finite number"),
        ("decoders.counts.num", 4, "network.decoders.counts: Decoder: num is 4, but its target has 3 neurons."),
        ("monitors.seen.kind", "spiks", "network.monitors.seen.kind: unknown kind of monitor 'spiks'"),
        ("monitors.seen.kind", [], "network.monitors.seen.kind: unknown kind of monitor []"),
        ("monitors.seen.kind", None, "network.monitors.seen.kind is missing."),
        ("monitors.seen.every", 2, "network.monitors.seen.every: unknown key 'every'"),
        ("learners", {"l": {"trainable": ["."], "algorithm": "stcaa"}}, "learners.l.algorithm: unknown algorithm 'stcaa': did you mean"),
        ("learners", {"l": {"trainable": ["."], "algorithm": "stdp", "alpha": 1.0}}, "network.learners.l.alpha: unknown key 'alpha'"),
        ("learners", {"l": {"trainable": ["."]}}, "network.learners.l.algorithm is missing."),
        ("learners", {"l": {"trainable": ["image"], "algorithm": "stdp"}}, "network.learners.l: Learner: trainable must be a Network"),
        ("connections.synapses.plasticity", ["stpd"], "plasticity.0.rule: unknown learning rule 'stpd': did you mean 'stdp'?"),
        ("connections.synapses.plasticity", "normalise", "network.connections.synapses.plasticity.total is missing."),
        ("monitors.hidden", {"kind": "spikes", "target": "hidden"}, "network.monitors.hidden: the network has two"),
    ],
)
def test_bad_tables(path: str, value: Any, sentence: str) -> None:
    tables = tomllib.loads(GOOD)
    *front, last = path.split(".")
    table = tables
    for name in front:
        table = table[name]
    if value is None:
        del table[last]
    else:
        table[last] = value
    with pytest.raises(ValueError, match=r"^network\.") as caught:
        from_dict(tables)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_not_a_table() -> None:
    with pytest.raises(ValueError, match="network: a table is needed, not 3"):
        from_dict(3)  # type: ignore[arg-type]
