"""How a training by a gradient goes on many processes, before there are any.

Each process has its share of every batch, and all parameters. In an update it computes for its share, and all add up their gradients
in a ring: 2 (P - 1) hops, each with a P-th of them. The plan does so once a tile, and once more they agree on whether all is well. So

    t = (expected time of the share) f / speed + sum over rounds of (ROUND / speed + 2 (P - 1) (latency + bytes / (P bandwidth)))

on P processes, each of which has use for two cores, so that f take turns. With more processes than cores a hop takes longer, as of
`spaic_jax.run.cost.forecast`. The expected time is that of
`spaic_jax.run.cost.speed`, which was fitted to runs forward by an earlier plan. Nothing here was fitted to updates: of 12 that were
measured (four configurations with batches of 128, on 1, 2 and 4 processes that share two cores) half took what was expected within a
factor of about 1.4, and all within about 4; those of 4 processes were measured once.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax.numpy as jnp

from spaic_jax._numbers import whole
from spaic_jax.plan.cost import Where
from spaic_jax.run.cost.energy import table
from spaic_jax.run.cost.forecast import ROUND, TURN
from spaic_jax.run.cost.machine import Machine, Speed
from spaic_jax.run.cost.speed import cpu_ms
from spaic_jax.run.cost.work import scheduled
from spaic_jax.run.memory import readable

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator

#: What one process had of them when the time of a run was fitted.
CORES = 2


@dataclasses.dataclass(frozen=True)
class Updates(Speed):
    """How an update of a training goes on so many processes: see `spaic_jax.distributed.forecast_updates`. `print` shows a table.

    Attributes:
        processes: their number, P.
        batch: samples of each.
        memory: bytes of variables and gradients of each.
        rounds: how often all add something up in an update.
        message: bytes of all gradients, which is what they add up but for one time.
        computing, exchanging: seconds of an update.
        alone: seconds of an update on one process.
    """

    processes: int
    batch: int
    memory: int
    rounds: int
    message: int
    computing: float
    exchanging: float
    alone: float

    @property
    def seconds(self) -> float:
        """Seconds of an update."""
        return self.computing + self.exchanging

    def __str__(self) -> str:
        return compared_updates([self])


def forecast_updates(sim: "Simulator", processes: int, steps: int, batch_size: int, machine: Machine | None = None) -> Updates:
    """How an update of a training by a gradient goes on so many processes that share out the batch, by a small model.

    Nothing is computed or sent. What an optimizer keeps and does is left out, and so are the data, and processes that others wait for.
    See `spaic_jax.run.cost.updates`.

    Args:
        sim: what is trained.
        processes: their number, each with one device.
        steps: of a sample.
        batch_size: samples of an update, of all processes together.
        machine: what they run on.

    Raises:
        ValueError: a batch that cannot be shared out evenly, with both numbers.

    Example:
        >>> import spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=100)
        ...     layer = sj.NeuronGroup(10, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> made = forecast_updates(sj.build(net, dt=1.0), 4, steps=20, batch_size=32)
        >>> made.batch, made.message
        (8, 4000)
    """
    processes, machine = whole(processes, "processes", least=1), Machine() if machine is None else machine
    if batch_size % processes:
        raise ValueError(f"batch_size {batch_size} cannot be shared out evenly over {processes} processes.")
    batch, program, turns = batch_size // processes, sim.program, machine.turns(processes)
    parameters = sum(math.prod(v.shape) * jnp.dtype(v.dtype).itemsize for v in program.of_role("parameter"))
    variables = sum(math.prod(v.sized(batch)) * jnp.dtype(v.dtype).itemsize for v in program.variables if v.role != "input")
    computing = 1e-3 * cpu_ms(program, steps, batch) * machine.turns(CORES * processes) / machine.speed
    hop = 1e-6 * machine.latency if turns == 1 else TURN
    _, _, tile = scheduled(sim, steps, batch_size, Where(shares=processes))
    rounds = 1 + math.ceil(steps / tile) if processes > 1 else 0
    sent = (rounds - 1) * parameters / processes / (1e9 * machine.bandwidth)
    exchanging = rounds * (ROUND / machine.speed + 2 * (processes - 1) * hop) + 2 * (processes - 1) * sent
    alone = 1e-3 * cpu_ms(program, steps, batch_size) / machine.speed
    return Updates(processes, batch, variables + parameters, rounds, parameters, computing, exchanging, alone)


def compared_updates(rows: Sequence[Updates]) -> str:
    """A table of updates of one training, a row each."""
    columns = ["processes", "samples", "memory", "rounds", "gradients", "computing, s", "exchanging, s", "in all, s", "speed-up", "efficiency"]
    cells: list[list[str | float]] = [
        [
            f"{e.processes:,}", e.batch, readable(e.memory), e.rounds, readable(e.message), e.computing, e.exchanging, e.seconds, e.speedup,
            f"{100 * e.efficiency:.3g} %",
        ]
        for e in rows
    ]
    head = f"an update of {rows[0].batch * rows[0].processes:,} samples: of each process"
    return "\n\n".join([head, table(columns, cells), "Left out: the optimizer, the data, and processes that others wait for."])
