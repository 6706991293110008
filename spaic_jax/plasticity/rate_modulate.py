"""Neurons that are led to a number of spikes."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, number, positive
from spaic_jax.plasticity.memory import Memory
from spaic_jax.plasticity.pathway import Meeting


@dataclasses.dataclass(frozen=True, kw_only=True)
class RateModulate(Rule):
    """Descent on the distance of the numbers of spikes from a wanted one, at the end of each presentation.

    $$ L = \\alpha \\, \\lVert n - m_r \\rVert, \\qquad \\Delta W_{ij} = -\\alpha \\, \\frac{n_i - m_r}{\\lVert n - m_r \\rVert} \\, n_j $$

    where `n_i` and `n_j` are the spikes of both ends in the presentation. The derivative of `n_i` by a weight is taken to be
    `n_j`, that of a neuron which fires in proportion to its input. The change comes in the last step. A sample whose neurons all
    fire `m_r` times changes nothing.

    SPAIC's `rate_modulate` is the loss L alone, of the whole batch, for a gradient; it cannot be built there, so that the rule
    has no `compat`. `spaic_jax.train.REGULARISERS` has losses of rates for training by gradient.

    Args:
        m_r: wanted number of spikes of a neuron in a presentation; it has no default.
        alpha: learning rate.
        batch: as of `Rule`.

    Raises:
        ValueError: a learning rate that is not positive, a negative number of spikes; a step that is not told the length of the
            presentation.

    Source: SPAIC, `rate_modulate`.

    >>> RateModulate(m_r=5.0).alpha
    0.001
    """

    reads: ClassVar = ("[position]", "[window]")
    m_r: float = number(least=0)
    alpha: float = positive(0.001)

    def memories(self, dt: float) -> Mapping[str, Memory]:
        return {"arrived": Memory("pre"), "fired": Memory("post")}

    def change(
        self, at: Meeting, *, arrived: jax.Array, fired: jax.Array, position: jax.Array, window: jax.Array
    ) -> Mapping[str, jax.Array]:
        arrived, fired = (s + jnp.where(position == 0, 0, n) for s, n in ((at.pre, arrived), (at.post, fired)))
        off = fired - self.m_r
        square = (off**2).sum(tuple(range(1, off.ndim)), keepdims=True)
        slope = off / jnp.sqrt(jnp.where(square > 0, square, 1))
        change = -self.alpha * at.outer(slope, arrived)
        return {"weight": jnp.where(position + 1 >= window, change, jnp.zeros_like(change)), "arrived": arrived, "fired": fired}
