"""The neuron models whose spikes act back on them by traces, as compositions of nodes."""

import numpy as np

from spaic_jax import neurons as n
from spaic_jax.nir.cells import Cell, Leak, Port
from spaic_jax.nir.draft import Refusal


def subtract(cell: Cell, membrane: str, spikes: str, scale: np.ndarray) -> None:
    """What a spike gives to the membrane, one step later."""
    back = cell.node("Scale", "reset", scale=scale)
    cell.loop((membrane, spikes), (spikes, back), (back, membrane))


def _two_traces(cell: Cell) -> tuple[Leak, Leak, np.ndarray]:
    """The decays of the two traces of `clif`, and their gain."""
    slow, fast = cell.number("tau_p"), cell.number("tau_q")
    if cell.model.V0 is not None:
        return cell.exact(slow), cell.exact(fast), cell.number("V0")
    beta = slow / fast
    if (np.abs(beta - 1) < 1e-3).any():
        raise Refusal("tau_p and tau_q are nearly equal, so that their traces grow without bound: take them further apart.")
    return cell.exact(slow), cell.exact(fast), beta ** (beta / (beta - 1)) / (beta - 1)


def fired(cell: Cell, parts: dict[str, tuple[Leak, np.ndarray]], spikes: str) -> None:
    """Traces of the spikes, each of which comes to the threshold with a gain a step after the spike."""
    for part, (leak, gain) in parts.items():
        scale = cell.node("Scale", f"{part}.gain", scale=gain)
        trace = cell.leaky(leak, cell.spread(1.0), part)
        cell.loop((spikes, scale), (scale, trace), (trace, spikes))


def current_traces(cell: Cell) -> Port:
    """`clif` and `aclif`: two traces of the input, and traces of the spikes that lower them."""
    cell.composed("its potential is a sum of traces")
    cell.begins(0.0)
    slow, fast, gain = _two_traces(cell)
    v_th = cell.number("v_th")
    lowered = {"E": (cell.exact(cell.number("tau_m")), -v_th)}
    if isinstance(cell.model, n.ACLIF):
        lowered["A"] = cell.exact(cell.number("tau_a")), -cell.number("beta_adaptive")
    return _traces(cell, {"M": (slow, gain), "S": (fast, -gain)}, v_th, lowered)


def decay_traces(cell: Cell) -> Port:
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
    fired(cell, lowered, spikes)
    return Port(entries, {"O": spikes})


def readout_of_traces(cell: Cell) -> Port:
    """`nonspikinglif`."""
    cell.orthodox()
    cell.composed("its input is a sum of traces")
    cell.begins(0.0)
    slow, fast, gain = _two_traces(cell)
    entries = cell.leaky(slow, gain, "M"), cell.leaky(fast, -gain, "S")
    leak = cell.euler(cell.number("tau_m"))
    potential = cell.leaky(leak, leak.lose)
    cell.draft.join(entries, [potential], cell.name)
    return Port(entries, {"V": potential})


def adaptive(cell: Cell) -> Port:
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
        subtract(cell, membrane, spikes, -(v_th - cell.number("v_reset")) * leak.keep)
    fired(cell, {"A": (cell.exact(cell.number("tau_a")), -cell.number("beta"))}, spikes)
    return Port((membrane,), {"O": spikes})


def recovering(cell: Cell) -> Port:
    """`adlif`."""
    cell.composed("its potential is adapted by another variable")
    cell.begins(0.0)
    alpha, beta = cell.exact(cell.number("tau_u")), cell.exact(cell.number("tau_w"))
    membrane = cell.leaky(alpha, alpha.lose, "V")
    spikes = cell.node("Threshold", threshold=cell.number("v_th"))
    cell.draft.join([membrane], [spikes], cell.name)
    subtract(cell, membrane, spikes, -cell.number("v_th") * alpha.keep / alpha.lose)
    by_potential, by_spike = cell.node("Scale", "a", scale=-cell.number("a")), cell.node("Scale", "b", scale=-cell.number("b"))
    w = cell.leaky(beta, cell.spread(1.0), "w")
    cell.loop((membrane, by_potential), (by_potential, w), (w, membrane))
    cell.draft.join([spikes], [by_spike], cell.name)
    cell.draft.join([by_spike], [w], cell.name)
    return Port((membrane,), {"O": spikes})
