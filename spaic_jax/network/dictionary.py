"""Networks as plain dictionaries, such as a TOML or JSON file holds, and back."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.coding.decoders import DECODERS
from spaic_jax.coding.encoders import ENCODERS
from spaic_jax.network._plain import check_own, from_plain, from_ranges, name_in, settings_of, to_plain, to_ranges
from spaic_jax.network.connection import Connection
from spaic_jax.network.decoder import Decoder
from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.network import Network
from spaic_jax.network.probe import SpikeMonitor, StateMonitor
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


_SECTIONS = {
    "encoders": _Section(Encoder, ("num", "shape"), (), ENCODERS, "coding_method", "poisson", "coding"),
    "groups": _Section(
        NeuronGroup, ("num", "shape", "parameter_variables", "varible_ranges"), (), NEURONS, "model", "clif", "model"
    ),
    "connections": _Section(
        Connection, ("pre", "post", "pre_var_name", "is_parameter"), ("pre", "post"), LINKS, "link_type", "full",
        "link", ("pre", "post"),
    ),
    "decoders": _Section(
        Decoder, ("num", "dec_target", "coding_var_name"), ("dec_target",), DECODERS, "coding_method", "spike_counts",
        "decoding", ("dec_target",),
    ),
    "monitors": _Section(
        StateMonitor, ("kind", "target", "var_name", "every", "reduce"), ("kind", "target"), refers=("target",)
    ),
}
_MONITORS: dict[str, type[StateMonitor]] = {"spikes": SpikeMonitor, "state": StateMonitor}


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
        {'synapses': {'pre': 'image', 'post': 'layer', 'pre_var_name': 'O', 'is_parameter': True, 'link_type': 'full',
        'w_mean': 0.005, 'w_std': 0.1}}
    """
    tables: dict[str, dict[str, Any]] = {}
    for name, member in network.members.items():
        section = next((key for key, section in _SECTIONS.items() if isinstance(member, section.kind)), None)
        if section is None:
            raise ValueError(f"network.{name}: a {type(member).__name__} has no form as a dictionary.")
        path = f"network.{section}.{name}"
        tables.setdefault(section, {})[name] = _describe(network, member, _SECTIONS[section], path)
    return {section: tables[section] for section in _SECTIONS if section in tables}


def _describe(network: Network, member: Any, section: _Section, path: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key in section.own:
        # num follows from the shape.
        value: Any = None if key == "num" else getattr(member, key, None)
        if key in section.refers:
            value = network.name_of(value)
        elif key == "varible_ranges":
            value = to_ranges(value) or None
        elif key == "kind":
            value = "spikes" if isinstance(member, SpikeMonitor) else "state"
        elif key in ("every", "reduce") and isinstance(member, SpikeMonitor):
            value = None
        if value is not None and value != ():
            row[key] = to_plain(value, f"{path}.{key}")
    if section.table:
        chosen = getattr(member, section.attribute)
        row[section.key] = name_in(section.table, chosen, f"{path}.{section.key}")
        row |= settings_of(chosen, path)
    return row


def from_dict(tables: Mapping[str, Any]) -> Network:
    """The network that tables describe, such as those of a TOML file.

    The tables are `encoders`, `groups`, `connections`, `decoders` and `monitors`. Each maps the name of a member to its
    arguments, by the names that its class gives them; the settings of a model, link or coding stand beside them.

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
    for name, rows in _table(tables, "network").items():
        if name not in _SECTIONS:
            raise ValueError(f"network.{name}: {unknown('table', name, _SECTIONS)}")
        for member, row in _table(rows, f"network.{name}").items():
            _table(row, f"network.{name}.{member}")
    network = Network()
    for name, section in _SECTIONS.items():
        for member, row in tables.get(name, {}).items():
            path = f"network.{name}.{member}"
            arguments = _arguments(network, dict(row), section, path)
            kind: Callable[..., Element] = _MONITORS[arguments.pop("kind")] if name == "monitors" else section.kind
            try:
                network.add(member, kind(**arguments))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}: {error}") from error
    return network


def _arguments(network: Network, row: dict[str, Any], section: _Section, path: str) -> dict[str, Any]:
    known = set(section.own) | ({section.key} if section.table else set())
    fields: tuple[dataclasses.Field[Any], ...] = ()
    if section.table:
        chosen = row.get(section.key, section.default)
        kind = section.table.get(chosen.lower()) if isinstance(chosen, str) else None
        if kind is None:
            raise ValueError(f"{path}.{section.key}: {unknown(section.key, chosen, section.table)}")
        fields = dataclasses.fields(kind)
        known |= {field.name for field in fields}
    elif row.get("kind", "state") not in _MONITORS:
        raise ValueError(f"{path}.kind: {unknown('kind of monitor', row['kind'], _MONITORS)}")
    elif row.get("kind") == "spikes":
        known -= {"every", "reduce"}
    for key in row:
        if key not in known:
            raise ValueError(f"{path}.{key}: {unknown('key', key, known)}")
    for key, value in row.items():
        if key in section.own:
            check_own(key, value, f"{path}.{key}")
    for key in section.required:
        if key not in row:
            raise ValueError(f"{path}.{key} is missing.")
    for key in section.refers:
        if row[key] not in network.members:
            raise ValueError(f"{path}.{key}: {unknown('member', row[key], network.members)}")
        row[key] = network.members[row[key]]
    for field in fields:
        if field.name in row:
            row[field.name] = from_plain(field, row[field.name], f"{path}.{field.name}")
    if "shape" in row:
        row["shape"] = tuple(row["shape"])
    if "varible_ranges" in row:
        row["varible_ranges"] = from_ranges(row["varible_ranges"], f"{path}.varible_ranges")
    return row


def _table(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{path}: a table is needed, not {value!r}.")
    return value
