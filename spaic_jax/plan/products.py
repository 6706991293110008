"""Which rows of a plan multiply by the kernels of events."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal, get_args

import jax

from spaic_jax import native
from spaic_jax._times import convolve, times
from spaic_jax.native.bilinear import Choice
from spaic_jax.native.convolution import convolution
from spaic_jax.native.delivery import deliver
from spaic_jax.native.products import product
from spaic_jax.native.ring import arrive
from spaic_jax.plan.cost import Where
from spaic_jax.plan.stage import BEFORE, Once, Stage
from spaic_jax.program import Op, Program
from spaic_jax.program.evaluate import function_of
from spaic_jax.program.op import base_name

#: How the products of layers are computed: by events where these are few when it runs (`"auto"`), always or never.
Products = Literal["auto", "dense", "events"]

#: The settings with which rows let the plan choose: what they are if it does not, and by events.
_SETTINGS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "times": (times, product),
    "convolve": (convolve, convolution),
    # By events in any case, and by the kernels of them wherever these are.
    "deliver": (deliver, deliver),
    "arrive": (arrive, arrive),
}
_DELIVERED = {"deliver", "arrive"}
_WAYS: dict[str, dict[Choice, Callable[..., Any]]] = {
    setting: {choice: functools.partial(way, choice="events" if setting in _DELIVERED else choice) for choice in get_args(Choice)}
    for setting, (_, way) in _SETTINGS.items()
}


def choice_of(products: Products, where: Where) -> Choice | None:
    """What is chosen where a run takes place; `None` for dense products.

    Raises:
        ValueError: `"events"` where the kernels are missing, or on an accelerator.
    """
    cpu = where.on_cpu
    if products == "events" and not cpu:
        raise ValueError(f"products='events' runs on the CPU, not on {where.platform or jax.default_backend()}: use 'auto'.")
    if products == "events" and not native.available():
        raise ValueError(f"products='events' needs compiled products. {native.status()}")
    return None if products == "dense" or not cpu or not native.available() else products


@functools.lru_cache(maxsize=256)
def by_events(program: Program, varying: frozenset[str], stages: tuple[Stage, ...], choice: Choice) -> tuple[Stage, ...]:
    """The stages with `product` or `convolution` in every row that lets the plan choose and whose weights stay the same for the run;
    and with the kernels of `deliver`, which prepare no weights, in every row that delivers."""
    moving = varying | program.carried | {name for stage in stages if not isinstance(stage, Once) for name in stage.writes}

    def chosen(op: Op) -> Op:
        settings = {name for name in _SETTINGS if _leaves(op, name)} - dict(op.settings).keys()
        if not settings or (not delivers(op) and any(base_name(read.removesuffix(BEFORE)) in moving for read in op.inputs[1:])):
            return op
        return dataclasses.replace(op, settings=(*op.settings, *((setting, _WAYS[setting][choice]) for setting in settings)))

    return tuple(stage if isinstance(stage, Once) else stage.changed(chosen) for stage in stages)


def _leaves(op: Op, setting: str) -> bool:
    """Whether a row leaves a setting of `_SETTINGS` to the plan: one that means something else has another default."""
    found = inspect.signature(function_of(op)).parameters.get(setting)
    return found is not None and found.default is _SETTINGS[setting][0]


def delivers(op: Op) -> bool:
    """Whether a row delivers over single synapses, which is always by events."""
    return any(_leaves(op, name) for name in _DELIVERED)


def only_delivers(op: Op) -> bool:
    """Whether a row gives just what `deliver` makes of its four inputs, in samples of the setting `shape`."""
    settings = dict(op.settings)
    return len(op.inputs) == 4 and "shape" in settings and "blocks" not in settings and _leaves(op, "deliver")


def choice_in(op: Op) -> Choice | None:
    """What was chosen for a row."""
    settings = dict(op.settings)
    chosen = ((choice, settings.get(setting) is way) for setting, ways in _WAYS.items() for choice, way in ways.items())
    return next((choice for choice, found in chosen if found), None)
