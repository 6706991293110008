"""Classes for neurons that learned without labels: afterwards, from their responses to labelled samples."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Float, Int, Integer, Shaped
from spaic_jax.train.labels import as_float, label_vector


def assign_labels(
    counts: Shaped[ArrayLike, "samples neurons"], labels: Integer[ArrayLike, "samples"], classes: int
) -> Int[Array, "neurons"]:
    """The class that each neuron responds to most, int32 `[n]`.

    The response to a class is the mean count of spikes over its samples, so that a class with many samples has no
    advantage. Of equal responses the lowest class wins; a neuron that never spiked has no class, -1.

    Args:
        counts: spikes of each neuron in each sample, `[N, n]`.
        labels: class indices, `[N]`; a sample whose label is no class is left out.
        classes: number of classes.

    Raises:
        ValueError: shapes or labels that do not fit.

    Source: Diehl and Cook, Unsupervised learning of digit recognition (2015).

    >>> assign_labels(jnp.array([[3, 0, 0], [2, 0, 4], [2, 0, 4]]), jnp.array([0, 1, 1]), 2).tolist()
    [0, -1, 1]
    """
    means = _responses("assign_labels", counts, labels, classes)
    return jnp.where((means > 0).any(1), jnp.argmax(means, 1).astype(jnp.int32), -1)


def class_shares(
    counts: Shaped[ArrayLike, "samples neurons"], labels: Integer[ArrayLike, "samples"], classes: int
) -> Float[Array, "neurons classes"]:
    """The share of each class in the responses of each neuron, float32 `[n, classes]`.

    Responses are means as of `assign_labels`; the shares of a neuron sum to 1, or are all 0 if it never spiked.

    Args:
        counts: spikes of each neuron in each sample, `[N, n]`.
        labels: class indices, `[N]`; a sample whose label is no class is left out.
        classes: number of classes.

    Raises:
        ValueError: shapes or labels that do not fit.

    Source: Hazan et al., BindsNET (2018), `assign_labels`.

    >>> class_shares(jnp.array([[3, 0], [1, 0], [1, 0]]), jnp.array([0, 1, 1]), 2).tolist()
    [[0.75, 0.25], [0.0, 0.0]]
    """
    means = _responses("class_shares", counts, labels, classes)
    total = means.sum(1, keepdims=True)
    return means / jnp.where(total > 0, total, 1)


def _responses(
    name: str, counts: Shaped[ArrayLike, "samples neurons"], labels: Integer[ArrayLike, "samples"], classes: int
) -> Float[Array, "neurons classes"]:
    """The mean count of each neuron over the samples of each class, `[n, classes]`."""
    size = whole(classes, f"{name}: classes")
    responses = as_float(name, "counts", counts)
    if responses.ndim != 2:
        raise ValueError(f"{name} got counts of shape {list(responses.shape)}, but needs [N, n].")
    index = label_vector(name, labels, responses.shape[0])
    member = (index[:, None] == jnp.arange(size, dtype=jnp.int32)[None]).astype(jnp.float32)
    sums = jnp.matmul(responses.T, member, precision="highest")
    return sums / jnp.maximum(member.sum(0, keepdims=True), 1)
