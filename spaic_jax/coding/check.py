"""Numbers of data that a coding cannot take: found on the host, before a run, and named."""

import math

import jax
import numpy as np

from spaic_jax._shapes import AnyArray


def check_range(what: str, x: AnyArray, needed: str, low: float = -math.inf, high: float = math.inf) -> None:
    """ValueError that names the first element that is not finite, or outside of a range.

    Args:
        what: what the array is.
        x: an array of NumPy, or one of JAX that is not traced; it stays where it is.
        needed: what is needed, the end of the sentence.
        low, high: the range; both ends are in it.

    >>> check_range("input 'x'", np.array([[0.5, -2.0]]), "rates of at least 0", low=0.0)
    Traceback (most recent call last):
        ...
    ValueError: input 'x' holds -2.0 at [0, 1], but needs rates of at least 0.
    """
    if not x.size or x.dtype == bool:
        return
    # NaN makes both of them NaN. Within a function that is being traced, arrays from outside are still looked at now.
    with jax.ensure_compile_time_eval():
        least, most = float(x.min()), float(x.max())
    if low <= least and most <= high and math.isfinite(least) and math.isfinite(most):
        return
    array = np.asarray(x).astype(float)
    refuse(what, array, ~(np.isfinite(array) & (array >= low) & (array <= high)), needed)


def refuse(what: str, array: np.ndarray, bad: np.ndarray, needed: str) -> None:
    """ValueError that names the first bad element, if there is one."""
    places = np.argwhere(bad)
    if len(places):
        place = tuple(places[0].tolist())
        at = f" at {list(place)}" if place else ""
        if np.isfinite(array[place]):
            raise ValueError(f"{what} holds {array[place]}{at}, but needs {needed}.")
        raise ValueError(f"{what} holds NaN or infinite values, but needs {needed}: the first is {array[place]}{at}.")
