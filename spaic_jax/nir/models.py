"""The neuron models that NIR can say, each as the nodes that carry out its equations."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from spaic_jax import neurons as n
from spaic_jax.nir.cells import Cell, Leak, Port
from spaic_jax.nir.draft import Refusal


def _membrane(
    cell: Cell, leak: Leak, r: np.ndarray, rest: np.ndarray, v_th: np.ndarray, v_reset: np.ndarray, reset: str
) -> Port:
    """`v = rest + keep (V - rest) + lose r I`, a threshold and a reset."""
    cell.refractory()
    cell.begins(rest)
    tau = cell.tau(leak)
    if cell.hard(reset):
        path = cell.node("LIF", tau=tau, r=r, v_leak=rest, v_threshold=v_th, v_reset=v_reset)
        return _one(path, "O")
    return _apart(cell, "LI", {"tau": tau, "r": r, "v_leak": rest}, v_th, v_reset, reset, leak.keep / (r * leak.lose))


def _apart(
    cell: Cell, kind: str, arrays: dict[str, Any], v_th: np.ndarray, v_reset: np.ndarray, reset: str, taken: np.ndarray
) -> Port:
    """A membrane, and a threshold, if something reads the spikes; a soft reset takes `taken` for each unit that it takes from `V`."""
    if reset == "none" and "O" not in cell.read:
        return _one(cell.node(kind, **arrays), "V")
    membrane = cell.node(kind, "V", **arrays)
    spikes = cell.node("Threshold", threshold=v_th)
    cell.draft.join([membrane], [spikes], cell.name)
    if reset == "none":
        return Port((membrane,), {"O": spikes, "V": membrane})
    _subtract(cell, membrane, spikes, -(v_th - v_reset) * taken)
    return Port((membrane,), {"O": spikes})


def _one(path: str, variable: str) -> Port:
    """One node."""
    return Port((path,), {variable: path})


def _subtract(cell: Cell, membrane: str, spikes: str, scale: np.ndarray) -> None:
    """What a spike gives to the membrane, one step later."""
    back = cell.node("Scale", "reset", scale=scale)
    cell.loop((membrane, spikes), (spikes, back), (back, membrane))


def _lif(cell: Cell) -> Port:
    model, leak = cell.model, cell.exact(cell.number("tau_m"))
    return _membrane(cell, leak, cell.r(cell.spread(1.0), leak), cell.spread(0.0), cell.number("v_th"), cell.number("v_reset"), model.reset)


def _constant_current(cell: Cell) -> Port:
    model = cell.model
    _no_compat(cell)
    leak = cell.exact(cell.number("tau_m")) if model.integrator == "exact" else cell.euler(cell.number("tau_m"))
    r, rest, v_th, v_reset = (cell.number(name) for name in ("R", "v_rest", "v_th", "v_reset"))
    return _membrane(cell, leak, r, rest, v_th, v_reset, model.reset)


def _parametric(cell: Cell) -> Port:
    _no_compat(cell)
    tau = 1 + np.exp(-cell.number("w")) if cell.model.w is not None else cell.number("tau_m")
    leak, v_reset = Leak(1 - 1 / tau, 1 / tau, tau * cell.dt, "euler"), cell.number("v_reset")
    return _membrane(cell, leak, cell.spread(1.0), v_reset, cell.number("v_th"), v_reset, cell.model.reset)


def _diehl_inhibitory(cell: Cell) -> Port:
    leak = cell.factor(cell.number("decay_v"))
    return _membrane(cell, leak, cell.r(cell.spread(1.0), leak), cell.number("v_rest"), cell.number("v_th"), cell.number("v_reset"), "hard")


def _integrate(cell: Cell) -> Port:
    """`v = V + R I`, a threshold and a reset."""
    model = cell.model
    gain = cell.number("R") if isinstance(model, n.IF) else cell.spread(1.0)
    reset = model.reset if isinstance(model, n.IF) else "hard"
    if isinstance(model, n.IF):
        cell.refractory()
    # An integrator begins at 0, and may be counted from anywhere.
    first = cell.start("V")
    v_th, v_reset = cell.number("v_th") - first, cell.number("v_reset") - first
    r = gain / (cell.dt / 1000)
    if cell.hard(reset):
        return _one(cell.node("IF", r=r, v_threshold=v_th, v_reset=v_reset), "O")
    if first.any() and "V" in cell.read:
        raise Refusal("V does not begin at 0, as that of NIR's I does.")
    return _apart(cell, "I", {"r": r}, v_th, v_reset, reset, 1 / gain)


def _integrator(cell: Cell) -> Port:
    cell.begins(0.0)
    return _one(cell.node("I", r=cell.spread(1.0) / (cell.dt / 1000)), "V")


def _leaky_integrator(cell: Cell) -> Port:
    model, tau = cell.model, cell.number("tau_m")
    leak = cell.exact(tau) if model.integrator == "exact" else cell.euler(tau)
    cell.begins(cell.number("v_rest"))
    r = cell.number("gain") if model.held else cell.r(cell.number("gain"), leak)
    return _one(cell.node("LI", tau=cell.tau(leak), r=r, v_leak=cell.number("v_rest")), "V")


def _threshold(cell: Cell) -> Port:
    return _one(cell.node("Threshold", threshold=cell.number("v_th")), "O")


def _no_compat(cell: Cell) -> None:
    if cell.model.compat:
        raise Refusal("it has SPAIC's order of equations, compat=True, which NIR cannot say: leave compat out.")


def _two_traces(cell: Cell) -> tuple[Leak, Leak, np.ndarray]:
    """The decays of the two traces of `clif`, and their gain."""
    slow, fast = cell.number("tau_p"), cell.number("tau_q")
    if cell.model.V0 is not None:
        return cell.exact(slow), cell.exact(fast), cell.number("V0")
    beta = slow / fast
    if (np.abs(beta - 1) < 1e-3).any():
        raise Refusal("tau_p and tau_q are nearly equal, so that their traces grow without bound: take them further apart.")
    return cell.exact(slow), cell.exact(fast), beta ** (beta / (beta - 1)) / (beta - 1)


def _fired(cell: Cell, parts: dict[str, tuple[Leak, np.ndarray]], spikes: str) -> None:
    """Traces of the spikes, each of which comes to the threshold with a gain a step after the spike."""
    for part, (leak, gain) in parts.items():
        scale = cell.node("Scale", f"{part}.gain", scale=gain)
        trace = cell.leaky(leak, cell.spread(1.0), part)
        cell.loop((spikes, scale), (scale, trace), (trace, spikes))


def _current_traces(cell: Cell) -> Port:
    """`clif` and `aclif`: two traces of the input, and traces of the spikes that lower them."""
    cell.composed("its potential is a sum of traces")
    cell.begins(0.0)
    slow, fast, gain = _two_traces(cell)
    v_th = cell.number("v_th")
    lowered = {"E": (cell.exact(cell.number("tau_m")), -v_th)}
    if isinstance(cell.model, n.ACLIF):
        lowered["A"] = cell.exact(cell.number("tau_a")), -cell.number("beta_adaptive")
    return _traces(cell, {"M": (slow, gain), "S": (fast, -gain)}, v_th, lowered)


def _decay_traces(cell: Cell) -> Port:
    """`pclif`."""
    cell.composed("its potential is a sum of traces")
    cell.begins(0.0)
    slow, fast, v_th = cell.factor(cell.number("tau_m")), cell.factor(cell.number("tau_s")), cell.number("v_th")
    return _traces(cell, {"M": (slow, slow.keep), "S": (fast, -fast.keep)}, v_th, {"E": (slow, -v_th)})


def _traces(
    cell: Cell, taken: dict[str, tuple[Leak, np.ndarray]], v_th: np.ndarray, lowered: dict[str, tuple[Leak, np.ndarray]]
) -> Port:
    entries = tuple(cell.leaky(leak, gain, part) for part, (leak, gain) in taken.items())
    spikes = cell.node("Threshold", threshold=v_th)
    cell.draft.join(entries, [spikes], cell.name)
    _fired(cell, lowered, spikes)
    return Port(entries, {"O": spikes})


def _readout_of_traces(cell: Cell) -> Port:
    """`nonspikinglif`."""
    _no_compat(cell)
    cell.composed("its input is a sum of traces")
    cell.begins(0.0)
    slow, fast, gain = _two_traces(cell)
    entries = cell.leaky(slow, gain, "M"), cell.leaky(fast, -gain, "S")
    leak = cell.euler(cell.number("tau_m"))
    potential = cell.leaky(leak, leak.lose)
    cell.draft.join(entries, [potential], cell.name)
    return Port(entries, {"V": potential})


def _adaptive(cell: Cell) -> Port:
    """`alif`."""
    model, v_th = cell.model, cell.number("v_th")
    cell.refractory()
    if model.reset == "hard":
        raise Refusal("its threshold moves and its reset is 'hard', which no nodes of NIR say together: reset='soft' of alif can be written.")
    cell.composed("its threshold moves")
    cell.begins(0.0)
    leak = cell.exact(cell.number("tau_m"))
    membrane = cell.leaky(leak, cell.spread(1.0), "V")
    spikes = cell.node("Threshold", threshold=v_th)
    cell.draft.join([membrane], [spikes], cell.name)
    if model.reset == "soft":
        _subtract(cell, membrane, spikes, -(v_th - cell.number("v_reset")) * leak.keep)
    _fired(cell, {"A": (cell.exact(cell.number("tau_a")), -cell.number("beta"))}, spikes)
    return Port((membrane,), {"O": spikes})


def _recovering(cell: Cell) -> Port:
    """`adlif`."""
    cell.composed("its potential is adapted by another variable")
    cell.begins(0.0)
    alpha, beta = cell.exact(cell.number("tau_u")), cell.exact(cell.number("tau_w"))
    membrane = cell.leaky(alpha, alpha.lose, "V")
    spikes = cell.node("Threshold", threshold=cell.number("v_th"))
    cell.draft.join([membrane], [spikes], cell.name)
    _subtract(cell, membrane, spikes, -cell.number("v_th") * alpha.keep / alpha.lose)
    by_potential, by_spike = cell.node("Scale", "a", scale=-cell.number("a")), cell.node("Scale", "b", scale=-cell.number("b"))
    w = cell.leaky(beta, cell.spread(1.0), "w")
    cell.loop((membrane, by_potential), (by_potential, w), (w, membrane))
    cell.draft.join([spikes], [by_spike], cell.name)
    cell.draft.join([by_spike], [w], cell.name)
    return Port((membrane,), {"O": spikes})


def order_of(model: Any) -> str | None:
    """Whether a model with a synaptic current moves it before or after its potential; `None` where that is no question."""
    if isinstance(model, n.LIFM):
        return "input_first"
    if not isinstance(model, n.CubaLIF | n.CubaLI) or (model.held and model.integrator not in ("euler", "exponential_euler")):
        return None
    return model.order


def _current_based(cell: Cell) -> Port:
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
    if order is None and cell.form == "euler":
        raise Refusal("its input is held and both its equations are solved together, which forward Euler cannot say: form='exact' does.")
    together = order is None and model.integrator == "exact"
    if cell.form == "exact" and not together:
        cell.composed("by an exact solution NIR's synaptic current moves together with the potential, and this one does not", ", or form='euler' as one")
    hard = not spiking or cell.hard(reset)
    arrays: dict[str, Any]
    if not hard and reset == "soft" and together:
        raise Refusal("its reset is 'soft', and its input is held and solved exactly, which no nodes say together: held=False can be written.")
    if cell.form == "exact" and not together:
        entry = cell.leaky(current, share, "I")
        kinds, arrays = ("LIF", "LI"), {"tau": cell.tau(membrane), "r": cell.r(gain, membrane)}
        delayed = order == "voltage_first"
    else:
        entry, kinds, arrays = "", ("CubaLIF", "CubaLI"), {"tau_mem": cell.tau(membrane), "tau_syn": cell.tau(current)}
        arrays |= {"r": cell.number("R"), "w_in": cell.spread(1.0)} if together else {"r": cell.r(gain, membrane), "w_in": share / current.lose}
        delayed = order == "voltage_first" and cell.order == "input_first"
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
            _fired(cell, {"reset": (membrane, -(numbers["v_threshold"] - numbers["v_reset"]) * membrane.keep)}, spikes)
    way = _after_a_step(cell, path, delayed)
    if entry:
        cell.draft.join([entry], way, cell.name)
    return Port((entry,) if entry else way, exits)


def _after_a_step(cell: Cell, path: str, late: bool) -> tuple[str, ...]:
    """The way into a node, with a `Delay` of a step before it or not."""
    if not late:
        return (path,)
    delay = cell.node("Delay", "delay", delay=cell.spread(cell.dt / 1000))
    cell.draft.join([delay], [path], cell.name)
    return (delay,)


def _propagator(cell: Cell) -> tuple[Leak, Leak, np.ndarray]:
    """What a step of `cubalif` leaves of the potential and of the current, and what the current gives to the potential."""
    model, tau_m, tau_s, R = cell.model, cell.number("tau_m"), cell.number("tau_s"), cell.number("R")
    a, b = -cell.dt / tau_m, -cell.dt / tau_s
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


#: What writes each model. All others are refused.
WRITTEN: dict[type, Callable[[Cell], Port]] = {
    n.ACLIF: _current_traces,
    n.ALIF: _adaptive,
    n.AdLIF: _recovering,
    n.CLIF: _current_traces,
    n.ConstantCurrentLIF: _constant_current,
    n.CubaLI: _current_based,
    n.CubaLIF: _current_based,
    n.IF: _integrate,
    n.IFB: _integrate,
    n.IFSoftReset: _integrate,
    n.LIF: _lif,
    n.LIFM: _current_based,
    n.LIFSTDPIh: _diehl_inhibitory,
    n.LeakyIntegrator: _leaky_integrator,
    n.NonSpikingIFB: _integrator,
    n.NonSpikingLIF: _readout_of_traces,
    n.PCLIF: _decay_traces,
    n.PLIF: _parametric,
    n.Threshold: _threshold,
}


def written(cell: Cell) -> Port:
    """The nodes of a group.

    Raises:
        Refusal: a model that NIR cannot say.
    """
    write = WRITTEN.get(type(cell.model))
    if write is None:
        raise Refusal("NIR has no neuron with its equations: use one of lif, constantcurrentlif, cubalif, if and their like.")
    if cell.group.receptors:
        raise Refusal("NIR has no receptors: use cubalif, or a synapse type such as '1_order_synapse'.")
    return write(cell)


def constant(cell: Cell) -> np.ndarray:
    """The constant input that a model adds to that of its connections."""
    model = cell.model
    if isinstance(model, n.IFB | n.NonSpikingIFB):
        return cell.number("bias")
    return -cell.number("ConstantDecay") / cell.number("R") if isinstance(model, n.IF) else cell.spread(0.0)
