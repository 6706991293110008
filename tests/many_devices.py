"""A program of its own, on four devices: what runs and trainings give there is what they give on one.

The devices are those of several processes, where their environment says so.
"""

import dataclasses
import functools
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import Mesh

import spaic_jax as sj
from spaic_jax.distributed import collectives

if "SLURM_PROCID" in os.environ:
    # Before anything computes, as what is imported below may.
    sj.distributed.start()

from test_contract import GAIN, classes_of

from spaic_jax.neurons import NEURONS
from spaic_jax.plan.layout import gathered
from spaic_jax.plasticity import STDP
from spaic_jax.synapses.delays import FixedDelay, LinearDelay
from spaic_jax.train import room, seeds
from spaic_jax.train.step import train_steps

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

RANDOM = np.random.default_rng(7)
DATA = Mesh(np.array(jax.devices()[:4]), ("data",))
BOTH = Mesh(np.array(jax.devices()[:4]).reshape(2, 2), ("data", "model"))
BATCH, STEPS = 8, 9


def network(model="clif", coding="poisson", **link):
    with sj.Network() as net:
        image = sj.Encoder(num=12, coding_method=coding)
        zzz = sj.NeuronGroup(48, model=model)
        aaa = sj.NeuronGroup(4, model="lif")
        net.into = sj.Connection(image, zzz, **{"w_mean": 0.4, "w_std": 0.3, **link})
        net.loop = sj.Connection(zzz, zzz, w_std=0.05)
        net.out = sj.Connection(zzz, aaa, w_mean=0.05, w_std=0.1)
        net.spikes = sj.SpikeMonitor(zzz)
        net.counts = sj.Decoder(dec_target=aaa)
    return net


def maps():
    with sj.Network() as net:
        image = sj.Encoder(shape=(2, 6, 6), coding_method="poisson")
        zzz = sj.NeuronGroup(shape=(8, 6, 6), model="lif")
        aaa = sj.NeuronGroup(4, model="lif")
        net.into = sj.Connection(image, zzz, link_type="conv", kernel_size=3, padding=1, w_mean=0.2, w_std=0.2, syn_type=["dropout", "conv", "batchnorm2d"])
        net.out = sj.Connection(zzz, aaa, w_mean=0.01, w_std=0.02)
        net.spikes = sj.SpikeMonitor(zzz)
        net.counts = sj.Decoder(dec_target=aaa)
    return net


LATE = FixedDelay(value=RANDOM.integers(0, 4, (48, 12)).astype(np.float32))
CASES = {
    "adaptive": network("alif", syn_type=["dropout", "basic"]),
    "events": network(link_type="random", probability=0.3, storage="pairs"),
    "late events": network(link_type="random", probability=0.3, storage="pairs", delay=LATE),
    "trained delays": network("lif", "bernoulli", delay=LinearDelay(max_delay=4.0)),
    "maps": maps(),
}
PLANS = {"reference": sj.Reference(), "tiled": sj.Tiled(), "tiles of 7": sj.Tiled(7)}


def host(tree):
    """Arrays that this process can read, whole."""
    return jax.tree.map(lambda x: np.asarray(gathered(x)), tree)


def both(sim, mesh):
    """What a run and its gradient give on one device and on those of a mesh, and what is compiled for it."""
    image = sim.program.by_name["image"]
    x = RANDOM.uniform(size=(BATCH, *image.shape)).astype(np.float32)
    key = jax.random.key(3)

    @jax.jit
    def step(params, variables, x):
        def loss(params):
            result = sim.run(variables.with_params(params), {"image": x}, key, STEPS)
            return (result.outputs["counts"] ** 2).mean(), result

        (value, result), slope = jax.value_and_grad(loss, has_aux=True)(params)
        return value, result.probes["spikes"], slope, result.health.spike_rate

    one = sim.init(jax.random.key(1), BATCH)
    many = sim.init(jax.random.key(1), BATCH, mesh)
    jax.tree.map(np.testing.assert_array_equal, one.values, host(many.values))
    jax.tree.map(np.testing.assert_array_equal, host(sj.place(sim, one, mesh).values), host(many.values))
    text = step.lower(many.params, many, x).compile().as_text()
    return step(one.params, one, x), host(step(many.params, many, x)), text


def compare(found, needed, close):
    np.testing.assert_array_equal(found[1], needed[1])
    np.testing.assert_allclose(found[0], needed[0], rtol=close)
    for name, slope in needed[2].items():
        np.testing.assert_allclose(found[2][name], slope, atol=close * float(np.abs(slope).max()), err_msg=name)


def check_runs(cases, plans):
    for name in cases:
        for plan in plans:
            sim = sj.build(CASES[name], dt=1.0, plan=PLANS[plan]).train()
            one, many, text = both(sim, DATA)
            assert 0 < float(np.mean(one[1])) < 1, name
            compare(many, one, 1e-5)
            found = {each: times for each, times in collectives(text).items() if not each.perhaps}
            assert {each.kind for each in found} == {"all-reduce"}, (name, plan, found)
            if plan == "tiled" and name != "late events":
                assert sum(found.values()) <= 5, (name, found)
            print(name, plan, sum(found.values()))


