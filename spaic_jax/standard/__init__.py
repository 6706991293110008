"""Networks that every simulator of the brain is measured by, one a file, and the table of their names.

Each is a function that declares a network, with the numbers of its paper and the rates and irregularity that others found. Whoever
begins a network of their own may begin with one.
"""

from collections.abc import Callable

from spaic_jax.network import Network
from spaic_jax.standard.brunel import brunel
from spaic_jax.standard.coba import coba
from spaic_jax.standard.cobahh import cobahh
from spaic_jax.standard.cuba import cuba
from spaic_jax.standard.izhikevich import izhikevich
from spaic_jax.standard.microcircuit import microcircuit
from spaic_jax.standard.vogels import vogels

STANDARD: dict[str, Callable[..., Network]] = {
    "brunel": brunel,
    "coba": coba,
    "cobahh": cobahh,
    "cuba": cuba,
    "izhikevich": izhikevich,
    "microcircuit": microcircuit,
    "vogels": vogels,
}

__all__ = ["STANDARD", "brunel", "coba", "cobahh", "cuba", "izhikevich", "microcircuit", "vogels"]
