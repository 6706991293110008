"""The random keys of a training: each is used for one thing."""

import jax


def initial_key(key: jax.Array) -> jax.Array:
    """The key that the first parameters and constants are drawn from."""
    return jax.random.fold_in(key, 0)


def epoch_keys(key: jax.Array, epoch: int) -> tuple[jax.Array, jax.Array]:
    """For an epoch, counted from 1: the key of the order of samples, and the key of its runs."""
    order, runs = jax.random.split(jax.random.fold_in(key, epoch))
    return order, runs


def evaluation_key(key: jax.Array) -> jax.Array:
    """The key with which `fit` evaluates the test set: the same after every epoch.

    >>> import jax
    >>> bool(evaluation_key(jax.random.key(0)) == evaluation_key(jax.random.key(0)))
    True
    """
    return jax.random.fold_in(key, 2**32 - 1)

