"""Learners: rules and surrogate gradients said of parts of a network."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.edit import copy, delete, expand, hide, select
from spaic_jax.lowering import lower
from spaic_jax.plasticity import RULES, STDP, Normalise
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.surrogate import STBP, STCA, SURROGATES, AtanGrad, TriangleGrad


def network(**settings):
    """Two layers; the first connection of the second has fixed weights, and a projection makes one more."""
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="null")
        with sj.Assembly() as cortex:
            hidden = sj.NeuronGroup(3, model="lif", parameter_variables=["tau_m"])
            loop = sj.Connection(hidden, hidden, w_std=0.3, **settings)
        out = sj.NeuronGroup(2, model="lif")
        first = sj.Connection(image, hidden, w_mean=0.5)
        second = sj.Connection(hidden, out, w_mean=0.5)
        fixed = sj.Connection(image, out, w_mean=0.5, is_parameter=False)
        many = sj.Projection(cortex, out, w_mean=0.5)
    assert loop is net["cortex/loop"] and (first, second, fixed, many) == (net.first, net.second, net.fixed, net.many)
    return net


ALL = {"first", "second", "fixed", "cortex/loop", "many/hidden->out"}


def plastic(net):
    return {path: tuple(type(r).__name__ for r in c.plasticity) for path, c in expand(net).of_kind(sj.Connection).items() if c.plasticity}


@pytest.mark.parametrize(
    ("trainable", "reached"),
    [
        (lambda net: net, ALL - {"fixed"}),
        (lambda net: net.cortex, {"cortex/loop"}),
        (lambda net: net.out, {"second", "many/hidden->out"}),
        (lambda net: net.fixed, {"fixed"}),
        (lambda net: net.many, {"many/hidden->out"}),
        (lambda net: [net.first, net["cortex/loop"], net.cortex], {"first", "cortex/loop"}),
    ],
)
def test_a_rule_reaches_connections(trainable, reached):
    net = network()
    net.zzz = sj.Learner(trainable(net), "stdp", a_plus=0.02)
    assert plastic(net) == dict.fromkeys(reached, ("STDP",))
    built = expand(net)
    assert not built.of_kind(sj.Learner) and net.first.plasticity == ()
    assert {c.plasticity for c in built.of_kind(sj.Connection).values()} <= {(), (STDP(a_plus=0.02),)}
    sim = sj.build(net, dt=1.0)
    assert {v.name for v in sim.program.of_role("plastic")} == {f"{path}.weight" for path in reached}
    assert "cortex/hidden.tau_m" in {v.name for v in sim.program.of_role("parameter")}


def test_it_is_what_plasticity_says():
    said, learned = network(plasticity=[STDP(), Normalise(total=3.0)]), network()
    learned.add("aaa", sj.Learner(learned.cortex, STDP()))
    learned.add("zzz", sj.Learner(learned["cortex/loop"], "normalise", total=3.0))
    assert lower(said, 1.0) == lower(learned, 1.0)


def test_a_connection_that_shares_learns_with_the_first():
    net = network()
    net.other = sj.NeuronGroup(3, model="lif")
    net.third = sj.Connection(net.image, net.other, shared=net.first)
    net.l = sj.Learner(net.third, "stdp")
    assert plastic(net) == {"first": ("STDP",), "third": ("STDP",)}
    built = expand(net)
    assert built.third.shared is built.first
    assert [v.name for v in lower(net, 1.0).of_role("plastic")] == ["first.weight"]


def test_a_surrogate_gradient_and_what_is_trained():
    net = network()
    net.l = sj.Learner(net.out, "STCA", pathway=net.cortex, alpha=0.7)
    net.counts = sj.Decoder(dec_target=net.out)
    built = expand(net)
    assert built.out.model.surrogate == built["cortex/hidden"].model.surrogate == STCA(alpha=0.7)
    sim = sj.build(net, dt=1.0)
    variables = sim.init(jax.random.key(0), 2)
    assert set(variables.params) == {"second.weight", "many/hidden->out.weight"}
    assert {"first.weight", "cortex/loop.weight", "cortex/hidden.tau_m"} <= set(variables.constants)
    x = {"image": (np.random.default_rng(0).random((30, 2, 4)) < 0.6).astype(np.float32)}

    def total(params):
        return sim.run(variables.with_params(params), x).outputs["counts"].sum()

    assert all(float(jnp.abs(slope).max()) > 0 for slope in jax.grad(total)(variables.params).values())


@pytest.mark.parametrize(
    ("given", "settings", "surrogate"),
    [
        ("sbp", {}, AtanGrad()),
        ("SurrogateBP", {"surrogate_func": "triangle"}, TriangleGrad()),
        ("sbp", {"surrogate_func": STCA()}, STCA()),
        ("stbp", {"alpha": 0.3}, STBP(alpha=0.3)),
        (TriangleGrad(), {}, TriangleGrad()),
    ],
)
def test_surrogates_by_name(given, settings, surrogate):
    net = network()
    net.l = sj.Learner(net, given, **settings)
    assert {group.model.surrogate for group in expand(net).of_kind(sj.NeuronGroup).values()} == {surrogate}
    names = {v.name for v in lower(net, 1.0).of_role("parameter")}
    assert names == {v.name for v in lower(network(), 1.0).of_role("parameter")}


def test_some_learn_by_rule_and_the_rest_by_gradient():
    net = network()
    net.local = sj.Learner(net.first, "stdp")
    net.gradient = sj.Learner(net, "stca")
    program = lower(net, 1.0)
    assert {v.name for v in program.of_role("plastic")} == {"first.weight"}
    assert {v.name for v in program.of_role("parameter")} == {f"{p}.weight" for p in ALL - {"first", "fixed"}} | {"cortex/hidden.tau_m"}


@pytest.mark.parametrize("trainable", ["first", "second"])
def test_the_bias_of_plastic_weights(trainable):
    """It is trained where a gradient learner reaches its connection, and where there is none."""
    net = network()
    net.hid = sj.NeuronGroup(2, model="lif")
    net.biased = sj.Connection(net.image, net.hid, bias=np.zeros(2), plasticity="stdp")
    names = {v.name for v in lower(net, 1.0).of_role("parameter")}
    assert "biased.bias" in names and "biased.weight" not in names
    net.add("l", sj.Learner([net[trainable], *([net.hid] if trainable == "second" else [])], "stca"))
    names = {v.name for v in lower(net, 1.0).of_role("parameter")}
    assert names == {f"{trainable}.weight"} | ({"biased.bias"} if trainable == "second" else set())


def test_names_of_rules_and_of_surrogates_differ():
    assert not set(RULES) & set(SURROGATES)


def test_text_and_edits():
    net = network()
    net.local = sj.Learner([net.first, net.many], "stdp", a_plus=0.02)
    net.all = sj.Learner(net, "sbp", surrogate_func="triangle")
    assert str(net).splitlines()[-2:] == ["  local   Learner STDP of first, many", f"  all     Learner TriangleGrad of {net!r}"]
    row = to_dict(net)["learners"]
    assert row["local"]["trainable"] == ["first", "many"] and row["local"]["algorithm"] == "stdp" and row["local"]["a_plus"] == 0.02
    assert row["all"]["trainable"] == ["."] and row["all"]["algorithm"] == "trianglegrad"
    again = from_dict(to_dict(net))
    assert to_dict(again) == to_dict(net) and lower(again, 1.0) == lower(net, 1.0)
    twin = copy(net)
    assert twin.all.trainable == (twin,) and twin.local.trainable == (twin.first, twin.many)
    assert lower(twin, 1.0) == lower(net, 1.0)
    fewer = delete(net, "many")
    assert fewer.local.trainable == (fewer.first,) and plastic(fewer) == {"first": ("STDP",)}
    assert plastic(hide(net, "local")) == {} and plastic(hide(net, "first")) == {"many/hidden->out": ("STDP",)}
    assert "local" not in delete(net, "first", "many")
    assert list(select(net, "image", "cortex", "out", "first", "many", "local").of_kind(sj.Learner)) == ["local"]


@pytest.mark.parametrize(
    ("declare", "sentence"),
    [
        (lambda net: [sj.Learner(net.hid, "stdp")],
         "learner 'l0': the rule STDP needs connections with weights that may change, but 'hid' has none."),
        (lambda net: [sj.Learner(net.first, "stdp"), sj.Learner(net["cortex/loop"], "stdp")],
         "connection 'cortex/loop' has the rule STDP as its plasticity, and learner 'l1' gives it STDP: say both in one place."),
        (lambda net: [sj.Learner(net.first, Normalise(total=1.0)), sj.Learner(net.out, Normalise(total=2.0)),
                      sj.Learner([net.many, net.first], Normalise(total=1.0))],
         "connection 'first': Normalise and Normalise both fix the sum of the weights onto a neuron, which only one rule can."),
        (lambda net: [sj.Learner(net.first, "stdp"), sj.Learner(net.first, "stca")],
         "connection 'first' learns by a rule, but learner 'l1' is to train it by gradient."),
        (lambda net: [sj.Learner(net["cortex/loop"], "stca")],
         "connection 'cortex/loop' learns by a rule, but learner 'l0' is to train it by gradient."),
        (lambda net: [sj.Learner(net.fixed, "stca")],
         "connection 'fixed' has is_parameter=False, but learner 'l0' is to train it by gradient."),
        (lambda net: [sj.Learner(net.out, "stca"), sj.Learner(net, "stbp")],
         "group 'out' cannot have two surrogate gradients: learner 'l0' gives it STCA(alpha=0.5, compat=False), learner 'l1' STBP("),
        (lambda net: [sj.Learner(net.hid, "stca")], "learner 'l0': 'hid' has no parameters that it could train."),
    ],
)
def test_contradictions(declare, sentence):
    net = network(plasticity="stdp")
    net.hid = sj.NeuronGroup(2, model="lif")
    net.f = sj.Connection(net.image, net.hid, is_parameter=False)
    for i, learner in enumerate(declare(net)):
        net.add(f"l{i}", learner)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        sj.build(net, dt=1.0)


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (("stdpp",), {}, "unknown algorithm 'stdpp': did you mean 'stdp'?"),
        (("stdp",), {"alpha": 1.0}, "unknown setting of algorithm 'stdp' 'alpha'"),
        (("normalise",), {}, "algorithm 'normalise' needs total."),
        (("stca",), {"surrogate_func": "atan"}, "Learner: surrogate_func is for the algorithm 'sbp', not for 'stca'."),
    ],
)
def test_bad_arguments(arguments, settings, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        sj.Learner(network(), *arguments, **settings)


def test_bad_parts():
    net = network()
    with pytest.raises(TypeError, match="^Learner: trainable must be a Network, an Assembly, .* not Encoder"):
        sj.Learner(net.image, "stdp")
    with pytest.raises(ValueError, match="^Learner: trainable names nothing"):
        sj.Learner([], "stdp")
    with pytest.raises(ValueError, match="^Learner: pathway is for surrogate gradients, not for the rule STDP"):
        sj.Learner(net, "stdp", pathway=net.out)
