"""Layers that do nothing: a warning after the first epoch."""

import warnings
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.program import Program
from spaic_jax.run.result import Health

#: Neurons that spike in more than this share of all steps are saturated.
SATURATED = 0.95


class ActivityWarning(UserWarning):
    """A layer was silent or saturated in the whole first epoch of a training, so that hardly anything can be learned there."""


def activity(health: Health) -> jax.Array:
    """The spike rates of a run as one vector, in the order of `spiking`: one number to fetch instead of many."""
    rates = [health.spike_rate[name].astype(jnp.float32) for name in sorted(health.spike_rate)]
    return jnp.stack(rates) if rates else jnp.zeros((0,), jnp.float32)


def spiking(program: Program) -> list[str]:
    """The names of the variables whose spike rates `activity` has."""
    return sorted(r.variable for r in program.kept if r.kind == "health")


def warn_of_activity(program: Program, rates: Any, where: str = "") -> None:
    """An `ActivityWarning` for the layers that were silent or saturated, with what helps.

    Args:
        program: what was trained.
        rates: means of `activity`.
        where: said at the end of the sentence, such as of which of several trainings it is.
    """
    known: Mapping[str, float] = dict(zip(spiking(program), map(float, rates), strict=True))
    groups = {name: name.rpartition(".")[0] or name for name in known}
    silent = [groups[name] for name, rate in known.items() if rate == 0]
    saturated = [groups[name] for name, rate in known.items() if rate > SATURATED]
    if silent:
        _warn(f"{_listed(silent)} never spiked in the first epoch{where}, so that hardly anything is learned there: try larger"
              " weights into it (w_mean, w_std), a lower threshold (v_th), more steps or stronger input.")
    if saturated:
        _warn(f"{_listed(saturated)} spiked in more than {SATURATED:.0%} of all steps of the first epoch{where}, so that hardly"
              " anything is learned there: try smaller weights into it (w_mean, w_std), a higher threshold (v_th), a refractory"
              " period or weaker input.")


def _listed(groups: list[str]) -> str:
    return ("groups " if len(groups) > 1 else "group ") + ", ".join(f"'{name}'" for name in groups)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, ActivityWarning, stacklevel=2)
