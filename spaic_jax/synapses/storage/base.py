"""What a storage of synapses is."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import numpy as np

from spaic_jax.program import Context, Fragment, Given, Site
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.delays import SynapticDelay
from spaic_jax.synapses.pattern import Pattern

if TYPE_CHECKING:
    from spaic_jax.synapses.links.weighted import Weighted


class Storage(abc.ABC):
    """How the synapses of a link are kept, and the rows of their product: a hashable value with one method."""

    @abc.abstractmethod
    def carry(self, link: Weighted, pattern: Pattern, site: Site, context: Context) -> Fragment:
        """The weights of a link between the pairs of a pattern, and the rows that write `site.target`.

        Raises:
            ValueError: a pattern that it cannot hold, weights that do not fit, or delays of synapses that it has not.
        """


def matrix_of(link: Weighted, pattern: Pattern, site: Site) -> Any:
    """The first weights of a link as a matrix `(post, pre)`: one number a synapse is put in its place.

    Raises:
        ValueError: for a pattern that may have several synapses of a pair.
    """
    if pattern.may_repeat:
        raise ValueError(
            f"connection '{site.name}': a matrix cannot hold several synapses of a pair: use storage 'pairs', or multapses=False."
        )
    given = link.drawn() if link.weight is None else as_initial(link.weight)
    if isinstance(given, Given) and pattern.listed is not None and given.value.shape == (pattern.count,):
        matrix = np.zeros((pattern.post, pattern.pre), given.value.dtype)
        matrix[pattern.listed] = given.value if pattern.order is None else given.value[pattern.order]
        return Given(matrix)
    return given


def refuse_delays(site: Site, storage: str, but: str = "") -> None:
    """ValueError when each synapse has a delay of its own, of a kind that the storage has not."""
    if isinstance(site.owner.delay, SynapticDelay):
        raise ValueError(
            f"connection '{site.name}': storage '{storage}' has no delay for each synapse{f', {but}' if but else ''}: use 'masked' or 'dense', or give"
            " one number of ms."
        )


