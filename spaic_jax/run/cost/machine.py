"""Of processes that work together: what a machine does in how much time, and how long they take to hand something round."""

import abc
import dataclasses

from spaic_jax._numbers import real, whole


@dataclasses.dataclass(frozen=True)
class Machine:
    """The numbers of a machine, or of many with a network between them; by default those of what the model was fitted on.

    Gloo, by which JAX's processes talk to each other on the CPU, hands round in a ring: what each of P processes has reaches all
    others in P - 1 hops, one after the other.

    Attributes:
        latency: microseconds of a hop, however little is sent.
        bandwidth: gigabytes a second (10^9) between two neighbours.
        speed: of a core, as a multiple of one that the model was fitted on.
        cores: how many all processes share; `None` where each has one of its own.

    Raises:
        ValueError: numbers that are not positive.

    >>> Machine(cores=2).turns(4)
    2.0
    """

    latency: float = 91.0
    bandwidth: float = 1.6
    speed: float = 1.0
    cores: int | None = None

    def __post_init__(self) -> None:
        for name in ("latency", "bandwidth", "speed"):
            object.__setattr__(self, name, real(getattr(self, name), f"Machine: {name}", above=0))
        if self.cores is not None:
            whole(self.cores, "Machine: cores", least=1)

    def turns(self, processes: int) -> float:
        """How many processes take turns on a core."""
        return 1.0 if self.cores is None else max(1.0, processes / self.cores)


class Speed(abc.ABC):
    """How fast several processes are beside one: of what says how many there are, and how long one alone takes."""

    processes: int
    alone: float

    @property
    @abc.abstractmethod
    def seconds(self) -> float:
        """How long they take together."""

    @property
    def speedup(self) -> float:
        """How many times as fast it is as on one process."""
        return self.alone / self.seconds

    @property
    def efficiency(self) -> float:
        """The speed-up a process."""
        return self.speedup / self.processes
