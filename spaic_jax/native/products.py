"""Matrix products that cost what their events cost where these are few: a primitive with its derivatives.

Three matrices belong to a layer: what it takes, `mk` (rows, presynaptic), its weights, `nk` (postsynaptic, presynaptic), and what it
gives, `mn`. Each is a product of the other two, the derivatives of each such product are products of this kind again, and the
two that have the rows `m` may be full of zeros: spikes, and gradients of surrogates that are zero far from the threshold.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir

from spaic_jax._shapes import Array, Shaped
from spaic_jax.native import kernels

#: `"events"`: the kernels of events whatever the density; `"auto"`: these where events are few, else a dense product.
Choice = Literal["auto", "events"]
#: The axes of the operands of each product, by those of its result.
OPERANDS = {"mn": ("mk", "nk"), "mk": ("mn", "nk"), "nk": ("mn", "mk")}
#: The density below which the kernels take less time than a dense product, as measured. Products of fewer multiplications
#: than `SMALL`, or from or to fewer neurons than `NARROW`, are dense: there is too little to save.
CROSSOVER = {"mn": 0.25, "mk": 0.25, "nk": 0.2}
SMALL = 2**15
NARROW = 32
#: The kernels count the events of a thousand rows in 31 bits.
WIDEST = 2**21


def product(events: Shaped[Array, "*m k"], weight: Shaped[Array, "n k"], *, choice: Choice = "auto") -> Shaped[Array, "*m n"]:
    """`events @ weight.T`, and derivatives to match, by kernels of events where these are few.

    The choice is made when it runs, by a sample of the numbers. What is zero in `events` takes no part, whatever the weights are.
    It is dense where the dtypes are not the same float32 or float64, on accelerators and over several devices, in what
    `jax.export` makes, and under `vmap` over weights.

    >>> product(jnp.eye(2, 3), jnp.arange(6.0).reshape(2, 3)).tolist()
    [[0.0, 3.0], [1.0, 4.0]]
    """
    # Types that say how an array lies on a mesh are beyond the primitive: the gradient would not be summed over the devices.
    meshed = any(jax.typeof(x).sharding.mesh.size > 1 for x in (events, weight))
    if meshed or events.dtype != weight.dtype or weight.dtype not in (jnp.float32, jnp.float64):
        return _dense(events, weight, gives="mn", precision=None)
    precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    return _contract(events, weight, gives="mn", choice=choice, precision=precision)


def _contract(a: jax.Array, b: jax.Array, **params: Any) -> jax.Array:
    """The product of two of the three matrices; `m` stands for any number of axes."""
    made: jax.Array = contract_p.bind(a, b, **params)
    return made


def _dense(a: jax.Array, b: jax.Array, *, gives: str, precision: str | None) -> jax.Array:
    if gives == "nk":
        axes = tuple(range(a.ndim - 1))
        return jnp.tensordot(a, b, axes=(axes, axes), precision=precision)
    return jnp.tensordot(a, b, axes=((-1,), (1 if gives == "mn" else 0,)), precision=precision)


def _sparse(a: jax.Array, b: jax.Array, *, gives: str, choice: Choice, precision: str | None) -> jax.Array:
    """What runs on the CPU."""

    def dense() -> jax.Array:
        return _dense(a, b, gives=gives, precision=precision)

    shape = _abstract(a, b, gives=gives).shape
    work = a.size * shape[-1]
    narrow, *_, wide = sorted((a.shape[-1], b.shape[-1], shape[-1]))
    if work == 0 or wide >= WIDEST or (choice == "auto" and (work < SMALL or narrow < NARROW)):
        return dense()
    rows = a.reshape(-1, a.shape[-1])
    ways: list[tuple[jax.Array, Callable[[], jax.Array]]]
    if gives == "nk":
        before = b.reshape(-1, b.shape[-1])
        # Both sides may have events; those of the presynaptic one are usually fewer.
        ways = [
            (before, lambda: kernels.gradient(before, rows, transposed=True)),
            (rows, lambda: kernels.gradient(rows, before, transposed=False)),
        ]
    else:
        # Outside of the choice, so that a loop packs its weights once.
        packed = kernels.pack(b, transposed=gives == "mn")
        ways = [(rows, lambda: kernels.product(rows, packed, shape[-1]).reshape(shape))]
    if choice == "events":
        return ways[0][1]()
    made = dense
    for events, way in reversed(ways):
        made = functools.partial(jax.lax.cond, kernels.density(events) < CROSSOVER[gives], way, made)
    return made()


contract_p = jax.extend.core.Primitive("product_of_events")


@functools.cache
def _jitted(**params: Any) -> Callable[..., jax.Array]:
    return jax.jit(functools.partial(contract_p.bind, **params))


@contract_p.def_impl
def _impl(a: jax.Array, b: jax.Array, **params: Any) -> jax.Array:
    # Where `jax.disable_jit` is on, a function that is not compiled would come back here.
    with jax.disable_jit(False):
        return _jitted(**params)(a, b)


@contract_p.def_abstract_eval
def _abstract(a: Any, b: Any, *, gives: str, **_: Any) -> Any:
    shape = (a.shape[-1], b.shape[-1]) if gives == "nk" else (*a.shape[:-1], b.shape[0 if gives == "mn" else 1])
    return jax.core.ShapedArray(shape, a.dtype)


def _derivative(of: int) -> Callable[..., jax.Array]:
    """What a cotangent of the product gives to an operand: the product of the two others."""

    def rule(cotangent: jax.Array, a: Any, b: Any, *, gives: str, **params: Any) -> jax.Array:
        wanted, other = (OPERANDS[gives][of], OPERANDS[gives][1 - of])
        pair = {gives: cotangent, other: (b, a)[of]}
        return _contract(*(pair[axes] for axes in OPERANDS[wanted]), gives=wanted, **params)

    return rule


ad.defbilinear(contract_p, _derivative(0), _derivative(1))


def _batched(
    operands: tuple[jax.Array, jax.Array], dims: tuple[Any, Any], *, gives: str, precision: str | None, **params: Any
) -> tuple[jax.Array, int]:
    a, b = (x if d is None else jnp.moveaxis(x, d, 0) for x, d in zip(operands, dims, strict=True))
    if gives != "nk" and dims[1] is None:
        # More rows for the same weights.
        return _contract(a, b, gives=gives, precision=precision, **params), 0
    axes = tuple(None if d is None else 0 for d in dims)
    return jax.vmap(functools.partial(_dense, gives=gives, precision=precision), axes)(a, b), 0


batching.primitive_batchers[contract_p] = _batched


def _lower_dense(ctx: Any, *operands: Any, choice: Choice, **params: Any) -> Any:
    return mlir.lower_fun(functools.partial(_dense, **params), multiple_results=False)(ctx, *operands)


def _lower_cpu(ctx: Any, *operands: Any, **params: Any) -> Any:
    # A kernel that XLA does not know would gather a batch that lies on several devices, and is unknown where a file is read.
    module = ctx.module_context
    if getattr(module.axis_context, "num_devices", 1) != 1 or module.lowering_parameters.for_export:
        return _lower_dense(ctx, *operands, **params)
    return mlir.lower_fun(functools.partial(_sparse, **params), multiple_results=False)(ctx, *operands)


mlir.register_lowering(contract_p, _lower_dense)
mlir.register_lowering(contract_p, _lower_cpu, platform="cpu")
