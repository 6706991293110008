"""The presynaptic output itself."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from spaic_jax import ops
from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Link
from spaic_jax.synapses.types.base import Reshaped


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Direct(Link):
    """The presynaptic output is the current, `I = s`; the two ends hold equally many.

    Raises:
        ValueError: when they do not.

    Source: SPAIC, `null` with the synapse `directpass`.

    >>> Direct().own
    'directpass'
    """

    own: ClassVar = "directpass"

    def makes(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        return pre_shape

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        return (), [Op(ends.target, Reshaped(ops.assign, ends.post_shape), (ends.source,), name=ends.name)]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Direct):
    """Pooling of maps `(C, H, W)`, without weights: `null` whose `syn_type` is `["maxpool"]` unless said otherwise.

    Raises:
        ValueError: ends whose shapes do not fit.

    Source: SPAIC, `pool`, whose `maxpool` takes means; here it takes the largest.

    >>> Pool().usual
    ('maxpool',)
    """

    usual: ClassVar = ("maxpool",)
