"""The node that makes its own signal."""

import dataclasses
from typing import Any

from spaic_jax.coding.generators import Generating, resolve_generator
from spaic_jax.network.element import Element, element, named, shape_of
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.source import Source
from spaic_jax.program import Context, Fragment, Op, Site, Variable


@element
class Generator(Source):
    """A source of spikes or currents that needs no data: a connection may begin at it as at an encoder.

    Args:
        num: number of channels.
        coding_method: name of a source (see `spaic_jax.coding.GENERATORS`), or the source itself.
        shape: shape of one sample, instead of or beside `num`.
        dec_target: a group of the same shape that receives the output straight, without a connection.
        target_var: what the target receives it as, such as the name of a receptor.
        name: name in the network; by default that of the attribute or variable it is bound to.
        **settings: the source's values, such as `rate`; a number, or an array with one number a channel.

    Raises:
        ValueError: no or contradictory size, unknown source or setting (with the nearest right one), a target of another
            shape.
        TypeError: `dec_target` is no group.

    Example:
        >>> Generator(5, coding_method="poisson_generator", rate=0.3).coding.rate
        0.3
    """

    def __init__(
        self,
        num: int | None = None,
        coding_method: str | Generating = "poisson_generator",
        *,
        shape: tuple[int, ...] | None = None,
        dec_target: NeuronGroup | None = None,
        target_var: str = "Isyn",
        name: str | None = None,
        **settings: Any,
    ):
        size = shape_of("Generator", num, shape)
        if dec_target is not None and not isinstance(dec_target, NeuronGroup):
            raise TypeError(f"Generator: dec_target must be a NeuronGroup, not {dec_target!r}.")
        if dec_target is not None and dec_target.shape != size:
            raise ValueError(f"Generator of shape {size}: its target has shape {dec_target.shape}, but needs the same.")
        self._declare(
            shape=size, coding=resolve_generator(coding_method, **settings), dec_target=dec_target, target_var=target_var,
            name=name,
        )

    coding: Generating = dataclasses.field(metadata=named("coding_method"))
    dec_target: NeuronGroup | None
    target_var: str = "Isyn"

    @property
    def reads_from(self) -> tuple[tuple[Element, str], ...]:
        return () if self.dec_target is None else ((self, self.output),)

    @property
    def writes_to(self) -> tuple[tuple[NeuronGroup, str], ...]:
        return () if self.dec_target is None else ((self.dec_target, self.target_var),)

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its output `<name>.O`, and the row that gives it to its target."""
        output = f"{site.name}.{self.output}"
        inside = dataclasses.replace(site, target=output, gives=self.shape)
        made = Fragment((Variable(output, self.shape),)) + self.coding.lower(inside, context)
        if self.dec_target is None:
            return made
        read, target = context.read(self, self.output, self.dec_target), f"{context.name_of(self.dec_target)}.{self.target_var}"
        return made + Fragment(ops=(Op(target, "assign", read, name=f"{site.name}->target"),))
