"""What an action is: a choice of each sample, drawn by what a target's populations did in the presentation so far."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.coding.steps import collect
from spaic_jax.coding.values import constants, names
from spaic_jax.program import Context, Fragment, Last, Op, Record, Site, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acting(abc.ABC):
    """A frozen dataclass of an action's settings that lowers to rows, which write `<name>.action`, int32 `[B]`.

    An action is of all steps of the presentation so far, and chosen anew in each: that of a presentation's last step is
    what a run gives, that of each step what `Simulator.step` emits. Each sample draws for itself, from the key of the run.
    """

    #: The variable looked at by default.
    reads: ClassVar[str] = "O"
    #: `prefer(*values, **settings)`: the logarithm of each action's probability, but for a constant, `[B, actions]`.
    prefer: ClassVar[Callable[..., jax.Array]]
    #: Settings that are constants of the program.
    values: ClassVar[tuple[str, ...]] = ()

    def settings(self) -> dict[str, Any]:
        """What `prefer` takes by name, beside the number of actions."""
        return {}

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """What `prefer` reads of the target, and the rows that write it: the spikes so far, `[B, *shape]`."""
        counts = f"{site.name}.counts"
        row = Op(counts, collect, (counts, site.source, "[position]"), settings={"every": None})
        return (f"{counts}[updated]",), Fragment((Variable(counts, site.takes, narrow=False),), (row,))

    def lower(self, site: Site, context: Context) -> Fragment:
        """The rows that choose one of `site.gives` actions by the variable `site.source`, and the record of the choice."""
        action = f"{site.name}.action"
        fixed = constants(site, [(key, getattr(self, key)) for key in self.values])
        seen, made = self.seen(site, context)
        settings = {"prefer": type(self).prefer, "actions": site.gives[0], "by": tuple(self.settings().items())}
        row = Op(action, choose, (*seen, *names(fixed)), random=True, settings=settings)
        record = Record(site.name, action, "output", Last())
        return made + Fragment((*fixed, Variable(action, (), "int32")), (row,), records=(record,))


def choose(
    key: jax.Array, *values: jax.Array, prefer: Callable[..., jax.Array], actions: int, by: tuple[tuple[str, Any], ...]
) -> jax.Array:
    """An action of each sample, int32 `[B]`."""
    return jax.random.categorical(key, prefer(*values, actions=actions, **dict(by)), axis=-1).astype(jnp.int32)


def populations(values: jax.Array, actions: int) -> jax.Array:
    """Values of neurons by the action that they stand for, `[B, actions, num / actions]`; float32 at least."""
    kind = values.dtype if jnp.issubdtype(values.dtype, jnp.floating) and jnp.finfo(values.dtype).bits >= 32 else "float32"
    return values.reshape(values.shape[0], actions, -1).astype(kind)


def any_of(best: jax.Array, compat: bool) -> jax.Array:
    """The preference for one of those that are best, `[B, actions]`: all alike, or the first one alone."""
    if compat:
        best = best & (jnp.cumsum(best, -1) == 1)
    return jnp.where(best, 0.0, -jnp.inf)
