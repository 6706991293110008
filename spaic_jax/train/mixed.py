"""Training in half precision with parameters in float32."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax._errors import unknown
from spaic_jax.run import Result, Simulator

#: Dtypes that runs of a training may be computed in.
Half = Literal["bfloat16", "float16"]

#: The factors of a loss, one after the other, until its gradient is finite.
_LARGEST, _STEP = 2.0**12, 2.0**-4


def computed_in(sim: Simulator, compute: Half | None) -> Simulator:
    """The simulator whose runs are in a half precision; it takes the parameters of the given one, in float32.

    Args:
        sim: the simulator.
        compute: name of the dtype, or `None` for its own.

    Raises:
        ValueError: another dtype.
    """
    if compute is None:
        return sim
    if compute not in get_args(Half):
        raise ValueError(unknown("half precision", str(compute), get_args(Half)))
    return dataclasses.replace(sim, program=sim.program.astype(compute))


def in_full(result: Result) -> Result:
    """A result whose outputs, where they are in half precision, are in float32: a loss sums many of them."""

    def full(x: jax.Array) -> jax.Array:
        return x.astype(wide(x.dtype)) if jnp.issubdtype(x.dtype, jnp.floating) else x

    return dataclasses.replace(result, outputs={name: full(x) for name, x in result.outputs.items()})


def value_and_scaled_grad(objective: Callable[..., tuple[jax.Array, Any]]) -> Callable[..., tuple[tuple[jax.Array, Any], Any]]:
    """`jax.value_and_grad(objective, has_aux=True)`, of the loss times a factor that is divided out of the gradient again.

    Small derivatives, which are 0 in float16, come through. The factor is 2 to a power, so that it rounds nothing; it is 4096,
    or less where the gradient is not finite with it. It depends on the batch alone, so that there is nothing to carry along.
    """

    def differentiate(params: Any) -> tuple[tuple[jax.Array, Any], Any]:
        def scaled(scale: jax.Array) -> tuple[tuple[jax.Array, Any], Any]:
            def times(params: Any) -> tuple[jax.Array, Any]:
                loss, rest = objective(params)
                return loss * scale, (loss, rest)

            gradient, (loss, rest) = jax.grad(times, has_aux=True)(params)
            return (loss, rest), jax.tree.map(lambda x: x / scale.astype(x.dtype), gradient)

        def refused(carry: Any) -> jax.Array:
            scale, (_, gradient) = carry
            finite = jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(gradient)]).all()
            return ~finite & (scale >= 1)

        def again(carry: Any) -> Any:
            scale, _ = carry
            return scale * _STEP, scaled(scale)

        empty = jax.tree.map(lambda x: jnp.full(x.shape, jnp.nan, x.dtype) if jnp.issubdtype(x.dtype, jnp.inexact)
                             else jnp.zeros(x.shape, x.dtype), jax.eval_shape(scaled, jnp.float32(1)))
        return jax.lax.while_loop(refused, again, (jnp.float32(_LARGEST), empty))[1]

    return differentiate
