"""What one input does to the potential of a neuron below its threshold, summed over all steps."""

import math
import numbers
from collections.abc import Callable
from typing import Any, NamedTuple

from spaic_jax.neurons.alif import ALIF
from spaic_jax.neurons.constant_current_lif import ConstantCurrentLIF
from spaic_jax.neurons.cubalif import CubaLIF
from spaic_jax.neurons.lif import LIF


class Impulse(NamedTuple):
    """The response of the potential to an input of 1 in one step.

    Attributes:
        total: the sum over all steps.
        squares: the sum of its squares.
        span: from rest to the threshold.
    """

    total: float
    squares: float
    span: float


def _decaying(jump: float, decay: float, span: float) -> Impulse:
    return Impulse(jump / (1 - decay), jump**2 / (1 - decay**2), span)


def _lif(model: Any, dt: float) -> Impulse:
    return _decaying(1.0, math.exp(-dt / model.tau_m), model.v_th)


def _constant_current(model: Any, dt: float) -> Impulse:
    rate = -math.expm1(-dt / model.tau_m) if model.integrator == "exact" else dt / model.tau_m
    return _decaying(model.R * rate, 1 - rate, model.v_th - model.v_rest)


def _cuba(model: Any, dt: float) -> Impulse:
    if model.integrator != "exact":
        raise ValueError(f"it is known of integrator 'exact', not {model.integrator!r}.")
    if model.held:
        raise ValueError("it is known of held=False, not of held=True.")
    a, b = math.exp(-dt / model.tau_m), math.exp(-dt / model.tau_s)
    slower = dt / model.tau_m - dt / model.tau_s
    gain = model.R * a * dt / model.tau_m * (math.expm1(slower) / slower if slower else 1.0)
    # The convolution of two geometric series, and its energy.
    return Impulse(
        gain / ((1 - a) * (1 - b)), gain**2 * (1 + a * b) / ((1 - a * a) * (1 - b * b) * (1 - a * b)), model.v_th - model.v_rest
    )


_KNOWN: dict[type[Any], Callable[[Any, float], Impulse]] = {
    ALIF: _lif, ConstantCurrentLIF: _constant_current, CubaLIF: _cuba, LIF: _lif,
}


def impulse(model: Any, dt: float) -> Impulse:
    """The response of a model, from its equations.

    Raises:
        ValueError: a model that is not known, or one whose parameters are not one number for all neurons.

    >>> [round(x, 3) for x in impulse(LIF(tau_m=10.0), dt=1.0)]
    [10.508, 5.517, 1.0]
    """
    kind = type(model).__name__
    if type(model) not in _KNOWN:
        raise ValueError(f"the response of {kind} to an input is not known, but that of {', '.join(known.__name__ for known in _KNOWN)} is.")
    for name in ("tau_m", "tau_s", "v_th", "v_rest", "R"):
        if not isinstance(getattr(model, name, 0.0), numbers.Real):
            raise ValueError(f"{name} of {kind} has to be one number for all neurons.")
    return _KNOWN[type(model)](model, dt)
