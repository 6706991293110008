"""What a connection does, part by part: synapse types before and after its link."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from spaic_jax._errors import unknown
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.synapses.links import LINKS, Electrical, Full, Link, resolve_link
from spaic_jax.synapses.parts import SYNAPSES, Synapse


def reshaped(value: jax.Array, *, shape: tuple[int, ...]) -> jax.Array:
    """The same numbers, in samples of another shape."""
    return value.reshape(value.shape[0], *shape)


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    """The parts of a connection in order: a link, with synapse types before and after it."""

    before: tuple[Synapse, ...]
    link: Link
    after: tuple[Synapse, ...]

    @property
    def parts(self) -> tuple[Synapse | Link, ...]:
        """All of them."""
        return (*self.before, self.link, *self.after)

    @property
    def label(self) -> str:
        """What a listing says of it."""
        return ", ".join(type(part).__name__ for part in self.parts)

    @property
    def syn_type(self) -> tuple[Synapse | str, ...]:
        """The parts as `syn_type` gives them: the link by its name."""
        return (*self.before, self.link.own, *self.after)

    def lower(self, site: Site, context: Context) -> Fragment:
        """All parts, each of which writes what the next one reads.

        Raises:
            ValueError: a part that cannot take what it gets, or ends whose sizes do not fit; naming the connection.
        """
        *sites, last = self.sites(site)
        fragment = Fragment()
        if last.takes != last.gives:
            reshape = Op(last.target, reshaped, last.source, name=f"{site.name}.reshaped", settings={"shape": last.gives})
            fragment = Fragment(ops=(reshape,))
        for part, own in zip(self.parts, sites, strict=True):
            fragment += part.lower(own, context)
        return fragment

    def site_of_link(self, site: Site) -> Site:
        """Where the link stands in the chain at `site`."""
        return self.sites(site)[len(self.before)]

    def sites(self, site: Site) -> list[Site]:
        """Where each part stands, and from which to which shape what the last one gives is brought.

        Raises:
            ValueError: as `lower`.
        """
        shapes = [site.takes]
        for part in self.parts:
            try:
                made = part.makes(shapes[-1]) if isinstance(part, Synapse) else part.makes(shapes[-1], site.gives)
            except (TypeError, ValueError) as error:
                raise ValueError(f"connection '{site.name}': {error}") from error
            shapes.append(made)
        if math.prod(shapes[-1]) != math.prod(site.gives):
            raise ValueError(
                f"connection '{site.name}' makes shape {shapes[-1]} of {site.takes}, but its group has shape"
                f" {site.gives}."
            )
        names = self._names(site.name)
        targets = [*(f"{name}.out" for name in names[:-1]), site.target]
        if shapes[-1] != site.gives:
            targets[-1] = f"{names[-1]}.out"
        reads = [site.source, *targets]
        inner = [
            dataclasses.replace(site, name=name, source=read, target=target, takes=takes, gives=gives)
            for name, read, target, takes, gives in zip(names, reads[:-1], targets, shapes, shapes[1:], strict=False)
        ]
        return [*inner, dataclasses.replace(site, source=targets[-1], takes=shapes[-1])]

    def _names(self, name: str) -> list[str]:
        """The name of each part: that of the connection for its link, and the type behind it for the others."""
        kinds = ["" if isinstance(part, Link) else type(part).__name__ for part in self.parts]
        return [
            f"{name}.{kind}{kinds[:i].count(kind) + 1 if kinds.count(kind) > 1 else ''}" if kind else name
            for i, kind in enumerate(kinds)
        ]


def resolve_chain(
    link_type: str | Link, syn_type: Sequence[str | Synapse] | None, settings: Mapping[str, Any]
) -> Chain:
    """The chain of a link type, synapse types, and the settings of all of them by name.

    Raises:
        ValueError: an unknown link, synapse type or setting, with the nearest right one; a list that names the link twice.
        TypeError: a list that holds something else.
    """
    if isinstance(syn_type, str) or not isinstance(syn_type, Sequence | None):
        raise TypeError(f"syn_type must be a list of names, not {syn_type!r}.")
    chosen: type[Link] = type(link_type) if isinstance(link_type, Link) else LINKS.get(str(link_type).lower(), Full)
    if chosen is Full and syn_type is not None and list(syn_type) == [Electrical.own]:
        return resolve_chain("electrical", None, settings)
    wanted = chosen.usual if syn_type is None else tuple(syn_type)
    wanted = tuple(item.lower() if isinstance(item, str) else item for item in wanted)
    of_types = set().union(*(_fields(SYNAPSES[item]) for item in wanted if isinstance(item, str) and item in SYNAPSES))
    shared = set() if isinstance(link_type, Link) else _fields(chosen) & of_types
    link = resolve_link(link_type, **{name: settings[name] for name in settings if name not in of_types - shared})
    parts: list[Synapse | Link] = []
    for item in wanted:
        if item == link.own:
            parts.append(link)
        elif isinstance(item, Synapse):
            parts.append(item)
        elif isinstance(item, str):
            kind = SYNAPSES.get(item)
            if kind is None:
                raise ValueError(unknown("syn_type", item, [link.own, *SYNAPSES]))
            parts.append(kind(**{name: settings[name] for name in settings if name in _fields(kind)}))
        else:
            raise TypeError(f"syn_type must hold names of synapse types, or synapse types, not {item!r}.")
    if parts.count(link) > 1:
        raise ValueError(f"syn_type must hold '{link.own}' once, got {list(wanted)}.")
    if link not in parts:
        parts.insert(next((i for i, part in enumerate(parts) if not getattr(part, "presynaptic", False)), len(parts)), link)
    place = parts.index(link)
    before, after = parts[:place], parts[place + 1 :]
    return Chain(tuple(before), link, tuple(after))  # type: ignore[arg-type]


def _fields(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
