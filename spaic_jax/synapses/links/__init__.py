"""Link types, one concept a file, and the table of their names."""

from collections.abc import Mapping
from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.program import Uniform
from spaic_jax.synapses.links.attention import Attention
from spaic_jax.synapses.links.base import Link
from spaic_jax.synapses.links.connectivity import Connectivity
from spaic_jax.synapses.links.conv import Conv
from spaic_jax.synapses.links.conv_transpose import ConvTranspose
from spaic_jax.synapses.links.direct import Direct
from spaic_jax.synapses.links.distance import DistanceDependent
from spaic_jax.synapses.links.electrical import Electrical
from spaic_jax.synapses.links.fixed_indegree import FixedIndegree
from spaic_jax.synapses.links.fixed_outdegree import FixedOutdegree
from spaic_jax.synapses.links.fixed_total import FixedTotal
from spaic_jax.synapses.links.full import Full
from spaic_jax.synapses.links.local import ContinuousLocal
from spaic_jax.synapses.links.mass_to_spike import MassToSpike
from spaic_jax.synapses.links.one_to_one import OneToOne
from spaic_jax.synapses.links.pool import Pool
from spaic_jax.synapses.links.random import Random
from spaic_jax.synapses.links.sparse import Sparse
from spaic_jax.synapses.links.spike_to_mass import SpikeToMass
from spaic_jax.synapses.links.weighted import Weighted

LINKS: dict[str, type[Link]] = {
    "attention": Attention,
    "complex_attention": Attention,
    "continuous_local": ContinuousLocal,
    "conv": Conv,
    "conv_connection": Conv,
    "conv_transpose": ConvTranspose,
    "dist_depd": DistanceDependent,
    "electrical": Electrical,
    "fixed_indegree": FixedIndegree,
    "fixed_outdegree": FixedOutdegree,
    "fixed_total": FixedTotal,
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
    "random_connection_sparse": Random,
    "sparse": Sparse,
    "sparse_connection": Sparse,
    "sparse_connection_sparse": Sparse,
    "sparse_sparse": Sparse,
    "spike2mass": SpikeToMass,
}



def _implied(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a name of a link stands for, where none are given: some say how it is stored too."""
    if name in ("sparse_sparse", "sparse_connection_sparse"):
        return {"storage": "pairs", "weight": Uniform(0.0, settings.get("w_std", Sparse.w_std))}
    return {"storage": "pairs"} if name == "random_connection_sparse" else {}


def resolve_link(link_type: str | Link, **settings: Any) -> Link:
    """The link of a name and its settings, or the link itself.

    Raises:
        ValueError: unknown name or setting, with the nearest right one.
    """
    implied = _implied(link_type.lower(), settings) if isinstance(link_type, str) else {}
    link: Link = resolve("link type", LINKS, Link, link_type, implied | settings)
    return link


__all__ = [
    "LINKS", "Attention", "Connectivity", "ContinuousLocal", "Conv", "ConvTranspose", "Direct", "DistanceDependent", "Electrical",
    "FixedIndegree", "FixedOutdegree", "FixedTotal", "Full", "Link", "MassToSpike", "OneToOne", "Pool", "Random", "Sparse", "SpikeToMass", "Weighted", "resolve_link",
]