def check_rows():
    sim = sj.build(CASES["adaptive"], dt=1.0).train()
    one, many, _ = both(sim, BOTH)
    compare(many, one, 1e-5)
    placed = sim.init(jax.random.key(1), BATCH, BOTH)
    assert placed["into.weight"].sharding.shard_shape((48, 12)) == (24, 12)
    assert placed["zzz.V"].sharding.shard_shape((BATCH, 48)) == (4, 24)
    print("rows", float(one[0]))


def check_half():
    """Gradients in half precision, which is what they are summed in: equal but for its rounding."""
    sim = sj.build(CASES["adaptive"], dt=1.0).train()
    one, many, _ = both(dataclasses.replace(sim, program=sim.program.astype("bfloat16")), DATA)
    assert one[2]["into.weight"].dtype == "bfloat16"
    compare(many, one, float(jnp.finfo("bfloat16").eps))
    print("half", float(one[0]))


def labelled(count, shape=(12,)):
    return sj.data.Dataset({"image": RANDOM.uniform(size=(count, *shape)).astype(np.float32)}, RANDOM.integers(0, 4, count))


def same(one, many, close=1e-6):
    np.testing.assert_array_equal([row["accuracy"] for row in many.history], [row["accuracy"] for row in one.history])
    for row, other in zip(one.history, many.history, strict=True):
        np.testing.assert_allclose(row["loss"], other["loss"], rtol=1e-6)
        assert row["test_accuracy"] == other["test_accuracy"]
    for name, x in one.params.items():
        np.testing.assert_allclose(host(many.params[name]), x, atol=close, err_msg=name)


def check_training():
    sim, data, test = sj.build(CASES["adaptive"], dt=1.0), labelled(40), labelled(13)
    how = {"batch_size": BATCH, "key": jax.random.key(1), "steps": STEPS, "progress": False, "test": test}
    # By Adam, what is added to a weight whose gradient is nearly zero would be as large as any other, and its rounding too.
    optimizer, states = optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1, momentum=0.9)), []
    train = functools.partial(sj.train.fit, sim, "count_cross_entropy", optimizer, data, epochs=2)
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: compiled.append(name) if "backend_compile" in name else None)
    one, before = train(**how), sj.train.step.train_step._cache_size()
    many = train(mesh=DATA, on_epoch=lambda state, row: states.append((state, len(compiled))), **how)
    assert states[1][1] == states[0][1] > 0
    state = states[0][0]
    assert sj.train.step.train_step._cache_size() == before + 1
    same(one, many)
    tested = sj.train.evaluate(sim, many.variables, test, batch_size=BATCH, key=sj.train.evaluation_key(how["key"]), steps=STEPS, mesh=DATA)
    assert tested.accuracy == many.history[-1]["test_accuracy"]
    # What was kept on four devices is gone on with on one, and on four that share out rows too, which read their data part by part.
    assert all(len(x.devices()) == 1 for x in state.params.values())
    kept, room.room = room.room, lambda: 0
    rest = [train(mesh=mesh, start=state, **how) for mesh in (None, BOTH)]
    assert rest[1].variables["into.weight"].sharding.shard_shape((48, 12)) == (24, 12)
    for each in rest:
        for name, x in one.params.items():
            np.testing.assert_allclose(host(each.params[name]), x, atol=1e-6, err_msg=name)
    room.room = kept
    for bad in (lambda: train(mesh=DATA, **{**how, "batch_size": 6}), lambda: sim.init(how["key"], 6, DATA)):
        with pytest.raises(ValueError, match="batch_size 6 cannot be shared out evenly over the 4 devices"):
            bad()
    print("training", one.history[-1]["accuracy"])


def check_rules():
    with sj.Network() as net:
        image = sj.Encoder(num=12, coding_method="poisson")
        layer = sj.NeuronGroup(16, model="lif", v_th=3.0)
        net.synapses = sj.Connection(image, layer, w_mean=0.3, w_std=0.1, w_min=0.0, w_max=1.0, plasticity=STDP())
        net.decision = sj.Decoder(dec_target=layer, coding_method="vote", classes=4)
    sim, data = sj.build(net, dt=1.0), labelled(26)
    how = {"batch_size": BATCH, "key": jax.random.key(1), "steps": STEPS, "progress": False, "test": labelled(13), "epochs": 2}
    one, many = (sj.train.learn(sim, data, mesh=mesh, **how) for mesh in (None, DATA))
    assert float(np.abs(one.variables["synapses.weight"] - sim.init(jax.random.key(1))["synapses.weight"]).max()) > 1e-3
    np.testing.assert_allclose(host(many.variables["synapses.weight"]), one.variables["synapses.weight"], atol=1e-6)
    np.testing.assert_array_equal(host(many.variables["decision.assignment"]), one.variables["decision.assignment"])
    for row, other in zip(one.history, many.history, strict=True):
        assert [row[name] for name in ("spikes", "accuracy", "test_accuracy")] == [other[name] for name in ("spikes", "accuracy", "test_accuracy")]
    print("rules", one.history[-1]["accuracy"])


