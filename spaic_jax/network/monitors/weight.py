"""What weights are, over a run."""

import dataclasses

from spaic_jax.network.connection import Connection
from spaic_jax.network.monitors.times import SampledMonitor


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class WeightMonitor(SampledMonitor):
    """Keeps the weights of a connection: the result's `probes[name]`, `[T, *shape]`.

    A parameter is the same in every step of a run; what a plasticity rule changes is there as it was after each step.

    Args:
        target: the connection.
        dt: keep the last step of every `dt` ms of a run; every step by default.
        var_name: the variable, `"weight"`.
        index, every, window, last, reduce: as of `StateMonitor`.
        name: name in the network; by default that of the attribute or variable it is bound to.

    Raises:
        TypeError: a target that is no connection.

    Example:
        >>> from spaic_jax.network import NeuronGroup
        >>> layer = NeuronGroup(10, model="lif")
        >>> WeightMonitor(Connection(layer, layer), dt=100.0).var_name
        'weight'
    """

    target: Connection
    dt: float | None = None
    var_name: str = dataclasses.field(default="weight", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.target, Connection):
            raise TypeError(f"WeightMonitor: the target must be a Connection, not {self.target!r}.")
        super().__post_init__()
