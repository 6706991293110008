"""The node through which data enters."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.coding.encoders import Coding, resolve_encoder
from spaic_jax.coding.encoders.base import InputCheck
from spaic_jax.network.element import element, named, shape_of
from spaic_jax.network.source import Source
from spaic_jax.program import Constant, Context, Fragment, Op, Site, Variable


def until(spikes: jax.Array, position: jax.Array, length: jax.Array) -> jax.Array:
    """Spikes before a number of steps are over, silence after it."""
    return jnp.where(position < length, spikes, jnp.zeros_like(spikes))


@element
class Encoder(Source):
    """Turns data into spikes. Its data is the run's input of the same name.

    Args:
        num: number of channels.
        shape: shape of one sample, instead of or beside `num`.
        coding_method: name of a coding (see `spaic_jax.coding.ENCODERS`), or the coding itself.
        name: name in the network; by default that of the attribute or variable it is bound to.
        time: how long it codes, ms, from the beginning of a presentation: codings that fill it fill this time, and later steps
            are silent. The whole presentation by default.
        **settings: the coding's settings.

    Raises:
        ValueError: no or contradictory size, unknown coding or setting, with the nearest right one.

    Example:
        >>> Encoder(num=784, coding_method="poisson", unit_conversion=0.5).coding.unit_conversion
        0.5
    """

    def __init__(
        self,
        num: int | None = None,
        coding_method: str | Coding = "poisson",
        *,
        shape: tuple[int, ...] | None = None,
        name: str | None = None,
        time: float | None = None,
        **settings: Any,
    ):
        size = shape_of("Encoder", num, shape)
        self._declare(shape=size, coding=resolve_encoder(coding_method, **settings), name=name, time=time)

    coding: Coding = dataclasses.field(metadata=named("coding_method"))
    time: float | None = None

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its input `<name>`, and the rows that write its spikes `<name>.O`.

        Raises:
            ValueError: a `time` that is no whole number of steps.
        """
        name, coding, output = site.name, self.coding, f"{site.name}.{self.output}"
        takes = coding.input_shape(self.shape)
        steps = None if self.time is None else context.steps(self.time, f"time of encoder '{name}'")
        check = InputCheck(coding, context.dt, steps)
        data = Variable(name, takes, role="input", axes=coding.axes, narrow=coding.narrow, check=check)
        made = Fragment((data, Variable(output, self.shape)))
        inside = dataclasses.replace(site, source=name, target=output, takes=takes, gives=self.shape)
        if steps is None:
            return made + coding.lower(inside, context)
        length = Variable(f"{name}.length", (), "int32", "constant", Constant(steps))
        coded = dataclasses.replace(inside, target=f"{name}.coded")
        made += Fragment((length,)) + coding.lower(coded, context).reading({"[window]": length.name})
        return made + Fragment(ops=(Op(output, until, (coded.target, "[position]", length.name)),))
