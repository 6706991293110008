"""The rows of a program that multiply what arrives at synapses by their weights, and how many operations they are."""

import dataclasses
import functools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import jax

from spaic_jax import ops
from spaic_jax.plan.stages import equations
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call, function_of
from spaic_jax.synapses.delays.base import send
from spaic_jax.synapses.delays.pairs import delivered_late
from spaic_jax.synapses.links.conv import conv
from spaic_jax.synapses.links.conv_transpose import conv_transpose
from spaic_jax.synapses.links.electrical import gap_junction
from spaic_jax.synapses.links.local import windows
from spaic_jax.synapses.storage.dense import affine
from spaic_jax.synapses.storage.diagonal import scaled
from spaic_jax.synapses.storage.pairs import delivered

#: Functions that are linear in what arrives, by which of their inputs that is and which one the weights are; `None` where all
#: weights are equal, so that nothing is multiplied. The last output holds all that they send.
LINEAR: dict[Callable[..., Any], tuple[int, int | None]] = {
    affine: (0, 1), scaled: (0, 1), delivered: (0, 1), conv: (0, 1), conv_transpose: (0, 1), windows: (0, 1), send: (0, 1),
    delivered_late: (1, 2), gap_junction: (0, 2), ops.avg_pool2d: (0, None), ops.sum_pool2d: (0, None),
    ops.mat_mult_weight: (0, 1), ops.reshape_mat_mult: (0, 1), ops.conv_2d: (0, 1), ops.conv1d: (0, 1), ops.conv_trans2d: (0, 1), ops.conv_trans1d: (0, 1),
}


@dataclasses.dataclass(frozen=True)
class Product:
    """A row that multiplies, such as that of the link of a connection.

    Attributes:
        op: the row.
        source: the read of what arrives; `None` of a row of another kind, of which only the dense operations are known.
        weight: the read of its weights; `None` where they are all equal, and nothing is multiplied.
        dense: operations a step and sample with all that arrives, zeros and padding too.
    """

    op: Op
    source: str | None
    weight: str | None
    dense: int

    @property
    def name(self) -> str:
        """The connection, or what of it, that the row belongs to."""
        return self.op.name

    @property
    def multiplies(self) -> bool:
        """Whether there are weights."""
        return self.weight is not None or self.source is None


@functools.lru_cache(maxsize=256)
def products_of(program: Program) -> tuple[Product, ...]:
    """The rows of a step that multiply, in order: those of `LINEAR`, and others that hold a matrix product or a convolution."""
    made = []
    fixed = {v.name for v in program.of_role("parameter", "constant", "plastic")}
    fixed |= {name for op in unvarying(program) for name in op.outputs}
    for op in program.rows:
        source, weight = (None if place is None else op.inputs[place] for place in LINEAR.get(function_of(op), (None, None)))
        known = source is not None and _of_samples(program, source) and weight in {*fixed, None}
        # What grows with the batch: products of weights alone are no part of a step.
        dense = _operations(program, op, 2) - _operations(program, op, 1)
        if known and not dense and weight is not None:
            blocks = dict(op.settings).get("blocks")
            dense = math.prod(program.struct(weight, 1).shape) if blocks is None else blocks.synapses
        if known or dense:
            made.append(Product(op, source if known else None, weight if known else None, dense))
    return tuple(made)


def unvarying(program: Program) -> tuple[Op, ...]:
    """The rows, in a program that does not learn, that follow from what does not change in a run."""
    frozen = program.in_mode(False)
    known = {"[dt]", *(v.name for v in program.of_role("parameter", "constant", "plastic"))}
    left, rows = Counter(name for op in frozen.rows for name in op.outputs), []
    for op in frozen.rows:
        if set(op.inputs) <= known and not op.random and not set(op.outputs) & frozen.carried:
            rows.append(op)
            left.subtract(op.outputs)
            # What several rows add up to is known when all of them are.
            known |= {name for name in op.outputs if not left[name]}
    return tuple(rows)


def _of_samples(program: Program, read: str) -> bool:
    return program.struct(read, 1).shape != program.struct(read, 2).shape


def _operations(program: Program, op: Op, batch_size: int) -> int:
    """The multiply-accumulates of matrix products and convolutions in a row, and the additions of pools."""
    structs = [program.struct(read, batch_size) for read in op.inputs]
    key = jax.eval_shape(lambda: jax.random.key(0))
    jaxpr = jax.make_jaxpr(lambda key, *inputs: call(op, inputs, key))(key, *structs).jaxpr
    return sum(_COUNTS[e.primitive.name](e) for e in equations(jaxpr) if e.primitive.name in _COUNTS)


def _of_product(equation: Any) -> int:
    left, _ = (variable.aval for variable in equation.invars)
    (contracted, _), _ = equation.params["dimension_numbers"]
    return math.prod(equation.outvars[0].aval.shape) * math.prod(left.shape[axis] for axis in contracted)


def _of_convolution(equation: Any) -> int:
    maps, kernel = (variable.aval for variable in equation.invars)
    made, read, *_ = equation.params["dimension_numbers"].rhs_spec
    if any(stretch > 1 for stretch in equation.params["lhs_dilation"]):
        # A transposed convolution: the zeros between the numbers of the maps are not multiplied.
        readers = math.prod(kernel.shape) // (kernel.shape[read] * equation.params["feature_group_count"])
        return math.prod(maps.shape) * readers
    return math.prod(equation.outvars[0].aval.shape) * math.prod(kernel.shape) // kernel.shape[made]


def _of_pooling(equation: Any) -> int:
    return math.prod(equation.outvars[0].aval.shape) * math.prod(equation.params["window_dimensions"])


_COUNTS: dict[str, Callable[[Any], int]] = {
    "dot_general": _of_product, "conv_general_dilated": _of_convolution, "reduce_window_sum": _of_pooling,
}
