"""Gap junctions."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar

import jax

from spaic_jax.program import Op, Variable
from spaic_jax.synapses.base import Ends, Weighted


@dataclasses.dataclass(frozen=True)
class _Junction:
    """The current into one side; a comparable function of arrays."""

    into_post: bool

    def __str__(self) -> str:
        return "gap_junction"

    def __call__(self, there: jax.Array, here: jax.Array, weight: jax.Array) -> jax.Array:
        batch = here.shape[0]
        matrix = weight if self.into_post else weight.T
        current = there.reshape(batch, -1) @ matrix.T - here.reshape(batch, -1) * matrix.sum(1)[None]
        return current.reshape(here.shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Electrical(Weighted):
    """Gap junctions between two groups: currents that draw their membrane potentials together, in both directions.

    $$ I^{post}_i = \\sum_j W_{ij} (V^{pre}_j - V^{post}_i), \\qquad I^{pre}_j = \\sum_i W_{ij} (V^{post}_i - V^{pre}_j) $$

    with the potentials after the previous step, whatever the propagation.

    Args:
        weight: conductances `(post, pre)`, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.

    Raises:
        ValueError: ends that are not two groups whose models have a membrane potential `V`; a bias.

    Source: SPAIC, the synapse `electrical`.

    >>> Electrical(w_mean=0.1).own
    'electrical'
    """

    own: ClassVar = "electrical"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bias is not None:
            raise ValueError("Electrical: a gap junction has no bias.")

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        shape = (math.prod(ends.post_shape), math.prod(ends.pre_shape))
        (weight,) = self.variables(ends, shape, "post, pre", shape[0])
        pre, post = f"{ends.pre}.V", f"{ends.post}.V"
        return [weight], [
            Op(ends.target, _Junction(True), (pre, post, weight.name), name=ends.name),
            Op(f"{ends.pre}.Isyn", _Junction(False), (post, pre, weight.name), name=f"{ends.name}.back"),
        ]
