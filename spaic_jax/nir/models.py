"""The neuron models that NIR can say, each as the nodes that carry out its equations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from spaic_jax import neurons as n
from spaic_jax.nir.cells import Cell, Leak, Port
from spaic_jax.nir.currents import current_based
from spaic_jax.nir.draft import Refusal
from spaic_jax.nir.traces import adaptive, current_traces, decay_traces, readout_of_traces, recovering, subtract


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
    subtract(cell, membrane, spikes, -(v_th - v_reset) * taken)
    return Port((membrane,), {"O": spikes})


def _one(path: str, variable: str) -> Port:
    """One node."""
    return Port((path,), {variable: path})


def _lif(cell: Cell) -> Port:
    model, leak = cell.model, cell.exact(cell.number("tau_m"))
    return _membrane(cell, leak, cell.r(cell.spread(1.0), leak), cell.spread(0.0), cell.number("v_th"), cell.number("v_reset"), model.reset)


def _constant_current(cell: Cell) -> Port:
    model = cell.model
    cell.orthodox()
    leak = cell.exact(cell.number("tau_m")) if model.integrator == "exact" else cell.euler(cell.number("tau_m"))
    r, rest, v_th, v_reset = (cell.number(name) for name in ("R", "v_rest", "v_th", "v_reset"))
    return _membrane(cell, leak, r, rest, v_th, v_reset, model.reset)


def _parametric(cell: Cell) -> Port:
    cell.orthodox()
    tau = 1 + np.exp(-cell.number("w")) if cell.model.w is not None else cell.number("tau_m")
    leak, v_reset = Leak(1 - 1 / tau, 1 / tau, tau * cell.task.dt, "euler"), cell.number("v_reset")
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
    r = gain / (cell.task.dt / 1000)
    if cell.hard(reset):
        return _one(cell.node("IF", r=r, v_threshold=v_th, v_reset=v_reset), "O")
    if first.any() and "V" in cell.read:
        raise Refusal("V does not begin at 0, as that of NIR's I does.")
    return _apart(cell, "I", {"r": r}, v_th, v_reset, reset, 1 / gain)


def _integrator(cell: Cell) -> Port:
    cell.begins(0.0)
    return _one(cell.node("I", r=cell.spread(1.0) / (cell.task.dt / 1000)), "V")


def _leaky_integrator(cell: Cell) -> Port:
    model, tau = cell.model, cell.number("tau_m")
    leak = cell.exact(tau) if model.integrator == "exact" else cell.euler(tau)
    cell.begins(cell.number("v_rest"))
    r = cell.number("gain") if model.held else cell.r(cell.number("gain"), leak)
    return _one(cell.node("LI", tau=cell.tau(leak), r=r, v_leak=cell.number("v_rest")), "V")


def _threshold(cell: Cell) -> Port:
    return _one(cell.node("Threshold", threshold=cell.number("v_th")), "O")


#: What writes each model. All others are refused.
WRITTEN: dict[type, Callable[[Cell], Port]] = {
    n.ACLIF: current_traces,
    n.ALIF: adaptive,
    n.AdLIF: recovering,
    n.CLIF: current_traces,
    n.ConstantCurrentLIF: _constant_current,
    n.CubaLI: current_based,
    n.CubaLIF: current_based,
    n.IF: _integrate,
    n.IFB: _integrate,
    n.IFSoftReset: _integrate,
    n.LIF: _lif,
    n.LIFM: current_based,
    n.LIFSTDPIh: _diehl_inhibitory,
    n.LeakyIntegrator: _leaky_integrator,
    n.NonSpikingIFB: _integrator,
    n.NonSpikingLIF: readout_of_traces,
    n.PCLIF: decay_traces,
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
