"""Whether a device has room for a training, told before anything is made."""

import math
import os
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax.cli.errors import UserError
from spaic_jax.program import Program
from spaic_jax.train.loop import initial_opt_state


def check_memory(program: Program, optimizer: optax.GradientTransformation, batch_size: int, where: str) -> None:
    """UserError where variables, gradient and the optimizer's state alone are larger than the device's memory.

    Args:
        program: what is trained.
        optimizer: what it is trained with.
        batch_size: samples of an update.
        where: what the sentence starts with.
    """
    sizes = {v.name: _bytes(v.sized(batch_size), v.dtype) for v in program.variables if v.role != "input"}
    params = {v.name: jax.ShapeDtypeStruct(v.shape, v.dtype) for v in program.of_role("parameter")}
    moments = jax.tree.leaves(jax.eval_shape(lambda p: initial_opt_state(optimizer, p), params))
    needed = sum(sizes.values()) + sum(_bytes(x.shape, x.dtype) for x in [*params.values(), *_numbers(moments)])
    room = _room()
    if needed > room:
        largest = max(sizes, key=sizes.__getitem__)
        raise UserError(
            f"{where}: its variables, gradient and optimizer take {needed / 2**30:.3g} GiB ('{largest}' alone"
            f" {sizes[largest] / 2**30:.3g} GiB), but the device has {room / 2**30:.3g} GiB."
        )


def _room() -> int:
    """Bytes of the device's memory."""
    statistics = jax.local_devices()[0].memory_stats() or {}
    return int(statistics.get("bytes_limit") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _numbers(leaves: Iterable[Any]) -> list[Any]:
    """Without random keys, which are small and have no size in bytes."""
    return [x for x in leaves if not jnp.issubdtype(x.dtype, jax.dtypes.prng_key)]


def _bytes(shape: tuple[int, ...], dtype: Any) -> int:
    return math.prod(shape) * jnp.dtype(dtype).itemsize
