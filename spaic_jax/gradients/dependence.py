"""Which inputs of a function each of its outputs depends on, as its equations say."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import call

#: Equations whose inner jaxpr takes what they take and gives what they give.
_CALLS = frozenset({"jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"})


def dependence(function: Callable[..., Any], *arguments: Any) -> list[frozenset[int]]:
    """For each output of a function, in order, the numbers of the arguments that it depends on.

    A derivative that is zero for every input is one that does not depend on the tangent, so that this tells which entries
    of a Jacobian are there, and which of them stay the same whatever the state.

    Args:
        function: gives a tuple of arrays.
        *arguments: arrays, or structs of them.

    >>> x = jax.ShapeDtypeStruct((2,), "float32")
    >>> dependence(lambda a, b, c: (a + b, jax.lax.stop_gradient(c), a * 0 + 1), x, x, x)
    [frozenset({0, 1}), frozenset({2}), frozenset({0})]
    """
    closed = jax.make_jaxpr(function)(*arguments)
    return _outputs(closed.jaxpr, [frozenset({number}) for number in range(len(arguments))])


def _outputs(jaxpr: Any, given: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    known = dict(zip(jaxpr.invars, given, strict=True))

    def of(variable: Any) -> frozenset[int]:
        return frozenset() if hasattr(variable, "val") else known.get(variable, frozenset())

    for equation in jaxpr.eqns:
        reads = [of(variable) for variable in equation.invars]
        inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        inner = getattr(inner, "jaxpr", inner)  # a closed jaxpr holds the open one
        if equation.primitive.name in _CALLS and hasattr(inner, "eqns") and len(inner.invars) == len(reads):
            writes = _outputs(inner, reads)
        else:
            writes = [frozenset().union(*reads)] * len(equation.outvars)
        known |= dict(zip(equation.outvars, writes, strict=True))
    return [of(variable) for variable in jaxpr.outvars]


@functools.lru_cache(maxsize=1024)
def derivatives(program: Program, op: Op) -> dict[str, frozenset[str]]:
    """For each name that a row writes, the reads by which it has a derivative."""
    structs = [program.struct(read, 2) for read in op.inputs]
    real = [number for number, x in enumerate(structs) if jnp.issubdtype(x.dtype, jnp.inexact)]

    def along(key: Any, *arguments: Any) -> tuple[Any, ...]:
        given, moved = list(arguments[: len(structs)]), arguments[len(structs) :]

        def written(*values: Any) -> tuple[Any, ...]:
            own = dict(zip(real, values, strict=True))
            return call(op, [own.get(number, x) for number, x in enumerate(given)], key)

        slopes = jax.jvp(written, tuple(given[number] for number in real), moved)[1]
        return tuple(x if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(()) for x in slopes)

    key = jax.eval_shape(lambda: jax.random.key(0))
    found = dependence(along, key, *structs, *(structs[number] for number in real))
    first = 1 + len(structs)
    return {
        name: frozenset(op.inputs[number] for place, number in enumerate(real, first) if place in needs)
        for name, needs in zip(op.outputs, found, strict=True)
    }
