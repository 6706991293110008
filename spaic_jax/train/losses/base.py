"""What losses share: their checks, how they read scores, and what they may ask for beside output and labels."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from spaic_jax._numbers import real
from spaic_jax._shapes import Array, Float, Integer
from spaic_jax.train.labels import as_float, class_labels, shape_text

#: What a loss is given by name if its signature asks for it by a keyword of this name: the `Result` of the run, and the
#: steps of each sample, int32 `[B]`, where the output has a time axis and they differ.
ASKED = ("result", "lengths")

Loss = TypeVar("Loss", bound=Callable[..., jax.Array])


def reads(scores: Callable[..., jax.Array]) -> Callable[[Loss], Loss]:
    """A decorator of a loss of outputs `[T, B, C]`: how it reads the scores `[B, C]` of labels `[B]` from them.

    Predictions and accuracy are made of these scores, so that they are those of the loss. A loss that is an object has a
    method `scores` instead.

    Args:
        scores: function of the output, and by name of those settings of the loss that it takes.

    Example:
        >>> @reads(lambda output: output[-1])
        ... def last_step(output, labels):
        ...     return output[-1].mean()
        >>> scores_of(last_step, jnp.zeros((7, 2, 3))).shape
        (2, 3)
    """

    def decorated(loss: Loss) -> Loss:
        loss.scores = scores  # type: ignore[attr-defined]
        return loss

    return decorated


def scores_of(loss: Callable[..., Any] | None, output: jax.Array, lengths: jax.Array | None = None) -> jax.Array | None:
    """The scores `[B, C]` that a loss reads from an output `[T, B, C]`; `None` where it does not say."""
    function, settings = (loss.func, loss.keywords) if isinstance(loss, functools.partial) else (loss, {})
    scores = getattr(function, "scores", None)
    if scores is None:
        return None
    known = named(scores)
    given = {name: value for name, value in {**settings, "lengths": lengths}.items() if name in known}
    read: jax.Array = scores(output, **given)
    return read


@functools.lru_cache(maxsize=256)
def named(function: Callable[..., Any]) -> frozenset[str]:
    """The keywords of a function that are not bound yet."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    bound = function.keywords if isinstance(function, functools.partial) else {}
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in bound)


def asked_for(loss: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the offers that a loss asks for by name."""
    known = named(loss)
    return {name: value for name, value in offered.items() if name in known}


def pair(name: str, what: str, values: ArrayLike, labels: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Values as float32 ``[B, C]``, and labels as int32 ``[B]`` or as class probabilities, float32 ``[B, C]``."""
    array = as_float(name, what, values)
    if array.ndim != 2:
        raise ValueError(f"{name} got {what} of shape {shape_text(array)}, but needs [B, C].")
    check_sizes(name, what, array)
    return array, held_to(name, labels, array)


def held_to(name: str, labels: ArrayLike, values: jax.Array) -> jax.Array:
    """Labels of values ``[B, C]``, as `class_labels` gives them; what is not finite is no probability, and has no gradient."""
    checked = class_labels(name, labels, values)
    return checked if checked.ndim == 1 else jnp.where(jnp.isfinite(checked), checked, -1.0)


def check_sizes(name: str, what: str, array: jax.Array) -> None:
    """ValueError unless there are samples and classes."""
    batch, classes = array.shape[-2:]
    if batch == 0 or classes < 2:
        raise ValueError(f"{name} got {what} of shape {shape_text(array)}, but needs at least one sample and two classes.")


#: Labels of samples, or of steps: classes, or a probability for each.
Labels = Integer[ArrayLike, "batch"] | Float[ArrayLike, "batch classes"]


def share_of_each(labels: jax.Array, classes: int) -> Float[Array, "batch {classes}"]:
    """The probability of each class: 1 of that of a label."""
    return labels if labels.ndim == 2 else jax.nn.one_hot(labels, classes, dtype=jnp.float32)


def are_labels(labels: jax.Array, classes: int) -> jax.Array:
    """Whether all labels are classes, or probabilities of them."""
    if jnp.issubdtype(labels.dtype, jnp.floating):
        # As half precision rounds them.
        return jnp.all(labels >= 0) & jnp.all(jnp.abs(jnp.sum(labels, axis=-1) - 1) < 0.02)
    return jnp.all((labels >= 0) & (labels < classes))


def mean_over_batch(losses: Float[Array, "batch"], labels: jax.Array, classes: int) -> Float[Array, ""]:
    """The mean over samples; NaN where a label is no class, or where class probabilities are none."""
    # JAX would read label -1 as the last class, and a one-hot row of a label too large
    # is all zero: both give a plausible, wrong loss. NaN shows in the health of a run.
    return jnp.where(are_labels(labels, classes), jnp.mean(losses), jnp.nan)


def smoothed_cross_entropy(
    name: str, logits: Float[Array, "... classes"], labels: jax.Array, label_smoothing: float
) -> Float[Array, "..."]:
    """Softmax cross entropy with classes `[...]` or class probabilities `[..., C]`, of which all classes have a share alike."""
    share = real(label_smoothing, f"{name}: label_smoothing", least=0, below=1)
    of_classes = optax.softmax_cross_entropy_with_integer_labels if labels.ndim < logits.ndim else optax.softmax_cross_entropy
    losses: jax.Array = of_classes(logits, labels)
    if share:
        losses = (1 - share) * losses - share * jnp.mean(jax.nn.log_softmax(logits), axis=-1)
    return losses


def cross_entropy(
    name: str, what: str, values: ArrayLike, labels: ArrayLike, *, scale: float = 1.0, label_smoothing: float = 0.0
) -> jax.Array:
    """The mean of softmax cross entropies of values ``[B, C]``."""
    logits, checked = pair(name, what, values, labels)
    losses = smoothed_cross_entropy(name, logits * scale, checked, label_smoothing)
    return mean_over_batch(losses, checked, logits.shape[1])
