"""Misuse of the Python interface: ValueError or TypeError, one sentence that names what is meant."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax import train

NAN, INF = float("nan"), float("inf")
KEY = jax.random.key(0)


def network(**settings):
    with sj.Network() as net:
        net.image = sj.Encoder(num=4, coding_method="constant_current")
        net.layer = sj.NeuronGroup(3, model="lif")
        net.into = sj.Connection(net.image, net.layer, **settings)
        net.counts = sj.Decoder(dec_target=net.layer)
    return net


@pytest.fixture(scope="module")
def sim():
    return sj.build(network(), dt=1.0)


def link(**settings):
    return lambda sim: sj.build(network(**settings), dt=1.0).init(KEY)


def group(*args, **settings):
    return lambda sim: sj.NeuronGroup(*args, **settings)


def run(inputs=None, **settings):
    given = {"image": np.ones((1, 4), np.float32)} if inputs is None else inputs
    return lambda sim: sim.run(sim.init(KEY), given, **{"steps": 2, **settings})


DATA = sj.data.Dataset({"image": np.ones((8, 4), np.float32)}, np.arange(8) % 3)


def fit(loss="count_cross_entropy", optimizer=None, data=DATA, **settings):
    how = {"epochs": 1, "batch_size": 4, "key": KEY, "steps": 2, "progress": False, **settings}
    return lambda sim: train.fit(sim, loss, optax.sgd(0.1) if optimizer is None else optimizer, data, **how)


def dataset(inputs, labels=None, **settings):
    return lambda sim: sj.data.Dataset(inputs, labels, **settings)


ONES = np.ones((8, 4), np.float32)
RAGGED = [[1.0, 2.0], [3.0]]
MISUSES = {
    # What is declared.
    "num none": (group(None), "num"), "num zero": (group(0), "num"), "num true": (group(True), "num"), "num half": (group(1.5), "num"),
    "num text": (group("3"), "num"), "num huge": (group(10**30), "num"), "model none": (group(3, model=5), "model"),
    "model unknown": (group(3, model="liff"), "lif"), "shape nested": (group(shape=((2,),)), "size"), "shape empty": (group(shape=(-1,)), "size"),
    "tau nan": (group(3, model="lif", tau_m=NAN), "tau_m"), "tau zero": (group(3, model="lif", tau_m=0.0), "tau_m"),
    "tau text": (group(3, model="lif", tau_m="ten"), "tau_m"), "tau huge": (group(3, model="lif", tau_m=1e308), "tau_m"), "tau none": (group(3, model="lif", tau_m=None), "tau_m"),
    "v_th inf": (group(3, model="lif", v_th=INF), "v_th"), "v_th true": (group(3, model="lif", v_th=True), "v_th"),
    "setting unknown": (group(3, model="lif", tau=1.0), "tau"), "reset unknown": (group(3, model="lif", reset="hardd"), "hard"),
    "surrogate unknown": (group(3, model="lif", surrogate="atann"), "atan"), "surrogate number": (group(3, model="lif", surrogate=3), "surrogate"),
    "encoder none": (lambda sim: sj.Encoder(num=None), "num"), "encoder method": (lambda sim: sj.Encoder(num=2, coding_method="poison"), "poisson"),
    "encoder method none": (lambda sim: sj.Encoder(num=2, coding_method=7), "encoder"),
    "generator": (lambda sim: sj.Generator(2, coding_method="nope"), "nope"),
    "pre text": (lambda sim: sj.Connection("image", sj.NeuronGroup(2)), "pre"),
    "post none": (lambda sim: sj.Connection(sj.NeuronGroup(2), None), "post"),
    "decoder none": (lambda sim: sj.Decoder(dec_target=None), "target"),
    "monitor": (lambda sim: sj.StateMonitor(None, "V"), "StateMonitor"),
    "monitor every": (lambda sim: sj.StateMonitor(sj.NeuronGroup(2), "V", every=0), "every"),
    # Weights and delays.
    "w_mean nan": (link(w_mean=NAN), "w_mean"), "w_mean inf": (link(w_mean=INF), "w_mean"), "w_mean none": (link(w_mean=None), "w_mean"), "w_mean text": (link(w_mean="a"), "w_mean"), "w_std none": (link(w_std=None), "w_std"),
    "w_std negative": (link(w_std=-1.0), "w_std"), "w_std nan": (link(w_std=NAN), "w_std"), "w_std true": (link(w_std=True), "w_std"),
    "weight nan": (link(weight=np.full((3, 4), NAN, np.float32)), "weight[0, 0]"), "weight inf": (link(weight=np.full((3, 4), INF, np.float32)), "weight[0, 0]"),
    "weight shape": (link(weight=np.ones((4, 3), np.float32)), "into"), "weight text": (link(weight="big"), "initial value"),
    "weight complex": (link(weight=np.ones((3, 4)) * 1j), "initial value"),
    "weight ragged": (link(weight=RAGGED), "weight must be an array, but its rows"), "bias ragged": (link(bias=RAGGED), "bias"),
    "delay ragged": (link(delay=RAGGED), "delay"), "input ragged": (run({"image": RAGGED}), "input 'image' must be an array"),
    "set ragged": (lambda sim: sim.set(sim.init(KEY), {"layer.V": RAGGED}), "layer.V"),
    "dataset ragged": (dataset({"image": RAGGED}, [0, 1]), "input 'image' must be an array"), "labels ragged": (dataset({"image": ONES}, RAGGED), "labels"),
    "lengths ragged": (dataset({"image": ONES}, lengths=RAGGED), "lengths"), "taken ragged": (lambda sim: DATA.take(RAGGED), "samples"),
    "loss ragged": (lambda sim: train.count_cross_entropy(RAGGED, [0, 1]), "counts"), "scores ragged": (lambda sim: train.accuracy(RAGGED, [0, 1]), "scores"),
    "index ragged": (lambda sim: sj.StateMonitor(sj.NeuronGroup(2), "V", index=RAGGED), "index"),
    "weight of none": (link(weight=[[None] * 4] * 3), "initial value"),
    "w_min above w_max": (link(w_min=1.0, w_max=0.0), "w_m"), "w_min nan": (link(w_min=NAN), "w_min"), "bias nan": (link(bias=NAN), "bias"),
    "density": (link(link_type="sparse", density=2.0), "density"), "density nan": (link(link_type="sparse", density=NAN), "density"),
    "link unknown": (link(link_type="fulll"), "full"), "link number": (link(link_type=3), "link"),
    "delay nan": (link(delay=NAN), "delay"), "delay negative": (link(delay=-1.0), "delay"), "delay text": (link(delay="long"), "delay"),
    "delay part of a step": (link(delay=0.3), "delay"), "delay huge": (link(delay=1e30), "delay"), "delay true": (link(delay=True), "delay"),
    "plasticity": (link(plasticity="stdpp"), "stdp"), "plasticity number": (link(plasticity=3), "plasticity"),
    "syn_type": (link(syn_type="basic"), "syn_type"), "syn_type unknown": (link(syn_type=["basicc"]), "basic"),
    "propagation": (link(propagation="now"), "now"), "parameter_variables": (link(parameter_variables=3), "parameter_variables"),
    # Building and running.
    "dt true": (lambda sim: sj.build(network(), dt=True), "dt"), "dt zero": (lambda sim: sj.build(network(), dt=0), "dt"),
    "dt nan": (lambda sim: sj.build(network(), dt=NAN), "dt"), "dt text": (lambda sim: sj.build(network(), dt="1"), "dt"), "dt inf": (lambda sim: sj.build(network(), dt=INF), "dt"),
    "no network": (lambda sim: sj.build(None, dt=1.0), "Network"), "plan": (lambda sim: sj.build(network(), dt=1.0, plan="fast"), "plan"),
    "precision": (lambda sim: sj.build(network(), dt=1.0, precision="high-ish"), "precision"),
    "key number": (lambda sim: sim.init(0), "key"), "key none": (lambda sim: sim.init(None), "key"), "key text": (lambda sim: sim.init("0"), "key"),
    "key array": (lambda sim: sim.init(jnp.ones(3)), "key"), "keys": (lambda sim: sim.init(jax.random.split(KEY)), "key"),
    "run key": (run(key=3), "key"), "run key text": (run(key="a"), "key"),
    "batch zero": (lambda sim: sim.init(KEY, 0), "batch_size"), "batch true": (lambda sim: sim.init(KEY, True), "batch_size"),
    "batch half": (lambda sim: sim.init(KEY, 1.5), "batch_size"), "steps zero": (run(steps=0), "steps"), "steps half": (run(steps=1.5), "steps"),
    "steps none": (run(steps=None), "steps"), "steps true": (run(steps=True), "steps"), "no variables": (lambda sim: sim.run(None, {"image": ONES}, steps=2), "Variables"),
    "input name": (run({"imag": ONES[:1]}), "image"), "input shape": (run({"image": ONES[:1, :3]}), "image"),
    "input nan": (run({"image": ONES[:1] * NAN}), "image"), "input none": (run({"image": None}), "image"),
    "input text": (run({"image": [["a"] * 4]}), "image"), "input batch": (run({"image": ONES[:2]}), "image"), "inputs list": (run([ONES]), "inputs"),
    "set name": (lambda sim: sim.set(sim.init(KEY), {"layer.v": 0.0}), "layer.V"),
    "set none": (lambda sim: sim.set(sim.init(KEY), {"layer.V": None}), "layer.V"),
    "set text": (lambda sim: sim.set(sim.init(KEY), {"layer.V": "a"}), "layer.V"),
    "set shape": (lambda sim: sim.set(sim.init(KEY), {"layer.V": np.ones((7,), np.float32)}), "layer.V"),
    "duration": (lambda sim: sim.steps(NAN), "duration"), "memory": (lambda sim: sim.memory(-1), "steps"),
    # Data and training.
    "dataset empty": (dataset({}), "input"), "dataset lengths": (dataset({"image": ONES}, np.zeros(7, int)), "labels"),
    "dataset none": (dataset({"image": None}), "image"),
    "dataset of no mapping": (dataset(ONES), "inputs"), "split": (lambda sim: DATA.split(2.0), "share"), "split nan": (lambda sim: DATA.split(NAN), "share"),
    "loss number": (fit(loss=3), "loss"), "loss none": (fit(loss=None), "loss"), "loss unknown": (fit(loss="crossentropy"), "loss"),
    "callback": (fit(on_epoch="print"), "on_epoch"), "callback number": (fit(on_epoch=3), "on_epoch"), "augment": (fit(augment=3), "augment"),
    "optimizer text": (fit(optimizer="adam"), "optimizer"), "epochs": (fit(epochs=-1), "epochs"), "epochs true": (fit(epochs=True), "epochs"),
    "epochs half": (fit(epochs=0.5), "epochs"), "batch": (fit(batch_size=0), "batch_size"), "batch too large": (fit(batch_size=9), "batch_size"),
    "fit key": (fit(key=0), "key"), "fit key none": (fit(key=None), "key"), "fit data": (fit(data=None), "data"),
    "fit data array": (fit(data=ONES), "data"), "fit decoder": (fit(decoder="count"), "counts"), "fit gradient": (fit(gradient="bppt"), "bptt"),
    "fit gradient number": (fit(gradient=3), "gradient"), "fit compute": (fit(compute="float8"), "float16"), "fit test": (fit(test=ONES), "test"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_a_sentence_names_it(name, sim):
    misuse, named = MISUSES[name]
    with pytest.raises((ValueError, TypeError)) as caught:
        misuse(sim)
    said = str(caught.value)
    assert named in said and "\n" not in said and said.endswith("."), said
    assert not isinstance(caught.value, UnicodeError)
