"""The product or convolution of a layer, which rows leave to the plan."""

import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

#: From `(..., pre)` and a weight `(post, pre)` to `(..., post)`.
Times = Callable[[jax.Array, jax.Array], jax.Array]
#: From `(..., pre)`, the weights of synapses and where these lie to `(..., post)`: see `spaic_jax.native.delivery.deliver`. A function
#: with the setting `deliver` takes these four first, and gives what `deliver` makes of them in samples of the setting `shape`; perhaps
#: a bias comes fifth and is added. So a plan may deliver for several rows at once.
Deliver = Callable[..., jax.Array]
#: From maps `(..., C, H, W)` and a kernel `(out, C / groups, kh, kw)` to maps, with the settings of `convolve`.
Convolve = Callable[..., jax.Array]


def times(spikes: jax.Array, weight: jax.Array) -> jax.Array:
    """`spikes @ weight.T`: the default of the setting `times` of a row's function.

    A function with that setting multiplies its first input by a weight matrix with it, and by nothing else; a plan may then put
    another way to compute the same in its place.
    """
    return jnp.tensordot(spikes, weight, axes=((-1,), (-1,)))


def convolve(
    maps: jax.Array,
    kernel: jax.Array,
    *,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
    stretch: Sequence[int] | None = None,
) -> jax.Array:
    """The correlation of maps, or lines, with a kernel: the default of the setting `convolve`, of which the same holds.

    `stretch` is the distance between the numbers of the maps; zeros lie between them. No other way has to know it.
    """
    axes = "HW"[: kernel.ndim - 2]
    batch = maps.shape[: 1 - kernel.ndim]
    made = jax.lax.conv_general_dilated(
        jnp.reshape(maps, (math.prod(batch), *maps.shape[1 - kernel.ndim :])),
        kernel,
        stride,
        [(p, p) for p in padding],
        lhs_dilation=stretch,
        rhs_dilation=dilation,
        dimension_numbers=(f"NC{axes}", f"OI{axes}", f"NC{axes}"),
        feature_group_count=groups,
    )
    return jnp.reshape(made, (*batch, *made.shape[1:]))
