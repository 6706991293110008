"""Gradients against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_vjp
from op_support import normals, quick

from spaic_jax import ops

X, Y, Z, SQUARE = normals(0, (2, 3), (2, 3), (4, 3), (3, 3))
MAPS, KERNEL, BACK = normals(1, (2, 2, 4, 4), (3, 2, 2, 2), (2, 3, 2, 2))
VECTOR, POSITIVE = normals(2, (3,))[0], np.abs(X) + np.float32(0.5)
DELAYED, BATCH, TURN = normals(3, (2, 4, 3), (2, 3, 4), (4,))
INDICES = np.array([[0, 3, 3], [2, 0, 2]])
KEY_DATA = np.array([0, 7], np.uint32)


def _parts(z):
    return jnp.stack([z.real, z.imag])


def _spikes(re, im):
    return jax.lax.complex(re, im)


def _beta(angle):
    return 0.9 * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))


CASES = {
    "arithmetic": (lambda x, y: ops.var_linear(ops.add(x, y), ops.minus(x, 2.0), ops.var_mult(x, y)), X, Y),
    "div": (ops.div, X, POSITIVE),
    "functions": (lambda x: ops.sigmoid(x) + ops.exp(x) + ops.sin(x) + ops.cos(x) + ops.tan(0.3 * x), X),
    "logarithms": (lambda x: ops.log(x) + ops.log2(x) + ops.log10(x), POSITIVE),
    "clamps": (
        lambda x: ops.clamp_(x, -0.5, 0.5) + ops.clamp_max_(x, 0.25) + ops.clamp_min_(x, 0.1) + ops.relu(x),
        X),
    "if_assign": (ops.if_assign, X, Y, POSITIVE),
    "shapes": (
        lambda x, y: ops.reduce_sum(ops.permute(ops.stack([ops.cat([x, y]), ops.cat([y, x])]), (2, 0, 1)), 1)
        + ops.reduce_sum(ops.unsqueeze(ops.view(ops.reduce_sum_update([x, y]), (6,)), 0), 0)[0], X, Y),
    "selection": (
        lambda x, s: ops.index_select(ops.scatter(x, np.array([[1, 0, 1]]), s), np.array([2, 2, 0])), X,
        Y[:1]),
    "products": (
        lambda a, w: ops.mat_mult(ops.mat_mult_weight(a, w), ops.mat_mult_pre(ops.mat_mult_weight(a, w), a)),
        X, Z),
    "linear": (lambda a, x, b: ops.mat_linear(a, x, b) + ops.ger(b[:2], b), X, SQUARE, VECTOR),
    "delayed": (ops.mult_sum_weight, DELAYED, Z),
    "bmm": (ops.bmm, DELAYED, BATCH),
    "maps_times_weight": (lambda x, w: ops.reshape_mat_mult(x, w.reshape(1, 32)), MAPS, MAPS[0]),
    "weight_norm": (ops.weight_norm, POSITIVE, Y[:, :1]),
    "sparse": (lambda v, x: ops.sparse_mat_mult_weight(INDICES, v, x, shape=(4, 3)), VECTOR, X),
    "complex": (
        lambda re, im, w, a: _parts(ops.mat_mult_weight_complex(_spikes(re, im), w, _beta(a))), X, Y, Z,
        TURN),
    "complex_delayed": (
        lambda re, im, w, a, d: _parts(ops.mat_mult_weight_complex(_spikes(re, im), w, _beta(a), d, dt=0.5)),
        BATCH, BATCH[::-1], Z, TURN, np.abs(Z) + np.float32(0.1)),
    "two_complex": (
        lambda re, im, w, a, d: _parts(ops.mat_mult_weight_2complex(_spikes(re, im), w, _beta(a), d, dt=0.5)),
        BATCH, BATCH[::-1], np.stack([Z, Z], -1), Z, np.abs(Z) + np.float32(0.1)),
    "convolution": (
        lambda x, k, b: ops.conv_2d(x, k, (2, 1), (1, 0), 1, 1, b, "replicate"), MAPS, KERNEL, VECTOR),
    "grouped": (lambda x, k: ops.conv_2d(x, k, 1, 1, 2, 2), MAPS, KERNEL[:2, :1]),
    "transposed": (lambda x, k, b: ops.conv_trans2d(x, k, 2, 1, 1, 1, b), MAPS, BACK, VECTOR),
    "lines": (
        lambda x, k, b: ops.conv_trans1d(ops.conv1d(x, k), b, stride=2), MAPS[0], KERNEL.reshape(3, 4, 2),
        BACK[0]),
    "complex_maps": (
        lambda re, im, k, d: _parts(
            ops.conv_2d_complex(_spikes(re, im), k, 1, 0, 1, 1, 0.9 + 0.1j, None, d, dt=0.5)),
        MAPS, MAPS[::-1], KERNEL, np.float32(0.7)),
    "pooling": (lambda x: ops.max_pool2d(x, 3, 2, 1) + ops.avg_pool2d(x, (3, 3), 2, 1) + ops.sum_pool2d(x, 3, 2, 1), MAPS),
    "complex_pooling": (
        lambda re, im: _parts(ops.post_max_pool2d_complex(_spikes(re, im), 2, 2, 1)), MAPS, MAPS[::-1]),
    "chains": (
        lambda x, k: ops.conv_max_pool2d(x, k, 2, 1, 1, 0, 0, 1, 1)
        + ops.conv_avg_pool2d(x, k, 2, 1, 1, 0, 0, 1, 1),
        MAPS, KERNEL),
    "maps": (
        lambda x, b: ops.im2col_indices(ops.conv_add_bias(ops.upsample(x, 1.5), b), 2, 2, 1, 2), MAPS,
        VECTOR[:2]),
    "flat": (lambda x: ops.feature_map_flatten(x) + ops.feature_map_flatten(ops.conv2d_flatten(x)), MAPS),
    "normalised": (
        lambda x, m, v, w, b: ops.batchnorm2d(x, 2, m, v, w, b), MAPS, VECTOR[:2], POSITIVE[0, :2],
        VECTOR[1:], VECTOR[:2]),
    "dropout": (lambda x: ops.dropout(jax.random.wrap_key_data(KEY_DATA), x, 0.4), X),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_gradient(name):
    function, *arrays = CASES[name]
    forward = quick(function)
    backward = quick(lambda arrays, cotangent: jax.vjp(function, *arrays)[1](cotangent))

    # What `check_grads` does in reverse mode, with each pass compiled once.
    def with_gradient(*arrays):
        return forward(*arrays), lambda cotangent: backward(arrays, cotangent)

    check_vjp(forward, with_gradient, tuple(arrays), atol=2e-2, rtol=2e-2, eps=3e-3)
