"""The command `list`: the tables of names, read from the tables themselves."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from spaic_jax._errors import unknown
from spaic_jax.cli.errors import UserError
from spaic_jax.cli.table import show


class Family(NamedTuple):
    """A kind of part that is chosen by name.

    Attributes:
        title: what it is called.
        module: the package that shows it.
        table: the table of its names there.
    """

    title: str
    module: str
    table: str


#: The families, by what `spaic-jax list` calls them.
FAMILIES = {
    "neurons": Family("Neuron models", "spaic_jax.neurons", "NEURONS"),
    "receptors": Family("Receptors of a group", "spaic_jax.neurons.receptors", "RECEPTORS"),
    "elements": Family("Members of a network", "spaic_jax.network", "ELEMENTS"),
    "reparametrisations": Family("Ways to train a time constant", "spaic_jax.neurons", "REPARAMETRISATIONS"),
    "surrogates": Family("Surrogate gradients", "spaic_jax.surrogate", "SURROGATES"),
    "encoders": Family("Encoders", "spaic_jax.coding.encoders", "ENCODERS"),
    "decoders": Family("Decoders", "spaic_jax.coding.decoders", "DECODERS"),
    "rewards": Family("Rewards", "spaic_jax.coding.rewards", "REWARDS"),
    "actions": Family("Actions", "spaic_jax.coding.actions", "ACTIONS"),
    "generators": Family("Generators", "spaic_jax.coding.generators", "GENERATORS"),
    "links": Family("Links", "spaic_jax.synapses", "LINKS"),
    "synapses": Family("Synapses", "spaic_jax.synapses", "SYNAPSES"),
    "delays": Family("Delays", "spaic_jax.synapses", "DELAYS"),
    "storages": Family("How synapses are stored", "spaic_jax.synapses.storage", "STORAGES"),
    "rules": Family("Learning rules", "spaic_jax.plasticity", "RULES"),
    "initials": Family("Initial values", "spaic_jax.program", "INITIALS"),
    "monitors": Family("Monitors", "spaic_jax.network", "MONITORS"),
    "policies": Family("Policies of projections", "spaic_jax.network", "POLICIES"),
    "standard": Family("Standard networks", "spaic_jax.standard", "STANDARD"),
    "gradients": Family("Gradients", "spaic_jax.gradients", "GRADIENTS"),
    "losses": Family("Losses", "spaic_jax.train", "LOSSES"),
    "regularisers": Family("Regularisers", "spaic_jax.train", "REGULARISERS"),
    "optimizers": Family("Optimizers of a configuration", "spaic_jax.cli.optimizers", "OPTIMIZERS"),
    "schedules": Family("Schedules of a learning rate", "spaic_jax.cli.schedules", "SCHEDULES"),
    "datasets": Family("Data sets", "spaic_jax.data", "DATASETS"),
    "augmentations": Family("Augmentations", "spaic_jax.data.augment", "AUGMENTATIONS"),
    "readers": Family("Readers of data files", "spaic_jax.data.read", "READERS"),
    "ops": Family("Ops of an op list", "spaic_jax.ops", "REGISTRY"),
    "initialisers": Family("Initialisers of an op list", "spaic_jax.ops", "INITIALISERS"),
}

COLUMNS = ("names", "class", "what it is")


def rows_of(family: str) -> list[tuple[str, str, str]]:
    """A row for each class or function of a family: its names, its own name, and the first line of its docstring.

    >>> rows_of("delays")[0]
    ('fixed', 'FixedDelay', 'A fixed delay for each synapse, rounded down to whole steps')
    """
    _, module, table = FAMILIES[family]
    named: Mapping[str, Callable[..., Any]] = getattr(importlib.import_module(module), table)
    names: dict[Callable[..., Any], list[str]] = {}
    for name, kind in named.items():
        names.setdefault(kind, []).append(name)
    # A function of which some arguments are fixed has no name of its own.
    return [(", ".join(all_of), getattr(kind, "__name__", all_of[0]), first_line(kind)) for kind, all_of in names.items()]


def list_names(family: str | None) -> None:
    """Print the names of a family, or the families.

    Args:
        family: a name in `FAMILIES`; all when `None`.

    Raises:
        UserError: unknown family.
    """
    if family is None:
        named = [(name, family.title, ", ".join(row[0] for row in rows_of(name))) for name, family in FAMILIES.items()]
        show("", ("family", "what it is", "names"), named)
    elif family in FAMILIES:
        show(FAMILIES[family].title, COLUMNS, rows_of(family))
    else:
        raise UserError(unknown("family", family, FAMILIES))


def first_line(thing: object) -> str:
    """The first line of a docstring, without its full stop."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].removesuffix(".")
