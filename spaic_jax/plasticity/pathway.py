"""Where the two ends of a connection meet: products of what they do, one number for each weight, whatever the link."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Literal, Self

import jax
import jax.numpy as jnp

from spaic_jax.program import Context, Op, Site
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import base_name

#: How the changes that the samples of a batch ask for are taken together.
Batch = Literal["sum", "mean", "weighted"]
Bounds = tuple[float | None, float | None]


@dataclasses.dataclass(frozen=True)
class Pathway:
    """How a link turns what arrives into currents, as a function of its weights, without bias and delays.

    A current is linear in the weights, so that its derivative says which two neurons each weight joins: the product of
    `post` and `pre` at the synapses is the gradient of `post . current(weight, pre)`. So a rule needs to know nothing of
    links: a matrix gives `post^T pre`, a list of pairs the product of each, a convolution the sum over all places that
    share a weight.

    Attributes:
        ops: the rows of the link.
        weight, current: the names of the weights and of what it writes.
        others: names of what else it reads, such as a mask.
        takes, gives, weights: shapes of one sample of what arrives and of the current, and of the weights.
    """

    ops: tuple[Op, ...]
    weight: str
    current: str
    others: tuple[str, ...]
    takes: tuple[int, ...]
    gives: tuple[int, ...]
    weights: tuple[int, ...]

    @classmethod
    def of(cls, site: Site, context: Context) -> Self:
        """The pathway of a connection; `site` is where its link or a rule stands.

        Raises:
            ValueError: a link without weights, or what is no product of weights and spikes.
        """
        link, name = site.owner.chain.link, context.name_of(site.owner)
        # The link alone: no delay of its synapses, no bias.
        alone = link.settled(site, context)
        alone = dataclasses.replace(alone, bias=None) if getattr(link, "bias", None) is not None else alone
        plain = SimpleNamespace(delay=None, role_of=lambda variable: "constant")
        made = alone.lower(dataclasses.replace(site, name=name, source="[pre]", target="[current]", owner=plain), context)
        weight = next((v for v in made.variables if v.name == f"{name}.weight"), None)
        if weight is None or any(op.random for op in made.ops):
            raise ValueError(f"connection '{name}': a {type(link).__name__} link has no weights that a rule could change.")
        if any(v.role == "state" for v in made.variables):
            raise ValueError(f"connection '{name}': a {type(link).__name__} link has states, which no product of weights and spikes has.")
        written = {name for op in made.ops for name in op.outputs}
        reads = dict.fromkeys(base_name(read) for op in made.ops for read in op.inputs)
        others = tuple(read for read in reads if read not in {*written, weight.name, "[pre]"})
        return cls(made.ops, weight.name, "[current]", others, site.takes, site.gives, weight.shape)

    def __call__(self, weight: jax.Array, pre: jax.Array, others: Mapping[str, jax.Array]) -> jax.Array:
        """The current `[B, *gives]` of what arrives, `[B, *takes]`."""
        env = {**others, self.weight: weight, "[pre]": pre}
        for op in self.ops:
            values = call(op, [env[base_name(read)] for read in op.inputs])
            env |= dict(zip(op.outputs, values, strict=True))
        return env[self.current]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Synapses:
    """The synapses of a connection.

    Attributes:
        weight: the weights before the step.
        bounds: lowest and highest value of the weights.
        dt: length of a step, ms.
        pathway, others: how they are joined, and the values that this needs.
    """

    weight: jax.Array
    bounds: Bounds
    dt: float
    pathway: Pathway
    others: Mapping[str, jax.Array]

    def incoming(self, weight: jax.Array) -> jax.Array:
        """The sum of a value of each synapse over those of a postsynaptic neuron, `[*gives]`."""
        return self.pathway(weight, self._ones(self.pathway.takes), self.others)[0]

    def spread(self, post: jax.Array) -> jax.Array:
        """A value of each postsynaptic neuron, `[*gives]`, at each of its synapses; the mean where neurons share one."""
        ones = self._ones(self.pathway.takes)
        total = self._at_once(post[None].astype(ones.dtype), ones)
        joined = self._at_once(self._ones(self.pathway.gives), ones)
        return total / jnp.maximum(joined, 1)

    def _ones(self, shape: tuple[int, ...]) -> jax.Array:
        return jnp.ones((1, *shape), self.weight.dtype)

    def _at_once(self, post: jax.Array, pre: jax.Array) -> jax.Array:
        current, pull = jax.vjp(lambda weight: self.pathway(weight, pre, self.others), self.weight)
        return pull(post.reshape(current.shape).astype(current.dtype))[0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Meeting(Synapses):
    """The synapses of a connection in one step, with what happens at their two ends.

    Attributes:
        pre: what arrives at the synapses, `[B, *takes]`: spikes, after all delays. Where each synapse has a delay,
            `[B, D, *takes]`, what was sent 0 ... D - 1 steps ago; a rule need not care.
        post: spikes of the postsynaptic neurons, `[B, *gives]`.
        batch: how samples are taken together.
        sample_weight: the weight of each sample, `[B]`, where they have one.
        shares: which part of what was sent how many steps ago arrives now, `[D, *weights]`, where synapses have delays.
        key: random key of the step, for rules that are `random`.
    """

    pre: jax.Array
    post: jax.Array
    batch: Batch
    sample_weight: jax.Array | None = None
    shares: jax.Array | None = None
    key: jax.Array | None = None

    def outer(self, post: jax.Array, pre: jax.Array) -> jax.Array:
        """The product of a value of each postsynaptic and of each presynaptic neuron at every synapse.

        For a matrix `sum_b post[b, i] pre[b, j]`. What is masked has 0.

        Args:
            post: `[B, *gives]`.
            pre: of the shape of `self.pre`.

        Returns:
            An array of the shape of the weights: the sum or mean over the batch, or with the weights of the samples.
        """
        total = self._met(self._weighed(post), pre)
        return total / post.shape[0] if self.batch == "mean" else total

    def each(self, post: jax.Array, pre: jax.Array) -> jax.Array:
        """The same for each sample, `[B, *shape of the weights]`."""
        return jax.vmap(lambda post, pre: self._met(post[None], pre[None]))(post, pre)

    def hertz(self, spikes: jax.Array) -> jax.Array:
        """Spikes in a step, or their mean, as a rate in Hz."""
        return spikes * (1000 / self.dt)

    def gated(self, post: jax.Array, value: jax.Array) -> jax.Array:
        """A value of each synapse times one of its postsynaptic neuron, such as an eligibility times a reward.

        Args:
            post: `[B, *gives]`, or with all axes but the batch of length 1: one number for each sample.
            value: `[B, *shape of the weights]`, as the result.
        """
        if post.size == post.shape[0]:
            return post.reshape(-1, *(1,) * (value.ndim - 1)) * value
        return jax.vmap(self.spread)(post) * value

    def together(self, change: jax.Array) -> jax.Array:
        """What each sample asks for, `[B, ...]`, as one: the sum, the mean, or the sum with the samples' weights."""
        change = self._weighed(change)
        return change.mean(0) if self.batch == "mean" else change.sum(0)

    def _weighed(self, value: jax.Array) -> jax.Array:
        if self.sample_weight is None:
            return value
        return value * self.sample_weight.reshape(-1, *(1,) * (value.ndim - 1))

    def _met(self, post: jax.Array, pre: jax.Array) -> jax.Array:
        if self.shares is None:
            return self._at_once(post, pre)
        parts = (self.shares[d].astype(pre.dtype) * self._at_once(post, pre[:, d]) for d in range(self.shares.shape[0]))
        return sum(parts, jnp.zeros_like(self.weight))
