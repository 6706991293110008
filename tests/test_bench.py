"""The benchmark on a workload of a few neurons: what it returns, and that it measures what it says."""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.bench import WORKLOADS, Workload, measure
from spaic_jax.bench.workload import resolve_workload

SMALL = Workload("small", layers=(12, 8, 5), steps=7, batch_size=3, recurrent=True)
KEYS = {
    "workload", "forward_ms", "step_ms", "floor_forward_ms", "floor_step_ms", "compile_s", "peak_mb", "temp_mb",
    "spike_rate",
}


def test_measure_returns_every_figure():
    figures = measure(SMALL, repeats=2)
    assert set(figures) == KEYS
    assert figures.pop("workload") == "small"
    assert all(value > 0 for value in figures.values())
    assert figures["spike_rate"] <= 1


def test_names_are_resolved():
    assert resolve_workload("C_rec") is WORKLOADS["C_rec"]
    assert resolve_workload(SMALL) is SMALL
    with pytest.raises(ValueError, match="did you mean 'A512'"):
        measure("A51")
    with pytest.raises(ValueError, match="repeats must be at least 1"):
        measure(SMALL, repeats=0)
    with pytest.raises(ValueError, match="at least two layers"):
        Workload("short", layers=(3,), steps=1, batch_size=1)


def test_standard_sizes():
    sizes = {name: (w.layers, w.steps, w.batch_size, w.recurrent) for name, w in WORKLOADS.items()}
    assert sizes == {
        "A512": ((512, 512), 500, 16, False),
        "A2048": ((2048, 2048), 100, 16, False),
        "B_mlp": ((784, 400, 10), 25, 128, False),
        "C_rec": ((700, 256, 20), 100, 64, True),
        "D_deep": ((784, 1000, 1000, 10), 50, 64, False),
    }


def test_the_network_is_the_one_described(key):
    """Against the recurrence written out in NumPy."""
    sim = sj.build(SMALL.network(), dt=SMALL.dt)
    numbers = SMALL.numbers()
    counts = sim.run(sim.init(key, SMALL.batch_size), {"image": numbers.spikes}).outputs["counts"]

    v = [np.zeros((SMALL.batch_size, n)) for n in SMALL.layers[1:]]
    first, total = np.zeros_like(v[0]), np.zeros_like(v[1])
    for row in numbers.spikes.astype(float):
        for layer, weight in enumerate(numbers.weights):
            current = row @ weight.T + (first @ numbers.within.T if layer == 0 else 0)
            v[layer] = 0.9 * v[layer] + current
            row = (v[layer] > 1).astype(float)
            v[layer] -= row
            if layer == 0:
                first = row
        total += row
    np.testing.assert_array_equal(np.asarray(counts), total)


def test_numbers_are_the_same_in_every_call():
    jax.tree.map(np.testing.assert_array_equal, vars(SMALL.numbers()), vars(SMALL.numbers()))
