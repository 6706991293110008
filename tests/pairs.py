"""Synapses stored as pairs, seen as two lists of neurons and as matrices."""

import numpy as np


def ends(variables, name="w"):
    """The two ends `(post, pre)` of each synapse of a connection."""
    start = np.asarray(variables[f"{name}.start"])
    return np.asarray(variables[f"{name}.post"]), np.repeat(np.arange(len(start) - 1), np.diff(start))


def matrix(variables, values, shape, name="w"):
    """A number of each synapse as a matrix `(post, pre)` of float64; those of one pair are added up."""
    made = np.zeros(shape)
    np.add.at(made, ends(variables, name), np.asarray(values, float))
    return made
