"""A primitive for what a layer multiplies, which costs what its events cost where these are few; with its derivatives.

Three arrays belong to a layer: what it takes, its weights, and what it gives. Each follows from the two others by a map that is
linear in both, and the derivatives of these three maps are such maps again. The first and the last have rows, and may be full of
zeros: spikes, and gradients of surrogates that are zero far from the threshold. Whole numbers may stand beside the weights, such
as those of the neurons that they join; they belong to all three maps.
"""

import functools
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir

from spaic_jax import native
from spaic_jax.native import kernels
from spaic_jax.native.partition import Names, known, partitioned

#: `"events"`: the kernels of events whatever the density; `"auto"`: these where events are few, else dense.
Choice = Literal["auto", "events"]
Gives = Literal["given", "taken", "weight"]
#: The operands of each map, by what it gives.
OPERANDS: dict[str, tuple[str, str]] = {"given": ("taken", "weight"), "taken": ("given", "weight"), "weight": ("given", "taken")}
#: Events as a matrix, the density below which they take less time than what is dense, and what is computed from them.
Way = tuple[jax.Array, float, Callable[[], jax.Array]]
Ways = tuple[list[Way], Callable[[], jax.Array]]


def primitive(
    name: str,
    axes: int,
    dense: Callable[..., jax.Array],
    ways: Callable[..., Ways],
    *,
    whole: int = 0,
    in_turn: bool = False,
    shape: Callable[..., tuple[int, ...]] | None = None,
    names: Mapping[Gives, Names] = MappingProxyType({}),
) -> Callable[..., jax.Array]:
    """A function of two arrays, of whole numbers beside them, and of the settings `gives`, `choice` and others, which may be hashed.

    Args:
        name: its name in a jaxpr.
        axes: how many axes a row has of what is taken or given.
        dense: the same function without `choice`, of arrays whose rows are any number of leading axes.
        ways: how it is computed, of arrays whose rows are their first axis, from the events of one operand or the other, and
            dense beside that; no way of events where that is no faster whatever the density.
        whole: how many arrays of whole numbers there are.
        in_turn: whether `dense` is a loop of its own: weights of several samples, under `vmap`, are then taken one after the other, and
            samples on several devices are each device's own.
        shape: of what is given, for the operands and settings, where that is found sooner than by tracing `dense`.
        names: of the axes of the three arrays behind their rows, where several devices may share them out: see `partitioned`.
    """
    layer = jax.extend.core.Primitive(name)

    def bound(a: jax.Array, b: jax.Array, *others: jax.Array, **settings: Any) -> jax.Array:
        made: jax.Array = layer.bind(a, b, *others, **settings)
        return made

    @functools.cache
    def compiled(**settings: Any) -> Callable[..., jax.Array]:
        return jax.jit(functools.partial(bound, **settings))

    @layer.def_impl
    def impl(*operands: jax.Array, **settings: Any) -> jax.Array:
        # Where `jax.disable_jit` is on, a function that is not compiled would come back here.
        with jax.disable_jit(False):
            return compiled(**settings)(*operands)

    @layer.def_abstract_eval
    def made(*operands: Any, choice: Choice | None, **settings: Any) -> Any:
        if shape is not None:
            return jax.core.ShapedArray(shape(*operands, **settings), operands[0].dtype)
        structs = (jax.ShapeDtypeStruct(x.shape, x.dtype) for x in operands)
        value = jax.eval_shape(functools.partial(dense, **settings), *structs)
        return jax.core.ShapedArray(value.shape, value.dtype)

    def derivative(of: int) -> Callable[..., jax.Array]:
        """What a tangent of an operand gives: the same map, of the tangent and the other one."""

        def rule(tangent: jax.Array, *operands: jax.Array, **settings: Any) -> jax.Array:
            return bound(*(tangent if place == of else operand for place, operand in enumerate(operands)), **settings)

        return rule

    ad.defjvp(layer, derivative(0), derivative(1), *(None,) * whole)

    def transposed(cotangent: Any, *operands: Any, gives: str, **settings: Any) -> list[Any]:
        """What a cotangent gives to an operand: the map from it and the other one."""
        if type(cotangent) is ad.Zero:
            return [None] * len(operands)
        pair, others = operands[:2], operands[2:]
        of = 0 if ad.is_undefined_primal(pair[0]) else 1
        wanted, other = OPERANDS[gives][of], OPERANDS[gives][1 - of]
        known = {gives: cotangent, other: pair[1 - of]}
        made = bound(*(known[operand] for operand in OPERANDS[wanted]), *others, gives=wanted, **settings)
        return [made if place == of else None for place in range(len(operands))]

    ad.primitive_transposes[layer] = transposed

    def batched(operands: tuple[jax.Array, ...], dims: tuple[Any, ...], **settings: Any) -> tuple[jax.Array, int]:
        if settings["gives"] != "weight" and all(dim is None for dim in dims[1:]):
            # More rows for the same weights.
            return bound(jnp.moveaxis(operands[0], dims[0], 0), *operands[1:], **settings), 0
        if in_turn:
            moved = [x if dim is None else jnp.moveaxis(x, dim, 0) for x, dim in zip(operands, dims, strict=True)]
            several = [place for place, dim in enumerate(dims) if dim is not None]

            def one(own: list[jax.Array]) -> jax.Array:
                chosen = dict(zip(several, own, strict=True))
                return bound(*(chosen.get(place, x) for place, x in enumerate(moved)), **settings)

            return jax.lax.map(one, [moved[place] for place in several]), 0
        del settings["choice"]
        return jax.vmap(functools.partial(dense, **settings), in_axes=dims)(*operands), 0

    batching.primitive_batchers[layer] = batched

    def by_events(a: jax.Array, b: jax.Array, *others: jax.Array, choice: Choice, **settings: Any) -> jax.Array:
        def rows(x: jax.Array) -> jax.Array:
            return x.reshape(math.prod(x.shape[: x.ndim - axes]), *x.shape[x.ndim - axes :])

        # The same rows for all ways: an operand of two shapes is copied out of a loop's array twice.
        weighted = settings["gives"] != "weight"
        found, made = ways(rows(a), b if weighted else rows(b), *others, choice=choice, **settings)
        if not found:
            return dense(a, b, *others, **settings)
        if choice == "events":
            made = found[0][-1]
        else:
            for events, crossover, way in reversed(found):
                made = functools.partial(jax.lax.cond, kernels.density(events) < crossover, way, made)
        given = made()
        return given.reshape(*a.shape[: a.ndim - axes], *given.shape[1:]) if weighted else given

    def shared(ctx: Any, function: Callable[..., jax.Array], gives: str) -> Callable[..., jax.Array]:
        """A function as each device carries it out for its own share, where there are several."""
        if not several(ctx) or not known(ctx):
            return function

        a, b, *others = ctx.avals_in
        rows = a.ndim - axes
        taken = [named_axes(of, x, rows, names) for of, x in zip(OPERANDS[gives], (a, b), strict=True)]
        whole_ones = [(None,) * x.ndim for x in others]
        return partitioned(function, [*taken, *whole_ones], named_axes(gives, ctx.avals_out[0], rows, names))

    def lower_dense(ctx: Any, *operands: Any, choice: Choice | None, **settings: Any) -> Any:
        plain = functools.partial(dense, **settings)
        function = shared(ctx, plain, settings["gives"]) if in_turn else plain
        return mlir.lower_fun(function, multiple_results=False)(ctx, *operands)

    def lower_cpu(ctx: Any, *operands: Any, **settings: Any) -> Any:
        if settings["choice"] is None or not callable_in(ctx) or (several(ctx) and not known(ctx)):
            return lower_dense(ctx, *operands, **settings)
        function = shared(ctx, functools.partial(by_events, **settings), settings["gives"])
        return mlir.lower_fun(function, multiple_results=False)(ctx, *operands)

    mlir.register_lowering(layer, lower_dense)
    mlir.register_lowering(layer, lower_cpu, platform="cpu")
    return bound


def named_axes(of: str, x: Any, rows: int, names: Mapping[Gives, Names]) -> Names:
    """The names of the axes of one of the three arrays: its rows, if it has any, and what is behind them."""
    front = tuple(f"row{axis}" for axis in range(rows)) if of != "weight" else ()
    return (*front, *names.get(of, (None,) * (x.ndim - len(front))))  # type: ignore[call-overload]


def several(ctx: Any) -> bool:
    """Whether what is lowered is for several devices at once, among which XLA shares it out."""
    return getattr(ctx.module_context.axis_context, "num_devices", 1) != 1


def callable_in(ctx: Any) -> bool:
    """Whether kernels are there and may be called in what is lowered for the CPU: where an exported file is read, none is known."""
    return not ctx.module_context.lowering_parameters.for_export and native.available()
