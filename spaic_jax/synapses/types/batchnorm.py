"""Maps normalised over the batch."""

import dataclasses
from collections.abc import Sequence

import jax

from spaic_jax import ops
from spaic_jax.program import Constant, Op, Variable
from spaic_jax.program.variable import Role
from spaic_jax.synapses.base import Ends
from spaic_jax.synapses.types.base import Synapse


@dataclasses.dataclass(frozen=True)
class _Normalise:
    """Batch normalisation as a comparable function of arrays."""

    train: bool
    momentum: float
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return "batchnorm2d"

    def __call__(
        self, x: jax.Array, mean: jax.Array, var: jax.Array, weight: jax.Array, bias: jax.Array
    ) -> tuple[jax.Array, ...]:
        maps, mean, var = ops.batchnorm2d(
            x, x.shape[1], mean, var, weight, bias, train=self.train, momentum=self.momentum
        )
        maps = maps.reshape(maps.shape[0], *self.shape)
        return (maps, mean, var) if self.train else (maps,)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchNorm2d(Synapse):
    """Each map of `(C, H, W)` with mean 0 and variance 1, then scaled and shifted by parameters of its own.

    $$ O = \\gamma_c \\frac{I - \\mu_c}{\\sqrt{\\sigma_c^2 + 10^{-5}}} + \\beta_c $$

    In training (see `Simulator.train`) the statistics of each step are those of the batch, and the running ones move
    towards them; otherwise the running ones count. SPAIC has no running statistics, no scale and no shift.

    Args:
        num_features: number of maps; it may be left out.
        momentum: how far the running statistics move in a step.

    Raises:
        ValueError: what holds no maps, or not `num_features`.

    Source: SPAIC, `batchnorm2d`; Ioffe and Szegedy (2015).

    >>> BatchNorm2d().makes((3, 4, 4))
    (3, 4, 4)
    """

    num_features: int | None = None
    momentum: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.momentum <= 1:
            raise ValueError(f"BatchNorm2d: momentum must be positive and at most 1, got {self.momentum!r}.")

    def makes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != 3:
            raise ValueError(f"batchnorm2d needs maps (C, H, W), but gets {shape}.")
        if self.num_features not in (None, shape[0]):
            raise ValueError(f"batchnorm2d: num_features is {self.num_features}, but it gets {shape[0]} maps.")
        return shape

    def lower(self, ends: Ends) -> tuple[Sequence[Variable], Sequence[Op]]:
        size = ends.pre_shape[:1]
        role: Role = "parameter" if ends.trainable else "constant"
        mean, var = (
            Variable(f"{ends.name}.{name}", size, init=Constant(value), batched=False, stay=True)
            for name, value in (("running_mean", 0.0), ("running_var", 1.0))
        )
        scale = Variable(f"{ends.name}.weight", size, role=role, init=Constant(1.0))
        shift = Variable(f"{ends.name}.bias", size, role=role, init=Constant(0.0))
        inputs = (ends.source, mean.name, var.name, scale.name, shift.name)
        learning = Op(
            (ends.target, mean.name, var.name), _Normalise(True, self.momentum, ends.post_shape), inputs, name=ends.name
        )
        fixed = _Normalise(False, self.momentum, ends.post_shape)
        return [mean, var, scale, shift], [Op(ends.target, fixed, inputs, name=ends.name, training=learning)]
