"""To how many synapses each presynaptic value goes, exactly: at the edge of a map to fewer than in its middle."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.program import Program
from spaic_jax.program.evaluate import call, evaluate
from spaic_jax.run.cost.products import Product, unvarying
from spaic_jax.run.variables import Variables

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator


def fan_outs(sim: "Simulator", products: tuple[Product, ...], variables: Variables) -> list[np.ndarray]:
    """The synapses of each presynaptic neuron of some products, `[*takes]` each, int64.

    A row is linear in what arrives. So where all weights are 1, and 0 only where there is no synapse, the gradient of the sum of
    all that it sends is their number. A weight that happens to be 0 is a synapse, and one that a mask leaves out is none.
    """
    program = sim.program.in_mode(False).skeleton
    counts = _counted(program, products, variables.astype(program).values)
    return [np.rint(count).astype(np.int64) for count in jax.device_get(counts)]


@functools.partial(jax.jit, static_argnames=("program", "products"))
def _counted(program: Program, products: tuple[Product, ...], values: dict[str, jax.Array]) -> list[jax.Array]:
    own = {_origin(program, product.weight) for product in products if product.weight is not None}
    ones = {name: jnp.ones_like(x) if name in own else x for name, x in values.items()}
    known = evaluate(program, unvarying(program), {**ones, "[dt]": jnp.asarray(program.dt, program.float_dtype)})
    return [_fan_out(program, product, known) for product in products]


def _origin(program: Program, read: str) -> str:
    """The variable behind the weights of a row: what is made of weights is made of the first thing that a row reads."""
    writers = {name: op for op in program.rows for name in op.outputs}
    while read not in program.by_name:
        read = writers[read].inputs[0]
    return read


def _fan_out(program: Program, product: Product, known: Mapping[str, jax.Array]) -> jax.Array:
    op, source = product.op, product.source
    assert source is not None
    env = {}
    for read in op.inputs:
        struct = program.struct(read, 1)
        kind = jnp.float32 if jnp.issubdtype(struct.dtype, jnp.floating) else struct.dtype
        # What is no weight and no place of one, such as states, adds nothing to a derivative.
        env[read] = known[read].astype(kind) if read in known and not _is_state(program, read) else jnp.zeros(struct.shape, kind)
    if product.weight is not None:
        env[product.weight] = (env[product.weight] != 0).astype(jnp.float32)

    def sent(x: jax.Array) -> jax.Array:
        return call(op, [x if read == source else env[read] for read in op.inputs])[-1]

    zeros = jnp.zeros(program.struct(source, 1).shape, jnp.float32)
    made, pull = jax.vjp(sent, zeros)
    count = pull(jnp.ones_like(made))[0][0]
    if product.weight is None:
        # All weights are equal, so that each is what one value alone sends.
        alone = jnp.zeros(count.size).at[count.argmax()].set(1.0).reshape(zeros.shape)
        count = count / sent(alone).max()
    return count


def _is_state(program: Program, read: str) -> bool:
    return read in program.by_name and program.by_name[read].role == "state"
