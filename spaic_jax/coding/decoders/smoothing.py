"""Smoothing over time."""

import jax

from spaic_jax._shapes import Array, Float


def smooth(values: Float[Array, "time *shape"], kernel: Float[Array, "reach"]) -> Float[Array, "time *shape"]:
    r"""Correlation of each sample and neuron with a kernel over time, `[T, ...]`; zeros beyond both ends.

    $$ r(t) = \sum_k kernel(k) values(t + k - m) $$

    The kernel's middle `m`, the later one of two, lies on the step itself.
    """
    steps, size = values.shape[0], kernel.shape[0]
    before = size // 2
    flat = values.reshape(steps, -1).T[:, None]
    made = jax.lax.conv_general_dilated(flat, kernel[None, None], (1,), [(before, size - 1 - before)])
    return made[:, 0].T.reshape(values.shape)
