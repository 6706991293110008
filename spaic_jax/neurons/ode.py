"""A neuron model from the right-hand side of a differential equation."""

import dataclasses
from collections.abc import Callable, Collection, Hashable, Mapping
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.fields import OptionalParameter, Range, parameter
from spaic_jax.neurons.integrators import (
    STABLE,
    Derivatives,
    Integrator,
    advance,
    bounded,
    check_integrator,
    check_stable,
)
from spaic_jax.neurons.named import NamedModel
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.program.initial import Constant


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ODE(NamedModel, ResettingModel):
    """A model whose state follows `x' = rhs(p, x, I)`, with the input held for the step.

    Where `threshold` is given, the first variable is compared with it and set to `reset` after a spike; with `reset=None` it
    is left alone, and a spike is where it rises above the threshold. Without a threshold there are no spikes, and the first
    variable is the output. Where there is a reset, `rhs` sees the first variable no higher than the threshold: a stage of
    `"rk4"` beyond it tells the other variables nothing.

    Args:
        rhs: `rhs(p, x, current)` gives the derivatives, a mapping with one entry a state variable; `p` and `x` are
            namespaces, time is in ms. A pure function of arrays that treats neurons alike and apart, hashable, best
            defined at the top of a module: each new function is compiled anew.
        initial: first values, by variable; a number or how it is drawn.
        values: the parameters that `rhs` finds in `p`, a number or one number a neuron; a group may train them.
        threshold: the first variable's threshold, a parameter as well, or `None`.
        reset: where a spike puts the first variable, or `None`.
        integrator: `"euler"`, of order 1, `"exponential_euler"` (each equation linearised about its own variable; of order
            2 for one equation and 1 for several) or `"rk4"`, of order 4.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Such a model is made of a function, so a network with it cannot become a dictionary or a file.

    Raises:
        TypeError: an `rhs` that is no hashable function.
        ValueError: no variable, a name that is used twice, or derivatives that are not those of the state; at build, a dt
            that `integrator` is not stable at for a variable's decay where the run begins, without input.

    >>> def leak(p, x, current):
    ...     return {"V": (current - x.V) / p.tau}
    >>> ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 10.0}, threshold=1.0, integrator="rk4").output
    'O'
    """

    rhs: Callable[[SimpleNamespace, SimpleNamespace, jax.Array], Mapping[str, jax.Array]]
    threshold: OptionalParameter = parameter(None)
    reset: OptionalParameter = parameter(0.0)
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

    @property
    def output(self) -> str:  # type: ignore[override]
        """The spikes, or the first variable where there is no threshold."""
        return next(iter(self.initial)) if self.threshold is None else "O"

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        """Whether there is a threshold."""
        return self.threshold is not None

    def _check(self, name: str, value: object, positive: bool) -> None:
        if name != "reset" or value is not None:
            super()._check(name, value, positive)

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        return (None, None) if name in self.values else super().bounds(name, dt, trained)

    def check_step(self, dt: float) -> None:
        firsts = {name: first.value for name, first in self.initial.items() if isinstance(first, Constant)}
        if self.integrator not in STABLE or len(firsts) < len(self.initial):
            return
        values = {name: np.asarray(value, float) for name, value in self.parameters().items()}
        shape = np.broadcast_shapes((1,), *map(np.shape, values.values()))
        with jax.ensure_compile_time_eval():
            # As in a run: states with a batch axis, and a parameter of each neuron with one of size one.
            zero = jnp.zeros((1, *shape))
            given = {name: jnp.asarray(value[None] if value.ndim else value, zero.dtype) for name, value in values.items()}
            derivatives = self.in_a_run(self.choices(), given, dt=dt)._derivatives(zero)
            x = {name: zero + first for name, first in firsts.items()}

            def slope(name: str) -> jax.Array:
                return jax.jvp(lambda v: derivatives(x | {name: v})[name], (x[name],), (jnp.ones_like(zero),))[1]

            decays = {name: np.maximum(-np.asarray(slope(name)), 1e-30) for name in x}
        times = {f"the time constant of {name} where it begins": 1 / decay for name, decay in decays.items()}
        check_stable(self.integrator, dt, times)

    def step(self, state: NamedModel.State, current: PerNeuron) -> NamedModel.State:
        first = next(iter(self.initial))
        derivatives = self._derivatives(current)
        if self.threshold is not None and self.reset is not None:
            derivatives = bounded(derivatives, first, self.threshold)
        new = advance(self.integrator, derivatives, vars(state), self.dt)
        if self.threshold is None:
            return self.State(new)
        spikes = self.spike(new[first] - self.threshold)
        if self.reset is None:
            return self.State(new | {"O": jnp.where(vars(state)[first] > self.threshold, jnp.zeros_like(spikes), spikes)})
        return self.State(new | {first: self.replaced(new[first], spikes, self.reset), "O": spikes})

    def _derivatives(self, current: jax.Array) -> Derivatives:
        """`rhs` as a function of the state alone."""
        own = {name: getattr(self, name) for name in self.parameter_fields()}
        p = SimpleNamespace(dt=self.dt, **own, **self.values)

        def derivatives(x: dict[str, jax.Array]) -> Mapping[str, jax.Array]:
            slopes = self.rhs(p, SimpleNamespace(**x), current)
            if set(slopes) != set(self.initial):
                raise ValueError(f"ODE: rhs must give the derivatives of {[*self.initial]}, not of {[*slopes]}.")
            return slopes

        return derivatives
