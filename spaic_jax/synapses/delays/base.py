"""What delays have in common that differ, and those of each synapse."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real
from spaic_jax._times import Times, times
from spaic_jax.program import Constant, Context, Fragment, Given, Initial, Op, Site, Uniform, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.synapses.base import check_elements, numbers

#: How far a number of steps may be from a whole one by rounding alone, as a share of it: a few units in the last place of
#: float32, as both a time and dt are rounded.
ROUNDING = 5e-7


def spread(weight: jax.Array, shares: jax.Array) -> jax.Array:
    """How much of a weight arrives how many steps later, `[slots * post, pre]`."""
    return (weight[None] * shares.astype(weight.dtype)).reshape(-1, weight.shape[1])


def send(spikes: jax.Array, kernel: jax.Array, *, slots: int, times: Times = times) -> jax.Array:
    """What this step's spikes send, by the number of steps it takes, `[B, slots, post]`."""
    batch = spikes.shape[0]
    return times(spikes.reshape(batch, -1), kernel).reshape(batch, slots, -1)


def arrive(
    ahead: jax.Array, sent: jax.Array, bias: jax.Array | None = None, *, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    """What arrives now, in samples of a shape, and what is still under way."""
    total = jnp.concatenate([ahead, jnp.zeros_like(sent[:, :1])], axis=1) + sent
    current = total[:, 0] if bias is None else total[:, 0] + bias[None]
    return current.reshape(current.shape[0], *shape), total[:, 1:]


def slots_of(delay: jax.Array, slots: int) -> jax.Array:
    """The numbers of steps that there are, `[slots, 1, ...]`, beside delays."""
    return jnp.arange(slots, dtype=delay.dtype).reshape(slots, *(1,) * delay.ndim)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Delays:
    """Delays of a connection that differ: their values, given or drawn, and between which they lie.

    Args:
        value: array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay: shortest delay that is drawn, ms; 1 by default where no value is given.
        max_delay: longest delay, ms, to which longer ones are cut.

    Raises:
        ValueError: a delay that is negative or no finite number, naming the first, or no `max_delay` where delays are
            drawn or trained.
    """

    #: Whether it has a gradient, and so is trained as the weights are.
    trained: ClassVar[bool] = False

    value: Any = None
    min_delay: float | None = None
    max_delay: float | None = None

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if type(self) in (Delays, SynapticDelay):
            raise TypeError(f"{kind} is what delays have in common: use NeuronDelay, FixedDelay, LinearDelay or GaussianDelay.")
        longest = self._checked()
        if self.max_delay is None:
            if longest is None or self.trained:
                raise ValueError(f"{kind}: max_delay must say how long a delay may be, in ms.")
            object.__setattr__(self, "max_delay", longest)
        object.__setattr__(self, "max_delay", real(self.max_delay, f"{kind}: max_delay, in ms,", least=0))
        if self.min_delay is None and self.value is None:
            object.__setattr__(self, "min_delay", 1.0)
        if self.min_delay is not None:
            shortest = real(self.min_delay, f"{kind}: min_delay, in ms,")
            object.__setattr__(self, "min_delay", shortest)
            drawn = not isinstance(self.value, Given | Constant)
            if drawn and not 0 <= shortest <= self.max_delay:  # type: ignore[operator]
                raise ValueError(
                    f"{kind}: min_delay must lie between 0 and max_delay {self.max_delay:g} ms, got {self.min_delay!r}."
                )

    def _checked(self) -> float | None:
        """The longest of given delays, or of those that may be drawn."""
        if self.value is None:
            return None
        if not isinstance(self.value, str):
            check_elements(getattr(self.value, "value", self.value), f"{type(self).__name__}: delay", least=0)
        object.__setattr__(self, "value", as_initial(self.value))
        if isinstance(self.value, Given | Constant):
            return float(np.max(self.value.value))
        if not isinstance(self.value, Uniform):
            return None
        shortest, longest = self.value.ends
        if shortest < 0:
            raise ValueError(f"{type(self).__name__}: delays must be at least 0 ms, but are drawn from {self.value!r}.")
        return longest

    def slots(self, dt: float, where: str) -> int:
        """How many steps apart what arrives in one step may have been sent: the longest delay in steps, and one.

        Raises:
            ValueError: naming the connection, when no delay is as long as a step.
        """
        assert self.max_delay is not None
        # The longest delay is rounded up, but for what rounding alone makes of a whole number of steps.
        slots = math.ceil(self.max_delay / dt * (1 - ROUNDING)) + 1
        if slots < 2:
            raise ValueError(f"{where}: max_delay {self.max_delay:g} ms is less than a step of {dt:g} ms.")
        return slots

    @property
    def bounds(self) -> tuple[float, float | None]:
        """The shortest and the longest delay, ms: training may make drawn ones shorter, and given ones are what they are."""
        free = self.trained or isinstance(self.value, Given | Constant)
        return (0.0 if free else self.min_delay or 0.0), self.max_delay

    @property
    def shortest(self) -> float:
        """The shortest of given delays, or of those that may be drawn, ms."""
        given = isinstance(self.value, Given | Constant)
        return min(float(np.min(self.value.value)), self.max_delay or 0.0) if given else self.bounds[0]

    def first(self) -> Initial:
        """The first delays, ms, given ones no longer than the longest."""
        assert self.max_delay is not None
        if self.value is None:
            assert self.min_delay is not None
            return Uniform(self.min_delay, self.max_delay)
        if isinstance(self.value, Given):
            return Given(np.minimum(self.value.value, self.max_delay))
        return Constant(min(self.value.value, self.max_delay)) if isinstance(self.value, Constant) else self.value


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SynapticDelay(Delays):
    """A delay for each synapse.

    Spikes are multiplied by the weights once for each number of steps that a delay may have, in one product outside of
    any loop; so it costs `max_delay / dt + 1` times a connection without delays.

    Args:
        value: `(post, pre)` array of ms, an initial value, or `None` for U(min_delay, max_delay).
        min_delay, max_delay: as of `Delays`, whose errors are its own.
    """

    trained: ClassVar[bool] = True
    #: Which share of a weight arrives in each slot, `[slots, post, pre]`: a function of the delays `(post, pre)` in ms and
    #: of the numbers that `given` names, with the settings `slots` and `dt`.
    shares: ClassVar[Callable[..., jax.Array]]
    #: The fields that are numbers of that function.
    given: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.given:
            object.__setattr__(self, name, real(getattr(self, name), f"{type(self).__name__}: {name}", above=0))
        super().__post_init__()

    def carry(self, site: Site, context: Context, weight: str, bias: Sequence[str]) -> Fragment:
        """The delays, what is under way, and the rows from a weight matrix to the current."""
        where, (pre, post), dt = f"connection '{site.name}'", (math.prod(site.takes), math.prod(site.gives)), context.dt
        assert self.max_delay is not None
        if isinstance(self.value, Given) and self.value.value.shape != (post, pre):
            raise ValueError(f"{where}: delay has shape {self.value.value.shape}, but needs {(post, pre)} (post, pre).")
        slots = self.slots(dt, where)
        trained = self.trained and site.owner.role_of("delay") == "parameter"
        delay = Variable(
            f"{site.name}.delay", (post, pre), role="parameter" if trained else "constant", init=self.first(),
            bounds=self.bounds, narrow=False, dims=("post", "pre"),
        )
        ahead = Variable(f"{site.name}.ahead", (slots - 1, post), dims=(None, "post"))
        settings = numbers(site, self, *self.given)
        shares, kernel, sent = (f"{site.name}.{name}" for name in ("shares", "kernel", "sent"))
        inputs = (delay.name, *(setting.name for setting in settings))
        rows = (
            Op(shares, type(self).shares, inputs, name=shares, settings={"slots": slots, "dt": dt}),
            Op(kernel, spread, (weight, shares), name=kernel),
            Op(sent, send, (site.source, kernel), name=site.name, settings={"slots": slots}),
            Op(
                (site.target, ahead.name), arrive, (ahead.name, sent, *bias), name=ahead.name, settings={"shape": site.gives}
            ),
        )
        return Fragment((delay, *settings, ahead), rows)
