"""A program of its own, one of several processes that share out rows: what they write is read by the test that has started them."""

import dataclasses
import errno
import os
import re
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import pytest
from jax.sharding import Mesh

import spaic_jax as sj
from spaic_jax.run import compiled
from spaic_jax.storage import _parts

BATCH, STEPS, DT, DURATION, CHUNK = 4, 6, 0.5, 32.0, 8.0
#: Momentum lies as the weights do. 12 rows are shared out, and 3 lie whole on each.
OPTIMIZER = optax.sgd(0.1, momentum=0.9)
SEED = 3


def key():
    return jax.random.key(SEED)


def layer():
    """What is trained."""
    with sj.Network() as net:
        image = sj.Encoder(num=8, coding_method="poisson")
        zzz, aaa = sj.NeuronGroup(12, model="lif"), sj.NeuronGroup(3, model="lif")
        net.into = sj.Connection(image, zzz, w_mean=0.2, w_std=0.3, w_min=-1.0, w_max=1.0)
        net.out = sj.Connection(zzz, aaa, w_mean=0.1, w_std=0.3)
        net.counts = sj.Decoder(dec_target=aaa)
    return sj.build(net, dt=1.0)


def data():
    random = np.random.default_rng(1)
    return sj.data.Dataset({"image": random.uniform(size=(16, 8)).astype(np.float32)}, random.integers(0, 3, 16))


def fit(sim, epochs, mesh=None, **how):
    return sj.train.fit(
        sim, "count_cross_entropy", OPTIMIZER, data(), epochs=epochs, batch_size=BATCH, key=key(), steps=STEPS, progress=False, mesh=mesh, **how
    )


def brain():
    """What is simulated: it learns, is random, has delays, and monitors of every kind."""
    with sj.Network() as net:
        noise = sj.Generator(6, coding_method="poisson_generator", rate=1.5)
        zzz, aaa = sj.NeuronGroup(8, model="lif", v_th=0.6), sj.NeuronGroup(6, model="lif")
        net.drive = sj.Connection(noise, zzz, w_mean=0.5, w_std=0.3)
        net.there = sj.Connection(zzz, aaa, w_mean=0.2, w_std=0.1, w_min=0.0, w_max=1.0, delay=2.0, plasticity=["stdp"])
        net.back = sj.Connection(aaa, zzz, w_mean=-0.2, w_std=0.1, delay=1.5)
        net.fired, net.rows = sj.SpikeMonitor(zzz), sj.StateMonitor(aaa, "V", every=3)
        net.total, net.rate = sj.StateMonitor(aaa, "V", reduce="mean"), sj.RateMonitor(zzz, dt=2.5)
        net.weights, net.counts = sj.WeightMonitor(net.there, dt=4.0), sj.Decoder(dec_target=zzz)
    return sj.build(net, DT).train()


def simulate(sim, mesh=None, **how):
    return sj.simulate(sim, sim.init(key(), 1, mesh), DURATION, key=key(), chunk=CHUNK, mesh=mesh, **how)


def training(folder, mesh):
    sim = layer()
    kept = sj.train.Checkpoints(folder / "trained", sim, OPTIMIZER, mesh=mesh)
    assert kept.newest() is None
    result = fit(sim, 3, mesh, on_epoch=lambda state, row: kept.save(state, [row]))
    sj.save_weights(folder / "weights.safetensors", sim, result.variables, 3)
    assert not result.variables["into.weight"].is_fully_addressable and result.variables["out.weight"].is_fully_replicated
    # What is read again lies as it did, and is gone on with to the same bits.
    state = kept.load(2)
    own = state.opt_state[0].trace["into.weight"].addressable_shards
    assert state.params["into.weight"].sharding == result.variables["into.weight"].sharding and own[0].data.shape == (6, 8)
    again = fit(sim, 3, mesh, start=state)
    for name, x in again.params.items():
        for mine, other in zip(x.addressable_shards, result.params[name].addressable_shards, strict=True):
            np.testing.assert_array_equal(mine.data, other.data)
    # Process 1 finds its part damaged, and so do all; it cannot write, and so can none.
    damaged = next(each for each in (folder / "trained").glob("checkpoint-3.1of2.*"))
    whole = damaged.read_bytes()
    # Before process 1 writes to it.
    sj.distributed.agree("read", "word")
    write(damaged, whole[:-1] + bytes([whole[-1] ^ 1]))
    fails(sj.train.CheckpointError, f"'{damaged}' is damaged: what it holds is not what was written.", lambda: kept.load(3))
    write(damaged, whole)
    if not sj.distributed.first():
        _parts.write_whole = full
    fails(OSError, "No space left on device", lambda: kept.save(dataclasses.replace(again.state, epoch=4)))
    assert not kept.file(4).exists() and kept.newest()[0].epoch == 3


def write(file, contents):
    """By process 1, while process 0 waits."""
    if not sj.distributed.first():
        file.write_bytes(contents)
    sj.distributed.agree("written", "word")


def full(path, write):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails(kind, sentence, do):
    with pytest.raises(kind, match=re.escape(sentence)):
        do()


def recording(folder, mesh):
    sim = brain()
    recorded = simulate(sim, mesh, to=folder / "recorded")
    assert compiled.piece._cache_size() == 1
    assert not recorded.variables["there.weight"].is_fully_addressable
    fails(ValueError, "holds a recording", lambda: simulate(sim, mesh, to=folder / "recorded"))


if __name__ == "__main__":
    sj.distributed.start()
    {"training": training, "recording": recording}[sys.argv[1]](Path(sys.argv[2]), Mesh(np.array(jax.devices()), ("model",)))
