"""From a model to its variables and the rows of its step."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.neurons.base import ModelFunction, NeuronModel, Range
from spaic_jax.program import Op, Variable
from spaic_jax.program.initial import as_initial


def model_rows(
    name: str,
    model: NeuronModel,
    shape: tuple[int, ...],
    dt: float,
    reads: Mapping[str, str],
    *,
    target: str | None = None,
    trained: Collection[str] = (),
    ranges: Mapping[str, Range] | None = None,
) -> tuple[list[Variable], list[Op]]:
    """The variables of a model, the row of its coefficients, and the row of its step.

    Args:
        name: prefix of the variables.
        model: what was declared.
        shape: shape of one sample of the state.
        dt: length of a step, ms.
        reads: the inputs that something writes, such as `"Isyn"`, and the read that gives each; the others are zero.
        target: where the output `"O"` goes, if it is no variable of the model itself.
        trained: names of the parameters that are trained.
        ranges: lowest and highest values of trained parameters, instead of the model's own.
    """
    try:
        model.check_step(dt)
    except ValueError as error:
        raise ValueError(f"group '{name}': {error}") from error
    parameters = model.parameters()
    variables = []
    for key, value in parameters.items():
        is_trained = key in trained
        variables.append(
            Variable(
                f"{name}.{key}", np.shape(value), role="parameter" if is_trained else "constant", init=as_initial(value),
                bounds=(ranges or {}).get(key, model.bounds(key) if is_trained else (None, None)),
            )
        )
    results = (*model.initial, *(["O"] if model.output == "O" and "O" not in model.initial else []))
    states = tuple(s for s in results if target is None or s != "O")
    variables += [
        Variable(f"{name}.{s}", shape, model.dtypes.get(s, "float32"), init=as_initial(model.first(s)), stay=s in model.stay)
        for s in states
    ]

    structs = {key: jax.ShapeDtypeStruct(np.shape(value), jnp.float32) for key, value in parameters.items()}
    probe = ModelFunction.of(model, "coefficients", tuple(structs), (), dt)
    derived = tuple(sorted(jax.eval_shape(lambda s: probe.values(*s.values()), structs)))
    ops = []
    if derived:
        function = dataclasses.replace(probe, results=derived)
        ops.append(Op(_full(name, derived), function, _full(name, structs), name=f"{name}.coefficients"))
    taken = tuple(s for s in model.receives if s in reads)
    others = (*(key for key in parameters if key not in derived), *derived)
    step = ModelFunction.of(model, "step", (*model.initial, *taken, *others), results, dt)
    inputs = (*_full(name, model.initial), *(reads[s] for s in taken), *_full(name, others))
    outputs = tuple(f"{name}.{s}" if s in states else str(target) for s in results)
    ops.append(Op(outputs, step, inputs, name=name, random=model.random))
    return variables, ops


def _full(prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names)
