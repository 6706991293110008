"""Networks as plain dictionaries, such as a TOML or JSON file holds, and back."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.coding.decoders import DECODERS
from spaic_jax.coding.encoders import ENCODERS
from spaic_jax.coding.generators import GENERATORS
from spaic_jax.network._plain import (
    check_own,
    from_delay,
    from_index,
    from_plain,
    from_policy,
    from_ranges,
    from_syn_type,
    name_in,
    settings_of,
    syn_type_fields,
    to_index,
    to_plain,
    to_ranges,
)
from spaic_jax.network.assembly import SEPARATOR, Assembly
from spaic_jax.network.connection import Connection
from spaic_jax.network.decoder import Decoder
from spaic_jax.network.element import Element, names_of, undeclared
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.generator import Generator
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.monitors import MONITORS, StateMonitor
from spaic_jax.network.network import Network
from spaic_jax.network.projection import Projection
from spaic_jax.neurons import NEURONS
from spaic_jax.synapses import LINKS


@dataclasses.dataclass(frozen=True)
class _Section:
    """One table of the dictionary: the kind of its members, and how each is described.

    Attributes:
        kind: class of the members.
        own: keys that every member may have.
        required: those of them that it must have.
        table: named classes whose fields are further keys; empty where there are none.
        key: the key that names one of them.
        default: its value where it is left out.
        attribute: where a member keeps the object it names.
        refers: keys that name another member.
    """

    kind: type[Element]
    own: tuple[str, ...]
    required: tuple[str, ...] = ()
    table: Mapping[str, type] = dataclasses.field(default_factory=dict)
    key: str = ""
    default: str = ""
    attribute: str = ""
    refers: tuple[str, ...] = ()


#: What connections and projections have in common.
_CHAINED = ("syn_type", "delay", "is_parameter", "parameter_variables")
#: What a monitor may be asked for; not every kind takes all of it.
_MONITORED = ("index", "every", "dt", "window", "last", "reduce", "get_grad")
_SECTIONS = {
    "encoders": _Section(Encoder, ("num", "shape", "time"), (), ENCODERS, "coding_method", "poisson", "coding"),
    "groups": _Section(
        NeuronGroup,
        ("num", "shape", "neuron_type", "neuron_position", "parameter_variables", "varible_ranges", "reparametrise"), (), NEURONS,
        "model", "clif", "model",
    ),
    "generators": _Section(
        Generator, ("num", "shape", "dec_target"), (), GENERATORS, "coding_method", "poisson_generator", "coding",
        ("dec_target",),
    ),
    "connections": _Section(
        Connection, ("pre", "post", "pre_var_name", "post_var_name", *_CHAINED, "shared"), ("pre", "post"), LINKS, "link_type",
        "full", "link", ("pre", "post", "shared"),
    ),
    "projections": _Section(
        Projection, ("pre", "post", "policies", *_CHAINED), ("pre", "post"), LINKS, "link_type", "full", "link",
        ("pre", "post"),
    ),
    "decoders": _Section(
        Decoder, ("num", "dec_target", "coding_var_name"), ("dec_target",), DECODERS, "coding_method", "spike_counts",
        "decoding", ("dec_target",),
    ),
    "monitors": _Section(
        StateMonitor, ("kind", "target", "var_name", *_MONITORED), ("kind", "target"), refers=("target",)
    ),
}
#: What an assembly has besides its members: tags, and the names of the members that are not built.
_OWN = ("neuron_type", "hidden")
#: What kinds of monitors do not take.
_NOT_TAKEN = {"rate": {"every", "window", "last", "reduce", "get_grad"}, "spikes": {"every", "dt", "reduce", "get_grad"}}
#: Assemblies in each other; no more than this, so that no file can exhaust the stack.
_DEEPEST = 64


def to_dict(network: Network) -> dict[str, Any]:
    """A network as tables of numbers, strings, booleans and lists: `from_dict` makes an equal one.

    Settings that are `None` are left out, as TOML has no such value; a free end of a range is an infinity.

    Args:
        network: what was declared.

    Raises:
        ValueError: a model, link, coding, surrogate or initial value whose class has no name in its table.

    Example:
        >>> with Network() as net:
        ...     image = Encoder(num=4, coding_method="constant_current")
        ...     layer = NeuronGroup(3, model="if", v_th=0.5)
        ...     synapses = Connection(image, layer, w_std=0.1)
        >>> to_dict(net)["connections"]
        {'synapses': {'pre': 'image', 'post': 'layer', 'pre_var_name': 'O', 'post_var_name': 'Isyn', 'is_parameter': True,
        'link_type': 'full', 'w_mean': 0.005, 'w_std': 0.1, 'weight_quantization': False}}
    """
    return _tables_of(network, network, "network")


def _section_of(member: Element) -> str | None:
    """The table of a member: that of its own class, else of its nearest base."""
    kinds = {section.kind: key for key, section in _SECTIONS.items()}
    return next((kinds[kind] for kind in type(member).__mro__ if kind in kinds), None)


def _tables_of(network: Network, assembly: Assembly, path: str) -> dict[str, Any]:
    tables: dict[str, dict[str, Any]] = {}
    inside: dict[str, Any] = {}
    for name, member in assembly.members.items():
        if isinstance(member, Assembly):
            inside[name] = _tables_of(network, member, f"{path}.assemblies.{name}")
            continue
        section = _section_of(member)
        if section is None:
            raise ValueError(f"{path}.{name}: a {type(member).__name__} has no form as a dictionary.")
        row = _describe(network, member, _SECTIONS[section], f"{path}.{section}.{name}")
        tables.setdefault(section, {})[name] = row
    own = {"neuron_type": list(assembly.neuron_type), "hidden": sorted(assembly.hidden_members)}
    return {
        **{key: value for key, value in own.items() if value},
        **{section: tables[section] for section in _SECTIONS if section in tables},
        **({"assemblies": inside} if inside else {}),
    }


def _describe(network: Network, member: Any, section: _Section, path: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key in section.own:
        # num follows from the shape.
        value: Any = None if key == "num" else getattr(member, key, None)
        if key in section.refers and value is not None:
            value = network.name_of(value)
        elif key in _CHAINED and getattr(member, "shared", None) is not None:
            value = value if isinstance(value, float) else None  # its delay is its own; the rest is that of the other
        elif key == "syn_type":
            value = member.chain.syn_type if len(member.chain.parts) > 1 else None
        elif key == "varible_ranges":
            value = to_ranges(value) or None
        elif key == "neuron_position" and value is not None:
            value = value.tolist()
        elif key == "kind":
            value = name_in(MONITORS, member, path)
        elif section.kind is StateMonitor and key in _MONITORED:
            usual = value is False or (key == "every" and value == 1)
            value = to_index(value) if key == "index" else None if usual else value
        if value is not None and value not in ((), {}):
            row[key] = to_plain(value, f"{path}.{key}")
    if section.table and getattr(member, "shared", None) is None:
        chosen = getattr(member, section.attribute)
        row[section.key] = name_in(section.table, chosen, f"{path}.{section.key}")
        row |= settings_of(chosen, path)
    return row


def from_dict(tables: Mapping[str, Any]) -> Network:
    """The network that tables describe, such as those of a TOML file.

    The tables are `encoders`, `groups`, `connections`, `projections`, `decoders` and `monitors`. Each maps the name of a
    member to its arguments, by the names that its class gives them; the settings of a model, link or coding stand beside
    them. Other members are named by path, such as `"cortex/hidden"`. The table `assemblies` maps the name of an assembly
    to tables like these; the list `hidden` names the members of a level that are not built.

    Args:
        tables: what was read.

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
    """
    try:
        with undeclared():
            return _network_of(tables)
    except RecursionError:
        raise ValueError("network: the tables and lists lie in each other too deeply.") from None


def _network_of(tables: Mapping[str, Any]) -> Network:
    network = Network()
    rows: dict[str, list[_Row]] = {name: [] for name in _SECTIONS}
    _plant(tables, "network", network, rows)
    known = network.of_kind(Element)
    for name, section in _SECTIONS.items():
        made: dict[int, Element] = {}
        # What others share comes first, but each keeps its place.
        for row in sorted(rows[name], key=lambda row: "shared" in row.values):
            arguments = _arguments(known, dict(row.values), section, row.path)
            kind: Callable[..., Element] = MONITORS[arguments.pop("kind")] if name == "monitors" else section.kind
            with _named(row.path):
                made[id(row)] = known[row.front + row.name] = kind(**arguments)
        for row in rows[name]:
            with _named(row.path):
                row.assembly.add(row.name, made[id(row)])
    _hide(tables, "network", network)
    return network


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    """Errors begin with the path of what they are about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


