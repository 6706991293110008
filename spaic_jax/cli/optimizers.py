"""Optimizers from a configuration: those of optax by name, with all that is put around them."""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import jax
import optax
import optax.contrib

from spaic_jax._errors import unknown
from spaic_jax._numbers import FLOAT32, real
from spaic_jax.cli.schedules import make_schedule
from spaic_jax.cli.settings import matching
from spaic_jax.program import Program
from spaic_jax.train.loop import initial_opt_state

if TYPE_CHECKING:
    from spaic_jax.cli.config.optimizer import Optimizer

#: Functions of optax that take a learning rate, but are no optimizer that a training by batches can use alone.
_OTHERS = (
    "galore",  # of matrices only
    "dpsgd",  # needs the gradient of each sample
    "noisy_sgd",  # needs a random key
    "optimistic_adam",  # is called optimistic_adam_v2 now
    "lbfgs", "sophia",  # call the loss themselves
    "schedule_free", "schedule_free_adamw", "schedule_free_sgd",  # their parameters are not those to evaluate
)


def _found(module: ModuleType) -> dict[str, Callable[..., optax.GradientTransformation]]:
    functions = {name: thing for name, thing in sorted(vars(module).items()) if isinstance(thing, FunctionType | functools.partial)}
    return {
        name: function
        for name, function in functions.items()
        if "learning_rate" in inspect.signature(function).parameters and not name.startswith(("_", "scale_by")) and name not in _OTHERS
    }


#: Keys beside the settings of an optimizer.
_AROUND = ("learning_rate", "schedule", "clip_norm", "clip_value", "accumulate", "apply_if_finite", "frozen", "parts")

#: Functions of optax that take a learning rate, as many as the installed version has.
OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = _found(optax.contrib) | _found(optax)


