"""What a learning rule is, and how what rules say reaches the weights."""

import abc

import jax
import jax.numpy as jnp

from spaic_jax.program import Context, Fragment, Op, Site

Bounds = tuple[float | None, float | None]


class Rule(abc.ABC):
    """A local learning rule: a hashable value of settings that lowers to rows, as every part of a network does.

    Several rules of a connection, and those of connections that share its weights, add up; the connection brings the sum
    within the bounds of the weights and writes them, once a step. It does so in runs that learn (`Simulator.train`);
    otherwise the weights stay as they are.
    """

    @abc.abstractmethod
    def lower(self, site: Site, context: Context) -> Fragment:
        """The rule's states, and rows with `when="learning"` that write the change of the weights in a step.

        Args:
            site: `source` is the read of the presynaptic spikes, after a delay that all synapses share, `[B, *takes]`;
                `target` the name of the
                change, of the shape of the weights, which are `target` without its last part; `gives` the shape of the
                postsynaptic group, `owner` the connection.
            context: `context.read(site.owner.post, "O")` is the read of the postsynaptic spikes of this step.
        """


def applied(weights: str, bounds: Bounds) -> Fragment:
    """The row that adds to weights what rules have written, and keeps them within bounds."""
    change = f"{weights}.change"
    return Fragment(ops=(Op(weights, _apply, (weights, change), when="learning", settings={"bounds": bounds}),))


def _apply(weights: jax.Array, change: jax.Array, bounds: Bounds) -> jax.Array:
    new = weights + change
    return new if bounds == (None, None) else jnp.clip(new, *bounds)
