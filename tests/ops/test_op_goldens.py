"""Every op against what SPAIC computed, compiled against not, and one sample against a batch of them."""

import functools

import jax
import numpy as np
import pytest
from op_support import GOLDEN, RECORDS, close, golden_arguments, quick

from spaic_jax import ops

CALLS = [name for name in RECORDS if not name.startswith("init_")]
INITIALISERS = [name.removeprefix("init_") for name in RECORDS if name.startswith("init_")]


def _call(name):
    """The op with its settings bound, and the arrays it is called with."""
    op = getattr(ops, name.partition("#")[0])
    if name == "sparse_mat_mult_weight":
        dense, x = GOLDEN[f"{name}/in0"], GOLDEN[f"{name}/in1"]
        where = np.nonzero(dense)
        arrays = [np.stack(where).astype(np.int32), dense[where], x]
        return functools.partial(op, shape=dense.shape), arrays
    arguments = golden_arguments(name)
    if name == "stack#mixed":
        # SPAIC changes the member of two axes in the caller's list; this is what it was before.
        arguments[0][1] = arguments[0][1][:, 0]
    if name == "index_select":
        arguments[1] = arguments[1].astype(np.int32)
    if name.startswith("dropout"):
        op = functools.partial(op, jax.random.key(0))
    if "complex" in name and "pool" not in name:
        op = functools.partial(op, dt=0.1)
    arrays = [a for a in arguments if isinstance(a, (np.ndarray, list)) and not _plain(a)]

    def call(*arrays):
        left = iter(arrays)
        return op(
            *(a if _plain(a) or not isinstance(a, (np.ndarray, list)) else next(left) for a in arguments)
        )

    return call, arrays


def _plain(argument):
    return isinstance(argument, list) and all(isinstance(a, int) for a in argument)


@pytest.mark.parametrize("name", CALLS)
def test_equals_spaic(name):
    op, arrays = _call(name)
    expected = GOLDEN[f"{name}/out"]
    result = np.asarray(op(*arrays))
    # SPAIC's fixed-point ops return float64, and here the dtype of their input.
    assert result.dtype == (np.float32 if expected.dtype == np.float64 else expected.dtype)
    close(result, expected, 1e-6 if result.dtype == np.float32 else 1e-5)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("to_numpy", "to")])
def test_compiled_and_batched_equal_eager(name):
    op, arrays = _call(name)
    # Indices stay what they are; all else differs between the two samples.
    other = jax.tree.map(lambda a: a if a.dtype.kind == "i" else (a * a.dtype.type(0.5)), arrays)
    batch = jax.tree.map(lambda a, b: np.stack([a, b]), arrays, other)
    single, batched = jax.jit(op)(*arrays), quick(jax.vmap(op))(*batch)
    eager = op(*arrays)
    assert single.dtype == eager.dtype
    close(single, eager, 1e-6)
    close(batched, np.stack([eager, op(*other)]), 1e-5)


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_draw_what_spaic_draws(name):
    record, (low, high, mean, std, zeros) = RECORDS[f"init_{name}"], GOLDEN[f"init_{name}/stats"]
    settings = {
        key: (value.strip("'") if key == "mode" else float(value)) for key, value in record["kwargs"].items()
    }
    drawn = np.asarray(ops.INITIALISERS[name](jax.random.key(1), np.zeros(record["shape"], "f"), **settings))
    assert abs(drawn.mean() - mean) < 0.01 * max(std, 1e-3)
    assert abs(drawn.std() - std) < 0.01 * std + 1e-9
    assert (drawn == 0).mean() == pytest.approx(zeros, abs=1e-6)
    if "normal" not in name and name != "sparse":
        np.testing.assert_allclose((drawn.min(), drawn.max()), (low, high), atol=1e-3 * max(1e-9, high - low))


def test_every_record_is_of_a_call_that_worked():
    assert all(
        record["status"] == "ok" and not (record.get("kwargs") and "init_" not in name)
        for name, record in RECORDS.items()
    )
