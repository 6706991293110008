"""What a run keeps is what was asked for, on every plan and device."""

import math
import platform
import subprocess
import sys

import jax
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.plan import cost
from spaic_jax.plan.cost import Device, choose_tile

NEURONS = 400
PLANS = [sj.Tiled(), sj.Tiled(16), sj.Reference()]


def network(**monitors):
    with sj.Network() as net:
        drive = sj.Generator(NEURONS, coding_method="cc_generator", amp=0.3)
        layer = sj.NeuronGroup(NEURONS, model="lif", name="layer")
        sj.Connection(drive, layer, link_type="one_to_one", w_mean=0.4, name="a")
        sj.Connection(layer, layer, w_std=0.02, name="w")
        for name, (variable, settings) in monitors.items():
            setattr(net, name, sj.StateMonitor(layer, variable, **settings))
    return net


def temporary(sim, steps):
    """Bytes that a compiled run works in beside its inputs and outputs, by XLA's account; nothing is run."""
    key = jax.random.key(0)
    variables = jax.eval_shape(lambda: sim.init(key))
    return jax.jit(lambda v: sim.run(v, steps=steps)).lower(variables).compile().memory_analysis().temp_size_in_bytes


@pytest.fixture
def accelerator(monkeypatch):
    """The cost model takes the device for one that has no cache to mind, and pays for each kernel; a small limit."""
    device = Device(math.inf, (0.0, 0.0, 0.0), 0.0, (0.0, 0.0, 0.0), 200.0, limit=2**20)
    monkeypatch.setattr("spaic_jax.plan.tiled.this_device", lambda where: device)


@pytest.mark.parametrize("plan", PLANS)
def test_a_run_without_monitors_keeps_nothing_that_grows_with_it(plan):
    sim = sj.build(network(), dt=1.0, plan=plan)
    assert temporary(sim, 80_000) < temporary(sim, 8_000) + 2**20 < 2**24


def test_nor_does_it_on_an_accelerator(accelerator):
    sim = sj.build(network(), dt=1.0)
    assert temporary(sim, 80_000) < temporary(sim, 8_000) + 2**20 < 2**23


@pytest.mark.parametrize("monitor", [{"reduce": "sum"}, {"reduce": "max"}, {"every": 1000}, {"last": 3}, {"index": [3]}])
@pytest.mark.parametrize("plan", often(PLANS, PLANS[:1]))
def test_nor_with_monitors_that_keep_little(plan, monitor):
    sim = sj.build(network(seen=("V", monitor)), dt=1.0, plan=plan)
    steps = 20_000
    kept = sim.memory(steps).probes["seen"]
    # The weights lie there a second time, as rows, for products of events.
    weights = 4 * 400 * 400
    assert temporary(sim, steps) < 2**21 + weights + 3 * kept


def test_the_report_counts_what_a_run_works_in(accelerator):
    sim = sj.build(network(), dt=1.0, products="dense")
    report = sim.memory(80_000)
    assert 0 < report.working["tile"] <= 2**20
    assert report.total > report.working["tile"]
    assert "working" in str(report)


def test_a_tile_never_takes_more_than_its_limit():
    device = Device(math.inf, (0.0, 0.0, 0.0), 0.0, (0.0, 0.0, 0.0), 200.0, limit=1000.0)
    assert choose_tile(64, 100.0, 0.0, device) == 8
    assert choose_tile(64, 5000.0, 0.0, device) == 1
    assert cost.this_device().limit < math.inf


@pytest.mark.parametrize("plan", PLANS)
def test_what_is_kept_inside_a_loop_equals_what_is_kept_of_every_step(plan, key):
    """A monitor of every step makes all steps of the variable be there; others then keep from these."""
    kinds = {
        "summed": ("V", {"reduce": "sum"}), "largest": ("V", {"reduce": "max"}), "some": ("V", {"every": 7}),
        "late": ("V", {"last": 5}), "within": ("V", {"window": (3.0, 20.0), "reduce": "mean"}),
        "one": ("V", {"index": [5], "every": 3}),
    }
    sim = sj.build(network(**kinds), dt=1.0, plan=plan)
    every = sj.build(network(all=("V", {})), dt=1.0, plan=sj.Reference())
    probes = sim.run(sim.init(key), steps=50).probes
    v = np.asarray(every.run(every.init(key), steps=50).probes["all"])
    expected = {
        "summed": v.sum(0), "largest": v.max(0), "some": v[::7], "late": v[-5:], "within": v[3:20].mean(0),
        "one": v[::3, :, [5]],
    }
    for name, value in expected.items():
        np.testing.assert_allclose(probes[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


FAULTS = """
import resource, sys
import jax, jax.numpy as jnp
import spaic_jax as sj

kept = sj.keep_heap() if sys.argv[1] == "keep" else None
run = jax.jit(lambda x: jnp.cumsum(x * 2) @ x)
x = jnp.ones(2**23)
for number in range(24):
    if number == 16:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    run(x).block_until_ready()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc", reason="glibc's way")
def test_a_process_that_keeps_its_memory_takes_no_new_pages():
    def faults(mode):
        result = subprocess.run([sys.executable, "-c", FAULTS, mode], capture_output=True, text=True, check=True)
        kept, count = result.stdout.split()
        return kept, int(count)

    (_, fresh), (kept, few) = faults("give"), faults("keep")
    assert kept == "True"
    assert few < fresh / 10
