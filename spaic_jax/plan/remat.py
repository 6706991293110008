"""What the backward pass keeps, and what it computes again."""

import dataclasses
import math
from typing import Literal

from spaic_jax._errors import unknown
from spaic_jax._numbers import real, whole


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Keep the state before every `steps` steps, and compute what lies between again in the backward pass.

    Args:
        steps: length of a chunk; it is rounded up to whole tiles.

    >>> Chunk(50).steps
    50
    """

    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole(self.steps, "Chunk: steps"))


@dataclasses.dataclass(frozen=True)
class Auto:
    """Keep everything while it fits `budget` bytes, else use the longest `Chunk` that fits.

    Where no chunk fits, the one that needs least memory is taken.

    Args:
        budget: bytes that the backward pass may keep.

    >>> Auto(budget=2**20).budget
    1048576.0
    """

    budget: float = 48 * 2**20

    def __post_init__(self) -> None:
        object.__setattr__(self, "budget", real(self.budget, "Auto: budget", above=0))

    def chunk(self, steps: int, tile: int, step_bytes: float, state_bytes: float) -> Chunk | None:
        """The chunk for a run, or `None` to keep everything.

        Args:
            steps: steps of the run.
            tile: steps of a tile.
            step_bytes: bytes that the backward pass keeps of a step when nothing is computed again.
            state_bytes: bytes of the state.
        """
        if steps * step_bytes <= self.budget:
            return None

        def peak(tiles: int) -> float:
            return math.ceil(steps / (tiles * tile)) * state_bytes + tiles * tile * step_bytes

        counts = range(1, max(steps // tile, 1) + 1)
        fitting = [n for n in counts if peak(n) <= self.budget]
        return Chunk((max(fitting) if fitting else min(counts, key=peak)) * tile)


Remat = Chunk | Auto | Literal["step", "auto"] | None


def check_remat(remat: Remat) -> Chunk | Auto | Literal["step"] | None:
    """The policy, with `"auto"` as a value.

    Raises:
        ValueError: when it is none of the policies.
    """
    if remat == "auto":
        return Auto()
    if remat is None or remat == "step" or isinstance(remat, Chunk | Auto):
        return remat
    raise ValueError(unknown("remat policy", remat, ("None", "step", "auto", "Chunk(steps)", "Auto(budget)")))
