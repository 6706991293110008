"""Which objects have names: the families of classes that a table names."""

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from spaic_jax._errors import unknown
from spaic_jax.coding.actions import ACTIONS, Acting
from spaic_jax.coding.decoders import DECODERS
from spaic_jax.coding.decoders.base import Decoding
from spaic_jax.coding.encoders import ENCODERS, Coding
from spaic_jax.coding.generators import GENERATORS
from spaic_jax.coding.generators.base import Generating
from spaic_jax.coding.rewards import REWARDS, Rewarding
from spaic_jax.network import MONITORS, POLICIES, ConnectPolicy, Monitor
from spaic_jax.neurons import NEURONS, NeuronModel
from spaic_jax.neurons.receptors import RECEPTORS, Receptor
from spaic_jax.plasticity import RULES, Rule
from spaic_jax.program import INITIALS, Initial
from spaic_jax.surrogate import SURROGATES, Surrogate
from spaic_jax.synapses import DELAYS, LINKS, STORAGES, SYNAPSES, Delays, Link, Storage, Synapse


@dataclasses.dataclass(frozen=True)
class Family:
    """Classes with a common base, each with names in a table.

    Attributes:
        base: the base.
        table: the classes by name.
        key: the key that gives the name in a table of settings, such as `{initial = "normal", std = 0.1}`.
        what: what one of them is called in errors, and, where it is irregular, what several are.
    """

    base: type
    table: Mapping[str, type]
    key: str
    what: str
    several: str = ""

    def name_of(self, value: object, path: str) -> str:
        """The name of an object's class: the one most like the class' own.

        Raises:
            ValueError: when it has none.
        """
        names = [name for name, kind in self.table.items() if kind is type(value)]
        if not names:
            own, table = type(value).__name__, self.where
            raise ValueError(
                f"{path}: {own} has no name in the table {table}: before it is saved, and before it is loaded, give it one,"
                f' {table.rpartition(".")[2]}["{own.lower()}"] = {own}, or save the weights alone by spaic_jax.save_weights.'
            )
        own = type(value).__name__.lower()
        return min(names, key=lambda name: (name.replace("_", "") != own, len(name)))

    @property
    def where(self) -> str:
        """The full name of the table, in the outermost of the base's packages that has it."""
        parts = self.base.__module__.split(".")
        packages = (".".join(parts[:size]) for size in range(1, len(parts)))
        return next(f"{package}.{name}" for package in packages for name, x in vars(sys.modules[package]).items() if x is self.table)

    def kind_of(self, name: Any, what: str, path: str) -> type:
        """The class of a name, in any case; ValueError when there is none."""
        kind = self.table.get(name.lower()) if isinstance(name, str) else None
        if kind is None:
            raise ValueError(f"{path}: {unknown(what, name, self.table)}")
        return kind


#: A class that is of two families, as a receptor or a synapse type with equations is, is of the one that comes first.
FAMILIES = (
    Family(Synapse, SYNAPSES, "name", "synapse type"),
    Family(Receptor, RECEPTORS, "name", "receptor"),
    Family(NeuronModel, NEURONS, "name", "model"),
    Family(Surrogate, SURROGATES, "name", "surrogate"),
    Family(Link, LINKS, "name", "link type"),
    Family(Storage, STORAGES, "name", "storage"),
    Family(Delays, DELAYS, "kind", "kind of delay", "delays"),
    Family(Rule, RULES, "rule", "learning rule"),
    Family(Coding, ENCODERS, "name", "coding"),
    Family(Generating, GENERATORS, "name", "source"),
    Family(Decoding, DECODERS, "name", "decoding"),
    Family(Rewarding, REWARDS, "name", "reward"),
    Family(Acting, ACTIONS, "name", "action"),
    Family(Initial, INITIALS, "initial", "initial value"),
    Family(ConnectPolicy, POLICIES, "policy", "policy", "policies"),
    Family(Monitor, MONITORS, "kind", "kind of monitor", "monitors"),
)


def family_of(kind: Any) -> Family | None:
    """The family of a class."""
    return next((family for family in FAMILIES if isinstance(kind, type) and issubclass(kind, family.base)), None)


def family_among(kinds: Iterable[Any]) -> Family:
    """The family of what may be of several types: one with the names of all of theirs."""
    families = [family for kind in kinds if (family := family_of(kind))]
    names = {name: kind for family in families for name, kind in family.table.items()}
    return dataclasses.replace(families[0], table=names)
