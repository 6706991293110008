"""What is called after each epoch, and what it may answer."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from spaic_jax.train.state import TrainState

#: Called after each epoch with its state, in arrays of its own, and its row of the history.
OnEpoch = Callable[[TrainState, dict[str, Any]], bool | None]

#: What `on_epoch` gives back to end a training after that epoch.
STOP: Final = True


def ends(answer: Any) -> bool:
    """Whether a training ends by what `on_epoch` gave back.

    Raises:
        TypeError: an answer that says neither, such as one that was meant for something else.

    >>> ends(STOP), ends(None), ends(0.98 > 0.99)
    (True, False, False)
    """
    if answer is None:
        return False
    if isinstance(answer, bool | np.bool_):
        return bool(answer)
    raise TypeError(
        f"on_epoch gave back {answer!r:.80}, but needs to give back spaic_jax.train.STOP to end the training, or None to go on."
    )
