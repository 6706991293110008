"""The table of link types by name."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.synapses.attention import Attention
from spaic_jax.synapses.base import Link
from spaic_jax.synapses.direct import Direct, Pool
from spaic_jax.synapses.distance import DistanceDependent
from spaic_jax.synapses.electrical import Electrical
from spaic_jax.synapses.full import Full
from spaic_jax.synapses.local import ContinuousLocal
from spaic_jax.synapses.maps import Conv, ConvTranspose
from spaic_jax.synapses.mass import MassToSpike, SpikeToMass
from spaic_jax.synapses.one_to_one import OneToOne
from spaic_jax.synapses.sparse import Random, Sparse
from spaic_jax.synapses.stored import StoredRandom, StoredSparse

LINKS: dict[str, type[Link]] = {
    "attention": Attention,
    "complex_attention": Attention,
    "continuous_local": ContinuousLocal,
    "conv": Conv,
    "conv_connection": Conv,
    "conv_transpose": ConvTranspose,
    "dist_depd": DistanceDependent,
    "electrical": Electrical,
    "full": Full,
    "full_connection": Full,
    "mass2spike": MassToSpike,
    "null": Direct,
    "one_to_one": OneToOne,
    "one_to_one_sparse": OneToOne,
    "pool": Pool,
    "pool_connection": Pool,
    "random": Random,
    "random_connection": Random,
    "random_connection_sparse": StoredRandom,
    "sparse": Sparse,
    "sparse_connection": Sparse,
    "sparse_connection_sparse": StoredSparse,
    "sparse_sparse": StoredSparse,
    "spike2mass": SpikeToMass,
}


def resolve_link(link_type: str | Link, **settings: Any) -> Link:
    """The link of a name and its settings, or the link itself.

    Raises:
        ValueError: unknown name or setting, with the nearest right one.
    """
    return resolve("link type", LINKS, Link, link_type, settings)

