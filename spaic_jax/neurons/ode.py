"""A neuron model from the right-hand side of a differential equation."""

import dataclasses
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.neurons.fields import Range, Value, extremes, parameter
from spaic_jax.neurons.integrators import (
    STABLE,
    Derivatives,
    Integrator,
    advance,
    check_integrator,
    check_stable,
    diffused,
    linearised,
)
from spaic_jax.neurons.named import Frozen, NamedModel
from spaic_jax.neurons.refractory import RefractoryModel
from spaic_jax.neurons.state import StateVariable
from spaic_jax.program import Constant, Initial

#: Fields that are a number, and so a parameter, or a function, and so a choice.
_RULES = ("threshold", "reset")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ODE(NamedModel, RefractoryModel):  # type: ignore[misc]  # its State is that of the names
    """A model whose state follows `x' = rhs(p, x, I)`, with the input held for the step.

    Where there is a `threshold`, the first variable is compared with it after each step; beyond it there is a spike, and
    `reset` says what that changes. Where the first variable is not reset, a spike is where it rises above the threshold.
    Without a threshold there are no spikes, and the first variable is the output. Where the first variable is reset, `rhs`
    sees it no higher than the threshold: a stage of `"rk4"` beyond it tells the other variables nothing.

    `rhs`, and `threshold` and `reset` where they are functions, get two namespaces: `p`, the parameters and `dt`, and `x`,
    the state. They are pure functions of arrays that treat neurons alike and apart, hashable, best defined at the top of a
    module: each new function is compiled anew. Time is in ms.

    Args:
        rhs: `rhs(p, x, current)` gives the derivatives, a mapping with one entry a state variable; with several `inputs`
            it is `rhs(p, x, first, second, ...)`.
        initial: first values, by variable; a number or how it is drawn.
        values: the parameters that `rhs` finds in `p`, a number or one number a neuron; a group may train them.
        inputs: names of what connections write, in the order in which `rhs` gets it. An input is a rate for the step: what is
            to jump by `w` in all, such as a conductance, has the derivative `w / p.dt`. `"t"` is the time at which the
            step begins, ms, since the variables were made, which no connection writes: float32 tells 0.01 ms apart up
            to about two minutes.
        threshold: what the first variable is compared with: a number, which is a parameter as well, or `threshold(p, x)`, or
            `None`.
        reset: where a spike puts the first variable, a number, or `reset(p, x)`, which gives the new value of each variable
            that a spike changes, or `None`.
        t_ref: refractory period, ms, in whole steps, in which there is no spike, and the first variable is held if it
            is reset: see `RefractoryModel`.
        noise: white noise by variable: `x' = rhs + sigma xi`, `sigma` a number or the name of one of `values`, in units of
            the variable per square root of a ms, independent for each neuron and sample. Runs then need a key.
        limits: by variable the largest size that has any sense in its unit, such as 1e4 for a potential in mV: a run beyond it
            has diverged. Without one it is 1e12.
        integrator: see `spaic_jax.neurons.integrators.advance`: `"euler"`, of order 1, `"exponential_euler"`, of order 2 for
            one equation and 1 for several, `"heun"` or `"strang"`, of order 2, or `"rk4"`, of order 4. With `"euler"` noise
            is Euler and Maruyama's; with the others it decays within the step as its variable does, which is exact for a
            linear equation.
        detach_reset: let no gradient pass the reset.
        surrogate: surrogate gradient of the threshold; it passes the reset too, unless it is detached.

    Such a model is made of a function, so a network with it cannot become a dictionary or a file.

    Raises:
        TypeError: a function that is not hashable.
        ValueError: no variable, a name that is used twice, noise of an unknown variable or of negative size, a limit of an
            unknown variable or one that is not positive, a refractory
            period without a threshold; derivatives that are not those of the state or of another shape, a reset of an unknown
            variable; at build, a dt that `integrator` is not stable at for a variable's decay where the run begins,
            without input.

    >>> def leak(p, x, current):
    ...     return {"V": (current - x.V) / p.tau}
    >>> ODE(rhs=leak, initial={"V": 0.0}, values={"tau": 10.0}, threshold=1.0, integrator="rk4").output
    'O'

    An adaptive threshold, two inputs, a refractory period and noise:

    >>> def adaptive(p, x, current, g):
    ...     return {"V": (current + g * (p.E - x.V) - x.V) / p.tau, "theta": -x.theta / p.tau_theta}
    >>> model = ODE(
    ...     rhs=adaptive, initial={"V": 0.0, "theta": 0.0}, values={"E": 5.0, "tau": 10.0, "tau_theta": 50.0},
    ...     inputs=("Isyn", "g_exc"), threshold=lambda p, x: 1.0 + x.theta,
    ...     reset=lambda p, x: {"V": 0.0 * x.V, "theta": x.theta + 0.2}, t_ref=2.0, noise={"V": 0.1}, integrator="strang",
    ... )
    >>> model.receives, sorted(model.states())
    (('Isyn', 'g_exc'), ['V', 'refrac', 'theta'])
    """

    rhs: Callable[..., Mapping[str, jax.Array]]
    inputs: Sequence[str] = ("Isyn",)
    threshold: Any = parameter(None)
    reset: Any = parameter(0.0)
    noise: Mapping[str, float | str] = dataclasses.field(default_factory=dict)
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    integrator: Integrator = "euler"

    def __post_init__(self) -> None:
        rules = {name: getattr(self, name) for name in _RULES if _is_rule(getattr(self, name))}
        super().__post_init__()
        for name, rule in rules.items():
            object.__setattr__(self, name, rule)
        for name, function in {"rhs": self.rhs, **rules}.items():
            if not callable(function) or not isinstance(function, Hashable):
                raise TypeError(f"ODE: {name} must be a hashable function, not {function!r}.")
        if not self.initial:
            raise ValueError("ODE: initial must name at least one state variable.")
        check_integrator("ODE", self.integrator)
        object.__setattr__(self, "inputs", tuple(self.inputs))
        own = [*self.initial, *self.values, *(name for name in self.inputs if name != "t")]
        names = [*own, *self.parameter_fields(), "O", "refrac", "dt", "t"]
        if twice := [name for name in own if names.count(name) > 1]:
            raise ValueError(f"ODE: '{twice[0]}' already names something else.")
        if self.threshold is None and np.any(self.t_ref):
            raise ValueError(f"ODE: t_ref is {self.t_ref!r}, but without a threshold there is no spike for it to follow.")
        object.__setattr__(self, "noise", Frozen({name: self._sigma(name, size) for name, size in self.noise.items()}))
        if unlimited := [name for name in self.limits if name not in self.initial]:
            raise ValueError(f"ODE: {unknown('variable of limits', unlimited[0], self.initial)}")
        limits = {name: real(limit, f"ODE: limit of {name}", above=0) for name, limit in self.limits.items()}
        object.__setattr__(self, "limits", Frozen(limits))

    def _sigma(self, name: str, size: object) -> float | str:
        """The size of a variable's noise: a number, or the name of a parameter."""
        if name not in self.initial:
            raise ValueError(f"ODE: {unknown('variable of noise', name, self.initial)}")
        if isinstance(size, str):
            if size not in self.values:
                raise ValueError(f"ODE: {unknown(f'parameter of the noise of {name}', size, self.values)}")
            if (extremes(self.values[size]) < 0).any():
                raise ValueError(f"ODE: {size}, the noise of {name}, must not be negative, not {self.values[size]!r}.")
            return size
        number = real(size, f"ODE: noise of {name}")
        if number < 0:
            raise ValueError(f"ODE: noise of {name} must not be negative, not {size!r}.")
        return number

    @property
    def receives(self) -> tuple[str, ...]:  # type: ignore[override]
        """What connections may write."""
        return tuple(name for name in self.inputs if name != "t")

    @property
    def clocked(self) -> bool:  # type: ignore[override]
        """Whether the time is among the inputs."""
        return "t" in self.inputs

    @property
    def random(self) -> bool:  # type: ignore[override]
        """Whether there is noise."""
        return bool(self.noise)

    @property
    def output(self) -> str:  # type: ignore[override]
        """The spikes, or the first variable where there is no threshold."""
        return next(iter(self.initial)) if self.threshold is None else "O"

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        """Whether there is a threshold."""
        return self.threshold is not None

    def _check(self, name: str, value: object, positive: bool) -> None:
        if name not in _RULES or not (value is None or _is_rule(value)):
            super()._check(name, value, positive)

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        if name in self.values:
            return (0.0 if name in self.noise.values() else None, None)
        return super().bounds(name, dt, trained)

    def states(self) -> dict[str, StateVariable]:
        left = RefractoryModel.State.names()["refrac"]
        own = {name: dataclasses.replace(v, limit=self.limits.get(name)) for name, v in super().states().items()}
        return own | ({"refrac": left} if left and np.any(self.t_ref) else {})

    def parameters(self) -> dict[str, Value]:
        return {name: value for name, value in super().parameters().items() if not _is_rule(value)}

    def choices(self) -> dict[str, Any]:
        return super().choices() | {name: rule for name in _RULES if _is_rule(rule := getattr(self, name))}

    @classmethod
    def in_a_run(cls, choices: Mapping[str, Any], parameters: Mapping[str, Any], **known: Any) -> Self:
        model = super().in_a_run(choices, parameters, **known)
        vars(model).update({name: choices[name] for name in _RULES if name in choices})
        return model

    def check_step(self, dt: float) -> None:
        super().check_step(dt)
        firsts = {name: first.value for name, first in self.initial.items() if isinstance(first, Constant)}
        if self.integrator not in STABLE or len(firsts) < len(self.initial):
            return
        values = {name: np.asarray(value, float) for name, value in self.parameters().items()}
        shape = np.broadcast_shapes((1,), *map(np.shape, values.values()))
        with jax.ensure_compile_time_eval():
            # As in a run: states with a batch axis, and a parameter of each neuron with one of size one.
            zero = jnp.zeros((1, *shape))
            given = {name: jnp.asarray(value[None] if value.ndim else value, zero.dtype) for name, value in values.items()}
            model = self.in_a_run(self.choices(), given, dt=dt, t=jnp.zeros((), zero.dtype))
            derivatives = model._derivatives([zero] * len(self.receives))
            x = {name: zero + first for name, first in firsts.items()}
            decays = {name: np.maximum(-np.asarray(linearised(derivatives, x, name)[1]), 1e-30) for name in x}
        times = {f"the time constant of {name} where it begins": 1 / decay for name, decay in decays.items()}
        check_stable(self.integrator, dt, times)

    def step(self, state: Any, *inputs: Any) -> NamedModel.State:
        first, x = next(iter(self.initial)), {name: getattr(state, name) for name in self.initial}
        state = RefractoryModel.State.of({"refrac": getattr(state, "refrac", None)})
        slopes = self._derivatives(inputs[: len(self.receives)])
        replaces = self.threshold is not None and first in self._changes(x)
        if replaces:
            slopes = self._held(slopes, first, state)
        new = advance(self.integrator, slopes, x, self.dt)
        if self.random:
            sizes = {name: self.values[size] if isinstance(size, str) else size for name, size in self.noise.items()}
            kicks = diffused(self.integrator, slopes, x, self.dt, sizes, inputs[-1])
            if replaces and first in kicks:
                kicks[first] = self.free(state, kicks[first], 0.0)
            new = {name: value + kicks[name] if name in kicks else value for name, value in new.items()}
        if self.threshold is None:
            return self.State(new)
        above = new[first] - self._limit(new)
        if not replaces:
            above = jnp.where(x[first] > self._limit(x), -jnp.ones_like(above), above)
        spikes, refrac = self.fire(state, above)
        new |= {name: self.replaced(new[name], spikes, value) for name, value in self._changes(new).items()}
        return self.State(new | {"O": spikes} | ({} if refrac is None else {"refrac": refrac}))

    def _held(self, derivatives: Derivatives, first: str, state: RefractoryModel.State) -> Derivatives:
        """`derivatives` that see the first variable no higher than the threshold, and hold it in the refractory period."""

        def held(x: dict[str, jax.Array]) -> Mapping[str, jax.Array]:
            slopes = derivatives(x | {first: jnp.minimum(x[first], self._limit(x))})
            return {**slopes, first: self.free(state, slopes[first], 0.0)}

        return held

    @property
    def _p(self) -> SimpleNamespace:
        """What the functions find in `p`."""
        own = {name: getattr(self, name) for name in self.parameter_fields()}
        return SimpleNamespace(dt=self.dt, **own, **self.values)

    def _limit(self, x: dict[str, jax.Array]) -> jax.Array:
        """The threshold of a state."""
        limit: jax.Array = self.threshold(self._p, SimpleNamespace(**x)) if callable(self.threshold) else self.threshold
        return limit

    def _changes(self, x: dict[str, jax.Array]) -> Mapping[str, jax.Array]:
        """What a spike makes of a state: the new values of what it changes."""
        if not callable(self.reset):
            return {} if self.reset is None else {next(iter(self.initial)): self.reset}
        changes: Mapping[str, jax.Array] = self.reset(self._p, SimpleNamespace(**x))
        for name in changes:
            if name not in self.initial:
                raise ValueError(f"ODE: reset changes an {unknown('variable', name, self.initial)}")
        return changes

    def _derivatives(self, inputs: Sequence[jax.Array]) -> Derivatives:
        """`rhs` as a function of the state alone."""
        named = dict(zip(self.receives, inputs, strict=True)) | ({"t": self.t} if self.clocked else {})
        given = [named[name] for name in self.inputs]

        def derivatives(x: dict[str, jax.Array]) -> Mapping[str, jax.Array]:
            slopes = self.rhs(self._p, SimpleNamespace(**x), *given)
            if not isinstance(slopes, Mapping) or set(slopes) != set(self.initial):
                raise ValueError(f"ODE: rhs must give the derivatives of {[*self.initial]}, not {_told(slopes)}.")
            for name, slope in slopes.items():
                # One value does for all neurons, and one a neuron for all samples.
                fits = np.ndim(slope) == x[name].ndim and all(n in (1, m) for n, m in zip(np.shape(slope), x[name].shape, strict=True))
                if np.ndim(slope) and not fits:
                    raise ValueError(
                        f"ODE: the derivative of {name} has shape {np.shape(slope)}, but {name} has {x[name].shape}."
                    )
            return {name: jnp.broadcast_to(jnp.asarray(slope, x[name].dtype), x[name].shape) for name, slope in slopes.items()}

        return derivatives


def _is_rule(value: object) -> bool:
    """Whether it is a function, rather than a number, or how that is drawn."""
    return callable(value) and not isinstance(value, Initial)


def _told(slopes: object) -> str:
    return f"of {[*slopes]}" if isinstance(slopes, Mapping) else repr(slopes)
