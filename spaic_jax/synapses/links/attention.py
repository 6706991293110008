"""Attention of postsynaptic neurons to presynaptic ones."""

import dataclasses
import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from spaic_jax._numbers import real, whole
from spaic_jax.program import Context, Fragment, Normal, Op, Site, Variable
from spaic_jax.program.op import UPDATED
from spaic_jax.synapses.base import numbers
from spaic_jax.synapses.links.weighted import Weighted
from spaic_jax.synapses.traces import trace


def attend(
    spikes: jax.Array,
    kept: jax.Array,
    asked: jax.Array,
    values: jax.Array,
    keys: jax.Array,
    queries: jax.Array,
    bias: jax.Array | None = None,
    *,
    shape: tuple[int, ...],
) -> jax.Array:
    """What each postsynaptic neuron gets; `shape` is that of a sample of it."""
    batch, pre = kept.shape
    groups, _, d_k = keys.shape
    query = jnp.einsum("bj,gjx->bgx", asked, queries).reshape(batch, groups, -1, d_k)
    # A key is the trace times its row, so that the trace can wait until after the product.
    match = jnp.einsum("bgid,gjd->bgij", query, keys) * kept[:, None, None] / math.sqrt(d_k)
    attention = jax.nn.softmax(match, axis=-1).reshape(batch, -1, pre)
    current = jnp.einsum("bij,bj,ji->bi", attention, spikes.reshape(batch, pre), values)
    return (current if bias is None else current + bias[None]).reshape(batch, *shape)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Attention(Weighted):
    """Each postsynaptic neuron weighs the spikes by how well its query matches the keys of the presynaptic neurons.

    $$ m_j^t = e^{-\\Delta t / \\tau_m} m_j^{t-1} + s_j^t, \\qquad r_j^t = e^{-\\Delta t / \\tau_r} r_j^{t-1} + s_j^t $$
    $$ K_j = m_j W_k^{gj}, \\quad Q_i = \\sum_j r_j W_q^{gji}, \\quad A_{ij} = \\mathrm{softmax}_j \\left(
    \\frac{Q_i \\cdot K_j}{\\sqrt{d_k}} \\right), \\quad I_i = \\sum_j A_{ij} W_v^{ji} s_j (+ b_i) $$

    The postsynaptic neurons are taken in `group_num` groups (heads) of equal size, one after the other; g is that of
    neuron i. Keys and queries are vectors of length `d_k`.

    Args:
        group_num: number of groups; it divides the number of postsynaptic neurons.
        d_k: length of keys and queries.
        tau_m: time constant of the trace that makes the keys, ms.
        tau_r: time constant of the trace that makes the queries, ms.
        W_v: `(pre, post)` array, an initial value, or `None` for N(w_mean, w_std).
        W_k: `(group_num, pre, d_k)` array, an initial value, or `None` for a normal distribution of variance
            2 / (pre + d_k).
        W_q: `(group_num, pre, d_k * post / group_num)` array, an initial value, or `None` for a normal distribution of
            variance 2 / (pre + d_k * post / group_num). For each neuron of the group there are `d_k` columns.
        w_mean, w_std: mean and standard deviation of `W_v` when it is `None`.
        w_min, w_max: bounds of all three.
        bias: one number a postsynaptic neuron, an initial value, or `None` for no bias.

    Raises:
        ValueError: a group_num that does not divide the neurons, a `weight` (there are three), or a shape that does not
            fit.

    Source: the shapes and names are those of SPAIC's `complex_attention`, whose currents are complex numbers and whose
    softmax runs over the postsynaptic neurons. Here the two time constants, there a decay and a rotation, are two traces,
    and the softmax runs over the keys, as in Vaswani et al., "Attention is all you need", 2017.

    >>> Attention(group_num=2, d_k=4).d_k
    4
    """

    weights: ClassVar[tuple[str, ...]] = ("W_v", "W_k", "W_q")
    w_mean: float = 0.05
    w_std: float = 0.5
    group_num: int = 1
    d_k: int = 3
    tau_m: float = 10.0
    tau_r: float = 5.0
    W_v: Any = None
    W_k: Any = None
    W_q: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight is not None:
            raise ValueError("Attention has the weights W_v, W_k and W_q, and none that is called weight.")
        for name in ("group_num", "d_k"):
            object.__setattr__(self, name, whole(getattr(self, name), f"Attention: {name}"))
        for name in ("tau_m", "tau_r"):
            object.__setattr__(self, name, real(getattr(self, name), f"Attention: {name}", above=0))

    def carry(self, site: Site, context: Context) -> Fragment:
        post, pre = math.prod(site.gives), math.prod(site.takes)
        if post % self.group_num:
            raise ValueError(f"connection '{site.name}': group_num must divide its {post} neurons, got {self.group_num}.")
        width = self.d_k * post // self.group_num
        shapes = {"W_v": (pre, post), "W_k": (self.group_num, pre, self.d_k), "W_q": (self.group_num, pre, width)}
        weights = []
        for name, shape in shapes.items():
            drawn = self.drawn() if name == "W_v" else Normal(0.0, math.sqrt(2 / (shape[1] + shape[2])))
            given = getattr(self, name)
            axes = "pre, post" if name == "W_v" else "groups, pre, d_k" if name == "W_k" else "groups, pre, d_k * post / groups"
            weights.append(self.variable(site, name, shape, axes, drawn if given is None else given))
        weights += self.biases(site, post)
        taus = numbers(site, self, "tau_m", "tau_r")
        kept, asked = (Variable(f"{site.name}.{name}", (pre,)) for name in ("kept", "asked"))
        inputs = (site.source, kept.name + UPDATED, asked.name + UPDATED, *(variable.name for variable in weights))
        return (
            Fragment((*weights, *taus, kept, asked))
            + trace(kept.name, taus[0].name, site.source)
            + trace(asked.name, taus[1].name, site.source)
            + Fragment(ops=(Op(site.target, attend, inputs, name=site.name, settings={"shape": site.gives}),))
        )
