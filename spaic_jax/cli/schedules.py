"""Schedules of the learning rate by name: optax's, with times in epochs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optax

from spaic_jax._errors import unknown
from spaic_jax._numbers import FLOAT32, real
from spaic_jax.cli.settings import check_settings, named


def constant(rate: float, updates: int, epoch: float) -> optax.Schedule:
    """The learning rate stays as it is."""
    return optax.constant_schedule(rate)


def linear(rate: float, updates: int, epoch: float, *, end: float = 0.0) -> optax.Schedule:
    """Falls in a line to `end`, a share of the learning rate, at the last update."""
    return optax.linear_schedule(rate, rate * _share(end, "end"), updates)


def cosine(rate: float, updates: int, epoch: float, *, end: float = 0.0) -> optax.Schedule:
    """Falls along half a cosine to `end`, a share of the learning rate, at the last update."""
    return optax.cosine_decay_schedule(rate, updates, _share(end, "end"))


def warmup_cosine(
    rate: float, updates: int, epoch: float, *, warmup: float, start: float = 0.0, end: float = 0.0
) -> optax.Schedule:
    """Rises in a line over `warmup` epochs from the share `start` of the learning rate, then falls as `cosine`."""
    steps = _updates(warmup, epoch, "warmup")
    if steps >= updates:
        raise ValueError(f"warmup must be shorter than the training, got {warmup!r} epochs of {updates / epoch:g}.")
    return optax.warmup_cosine_decay_schedule(rate * _share(start, "start"), rate, steps, updates, rate * _share(end, "end"))


def exponential(rate: float, updates: int, epoch: float, *, factor: float, every: float = 1.0) -> optax.Schedule:
    """Falls smoothly, by `factor` in every `every` epochs."""
    return optax.exponential_decay(rate, _updates(every, epoch, "every"), _factor(factor, "factor"))


def step(rate: float, updates: int, epoch: float, *, every: float, factor: float = 0.1) -> optax.Schedule:
    """Is multiplied by `factor` after every `every` epochs."""
    return optax.exponential_decay(rate, _updates(every, epoch, "every"), _factor(factor, "factor"), staircase=True)


def piecewise(rate: float, updates: int, epoch: float, *, at: Sequence[float], factors: Sequence[float]) -> optax.Schedule:
    """Is multiplied by each of `factors` after as many epochs as `at` says."""
    if not isinstance(at, list | tuple) or not isinstance(factors, list | tuple) or len(at) != len(factors):
        raise ValueError(f"at and factors must be lists of the same length, got {at!r} and {factors!r}.")
    times = [_updates(time, epoch, "at") for time in at]
    if times != sorted(set(times)):
        raise ValueError(f"at must rise by an update or more, got {at!r}.")
    return optax.piecewise_constant_schedule(rate, dict(zip(times, (_factor(x, "factors") for x in factors), strict=True)))


def one_cycle(
    rate: float, updates: int, epoch: float, *, rise: float = 0.3, start: float = 0.04, end: float = 4e-6
) -> optax.Schedule:
    """Rises to the learning rate in a share `rise` of all updates, from the share `start` of it, and falls to `end` of it.

    Source: Smith and Topin, Super-convergence (2018).
    """
    real(rise, "rise", above=0, below=1)
    if not 1 <= int(rise * updates) < updates:
        raise ValueError(f"rise must be a share of the {updates} updates that is neither none nor all, got {rise!r}.")
    start, end = real(start, "start", above=0, most=1), real(end, "end", above=0, most=1)
    # Optax's last number is a part of the first one.
    return optax.cosine_onecycle_schedule(updates, rate, rise, 1 / start, start / end)


def plateau(
    rate: float, updates: int, epoch: float, *, factor: float = 0.1, patience: float = 10.0, cooldown: float = 0.0,
    rtol: float = 1e-4, least: float = 0.0,
) -> optax.GradientTransformation:  # fmt: skip
    """Is multiplied by `factor` when the mean loss of an epoch has not fallen by a part `rtol` of it for `patience` epochs.

    After that the loss is not looked at for `cooldown` epochs; the product of all factors stays above `least`.
    """
    return optax.contrib.reduce_on_plateau(
        factor=real(factor, "factor", above=0, below=1), patience=_updates(patience, 1, "patience"),
        rtol=real(rtol, "rtol", least=0, below=1), cooldown=_updates(cooldown, 1, "cooldown", least=0),
        accumulation_size=max(1, round(epoch)), min_scale=real(least, "least", least=0, most=1),
    )


#: Every schedule by its name: a function of the learning rate, the number of updates, and that of an epoch. `plateau`, which
#: looks at the loss, comes after the optimizer.
SCHEDULES: dict[str, Callable[..., optax.Schedule | optax.GradientTransformation]] = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
    "linear": linear,
    "one_cycle": one_cycle,
    "piecewise": piecewise,
    "plateau": plateau,
    "step": step,
    "warmup_cosine": warmup_cosine,
}


def make_schedule(
    table: str | Mapping[str, Any], rate: float, updates: int, epoch: float
) -> optax.Schedule | optax.GradientTransformation:
    """The schedule of a table in a configuration.

    Args:
        table: a name in `SCHEDULES`, or a table of it and its settings.
        rate: the learning rate.
        updates: number of updates in all.
        epoch: number of updates of an epoch.

    Raises:
        ValueError: unknown name or setting, or a value out of range.

    >>> rates = make_schedule({"name": "step", "every": 2, "factor": 0.5}, 0.1, 100, 10)
    >>> [round(float(rates(update)), 3) for update in (0, 19, 20, 40)]
    [0.1, 0.1, 0.05, 0.025]
    """
    name, settings = named(table)
    if name not in SCHEDULES:
        raise ValueError(unknown("schedule", name, SCHEDULES))
    check_settings(name, SCHEDULES[name], settings)
    return SCHEDULES[name](rate, updates, epoch, **settings)


def _share(value: Any, what: str) -> float:
    return real(value, what, least=0, most=1)


def _factor(value: Any, what: str) -> float:
    return real(value, what, above=0, most=FLOAT32)


def _updates(epochs: Any, epoch: float, what: str, least: int = 1) -> int:
    """Epochs in updates, at least so many of them."""
    number = real(epochs, what, above=0, most=1e9) if least else real(epochs, what, least=0, most=1e9)
    return max(least, round(number * epoch))
