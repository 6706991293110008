"""Poisson spikes with a rate in Hz."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import Array, Float, Int
from spaic_jax.coding.check import check_range
from spaic_jax.coding.generators.base import Generating, check_chance, each, within
from spaic_jax.coding.values import Value
from spaic_jax.program import Context, Site

#: Levels that are compared in one go.
_AT_ONCE = 16
#: What no random number exceeds.
_NEVER = 2**31 - 1


def drawn(key: jax.Array, on: Float[Array, "batch *shape"], levels: Int[Array, "counts *neurons"]) -> Int[Array, "batch *shape"]:
    """A count for each neuron of each sample: how many of its levels, `[counts]` or `[counts, *shape]`, 32 random bits exceed."""
    bits = jax.lax.bitcast_convert_type(jax.random.bits(key, on.shape, jnp.uint32), jnp.int32)

    def more(k: Int[Array, ""], count: Int[Array, "batch *shape"]) -> Int[Array, "batch *shape"]:
        level = levels[k]
        return count + (bits > (level[None] if level.ndim else level)).astype(jnp.int32)

    return jax.lax.fori_loop(0, len(levels), more, jnp.zeros(on.shape, jnp.int32), unroll=min(len(levels), _AT_ONCE))


def emit(
    key: jax.Array, on: Float[Array, "batch *shape"], step: Int[Array, ""], levels: Int[Array, "counts *neurons"],
    weight: Float[Array, "..."], first: Int[Array, ""], end: Int[Array, ""], *, dt: float,
) -> Float[Array, "batch *shape"]:
    """The spikes of one step, from the step `first` until before the step `end`."""
    return within(drawn(key, on, levels).astype(weight.dtype) * each(on, weight), step, first, end).astype(on.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PoissonHz(Generating):
    """Poisson spikes with a rate in Hz: in each step one with probability `rate * dt / 1000`, or a Poisson count.

    The probability is not `1 - exp(-rate * dt / 1000)`, so that the rate is the one asked for at any length of a step: two
    spikes do not become one. Probabilities are multiples of 2^-32. A step costs one random number a neuron, and with
    `counts` a comparison for each count that may come.

    Args:
        rate: Hz, a number or one a neuron.
        weight: size of a spike, a number or one a neuron.
        counts: whether a step may have several spikes, as the sum of many trains does: the output is `weight` times a
            number with the Poisson distribution, such as of 1000 synapses of 10 Hz each as one source of 10 000 Hz.
        start_time, end_time: steps that begin within them, ms, may have spikes; no end when `None`.

    Raises:
        ValueError: when it is made, rates that are negative or not finite, negative times, an end before the start; when the
            network is lowered, without `counts`, rates of more than one spike a step.

    >>> PoissonHz(rate=15.0).rate
    15.0
    """

    emit: ClassVar = staticmethod(emit)
    random: ClassVar = True
    rate: Value = 1.0
    weight: Value = 1.0
    counts: bool = False
    start_time: float = 0.0
    end_time: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(f"{type(self).__name__}: rate", np.asarray(self.rate), "rates in Hz of at least 0", 0.0)
        if not isinstance(self.counts, bool):
            raise ValueError(f"{type(self).__name__}: counts must be True or False, got {self.counts!r}.")

    def per_neuron(self) -> list[tuple[str, Value]]:
        return [("rate", self.rate), ("weight", self.weight)]

    def check(self, name: str, dt: float) -> None:
        if not self.counts:
            check_chance(name, self.rate, dt / 1000, "dt, in seconds,", "; counts=True draws several spikes a step")

    def numbers(self, site: Site, context: Context) -> Iterable[tuple[str, Value]]:
        given = dict(super().numbers(site, context))
        expected = np.asarray(given.pop("rate")) * (context.dt / 1000)
        return [("levels", (levels_of_counts if self.counts else levels_of_chance)(expected)), *given.items()]


def levels_of_chance(chance: np.ndarray) -> np.ndarray:
    """The level, `[1, *shape]`, that a random number exceeds with some probability."""
    return _levels(1 - np.minimum(chance, 1.0))[None]


def levels_of_counts(expected: np.ndarray) -> np.ndarray:
    """The levels, `[counts, *shape]`, of which a random number exceeds as many as the Poisson distribution says.

    >>> levels = levels_of_counts(np.array(2.0))
    >>> exceeded = (np.arange(-(2**31), 2**31, 2**16)[:, None] > levels).sum(1)
    >>> round(float(exceeded.mean()), 2), round(float(exceeded.var()), 2)
    (2.0, 2.0)
    """
    most = float(expected.max())
    counts = np.arange(int(most + 8 * np.sqrt(most) + 16))
    factorial = np.cumsum(np.log(np.maximum(counts, 1)))
    counts, factorial = (x.reshape(-1, *(1,) * expected.ndim) for x in (counts, factorial))
    # Of the rate zero no logarithm is taken.
    log = counts * np.log(np.where(expected > 0, expected, 1.0)) - expected - factorial
    levels = _levels(np.cumsum(np.where((expected > 0) | (counts == 0), np.exp(log), 0.0), axis=0))
    used = int((levels < _NEVER).reshape(len(levels), -1).any(1).sum())
    return levels[: max(_AT_ONCE, -(-used // _AT_ONCE) * _AT_ONCE)]


def _levels(below: np.ndarray) -> np.ndarray:
    """From the probability not to exceed a level to the level, of 2^32 numbers from -2^31 on."""
    return np.clip(np.round(below * 2.0**32) - 1 - 2**31, -(2**31), _NEVER).astype(np.int32)
