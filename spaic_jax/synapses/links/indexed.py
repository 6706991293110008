"""Links whose synapses may be given."""

import abc
import dataclasses
import math
from typing import Any

import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.program import Given, Site
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.base import sequence
from spaic_jax.synapses.links.connectivity import Connectivity
from spaic_jax.synapses.pattern import Listed, Pattern


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Indexed(Connectivity):
    """A connectivity whose synapses may be given, as the two ends of each, or as a sparse matrix of SciPy's.

    Args:
        index: the synapses' ends `(post, pre)`, two lists of numbers of neurons, instead of drawn ones.
        multapses: whether `index` may hold a pair more than once, which are as many synapses.
        index_shape: numbers of neurons `(post, pre)` that `index` is meant for; `None` for whatever holds it.
        weight: as of other links; or a sparse matrix `(post, pre)` of SciPy's, whose entries are the synapses: it gives
            `index` and `index_shape`.
    """

    index: Any = sequence(None)
    multapses: bool = False
    index_shape: Any = sequence(None)

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if hasattr(self.weight, "tocoo"):
            self._take_matrix(kind)
        super().__post_init__()
        if self.index is None:
            for name in ("multapses", "index_shape"):
                if getattr(self, name):
                    raise ValueError(f"{kind}: {name} says something of index, which is missing.")
            return
        ends = [np.asarray(end) for end in self.index] if np.iterable(self.index) else []
        if len(ends) != 2 or ends[0].shape != ends[1].shape or any(e.ndim != 1 or e.dtype.kind not in "iu" for e in ends):
            given = ", ".join(f"{end.dtype} of shape {end.shape}" for end in ends) or repr(self.index)
            raise ValueError(f"{kind}: index needs two equally long lists of whole numbers, post and pre, not {given}.")
        object.__setattr__(self, "index", tuple(ends))
        if self.index_shape is not None:
            shape = tuple(self.index_shape) if np.iterable(self.index_shape) else (self.index_shape,)
            if len(shape) != 2:
                raise ValueError(f"{kind}: index_shape needs two numbers of neurons, post and pre, not {self.index_shape!r}.")
            object.__setattr__(self, "index_shape", tuple(whole(n, f"{kind}: index_shape") for n in shape))

    def _take_matrix(self, kind: str) -> None:
        """What a sparse matrix says, as lists."""
        if self.index is not None or self.index_shape is not None:
            raise ValueError(f"{kind}: index came beside a sparse matrix of weights, which says what is connected.")
        matrix = self.weight.tocoo()
        object.__setattr__(self, "index", (matrix.row, matrix.col))
        object.__setattr__(self, "index_shape", matrix.shape)
        object.__setattr__(self, "weight", matrix.data)

    @abc.abstractmethod
    def drawn_pattern(self, site: Site) -> Pattern:
        """Who is connected where no index is given."""

    def pattern(self, site: Site) -> Pattern:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        if self.index is None:
            return self.drawn_pattern(site)
        if self.index_shape not in (None, (post, pre)):
            raise ValueError(
                f"connection '{site.name}': its index is one of {self.index_shape} neurons (post, pre), but needs to be one of"
                f" {(post, pre)}."
            )
        for end, numbers, size in zip(("post", "pre"), self.index, (post, pre), strict=True):
            if len(numbers) and not 0 <= numbers.min() <= numbers.max() < size:
                raise ValueError(
                    f"connection '{site.name}': the {end} index goes from {numbers.min()} to {numbers.max()}, but"
                    f" needs to lie in 0 ... {size - 1}."
                )
        self._check_weight(site, post, pre)
        return self._listed(site, post, pre)

    def _check_weight(self, site: Site, post: int, pre: int) -> None:
        """ValueError for weights that are neither one for each synapse of the index nor a matrix."""
        given, count = None if self.weight is None else as_initial(self.weight), len(self.index[0])
        if isinstance(given, Given) and given.value.shape not in ((count,), (post, pre)):
            raise ValueError(
                f"connection '{site.name}': weight has shape {given.value.shape}, but needs {(count,)}, one number for each of the"
                f" synapses of its index, or {(post, pre)} (post, pre)."
            )

    def _listed(self, site: Site, post: int, pre: int) -> Listed:
        """The given synapses in the order of a pattern."""
        flat = self.index[1].astype(np.int64) * post + self.index[0].astype(np.int64)
        order = None
        if (flat[1:] < flat[:-1]).any():
            order = np.argsort(flat, kind="stable")
            flat = flat[order]
        if not self.multapses and len(twice := np.flatnonzero(flat[1:] == flat[:-1])):
            j, i = divmod(int(flat[twice[0]]), post)
            raise ValueError(
                f"connection '{site.name}': its index holds the pair (post {i}, pre {j}) more than once: say multapses=True if"
                " these are several synapses."
            )
        j = flat // post
        ends = Given((flat - j * post).astype(np.int32)), Given(j.astype(np.int32))
        return Listed(post, pre, ends, None if order is None else Given(order.astype(np.int32)))
