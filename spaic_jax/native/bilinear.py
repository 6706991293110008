"""A primitive for what a layer multiplies, which costs what its events cost where these are few; with its derivatives.

Three arrays belong to a layer: what it takes, its weights, and what it gives. Each follows from the two others by a map that is
linear in both, and the derivatives of these three maps are such maps again. The first and the last have rows, and may be full of
zeros: spikes, and gradients of surrogates that are zero far from the threshold.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir

from spaic_jax import native
from spaic_jax.native import kernels

#: `"events"`: the kernels of events whatever the density; `"auto"`: these where events are few, else dense.
Choice = Literal["auto", "events"]
Gives = Literal["given", "taken", "weight"]
#: The operands of each map, by what it gives.
OPERANDS: dict[str, tuple[str, str]] = {"given": ("taken", "weight"), "taken": ("given", "weight"), "weight": ("given", "taken")}
#: Events as a matrix, the density below which they take less time than what is dense, and what is computed from them.
Way = tuple[jax.Array, float, Callable[[], jax.Array]]
Ways = tuple[list[Way], Callable[[], jax.Array]]


def primitive(name: str, axes: int, dense: Callable[..., jax.Array], ways: Callable[..., Ways]) -> Callable[..., jax.Array]:
    """A function of two arrays, and of the settings `gives`, `choice` and others, which may be hashed.

    Args:
        name: its name in a jaxpr.
        axes: how many axes a row has of what is taken or given.
        dense: the same function without `choice`, of arrays whose rows are any number of leading axes.
        ways: how it is computed, of arrays whose rows are their first axis, from the events of one operand or the other, and
            dense beside that; no way of events where that is no faster whatever the density.
    """
    layer = jax.extend.core.Primitive(name)

    def bound(a: jax.Array, b: jax.Array, **settings: Any) -> jax.Array:
        made: jax.Array = layer.bind(a, b, **settings)
        return made

    @functools.cache
    def compiled(**settings: Any) -> Callable[..., jax.Array]:
        return jax.jit(functools.partial(bound, **settings))

    @layer.def_impl
    def impl(a: jax.Array, b: jax.Array, **settings: Any) -> jax.Array:
        # Where `jax.disable_jit` is on, a function that is not compiled would come back here.
        with jax.disable_jit(False):
            return compiled(**settings)(a, b)

    @layer.def_abstract_eval
    def shape(a: Any, b: Any, *, choice: Choice, **settings: Any) -> Any:
        made = jax.eval_shape(functools.partial(dense, **settings), *(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in (a, b)))
        return jax.core.ShapedArray(made.shape, made.dtype)

    def cotangent(of: int) -> Callable[..., jax.Array]:
        """What a cotangent gives to an operand: the map from it and the other one."""

        def rule(cotangent: jax.Array, a: Any, b: Any, *, gives: str, **settings: Any) -> jax.Array:
            wanted, other = OPERANDS[gives][of], OPERANDS[gives][1 - of]
            pair = {gives: cotangent, other: (b, a)[of]}
            return bound(*(pair[operand] for operand in OPERANDS[wanted]), gives=wanted, **settings)

        return rule

    ad.defbilinear(layer, cotangent(0), cotangent(1))

    def batched(operands: tuple[jax.Array, jax.Array], dims: tuple[Any, Any], **settings: Any) -> tuple[jax.Array, int]:
        a, b = operands
        if settings["gives"] != "weight" and dims[1] is None:
            # More rows for the same weights.
            return bound(jnp.moveaxis(a, dims[0], 0), b, **settings), 0
        del settings["choice"]
        return jax.vmap(functools.partial(dense, **settings), in_axes=dims)(a, b), 0

    batching.primitive_batchers[layer] = batched

    def by_events(a: jax.Array, b: jax.Array, *, choice: Choice, **settings: Any) -> jax.Array:
        def rows(x: jax.Array) -> jax.Array:
            return x.reshape(math.prod(x.shape[: x.ndim - axes]), *x.shape[x.ndim - axes :])

        # The same rows for all ways: an operand of two shapes is copied out of a loop's array twice.
        weighted = settings["gives"] != "weight"
        found, made = ways(rows(a), b if weighted else rows(b), choice=choice, **settings)
        if not found:
            return dense(a, b, **settings)
        if choice == "events":
            made = found[0][-1]
        else:
            for events, crossover, way in reversed(found):
                made = functools.partial(jax.lax.cond, kernels.density(events) < crossover, way, made)
        given = made()
        return given.reshape(*a.shape[: a.ndim - axes], *given.shape[1:]) if weighted else given

    def lower_dense(ctx: Any, *operands: Any, choice: Choice, **settings: Any) -> Any:
        return mlir.lower_fun(functools.partial(dense, **settings), multiple_results=False)(ctx, *operands)

    def lower_cpu(ctx: Any, *operands: Any, **settings: Any) -> Any:
        # A kernel that XLA does not know would gather a batch that lies on several devices, and is unknown where a file is read.
        module = ctx.module_context
        several = getattr(module.axis_context, "num_devices", 1) != 1
        if several or module.lowering_parameters.for_export or not native.available():
            return lower_dense(ctx, *operands, **settings)
        return mlir.lower_fun(functools.partial(by_events, **settings), multiple_results=False)(ctx, *operands)

    mlir.register_lowering(layer, lower_dense)
    mlir.register_lowering(layer, lower_cpu, platform="cpu")
    return bound
