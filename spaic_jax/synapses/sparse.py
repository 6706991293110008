"""Connections in which most pairs have no synapse, as a dense matrix with a mask."""

import abc
import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.program import Initial, Op, Uniform, Variable
from spaic_jax.synapses.base import Ends, Weighted
from spaic_jax.synapses.full import dense_rows


@dataclasses.dataclass(frozen=True)
class Pattern(Initial):
    """Which pairs `(post, pre)` have a synapse: each with probability `density`, without the diagonal if so asked."""

    density: float
    diagonal: bool = True

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        chosen = jax.random.bernoulli(key, self.density, shape)
        return (chosen if self.diagonal else chosen & ~jnp.eye(shape[0], shape[1], dtype=bool)).astype(dtype)


def _masked(weight: jax.Array, mask: jax.Array) -> jax.Array:
    return jnp.where(mask, weight, jnp.zeros_like(weight))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Masked(Weighted):
    """A link whose weights count only where a mask, drawn once and kept, has a synapse."""

    delays_synapses: ClassVar = True

    @abc.abstractmethod
    def pattern(self, ends: Ends) -> Initial:
        """How the mask is drawn."""

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        shape = (math.prod(ends.post_shape), math.prod(ends.pre_shape))
        weight, *bias = self.variables(ends, shape, "post, pre", shape[0])
        mask = Variable(f"{ends.name}.mask", shape, "bool", "constant", init=self.pattern(ends))
        synapses = f"{ends.name}.synapses"
        variables, ops = dense_rows(ends, synapses, [variable.name for variable in bias])
        return [weight, *bias, mask, *variables], [Op(synapses, _masked, (weight.name, mask.name), name=synapses), *ops]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Sparse(Masked):
    """Each pair of neurons is connected with probability `density`.

    $$ I_i = \\sum_j M_{ij} W_{ij} s_j (+ b_i), \\qquad M_{ij} \\in \\{0, 1\\} $$

    The mask is drawn from the key of `init` and kept as a constant, so that no training makes a synapse where there is
    none; SPAIC has no mask.

    Args:
        density: probability of a synapse, in (0, 1].
        weight: `(post, pre)` array, an initial value, or `None` for N(w_mean, w_std).
        w_mean, w_std: mean and standard deviation of the weights when `weight` is `None`.
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a density outside (0, 1], or a shape that does not fit.

    Source: SPAIC, `sparse`.

    >>> Sparse(density=0.2).density
    0.2
    """

    density: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.density <= 1:
            raise ValueError(f"Sparse: density must lie in (0, 1], got {self.density!r}.")

    def pattern(self, ends: Ends) -> Initial:
        return Pattern(self.density)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Random(Masked):
    """Each pair of different neurons is connected with a probability, which is the largest weight too.

    $$ I_i = \\sum_{j \\ne i} M_{ij} W_{ij} s_j (+ b_i), \\qquad W_{ij} \\sim U(0, p) $$

    Args:
        probability: p, in (0, 1].
        weight: `(post, pre)` array, an initial value, or `None` for U(0, p).
        w_min, w_max: bounds of the weights.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a probability outside (0, 1], or a shape that does not fit.

    Source: SPAIC, `random`.

    >>> Random(probability=0.2).probability
    0.2
    """

    probability: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.probability <= 1:
            raise ValueError(f"Random: probability must lie in (0, 1], got {self.probability!r}.")

    def drawn(self) -> Initial:
        return Uniform(0.0, self.probability)

    def pattern(self, ends: Ends) -> Initial:
        return Pattern(self.probability, diagonal=False)
