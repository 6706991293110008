"""Links that say who is connected with whom, and leave to a storage how their synapses are kept."""

import abc
import dataclasses
import math
from typing import Any, ClassVar, Self

import numpy as np

from spaic_jax._numbers import LARGEST
from spaic_jax.program import Context, Fragment, Given, Site
from spaic_jax.synapses.delays import SynapticDelay
from spaic_jax.synapses.links.weighted import Weighted
from spaic_jax.synapses.pattern import Pattern
from spaic_jax.synapses.storage import Pairs, Storage, resolve_storage, usual_storage


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Connectivity(Weighted):
    """A link with one weight for each of some pairs of neurons.

    Args:
        storage: how the synapses are kept: `"dense"`, `"masked"`, `"pairs"`, or a storage (see
            `spaic_jax.synapses.STORAGES`); `None` for what suits the number of pairs and synapses.
    """

    delays_synapses: ClassVar = True
    storage: str | Storage | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.storage is not None:
            resolve_storage(self.storage)

    @abc.abstractmethod
    def pattern(self, site: Site) -> Pattern:
        """Who is connected.

        Raises:
            ValueError: ends that do not fit.
        """

    def carry(self, site: Site, context: Context) -> Fragment:
        pattern = self.pattern(site)
        if not pattern.count:
            raise ValueError(f"connection '{site.name}' has no synapse among its {pattern.post} x {pattern.pre} pairs.")
        storage = self._stored(pattern, site, context)
        blocks = context.blocks_of(site.gives)
        if isinstance(storage, Pairs) and pattern.count > LARGEST * blocks:
            where = "" if blocks == 1 else f" in each of {blocks} blocks"
            raise ValueError(
                f"connection '{site.name}' has {pattern.count} synapses, more than the {LARGEST} that can be counted{where}."
            )
        return storage.carry(self.of_pattern(pattern, site), pattern, site, context)

    def of_pattern(self, pattern: Pattern, site: Site) -> Self:
        """The link with weights that follow from who is connected, if they do."""
        return self

    def settled(self, site: Site, context: Context) -> Self:
        return dataclasses.replace(self, storage=self._stored(self.pattern(site), site, context))

    def _stored(self, pattern: Pattern, site: Site, context: Context) -> Storage:
        """How its synapses are kept."""
        delay = site.owner.delay
        if self.storage is not None:
            return resolve_storage(self.storage)
        if isinstance(delay, SynapticDelay):
            return usual_storage(pattern, delay.slots(context.dt, f"connection '{site.name}'"), delay.trained)
        return usual_storage(pattern)


def same_neurons(site: Site) -> Given | None:
    """The pairs that are a neuron and itself, as a pattern leaves them out; `None` where the ends have no neuron in common.

    Ends may be slices of one group: then these are not the pairs of one place.
    """
    post, pre = (_group_and_numbers(end) for end in (site.owner.post, site.owner.pre))
    if post[0] is not pre[0]:
        return None
    _, i, j = np.intersect1d(post[1], pre[1], assume_unique=True, return_indices=True)
    return Given(np.sort(j.astype(np.int64) * len(post[1]) + i)) if len(i) else None


def _group_and_numbers(end: Any) -> tuple[Any, np.ndarray]:
    """The group that an end of a connection is, or is a slice of, and the numbers of its neurons there."""
    group = getattr(end, "of", end)
    numbers = np.arange(math.prod(group.shape)).reshape(group.shape)
    return group, (numbers if end is group else numbers[end.start : end.stop : end.step]).ravel()


def enough(site: Site, given: str, wanted: int, most: int, multapses: bool, of: str) -> None:
    """ValueError unless there are enough neurons or pairs to choose from."""
    if wanted > most and not (multapses and most):
        hint = " without multapses" if most else ""
        raise ValueError(f"connection '{site.name}': {given} needs as many {of} to choose from{hint}, but there are {most}.")