@dataclasses.dataclass(frozen=True)
class _Row:
    """What describes one member: where it will be, by what name, and the path for errors."""

    assembly: Assembly
    front: str
    name: str
    path: str
    values: Mapping[str, Any]


def _plant(tables: Any, path: str, assembly: Assembly, found: dict[str, list[_Row]], around: tuple[str, ...] = ()) -> None:
    """Make the assemblies, empty, and find the rows of all members."""
    if len(around) > _DEEPEST:
        raise ValueError(f"{path}: assemblies lie in each other more than {_DEEPEST} deep.")
    front = "".join(name + SEPARATOR for name in around)
    for key, value in _table(tables, path).items():
        where = f"{path}.{key}"
        if key in _OWN:
            check_own(key, value, where)
            continue
        if key != "assemblies" and key not in _SECTIONS:
            raise ValueError(f"{where}: {unknown('table', key, [*_OWN, *_SECTIONS, 'assemblies'])}")
        for name, row in _table(value, where).items():
            if key != "assemblies":
                found[key].append(_Row(assembly, front, name, f"{where}.{name}", _table(row, f"{where}.{name}")))
                continue
            inside = Assembly()
            try:
                assembly.add(name, inside)
            except ValueError as error:
                raise ValueError(f"{where}.{name}: {error}") from error
            _plant(row, f"{where}.{name}", inside, found, (*around, name))
    try:
        vars(assembly)["neuron_type"] = names_of(tables.get("neuron_type", ()), "neuron_type")
    except ValueError as error:
        raise ValueError(f"{path}.neuron_type: {error}") from error


