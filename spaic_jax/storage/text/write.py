"""From a network to tables."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spaic_jax.network import ELEMENTS, Assembly, Element, Network, Slice
from spaic_jax.program import Given
from spaic_jax.storage.text.arguments import HERE, RANGE, arguments, is_array, items_of, kinds_of, values_of
from spaic_jax.storage.text.families import family_of


def to_dict(network: Network, arrays: dict[str, np.ndarray] | None = None) -> dict[str, Any]:
    """A network as tables of numbers, strings, booleans and lists: `from_dict` makes an equal one.

    Settings that are `None` are left out, as TOML has no such value; a free end of a range is an infinity.

    Args:
        network: what was declared.
        arrays: takes the arrays in; `{"array": name}` stands for each of them. By default they are lists in the tables.

    Raises:
        ValueError: a model, link, coding, rule, surrogate or initial value whose class has no name in its table, or
            anything else without a plain form, such as a function.

    Example:
        >>> from spaic_jax.network import Connection, Encoder, NeuronGroup
        >>> with Network() as net:
        ...     image = Encoder(num=4, coding_method="constant_current")
        ...     layer = NeuronGroup(3, model="if", v_th=0.5)
        ...     synapses = Connection(image, layer, w_std=0.1)
        >>> to_dict(net)["connections"]
        {'synapses': {'pre': 'image', 'post': 'layer', 'pre_var_name': 'O', 'post_var_name': 'Isyn', 'link_type': 'full',
        'w_mean': 0.005, 'w_std': 0.1, 'weight_quantization': False}}
    """
    return _Writer(network, arrays).level(network, "network")


def section_of(member: Element) -> str | None:
    """The table of a member: that of its own class, else of its nearest base."""
    sections = {kind: section for section, kind in ELEMENTS.items()}
    return next((sections[kind] for kind in type(member).__mro__ if kind in sections), None)


@dataclasses.dataclass(frozen=True)
class _Writer:
    network: Network
    arrays: dict[str, np.ndarray] | None

    def level(self, assembly: Assembly, path: str) -> dict[str, Any]:
        """The tables of an assembly, with those of the assemblies in it."""
        tables: dict[str, dict[str, Any]] = {}
        inside: dict[str, Any] = {}
        for name, member in assembly.members.items():
            if isinstance(member, Assembly):
                inside[name] = self.level(member, f"{path}.assemblies.{name}")
                continue
            section = section_of(member)
            if section is None:
                raise ValueError(f"{path}.{name}: a {type(member).__name__} has no form as a dictionary.")
            tables.setdefault(section, {})[name] = self.named(member, f"{path}.{section}.{name}")
        own = {"neuron_type": list(assembly.neuron_type), "hidden": sorted(assembly.hidden_members)}
        return {
            **{key: value for key, value in own.items() if value},
            **{section: tables[section] for section in ELEMENTS if section in tables},
            **({"assemblies": inside} if inside else {}),
        }

    def named(self, value: Any, path: str) -> dict[str, Any]:
        """The table of an object, with its name if its class is one of several."""
        family = family_of(type(value))
        return {**({family.key: family.name_of(value, path)} if family else {}), **self.settings(value, path)}

    def settings(self, value: Any, path: str) -> dict[str, Any]:
        """The arguments of an object that are not `None`; an object with settings of its own comes last, they beside it."""
        row: dict[str, Any] = {}
        borrowed = value.borrowed if isinstance(value, Element) else ()
        kind: type = type(value)
        for argument in sorted(arguments(kind).values(), key=lambda argument: argument.beside):
            if argument.field is None or argument.field in borrowed:
                continue
            held, where = getattr(value, argument.field), f"{path}.{argument.key}"
            if argument.beside:
                family = family_of(type(held))
                assert family is not None
                row |= {argument.key: family.name_of(held, where), **self.settings(held, path)}
            elif held is None:
                if argument.default is not None and not argument.required:
                    raise ValueError(f"{where}: None has no form as a plain value; left out, it is {argument.default!r}.")
            elif not (isinstance(held, tuple | dict) and not held and not argument.default):
                row[argument.key] = self.plain(held, argument.kinds, where)
        return row

    def plain(self, value: Any, kinds: tuple[Any, ...], path: str) -> Any:
        """A value of one of some types as numbers, strings, booleans, lists and tables."""
        if isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, Element | Slice):
            return HERE if value is self.network else self.network.name_of(value)
        if isinstance(value, Given):
            return self.array(value.value, path)
        if family_of(type(value)) is not None:
            return self.named(value, path)
        if isinstance(value, slice):
            ends = {end: getattr(value, end) for end in ("start", "stop", "step")}
            return {end: number for end, number in ends.items() if number is not None}
        if isinstance(value, Mapping):
            return {key: self.plain(item, kinds_of(values_of(kinds)), f"{path}.{key}") for key, item in value.items()}
        if isinstance(value, list | tuple) and not is_array(kinds):
            return self.sequence(value, kinds, path)
        return self.array(value, path)

    def sequence(self, value: Any, kinds: tuple[Any, ...], path: str) -> list[Any]:
        if RANGE in kinds:
            return [free if end is None else end for end, free in zip(value, (-math.inf, math.inf), strict=True)]
        items = items_of(kinds)
        each = items if isinstance(items, tuple) else (items,) * len(value)
        return [self.plain(item, kinds_of(hint), f"{path}.{i}") for i, (item, hint) in enumerate(zip(value, each, strict=True))]

    def array(self, value: Any, path: str) -> Any:
        """An array, or what stands for it where arrays are kept elsewhere."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise ValueError(
                f"{path}: {value!r} has no form as a plain value: declare it in Python, and save the weights alone by"
                " spaic_jax.save_weights."
            )
        if self.arrays is None or not array.ndim:
            return array.tolist()
        self.arrays[path] = array
        return {"array": path}
