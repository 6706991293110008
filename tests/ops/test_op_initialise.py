"""Initial weights: distributions, fans, keys and dtypes."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_support import few, quick, seeds, wide

from spaic_jax import ops

shapes = st.lists(st.integers(0, 5), min_size=2, max_size=4).map(tuple)


@settings(few, max_examples=4)
@given(shapes, seeds)
def test_shape_and_key(shape, seed):
    data = jax.ShapeDtypeStruct(shape, jnp.float32)

    def every(key):
        return [function(key, data) for name, function in ops.INITIALISERS.items() if name != "sparse"]

    compiled = quick(every)
    first, again, other = (compiled(jax.random.key(s)) for s in (seed, seed, seed + 1))
    assert all(x.shape == shape and x.dtype == jnp.float32 for x in first)
    assert all((x == y).all() for x, y in zip(first, again, strict=True))
    random = [
        i
        for i, name in enumerate(name for name in ops.INITIALISERS if name != "sparse")
        if name != "constant"
    ]
    assert math.prod(shape) == 0 or all((first[i] != other[i]).any() for i in random)


def test_scale_of_each():
    key, data = jax.random.key(0), np.zeros((60, 40, 3, 2), np.float32)
    fan_in, fan_out = 240, 360
    calls = {
        "uniform": (lambda: ops.uniform(key, data, -1.0, 3.0), 4 / math.sqrt(12)),
        "normal": (lambda: ops.normal(key, data, 5.0, 0.25), 0.25),
        "xavier_uniform": (lambda: ops.xavier_uniform(key, data, 2.0), 2 * math.sqrt(2 / (fan_in + fan_out))),
        "xavier_normal": (lambda: ops.xavier_normal(key, data, 2.0), 2 * math.sqrt(2 / (fan_in + fan_out))),
        "kaiming_uniform": (lambda: ops.kaiming_uniform(key, data, 0.5), math.sqrt(2 / 1.25 / fan_in)),
        "kaiming_normal": (lambda: ops.kaiming_normal(key, data, mode="fan_out"), math.sqrt(2 / fan_out)),
        "tanh": (lambda: ops.kaiming_normal(key, data, 0, "fan_in", "tanh"), 5 / 3 / math.sqrt(fan_in)),
        "selu": (lambda: ops.kaiming_normal(key, data, 7.0, nonlinearity="selu"), 0.75 / math.sqrt(fan_in)),
        "constant": (lambda: ops.constant(None, data, 1.5), 0.0),
    }
    drawn = [wide(x) for x in quick(lambda: [call() for call, _ in calls.values()])()]
    for x, (name, (_, std)) in zip(drawn, calls.items(), strict=True):
        assert x.std() == pytest.approx(std, rel=0.02, abs=1e-9), name
    flat, gauss = drawn[:2]
    assert flat.min() >= -1 and flat.max() < 3 and abs(gauss.mean() - 5) < 0.01


@settings(few, max_examples=3)
@given(st.integers(1, 6), st.integers(1, 4), seeds)
def test_sparse(rows, columns, seed):
    shares = (0.0, 0.1, 0.34, 0.5, 1.0)
    data = np.zeros((rows, columns), np.float32)
    drawn = quick(jax.vmap(lambda key: [ops.sparse(key, data, share, 2.0) for share in shares]))(
        jax.random.split(jax.random.key(seed), 3)
    )
    for share, weights in zip(shares, drawn, strict=True):
        assert ((np.asarray(weights) == 0).sum(1) == math.ceil(share * rows)).all()


def test_each_column_has_zeros_of_its_own():
    weight = quick(lambda key: ops.sparse(key, np.zeros((50, 8), np.float32), 0.5))(jax.random.key(0))
    assert len({tuple(column) for column in (np.asarray(weight).T == 0).tolist()}) == 8


def test_dtypes():
    key = jax.random.key(0)
    for dtype in (jnp.bfloat16, jnp.float16, jnp.float32):
        data = jax.ShapeDtypeStruct((3, 2), dtype)
        drawn = jax.eval_shape(lambda data=data: [f(key, data) for f in ops.INITIALISERS.values()])
        assert all(x.dtype == dtype for x in drawn)
    # Where JAX holds no float64, data of that dtype are drawn in float32.
    assert jax.eval_shape(lambda: ops.normal(key, np.zeros((2, 2)))).dtype == jnp.float32


def test_a_batch_of_keys_draws_a_batch_of_weights():
    keys = jax.random.split(jax.random.key(0), 3)
    data = np.zeros((2, 2), np.float32)
    drawn = jax.vmap(lambda key: ops.xavier_uniform(key, data))(keys)
    assert drawn.shape == (3, 2, 2) and len(np.unique(drawn)) == 12
