"""Convolutions, pooling, unfolding and normalisation, against loops in NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_support import close, each_gives, few, leading, normals, quick, seeds, wide

from spaic_jax import ops

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


def _correlate(x, kernel, stride, padding, dilation, groups, bias=None, mode="constant"):
    """Of `(N, C, H, W)`, by a loop over the kernel."""
    x, kernel = wide(x), wide(kernel)
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], mode=mode)
    (kh, kw), inputs, outputs = kernel.shape[2:], kernel.shape[1], kernel.shape[0] // groups
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, d, k, s in zip(x.shape[2:], dilation, (kh, kw), stride, strict=True)
    ]
    y = np.zeros((x.shape[0], kernel.shape[0], *counts), np.result_type(x, kernel))
    for g, i, j in itertools.product(range(groups), range(kh), range(kw)):
        rows = dilation[0] * i + stride[0] * np.arange(counts[0])
        columns = dilation[1] * j + stride[1] * np.arange(counts[1])
        block = x[:, g * inputs : (g + 1) * inputs][:, :, rows][:, :, :, columns]
        out = slice(g * outputs, (g + 1) * outputs)
        y[:, out] += np.einsum("nchw,oc->nohw", block, kernel[out, :, i, j])
    return y if bias is None else y + wide(bias)[:, None, None]


def _stretch(x, kernel, stride, padding, dilation, groups, bias=None):
    """The transpose of `_correlate`: every input is spread over a window of the output."""
    x, kernel = wide(x), wide(kernel)
    n, _, h, w = x.shape
    inputs, outputs, (kh, kw) = kernel.shape[0] // groups, kernel.shape[1], kernel.shape[2:]
    full = [
        (m - 1) * s + d * (k - 1) + 1 for m, s, d, k in zip((h, w), stride, dilation, (kh, kw), strict=True)
    ]
    y = np.zeros((n, groups * outputs, *full))
    for g, a, b, i, j in itertools.product(range(groups), range(h), range(w), range(kh), range(kw)):
        source = slice(g * inputs, (g + 1) * inputs)
        place = (
            slice(None),
            slice(g * outputs, (g + 1) * outputs),
            a * stride[0] + i * dilation[0],
            b * stride[1] + j * dilation[1],
        )
        y[place] += x[:, source, a, b] @ kernel[source, :, i, j]
    y = y[:, :, padding[0] : full[0] - padding[0], padding[1] : full[1] - padding[1]]
    return y if bias is None else y + wide(bias)[:, None, None]


def _flat(x, axes=3):
    return x.reshape(-1, *x.shape[x.ndim - axes :])


def _unflat(y, batch):
    return y.reshape(*batch, *y.shape[1:])


@few
@given(
    leading,
    pairs,
    pairs,
    pairs,
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.integers(1, 2),
    seeds,
    st.sampled_from(["constant", "zeros", "reflect", "replicate", "circular"]),
)
def test_convolution(batch, kernel_size, stride, dilation, padding, groups, seed, mode):
    sizes = [d * (k - 1) + 1 + n for d, k, n in zip(dilation, kernel_size, (2, 3), strict=True)]
    x, kernel, back, bias, beta, delay = normals(
        seed,
        (*batch, 2 * groups, *sizes),
        (3 * groups, 2, *kernel_size),
        (2 * groups, 3, *kernel_size),
        (3 * groups,),
        (),
        (),
    )
    padding = tuple(
        min(p, k - 1) for p, k in zip(padding, kernel_size, strict=True)
    )  # so that a transpose is left
    z, beta, delay = (
        (x + 1j * x[..., ::-1]).astype(np.complex64),
        np.complex64(0.8 + 0.3j * beta),
        np.abs(delay),
    )
    settings = (stride, padding, dilation, groups)

    def every(x, z, kernel, back, bias, beta, delay):
        return (
            ops.conv_2d(x, kernel, *settings, bias, mode), ops.conv_trans2d(x, back, *settings, bias),
            ops.conv_2d_complex(x, kernel, *settings, beta, bias),
            ops.conv_2d_complex(z, kernel, *settings, beta),
            ops.conv_2d_complex(z, kernel, *settings, beta, bias, delay, dt=0.3),
            ops.conv1d(x[..., 0], kernel[..., 0], bias, stride[0], padding[0], dilation[0], groups),
            ops.conv_trans1d(x[..., 0], back[..., 0], bias, stride[0], padding[0], dilation[0], groups),
        )  # fmt: skip

    name = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}.get(mode, mode)
    flat, flat_z = _flat(x), wide(_flat(z))
    turned = [
        beta**flat_z.imag * 1j * flat_z.real,
        beta ** (flat_z.imag + np.ceil(delay / 0.3) - delay / 0.3) * 1j * flat_z.real,
    ]
    along = ((stride[0], 1), (padding[0], 0), (dilation[0], 1), groups, bias)
    expected = (
        _correlate(flat, kernel, *settings, bias, name), _stretch(flat, back, *settings, bias),
        _correlate(1j * flat, kernel, *settings, bias * (1 + 1j)), _correlate(turned[0], kernel, *settings),
        _correlate(turned[1], kernel, *settings, bias * (1 + 1j)),
        _correlate(flat[..., :1], kernel[..., :1], *along)[..., 0],
        _stretch(flat[..., :1], back[..., :1], *along)[..., 0],
    )  # fmt: skip
    for result, value in zip(quick(every)(x, z, kernel, back, bias, beta, delay), expected, strict=True):
        close(result, _unflat(value, batch), 2e-4)


def _pool(x, kernel, stride, padding, fill, function):
    """Of `(N, C, H, W)`, by a loop over windows."""
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], constant_values=fill)
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel, stride, strict=True)]
    y = np.zeros((*x.shape[:2], *counts), x.dtype)
    for i, j in np.ndindex(*counts):
        window = x[:, :, i * stride[0] : i * stride[0] + kernel[0], j * stride[1] : j * stride[1] + kernel[1]]
        y[:, :, i, j] = function(window.reshape(*x.shape[:2], -1))
    return y


def _by_imaginary(window):
    return np.take_along_axis(window, window.imag.argmax(-1)[..., None], -1)[..., 0]


@few
@given(leading, pairs, pairs, st.tuples(st.booleans(), st.booleans()), seeds)
def test_pooling(batch, kernel, stride, padded, seed):
    padding = tuple(k // 2 if on else 0 for k, on in zip(kernel, padded, strict=True))
    x, im, weight = normals(seed, (*batch, 2, 4, 5), (*batch, 2, 4, 5), (3, 2, 2, 2))
    # Few different values, so that many windows hold equal maxima.
    im = np.round(im)
    z = (x + 1j * im).astype(np.complex64)

    def every(x, z, weight):
        settings = (kernel, stride, padding)
        chain = (kernel, 1, stride, 1, padding, 1, 1)
        return (
            ops.max_pool2d(x, *settings), ops.avg_pool2d(x, *settings), ops.sum_pool2d(x, *settings),
            ops.post_max_pool2d_complex(z, *settings),
            ops.conv_max_pool2d(x, weight, *chain), ops.conv_avg_pool2d(x, weight, *chain),
            ops.im2col_indices(x, *kernel, padding, stride), ops.upsample(x, kernel), ops.upsample(x, 1.5),
            ops.conv_add_bias(x, weight[0, :, 0, 0]),
        )  # fmt: skip

    flat, flat_z, settings = wide(_flat(x)), wide(_flat(z)), (kernel, stride, padding)
    maps = _correlate(flat, weight, (1, 1), (1, 1), (1, 1), 1)
    columns = [
        _pool(flat[:, c : c + 1], *settings, 0.0, lambda w, k=k: w[..., k]).reshape(len(flat), -1)
        for c in range(2)
        for k in range(kernel[0] * kernel[1])
    ]
    half = [np.minimum(np.floor(np.arange(int(n * 1.5)) / 1.5).astype(int), n - 1) for n in (4, 5)]
    expected = (
        _pool(flat, *settings, -np.inf, lambda w: w.max(-1)),
        _pool(flat, *settings, 0.0, lambda w: w.mean(-1)), _pool(flat, *settings, 0.0, lambda w: w.sum(-1)),
        _pool(flat_z, *settings, complex(0, -np.inf), _by_imaginary),
        _pool(maps, *settings, -np.inf, lambda w: w.max(-1)),
        _pool(maps, *settings, 0.0, lambda w: w.mean(-1)), np.stack(columns, 1),
        flat.repeat(kernel[0], 2).repeat(kernel[1], 3), flat[:, :, half[0]][:, :, :, half[1]],
        flat + wide(weight)[0, :, 0, 0][:, None, None],
    )  # fmt: skip
    for result, value in zip(quick(every)(x, z, weight), expected, strict=True):
        close(result, _unflat(value, batch), 1e-4)


def test_gradients_go_to_the_first_of_equal_maxima():
    x, z = np.zeros((1, 2, 4), np.float32), np.zeros((1, 2, 4), np.complex64)
    first = np.array([[[1, 0, 1, 0], [0, 0, 0, 0]]], np.float32)
    each_gives(
        (lambda: jax.grad(lambda x: ops.max_pool2d(x, 2, 2).sum())(x), first),
        (lambda: jax.grad(lambda z: ops.post_max_pool2d_complex(z, 2, 2).real.sum())(z).real, first),
    )


@few
@given(st.lists(st.integers(1, 3), max_size=2).map(tuple), st.integers(1, 3), seeds)
def test_batch_normalisation(batch, c, seed):
    x, mean, var, weight, bias = normals(seed, (*batch, c, 2, 3), (c,), (c,), (c,), (c,))
    var = np.abs(var) + np.float32(0.1)

    def every(x, *state):
        return (
            ops.batchnorm2d(x, c), *ops.batchnorm2d(x, c, *state, momentum=0.3, eps=1e-3),
            *ops.batchnorm2d(x, c, *state, train=False),
        )  # fmt: skip

    axes = tuple(i for i in range(x.ndim) if i != x.ndim - 3)
    count = x.size // c
    channel = (slice(None), None, None)
    mu, sigma = wide(x).mean(axes), wide(x).var(axes)
    centred = wide(x) - mu[channel]
    expected = (
        centred / np.sqrt(sigma + 1e-5)[channel],
        centred / np.sqrt(sigma + 1e-3)[channel] * weight[channel] + bias[channel],
        0.7 * wide(mean) + 0.3 * mu, 0.7 * wide(var) + 0.3 * sigma * count / (count - 1),
        (wide(x) - mean[channel]) / np.sqrt(wide(var) + 1e-5)[channel] * weight[channel] + bias[channel],
        mean, var,
    )  # fmt: skip
    for result, value in zip(quick(every)(x, mean, var, weight, bias), expected, strict=True):
        close(result, value, 1e-4)


def test_dropout():
    key, x = jax.random.key(3), np.full((100, 100), 3.0, np.float32)

    def every(x, p):
        gradients = jax.grad(lambda x, p: ops.dropout(key, x, p).sum(), (0, 1))
        # Each sample of a vmap over keys has a mask of its own.
        masks = jax.vmap(lambda k: ops.dropout(k, x[0], 0.5))(jax.random.split(key, 2))
        return (
            ops.dropout(key, x, p), ops.dropout(jax.random.key(4), x, p), ops.dropout(key, x, 0.0),
            ops.dropout(key, x, 1.0),
            ops.dropout(key, x.astype(jnp.bfloat16)), ops.dropout(key, x.astype(np.complex64)), masks,
            *gradients(x, p),
            *gradients(x, 1.0),
        )  # fmt: skip

    dropped, other, whole, nothing, short, z, masks, *gradients = quick(every)(x, np.float32(0.25))
    kept = np.asarray(dropped) != 0
    assert abs(kept.mean() - 0.75) < 0.02
    close(dropped, kept * 4.0)
    assert (other != dropped).any() and (masks[0] != masks[1]).any()
    assert (whole == x).all() and not nothing.any()
    assert short.dtype == jnp.bfloat16 and z.dtype == np.complex64
    close(gradients[0], kept / 0.75)
    assert not gradients[2].any() and np.isfinite(gradients[3])
    assert ops.dropout(None, x, 0.25, train=False).tolist() == x.tolist()


@pytest.mark.parametrize("dtype", [np.int32, np.complex64])
def test_convolution_of_other_dtypes(dtype):
    rng = np.random.default_rng(0)
    x, kernel, back = (
        rng.integers(-4, 5, s).astype(dtype) for s in ((2, 2, 4, 5), (3, 2, 2, 2), (2, 3, 2, 2))
    )
    if dtype is np.complex64:
        x, kernel = x * np.complex64(1 + 2j), kernel * np.complex64(2 - 1j)
    result = ops.conv_2d(x, kernel)
    assert result.dtype == dtype
    close(result, _correlate(x, kernel, (1, 1), (0, 0), (1, 1), 1))
    if dtype is np.int32:
        close(ops.conv_trans2d(x, back, 2), _stretch(x, back, (2, 2), (0, 0), (1, 1), 1))


def test_stored_spikes():
    spikes, kernel = np.ones((1, 1, 2, 2), bool), np.ones((1, 1, 2, 2), np.float32)
    each_gives(
        (lambda: ops.conv_2d(spikes, kernel), np.full((1, 1, 1, 1), 4.0, np.float32)),
        (lambda: ops.conv_2d(spikes.astype(np.uint8), kernel), np.full((1, 1, 1, 1), 4.0, np.float32)),
        (lambda: ops.max_pool2d(spikes, 2, 2), spikes[..., :1, :1]),
        (lambda: ops.max_pool2d(-spikes.astype(np.int8), 2, 1, 1), -np.ones((1, 1, 3, 3), np.int8)),
        (lambda: ops.im2col_indices(spikes, 2, 2, 0, 1), np.ones((1, 4, 1), bool)),
    )


def test_empty_and_single():
    kernel, none, one = (np.ones(shape, np.float32) for shape in ((3, 2, 2, 2), (0, 2, 4, 4), (2, 2, 2)))

    def empty(*shape):
        return np.zeros((0, *shape), np.float32)

    each_gives(
        (lambda: ops.conv_2d(none, kernel), empty(3, 3, 3)),
        (lambda: ops.conv_trans2d(none, kernel.swapaxes(0, 1)), empty(3, 5, 5)),
        (lambda: ops.max_pool2d(none, 2, 2), empty(2, 2, 2)),
        (lambda: ops.post_max_pool2d_complex(none + 0j, 2, 2).real, empty(2, 2, 2)),
        (lambda: ops.im2col_indices(none, 2, 2, 0, 1), empty(8, 9)),
        (lambda: ops.upsample(none, 2), empty(2, 8, 8)),
        (lambda: ops.dropout(jax.random.key(0), none), none),
        (lambda: ops.conv_2d(one, kernel), np.full((3, 1, 1), 8.0, np.float32)),
        (lambda: ops.avg_pool2d(one, 2, 1), np.ones((2, 1, 1), np.float32)),
    )


@pytest.mark.parametrize("scale", [0.5, 0.7, 1.1, 1.3, 1.5, 2, 2.2, 2.4, 3.3, 4.1, 7, 49, np.float32(2.5), (1.7, 2.3)])
def test_upsample_counts_places_without_rounding(scale):
    factors = scale if isinstance(scale, tuple) else (scale, scale)
    maps = np.arange(40.0 * 3, dtype=np.float32).reshape(1, 40, 3) if 3 * min(factors) >= 1 else np.ones((1, 4, 2))
    places = []
    for size, factor in zip(maps.shape[1:], factors, strict=True):
        # PyTorch's nearest: floor(i * (1 / scale)), in float64, where a quotient within rounding of a whole number is that.
        quotient = np.arange(np.floor(size * float(factor))) * (1 / float(factor))
        whole = np.abs(quotient - np.round(quotient)) < 1e-9
        places.append(np.minimum(np.where(whole, np.round(quotient), np.floor(quotient)).astype(int), size - 1))
    expected = maps[:, places[0]][:, :, places[1]]
    np.testing.assert_array_equal(ops.upsample(maps, scale), expected)


def test_place_33_of_maps_made_larger_by_2_2_is_15():
    assert float(ops.upsample(jnp.arange(20.0).reshape(1, 20, 1), 2.2)[0, 33, 0]) == 15.0
