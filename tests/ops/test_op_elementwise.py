"""Element by element, spikes and fixed point, against NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from op_support import close, each_gives, few, normals, quick, seeds, wide

from spaic_jax import ops
from spaic_jax.surrogate import STCA

three_shapes = mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=4, max_dims=3)


@few
@given(three_shapes, seeds)
def test_arithmetic(drawn, seed):
    a, x, b = normals(seed, *drawn.input_shapes)
    # Away from zero, so that a quotient is no matter of rounding.
    b = b + np.sign(b) + (b == 0)

    def every(a, x, b):
        return (
            ops.add(a, x), ops.minus(a, x), ops.div(a, b), ops.var_mult(a, x), ops.var_linear(a, x, b),
            ops.threshold(a, x), ops.reset(a, x > 0), ops.if_assign(x, a, b), ops.if_assign(x > 0, a, b),
        )  # fmt: skip

    a64, x64, b64 = wide(a), wide(x), wide(b)
    expected = (
        a64 + x64, a64 - x64, a64 / b64, a64 * x64, a64 * x64 + b64, (a64 > x64) * 1.0,
        np.where(x64 > 0, 0 * a64, a64),
        x64 * a64 + (1 - x64) * b64, np.where(x64 > 0, a64, b64),
    )  # fmt: skip
    for result, value in zip(quick(every)(a, x, b), expected, strict=True):
        assert result.dtype == np.float32
        close(result, value)


@few
@given(st.lists(st.integers(0, 4), max_size=3).map(tuple), seeds)
def test_functions(shape, seed):
    (x,) = normals(seed, shape)
    positive = np.abs(x) + np.float32(0.1)

    def every(x, positive):
        logs = (ops.log(positive), ops.log2(positive), ops.log10(positive))
        clamps = (ops.clamp_(x, -0.5, 0.25), ops.clamp_max_(x, 0.25), ops.clamp_min_(x, -0.5))
        return ops.relu(x), ops.sigmoid(x), ops.exp(x), ops.sin(x), ops.cos(x), ops.tan(x), *logs, *clamps

    x64, p64 = wide(x), wide(positive)
    expected = (
        np.maximum(x64, 0), 1 / (1 + np.exp(-x64)), np.exp(x64), np.sin(x64), np.cos(x64), np.tan(x64),
        np.log(p64),
        np.log2(p64), np.log10(p64), np.clip(x64, -0.5, 0.25), np.minimum(x64, 0.25), np.maximum(x64, -0.5),
    )  # fmt: skip
    for result, value in zip(quick(every)(x, positive), expected, strict=True):
        close(result, value, 1e-4)


def test_functions_of_complex_numbers():
    z = np.array([0.3 + 0.4j, -1.2j], np.complex64)
    for name in ("sigmoid", "exp", "sin", "cos", "tan", "log", "log10"):
        close(
            getattr(ops, name)(z),
            {"sigmoid": lambda z: 1 / (1 + np.exp(-z))}.get(name, getattr(np, name, None))(wide(z)),
        )
    close(ops.var_linear(z, z, np.float32(2.0)[None].astype(np.complex64)), wide(z) ** 2 + 2)


def test_whole_numbers_and_stored_spikes():
    whole, spikes = np.array([1, 2, 3], np.int32), np.array([True, False, True])
    short = np.array([0.5, 1.0, 2.0], jnp.bfloat16)
    holes = np.array([np.nan, 1.0], np.float32)
    each_gives(
        (lambda: ops.add(whole, 1), whole + np.int32(1)),
        (lambda: ops.add(spikes, whole), np.array([2, 2, 4], np.int32)),
        (lambda: ops.add(short, 1.0), np.array([1.5, 2.0, 3.0], jnp.bfloat16)),
        (lambda: ops.var_mult(spikes, short), np.array([0.5, 0.0, 2.0], jnp.bfloat16)),
        (lambda: ops.div(whole, whole), np.ones(3, np.float32)),
        (lambda: ops.exp(whole - 1), np.exp(np.arange(3, dtype=np.float32))),
        (lambda: ops.sigmoid(whole * 0), np.full(3, 0.5, np.float32)),
        (lambda: ops.relu(whole - 2), np.array([0, 0, 1], np.int32)),
        (lambda: ops.threshold(whole, 1), np.array([0, 1, 1], np.int32)),
        (lambda: ops.threshold(whole, 1.5), np.array([0, 1, 1], np.int32)),
        (lambda: ops.clamp_(whole, 2, 2), np.full(3, 2, np.int32)),
        (lambda: ops.clamp_(holes, 2.0, 3.0), np.array([np.nan, 2.0], np.float32)),
        (lambda: ops.reset(whole, spikes), np.array([0, 2, 0], np.int32)),
        (lambda: ops.reset(whole, short), np.zeros(3, np.int32)),
        (lambda: ops.if_assign(spikes, whole, 10), np.array([1, 10, 3], np.int32)),
        (lambda: ops.if_assign(spikes, spikes, ~spikes), np.ones(3, bool)),
        (lambda: ops.bit_and(whole, 2), np.array([0, 2, 2], np.int32)),
    )


def test_nothing_leaks_from_what_is_not_chosen():
    bad, good = np.array([np.nan, np.inf, 1.0], np.float32), np.ones(3, np.float32)
    each_gives(
        (lambda: ops.reset(bad, np.array([1.0, 2.0, np.nan], np.float32)), 0 * good),
        (lambda: ops.if_assign(0 * good, bad, good), good),
        (lambda: ops.if_assign(good, good, bad), good),
        # What is chosen stays, and the gradient to the condition is the difference of the two.
        (lambda: ops.if_assign(good, bad, 0.0), bad),
        (lambda: ops.if_assign(good == 1, bad, 0.0), bad),
        (lambda: jax.grad(ops.if_assign)(1.0, 5.0, 2.0), np.float32(3.0)),
    )


def test_gradients_of_spikes():
    v, o = np.array([0.4, 0.9, 1.2, 1.6], np.float32), np.array([0.0, 1.0, 0.0, 0.5], np.float32)
    fires, none = np.array([0.0, 0.0, 1.0, 1.0], np.float32), np.zeros(4, np.float32)

    def slope(function, *arguments):
        return jax.grad(lambda v: function(v, *arguments).sum())(v)

    each_gives(
        (lambda: ops.threshold(v, 1.0), fires),
        (lambda: ops.threshold(v, 1.0, STCA()), fires),
        (lambda: slope(ops.threshold, 1.0), none),
        (lambda: slope(ops.threshold, 1.0, STCA(alpha=0.5)), np.array([0.0, 2.0, 2.0, 0.0], np.float32)),
        (lambda: slope(ops.reset, o), np.array([1.0, 0.0, 1.0, 0.0], np.float32)),
        (lambda: jax.grad(lambda o: ops.reset(v, o).sum())(o), none),
        (lambda: jax.grad(ops.relu)(0.0), np.float32(0.0)),
        (lambda: jax.grad(lambda x: ops.clamp_(x, 0.0, 1.0))(1.0), np.float32(1.0)),
    )


def _spaic_rescale(x, shift, m, bits):
    """What SPAIC computes in float64."""
    t = wide(x) * wide(m) * 2.0 ** wide(shift)
    bound = 2 ** (bits - 1) - 1
    return np.clip(np.round(t + 2e-5 * (t > 0) - 1e-5), -bound, bound)


@settings(few, max_examples=4)
@given(seeds, st.sampled_from([8, 16, 24]), st.sampled_from([(60,), (30, 40), (2, 1, 50)]))
def test_fixed_point_is_exact(seed, bits, shape):
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(-(2**16), 2**16, shape).astype(np.float32) for _ in range(2))
    m = rng.integers(0, 2**16, shape[-1:]).astype(np.float32)
    n, up = (rng.integers(low, 21, shape[-1:]).astype(np.float32) for low in (0, -4))

    def every(x, y, m, n, up):
        return (
            ops.rescale(x, n, m, bits), ops.rescale(x, n, num_bits=bits),
            ops.lshift_with_rescale(x, up, n, m, bits),
            ops.lshift_with_clamp(x, up, bits), ops.add_with_clamp(x, y, bits), ops.quant_clamp(x / 4, bits),
            ops.bit_and(x, y),
        )  # fmt: skip

    # With all optimisations: none of them may take the exact arithmetic apart.
    compiled = jax.jit(every)
    bound = 2 ** (bits - 1) - 1
    expected = (
        _spaic_rescale(x, -n, m, bits), _spaic_rescale(x, -n, 1, bits), _spaic_rescale(x, up - n, m, bits),
        np.clip(wide(x) * 2.0**up, -bound, bound), np.clip(wide(x) + y, -bound, bound),
        np.clip(np.round(wide(x) / 4), -bound, bound), x.astype(np.int32) & y.astype(np.int32),
    )  # fmt: skip
    for result, value in zip(compiled(x, y, m, n, up), expected, strict=True):
        assert result.dtype == np.float32
        np.testing.assert_array_equal(result, value)
    whole = [a.astype(np.int32) for a in (x, y, m, n, up)]
    for result, value in zip(compiled(*whole)[:5], expected, strict=False):
        assert result.dtype == np.int32
        np.testing.assert_array_equal(result, np.trunc(value))


def test_fixed_point_at_its_edges():
    halves = np.array([0.5, 1.5, 2.5, -0.5, -2.5, 1000.5, 16000.5], np.float32)
    endless = np.array([np.inf, -np.inf, 3e38, np.nan], np.float32)
    whole = np.array([100, -100])

    def every():
        return (
            ops.rescale(halves, 0.0), ops.quant_clamp(halves, 16), ops.rescale(endless, 0.0, 2.0),
            ops.rescale(2 * whole.astype(np.int16), 0), ops.lshift_with_clamp(whole.astype(np.int8), 3),
            ops.lshift_with_clamp(whole[:1].astype(np.uint8), 3),
            jax.grad(lambda x: ops.rescale(x, 1.0, 3.0))(5.0),
            jax.grad(lambda x: ops.lshift_with_clamp(x, 1.0))(5.0),
        )  # fmt: skip

    expected = (
        [1, 2, 3, -1, -3, 1001, 16001], [0, 2, 2, 0, -2, 1000, 16000], [32767, -32767, 32767, np.nan],
        [200, -200], [127, -128], [255], 0, 2,
    )  # fmt: skip
    for result, value in zip(quick(every)(), expected, strict=True):
        np.testing.assert_array_equal(result, value)


def test_quant_clamp_leaves_its_input_alone():
    x = np.array([0.6], np.float32)
    ops.quant_clamp(x)
    assert x.tolist() == [np.float32(0.6)]


def test_empty_and_single():
    ones = [np.ones(shape, np.float32) for shape in ((0,), (0, 3), (1,), (1, 1))]
    each_gives(
        *((lambda x=x: ops.var_linear(x, x, ops.rescale(ops.threshold(x, 0.5), 0.0)), 2 * x) for x in ones)
    )