def check_models():
    """Every neuron model, by the default plan: spikes to the bit."""
    for name in classes_of(NEURONS):
        kind = NEURONS[name]
        if not kind().states():
            continue
        with sj.Network() as net:
            image = sj.Encoder(num=12, coding_method="poisson")
            zzz = sj.NeuronGroup(16, model=name)
            gain = next((GAIN[each] for each in GAIN if NEURONS[each] is kind), 1.0)
            net.into = sj.Connection(image, zzz, w_mean=0.4 * gain, w_std=0.3 * gain)
            net.seen = sj.StateMonitor(zzz, "O" if kind().spiking else next(iter(kind().states())))
        sim, x = sj.build(net, dt=0.5), RANDOM.uniform(size=(BATCH, 12)).astype(np.float32)
        run = functools.partial(sim.run, inputs={"image": x}, key=jax.random.key(3), steps=30)
        one, many = run(sim.init(jax.random.key(1), BATCH)), host(run(sim.init(jax.random.key(1), BATCH, DATA)).probes)
        if kind().spiking:
            assert 0 < float(np.mean(one.probes["seen"])) < 1, name
            np.testing.assert_array_equal(many["seen"], one.probes["seen"], err_msg=name)
        else:
            np.testing.assert_allclose(many["seen"], one.probes["seen"], rtol=1e-5, atol=1e-6, err_msg=name)
        print(name, float(np.mean(one.probes["seen"])))


def check_apart():
    """Trainings, and networks of a sweep, that each device carries out by itself."""
    with sj.Network() as net:
        image = sj.Encoder(num=12, coding_method="poisson")
        zzz = sj.NeuronGroup(4, model="lif")
        net.into = sj.Connection(image, zzz, w_mean=0.0, w_std=0.3)
        net.loop = sj.Connection(zzz, zzz, w_std=0.1, link_type="random", probability=0.5, storage="pairs")
        net.counts = sj.Decoder(dec_target=zzz)
    sim, optimizer = sj.build(net, dt=1.0, plan=sj.Reference()), optax.sgd(0.1, momentum=0.9)
    how = {"batch_size": BATCH, "steps": STEPS, "progress": False, "test": labelled(13), "epochs": 2}
    train = functools.partial(sj.train.fit_seeds, sim, "count_cross_entropy", optimizer, labelled(26), keys=jax.random.split(jax.random.key(1), 4), **how)
    stops = [lambda state, row, last=last: sj.train.STOP if row["epoch"] == last else None for last in (2, 1, 2, 2)]
    one, compiled = train(), {}

    def step(*given):
        shapes = str(jax.tree.map(jnp.shape, given[2:]))
        if shapes not in compiled:
            compiled[shapes] = train_steps.lower(*given).compile()
        return compiled[shapes](*given[2:])

    seeds.train_steps = step
    many = train(mesh=BOTH, on_epoch=stops)
    assert [len(result.history) for result in many] == [2, 1, 2, 2]
    # Three are left in the second epoch, of which the last is carried out twice.
    (only,) = compiled.values()
    assert collectives(only.as_text()) == {}
    for each, other in zip(one[:1] + one[2:], many[:1] + many[2:], strict=True):
        same(each, other)
    assert {**many[1].history[0], "seconds": 0} == pytest.approx({**one[1].history[0], "seconds": 0}, rel=1e-6)
    if sys.argv[2:] == ["streamed"]:
        room.room = lambda: 4 * 2 * 2 * BATCH * 16
        for each, other in zip(train(mesh=DATA, on_epoch=stops), many, strict=True):
            jax.tree.map(np.testing.assert_array_equal, each.state, other.state)
    with pytest.raises(ValueError, match="3 trainings cannot be shared out evenly over 4 devices"):
        train(keys=jax.random.split(jax.random.key(1), 3), mesh=DATA)

    def make(tau_m):
        with sj.Network() as net:
            image = sj.Encoder(num=12, coding_method="poisson")
            zzz = sj.NeuronGroup(16, model="lif", tau_m=tau_m)
            net.into = sj.Connection(image, zzz, w_mean=0.1, w_std=0.1)
            net.counts = sj.Decoder(dec_target=zzz)
        return sj.build(net, dt=1.0, plan=sj.Reference())

    x = RANDOM.uniform(size=(BATCH, 12)).astype(np.float32)
    swept = functools.partial(
        sj.sweep, lambda sim, variables: sim.run(variables, {"image": x}, jax.random.key(3), STEPS).outputs["counts"], make,
        {"tau_m": [2.0, 4.0, 8.0, 16.0, 32.0]}, key=jax.random.key(1), batch_size=BATCH,
    )
    one = swept()
    assert len({float(counts.sum()) for counts in one}) == 5
    np.testing.assert_array_equal(swept(mesh=DATA), one)
    print("apart", one.shape)


if __name__ == "__main__":
    assert len(jax.devices()) >= 4
    if sys.argv[1] == "runs":
        check_runs(sys.argv[2].split(","), sys.argv[3].split(","))
    else:
        {"rows": check_rows, "half": check_half, "training": check_training, "rules": check_rules, "models": check_models, "apart": check_apart}[sys.argv[1]]()
