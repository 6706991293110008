"""Settings as values that TOML and JSON can hold, and back."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.network.policy import POLICIES, ConnectPolicy
from spaic_jax.program import INITIALS, Given, Initial
from spaic_jax.surrogate import SURROGATES, Surrogate, resolve_surrogate
from spaic_jax.synapses import DELAYS, SYNAPSES, Synapse, SynapticDelay


def name_in(table: Mapping[str, type], value: object, path: str) -> str:
    """The name of an object's class in a table: the one most like the class' own name.

    Raises:
        ValueError: when it has none.
    """
    names = [name for name, kind in table.items() if kind is type(value)]
    if not names:
        known = ", ".join(sorted(table))
        raise ValueError(f"{path}: {type(value).__name__} has no name in the table, which holds {known}.")
    own = type(value).__name__.lower()
    return min(names, key=lambda name: (name.replace("_", "") != own, len(name)))


def settings_of(value: Any, path: str) -> dict[str, Any]:
    """The fields of a dataclass that are not `None`, as plain values.

    Raises:
        ValueError: a value that has no such form, or a `None` that would be read as something else.
    """
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for field in dataclasses.fields(value):
        if fields[field.name] is None and field.default not in (None, dataclasses.MISSING):
            raise ValueError(f"{path}.{field.name}: None has no form as a plain value; left out, it is {field.default!r}.")
    return {name: to_plain(setting, f"{path}.{name}") for name, setting in fields.items() if setting is not None}


def to_plain(value: Any, path: str) -> Any:
    """A setting as numbers, strings, booleans, lists and tables.

    Raises:
        ValueError: when it has no such form.
    """
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Surrogate):
        return {"name": name_in(SURROGATES, value, path), **settings_of(value, path)}
    if isinstance(value, Synapse):
        return {"name": name_in(SYNAPSES, value, path), **settings_of(value, path)}
    if isinstance(value, SynapticDelay):
        return {"kind": name_in(DELAYS, value, path), **settings_of(value, path)}
    if isinstance(value, ConnectPolicy):
        return {"policy": name_in(POLICIES, value, path), **settings_of(value, path)}
    if isinstance(value, Given):
        return value.value.tolist()
    if isinstance(value, Initial):
        return {"initial": name_in(INITIALS, value, path), **settings_of(value, path)}
    if isinstance(value, Mapping):
        return {name: to_plain(item, f"{path}.{name}") for name, item in value.items()}
    if isinstance(value, list | tuple) and not any(hasattr(item, "shape") for item in value):
        return [to_plain(item, path) for item in value]
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {value!r} has no form as a plain value.")
    return array.tolist()


def from_plain(field: dataclasses.Field[Any], value: Any, path: str) -> Any:
    """What a plain value stands for in a field: an array, an initial value, a surrogate, or itself.

    Raises:
        ValueError: an unknown name or key, with its path.
    """
    if field.name == "surrogate" and isinstance(value, Mapping):
        settings = {key: setting for key, setting in value.items() if key != "name"}
        if "name" not in value:
            raise ValueError(f"{path}.name is missing.")
        try:
            return resolve_surrogate(value["name"], **settings)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
    if field.metadata.get("sequence") and isinstance(value, list):
        return tuple(value)
    if isinstance(value, Mapping):
        settings = dict(value)
        name = settings.pop("initial", None)
        kind = INITIALS.get(name) if isinstance(name, str) else None
        if kind is None:
            raise ValueError(f"{path}.initial: {unknown('initial value', name, INITIALS)}")
        known = [entry.name for entry in dataclasses.fields(kind)]  # type: ignore[arg-type]
        for key, setting in settings.items():
            if key not in known:
                raise ValueError(f"{path}.{key}: {unknown('key', key, known)}")
            named = isinstance(setting, str) and isinstance(getattr(kind, key), str)
            number = isinstance(setting, int | float) and not isinstance(setting, bool) and math.isfinite(setting)
            if not (number or named):
                raise ValueError(f"{path}.{key}: a finite number is needed, not {setting!r}.")
        return kind(**settings)
    if isinstance(value, list) and field.type in (Any, "Any"):
        try:
            with np.errstate(over="raise"):
                return np.asarray(value, np.float32)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: an array needs rows of numbers of float32 that are equally long.") from error
    default = None if field.default is dataclasses.MISSING else field.default
    number = isinstance(default, float | int) or any(kind in str(field.type) for kind in ("float", "int"))
    if isinstance(default, bool) != isinstance(value, bool) or (number and not isinstance(value, float | int)):
        needed = "true or false" if isinstance(default, bool) else "a number" if number else "another value"
        raise ValueError(f"{path}: {needed} is needed, not {value!r}.")
    return value


def syn_type_fields(items: Any) -> list[dataclasses.Field[Any]]:
    """The fields of the synapse types that a list names, whose settings stand beside it."""
    kinds = [SYNAPSES[item] for item in items if isinstance(item, str) and item in SYNAPSES] if isinstance(items, list | tuple) else []
    return [field for kind in kinds for field in dataclasses.fields(kind)]  # type: ignore[arg-type]


def from_syn_type(value: Any, path: str) -> str | Synapse:
    """A name of a synapse type, or the one that a table stands for.

    Raises:
        ValueError: an unknown or missing name or key, with its path.
    """
    return value if isinstance(value, str) else _from_table(SYNAPSES, "name", value, path)


def from_delay(value: Any, path: str) -> Any:
    """A number, an array, or the delays that a table stands for.

    Raises:
        ValueError: an unknown or missing kind or key, with its path.
    """
    if isinstance(value, list):
        value = {"kind": "fixed", "value": value}
    return _from_table(DELAYS, "kind", value, path) if isinstance(value, Mapping) else value


def _from_table(table: Mapping[str, type], key: str, value: Any, path: str) -> Any:
    """The object whose class a table names by `key`, with the settings that stand beside it."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: a table is needed, not {value!r}.")
    name = value.get(key)
    kind = table.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"{path}.{key}: {unknown(key, name, table)}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in value:
        if name not in fields and name != key:
            raise ValueError(f"{path}.{name}: {unknown('key', name, fields)}")
    settings = {name: from_plain(fields[name], item, f"{path}.{name}") for name, item in value.items() if name != key}
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def to_index(index: Any) -> Any:
    """The index of a monitor: for each axis a number, a list of them, or a table of a slice."""
    ends = ("start", "stop", "step")
    return [
        {end: getattr(chosen, end) for end in ends if getattr(chosen, end) is not None} if isinstance(chosen, slice) else chosen
        for chosen in index
    ]


