"""A trace of each synapse: the eligibility vector of e-prop."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax.gradients.neurons import Jacobian, Neurons
from spaic_jax.gradients.traces import Signals, Traces
from spaic_jax.program import Program
from spaic_jax.synapses.storage.dense import affine
from spaic_jax.synapses.storage.diagonal import scaled

#: Products whose synapses each have a place of their own, `(post, pre)` or `(post,)`.
PLACED = (affine, scaled)

Parts = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Synaptic(Traces):
    """Eligibility vectors of the synapses of a product, and eligibility traces that follow from them.

    $$ \\epsilon^t_{ji} = \\frac{\\partial h^t_j}{\\partial h^{t-1}_j} \\epsilon^{t-1}_{ji} +
       \\frac{\\partial h^t_j}{\\partial I^t_j} s^t_i, \\qquad
       e^t_{ji} = \\frac{\\partial z^t_j}{\\partial h^{t-1}_j} \\epsilon^{t-1}_{ji} +
       \\frac{\\partial z^t_j}{\\partial I^t_j} s^t_i $$

    An axis is there only where something depends on it: a state that is the same filter for all neurons has a trace
    `[1, B, pre]`, any other one `[post, B, pre]`. The batch lies in the middle, so that its sum is one product a neuron.

    Attributes:
        part: the trained input of the product that they belong to.
        outputs: what the neurons give that learning signals come to; the group that filters what it takes of it, or `None`; and
            the read of what that group gives.
    """

    part: str
    outputs: tuple[tuple[str, Neurons | None, str], ...]

    def start(self, program: Program, batch_size: int) -> dict[str, Any]:
        shapes = self._shapes(program, batch_size)
        post, width = shapes.pop("")
        whole = (post, batch_size, width)
        dtype = wide(program.struct(self.product.current, batch_size).dtype)
        through = {
            f"{read} {output}": {state: jnp.zeros(whole, dtype) for state in group.states}
            for read, group, output in self.outputs
            if group is not None
        }
        vectors = {state: jnp.zeros((n, batch_size, m), dtype) for state, (n, m) in shapes.items()}
        return {"vectors": vectors, "through": through}

    def step(
        self, traces: Any, env: Mapping[str, Any], jacobians: Mapping[Neurons, Jacobian], signals: Signals
    ) -> tuple[Any, dict[str, jax.Array]]:
        neurons, source = self.product.neurons, self._source(env)
        jacobian, old = jacobians[neurons], traces["vectors"]
        shape = env[neurons.gives[0]].shape[1:]
        whole = (math.prod(shape), env[neurons.gives[0]].shape[0], 1 if self.product.op.fn is scaled else source.shape[2])
        vectors = {
            state: jnp.broadcast_to(_moved(read, jacobian, old, self.product.current, source), old[state].shape)
            for state, read in zip(neurons.states, neurons.updated, strict=True)
            if state in old
        }
        through, total = {}, jnp.zeros((), source.dtype)
        for read, group, output in self.outputs:
            trace = jnp.broadcast_to(_moved(read, jacobian, old, self.product.current, source), whole)
            if group is not None:
                name, own = f"{read} {output}", jacobians[group]
                before = traces["through"][name]
                through[name] = {
                    state: _moved(moved, own, before, group.currents[0], trace)
                    for state, moved in zip(group.states, group.updated, strict=True)
                }
                trace = _moved(output, own, before, group.currents[0], trace)
            signal = signals.get("" if group is None else output, {}).get(read)
            if signal is not None:
                total = total + jnp.einsum("bj,jbi->ji", signal, trace)
        slope = jnp.broadcast_to(total, (whole[0], whole[2]))
        if self.product.is_parameter:
            slope = _spread_back(slope.reshape(shape), env[self.part].shape)
        return {"vectors": vectors, "through": through}, {self.part: slope.reshape(env[self.part].shape)}

    def _source(self, env: Mapping[str, Any]) -> jax.Array:
        """The derivative of the current by the weight of each synapse, `[post or 1, B, pre or 1]`."""
        dtype = wide(env[self.product.current].dtype)
        if self.part == self.product.bias:
            return jnp.ones((1, env[self.product.neurons.gives[0]].shape[0], 1), dtype)
        x = env[self.product.op.inputs[0]].astype(dtype)
        flat = x.reshape(x.shape[0], -1)
        return flat.T[:, :, None] if self.product.op.fn is scaled else flat[None]

    def _shapes(self, program: Program, batch_size: int) -> dict[str, tuple[int, int]]:
        """The axes `(post or 1, pre or 1)` of the vectors of the states that the synapses move; `""` for those of a trace."""
        product, neurons = self.product, self.product.neurons
        post = math.prod(program.struct(neurons.gives[0], batch_size).shape[1:])
        pre = math.prod(program.struct(product.op.inputs[0], batch_size).shape[1:])
        spread, placed = self.part != product.bias, product.op.fn is scaled
        known = {product.current: (post if spread and placed else 1, pre if spread and not placed else 1)}
        while True:
            new = dict(known)
            for state, read in zip(neurons.states, neurons.updated, strict=True):
                for cause, shape in known.items():
                    if (read, cause) in neurons.entries:
                        own = 1 if (read, cause) in neurons.uniform else post
                        new[state] = (max(new.get(state, (1, 1))[0], shape[0], own), shape[1])
            if new == known:
                break
            known = new
        _, width = known.pop(product.current)
        return {**known, "": (post, width)}


def _moved(read: str, jacobian: Jacobian, states: Parts, current: str, source: jax.Array) -> jax.Array:
    """How far what neurons give is moved: by their states, and by what comes in."""
    causes = {**states, current: source}
    terms = [jacobian[read, cause] * value for cause, value in causes.items() if (read, cause) in jacobian]
    return functools.reduce(jnp.add, terms, jnp.zeros((1, 1, 1), source.dtype))


def _spread_back(slope: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The derivative by a parameter that neurons share along axes of length 1, or all of them."""
    shared = tuple(axis for axis in range(slope.ndim) if not shape or shape[axis] == 1)
    return slope.sum(shared, keepdims=bool(shape))
