"""The named pure functions that an op list may call."""

from collections.abc import Callable
from typing import Any

from spaic_jax.ops._basic import assign, mat_mult_weight, threshold
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

_OPS: tuple[Callable[..., Any], ...] = (
    add, assign, clamp_, clamp_max_, clamp_min_, cos, div, exp, log, log2, log10, mat_mult_weight, minus, relu, sigmoid,
    sin, tan, threshold, var_linear, var_mult,
)

#: Every op by the name that a row may use.
REGISTRY: dict[str, Callable[..., Any]] = {op.__name__: op for op in _OPS}

__all__ = [
    "REGISTRY", "add", "assign", "clamp_", "clamp_max_", "clamp_min_", "cos", "div", "exp", "log", "log2", "log10",
    "mat_mult_weight", "minus", "relu", "sigmoid", "sin", "tan", "threshold", "var_linear", "var_mult",
]
