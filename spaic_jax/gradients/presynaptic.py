"""Traces of presynaptic neurons, which all of their synapses share."""

import abc
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax.gradients.neurons import Jacobian, Neurons, widened
from spaic_jax.gradients.traces import Signals, Traces
from spaic_jax.program import Program
from spaic_jax.program.evaluate import call


class Filtered(NamedTuple):
    """Presynaptic values `[B, *pre]`, filtered over time, and what the filter makes of the constant 1, the input of a bias."""

    values: jax.Array
    one: jax.Array


@dataclasses.dataclass(frozen=True)
class Presynaptic(Traces):
    """Filtered presynaptic values, where all synapses of a product are filtered alike.

    $$ \\Delta W = \\sum_t \\delta_t\\, \\frac{\\partial}{\\partial W} f(\\hat s_t, W) $$

    for a product `f` that is linear in the presynaptic values, a convolution included, and several pairs of a filter and
    its signal. A step costs one product for each pair.
    """

    @property
    @abc.abstractmethod
    def filters(self) -> Sequence[str]:
        """Names of the filters."""

    @abc.abstractmethod
    def pairs(
        self, old: Mapping[str, Filtered], now: Filtered, jacobian: Jacobian, signals: Mapping[str, jax.Array]
    ) -> tuple[dict[str, Filtered], list[tuple[Filtered, jax.Array]]]:
        """What is filtered after a step, and pairs of filtered values and the derivative of the loss by them, `[B, n]`.

        Args:
            old: what was filtered before.
            now: this step's values.
            jacobian: of the postsynaptic neurons.
            signals: the derivatives of the loss by what they give.
        """

    def start(self, program: Program, batch_size: int) -> dict[str, Filtered]:
        shape = program.struct(self.product.op.inputs[0], batch_size).shape
        dtype = wide(program.struct(self.product.current, batch_size).dtype)
        return {name: Filtered(jnp.zeros(shape, dtype), jnp.zeros((), dtype)) for name in self.filters}

    def step(
        self, traces: Any, env: Mapping[str, Any], jacobians: Mapping[Neurons, Jacobian], signals: Signals
    ) -> tuple[Any, dict[str, jax.Array]]:
        product = self.product
        dtype = wide(env[product.current].dtype)
        now = Filtered(env[product.op.inputs[0]].astype(dtype), jnp.ones((), dtype))
        traces, pairs = self.pairs(traces, now, jacobians[product.neurons], signals.get("", {}))
        shape, slopes = env[product.current].shape, dict[str, jax.Array]()
        if pairs and product.weights:
            values = jnp.concatenate([filtered.values for filtered, _ in pairs])
            slope = jnp.concatenate([slope.reshape(shape) for _, slope in pairs])
            slopes |= self._pulled(product.weights, env, values, slope)
        if pairs and product.bias is not None:
            total: Any = sum(filtered.one * slope for filtered, slope in pairs)
            slopes |= self._pulled((product.bias,), env, now.values, total.reshape(shape))
        return traces, slopes

    def _pulled(self, names: Iterable[str], env: Mapping[str, Any], values: jax.Array, slope: jax.Array) -> dict[str, jax.Array]:
        """The derivative by some inputs of the product, at given presynaptic values."""
        op = self.product.op
        given = {read: widened(env[read]) for read in op.inputs[1:]}

        def current(trained: dict[str, jax.Array]) -> jax.Array:
            both = {**given, **trained}
            out: jax.Array = call(op, [values, *(both[read] for read in op.inputs[1:])])[0]
            return out

        (slopes,) = jax.vjp(current, {name: given[name] for name in names})[1](slope)
        return dict(slopes)


def mixed(factors: Iterable[tuple[jax.Array, Filtered]]) -> Filtered:
    """A sum of filtered values with factors, each one number."""
    terms = [Filtered(factor.reshape(()) * x.values, factor.reshape(()) * x.one) for factor, x in factors]
    return Filtered(sum(x.values for x in terms), sum(x.one for x in terms))  # type: ignore[arg-type]
