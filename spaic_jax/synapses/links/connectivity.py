"""Links that say who is connected with whom, and leave to a storage how their synapses are kept."""

import abc
import dataclasses
import math
from typing import Any, ClassVar, Self

import numpy as np

from spaic_jax.program import Context, Fragment, Given, Site
from spaic_jax.synapses.base import sequence
from spaic_jax.synapses.delays import SynapticDelay
from spaic_jax.synapses.links.weighted import Weighted
from spaic_jax.synapses.pattern import Listed, Pattern
from spaic_jax.synapses.storage import Storage, resolve_storage, usual_storage


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
        return self._stored(pattern, site, context).carry(self, pattern, site, context)

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


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Indexed(Connectivity):
    """A connectivity whose synapses may be given, as the two ends of each.

    Args:
        index: the synapses' ends `(post, pre)`, two lists of numbers of neurons, instead of drawn ones.
    """

    index: Any = sequence(None)
    #: The places that given synapses had before they were sorted.
    order: ClassVar[np.ndarray | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.index is None:
            return
        kind = type(self).__name__
        ends = [np.asarray(end) for end in self.index] if np.iterable(self.index) else []
        if len(ends) != 2 or ends[0].shape != ends[1].shape or any(e.ndim != 1 or e.dtype.kind not in "iu" for e in ends):
            given = ", ".join(f"{end.dtype} of shape {end.shape}" for end in ends) or repr(self.index)
            raise ValueError(f"{kind}: index needs two equally long lists of whole numbers, post and pre, not {given}.")
        order = np.lexsort(ends)
        post, pre = (end[order] for end in ends)
        if twice := np.flatnonzero((post[1:] == post[:-1]) & (pre[1:] == pre[:-1])).tolist():
            raise ValueError(f"{kind}: index holds the pair (post {post[twice[0]]}, pre {pre[twice[0]]}) more than once.")
        object.__setattr__(self, "index", (post, pre))
        if (np.diff(order) < 0).any():
            object.__setattr__(self, "order", order)
        if np.shape(self.weight) == order.shape:
            object.__setattr__(self, "weight", np.asarray(self.weight)[order])

    @abc.abstractmethod
    def drawn_pattern(self, post: int, pre: int) -> Pattern:
        """Who is connected where no index is given."""

    def pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        if self.index is None:
            return self.drawn_pattern(post, pre)
        for end, numbers, size in zip(("post", "pre"), self.index, (post, pre), strict=True):
            if len(numbers) and not 0 <= numbers.min() <= numbers.max() < size:
                raise ValueError(
                    f"connection '{site.name}': the {end} index goes from {numbers.min()} to {numbers.max()}, but"
                    f" needs to lie in 0 ... {size - 1}."
                )
        return Listed(post, pre, (Given(self.index[0]), Given(self.index[1])))
