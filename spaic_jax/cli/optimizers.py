"""Optimizers by name."""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import optax

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.cli.config import FLOAT32
from spaic_jax.program import Program
from spaic_jax.train.loop import initial_opt_state

#: Functions of optax that take a learning rate.
OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "adam": optax.adam,
    "adamax": optax.adamax,
    "adamw": optax.adamw,
    "lion": optax.lion,
    "nadam": optax.nadam,
    "rmsprop": optax.rmsprop,
    "sgd": optax.sgd,
}


def make_optimizer(
    name: str, learning_rate: float, schedule: str, clip_norm: float | None, updates: int, **settings: Any
) -> optax.GradientTransformation:
    """The optimizer that a configuration describes.

    Args:
        name: name in `OPTIMIZERS`.
        learning_rate: at the start.
        schedule: `"constant"` or `"cosine"`.
        clip_norm: largest norm of the gradient, or `None`.
        updates: number of updates in all, over which a schedule falls.
        **settings: arguments of the function of optax: numbers and booleans.

    Raises:
        ValueError: unknown name or setting.

    >>> make_optimizer("sgd", 0.1, "cosine", None, 10, momentum=0.9).init({})[1].count.item()
    0
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"name: {unknown('optimizer', name, OPTIMIZERS)}")
    function = OPTIMIZERS[name]
    known = [key for key in inspect.signature(function).parameters if key != "learning_rate"]
    for key, value in settings.items():
        if key not in known:
            raise ValueError(f"{key}: {unknown('key', key, [*known, 'learning_rate', 'schedule', 'clip_norm'])}")
        if not isinstance(value, bool | int | float):
            raise ValueError(f"{key}: a number, true or false is needed, not {value!r}.")
        if not isinstance(value, bool):
            real(value, key, least=-FLOAT32, most=FLOAT32)
    rate = optax.cosine_decay_schedule(learning_rate, updates) if schedule == "cosine" else learning_rate
    optimizer = function(rate, **settings)
    return optimizer if clip_norm is None else optax.chain(optax.clip_by_global_norm(clip_norm), optimizer)


def check_optimizer(optimizer: optax.GradientTransformation, program: Program) -> None:
    """Let an optimizer see the parameters of a program, without computing anything: settings that do not fit raise."""
    params = {v.name: jax.ShapeDtypeStruct(v.shape, v.dtype) for v in program.of_role("parameter")}

    def update(params: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return optimizer.update(params, initial_opt_state(optimizer, params), params)

    jax.eval_shape(update, params)
