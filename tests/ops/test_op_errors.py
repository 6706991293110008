"""Bad input is an error while tracing, in one sentence that names the op, what came and what is needed."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spaic_jax import ops

KEY = np.array([0, 0], np.uint32)
MAPS, KERNEL, BACK = (np.ones(s, np.float32) for s in ((2, 4, 5, 5), (6, 2, 3, 3), (4, 3, 3, 3)))
A, W, V = (np.ones(s, np.float32) for s in ((4, 3), (5, 3), (3,)))
Z, ZMAPS = A.astype(np.complex64), MAPS.astype(np.complex64)
WHOLE = np.ones((4, 3), np.int32)
INDICES = np.array([[0, 1], [1, 2]])
LATE = np.ones((4, 3, 5), np.complex64)


def _sparse(indices=INDICES, values=V[:2], X=A, shape=(5, 3)):
    return ops.sparse_mat_mult_weight(indices, values, X, shape=shape)


def _dense(indices=INDICES, values=V[:2], shape=(5, 3)):
    return ops.sparse_to_dense(indices, values, shape=shape)


def _traced(function, value):
    """`function` of a value that has no number while tracing."""
    return jax.jit(function)(value)


#: A call, the error it raises, and a part of its sentence.
CASES = [
    # element by element
    (lambda: ops.add(A, np.ones(4, "f")), ValueError, "shapes x (4, 3), y (4,)"),
    (lambda: ops.minus(A, "one"), TypeError, "y='one'"),
    (lambda: ops.div(A, [[1.0], [2.0, 3.0]]), TypeError, "array of numbers"),
    (lambda: ops.var_mult(A, np.ones(4, "f")), ValueError, "A (4, 3), X (4,)"),
    (lambda: ops.var_linear(A, 1.0, np.ones(4, "f")), ValueError, "b (4,)"),
    (lambda: ops.relu(Z), TypeError, "complex64"),
    (lambda: ops.clamp_(A, 2.0, 1.0), ValueError, "min to be at most max"),
    (lambda: ops.clamp_(Z, 0.0, 1.0), TypeError, "a real dtype"),
    (lambda: ops.clamp_max_(V, A), ValueError, "max of shape (4, 3)"),
    (lambda: ops.clamp_min_(V, A), ValueError, "broadcasts to (3,)"),
    (lambda: ops.exp(None), TypeError, "x=None"),
    # spikes
    (lambda: ops.threshold(Z, 1.0), TypeError, "x of dtype complex64"),
    (lambda: ops.threshold(A, Z), TypeError, "v_th of dtype complex64"),
    (lambda: ops.threshold(A, np.ones(4, "f")), ValueError, "v_th (4,)"),
    (lambda: ops.reset(A, np.ones(4, "f")), ValueError, "o (4,)"),
    (lambda: ops.if_assign(A, V, np.ones(4, "f")), ValueError, "cond (4, 3)"),
    (lambda: ops.if_assign(A == 1, V, np.ones(4, "f")), ValueError, "cond (4, 3)"),
    # fixed point
    (lambda: ops.bit_and(Z, A), TypeError, "a real dtype"),
    (lambda: ops.quant_clamp(Z), TypeError, "a real dtype"),
    (lambda: ops.quant_clamp(A, 1), ValueError, "num_bits=1"),
    (lambda: ops.rescale(A, 1.0, num_bits=8.0), TypeError, "num_bits=8.0"),
    (lambda: ops.rescale(A, np.ones(4, "f")), ValueError, "n (4,)"),
    (lambda: ops.lshift_with_clamp(A, Z), TypeError, "shift of dtype complex64"),
    (lambda: ops.lshift_with_rescale(A, 1.0, np.ones(4, "f")), ValueError, "n (4,)"),
    (lambda: ops.add_with_clamp(A, np.ones(4, "f")), ValueError, "y (4,)"),
    # shapes
    (lambda: ops.cat([]), ValueError, "empty list"),
    (lambda: ops.cat([A, A], 2), ValueError, "one of the 2 axes"),
    (lambda: ops.cat([A, A], 0, 1), TypeError, "2 arguments after a list"),
    (lambda: ops.cat([A, W]), ValueError, "(4, 3), (5, 3)"),
    (lambda: ops.cat([A, V], 0), ValueError, "(4, 3), (3,)"),
    (lambda: ops.stack([A, W]), ValueError, "equal shapes"),
    (lambda: ops.stack([A, MAPS]), ValueError, "equal shapes"),
    (lambda: ops.stack([A, A], 3), ValueError, "one of the 3 axes"),
    (lambda: ops.reduce_sum_update([A, V]), ValueError, "equal shapes"),
    (lambda: ops.reduce_sum(V), ValueError, "dim=1"),
    (lambda: ops.reduce_sum(A, 0, -2), ValueError, "axes that differ"),
    (lambda: _traced(lambda d: ops.reduce_sum(A, d), 1), TypeError, "known while tracing"),
    (lambda: ops.permute(A, (0, 0)), ValueError, "each of the 2 axes once"),
    (lambda: ops.view(A, (5, -1)), ValueError, "needs 12 elements"),
    (lambda: ops.view(A, (-1, -1)), ValueError, "needs 12 elements"),
    (lambda: ops.view(A, (3, 3)), ValueError, "needs 12 elements"),
    (lambda: ops.view(A, (-2, 3)), ValueError, "view_dim=-2"),
    (lambda: ops.unsqueeze(A, 4), ValueError, "one of the 3 axes"),
    (lambda: ops.conv2d_flatten(A), ValueError, "(..., C, H, W)"),
    (lambda: ops.feature_map_flatten(1.0), ValueError, "a batch axis"),
    # selection
    (lambda: ops.index_select(A, V), TypeError, "an integer dtype"),
    (lambda: ops.index_select(A, INDICES), ValueError, "one axis of them"),
    (lambda: ops.index_select(A, np.array([0, 3])), ValueError, "within 0 ... 2"),
    (lambda: ops.index_select(A, np.array([-1])), ValueError, "from -1 to -1"),
    (lambda: ops.scatter(A, np.array([0]), V[:1]), ValueError, "as many axes"),
    (lambda: ops.scatter(A, np.zeros((1, 4), int), 1.0), ValueError, "none but axis 0 longer"),
    (lambda: ops.scatter(A, np.full((1, 1), 4), 1.0), ValueError, "within 0 ... 3"),
    (lambda: ops.scatter(A, np.zeros((1, 1), int), V), ValueError, "src of shape (3,)"),
    (lambda: ops.scatter(A, A, 1.0), TypeError, "an integer dtype"),
    (lambda: ops.scatter(1.0, 0, 1.0), ValueError, "at least one axis"),
    # products
    (lambda: ops.mat_mult_weight(A, W.T), ValueError, "axis -1 of X (5)"),
    (lambda: ops.mat_mult_weight(A, V), ValueError, "(post, pre)"),
    (lambda: ops.mat_mult_weight(A, MAPS), ValueError, "X of shape (2, 4, 5, 5)"),
    (lambda: ops.mat_mult_weight(Z, W), TypeError, "all of them real or all complex"),
    (lambda: ops.mat_mult_weight(1.0, W), ValueError, "(..., pre)"),
    (lambda: ops.reshape_mat_mult(MAPS, W), ValueError, "axis -1 of A (100)"),
    (lambda: ops.mat_mult_pre(A, W), ValueError, "all axes but the last"),
    (lambda: ops.mat_mult_pre(V, V), ValueError, "(batch, post)"),
    (lambda: ops.mat_mult(A, W), ValueError, "axis -2 of X (5)"),
    (lambda: ops.mat_mult(MAPS, MAPS[:1]), ValueError, "equal leading axes"),
    (lambda: ops.mat_mult(Z, W.T), TypeError, "all of them real"),
    (lambda: ops.bmm(A, W), ValueError, "(batch, n, k)"),
    (lambda: ops.bmm(MAPS, MAPS[0]), ValueError, "equal leading axes"),
    (lambda: ops.ger(A, V), ValueError, "two vectors"),
    (lambda: ops.ger(V, V.astype(np.complex64)), TypeError, "all of them real"),
    (lambda: ops.mult_sum_weight(A, W), ValueError, "(..., post, pre)"),
    (lambda: ops.mat_linear(A, W.T, np.ones((2, 4, 5), "f")), ValueError, "b of shape (2, 4, 5)"),
    (lambda: ops.weight_norm(V, 1.0), ValueError, "(post, pre, ...)"),
    (lambda: ops.weight_norm(WHOLE, 1.0), TypeError, "int32"),
    (lambda: ops.weight_norm(Z, 1.0), TypeError, "complex64"),
    (lambda: ops.weight_norm(A, np.ones((2, 4, 3), "f")), ValueError, "amp of shape (2, 4, 3)"),
    (lambda: _dense(values=V[:1]), ValueError, "sparse_to_dense got indices of shape"),
    (lambda: _dense(shape=(1, 1)), ValueError, "needs them within"),
    (lambda: _dense(indices=INDICES * 0.5), TypeError, "sparse_to_dense"),
    (lambda: _sparse(X=W.T), ValueError, "its last axis to be pre (3)"),
    (lambda: _sparse(values=V), ValueError, "(2, entries)"),
    (lambda: _sparse(indices=INDICES.T[:, :1]), ValueError, "indices of shape (2, 1)"),
    (lambda: _sparse(indices=INDICES * 1.0), TypeError, "an integer dtype"),
    (lambda: _sparse(indices=INDICES + 2), ValueError, "indices[1] from 3 to 4"),
    (lambda: _sparse(indices=INDICES - 1), ValueError, "indices[0] from -1 to 0"),
    (lambda: _sparse(X=Z), TypeError, "all of them real"),
    (lambda: _sparse(shape=(5, 3, 1)), ValueError, "one integer or 2"),
    (lambda: _sparse(shape=(-5, 3)), ValueError, "shape=-5"),
    # complex spikes
    (lambda: ops.mat_mult_weight_complex(A, W, np.ones(3, "F")), ValueError, "a number or (5,)"),
    (lambda: ops.mat_mult_weight_complex(A, W.T, 1.0), ValueError, "pre=5 and post=3"),
    (lambda: ops.mat_mult_weight_complex(A, V, 1.0), ValueError, "(post, pre)"),
    (lambda: ops.mat_mult_weight_complex(A, W.astype("F"), 1.0), TypeError, "float32 or float64"),
    (lambda: ops.mat_mult_weight_complex(A, W, 1.0, 0.5, dt=0.1), ValueError, "with a delay"),
    (lambda: ops.mat_mult_weight_complex(LATE, W, 1.0, 0.5), ValueError, "as dt="),
    (lambda: ops.mat_mult_weight_complex(LATE.real, W, 1.0, 0.5), ValueError, "as dt="),
    (lambda: ops.mat_mult_weight_complex(LATE, W, 1.0, 0.5, dt=0.0), ValueError, "a positive length"),
    (lambda: ops.mat_mult_weight_complex(LATE, W, 1.0, 0.5j, dt=0.1), TypeError, "delay of dtype complex64"),
    (lambda: ops.mat_mult_weight_complex(LATE, W, 1.0, W.T, dt=0.1), ValueError, "delay of shape (3, 5)"),
    (lambda: ops.mat_mult_weight_2complex(A, W, 1.0), ValueError, "(post, pre, K)"),
    (lambda: ops.mat_mult_weight_2complex(A, W[..., None], np.ones(5, "F")), ValueError,
        "broadcasts to (5, 3)"),
    (lambda: ops.mat_mult_weight_2complex(W.T, W[..., None], 1.0), ValueError, "pre=3 and post=5"),
    (lambda: ops.conv_2d_complex(ZMAPS, KERNEL.astype("F"), 1, 0, 1, 2, 1.0), TypeError,
        "kernel of dtype complex64"),
    (lambda: ops.conv_2d_complex(ZMAPS, KERNEL, 1, 0, 1, 2, 1.0, np.ones(6, "F")), TypeError,
        "bias of dtype complex64"),
    (lambda: ops.conv_2d_complex(ZMAPS, KERNEL, 1, 0, 1, 2, 1.0, delay=1.0), ValueError, "as dt="),
    (lambda: ops.conv_2d_complex(ZMAPS, KERNEL, 1, 0, 1, 2, np.ones(3, "F")), ValueError,
        "beta of shape (3,)"),
    (lambda: ops.conv_2d_complex(ZMAPS, KERNEL, 0, 0, 1, 2, 1.0), ValueError, "stride=0"),
    # convolution
    (lambda: ops.conv_2d(A, KERNEL), ValueError, "(..., C, H, W)"),
    (lambda: ops.conv_2d(MAPS, A), ValueError, "(out, in / groups, kh, kw)"),
    (lambda: ops.conv_2d(MAPS, KERNEL[:0]), ValueError, "none of them 0"),
    (lambda: ops.conv_2d(MAPS, KERNEL), ValueError, "needs 2 channels"),
    (lambda: ops.conv_2d(MAPS, KERNEL[:5], groups=2), ValueError, "a divisor of 5"),
    (lambda: ops.conv_2d(MAPS, KERNEL, groups=0), ValueError, "groups=0"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 0, groups=2), ValueError, "stride=0"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 1.5, groups=2), TypeError, "stride=1.5"),
    (lambda: ops.conv_2d(MAPS, KERNEL, (1, 1, 1), groups=2), ValueError, "one integer or 2"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 1, -1, groups=2), ValueError, "padding=-1"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 1, 0, 0, 2), ValueError, "dilation=0"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 1, 0, 3, 2), ValueError, "at least (7, 7)"),
    (lambda: ops.conv_2d(MAPS, KERNEL, groups=2, bias=V), ValueError, "needs (6,)"),
    (lambda: ops.conv_2d(MAPS, KERNEL, groups=2, padding_mode="mirror"), ValueError, "padding_mode='mirror'"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 1, 5, 1, 2, None, "reflect"), ValueError, "at most 4"),
    (lambda: ops.conv_2d(MAPS, KERNEL, 1, 6, 1, 2, None, "circular"), ValueError, "at most 5"),
    (lambda: ops.conv_2d(ZMAPS, KERNEL, groups=2), TypeError, "all of them real or all complex"),
    (lambda: ops.conv_2d(MAPS > 0, KERNEL > 0, groups=2), TypeError, "dtype bool"),
    (lambda: ops.conv1d(V, V), ValueError, "(..., C, L)"),
    (lambda: ops.conv1d(A, KERNEL), ValueError, "(out, in / groups, k)"),
    (lambda: ops.conv_trans1d(A, BACK[..., 0], padding=9), ValueError, "nothing is left"),
    (lambda: ops.conv_trans2d(MAPS, KERNEL), ValueError, "needs 6 channels"),
    (lambda: ops.conv_trans2d(MAPS, BACK, groups=3), ValueError, "a divisor of 4"),
    (lambda: ops.conv_trans2d(MAPS, BACK, dilation=0), ValueError, "dilation=0"),
    (lambda: ops.conv_trans2d(MAPS, BACK, bias=V[:2]), ValueError, "needs (3,)"),
    (lambda: ops.conv_trans2d(MAPS, A), ValueError, "(in, out / groups, kh, kw)"),
    (lambda: ops.conv_add_bias(MAPS, V), ValueError, "one a channel"),
    (lambda: ops.conv_add_bias(A, V), ValueError, "(..., C, H, W)"),
    # pooling
    (lambda: ops.max_pool2d(A, 2, 2), ValueError, "(..., C, H, W)"),
    (lambda: ops.max_pool2d(MAPS, 0, 2), ValueError, "pool_kernel=0"),
    (lambda: ops.max_pool2d(MAPS, 2, 0), ValueError, "pool_stride=0"),
    (lambda: ops.max_pool2d(MAPS, 2, 2, 2), ValueError, "at most half"),
    (lambda: ops.max_pool2d(MAPS, 6, 1), ValueError, "at least (6, 6)"),
    (lambda: ops.max_pool2d(ZMAPS, 2, 2), TypeError, "a real dtype"),
    (lambda: ops.avg_pool2d(MAPS.astype(int), 2, 2), TypeError, "a floating dtype"),
    (lambda: ops.sum_pool2d(MAPS, 2, 2, 2), ValueError, "at most half of pool_kernel"),
    (lambda: ops.post_max_pool2d_complex(MAPS, 2, 2), TypeError, "a complex dtype"),
    (lambda: ops.post_max_pool2d_complex(ZMAPS, 2, 2, -1), ValueError, "pool_padding=-1"),
    (lambda: ops.im2col_indices(MAPS, 6, 2, 0, 1), ValueError, "at least (6, 2)"),
    (lambda: ops.im2col_indices(MAPS, 0, 2, 0, 1), ValueError, "kh=0"),
    (lambda: ops.upsample(MAPS, 0.0), ValueError, "factors that leave"),
    (lambda: ops.upsample(MAPS, (2, 2, 2)), ValueError, "scale=(2, 2, 2)"),
    (lambda: ops.upsample(MAPS, "two"), TypeError, "scale="),
    (lambda: ops.upsample(MAPS, float("inf")), ValueError, "a finite number"),
    # normalisation
    (lambda: ops.batchnorm2d(A, 3), ValueError, "(..., C, H, W)"),
    (lambda: ops.batchnorm2d(MAPS, 3), ValueError, "needs 3 channels"),
    (lambda: ops.batchnorm2d(MAPS.astype(int), 4), TypeError, "a floating dtype"),
    (lambda: ops.batchnorm2d(ZMAPS, 4), TypeError, "a real dtype"),
    (lambda: ops.batchnorm2d(MAPS, 4, V), ValueError, "both running_mean and running_var"),
    (lambda: ops.batchnorm2d(MAPS, 4, V, V), ValueError, "needs (4,)"),
    (lambda: ops.batchnorm2d(MAPS, 4, weight=V), ValueError, "weight of shape (3,)"),
    (lambda: ops.batchnorm2d(MAPS, 4, train=False), ValueError, "train=False"),
    (lambda: ops.batchnorm2d(MAPS[:1, :, :1, :1], 4), ValueError, "more than one value"),
    (lambda: ops.batchnorm2d(MAPS, 4, momentum=1.5), ValueError, "between 0 and 1"),
    (lambda: ops.batchnorm2d(MAPS, 4, eps=-1.0), ValueError, "eps=-1.0"),
    (lambda: ops.dropout(None, A, 0.5), ValueError, "no key"),
    (lambda: ops.dropout(KEY, A, 1.5), ValueError, "p=1.5"),
    (lambda: ops.dropout(KEY, A, -0.1), ValueError, "between 0 and 1"),
    (lambda: ops.dropout(KEY, A, float("nan")), ValueError, "p=nan"),
    (lambda: ops.dropout(KEY, A, V * 0.5), ValueError, "one number"),
    (lambda: ops.dropout(KEY, WHOLE), TypeError, "a floating dtype"),
    # initial weights
    (lambda: ops.uniform(KEY, (3, 2)), TypeError, "data=(3, 2)"),
    (lambda: ops.uniform(KEY, WHOLE), TypeError, "int32"),
    (lambda: ops.uniform(KEY, A, 2.0, 1.0), ValueError, "a to be at most b"),
    (lambda: ops.normal(KEY, A, 0.0, -1.0), ValueError, "at least 0"),
    (lambda: ops.normal(KEY, Z), TypeError, "complex64"),
    (lambda: ops.xavier_uniform(KEY, V), ValueError, "at least 2 axes"),
    (lambda: ops.xavier_normal(KEY, V), ValueError, "at least 2 axes"),
    (lambda: ops.xavier_normal(KEY, A, -1.0), ValueError, "gain=-1.0"),
    (lambda: ops.kaiming_uniform(KEY, V), ValueError, "at least 2 axes"),
    (lambda: ops.kaiming_normal(KEY, A, mode="fan"), ValueError, "mode='fan'"),
    (lambda: ops.kaiming_normal(KEY, A, nonlinearity="step"), ValueError, "nonlinearity='step'"),
    (lambda: ops.constant(None, A, "one"), TypeError, "constant_value='one'"),
    (lambda: ops.sparse(KEY, MAPS), ValueError, "two axes"),
    (lambda: ops.sparse(KEY, A, 1.5), ValueError, "between 0 and 1"),
    # transfers
    (lambda: ops.to(A, "abacus"), ValueError, "device='abacus'"),
    (lambda: ops.to(A, "cpu:99"), ValueError, "cpu:0"),
    (lambda: ops.to_tensor("words"), TypeError, "array of numbers"),
    (lambda: ops.to_tensor(Z), TypeError, "a real dtype"),
    (lambda: _traced(ops.to_numpy, A), TypeError, "outside jax.jit"),
]  # fmt: skip

NEVER_FAIL = {"assign"}
SAME_CODE = {
    "sigmoid",
    "sin",
    "cos",
    "tan",
    "log",
    "log2",
    "log10",
}  # as exp, their checks being one function
CHAINS = {"conv_max_pool2d", "conv_avg_pool2d"}  # the errors are those of their parts


@pytest.mark.parametrize(
    ("call", "kind", "part"), CASES, ids=[f"{i}-{part}" for i, (*_, part) in enumerate(CASES)]
)
def test_error(call, kind, part):
    with pytest.raises(kind) as caught:
        jax.eval_shape(call)
    sentence = str(caught.value).partition("\n")[0]
    assert part in sentence
    # One sentence, which names the op, what came and what is needed.
    assert re.fullmatch(r"(\w+) got .+, but needs .+\.", sentence), sentence
    assert sentence.split()[0] in ops.__all__


def test_every_op_has_a_case():
    named = set()
    for call, kind, _ in CASES:
        with pytest.raises(kind) as caught:
            jax.eval_shape(call)
        named.add(str(caught.value).split()[0])
    assert named | NEVER_FAIL | SAME_CODE | CHAINS == set(ops.__all__) - {"INITIALISERS", "REGISTRY", "register", "takes_key"}


def test_strictness_stays_that_of_the_caller():
    # Two floating dtypes are JAX's business: strict promotion refuses them, standard promotion promotes.
    short = jnp.ones((4, 3), jnp.bfloat16)
    with pytest.raises(Exception, match="no available implicit dtype promotion"):
        jax.eval_shape(lambda: ops.mat_mult_weight(short, W))
    with jax.numpy_dtype_promotion("standard"):
        assert jax.eval_shape(lambda: ops.mat_mult_weight(short, W)).dtype == jnp.float32
        assert jax.eval_shape(lambda: ops.add(short, A)).dtype == jnp.float32