def _hide(tables: Mapping[str, Any], path: str, assembly: Assembly) -> None:
    for name in tables.get("hidden", ()):
        if name not in assembly.members:
            raise ValueError(f"{path}.hidden: {unknown('member', name, assembly.members)}")
    vars(assembly)["_hidden"] = frozenset(tables.get("hidden", ()))
    for name, inside in assembly.of_kind(Assembly, recursive=False).items():
        _hide(tables["assemblies"][name], f"{path}.assemblies.{name}", inside)


def _arguments(members: Mapping[str, Element], row: dict[str, Any], section: _Section, path: str) -> dict[str, Any]:
    known = set(section.own) | ({section.key} if section.table else set())
    fields: tuple[dataclasses.Field[Any], ...] = ()
    if section.table:
        chosen = row.get(section.key, section.default)
        kind = section.table.get(chosen.lower()) if isinstance(chosen, str) else None
        if kind is None:
            raise ValueError(f"{path}.{section.key}: {unknown(section.key, chosen, section.table)}")
        fields = (*dataclasses.fields(kind), *syn_type_fields(row.get("syn_type", getattr(kind, "usual", ()))))
        known |= {field.name for field in fields}
    elif "kind" in row:
        if row["kind"] not in [*MONITORS]:
            raise ValueError(f"{path}.kind: {unknown('kind of monitor', row['kind'], MONITORS)}")
        known -= _NOT_TAKEN.get(row["kind"], set())
    for key in row:
        if key not in known:
            raise ValueError(f"{path}.{key}: {unknown('key', key, known)}")
    for key, value in row.items():
        if key in section.own:
            check_own(key, value, f"{path}.{key}")
    for key in section.required:
        if key not in row:
            raise ValueError(f"{path}.{key} is missing.")
    for key in (key for key in section.refers if key in row):
        if row[key] not in members:
            raise ValueError(f"{path}.{key}: {unknown('member', row[key], members)}")
        row[key] = members[row[key]]
    for field in fields:
        if field.name in row:
            row[field.name] = from_plain(field, row[field.name], f"{path}.{field.name}")
    if "shape" in row:
        row["shape"] = tuple(row["shape"])
    if "syn_type" in row:
        row["syn_type"] = [from_syn_type(item, f"{path}.syn_type.{i}") for i, item in enumerate(row["syn_type"])]
    if "index" in row:
        row["index"] = from_index(row["index"], f"{path}.index")
    if "delay" in row:
        row["delay"] = from_delay(row["delay"], f"{path}.delay")
    if "policies" in row:
        row["policies"] = [from_policy(item, f"{path}.policies.{i}") for i, item in enumerate(row["policies"])]
    if "varible_ranges" in row:
        row["varible_ranges"] = from_ranges(row["varible_ranges"], f"{path}.varible_ranges")
    return row


def _table(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: a table is needed, not {value!r}.")
    return value
