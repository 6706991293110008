"""Which inputs of a function each of its outputs depends on, as its equations say."""

from collections.abc import Callable, Sequence
from typing import Any

import jax

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
