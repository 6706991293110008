"""What a decoder is: a reduction over time and what is made of it."""

import abc
import dataclasses
from typing import ClassVar

import jax

from spaic_jax.program import Reduction


@dataclasses.dataclass(frozen=True)
class Decoding(abc.ABC):
    """A frozen dataclass of a decoder's settings; called with what its reduction has kept.

    `reduce` is the reduction over time (`None` keeps every step), `reads` the variable looked at by default (`None`: the group's output).
    """

    reduce: ClassVar[Reduction | None]
    reads: ClassVar[str | None] = None

    def check(self, num: int) -> None:
        """ValueError when the settings do not fit a target of `num` neurons."""

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """ValueError when it cannot decode a target of this shape."""

    @abc.abstractmethod
    def __call__(self, kept: jax.Array) -> jax.Array:
        """What the decoder says, from the reduced variable `[B, *shape]`."""


@dataclasses.dataclass(frozen=True)
class Population(Decoding):
    """`(sum over a population + bias) * scale`, for populations of `pop_size` neurons that follow each other."""

    pop_size: int = 1
    bias: float = 0.0
    scale: float = 1.0

    def check(self, num: int) -> None:
        if self.pop_size < 1 or num % self.pop_size:
            raise ValueError(f"pop_size must divide the {num} neurons of the target, got {self.pop_size}.")

    def __call__(self, kept: jax.Array) -> jax.Array:
        if self.pop_size > 1:
            kept = kept.reshape(kept.shape[0], -1, self.pop_size).sum(-1)
        return (kept + self.bias) * self.scale
