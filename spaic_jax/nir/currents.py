"""The neuron models with a synaptic current of their own, as nodes."""

import math
from typing import Any

import numpy as np

from spaic_jax import neurons as n
from spaic_jax.nir.cells import Cell, Leak, Port
from spaic_jax.nir.draft import Refusal
from spaic_jax.nir.traces import fired


def order_of(model: Any) -> str | None:
    """Whether a model with a synaptic current moves it before or after its potential; `None` where that is no question."""
    if isinstance(model, n.LIFM):
        return "input_first"
    if not isinstance(model, n.CubaLIF | n.CubaLI) or (model.held and model.integrator not in ("euler", "exponential_euler")):
        return None
    return model.order


def current_based(cell: Cell) -> Port:
    """`cubalif`, `cubali` and `lifm`: `I = keep_s I + share x` and `v = rest + keep (V - rest) + gain I`."""
    model = cell.model
    spiking = not isinstance(model, n.CubaLI)
    if spiking:
        cell.refractory()
    reset = getattr(model, "reset", "hard")
    if isinstance(model, n.LIFM):
        membrane, current, gain, rest = cell.exact(cell.number("tau_m")), cell.exact(cell.number("tau_p")), cell.spread(1.0), cell.spread(0.0)
        share = gain
    else:
        membrane, current, gain = _propagator(cell)
        share, rest = current.lose if model.held else cell.spread(1.0), cell.number("v_rest")
    numbers: dict[str, Any] = {"v_leak": rest}
    if spiking:
        numbers |= {"v_threshold": cell.number("v_th"), "v_reset": cell.number("v_reset")}
    cell.begins(rest)
    order = order_of(model)
    if order is None and cell.task.form == "euler":
        raise Refusal("its input is held and both its equations are solved together, which forward Euler cannot say: form='exact' does.")
    together = order is None and model.integrator == "exact"
    if cell.task.form == "exact" and not together:
        cell.composed("by an exact solution NIR's synaptic current moves together with the potential, and this one does not", ", or form='euler' as one")
    hard = not spiking or cell.hard(reset)
    arrays: dict[str, Any]
    if not hard and reset == "soft" and together:
        raise Refusal("its reset is 'soft', and its input is held and solved exactly, which no nodes say together: held=False can be written.")
    if cell.task.form == "exact" and not together:
        entry = cell.leaky(current, share, "I")
        kinds, arrays = ("LIF", "LI"), {"tau": cell.tau(membrane), "r": cell.r(gain, membrane)}
        delayed = order == "voltage_first"
    else:
        entry, kinds, arrays = "", ("CubaLIF", "CubaLI"), {"tau_mem": cell.tau(membrane), "tau_syn": cell.tau(current)}
        arrays |= {"r": cell.number("R"), "w_in": cell.spread(1.0)} if together else {"r": cell.r(gain, membrane), "w_in": share / current.lose}
        delayed = order == "voltage_first" and cell.task.order == "input_first"
    if hard:
        path = spikes = cell.node(kinds[0] if spiking else kinds[1], **arrays, **numbers)
        exits = {"O" if spiking else "V": path}
    elif reset == "none" and "O" not in cell.read:
        path = cell.node(kinds[1], **arrays, v_leak=rest)
        exits = {"V": path}
    else:
        path, spikes = cell.node(kinds[1], "V", **arrays, v_leak=rest), cell.node("Threshold", threshold=numbers["v_threshold"])
        cell.draft.join([path], [spikes], cell.name)
        exits = {"O": spikes} if reset == "soft" else {"O": spikes, "V": path}
        if reset == "soft":
            fired(cell, {"reset": (membrane, -(numbers["v_threshold"] - numbers["v_reset"]) * membrane.keep)}, spikes)
    way = _after_a_step(cell, path, delayed)
    if entry:
        cell.draft.join([entry], way, cell.name)
    return Port((entry,) if entry else way, exits)


def _after_a_step(cell: Cell, path: str, late: bool) -> tuple[str, ...]:
    """The way into a node, with a `Delay` of a step before it or not."""
    if not late:
        return (path,)
    delay = cell.node("Delay", "delay", delay=cell.spread(cell.task.dt / 1000))
    cell.draft.join([delay], [path], cell.name)
    return (delay,)


def _propagator(cell: Cell) -> tuple[Leak, Leak, np.ndarray]:
    """What a step of `cubalif` leaves of the potential and of the current, and what the current gives to the potential."""
    model, tau_m, tau_s, R = cell.model, cell.number("tau_m"), cell.number("tau_s"), cell.number("R")
    a, b = -cell.task.dt / tau_m, -cell.task.dt / tau_s
    if model.integrator == "euler":
        return cell.euler(tau_m), cell.euler(tau_s), -R * a
    if model.integrator == "exponential_euler":
        return cell.exact(tau_m), cell.exact(tau_s), -R * np.expm1(a)
    if model.integrator == "exact":
        apart = np.where(a == b, 1.0, b - a)
        return cell.exact(tau_m), cell.exact(tau_s), -R * a * np.exp(a) * np.where(a == b, 1.0, np.expm1(apart) / apart)
    # The fourth-order Runge-Kutta step: e^z up to z^4, and its divided difference.
    keep = [np.asarray(sum(z**k / math.factorial(k) for k in range(5))) for z in (a, b)]
    slope = sum(sum(a**j * b ** (k - 1 - j) for j in range(k)) / math.factorial(k) for k in range(1, 5))
    return cell.factor(keep[0]), cell.factor(keep[1]), -R * a * slope
