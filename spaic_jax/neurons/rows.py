"""From a model to its variables and the rows of its step."""

from collections.abc import Collection, Iterable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.neurons.base import NeuronModel, first_of
from spaic_jax.neurons.equations import Equations, coefficients, model_coefficients, model_step
from spaic_jax.neurons.fields import Range, extremes
from spaic_jax.neurons.reparametrise import Reparametrisation, reparametrised
from spaic_jax.neurons.state import StateVariable
from spaic_jax.program import Context, Fragment, Initial, Op, Site, Variable
from spaic_jax.program.initial import as_initial
from spaic_jax.program.variable import Role

#: The longest time constant, in steps, of a state that half precision can hold.
_LONGEST_IN_HALF = 32


def model_rows(
    site: Site,
    context: Context,
    model: NeuronModel,
    *,
    reads: Mapping[str, str],
    trained: Collection[str] = (),
    ranges: Mapping[str, Range] | None = None,
    free: Mapping[str, Reparametrisation] | None = None,
) -> Fragment:
    """The variables of a model, the row of its coefficients, and the row of its step.

    Args:
        site: `site.name` is the prefix of the variables, `site.takes` the shape of one sample of the state, and
            `site.target` where the output `"O"` goes, if it is no variable of the model itself.
        context: of the lowering.
        model: what was declared.
        reads: the inputs that something writes, such as `"Isyn"`, and the read that gives each; the others are zero.
        trained: names of the parameters that are trained.
        ranges: lowest and highest values of parameters, in place of the model's own where they are not `None`.
        free: trained parameters that follow from a free number, the variable `"<parameter>_free"`, and how.

    Raises:
        ValueError: a parameter that does not fit the length of a step.
    """
    name, dt = site.name, context.dt
    try:
        model.extreme(dt).check_step(dt)
    except ValueError as error:
        raise ValueError(f"{'connection' if site.target else 'group'} '{name}': {error}") from error
    parameters = model.parameters()
    shapes = {key: site.takes if isinstance(value, Initial) else np.shape(value) for key, value in parameters.items()}
    variables, ops, initial = [], [], []
    for key, value in parameters.items():
        bounds = _within(model.bounds(key, dt, trained), (ranges or {}).get(key, (None, None)))
        full = f"{name}.{key}"
        role: Role = "parameter" if key in trained else "constant"
        if by := (free or {}).get(key):
            ops.append(Op(full, reparametrised, (f"{full}_free",), settings={"by": by, "dt": dt}))
            full, value, bounds = f"{full}_free", by.free(np.asarray(value), dt), by.bounds_of(bounds, dt)
        variables.append(Variable(full, shapes[key], role=role, init=as_initial(value), bounds=bounds, narrow=False))
    states = model.states()
    carried = tuple(states)
    results = (*carried, *model.shown, *(["O"] if model.output == "O" and "O" not in carried else []))
    own = tuple(s for s in results if not site.target or s != "O")
    for s in own:
        if s not in model.shown:
            v = states.get(s, StateVariable(0.0))
            value, narrow = model.begin(s), s == "O" or (not v.exact and _half_resolves(model, dt))
            source = model.begins(s)
            if isinstance(source, str) and source in parameters and isinstance(value, Initial):
                initial.append(Op(f"{name}.{s}", begun, (f"{name}.{s}", f"{name}.{source}")))
                value = 0.0
            init = first_of(value, site.takes)
            variables.append(Variable(f"{name}.{s}", site.takes, v.dtype, init=init, stay=v.stay, narrow=narrow, limit=v.limit))

    equations = Equations.of(model)
    structs = {key: jax.ShapeDtypeStruct(shape, np.float32) for key, shape in shapes.items()}
    made = jax.eval_shape(lambda given: coefficients(equations, given, dt), structs)
    paths, structure = jax.tree_util.tree_flatten_with_path(made)
    derived = tuple(jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths)
    if derived:
        settings = {"model": equations, "parameters": tuple(structs), "dt": dt}
        ops.append(
            Op(_full(name, derived), model_coefficients, _full(name, structs), name=f"{name}.coefficients", settings=settings)
        )
    taken = tuple(s for s in model.receives if s in reads)
    if not site.target and not taken and not any(v.narrow for v in variables if v.role == "state" and v.name != f"{name}.O"):
        carried = tuple(dict.fromkeys((*carried, "O")))  # its precision is that of the spikes
    settings = {
        "model": equations, "states": carried, "inputs": taken, "parameters": tuple(parameters), "coefficients": structure,
        "results": results, "dt": dt,
    }
    inputs = (*(["[step]"] if model.clocked else []), *_full(name, carried), *(reads[s] for s in taken), *_full(name, (*parameters, *derived)))
    outputs = tuple(f"{name}.{s}" if s in own else site.target for s in results)
    ops.append(Op(outputs, model_step, inputs, name=name, random=model.random, settings=settings))
    return Fragment(tuple(variables), tuple(ops), tuple(initial))


def _within(own: Range, wanted: Range) -> Range:
    """The bounds of a model, or those that are wanted where they are given."""
    low, high = (own[i] if wanted[i] is None else wanted[i] for i in (0, 1))
    return low, high


def _half_resolves(model: NeuronModel, dt: float) -> bool:
    """Whether states may be stored in half precision, which rounds away a change by less than about 1/256.

    Not if a step moves them too little, as far as the model's time constants say.
    """
    times = [extremes(value).max() for key, value in model.parameters().items() if "tau" in key]
    return bool(times) and bool(max(times) <= _LONGEST_IN_HALF * dt)


def begun(state: jax.Array, value: jax.Array) -> jax.Array:
    """A state that begins with what each neuron drew of a parameter."""
    return jnp.broadcast_to(value[None], state.shape).astype(state.dtype)


def _full(prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names)
