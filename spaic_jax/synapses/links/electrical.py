"""Gap junctions."""

import dataclasses
import math
from typing import Any, ClassVar

import jax

from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.links.weighted import Weighted


def gap_junction(there: jax.Array, here: jax.Array, weight: jax.Array, *, forward: bool) -> jax.Array:
    """The current into one side, by the potentials of the other and of its own; into the postsynaptic one if `forward`."""
    batch = here.shape[0]
    matrix = weight if forward else weight.T
    current = there.reshape(batch, -1) @ matrix.T - here.reshape(batch, -1) * matrix.sum(1)[None]
    return current.reshape(here.shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Electrical(Weighted):
    """Gap junctions between two groups: currents that draw their membrane potentials together, in both directions.

    $$ I^{post}_i = \\sum_j W_{ij} (V^{pre}_j - V^{post}_i), \\qquad I^{pre}_j = \\sum_i W_{ij} (V^{post}_i - V^{pre}_j) $$

    with the potentials after the previous step, whatever the propagation. Within one group, `pre` and `post` being the same,
    there is one current, counted once: $I_i = \\sum_j W_{ij} (V_j - V_i)$, where a symmetric `W` is a gap junction of each
    pair.

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
    reads_late: ClassVar = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bias is not None:
            raise ValueError("Electrical: a gap junction has no bias.")

    def reads_from(self, connection: Any) -> tuple[tuple[Any, str], ...]:
        return tuple((end, connection.pre_var_name) for end in (connection.pre, connection.post))

    def writes_to(self, connection: Any) -> tuple[tuple[Any, str], ...]:
        return tuple((end, connection.post_var_name) for end in (connection.post, connection.pre))

    def carry(self, site: Site, context: Context) -> Fragment:
        shape = (math.prod(site.gives), math.prod(site.takes))
        (weight,) = self.variables(site, shape, "post, pre", shape[0])
        ends = site.owner.pre, site.owner.post
        pre, post = (context.before(end, "V") for end in ends)
        ways = [(site.name, site.target, pre, post, True)]
        if ends[0] != ends[1]:
            back = context.target(ends[0], site.owner.post_var_name)
            ways.append((f"{site.name}.back", back, post, pre, False))
        rows = tuple(
            Op(target, gap_junction, (there, here, weight.name), name=name, settings={"forward": forward})
            for name, target, there, here, forward in ways
        )
        return Fragment((weight,), rows)
