"""The named pure functions that an op list may call, with SPAIC's names, argument order and meaning.

* A random op takes its key before SPAIC's arguments: `dropout(key, x, p)`, `uniform(key, data)`. A row that names it
  gets one by itself.
* Weights are `(post, pre)`, kernels `(out, in, kh, kw)`, images `(..., C, H, W)`; further leading axes are
  batch axes.
* Settings that are no arrays (strides, axes, shapes) are known while tracing. An op list binds them with
  `functools.partial`.
* Arrays of bool or integer dtype, such as stored spikes, may meet floats; two floating dtypes follow JAX's
  promotion.
* Bad input raises ValueError or TypeError while tracing, in one sentence.
"""

from spaic_jax.ops._complex import conv_2d_complex, mat_mult_weight_2complex, mat_mult_weight_complex
from spaic_jax.ops._convolution import conv1d, conv_2d, conv_add_bias, conv_trans1d, conv_trans2d
from spaic_jax.ops._elementwise import (
    add,
    clamp_,
    clamp_max_,
    clamp_min_,
    cos,
    div,
    exp,
    log,
    log2,
    log10,
    minus,
    relu,
    sigmoid,
    sin,
    tan,
    var_linear,
    var_mult,
)
from spaic_jax.ops._fixed_point import (
    add_with_clamp,
    bit_and,
    lshift_with_clamp,
    lshift_with_rescale,
    quant_clamp,
    rescale,
)
from spaic_jax.ops._initialise import (
    constant,
    kaiming_normal,
    kaiming_uniform,
    normal,
    sparse,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from spaic_jax.ops._matmul import (
    bmm,
    ger,
    mat_linear,
    mat_mult,
    mat_mult_pre,
    mat_mult_weight,
    mult_sum_weight,
    reshape_mat_mult,
    weight_norm,
)
from spaic_jax.ops._normalisation import batchnorm2d, dropout
from spaic_jax.ops._pooling import (
    avg_pool2d,
    conv_avg_pool2d,
    conv_max_pool2d,
    im2col_indices,
    max_pool2d,
    post_max_pool2d_complex,
    sum_pool2d,
    upsample,
)
from spaic_jax.ops._registry import INITIALISERS, REGISTRY, register, takes_key
from spaic_jax.ops._select import index_select, scatter
from spaic_jax.ops._shape import (
    assign,
    cat,
    conv2d_flatten,
    feature_map_flatten,
    permute,
    reduce_sum,
    reduce_sum_update,
    stack,
    unsqueeze,
    view,
)
from spaic_jax.ops._sparse import sparse_mat_mult_weight, sparse_to_dense
from spaic_jax.ops._spikes import if_assign, reset, threshold
from spaic_jax.ops._transfer import to, to_numpy, to_tensor

__all__ = [
    "INITIALISERS",
    "REGISTRY",
    "add",
    "add_with_clamp",
    "assign",
    "avg_pool2d",
    "batchnorm2d",
    "bit_and",
    "bmm",
    "cat",
    "clamp_",
    "clamp_max_",
    "clamp_min_",
    "constant",
    "conv1d",
    "conv2d_flatten",
    "conv_2d",
    "conv_2d_complex",
    "conv_add_bias",
    "conv_avg_pool2d",
    "conv_max_pool2d",
    "conv_trans1d",
    "conv_trans2d",
    "cos",
    "div",
    "dropout",
    "exp",
    "feature_map_flatten",
    "ger",
    "if_assign",
    "im2col_indices",
    "index_select",
    "kaiming_normal",
    "kaiming_uniform",
    "log",
    "log10",
    "log2",
    "lshift_with_clamp",
    "lshift_with_rescale",
    "mat_linear",
    "mat_mult",
    "mat_mult_pre",
    "mat_mult_weight",
    "mat_mult_weight_2complex",
    "mat_mult_weight_complex",
    "max_pool2d",
    "minus",
    "mult_sum_weight",
    "normal",
    "permute",
    "post_max_pool2d_complex",
    "quant_clamp",
    "reduce_sum",
    "reduce_sum_update",
    "register",
    "relu",
    "rescale",
    "reset",
    "reshape_mat_mult",
    "scatter",
    "sigmoid",
    "sin",
    "sparse",
    "sparse_mat_mult_weight",
    "sparse_to_dense",
    "stack",
    "sum_pool2d",
    "takes_key",
    "tan",
    "threshold",
    "to",
    "to_numpy",
    "to_tensor",
    "uniform",
    "unsqueeze",
    "upsample",
    "var_linear",
    "var_mult",
    "view",
    "weight_norm",
    "xavier_normal",
    "xavier_uniform",
]
