"""Maps made larger."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from spaic_jax._numbers import real
from spaic_jax.synapses.base import Sizes, sequence
from spaic_jax.synapses.parts.base import Pure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Upsample(Pure):
    """Each value of maps `(C, H, W)` repeated along height and width.

    Args:
        upscale: how often; one number, or one each.

    Raises:
        ValueError: what holds no maps.

    Source: SPAIC, `upsample`.

    >>> Upsample(upscale=2).makes((2, 4, 6))
    (2, 8, 12)
    """

    op: ClassVar = "upsample"
    upscale: Sizes = sequence(2)

    def __post_init__(self) -> None:
        given = self.upscale
        if isinstance(given, list | tuple):
            object.__setattr__(self, "upscale", tuple(real(n, "Upsample: upscale", above=0) for n in given))
        else:
            object.__setattr__(self, "upscale", real(given, "Upsample: upscale", above=0))

    def settings(self) -> Mapping[str, Any]:
        return {"scale": self.upscale}
