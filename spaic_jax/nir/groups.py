"""From nodes with a potential or a threshold to models of neurons."""

from typing import Any

import numpy as np

from spaic_jax.neurons import IF, ConstantCurrentLIF, CubaLI, CubaLIF, LeakyIntegrator, NeuronModel, Threshold
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.graph import Node
from spaic_jax.nir.kinds import TIMES


def model_of(node: Node, choices: Choices, impulses: bool) -> NeuronModel:
    """The model of a node; its input is that of the node, or where impulses come, their area and `held_as` of what is held.

    Args:
        node: one of `kinds.NEURONS`.
        choices: what NIR leaves open.
        impulses: whether impulses come.

    Raises:
        ValueError: parameters that the model cannot have, as the end of a sentence.
    """
    f, h, euler = node.fields, choices.step, choices.integrator == "euler"
    if node.kind == "Threshold":
        return Threshold(v_th=_own(f["threshold"]))
    for name in TIMES & set(f):
        if euler and (short := f[name] < h / 2).any():
            raise ValueError(
                f"'{name}' is {choices.ms(f[name])[short].min():g} ms, of which forward Euler makes growing oscillations at steps of"
                f" {choices.dt:g} ms: choose a smaller dt, or integrator='exact'."
            )
    spiking: dict[str, Any] = {}
    if "v_threshold" in f:
        if not (f["v_reset"] < f["v_threshold"]).all():
            worst = np.argmax(f["v_reset"] - f["v_threshold"])
            raise ValueError(
                f"'v_reset' must lie below 'v_threshold', but is {f['v_reset'].flat[worst]:g} where that is"
                f" {f['v_threshold'].flat[worst]:g}."
            )
        spiking = {"v_th": _own(f["v_threshold"]), "v_reset": _own(f["v_reset"]), "reset": choices.reset}
    if node.kind in ("I", "IF"):
        return IF(R=f["r"] * (1.0 if impulses else h), **spiking or {"reset": "none"})
    tau, rest = _own(choices.ms(f.get("tau", f.get("tau_mem")))), _own(f["v_leak"])
    if node.kind == "LI":
        gain = f["r"] / f["tau"] if impulses else _own(f["r"])
        return LeakyIntegrator(tau_m=tau, gain=gain, v_rest=rest, held=not impulses, integrator=choices.integrator)
    if node.kind == "LIF":
        return ConstantCurrentLIF(
            tau_m=tau, v_rest=rest, R=f["r"] / held_as(node, choices) if impulses else _own(f["r"]),
            integrator=choices.integrator, **spiking,
        )
    kind = CubaLIF if node.kind == "CubaLIF" else CubaLI
    # A current held for a step and an exact solution leave no order.
    order: dict[str, Any] = {"order": choices.order} if impulses or euler else {}
    return kind(
        tau_m=tau, tau_s=_own(choices.ms(f["tau_syn"])), v_rest=rest, R=f["r"] * f["w_in"] / (f["tau_syn"] if impulses else 1.0),
        held=not impulses, integrator=choices.integrator, **order, **spiking,
    )


def held_as(node: Node, choices: Choices) -> float | np.ndarray | None:
    """The area of an impulse that stands for a current of 1 held for a step; `None` where none does.

    An area of 1 gives `r / tau`; a current of 1 gives `r h / tau` by Euler and `r (1 - exp(-h / tau))` exactly.
    """
    if choices.integrator == "euler" or node.kind in ("I", "IF"):
        return choices.step
    if node.kind in ("CubaLI", "CubaLIF"):
        return None
    tau: np.ndarray = node.fields["tau"]
    return -tau * np.expm1(-choices.step / tau)


def rounded_fields(model: NeuronModel) -> list[Any]:
    """The numbers of a model that float32 will hold."""
    return [value for name, value in model.parameters().items() if name not in ("ConstantDecay", "t_ref")]


def _own(value: Any) -> np.ndarray:
    """An array of its own, one number a neuron."""
    return np.array(value, np.float64)
