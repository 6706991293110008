"""A reward for each class, by the share that it has of the spikes."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real
from spaic_jax.coding.rewards.base import Rewarding, ends, labels
from spaic_jax.coding.values import constants, keep, names
from spaic_jax.program import Context, Fragment, Op, Site, Variable


def remember(
    kept: jax.Array, spikes: jax.Array, beta: jax.Array, position: jax.Array, window: jax.Array | None = None, *, every: int | None
) -> jax.Array:
    """The mean spikes of a window, and what is left of those before it in the presentation."""
    length = jnp.int32(every) if window is None else window
    kept = jnp.where(position == 0, jnp.zeros_like(kept), kept)
    new = beta * kept + spikes.astype(kept.dtype) / length.astype(kept.dtype)
    return jnp.where(ends(position, window, every), new, kept)


def judge(kept: jax.Array, label: jax.Array, *, compat: bool) -> jax.Array:
    """What is missing to a certain answer that is right, `[B, num]`."""
    kept = kept.reshape(kept.shape[0], -1)
    axes = None if compat else -1
    mean, spread = kept.mean(axes, keepdims=True), kept.std(axes, ddof=1, keepdims=True)
    certain = jax.nn.softmax((kept - jax.lax.stop_gradient(mean)) / (jax.lax.stop_gradient(spread) + 0.1), axis=-1)
    return jax.nn.one_hot(label, kept.shape[1], dtype=kept.dtype) - certain


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassifyReward(Rewarding):
    """One value a neuron, `[B, num]`: `1 - p` for that of the label, `-p` for the others.

    $$o ← β o + \\bar{s}, \\quad p = softmax((o - mean(o)) / (std(o) + 0.1))$$

    with the mean spikes of a window `s`, and `o = 0` at the beginning of a presentation. The input is the label, `[B]` held or
    `[T, B]`; a class is a neuron.

    Args:
        beta: what is left of the memory `o` in the next window.
        compat: SPAIC's mean and deviation, which are taken over the whole batch, not for each sample.
        dec_sample_step: see `Rewarding`.

    Raises:
        ValueError: settings that do not fit, a target of one neuron; at a run, labels out of range.

    Source: SPAIC, `classify_reward`.

    >>> ClassifyReward().beta
    0.99
    """

    judge: ClassVar = staticmethod(judge)
    beta: float = 0.99
    compat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        keep(self, beta=real(self.beta, "ClassifyReward: beta", least=0, most=1))

    def size(self, num: int, target: bool) -> int:
        return num

    def given(self, name: str, num: int, target: bool) -> Variable:
        return labels(name, num)

    def check(self, num: int) -> None:
        if num < 2:
            raise ValueError("classify_reward needs a target of at least two neurons, but it has one.")

    def settings(self) -> dict[str, Any]:
        return {"compat": self.compat}

    def seen(self, site: Site, context: Context) -> tuple[tuple[str, ...], Fragment]:
        """The memory, and the rows that keep it."""
        (spikes,), made = super().seen(site, context)
        kept, beta = f"{site.name}.kept", constants(site, [("beta", self.beta)])
        reads = (kept, spikes, *names(beta), *self.clock)
        row = Op(kept, remember, reads, settings={"every": self.every})
        return (f"{kept}[updated]",), made + Fragment((Variable(kept, site.takes, narrow=False), *beta), (row,))
