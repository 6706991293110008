"""Matrix products that cost what their events cost where these are few.

The three arrays of the layer are what it takes, `(..., presynaptic)`, its weights, `(postsynaptic, presynaptic)`, and what it gives,
`(..., postsynaptic)`.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from spaic_jax._shapes import Array, Shaped
from spaic_jax.native import bilinear, kernels
from spaic_jax.native.bilinear import Choice, Ways
from spaic_jax.native.partition import typed

#: The density below which the kernels take less time than a dense product, as measured. Products of fewer multiplications
#: than `SMALL`, or from or to fewer neurons than `NARROW`, are dense: there is too little to save.
CROSSOVER = {"given": 0.25, "taken": 0.25, "weight": 0.15}
SMALL = 2**15
NARROW = 32
#: Rows from which on a product takes so much longer than packing its weights that they are packed only where events are few.
MANY = 1536
#: The kernels count the events of a thousand rows in 31 bits.
WIDEST = 2**21


def product(events: Shaped[Array, "*m k"], weight: Shaped[Array, "n k"], *, choice: Choice = "auto") -> Shaped[Array, "*m n"]:
    """`events @ weight.T`, and derivatives to match, by kernels of events where these are few.

    The choice is made when it runs, by a sample of the numbers. What is zero in `events` takes no part, whatever the weights are.
    It is dense where the dtypes are not the same float32 or float64, on accelerators, in what `jax.export` makes, and under `vmap`
    over weights. Each of several devices chooses for its own rows.

    >>> product(jnp.eye(2, 3), jnp.arange(6.0).reshape(2, 3)).tolist()
    [[0.0, 3.0], [1.0, 4.0]]
    """
    if typed(events, weight) or events.dtype != weight.dtype or weight.dtype not in (jnp.float32, jnp.float64):
        return _dense(events, weight, gives="given", precision=None)
    precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    return _contract(events, weight, gives="given", choice=choice, precision=precision)


def _dense(a: jax.Array, b: jax.Array, *, gives: str, precision: str | None) -> jax.Array:
    if gives == "weight":
        axes = tuple(range(a.ndim - 1))
        return jnp.tensordot(a, b, axes=(axes, axes), precision=precision)
    return jnp.tensordot(a, b, axes=((-1,), (1 if gives == "given" else 0,)), precision=precision)


def _ways(a: jax.Array, b: jax.Array, *, gives: str, choice: Choice, precision: str | None) -> Ways:
    """From the events of one operand that has rows or of the other."""
    dense = functools.partial(_dense, a, b, gives=gives, precision=precision)
    columns = b.shape[0 if gives == "given" else -1]
    work = a.size * columns
    narrow, *_, wide = sorted((a.shape[-1], b.shape[-1], columns))
    if work == 0 or wide >= WIDEST or (choice == "auto" and (work < SMALL or narrow < NARROW)):
        return [], dense
    if gives == "weight":
        # Both sides may have events; those of the presynaptic one are usually fewer.
        return [
            (b, CROSSOVER[gives], lambda: kernels.gradient(b, a, transposed=True)),
            (a, CROSSOVER[gives], lambda: kernels.gradient(a, b, transposed=False)),
        ], lambda: jnp.matmul(kernels.transpose(a), b, precision=precision)  # XLA is slow where it sums over the first axes
    pack = functools.cache(functools.partial(kernels.pack, b, transposed=gives == "given"))
    if a.shape[0] < MANY:
        pack()  # outside of the choice, so that a loop packs its weights once
    return [(a, CROSSOVER[gives], lambda: kernels.product(a, pack(), columns))], dense


_NAMES: dict[bilinear.Gives, tuple[str | None, ...]] = {"taken": ("pre",), "given": ("post",), "weight": ("post", "pre")}

_contract = bilinear.primitive("product_of_events", 1, _dense, _ways, names=_NAMES)
