"""From tables to a network."""

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax.network import ELEMENTS, Assembly, Element, Network, NeuronGroup, Slice, Source
from spaic_jax.network.assembly import SEPARATOR
from spaic_jax.network.element import names_of, undeclared
from spaic_jax.storage.text.arguments import HERE, Argument, arguments, kinds_of, needed
from spaic_jax.storage.text.families import family_among, family_of
from spaic_jax.storage.text.standard import KEY, standard_network
from spaic_jax.storage.text.values import Values

#: What stands for a slice: no name of a member holds a bracket.
_SLICE = re.compile(r"(.+)\[(-?\d*):(-?\d*)(?::(-?\d*))?\]")

#: Assemblies in each other; no more than this, so that no file can exhaust the stack.
_DEEPEST = 64


def from_dict(tables: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> Network:
    """The network that tables describe, such as those of a TOML file.

    The tables are `encoders`, `groups`, `generators`, `connections`, `projections`, `decoders`, `monitors` and `learners`.
    Each maps the name of a member to its arguments, by the names that its class gives them; the settings of a model, link
    or coding stand beside them. Other members are named by path, such as `"cortex/hidden"`, a slice of a group as
    `"cortex/hidden[:80]"`, the network itself by `"."`.
    The table `assemblies` maps the name of an assembly to tables like these; the list `hidden` names the members of a level
    that are not built. Or the key `standard` names a network of `spaic_jax.standard`, and the keys beside it are its settings.

    Args:
        tables: what was read.
        arrays: what `{"array": name}` stands for.

    Raises:
        ValueError: an unknown, missing or unfit key or name; the sentence starts with the path, such as
            `network.groups.hidden.tau_mm`.

    Example:
        >>> net = from_dict({
        ...     "encoders": {"image": {"num": 4}},
        ...     "groups": {"layer": {"num": 3, "model": "lif", "surrogate": {"name": "atan", "alpha": 3.0}}},
        ...     "connections": {
        ...         "synapses": {"pre": "image", "post": "layer", "weight": {"initial": "normal", "std": 0.2}},
        ...     },
        ... })
        >>> net.members["layer"].model.surrogate, net.members["synapses"].link.weight
        (AtanGrad(alpha=3.0), Normal(mean=0.0, std=0.2))
        >>> from_dict({"standard": "coba", "num": 400}).members["cells"].num
        400
    """
    try:
        with undeclared():
            reader = _Reader({} if arrays is None else arrays)
            named = isinstance(tables, Mapping) and KEY in tables
            return standard_network(tables, reader) if named else reader.network(tables)
    except RecursionError:
        raise ValueError("network: the tables and lists lie in each other too deeply.") from None


@dataclasses.dataclass(frozen=True, eq=False)
class _Row:
    """What describes one member: where it will be, by what name, and the path for errors."""

    assembly: Assembly
    section: str
    name: str
    path: str
    values: Mapping[str, Any]


class _Reader(Values):
    def __init__(self, arrays: Mapping[str, np.ndarray]):
        super().__init__(arrays)
        self.top = Network()
        #: The first row of each path, all rows, and the members made of them so far.
        self.by_path: dict[str, _Row] = {}
        self.rows: list[_Row] = []
        self.made: dict[_Row, Element | None] = {}

    def network(self, tables: Any) -> Network:
        """All of it."""
        self.plant(tables, "network", self.top)
        for section in ELEMENTS:
            for row in (row for row in self.rows if row.section == section):
                member = self.make(row)
                with _named(row.path):
                    row.assembly.add(row.name, member)
        self.hide(tables, "network", self.top)
        return self.top

    def plant(self, tables: Any, path: str, assembly: Assembly, around: tuple[str, ...] = ()) -> None:
        """Make the assemblies, empty, and find the rows of all members."""
        if len(around) > _DEEPEST:
            raise ValueError(f"{path}: assemblies lie in each other more than {_DEEPEST} deep.")
        front = "".join(name + SEPARATOR for name in around)
        for key, value in _table(tables, path).items():
            where = f"{path}.{key}"
            if key in ("neuron_type", "hidden"):
                self.value(value, (tuple[str, ...],), where)
                continue
            if key != "assemblies" and key not in ELEMENTS:
                raise ValueError(f"{where}: {unknown('table', key, ['neuron_type', 'hidden', *ELEMENTS, 'assemblies'])}")
            for name, values in _table(value, where).items():
                own = f"{where}.{name}"
                if key != "assemblies":
                    self.rows.append(_Row(assembly, key, name, own, _table(values, own)))
                    self.by_path.setdefault(front + name, self.rows[-1])
                    continue
                inside = Assembly()
                with _named(own):
                    assembly.add(name, inside)
                self.plant(values, own, inside, (*around, name))
        with _named(f"{path}.neuron_type"):
            vars(assembly)["neuron_type"] = names_of(tables.get("neuron_type", ()), "neuron_type")

    def hide(self, tables: Mapping[str, Any], path: str, assembly: Assembly) -> None:
        for name in tables.get("hidden", ()):
            if name not in assembly.members:
                raise ValueError(f"{path}.hidden: {unknown('member', name, assembly.members)}")
        vars(assembly)["_hidden"] = frozenset(tables.get("hidden", ()))
        for name, inside in assembly.of_kind(Assembly, recursive=False).items():
            self.hide(tables["assemblies"][name], f"{path}.assemblies.{name}", inside)

    def make(self, row: _Row) -> Element:
        """The member of a row, after those that it refers to."""
        if row not in self.made:
            self.made[row] = None
            self.made[row] = self.object(ELEMENTS[row.section], row.values, row.path)
        member = self.made[row]
        if member is None:
            raise ValueError(f"{row.path}: it refers to itself.")
        return member

    def member(self, name: Any, path: str) -> Element | Slice:
        """The member of a path, or a slice of it such as `"cells[:800]"`."""
        if not isinstance(name, str):
            raise ValueError(f"{path}: a name is needed, not {name!r}.")
        if name == HERE:
            return self.top
        if name in self.by_path:
            return self.make(self.by_path[name])
        if found := _SLICE.fullmatch(name):
            of = self.member(found[1], path)
            if not isinstance(of, NeuronGroup | Source):
                raise ValueError(f"{path}: only groups, encoders and generators have slices, not '{found[1]}'.")
            with _named(path):
                return of[slice(*(int(n) if n else None for n in found.groups()[1:]))]
        assemblies = self.top.of_kind(Assembly)
        if name not in assemblies:
            raise ValueError(f"{path}: {unknown('member', name, [*self.by_path, *assemblies])}")
        return assemblies[name]

    def object(self, kind: type, table: Any, path: str) -> Any:
        """The object of a table: of a class, or of the one of its family that the table names."""
        values = dict(_table(table, path))
        if (family := family_of(kind)) is not None:
            if family.key not in values:
                raise ValueError(f"{path}.{family.key} is missing.")
            kind = family.kind_of(values.pop(family.key), family.what, f"{path}.{family.key}")
        known = self.known(kind, values, path)
        for key in values:
            if key not in known:
                names = [*known, *([family.key] if family else [])]
                raise ValueError(f"{path}.{key}: {unknown('key', key, names)}")
        for key, argument in arguments(kind).items():
            if argument.required and key not in values:
                raise ValueError(f"{path}.{key} is missing.")
        given = {
            key: value if known[key].beside else self.value(value, known[key].kinds, f"{path}.{key}", known[key].default)
            for key, value in values.items()
        }
        with _named(path):
            return kind(**given)

    def known(self, kind: type, values: Mapping[str, Any], path: str) -> dict[str, Argument]:
        """The arguments that a table may have: those of the class, and of the classes named in it."""
        own, settings = arguments(kind), {}
        chosen: type | None = None
        for key, argument in own.items():
            if argument.beside:
                if argument.required and key not in values:
                    raise ValueError(f"{path}.{key} is missing.")
                chosen = family_among(argument.kinds).kind_of(values.get(key, argument.default), key, f"{path}.{key}")
                settings.update(arguments(chosen))
        # Types in a list may be named too, such as those of `syn_type`; some links have such a list of their own.
        for key, argument in own.items():
            families = [family for hint in argument.items for kind in kinds_of(hint) if (family := family_of(kind))]
            names = values.get(key, getattr(chosen, "usual", ()))
            for family in families if isinstance(names, list | tuple) else ():
                for name in names:
                    if isinstance(name, str) and name.lower() in family.table:
                        settings.update(arguments(family.table[name.lower()]))
        return settings | own


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    """Errors begin with the path of what they are about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _table(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: {needed((Mapping[str, Any],))} is needed, not {value!r}.")
    return value
