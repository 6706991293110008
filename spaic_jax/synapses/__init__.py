"""Link types, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.synapses.base import Ends, Link
from spaic_jax.synapses.full import Full

LINKS: dict[str, type[Link]] = {"full": Full, "full_connection": Full}


def resolve_link(link_type: str | Link, **settings: Any) -> Link:
    """The link of a name and its settings, or the link itself.

    Raises:
        ValueError: unknown name or setting, with the nearest right one.
    """
    return resolve("link type", LINKS, Link, link_type, settings)


__all__ = ["LINKS", "Ends", "Full", "Link", "resolve_link"]
