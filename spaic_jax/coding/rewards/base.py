"""What a reward is: numbers for each sample, made of a target's spikes and of the run's input."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._numbers import real, whole
from spaic_jax.coding.check import check_range
from spaic_jax.coding.steps import collect
from spaic_jax.coding.values import constants, keep, names
from spaic_jax.program import Context, Fragment, Op, Site, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rewarding(abc.ABC):
    """A frozen dataclass of a reward's settings that lowers to rows, which write `<name>.reward`, `[B, n]`.

    Spikes are summed over windows of `dec_sample_step` steps, the first of which begins with the presentation. The reward
    is that of a window in its last step and **zero in all others**, as in SPAIC; a last window that the presentation cuts
    short gives none.

    Args:
        dec_sample_step: steps of a window; 1 by default, a reward in every step. `"presentation"`, or `None`, for one window
            as long as the presentation: a reward at its end.
    """

    #: `judge(*spikes, given, *constants, **settings)`: the reward `[B, n]` of the spikes of a window, `[B, *shape]`, and
    #: of the input of its last step.
    judge: ClassVar[Callable[..., jax.Array]]
    #: Settings that are constants of the program.
    values: ClassVar[tuple[str, ...]] = ()
    dec_sample_step: int | Literal["presentation"] | None = 1

    def __post_init__(self) -> None:
        # Files know no `None`.
        steps = "presentation" if self.dec_sample_step is None else self.dec_sample_step
        if steps != "presentation":
            steps = whole(steps, f"{type(self).__name__}: dec_sample_step")
        object.__setattr__(self, "dec_sample_step", steps)

    @abc.abstractmethod
    def size(self, num: int, target: bool) -> int:
        """How many numbers it has for a sample, where the node has a size of `num`, and a target or none."""

    @abc.abstractmethod
    def given(self, name: str, num: int, target: bool) -> Variable:
        """The input, of that name."""

    def check(self, num: int) -> None:
        """ValueError when the settings do not fit a target of `num` neurons."""

    def settings(self) -> dict[str, Any]:
        """What `judge` takes by name."""
        return {}

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """The read of the spikes of a window, and what writes it: rows that sum, if a window is more than a step."""
        if self.dec_sample_step == 1:
            return (site.source,), Fragment()
        counts = f"{site.name}.counts"
        row = Op(counts, collect, (counts, site.source, "[position]"), settings={"every": self.every})
        return (f"{counts}[updated]",), Fragment((Variable(counts, site.takes, narrow=False),), (row,))

    @property
    def every(self) -> int | None:
        """Steps of a window, where they are known."""
        return self.dec_sample_step if isinstance(self.dec_sample_step, int) else None

    @property
    def clock(self) -> tuple[str, ...]:
        """What tells where a window ends."""
        return ("[position]", "[window]") if self.every is None else ("[position]",)

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its input `<name>`, and the rows that write `<name>.reward`, `[B, *site.gives]`, of the spikes `site.source`.

        The rewards are float32 in half-precision programs too.
        """
        name, reward = site.name, f"{site.name}.reward"
        fixed = constants(site, [(key, getattr(self, key)) for key in self.values])
        spikes, made = self.seen(site, context)
        num = int(np.prod(site.takes))
        made += Fragment((self.given(name, num, bool(site.source)), Variable(reward, site.gives, narrow=False), *fixed))
        reads = (*spikes, name, *names(fixed))
        if self.dec_sample_step == 1:
            return made + Fragment(ops=(Op(reward, type(self).judge, reads, settings=self.settings()),))
        judged = f"{name}.judged"
        return made + Fragment(ops=(
            Op(judged, type(self).judge, reads, settings=self.settings()),
            Op(reward, at_end, (judged, *self.clock), settings={"every": self.every}),
        ))


def ends(position: jax.Array, window: Any, every: int | None) -> jax.Array:
    """Whether a step is the last one of a window; of the presentation, `window` steps long, if `every` is `None`."""
    return jnp.equal(position + 1, window) if every is None else jnp.mod(position + 1, every) == 0


def at_end(value: jax.Array, position: jax.Array, window: jax.Array | None = None, *, every: int | None) -> jax.Array:
    """A value in the last step of a window, zero in the others."""
    return jnp.where(ends(position, window, every), value, jnp.zeros_like(value))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Populations(Rewarding):
    """A reward for the label that a target's populations of `pop_size` neurons, which follow each other, vote for."""

    values: ClassVar = ("reward_signal", "punish_signal")
    pop_size: int = 1
    reward_signal: float = 1.0
    punish_signal: float = -1.0
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        kind = type(self).__name__
        keep(self, pop_size=whole(self.pop_size, f"{kind}: pop_size"))
        keep(self, **{name: real(getattr(self, name), f"{kind}: {name}") for name in self.values})

    def size(self, num: int, target: bool) -> int:
        return 1

    def given(self, name: str, num: int, target: bool) -> Variable:
        return labels(name, num // self.pop_size)

    def check(self, num: int) -> None:
        if num % self.pop_size:
            raise ValueError(f"pop_size must divide the {num} neurons of the target, got {self.pop_size}.")

    def settings(self) -> dict[str, Any]:
        return {"pop_size": self.pop_size, "compat": self.compat}


def votes(spikes: jax.Array, pop_size: int, dtype: Any) -> jax.Array:
    """The spikes of each population, `[B, num / pop_size]`, in a dtype that counts."""
    return spikes.reshape(spikes.shape[0], -1, pop_size).astype(dtype).sum(-1)


def labels(name: str, classes: int) -> Variable:
    """An input of labels, `[B]` or `[T, B]`."""
    return Variable(name, (), "int32", role="input", axes="either", check=LabelCheck(classes))


@dataclasses.dataclass(frozen=True)
class LabelCheck:
    """The check of labels: `Variable.check`."""

    classes: int

    def __call__(self, what: str, x: Any, steps: int | None) -> None:
        check_range(what, x, f"labels from 0 to {self.classes - 1}", 0, self.classes - 1)
