"""Random structure, drawn on the host: the same numbers with every device, and nothing to compile for a new size."""

import hashlib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

#: Words that are turned into numbers at once: what is made of them on the way stays in the cache.
BLOCK = 2**18


class Words:
    """A stream of random numbers that the data of a key decide, whatever the version of NumPy.

    Only the raw words of a counter-based generator (Philox 4x64, Salmon et al. 2011) are NumPy's.

    >>> words = Words(np.array([0, 1], np.uint32))
    >>> words.below(10, 5).tolist()
    [2, 7, 9, 6, 5]
    """

    def __init__(self, data: np.ndarray):
        digest = hashlib.sha256(data.astype("<u4").tobytes()).digest()
        self._raw = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw

    def below(self, bound: int | np.ndarray, count: int) -> np.ndarray:
        """Whole numbers of 0 ... bound - 1, int32 `[count]`; one bound below 2^31, or one for each.

        By multiplication and shift (Lemire 2019): a number's share is that of another to 2^-33.
        """
        drawn = np.empty(count, np.int32)
        for i in range(0, count, BLOCK):
            word = self._raw(min(BLOCK, count - i))
            most = np.uint64(bound) if np.ndim(bound) == 0 else np.asarray(bound)[i : i + BLOCK].astype(np.uint64)
            low = (word & np.uint64(2**32 - 1)) * most >> np.uint64(32)
            drawn[i : i + BLOCK] = ((word >> np.uint64(32)) * most + low) >> np.uint64(32)
        return drawn

    def uniform(self, count: int) -> np.ndarray:
        """Numbers between 0 and 1, without either, float64 `[count]`."""
        return ((self._raw(count) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def on_host(function: Callable[[np.ndarray], Any], like: Any, key: jax.Array) -> Any:
    """What a NumPy function makes of the data of a key, which may be traced; `like` has the shapes and dtypes."""
    data = jax.random.key_data(key)
    if isinstance(data, jax.core.Tracer):
        return jax.pure_callback(lambda data: function(np.asarray(data)), like, data, vmap_method="sequential")
    # Unlike `jnp.asarray` it compiles nothing for a new shape.
    return jax.device_put(function(np.asarray(data)))
