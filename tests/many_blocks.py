"""A program of its own, on four devices: one network in blocks gives there what it gives on one device, with few exchanges."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from test_blocks import KEY, gradient, learning, mixed, recurrent, weights_in_order

import spaic_jax as sj
from spaic_jax.distributed import collectives
from spaic_jax.plan.exchange import _handed_round

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

MODEL = Mesh(np.array(jax.devices()[:4]), ("model",))
BOTH = Mesh(np.array(jax.devices()[:4]).reshape(2, 2), ("data", "model"))


def where(mesh):
    return sj.distributed.Layout(mesh).where


def check_exchanges():
    """One in a window of so many steps as all synapses take, or in each step, of a bit a neuron and one more byte a device: as foreseen."""
    for delay, steps in ((None, 1), (2.0, 20), (sj.synapses.FixedDelay(min_delay=0.5, max_delay=2.0), 5)):
        sim = sj.build(recurrent(delay, 400), dt=0.1, blocks=4)
        for devices in (4, 2):
            mesh = Mesh(np.array(jax.devices()[:devices]), ("model",))
            variables, at = sim.init(KEY, 1, mesh), sim.at(where(mesh))
            compiled = jax.jit(lambda variables, at=at: at.run(variables, steps=40, key=KEY)).lower(variables).compile()
            found, size = collectives(compiled.as_text()), -(-steps * 400 // devices // 8) + 1
            spikes = {each: times for each, times in found.items() if each.what == f"u8[{devices},{size}]"}
            second = {each: times for each, times in found.items() if each.perhaps and each.size == steps * 400 * 4}
            assert list(spikes.values()) == list(second.values()) == [40 // steps]
            # What is beyond all bounds, and how many spikes there are, is told once.
            rest = {each: times for each, times in found.items() if each not in spikes and not each.perhaps}
            assert all(times == 1 and each.size <= 16 for each, times in rest.items()), rest
            foreseen = sj.distributed.forecast(sim, devices)
            assert (round(foreseen.exchanges), foreseen.message) == (10_000 // steps, size)
            there = {name: x.addressable_shards[0].data.nbytes for name, x in variables.values.items()}
            assert foreseen.work.memory == there and foreseen.work.synapses == 400 * 6
        print("exchanges", steps)


def check_runs():
    for name, net, dt, steps, inputs in (("mixed", mixed(), 1.0, 50, {"image": np.full((4, 16), 0.4, np.float32)}), ("learning", learning(), 0.1, 300, None)):
        one = sj.build(net, dt=dt).train()
        needed = one.run(one.init(KEY, 4), inputs, KEY, steps)
        assert 0 < float(jnp.mean(needed.probes["spikes"].astype("float32"))) < 1
        for mesh, blocks in ((MODEL, 4), (BOTH, 4), (BOTH, 2)):
            sim = sj.build(net, dt=dt, blocks=blocks).train()
            found = sim.run(sim.init(KEY, 4, mesh), inputs, KEY, steps)
            assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), found.probes, needed.probes)), (name, blocks)
            for weight in ("learned.weight",) if name == "learning" else ():
                old, new = (weights_in_order(s, v, weight) for s, v in ((one, needed.variables), (sim, found.variables)))
                np.testing.assert_allclose(new, old, rtol=2e-6)
                assert np.abs(new - weights_in_order(one, one.init(KEY, 4), weight)).max() > 0.01
        print("runs", name)


def check_gradients():
    value, slope = gradient(sj.build(mixed(), dt=1.0))
    for mesh, blocks in ((MODEL, 4), (BOTH, 2)):
        sim = sj.build(mixed(), dt=1.0, blocks=blocks)
        found, slopes = gradient(sim.at(where(mesh)), mesh)
        np.testing.assert_allclose(found, value, rtol=1e-6)
        for name, needed in slope.items():
            np.testing.assert_allclose(slopes[name], needed, atol=1e-5 * float(np.abs(needed).max()), err_msg=name)
    print("gradients", value)


def check_values():
    """Numbers that are no spikes come through as they are, and what no number is, too."""
    for x in (np.zeros((3, 2, 8)), np.eye(8)[None, :2], np.array([[[np.nan, 1, 0, -1, 0.5, np.inf, 2, -0.0]]])):
        whole = jax.jit(jax.vmap(lambda x: _handed_round(where(MODEL), 1, x)))(x.astype("float32"))
        np.testing.assert_array_equal(whole, x.astype("float32"))
        assert whole.sharding.is_fully_replicated
    print("values")


if __name__ == "__main__":
    check_values()
    check_exchanges()
    check_runs()
    check_gradients()
