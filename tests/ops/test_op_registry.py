"""The table of names, and what importing the ops does."""

import functools
import inspect
import os
import subprocess
import sys

import jax.numpy as jnp
from op_support import RECORDS

from spaic_jax import Op, Program, Variable, ops

#: Public, and no row of an op list: initial weights have their own table, and to_numpy leaves the program.
NO_ROWS = {"INITIALISERS", "REGISTRY", "register", "takes_key", "to_numpy", *ops.INITIALISERS}

#: The names of SPAIC's table of operations.
SPAIC_ROWS = [
    "threshold", "bit_and", "quant_clamp", "rescale", "lshift_with_clamp", "lshift_with_rescale",
    "add_with_clamp", "reset", "if_assign", "cat", "stack", "reduce_sum", "permute", "view",
    "unsqueeze", "assign", "conv_2d", "conv_2d_complex", "conv_max_pool2d", "conv_avg_pool2d",
    "conv_add_bias", "max_pool2d", "post_max_pool2d_complex", "avg_pool2d", "batchnorm2d", "dropout",
    "reshape_mat_mult", "im2col_indices", "conv2d_flatten", "feature_map_flatten", "add", "minus",
    "div", "var_mult", "relu", "mat_mult_weight", "mat_mult_weight_complex", "mat_mult_weight_2complex",
    "mat_mult_pre", "mat_mult", "bmm", "ger", "sparse_mat_mult_weight", "mult_sum_weight", "mat_linear",
    "var_linear", "upsample", "exp", "sin", "cos", "tan", "log", "log2", "log10", "weight_norm", "to",
]  # fmt: skip

#: What SPAIC has and cannot name, or cannot call.
MENDED_ROWS = [
    "sigmoid", "index_select", "scatter", "conv1d", "conv_trans1d", "conv_trans2d", "clamp_",
    "clamp_max_", "clamp_min_", "to_tensor", "reduce_sum_update", "sparse_to_dense",
]  # fmt: skip

#: What SPAIC has not.
NEW_ROWS = ["sum_pool2d"]


def test_every_public_op_is_in_the_table():
    assert set(ops.__all__) - NO_ROWS == set(ops.REGISTRY)
    assert sorted(ops.__all__) == sorted(set(ops.__all__))
    assert all(ops.REGISTRY[name] is getattr(ops, name) for name in ops.REGISTRY)
    assert all(ops.INITIALISERS[name] is getattr(ops, name) for name in ops.INITIALISERS)


def test_every_op_of_spaic_is_in_the_table():
    assert set(ops.REGISTRY) == set(SPAIC_ROWS) | set(MENDED_ROWS) | set(NEW_ROWS)
    recorded = {name.partition("#")[0] for name in RECORDS if not name.startswith("init_")}
    assert recorded <= set(ops.REGISTRY) | {"to_numpy"}
    assert {f"init_{name}" for name in ops.INITIALISERS} == {
        name for name in RECORDS if name.startswith("init_")
    }


def test_every_op_says_what_it_is():
    for name in set(ops.__all__) - {"INITIALISERS", "REGISTRY", "takes_key"}:
        function = getattr(ops, name)
        assert function.__name__ == name == name.lower()
        text = inspect.getdoc(function)
        assert "SPAIC" in text and ">>>" in text, name
        assert all(
            p.annotation is not inspect.Parameter.empty
            for p in inspect.signature(function).parameters.values()
        )


def test_rows_call_ops_by_name():
    program = Program(
        variables=(
            Variable("x", (3,), role="input"),
            Variable("w", (4, 3), role="parameter"),
            Variable("V", (4,)),
            Variable("decay", role="constant"),
            Variable("p", role="constant"),
            Variable("O", (4,)),
        ),
        ops=(
            Op("y", "mat_mult_weight", ("x", "w")),
            Op("d", "dropout", ("y", "p")),
            Op("both", "cat", ("d", "y")),
            Op("I", functools.partial(ops.index_select, indices=jnp.arange(4)), ("both",)),
            Op("V", "var_linear", ("decay", "V", "I")),
            Op("O", "threshold", ("V[updated]", "decay")),
        ),
        dt=1.0,
    )
    assert program.struct("O[updated]", 2).shape == (2, 4)


def test_importing_computes_nothing():
    # A platform that does not exist is an error at the first computation, and at no import.
    code = "import spaic_jax.ops as ops; print(len(ops.REGISTRY))"
    environment = {**os.environ, "JAX_PLATFORMS": "none"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) == len(ops.REGISTRY)
