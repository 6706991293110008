"""What a decoder is: a reduction over time and what is made of it."""

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Float, Shaped
from spaic_jax.coding.values import constants, keep, names
from spaic_jax.program import Context, Fragment, Record, Reduction, Site


@dataclasses.dataclass(frozen=True)
class Decoding:
    """A frozen dataclass of a decoder's settings that lowers to a record of the variable `site.source`.

    A decoder sees the steps of one run, and counts time from its start.
    """

    #: The variable looked at by default; `None` for the group's output.
    reads: ClassVar[str | None] = None
    #: Settings that are constants of the program.
    values: ClassVar[tuple[str, ...]] = ()
    #: Whether `finish` goes with samples that end before the run: see `Record`.
    padded: ClassVar[bool] = False
    #: What the decoder says: `finish(kept, *values, **settings)` of the reduced variable `[B, *shape]`, or of every step,
    #: `[T, B, *shape]`; `None` for the variable itself.
    finish: ClassVar[Callable[..., jax.Array] | None] = None

    def reduction(self, dt: float) -> Reduction | None:
        """The reduction over time; `None` keeps every step."""
        return None

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        """What `finish` takes by name."""
        return {}

    def check(self, num: int) -> None:
        """ValueError when the settings do not fit a target of `num` neurons."""

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """ValueError when it cannot decode a target of this shape."""

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its constants, and the record that gives the output `site.name`."""
        variables = constants(site, ((name, float(getattr(self, name))) for name in self.values))
        record = Record(
            site.name, site.source, "output", self.reduction(context.dt), finish=type(self).finish,
            constants=names(variables), settings=self.settings(context.dt), padded=self.padded,
        )
        return Fragment(variables, records=(record,))


def populations(
    kept: Shaped[Array, "batch *shape"], bias: Float[Array, ""], scale: Float[Array, ""], *, pop_size: int
) -> Shaped[Array, "batch *populations"]:
    """`(sum over a population + bias) * scale`."""
    if pop_size > 1:
        kept = kept.reshape(kept.shape[0], -1, pop_size).sum(-1)
    dtype = kept.dtype if jnp.issubdtype(kept.dtype, jnp.inexact) else bias.dtype
    return (kept.astype(dtype) + bias.astype(dtype)) * scale.astype(dtype)


@dataclasses.dataclass(frozen=True)
class Population(Decoding):
    """`(sum over a population + bias) * scale`, for populations of `pop_size` neurons that follow each other.

    Args:
        pop_size: neurons of a population; populations follow each other.
        bias: added to each sum.
        scale: what each sum is then multiplied by.

    Raises:
        ValueError: a `pop_size` that is no positive whole number, or does not divide the neurons of the target.
    """

    values: ClassVar = ("bias", "scale")
    padded: ClassVar = True
    finish: ClassVar = staticmethod(populations)
    pop_size: int = 1
    bias: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        keep(self, pop_size=whole(self.pop_size, f"{type(self).__name__}: pop_size"))

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"pop_size": self.pop_size}

    def check(self, num: int) -> None:
        if num % self.pop_size:
            raise ValueError(f"pop_size must divide the {num} neurons of the target, got {self.pop_size}.")
