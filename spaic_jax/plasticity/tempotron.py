"""The tempotron: learning to fire, or not, from one label for a presentation."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax
import jax.numpy as jnp

from spaic_jax.plasticity.base import Rule, choice, node, number, positive
from spaic_jax.plasticity.memory import Memory, Trace, Traced
from spaic_jax.plasticity.pathway import Batch, Meeting
from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tempotron(Rule):
    """A neuron that should have fired is strengthened, and one that should not have is weakened, where it came nearest to it.

    $$ \\Delta W_{ij} = \\pm \\eta \\sum_{t_j \\le t^\\ast} K(t^\\ast - t_j), \\qquad K(t) = K_0 (e^{-t / \\tau} - e^{-t / \\tau_s}) $$

    in the last step of a presentation, with `+` for a neuron with label 1 whose potential stayed below `threshold`, and `-` for
    one with label 0 whose potential reached it. `t*` is the first time of the highest potential, and a spike counts as
    reaching the threshold, also in models that reset the potential at once. `K_0` makes the peak of K 1. Each sample has a
    sum of its own, `[B, *weights]`.

    `compat=True` is SPAIC step by step: `K_0 = 1`, potentials only, presynaptic spikes are seen two steps late, time constants
    are in steps, and two faults of it: in a batch a sign that is 0 is that of the sample before, and where there are two
    samples or more, the sum of the second, without sign and learning rate, takes the place of the first one's change. SPAIC
    clips weights to [0, 2] if `required_grad=False`: here the connection has `w_min=0.0, w_max=2.0`.

    Args:
        lr: learning rate.
        threshold: of the potential `V`.
        tau, tau_s: time constants of the potential of a presynaptic spike, of its fall and its rise, ms.
        teacher: name of the node, such as an encoder, whose values are the labels, 0 or 1, one channel for each postsynaptic
            neuron; a channel that is above 0 in any step of the presentation is 1.
        compat: SPAIC's order, units and faults.
        batch: as of `Rule`; the mean by default, as in SPAIC.

    Raises:
        ValueError: a learning rate or time constant that is not positive, `tau_s` not below `tau`; at build, naming the
            connection, no teacher or one of another size, a group without a potential, a link whose neurons share weights; a
            step that is not told the length of the presentation.

    Source: Gütig and Sompolinsky, Nature Neuroscience 9 (2006); SPAIC, `tempotron`.

    >>> Tempotron(teacher="label").tau_s
    5.0
    """

    reads: ClassVar = ("V", "[position]", "[window]")
    lr: float = positive(0.01)
    threshold: float = number(10.0)
    tau: float = positive(20.0)
    tau_s: float = positive(5.0)
    teacher: str | None = node("O")
    compat: bool = False
    batch: Batch = choice("mean", "sum", "weighted")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.tau_s < self.tau:
            raise ValueError(f"Tempotron: tau_s must lie below tau {self.tau:g}, not be {self.tau_s:g}.")

    @property
    def late(self) -> int | None:
        return 2 if self.compat else None

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        unit = dt if self.compat else 1.0
        return {
            "falls": Trace("pre", self.tau * unit),
            "rises": Trace("pre", self.tau_s * unit),
            "highest": Memory("post"),
            "label": Memory("post"),
            "kernel": Memory("synapse"),
        }

    def change(
        self, at: Meeting, *, falls: Traced, rises: Traced, highest: jax.Array, label: jax.Array, kernel: jax.Array,
        V: jax.Array, teacher: jax.Array, position: jax.Array, window: jax.Array,
    ) -> Mapping[str, jax.Array]:
        first, last = position == 0, position + 1 >= window
        potential = V if self.compat else jnp.where(at.post > 0, jnp.maximum(V, self.threshold), V)
        higher = first | (potential > highest)
        highest = jnp.where(higher, potential, highest)
        label = jnp.where(first, teacher, jnp.maximum(label, teacher))
        now = at.each(jnp.ones_like(at.post), self._peak() * (falls.now - rises.now))
        kernel = jnp.where(at.gated(higher.astype(kernel.dtype), jnp.ones_like(kernel)) > 0, now, kernel)
        sign = (label > 0).astype(kernel.dtype) - (highest >= self.threshold).astype(kernel.dtype)
        if self.compat:
            sign = jax.lax.associative_scan(lambda before, here: jnp.where(here == 0, before, here), sign)
        changes = self.lr * at.gated(sign, kernel)
        if self.compat and len(changes) > 1:
            changes = changes.at[0].set(kernel[1])
        change = jnp.where(last, at.together(changes), jnp.zeros_like(at.weight))
        return {"weight": change, "highest": highest, "label": label, "kernel": kernel}

    def lower(self, site: Site, context: Context) -> Fragment:
        if not site.owner.link.delays_synapses:
            link, name = type(site.owner.link).__name__, context.name_of(site.owner)
            raise ValueError(f"connection '{name}': the rule Tempotron needs a weight for each synapse, which a {link} link has not.")
        return super().lower(site, context)

    def _peak(self) -> float:
        """What makes the peak of the kernel 1."""
        ratio = self.tau / self.tau_s
        return 1.0 if self.compat else ratio ** (ratio / (ratio - 1)) / (ratio - 1)
