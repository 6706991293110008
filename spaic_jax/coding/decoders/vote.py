"""A vote of neurons that learned without labels, and were assigned to classes afterwards."""

import dataclasses
import math
from collections.abc import Hashable, Mapping
from typing import ClassVar

import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Float, PerNeuron, Shaped
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.values import keep
from spaic_jax.program import Constant, Context, Fragment, Record, Reduction, Site, Sum, Variable


def vote(
    counts: Shaped[ArrayLike, "batch neurons"], assignment: Shaped[ArrayLike, "neurons *weights"], *, classes: int
) -> Float[Array, "batch classes"]:
    r"""The score of each class, from the spikes of neurons that stand for classes.

        score[b, c] = mean of counts[b, i] over the neurons i with assignment[i] == c
        score[b, c] = sum_i counts[b, i] assignment[i, c]      for a weighted assignment

    Args:
        counts: spikes of each neuron, `[B, n]`.
        assignment: the class of each neuron, whole numbers `[n]`, a negative one for none; or how much a spike of each
            neuron says for each class, `[n, classes]`.
        classes: number of classes.

    Returns:
        Scores `[B, classes]`, float32; 0 for a class without neurons.

    Raises:
        ValueError: shapes that do not fit.

    >>> vote(jnp.array([[4, 1, 1, 9]]), jnp.array([0, 0, 1, -1]), classes=3).tolist()
    [[2.5, 1.0, 0.0]]
    """
    counted, assigned = jnp.asarray(counts), jnp.asarray(assignment)
    if counted.ndim != 2 or assigned.shape not in ((counted.shape[1],), (counted.shape[1], classes)):
        raise ValueError(
            f"vote got counts of shape {counted.shape} and an assignment of shape {assigned.shape}, but needs [B, n] and"
            f" [n], or [n, {classes}] for {classes} classes."
        )
    weights = assigned.astype(jnp.float32)
    if assigned.ndim == 1:
        member = (assigned[:, None] == jnp.arange(classes, dtype=assigned.dtype)[None]).astype(jnp.float32)
        weights = member / jnp.maximum(member.sum(0, keepdims=True), 1)
    return jnp.matmul(counted.astype(jnp.float32), weights, precision="highest")


def _flat(counts: PerNeuron) -> Shaped[Array, "batch neurons"]:
    return counts.reshape(counts.shape[0], -1)


def _scores(counts: PerNeuron, assignment: Array, *, classes: int) -> Float[Array, "batch classes"]:
    return vote(_flat(counts), assignment, classes=classes)


@dataclasses.dataclass(frozen=True)
class Vote(Decoding):
    """A vote of neurons that learned without labels for the classes that they were assigned to, shape `[B, classes]`.

    The score of a class is the mean count of spikes of its neurons, or the sum of all counts, each weighted by the share
    that the class had in the neuron's responses. The assignment is a plastic value, `<decoder>.assignment`:
    `spaic_jax.train.learn` makes it from the responses to its training data, and files keep it with the weights. Before that
    no neuron has a class, and all scores are 0. A run also gives the counts of the neurons, as `<decoder>.counts`,
    `[B, n]`.

    Args:
        classes: number of classes.
        weighted: whether neurons vote by shares, so that the assignment is `[n, classes]`; else each votes for the one class
            that it responds to most, `[n]`, -1 for a neuron that never spiked.

    Raises:
        ValueError: fewer than two classes.

    Source: Diehl and Cook, Unsupervised learning of digit recognition (2015); for the weighted vote Hazan et al., BindsNET
    (2018), `proportion_weighting`.

    >>> counts = jnp.array([[4, 1, 1, 9]])  # of one sample
    >>> Vote.finish(counts, jnp.array([0, 0, 1, -1]), classes=3).tolist()
    [[2.5, 1.0, 0.0]]
    """

    finish: ClassVar = staticmethod(_scores)
    padded: ClassVar = True
    classes: int = 10
    weighted: bool = False

    def __post_init__(self) -> None:
        keep(self, classes=whole(self.classes, "Vote: classes", least=2))
        if not isinstance(self.weighted, bool):
            raise ValueError(f"Vote: weighted must be True or False, not {self.weighted!r}.")

    def reduction(self, dt: float) -> Reduction:
        return Sum()

    def settings(self, dt: float) -> Mapping[str, Hashable]:
        return {"classes": self.classes}

    def lower(self, site: Site, context: Context) -> Fragment:
        name, num = f"{site.name}.assignment", math.prod(site.takes)
        assignment = (
            Variable(name, (num, self.classes), role="plastic", narrow=False) if self.weighted
            else Variable(name, (num,), "int32", "plastic", Constant(-1))
        )
        counts = Record(f"{site.name}.counts", site.source, "output", Sum(), finish=_flat, padded=True)
        scores = Record(
            site.name, site.source, "output", self.reduction(context.dt), finish=type(self).finish, constants=(name,),
            settings=self.settings(context.dt), padded=self.padded,
        )
        return Fragment((assignment,), records=(scores, counts))