def make_optimizer(table: "Optimizer", updates: int, epoch: int, parameters: Collection[str]) -> optax.GradientTransformation:
    """The optimizer that a configuration describes.

    From the gradient to the update: parameters that are frozen are left out, updates that are not finite are skipped,
    gradients of several batches are averaged, their elements and then their norm are clipped, and each part of the parameters
    goes through its optimizer.

    Args:
        table: what it says.
        updates: number of updates in all, over which a schedule falls.
        epoch: number of updates of an epoch.
        parameters: names of all that is trained.

    Raises:
        ValueError: an unknown name or setting, or one that does not fit, in one sentence that begins with its key.

    >>> from spaic_jax.cli.config.optimizer import Optimizer
    >>> table = Optimizer(name="sgd", learning_rate=0.1, schedule="cosine", momentum=0.9)
    >>> make_optimizer(table, 10, 5, ["a.weight"]).init({"a.weight": jax.numpy.zeros(2)})[1].count.item()
    0
    """
    every = table.accumulate or 1
    count, length = max(1, updates // every), epoch / every
    frozen = set() if table.frozen is None else matching(table.frozen, parameters, "frozen")
    trained = [name for name in parameters if name not in frozen]
    if not trained:
        raise ValueError("frozen: nothing is left that is trained.")
    inner = _parts(table, count, length, parameters, trained)
    clips = [optax.clip(table.clip_value)] if table.clip_value is not None else []
    clips += [optax.clip_by_global_norm(table.clip_norm)] if table.clip_norm is not None else []
    optimizer = optax.chain(*clips, inner) if clips else inner
    if every > 1:
        steps = optax.MultiSteps(optimizer, every)
        # Its own form as a transformation would not pass on the loss, which a plateau asks for.
        optimizer = optax.GradientTransformationExtraArgs(steps.init, steps.update)
    if table.apply_if_finite is not None:
        optimizer = optax.apply_if_finite(optimizer, table.apply_if_finite)
    if frozen:
        labels = {name: "frozen" if name in frozen else "trained" for name in parameters}
        optimizer = optax.multi_transform({"trained": optimizer, "frozen": optax.set_to_zero()}, labels)
    return optimizer


def _parts(
    table: "Optimizer", updates: int, epoch: float, parameters: Collection[str], trained: Collection[str]
) -> optax.GradientTransformation:
    """The optimizer of what is trained: one, or one for each part of it and for the rest."""
    base = {"name": table.name, "learning_rate": table.learning_rate, "schedule": table.schedule, **(table.model_extra or {})}
    labels: dict[str, str] = {}
    tables = {}
    for number, part in enumerate(table.parts or ()):
        key = f"parts.{number}"
        names = matching(part.parameters, trained, f"{key}.parameters")
        labels = {**dict.fromkeys(names, key), **labels}
        own = {**part.model_dump(exclude={"parameters"}, exclude_none=True), **(part.model_extra or {})}
        # Settings of one optimizer are none of another.
        inherited = base if part.name in (None, table.name) else {key: base[key] for key in ("learning_rate", "schedule")}
        tables[key] = inherited | own
    if not tables:
        return _one(base, updates, epoch, parameters, "")
    if labels.keys() != set(trained):
        tables[""] = base
    made = {key: _one(each, updates, epoch, parameters, f"{key}." if key else "") for key, each in tables.items()}
    # Those that are frozen need a label too, though nothing comes of it.
    return optax.multi_transform(made, {name: labels.get(name, next(reversed(made))) for name in parameters})


def _one(
    table: Mapping[str, Any], updates: int, epoch: float, names: Collection[str], where: str
) -> optax.GradientTransformation:
    """An optimizer of optax, its schedule, and weight decay where it has none of its own; `where` begins a sentence."""
    name, rate = table["name"], table["learning_rate"]
    if name not in OPTIMIZERS:
        raise ValueError(f"{where}name: {unknown('optimizer', name, OPTIMIZERS)}")
    function = OPTIMIZERS[name]
    signature = inspect.signature(function).parameters
    known = [key for key in signature if key != "learning_rate"]
    added = [] if {"weight_decay", "weight_decay_rate"} & set(known) else ["weight_decay", "mask"]
    settings: dict[str, Any] = {}
    decay: dict[str, Any] = {}
    for key, value in table.items():
        if key in ("name", "learning_rate", "schedule"):
            continue
        if key not in known and key not in added:
            raise ValueError(f"{where}{key}: {unknown('key', key, [*known, *added, *_AROUND])}")
        default = signature[key].default if key in known else None
        (settings if key in known else decay)[key] = _setting(key, value, default, names)
    if missing := [key for key in known if signature[key].default is inspect.Parameter.empty and key not in settings]:
        raise ValueError(f"{where}{missing[0]} is missing: {name} needs it.")
    try:
        schedule = make_schedule(table["schedule"], rate, updates, epoch)
    except ValueError as error:
        raise ValueError(f"{where}schedule: {error}") from error
    before = [optax.add_decayed_weights(**decay)] if decay else []
    if isinstance(schedule, optax.GradientTransformation):
        return optax.chain(*before, function(rate, **settings), schedule)
    # A number rather than a schedule that is constant: an optimizer keeps less then.
    optimizer = function(rate if table["schedule"] == "constant" else schedule, **settings)
    return optax.chain(*before, optimizer) if before else optimizer


def _setting(key: str, value: Any, default: Any, names: Collection[str]) -> Any:
    """The argument of optax that a value of a configuration stands for; `key` begins the sentence of an error."""
    if key.endswith("mask") and not isinstance(value, bool):
        chosen = matching(value, names, key)
        return {name: name in chosen for name in names}
    if isinstance(value, bool) or (isinstance(value, str) and (isinstance(default, str) or key.endswith("dtype"))):
        return value
    if isinstance(value, list) and isinstance(default, tuple):
        return tuple(real(each, key, least=-FLOAT32, most=FLOAT32) for each in value)
    if not isinstance(value, int | float):
        raise ValueError(f"{key}: a number, true or false is needed, not {value!r}.")
    real(value, key, least=-FLOAT32, most=FLOAT32)
    return value


def check_optimizer(optimizer: optax.GradientTransformation, program: Program) -> None:
    """Let an optimizer see the parameters of a program, without computing anything: settings that do not fit raise."""
    params = {v.name: jax.ShapeDtypeStruct(v.shape, v.dtype) for v in program.of_role("parameter")}

    def update(params: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            extra = optax.with_extra_args_support(optimizer)
            return extra.update(params, initial_opt_state(optimizer, params), params, value=jax.numpy.float32(0))

    jax.eval_shape(update, params)
