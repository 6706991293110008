"""A neuron model from the right-hand side of a differential equation."""

import dataclasses
from collections.abc import Callable, Collection, Hashable, Mapping
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax.neurons.base import First, Parameter, Range, SpikingModel, parameter
from spaic_jax.neurons.integrators import Integrator, advance, check_integrator
from spaic_jax.neurons.reset import replace
from spaic_jax.program.initial import as_initial


class _Frozen(dict[str, Any]):
    """A dictionary of hashable values that nothing changes, and that so has a hash itself."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ODE(SpikingModel):
    """A model whose state follows `x' = rhs(p, x, I)`, with the input held for the step.

    Where `threshold` is given, the first variable is compared with it and set to `reset` after a spike; with `reset=None` it
    is left alone, and a spike is where it rises above the threshold. Without a threshold there are no spikes, and the first
    variable is the output.

    Args:
        rhs: `rhs(p, x, current)` gives the derivatives, a mapping with one entry a state variable; `p` and `x` are
            namespaces, time is in ms. A pure function of arrays that treats neurons alike and apart, hashable, best
            defined at the top of a module: each new function is compiled anew.
        initial: first values, by variable; a number or how it is drawn.
        values: the parameters that `rhs` finds in `p`, a number or one number a neuron; a group may train them.
        threshold: the first variable's threshold, a parameter as well, or `None`.
        reset: where a spike puts the first variable, or `None`.
        integrator: `"euler"`, `"exponential_euler"` (each equation linearised about its own variable) or `"rk4"`.
        surrogate: surrogate gradient of the threshold; it passes the reset too.

    Such a model is made of a function, so a network with it cannot become a dictionary or a file.

    Raises:
        TypeError: an `rhs` that is no hashable function.
        ValueError: no variable, a name that is used twice, or derivatives that are not those of the state.

    >>> def leak(p, x, current):
    ...     return {"V": (current - x.V) / p.tau}
    >>> ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 10.0}, threshold=1.0, integrator="rk4").output
    'O'
    """

    rhs: Callable[[SimpleNamespace, SimpleNamespace, jax.Array], Mapping[str, jax.Array]]
    initial: Mapping[str, First]  # type: ignore[misc]
    values: Mapping[str, Parameter] = dataclasses.field(default_factory=dict, metadata={"role": "values"})
    threshold: Parameter = parameter(None)
    reset: Parameter = parameter(0.0)
    integrator: Integrator = "euler"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.rhs) or not isinstance(self.rhs, Hashable):
            raise TypeError(f"ODE: rhs must be a hashable function, not {self.rhs!r}.")
        if not self.initial:
            raise ValueError("ODE: initial must name at least one state variable.")
        check_integrator("ODE", self.integrator)
        names = [*self.initial, *self.values, *self.parameter_fields(), "O", "Isyn", "dt"]
        if twice := [name for name in (*self.initial, *self.values) if names.count(name) > 1]:
            raise ValueError(f"ODE: '{twice[0]}' already names something else.")
        for name, value in self.values.items():
            self._check(name, value, positive=False)
        object.__setattr__(self, "initial", _Frozen({name: as_initial(value) for name, value in self.initial.items()}))
        object.__setattr__(self, "output", next(iter(self.initial)) if self.threshold is None else "O")
        object.__setattr__(self, "spiking", self.threshold is not None)

    def _check(self, name: str, value: Any, positive: bool) -> None:
        if name != "reset" or value is not None:
            super()._check(name, value, positive)

    def parameters(self) -> dict[str, Parameter]:
        return {**super().parameters(), **self.values}

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        return (None, None) if name in self.values else super().bounds(name, dt, trained)

    def step(self, p: SimpleNamespace, state: SimpleNamespace, current: jax.Array) -> dict[str, jax.Array]:
        def derivatives(x: dict[str, jax.Array]) -> Mapping[str, jax.Array]:
            slopes = self.rhs(p, SimpleNamespace(**x), current)
            if set(slopes) != set(self.initial):
                raise ValueError(f"ODE: rhs must give the derivatives of {[*self.initial]}, not of {[*slopes]}.")
            return slopes

        new = advance(self.integrator, derivatives, vars(state), p.dt)
        if not hasattr(p, "threshold"):
            return new
        first = next(iter(self.initial))
        spikes = self.spike(new[first] - p.threshold)
        if not hasattr(p, "reset"):
            return new | {"O": jnp.where(getattr(state, first) > p.threshold, jnp.zeros_like(spikes), spikes)}
        return new | {first: replace(new[first], spikes, p.reset), "O": spikes}
