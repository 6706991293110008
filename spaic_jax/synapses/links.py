"""The table of link types by name."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.synapses.base import Link
from spaic_jax.synapses.direct import Direct, Pool
from spaic_jax.synapses.electrical import Electrical
from spaic_jax.synapses.full import Full
from spaic_jax.synapses.maps import Conv, ConvTranspose
from spaic_jax.synapses.one_to_one import OneToOne
from spaic_jax.synapses.sparse import Random, Sparse

LINKS: dict[str, type[Link]] = {
    "conv": Conv,
    "conv_connection": Conv,
    "conv_transpose": ConvTranspose,
    "electrical": Electrical,
    "full": Full,
    "full_connection": Full,
    "null": Direct,
    "one_to_one": OneToOne,
    "one_to_one_sparse": OneToOne,
    "pool": Pool,
    "pool_connection": Pool,
    "random": Random,
    "random_connection": Random,
    "sparse": Sparse,
    "sparse_connection": Sparse,
}


def resolve_link(link_type: str | Link, **settings: Any) -> Link:
    """The link of a name and its settings, or the link itself.

    Raises:
        ValueError: unknown name or setting, with the nearest right one.
    """
    return resolve("link type", LINKS, Link, link_type, settings)

