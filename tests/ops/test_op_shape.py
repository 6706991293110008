"""Shapes, selections and transfers, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_support import agrees, close, each_gives, few, normals, quick, seeds, wide

from spaic_jax import ops

shapes = st.lists(st.integers(0, 4), min_size=2, max_size=4).map(tuple)


@few
@given(st.data(), shapes, seeds)
def test_moves(data, shape, seed):
    x, y, z = normals(seed, shape, shape, shape)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    order = data.draw(st.permutations(range(len(shape))))
    dims = data.draw(st.lists(st.sampled_from(range(len(shape))), unique=True))

    def every(x, y, z):
        return (
            ops.assign(x), ops.cat([x, y, z], dim), ops.cat(x, y, dim=dim), ops.stack([x, y], dim),
            ops.stack(x, y),
            ops.reduce_sum(x, *dims), ops.reduce_sum(x, dim, keepdim=True), ops.reduce_sum_update([x, y, z]),
            ops.reduce_sum_update(x, y), ops.permute(x, order), ops.view(x, (x.size,)), ops.unsqueeze(x, dim),
            ops.feature_map_flatten(x), ops.conv2d_flatten(ops.unsqueeze(x, 0)),
        )  # fmt: skip

    expected = (
        x, np.concatenate([x, y, z], dim), np.concatenate([x, y], dim), np.stack([x, y], dim),
        np.stack([x, y], 1),
        wide(x).sum(tuple(dims) or 1), wide(x).sum(dim, keepdims=True), wide(x) + y + z, x + y,
        x.transpose(order),
        x.ravel(), np.expand_dims(x, dim), x.reshape(shape[0], int(np.prod(shape[1:]))),
        x.reshape(1, *shape[:-2], shape[-2] * shape[-1]),
    )  # fmt: skip
    for result, value in zip(quick(every)(x, y, z), expected, strict=True):
        close(result, value)


@few
@given(st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), seeds)
def test_selection(data, shape, seed):
    rng = np.random.default_rng(seed)
    (x,) = normals(seed, shape)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    taken = rng.integers(0, shape[dim], data.draw(st.integers(0, 4))).astype(np.int32)
    agrees(lambda x, i: ops.index_select(x, i, dim), np.take(x, taken, dim), x, taken)

    written = tuple(data.draw(st.integers(0, n)) for n in shape)
    lines = np.argsort(rng.random(shape), axis=dim).astype(
        np.uint8
    )  # distinct along dim, so that no writes meet
    where = lines[tuple(slice(n) for n in written)]
    (src,) = normals(seed + 1, written)
    expected = x.copy()
    for place in np.ndindex(*written):
        target = list(place)
        target[dim] = where[place]
        expected[tuple(target)] = src[place]
    agrees(lambda x, i, s: ops.scatter(x, i, s, dim), expected, x, where, src)
    agrees(lambda x, i: ops.scatter(x, i, 7.0, dim), np.where(expected != x, 7.0, x), x, where)


def test_places_out_of_range_under_jit():
    x, places = np.arange(3.0, dtype=np.float32), np.array([-1, 3, 1], np.int32)
    taken = quick(lambda x, i: ops.index_select(x, i, 0))(x, places)
    assert np.isnan(taken[:2]).all() and taken[2] == 1.0
    assert quick(lambda x, i: ops.scatter(x, i, 9.0))(x, places).tolist() == [0.0, 9.0, 2.0]


def test_spikes_without_a_time_plane_are_given_one():
    flat, timed = np.ones((2, 3), np.float32), np.full((2, 2, 3), 5.0, np.float32)
    members = [flat, timed]
    result = ops.stack(members)
    assert result.shape == (2, 2, 2, 3)
    assert result[:, 0, 0].tolist() == flat.tolist() and not result[:, 0, 1].any()
    assert members[0] is flat and flat.shape == (2, 3)


def test_dtypes_survive():
    whole, z = np.arange(6, dtype=np.int32).reshape(2, 3), np.ones((2, 3), np.complex64)
    last = np.eye(300, dtype=np.int32)[255]
    each_gives(
        (lambda: ops.cat([whole, whole]), np.concatenate([whole, whole], 1)),
        (lambda: ops.cat([whole, z.real]), np.concatenate([whole, z.real], 1).astype(np.float32)),
        (lambda: ops.reduce_sum(whole), whole.sum(1).astype(np.int32)),
        (lambda: ops.reduce_sum(whole > -1), np.array([3, 3], np.int32)),
        (lambda: ops.reduce_sum_update([whole, whole]), 2 * whole),
        (lambda: ops.stack([z, z]), np.stack([z, z], 1)),
        (lambda: ops.index_select(z, np.array([0])), z[:, :1]),
        (
            lambda: ops.scatter(z, np.zeros((1, 1), np.int32), 2.0),
            np.array([[2, 1, 1], [1, 1, 1]], np.complex64),
        ),
        (
            lambda: ops.scatter(whole, np.zeros((1, 1), np.int32), 0.5),
            np.array([[0.5, 1, 2], [3, 4, 5]], np.float32),
        ),
        (lambda: ops.scatter(0 * last, np.array([255], np.uint8), 1), last),
    )


def test_axes_may_be_arrays_with_a_number():
    assert ops.reduce_sum(np.ones((2, 3), np.float32), np.array(0), jnp.array(1)) == 6.0


def test_host_and_devices():
    assert isinstance(ops.to_numpy(jnp.ones(2)), np.ndarray)
    assert ops.to_tensor([[1, 2], [3, 4]]).dtype == jnp.float32
    assert ops.to_tensor(jnp.ones(2, jnp.int32), "bfloat16").dtype == jnp.bfloat16
    assert ops.to_tensor(True) == 1.0
    devices = jax.devices("cpu")
    for name, device in (
        ("cpu", devices[0]),
        (f"cpu:{len(devices) - 1}", devices[-1]),
        (devices[0], devices[0]),
    ):
        assert ops.to(np.ones(2, np.float32), name).devices() == {device}
    assert jax.jit(ops.to_tensor)(np.arange(2)).dtype == jnp.float32


@pytest.mark.parametrize("target", [[-1], [3, -1], [0, 3], [0, -1, 3]])
def test_views_of_nothing(target):
    x = np.ones((0, 3), np.float32)
    if target == [0, -1, 3]:
        with pytest.raises(ValueError, match="needs 0 elements"):
            ops.view(x, target)
    else:
        assert ops.view(x, target).shape == x.reshape(target).shape
