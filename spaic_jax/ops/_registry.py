"""The names by which an op list, or the initial value of a variable, calls a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spaic_jax.ops import (
    _complex,
    _convolution,
    _elementwise,
    _fixed_point,
    _initialise,
    _matmul,
    _normalisation,
    _pooling,
    _select,
    _shape,
    _sparse,
    _spikes,
    _transfer,
)

#: Every op that a row of an op list may name. Settings that are no arrays are bound with `functools.partial`.
REGISTRY: dict[str, Callable[..., Any]] = {
    "add": _elementwise.add,
    "add_with_clamp": _fixed_point.add_with_clamp,
    "assign": _shape.assign,
    "avg_pool2d": _pooling.avg_pool2d,
    "batchnorm2d": _normalisation.batchnorm2d,
    "bit_and": _fixed_point.bit_and,
    "bmm": _matmul.bmm,
    "cat": _shape.cat,
    "clamp_": _elementwise.clamp_,
    "clamp_max_": _elementwise.clamp_max_,
    "clamp_min_": _elementwise.clamp_min_,
    "conv1d": _convolution.conv1d,
    "conv2d_flatten": _shape.conv2d_flatten,
    "conv_2d": _convolution.conv_2d,
    "conv_2d_complex": _complex.conv_2d_complex,
    "conv_add_bias": _convolution.conv_add_bias,
    "conv_avg_pool2d": _pooling.conv_avg_pool2d,
    "conv_max_pool2d": _pooling.conv_max_pool2d,
    "conv_trans1d": _convolution.conv_trans1d,
    "conv_trans2d": _convolution.conv_trans2d,
    "cos": _elementwise.cos,
    "div": _elementwise.div,
    "dropout": _normalisation.dropout,
    "exp": _elementwise.exp,
    "feature_map_flatten": _shape.feature_map_flatten,
    "ger": _matmul.ger,
    "if_assign": _spikes.if_assign,
    "im2col_indices": _pooling.im2col_indices,
    "index_select": _select.index_select,
    "log": _elementwise.log,
    "log10": _elementwise.log10,
    "log2": _elementwise.log2,
    "lshift_with_clamp": _fixed_point.lshift_with_clamp,
    "lshift_with_rescale": _fixed_point.lshift_with_rescale,
    "mat_linear": _matmul.mat_linear,
    "mat_mult": _matmul.mat_mult,
    "mat_mult_pre": _matmul.mat_mult_pre,
    "mat_mult_weight": _matmul.mat_mult_weight,
    "mat_mult_weight_2complex": _complex.mat_mult_weight_2complex,
    "mat_mult_weight_complex": _complex.mat_mult_weight_complex,
    "max_pool2d": _pooling.max_pool2d,
    "minus": _elementwise.minus,
    "mult_sum_weight": _matmul.mult_sum_weight,
    "permute": _shape.permute,
    "post_max_pool2d_complex": _pooling.post_max_pool2d_complex,
    "quant_clamp": _fixed_point.quant_clamp,
    "reduce_sum": _shape.reduce_sum,
    "reduce_sum_update": _shape.reduce_sum_update,
    "relu": _elementwise.relu,
    "rescale": _fixed_point.rescale,
    "reset": _spikes.reset,
    "reshape_mat_mult": _matmul.reshape_mat_mult,
    "scatter": _select.scatter,
    "sigmoid": _elementwise.sigmoid,
    "sin": _elementwise.sin,
    "sparse_mat_mult_weight": _sparse.sparse_mat_mult_weight,
    "sparse_to_dense": _sparse.sparse_to_dense,
    "stack": _shape.stack,
    "sum_pool2d": _pooling.sum_pool2d,
    "tan": _elementwise.tan,
    "threshold": _spikes.threshold,
    "to": _transfer.to,
    "to_tensor": _transfer.to_tensor,
    "unsqueeze": _shape.unsqueeze,
    "upsample": _pooling.upsample,
    "var_linear": _elementwise.var_linear,
    "var_mult": _elementwise.var_mult,
    "view": _shape.view,
    "weight_norm": _matmul.weight_norm,
}

#: Every way to draw initial weights, called as `function(key, data, **settings)`.
INITIALISERS: dict[str, Callable[..., Any]] = {
    "constant": _initialise.constant,
    "kaiming_normal": _initialise.kaiming_normal,
    "kaiming_uniform": _initialise.kaiming_uniform,
    "normal": _initialise.normal,
    "sparse": _initialise.sparse,
    "uniform": _initialise.uniform,
    "xavier_normal": _initialise.xavier_normal,
    "xavier_uniform": _initialise.xavier_uniform,
}


#: The ops of the registry that draw.
_RANDOM: set[str] = {"dropout"}


def register(name: str, function: Callable[..., Any], random: bool = False) -> None:
    """Give a pure function a name that rows of op lists may call it by, for the rest of the process.

    Args:
        name: the name; lower case, as in SPAIC.
        function: a pure function of arrays.
        random: whether it takes a random key before the arrays. Rows that name it then are random by themselves.

    Raises:
        ValueError: when the name is taken, or is no lower-case identifier.
        TypeError: when it is no function.

    Source: SPAIC, `register_basic_op`.

    >>> register("leaky_sum", lambda v, x: 0.5 * v + x)
    >>> REGISTRY["leaky_sum"](2.0, 1.0)
    2.0
    >>> register("leaky_sum", max)
    Traceback (most recent call last):
    ValueError: there is an op named 'leaky_sum' already: choose another name.
    >>> _ = REGISTRY.pop("leaky_sum")
    """
    if not callable(function):
        raise TypeError(f"op '{name}' needs a function, not {function!r}.")
    if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
        raise ValueError(f"the name of an op is a lower-case identifier, not {name!r}.")
    if name in REGISTRY:
        raise ValueError(f"there is an op named '{name}' already: choose another name.")
    REGISTRY[name] = function
    (_RANDOM.add if random else _RANDOM.discard)(name)


def takes_key(function: object) -> bool:
    """Whether what a row calls, a name or a function of this package, takes a random key before its inputs.

    >>> takes_key("dropout"), takes_key(INITIALISERS["uniform"]), takes_key("add")
    (True, True, False)
    """
    if isinstance(function, str):
        return function in _RANDOM
    keyed = [*INITIALISERS.values(), *(REGISTRY[name] for name in _RANDOM if name in REGISTRY)]
    return any(function is other for other in keyed)
