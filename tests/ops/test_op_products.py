"""Products of matrices, dense, sparse and complex, against NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from op_support import agrees, close, each_gives, few, leading, normals, quick, seeds, sizes, wide

from spaic_jax import ops


@few
@given(leading, sizes, sizes, sizes, seeds)
def test_dense(batch, pre, post, rows, seed):
    a, weight, turned, delayed, b, amp, left, right = normals(
        seed, (*batch, rows, pre), (post, pre), (pre, post), (*batch, post, pre), (post,), (post, 1),
        (2, *batch, rows, pre), (2, *batch, pre, post),
    )  # fmt: skip

    def every(a, weight, turned, delayed, b, amp, left, right):
        return (
            ops.mat_mult_weight(a, weight), ops.mat_mult(a, turned), ops.mat_linear(a, turned, b),
            ops.mult_sum_weight(delayed, weight), ops.mat_mult_pre(a, left[0]), ops.weight_norm(weight, amp),
            ops.ger(b, a[(0,) * len(batch)][0]), ops.bmm(left, right), ops.mat_mult(left, right),
        )  # fmt: skip

    a64, w64, t64 = wide(a), wide(weight), wide(turned)
    flat = a64.reshape(-1, pre)
    norm = np.sqrt((w64**2).sum(1, keepdims=True))
    expected = (
        a64 @ w64.T, a64 @ t64, a64 @ t64 + b, (wide(delayed) * w64).sum(-1),
        flat.T @ wide(left[0]).reshape(-1, pre),
        w64 * amp / norm, np.outer(wide(b), a64[(0,) * len(batch)][0]), wide(left) @ wide(right),
        wide(left) @ wide(right),
    )  # fmt: skip
    for result, value in zip(
        quick(every)(a, weight, turned, delayed, b, amp, left, right), expected, strict=True
    ):
        close(result, value, 1e-4)


@few
@given(leading, sizes, sizes, sizes, sizes, seeds)
def test_maps_times_weight(batch, c, h, w, post, seed):
    maps, weight = normals(seed, (2, *batch, c, h, w), (post, c * h * w))
    flat = wide(maps).reshape(*maps.shape[:-3], -1)
    agrees(ops.reshape_mat_mult, flat @ wide(weight).T, maps, weight)


@few
@given(leading, st.integers(0, 4), st.integers(0, 4), st.integers(0, 9), seeds)
def test_sparse(batch, post, pre, entries, seed):
    rng = np.random.default_rng(seed)
    entries = entries if post and pre else 0
    indices = np.stack([rng.integers(0, max(n, 1), entries) for n in (post, pre)]).astype(np.int32)
    values, x = normals(seed, (entries,), (*batch, pre))
    dense = np.zeros((post, pre))
    np.add.at(dense, tuple(indices), values)

    def product(indices, values, x):
        return ops.sparse_mat_mult_weight(indices, values, x, shape=(post, pre))

    agrees(product, wide(x) @ dense.T, indices, values, x)


def test_sparse_gradient_touches_only_entries_and_drops_bad_ones():
    indices, values = np.array([[0, 1, 1], [2, 0, 2]], np.uint8), np.array([5.0, 6.0, 7.0], np.float32)
    x = np.array([[1.0, 10.0, 100.0], [2.0, 0.0, 1.0]], np.float32)

    def total(values, indices):
        return ops.sparse_mat_mult_weight(indices, values, x, shape=(2, 3)).sum()

    beyond = np.array([[0, 2, -1], [-1, 0, 2]], np.int32)
    both = quick(lambda v, i: jax.value_and_grad(total)(v, i))
    assert both(values, indices)[1].tolist() == [101.0, 3.0, 101.0]
    # Only under jit can places out of range come through.
    total_beyond, gradient_beyond = both(values, beyond)
    assert total_beyond == 0.0 and not gradient_beyond.any()


def _phase(beta, time, delay=None, dt=None):
    rest = 0 if delay is None else np.ceil(wide(delay) / dt) - wide(delay) / dt
    return wide(beta) ** (time + rest)


@few
@given(leading, sizes, sizes, sizes, seeds)
def test_complex(batch, pre, post, kinds, seed):
    re, im, weight, weights, angle, delay, dre, dim = normals(
        seed, (*batch, pre), (*batch, pre), (post, pre), (post, pre, kinds), (post, pre), (post, pre),
        (*batch, pre, post),
        (*batch, pre, post),
    )  # fmt: skip
    betas = (0.9 * np.exp(1j * angle)).astype(np.complex64)
    beta, delay = betas[:, 0], np.abs(delay) + np.float32(0.01)
    spikes, delayed = (re + 1j * im).astype(np.complex64), (dre + 1j * dim).astype(np.complex64)

    def every(re, spikes, dre, delayed, weight, weights, beta, betas, delay, dt):
        one, two = ops.mat_mult_weight_complex, ops.mat_mult_weight_2complex
        return (
            one(re, weight, beta), one(spikes, weight, beta), one(dre, weight, beta, delay, dt=dt),
            one(delayed, weight, beta, delay, dt=dt), one(spikes, weight, beta[0]), two(re, weights, betas),
            two(spikes, weights, betas), two(dre, weights, betas, delay, dt=dt),
            two(delayed, weights, betas, delay, dt=dt),
        )  # fmt: skip

    wide_re, wide_im = wide(re)[..., None, :], wide(im)[..., None, :]
    late_re, late_im = np.swapaxes(wide(dre), -1, -2), np.swapaxes(wide(dim), -1, -2)
    turned = _phase(beta[:, None], wide_im) * 1j * wide_re
    late = _phase(beta[:, None], late_im, delay, 0.5) * 1j * late_re
    turned_two = _phase(betas, wide_im) * 1j * wide_re
    late_two = _phase(betas, late_im, delay, 0.5) * 1j * late_re
    expected = (
        1j * (wide(re) @ wide(weight).T), (turned * weight).sum(-1), 1j * (late_re * weight).sum(-1),
        (late * weight).sum(-1),
        (_phase(beta[0], wide_im) * 1j * wide_re * weight).sum(-1),
        np.einsum("...p,opk->...ok", wide(re), wide(weights)),
        np.einsum("...op,opk->...ok", turned_two, wide(weights)),
        np.einsum("...op,opk->...ok", late_re, wide(weights)),
        np.einsum("...op,opk->...ok", late_two, wide(weights)),
    )  # fmt: skip
    arguments = (re, spikes, dre, delayed, weight, weights, beta, betas, delay, np.float32(0.5))
    for result, value in zip(quick(every)(*arguments), expected, strict=True):
        close(result, value, 2e-4)
        assert result.dtype == (np.complex64 if np.iscomplexobj(value) else np.float32)


def test_whole_steps_of_delay_leave_no_rest():
    # In float32, 0.3 / 0.1 is a little more than 3; beta = 0.5 would halve the spike for a step of rest.
    spike, weight = np.ones((1, 1), np.complex64), np.ones((1, 1), np.float32)
    for delay in (0.0, 0.1, 0.3, 0.6, 0.7, 1.2, 100.3):
        result = ops.mat_mult_weight_complex(spike, weight, 0.5, np.float32(delay), dt=0.1)
        assert abs(result[0] - 1j) < 1e-3, delay
    result = ops.mat_mult_weight_complex(spike, weight, 0.5, 0.25, dt=np.float32(0.1))
    assert abs(result[0] - 1j * 0.5**0.5) < 1e-3


def test_no_amplitude_and_no_phase_are_harmless():
    silent, weight = np.zeros((1, 2), np.complex64), np.ones((3, 2), np.float32)

    def size(w, b):
        return jnp.abs(ops.mat_mult_weight_complex(silent, w, b)).sum()

    none = jax.jit(size)(weight, 0.0)
    assert none == 0.0
    assert all(np.isfinite(g).all() for g in jax.jit(jax.grad(size, (0, 1)))(weight, 0.5))


def test_dtypes():
    spikes, weight = np.array([[True, False, True]]), np.ones((2, 3), np.float32)
    z = weight * np.complex64(1j)
    twos = np.full((1, 2), 2.0, np.float32)
    each_gives(
        (lambda: ops.mat_mult_weight(spikes, weight), twos),
        (
            lambda: ops.mat_mult_weight(spikes.astype(np.uint8), weight.astype(jnp.bfloat16)),
            twos.astype(jnp.bfloat16),
        ),
        (
            lambda: ops.mat_mult_weight(spikes.astype(np.int32), weight.astype(np.int32)),
            twos.astype(np.int32),
        ),
        (lambda: ops.mat_mult_weight(z, z), np.full((2, 2), -3.0, np.complex64)),
        (lambda: ops.mult_sum_weight(np.ones((1, 2, 3), bool), weight), 1.5 * twos),
        (lambda: ops.mat_mult_weight_complex(spikes, weight, 0.9), twos * np.complex64(1j)),
        (lambda: ops.mat_mult_weight_2complex(spikes, np.ones((2, 3, 1), np.float32), 0.9), twos[..., None]),
        (
            lambda: ops.ger(np.arange(2, dtype=np.int32), np.arange(2, dtype=np.int32)),
            np.diag([0, 1]).astype(np.int32),
        ),
        (lambda: ops.mat_linear(weight, weight.T, 1), np.full((2, 2), 4.0, np.float32)),
    )


def test_empty_and_single():
    cases = []
    for b, pre, post in ((0, 3, 2), (2, 0, 3), (2, 3, 0), (1, 1, 1)):
        a, weight, z = (
            np.ones((b, pre), np.float32),
            np.ones((post, pre), np.float32),
            np.ones((b, pre), np.complex64),
        )
        cases += [
            (lambda a=a, w=weight: ops.mat_mult_weight(a, w), a @ weight.T),
            (lambda a=a: ops.mat_mult_pre(a, a), a.T @ a),
            (lambda z=z, w=weight: ops.mat_mult_weight_complex(z, w, 0.5), 1j * z @ weight.T),
        ]
    each_gives(*cases)


def test_a_row_of_zeros_stays_zero():
    weight = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
    each_gives(
        (lambda: ops.weight_norm(weight, 1.0), np.array([[0.6, 0.8], [0.0, 0.0]], np.float32)),
        (
            lambda: jnp.isfinite(jax.grad(lambda w: ops.weight_norm(w, 1.0).sum())(weight)),
            np.ones((2, 2), bool),
        ),
    )
