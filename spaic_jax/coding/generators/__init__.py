"""Sources that need no data, one a file, and the table of their names."""

from typing import Any

from spaic_jax._tables import resolve
from spaic_jax.coding.generators.base import Generating
from spaic_jax.coding.generators.current import CurrentGenerator
from spaic_jax.coding.generators.inhomogeneous_poisson import InhomogeneousPoisson
from spaic_jax.coding.generators.poisson import PoissonGenerator
from spaic_jax.coding.generators.poisson_hz import PoissonHz
from spaic_jax.coding.generators.poisson_rate import PoissonRate
from spaic_jax.coding.generators.ramp import RampGenerator
from spaic_jax.coding.generators.sine import SineGenerator
from spaic_jax.coding.generators.spike_list import SpikeList
from spaic_jax.coding.generators.timed_array import TimedArray

GENERATORS: dict[str, type[Generating]] = {
    "cc_generator": CurrentGenerator,
    "constant_current": CurrentGenerator,
    "inhomogeneous_poisson": InhomogeneousPoisson,
    "poisson_generator": PoissonGenerator,
    "poisson_generator2": PoissonRate,
    "poisson_hz": PoissonHz,
    "ramp": RampGenerator,
    "ramp_generator": RampGenerator,
    "sin": SineGenerator,
    "sin_generator": SineGenerator,
    "spike_list": SpikeList,
    "timed_array": TimedArray,
}


def resolve_generator(coding_method: str | Generating, **settings: Any) -> Generating:
    """The source of a name and its settings, or the source itself."""
    return resolve("generator", GENERATORS, Generating, coding_method, settings)


__all__ = [
    "GENERATORS", "CurrentGenerator", "Generating", "InhomogeneousPoisson", "PoissonGenerator", "PoissonHz", "PoissonRate",
    "RampGenerator", "SineGenerator", "SpikeList", "TimedArray", "resolve_generator",
]
