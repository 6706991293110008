"""Pairs of neurons at random, each set of them as likely as any other."""

import numpy as np

from spaic_jax.synapses.pattern.host import BLOCK, Words

NONE = np.empty(0, np.int64)


def is_in(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Whether each number is one of some that are sorted."""
    if not len(among):
        return np.zeros(len(values), bool)
    return np.asarray(among[np.minimum(np.searchsorted(among, values), len(among) - 1)] == values)


def pairs(words: Words, count: int, post: int, pre: int, without: np.ndarray, multapses: bool) -> np.ndarray:
    """Pairs, as sorted numbers `pre * (number of post) + post`, int64 `[count]`.

    Args:
        words: where they come from.
        count: number of pairs; at most those there are, unless one may come more than once.
        post, pre: sizes of the two ends.
        without: sorted numbers of the pairs that there are not.
        multapses: whether each is drawn from all pairs, and not only from those that were not drawn yet.
    """
    free = post * pre - len(without)
    if 2 * free < post * pre or (2 * count > free and not multapses):
        there = np.ones(post * pre, bool)
        there[without] = False
        if 2 * free < post * pre:
            return np.flatnonzero(there)[pairs(words, count, free, 1, NONE, multapses)]
        there[pairs(words, free - count, post, pre, without, False)] = False
        return np.flatnonzero(there)
    chosen = NONE
    # Drawn one after the other, those that came before would be left out; which these are does not depend on the order.
    while missing := count - len(chosen):
        new = words.below(pre, missing).astype(np.int64)
        new *= post
        new += words.below(post, missing)
        new.sort()
        good = ~is_in(new, without)
        if not multapses:
            good[1:] &= new[1:] != new[:-1]
            good &= ~is_in(new, chosen)
        new = new if good.all() else new[good]
        chosen = np.insert(chosen, np.searchsorted(chosen, new), new) if len(chosen) else new
    return chosen


def partners(words: Words, degree: int, own: np.ndarray, size: int, multapses: bool) -> np.ndarray:
    """As many neurons of a group of a size for each of some others, int32 `[len(own), degree]`, each row sorted.

    Args:
        words: where they come from.
        degree: how many neurons.
        own: for each of the others, the neuron that it cannot have, -1 where there is none.
        size: size of the group.
        multapses: whether a neuron may come more than once.
    """
    crowded = 2 * degree > size and not multapses
    rows = max(1, BLOCK // (size if crowded else degree))
    draw = _crowded if crowded else _few
    blocks = (own[i : i + rows] for i in range(0, len(own), rows))
    return np.concatenate([draw(words, degree, block, size, multapses) for block in blocks])


def _crowded(words: Words, degree: int, own: np.ndarray, size: int, multapses: bool) -> np.ndarray:
    """Those with the smallest of random numbers, one for each neuron."""
    rank = words.uniform(len(own) * size).reshape(-1, size)
    has = np.flatnonzero(own >= 0)
    rank[has, own[has]] = 1.0
    chosen = np.argpartition(rank, degree - 1, axis=1)[:, :degree].astype(np.int32)
    chosen.sort(axis=1)
    return chosen


def _few(words: Words, degree: int, own: np.ndarray, size: int, multapses: bool) -> np.ndarray:
    """Of those that came twice, one is drawn anew, until there is none."""
    others = size - (own >= 0)
    chosen = words.below(others.repeat(degree), len(own) * degree).reshape(-1, degree)
    chosen.sort(axis=1)
    rows = np.arange(0 if multapses else len(own))
    while len(rows):
        part = chosen[rows]
        row, place = np.nonzero(part[:, 1:] == part[:, :-1])
        part[row, place] = words.below(others[rows[row]], len(row))
        part.sort(axis=1)
        chosen[rows] = part
        rows = rows[np.unique(row)]
    # Those from its own on stand for the next one.
    return chosen + ((own >= 0)[:, None] & (chosen >= own[:, None])).astype(np.int32)
