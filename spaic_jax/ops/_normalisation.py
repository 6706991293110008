"""Batch normalisation and dropout, without hidden state: what they keep or draw is given and returned."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax._shapes import Array, Shaped
from spaic_jax.ops._check import array, cast, fraction, inexact, integer, number, real


def batchnorm2d(
    x: Shaped[ArrayLike, "*batch channels height width"], num_features: int,
    running_mean: Shaped[ArrayLike, "channels"] | None = None,
    running_var: Shaped[ArrayLike, "channels"] | None = None, weight: Shaped[ArrayLike, "channels"] | None = None,
    bias: Shaped[ArrayLike, "channels"] | None = None, *, train: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> jax.Array | tuple[jax.Array, jax.Array, jax.Array]:
    """`weight * (x - mean) / sqrt(var + eps) + bias`, for each channel.

    In training, mean and (biased) variance are those of `x` over all axes but the channels'; in evaluation,
    they are the running ones. Running statistics move by `momentum` towards those of `x`, with the unbiased
    variance.

    Args:
        x: `(..., C, H, W)`.
        num_features: `C`.
        running_mean: `(C,)`, as are the next three; given together with `running_var`.
        running_var: see above.
        weight: scale; 1 if not given.
        bias: offset; 0 if not given.
        train: whether `x` gives the statistics.
        momentum: between 0 and 1.
        eps: added to the variance.

    Returns:
        The normalised maps; with running statistics, `(maps, running_mean, running_var)`, those as they are
        afterwards.

    Raises:
        ValueError: shapes that do not match; one value a channel in training; no running statistics in
            evaluation.
        TypeError: dtypes that are not real floats.

    Source: SPAIC, which has neither running statistics nor scale and offset, and normalises by the batch in
    evaluation too.

    >>> batchnorm2d(jnp.array([[[[1.0, 3.0]]]]), 1).round(3).tolist()
    [[[[-1.0, 1.0]]]]
    >>> maps, mean, var = batchnorm2d(jnp.ones((2, 1, 1, 2)), 1, jnp.zeros(1), jnp.ones(1))
    >>> round(float(mean[0]), 3), round(float(var[0]), 3)
    (0.1, 0.9)
    """
    op = "batchnorm2d"
    value = inexact(op, "x", real(op, "x", array(op, "x", x, 3, "(..., C, H, W)")))
    features = integer(op, "num_features", num_features, 1)
    if value.shape[-3] != features:
        raise ValueError(
            f"{op} got x of shape {value.shape}, "
            f"but needs {features} channels, as num_features says."
        )
    if (running_mean is None) != (running_var is None):
        raise ValueError(
            f"{op} got one running statistic, "
            "but needs both running_mean and running_var, or neither."
        )
    if running_mean is None and not train:
        raise ValueError(
            f"{op} got train=False without running statistics, "
            "but needs running_mean and running_var."
        )
    eps, rate = number(op, "eps", eps, 0.0), number(op, "momentum", momentum, 0.0)
    if rate > 1:
        raise ValueError(f"{op} got momentum={rate}, but needs a number between 0 and 1.")

    def vector(name: str, given: ArrayLike) -> jax.Array:
        v = real(op, name, array(op, name, given))
        if v.shape != (features,):
            raise ValueError(f"{op} got {name} of shape {v.shape}, but needs ({features},).")
        return cast(op, x=value, v=v)[1]

    def over_maps(v: jax.Array) -> jax.Array:
        return jnp.broadcast_to(jnp.reshape(v, (features, 1, 1)), value.shape)

    new_mean = new_var = None
    if running_mean is not None and running_var is not None:
        new_mean, new_var = vector("running_mean", running_mean), vector("running_var", running_var)
    if train or new_mean is None or new_var is None:
        count = value.size // features
        if count < 2:
            raise ValueError(
                f"{op} got x of shape {value.shape}, "
                "but needs more than one value a channel in training."
            )
        axes = tuple(i for i in range(value.ndim) if i != value.ndim - 3)
        mean = jnp.mean(value, axes)
        centred = value - over_maps(mean)
        var = jnp.mean(centred * centred, axes)
        if new_mean is not None and new_var is not None:
            new_mean = (1 - rate) * new_mean + rate * mean
            new_var = (1 - rate) * new_var + rate * (count / (count - 1)) * var
    else:
        centred, var = value - over_maps(new_mean), new_var
    out = centred * over_maps(jax.lax.rsqrt(var + eps))
    if weight is not None:
        out = out * over_maps(vector("weight", weight))
    if bias is not None:
        out = out + over_maps(vector("bias", bias))
    return out if new_mean is None or new_var is None else (out, new_mean, new_var)


def dropout(
    key: jax.Array | None, x: Shaped[ArrayLike, "*shape"], p: ArrayLike = 0.5, *, train: bool = True
) -> Shaped[Array, "*shape"]:
    """`x` with each element made zero with probability `p`, the others divided by `1 - p`.

    Args:
        key: random key; each key gives one mask. May be None in evaluation.
        x: array of a floating dtype.
        p: probability.
        train: in evaluation, `x` is returned as it is.

    Raises:
        ValueError: `p` outside 0 ... 1 or not one number; no key in training.
        TypeError: a dtype without fractions.

    Source: SPAIC, which drops in evaluation too and has no key; its `inplace` has no meaning for values that
    never change.

    >>> dropout(None, jnp.ones(3), 0.5, train=False).tolist()
    [1.0, 1.0, 1.0]
    >>> sorted(set(dropout(jax.random.key(0), jnp.ones(100), 0.5).tolist()))
    [0.0, 2.0]
    """
    value = inexact("dropout", "x", array("dropout", "x", x))
    chance = fraction("dropout", "p", p)
    if chance.ndim:
        raise ValueError(f"dropout got p of shape {chance.shape}, but needs one number.")
    if not train:
        return value
    if key is None:
        raise ValueError("dropout got no key, but needs one in training: pass a random key, or train=False.")
    chance = chance.astype(jnp.finfo(value.dtype).dtype)
    # In float32 whatever the dtype of `x`, so that a key gives one mask.
    drawn = jax.random.uniform(key, value.shape, jnp.float32)
    kept = drawn >= jnp.broadcast_to(chance.astype(jnp.float32), value.shape)
    # With p = 1 nothing is kept: any finite factor will do, and keeps the gradient finite.
    share = jnp.where(chance < 1, 1 - chance, jnp.ones_like(chance))
    scaled = value / jnp.broadcast_to(share, value.shape).astype(value.dtype)
    return jnp.where(kept, scaled, jnp.zeros_like(value))