def from_index(value: Any, path: str) -> tuple[Any, ...]:
    """The index that a list stands for.

    Raises:
        ValueError: a table that is no slice, with its path.
    """

    def chosen(item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        ends = ("start", "stop", "step")
        for key, number in item.items():
            if key not in ends or isinstance(number, bool) or not isinstance(number, int):
                raise ValueError(f"{path}: a slice is a table of whole numbers start, stop and step, not {dict(item)!r}.")
        return slice(*(item.get(end) for end in ends))

    return tuple(chosen(item) for item in value)


def from_policy(value: Any, path: str) -> ConnectPolicy:
    """The policy that a table stands for.

    Raises:
        ValueError: an unknown, missing or unfit name or key, with its path.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: a table is needed, not {value!r}.")
    name = value.get("policy")
    kind = POLICIES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"{path}.policy: {unknown('policy', name, POLICIES)}")
    fields = {field.name: field.default for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in value:
        if key not in fields and key != "policy":
            raise ValueError(f"{path}.{key}: {unknown('key', key, fields)}")
    for key, default in fields.items():
        if key not in value and default is dataclasses.MISSING:
            raise ValueError(f"{path}.{key} is missing.")
    settings = {
        key: from_policy(item, f"{path}.{key}") if isinstance(item, Mapping) else item
        for key, item in value.items()
        if key != "policy"
    }
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def check_own(key: str, value: Any, path: str) -> None:
    """ValueError unless the value of a member's own argument is of the right kind; what it means is checked later."""
    needed, fine = {
        "is_parameter": ("true or false", isinstance(value, bool)),
        "delay": ("a number, a name, a table or a list of rows", isinstance(value, int | float | str | Mapping | list) and not isinstance(value, bool)),
        "syn_type": ("a list of names and tables", isinstance(value, list | tuple)),
        "num": ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
        **dict.fromkeys(("every", "last"), ("a whole number", isinstance(value, int) and not isinstance(value, bool))),
        "time": ("a number", isinstance(value, int | float) and not isinstance(value, bool)),
        "dt": ("a number", isinstance(value, int | float) and not isinstance(value, bool)),
        "window": ("a list of two numbers", isinstance(value, list | tuple) and all(isinstance(t, int | float) for t in value)),
        "index": ("a list with one entry an axis", isinstance(value, list | tuple)),
        "get_grad": ("true or false", isinstance(value, bool)),
        "shape": ("a list of whole numbers", isinstance(value, list | tuple)),
        "neuron_position": ("a list of positions", isinstance(value, list | tuple)),
        "policies": ("a list of policies", isinstance(value, list | tuple)),
        **dict.fromkeys(
            ("parameter_variables", "neuron_type", "hidden"),
            ("a list of names", isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)),
        ),
        "varible_ranges": ("a table of ranges", isinstance(value, Mapping)),
        "reparametrise": ("a table of names", isinstance(value, Mapping)),
    }.get(key, ("a name", isinstance(value, str)))
    if not fine:
        raise ValueError(f"{path}: {needed} is needed, not {value!r}.")


def to_ranges(ranges: Mapping[str, tuple[float | None, float | None]]) -> dict[str, list[float]]:
    """Ranges with infinities for free ends."""
    return {
        name: [-math.inf if low is None else low, math.inf if high is None else high]
        for name, (low, high) in ranges.items()
    }


def from_ranges(ranges: Mapping[str, Any], path: str) -> dict[str, tuple[float | None, float | None]]:
    """Ranges with `None` for infinities.

    Raises:
        ValueError: an entry that is no pair of numbers in order.
    """
    pairs: dict[str, tuple[float | None, float | None]] = {}
    for name, pair in ranges.items():
        numbers = isinstance(pair, list | tuple) and all(isinstance(x, int | float) and not math.isnan(x) for x in pair)
        if not numbers or len(pair) != 2 or pair[0] > pair[1]:
            raise ValueError(f"{path}.{name}: a list [lowest, highest] of numbers is needed, not {pair!r}.")
        low, high = (None if math.isinf(x) else x for x in pair)
        pairs[name] = (low, high)
    return pairs
