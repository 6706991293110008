"""A neuron model written as rows of an op list, or as one function of named variables."""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from spaic_jax._errors import unknown
from spaic_jax._shapes import PerNeuron
from spaic_jax.neurons.base import coefficient
from spaic_jax.neurons.fields import Numbers, Range, as_numbers, extremes
from spaic_jax.neurons.integrators import check_stable
from spaic_jax.neurons.named import NamedModel
from spaic_jax.ops import threshold
from spaic_jax.program import Op
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import UPDATED, as_op
from spaic_jax.surrogate import Surrogate

EquationType = Literal["iterative", "euler_iterative", "exp_euler_iterative"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RowsModel(NamedModel):
    """A neuron model whose step is a list of rows: see `rows_model`, which makes it.

    Attributes:
        rows: the rows of one step.
        initial, values: see `NamedModel`.
        equation_type: what stands in a row for a parameter whose name holds `tau`.
        add_threshold: whether `O = H(V - Vth)` follows the rows.
    """

    rows: tuple[Op, ...]
    equation_type: EquationType = "iterative"
    add_threshold: bool = True

    @property
    def output(self) -> str:  # type: ignore[override]
        """The spikes, or the first state of a model without."""
        written = {name for row in self.rows for name in row.outputs}
        return "O" if self.add_threshold or "O" in written else next(iter(self.initial))

    def bounds(self, name: str, dt: float, trained: Collection[str] = ()) -> Range:
        # One that stands as dt / tau or exp(-dt / tau) is a time constant.
        timed = "tau" in name and self.equation_type != "iterative"
        return (min(dt, float(extremes(self.parameters()[name]).min())), None) if timed else (None, None)

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        """Whether there are spikes."""
        return self.output == "O"

    @coefficient
    def rates(self) -> dict[str, jax.Array]:
        """What stands in a row for each time constant."""
        times = {name: tau for name, tau in self.values.items() if "tau" in name}
        if self.equation_type == "iterative":
            return {}
        if self.equation_type == "euler_iterative":
            return {name: self.dt / tau for name, tau in times.items()}
        return {name: jnp.exp(-self.dt / tau) for name, tau in times.items()}

    def check_step(self, dt: float) -> None:
        if self.equation_type == "euler_iterative":
            check_stable("euler", dt, {name: tau for name, tau in self.values.items() if "tau" in name})

    def step(self, state: NamedModel.State, current: PerNeuron) -> NamedModel.State:
        env = {**self.values, **self.rates, **vars(state), "Isyn": current, "Isyn" + UPDATED: current}
        states = {*self.initial, "O"}
        written: set[str] = set()
        for row in self.rows:
            if row.fn in ("threshold", threshold):
                row = dataclasses.replace(row, settings=(("surrogate", self.surrogate), *row.settings))
            for name, value in zip(row.outputs, call(row, (env[read] for read in row.inputs)), strict=True):
                read = name + UPDATED if name in states else name
                env[read] = env[read] + value if name in written else value
                written.add(name)
        if self.add_threshold:
            env["O" + UPDATED] = self.spike(env["V" + UPDATED] - env["Vth"])
            written.add("O")
        return self.State({name: env[name + UPDATED] for name in states & written})


def rows_model(
    rows: Sequence[Op | tuple[Any, ...]],
    variables: Mapping[str, ArrayLike],
    equation_type: EquationType = "iterative",
    add_threshold: bool = True,
    surrogate: Surrogate | str = "atan",
) -> RowsModel:
    """A neuron model from rows of an op list, for `NeuronGroup(num, model=rows_model(...))`.

    A row reads `"V"` as the previous step's value of a state, `"V[updated]"` as this step's, `"Isyn"` as this step's input
    current, a parameter by its name. Names that are written and not among `variables` are temporaries; several rows
    that write one name are summed. Arrays are `[B, *shape]`. A row of the op `threshold` spikes with the model's surrogate
    gradient.

    Args:
        rows: each an `Op`, or a tuple `(outputs, fn, inputs...)`.
        variables: first value of every state and value of every parameter. A name that rows write is a state. `"Isyn"` may
            be among them, as in SPAIC, with the value 0.
        equation_type: `"iterative"`: parameters stand in rows as they are; `"euler_iterative"`: one whose name holds `tau`
            (ms) stands as `dt / tau`, a step of forward Euler, for which dt must not exceed 2 tau; `"exp_euler_iterative"`:
            as `exp(-dt / tau)`.
        add_threshold: add `O = H(V - Vth)`, with this step's `V`; `variables` then holds `V` and `Vth`.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: a row that reads what nobody gives or writes an input, a random row, no state, no `V` or `Vth` for the
            threshold, a threshold beside rows that write `O`, a time constant that is not positive, an unknown equation
            type.

    Source: SPAIC, the op lists of its neuron models.

    >>> model = rows_model(
    ...     [("V", "var_linear", "tau_m", "V", "Isyn")], {"V": 0.0, "tau_m": 20.0, "Vth": 1.0}, "exp_euler_iterative"
    ... )
    >>> sorted(model.states()), sorted(model.parameters())
    (['V'], ['Vth', 'tau_m'])
    """
    if equation_type not in get_args(EquationType):
        raise ValueError(unknown("equation type", equation_type, get_args(EquationType)))
    ops = tuple(as_op(row) for row in rows)
    values = {name.removesuffix("[constant]"): value for name, value in variables.items()}
    for name in RowsModel.receives:
        if np.any(values.pop(name, 0)):
            raise ValueError(f"neuron model: {name} is an input, which begins at 0, not at {variables[name]!r}.")
    written = {name for op in ops for name in op.outputs}
    states = {name for name in values if name in written or name == "O"}
    known = {"Isyn", "Isyn" + UPDATED, *values}
    for number, op in enumerate(ops, 1):
        where = f"row {number} of the neuron model ({op})"
        if op.random:
            raise ValueError(f"{where} is random, but rows of a neuron model get no key.")
        for read in op.inputs:
            if read not in known:
                raise ValueError(f"{where}: {unknown('variable', read, known)}")
        if inputs := [name for name in op.outputs if name in RowsModel.receives]:
            raise ValueError(f"{where} writes {inputs[0]}, which is an input.")
        known |= {name + UPDATED if name in states or name == "O" else name for name in op.outputs}
    if not states:
        raise ValueError("a neuron model needs a state: a name in variables that a row writes.")
    numbers: dict[str, Numbers] = {}
    for name, value in values.items():
        given = as_numbers(value)
        if given is None or not np.isfinite(given).all() or (name in states and np.ndim(given)):
            needed = "a finite number" if name in states else "a finite number or an array"
            raise ValueError(f"neuron model: {name} must be {needed}, not {value!r}.")
        if "tau" in name and equation_type != "iterative" and name not in states and not (np.asarray(given) > 0).all():
            raise ValueError(f"neuron model: {name} must be positive, not {value!r}.")
        numbers[name] = given
    if add_threshold and not ("V" in states and "Vth" in values):
        raise ValueError(f"add_threshold needs a state V and a parameter Vth, but the variables are {sorted(values)}.")
    if add_threshold and "O" in written:
        raise ValueError("a row of the neuron model writes O already: add_threshold must be False then.")
    first = {name: float(value) for name, value in numbers.items() if name in states}
    constants = {name: value for name, value in numbers.items() if name not in states}
    return RowsModel(
        rows=ops, initial=first, values=constants, equation_type=equation_type,
        add_threshold=add_threshold, surrogate=surrogate,
    )


def custom_model(
    input_vars: Sequence[str],
    output_vars: Sequence[str],
    new_vars_dict: Mapping[str, ArrayLike],
    equation_type: EquationType = "iterative",
    add_threshold: bool = True,
    surrogate: Surrogate | str = "atan",
) -> Callable[[Callable[..., Any]], RowsModel]:
    """A decorator that makes a neuron model of one pure function: `rows_model` with a single row.

    Args:
        input_vars: what the function is called with, in order: reads as in a row. A function that spikes itself calls
            `spaic_jax.ops.threshold(v, v_th, surrogate)` or a surrogate: without one nothing is trained.
        output_vars: what it returns, in order.
        new_vars_dict: first value of every state and value of every parameter.
        equation_type: see `rows_model`.
        add_threshold: see `rows_model`.
        surrogate: surrogate gradient of the threshold.

    Raises:
        ValueError: as `rows_model`.

    Source: SPAIC, `NeuronGroup.custom_model`. Its `"ode"` is `"iterative"` here.

    >>> @custom_model(["V", "Isyn", "tau_m"], ["V"], {"V": 0.0, "tau_m": 10.0, "Vth": 1.0}, "euler_iterative")
    ... def leaky(v, current, rate):
    ...     return v + rate * (current - v)
    >>> leaky.output
    'O'
    """
    return lambda function: rows_model(
        [Op(output_vars, function, input_vars)], new_vars_dict, equation_type, add_threshold, surrogate
    )

