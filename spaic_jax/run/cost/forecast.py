"""How a run of one large network goes on many processes, before there are any.

Each process has its blocks of neurons and all synapses onto them, and hears of every spike (`spaic_jax.plan.exchange`). So a step takes

    (STEP + NUMBER n + DRAWN r + SYNAPSE s + HEARD h + ROUND x) f / speed + (P - 1) (latency x + m / bandwidth)

on P processes of which f take turns on a core: n numbers are written, r drawn at random, s synapses reached by spikes, h numbers of
neurons heard of; there are x exchanges, in which a process hands round m bytes. n, r and s are those of one process: of what it has its
share of, a P-th of all, and of what it has whole, all. Where processes take turns, a hop takes TURN in place of the latency.

The seven constants were fitted to 20 runs: the network COBA with 4 000 and 20 000 neurons without a delay, with one of 2 ms and with
delays of 0.5 to 3 ms, on 1, 2 and 4 processes that shared two cores of a server, and Brunel's network on one; half came within a
factor of 1.09, the worst within 1.33. Of 17 runs that were not fitted (COBA with 10 000 and 40 000 neurons, CUBA, a twentieth of the
microcircuit, and Brunel's network, on 1, 2 and 4 processes) half took what was foreseen within a factor of 1.35, and all within 2.4.
The cores were busy with other work at times: idle, two devices of
one process were seen to need 3 ns to hear of a neuron, and two processes 5. Latency and bandwidth are those
of gloo between two processes of that server, measured by themselves. No network between machines and
no more than four processes were there to be measured: what is said of those follows from the ring alone.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spaic_jax._numbers import real, whole
from spaic_jax.run.cost.energy import table
from spaic_jax.run.cost.machine import Machine, Speed
from spaic_jax.run.cost.work import Work, work_of
from spaic_jax.run.memory import readable

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator

#: Seconds of a step, of a number that a row writes, of one that is drawn, of a synapse that a spike reaches, of a number of a neuron
#: that is heard of, of an exchange beside its hops, and of a hop to a process that waits for its turn on a core.
STEP, NUMBER, DRAWN, SYNAPSE, HEARD, ROUND, TURN = 6.4e-7, 1.4e-10, 2.8e-9, 2.1e-9, 6.0e-9, 1.6e-4, 1.2e-3

#: Of what a second of model time takes, what is there for exchanges only.
EXCHANGING = ("hearing", "rounds", "latency", "bandwidth")


@dataclasses.dataclass(frozen=True)
class Forecast(Speed):
    """How a run of one network goes on so many processes: see `spaic_jax.distributed.forecast`. `print` shows it as a table.

    Attributes:
        processes: their number, P.
        rate: of all neurons, Hz.
        work: what each of them has to do and to keep.
        exchanges: how many there are in a second of model time.
        message: bytes that a process hands round in one of them, on average.
        terms: seconds of a second of model time, by what they go to: `"steps"`, `"neurons"`, `"synapses"`, `"hearing"` of other
            neurons, `"rounds"`, what an exchange takes beside its hops, `"latency"` and `"bandwidth"`.
        alone: seconds that one process takes.
        fastest: the number of processes, about, beyond which it takes longer, where each has a core: 1 where one alone is faster than
            any; infinite where nothing is exchanged.
    """

    processes: int
    rate: float
    work: Work
    exchanges: float
    message: float
    terms: Mapping[str, float]
    alone: float
    fastest: float

    @property
    def seconds(self) -> float:
        """Seconds that a second of model time takes."""
        return sum(self.terms.values())

    @property
    def exchanging(self) -> float:
        """Seconds of these that go to exchanges."""
        return sum(self.terms[name] for name in EXCHANGING)

    @property
    def bound(self) -> str:
        """What most of the time goes to."""
        return max(self.terms, key=self.terms.__getitem__)

    def __str__(self) -> str:
        return compared([self])


def forecast(sim: "Simulator", processes: int, machine: Machine | None = None, *, rate: float = 10.0) -> Forecast:
    """How a run of one large network goes on so many processes: memory, exchanges and time.

    Nothing is drawn, computed or sent, and no device is looked at, so that there may be ten thousand processes, and more neurons than
    this machine has room for. Memory and exchanges are counted from the program and its plan; seconds are those of a small model, which
    was fitted on one machine: see `spaic_jax.run.cost.forecast`. It knows synapses that are stored as pairs; what the compiler
    exchanges for others, and learning rules, are left out, and so are neurons that fire more than others and processes that others
    wait for.

    Args:
        sim: built with as many blocks as there are processes, or a multiple: see `spaic_jax.build`.
        processes: their number, each with one device.
        machine: what they run on.
        rate: mean firing rate of all neurons, Hz.

    Raises:
        ValueError: a number of processes that does not divide the blocks; a negative rate.

    Example:
        >>> import spaic_jax as sj
        >>> made = forecast(sj.build(sj.standard.coba(4000, delay=2.0), blocks=4), 4)
        >>> round(made.exchanges), made.message, made.bound
        (500, 2501.0, 'hearing')
    """
    processes, rate = whole(processes, "processes", least=1), real(rate, "rate", least=0)
    machine = Machine() if machine is None else machine
    work, each_second = work_of(sim, processes), 1000.0 / sim.program.dt

    def computing(parts: float) -> dict[str, float]:
        """Seconds on one core, where what is shared out is shared by so many."""
        numbers, drawn, reaching = (of[True] / parts + of[False] for of in (work.numbers, work.drawn, work.reaching))
        each_step = {"steps": STEP, "neurons": NUMBER * numbers + DRAWN * drawn, "synapses": SYNAPSE * reaching * rate / each_second}
        return {name: time * each_second / machine.speed for name, time in each_step.items()}

    exchanges, sent, turns, hops = work.exchanges * each_second, work.sent * each_second, machine.turns(processes), processes - 1
    own = computing(processes) | {"hearing": HEARD * work.heard * each_second / machine.speed, "rounds": ROUND * exchanges / machine.speed}
    terms = {name: time * turns for name, time in own.items()}
    terms["latency"] = hops * exchanges * (1e-6 * machine.latency if turns == 1 else TURN)
    terms["bandwidth"] = hops * sent / (1e9 * machine.bandwidth)
    alone, whole_for_all = (sum(computing(parts).values()) for parts in (1, math.inf))
    fastest = math.inf
    if hop := exchanges * 1e-6 * machine.latency:
        # Where the derivative by P of (alone - whole_for_all) / P + P hop is 0; what all processes together send hardly grows.
        fastest = math.sqrt((alone - whole_for_all) / hop)
        rest = sum(own[name] for name in ("hearing", "rounds")) + terms["bandwidth"]
        if fastest < 1 or (alone - whole_for_all) / fastest + whole_for_all + (fastest - 1) * hop + rest > alone:
            fastest = 1.0
    return Forecast(processes, rate, work, exchanges, sent / exchanges if exchanges else 0.0, terms, alone, fastest)


def compared(forecasts: Sequence[Forecast]) -> str:
    """A table of forecasts of one network, a row each, and what is to be said of them."""
    columns = [
        "processes", "neurons", "memory", "to draw it", "exchanges", "bytes each", "computing, s", "exchanging, s", "in all, s", "speed-up",
        "efficiency", "goes most to",
    ]
    rows: list[list[str | float]] = [
        [
            f"{e.processes:,}", e.work.own, readable(sum(e.work.memory.values())), readable(e.work.drawing),
            e.exchanges, round(e.message), e.seconds - e.exchanging, e.exchanging, e.seconds, e.speedup, f"{100 * e.efficiency:.3g} %", e.bound,
        ]
        for e in forecasts
    ]
    first = forecasts[0]
    head = (
        f"{first.work.neurons:,} neurons with {first.work.synapses:,} synapses, at {first.rate:g} Hz: of each process, and in a second of"
        " model time"
    )
    return "\n\n".join([head, table(columns, rows), "\n".join(_notes(forecasts))])


def _notes(forecasts: Sequence[Forecast]) -> list[str]:
    notes = ["Left out: neurons that fire more than others, processes that others wait for, learning, and what monitors keep."]
    if math.isfinite(fastest := forecasts[-1].fastest):
        notes.append("It takes longer with more than " + ("one process." if fastest == 1 else f"about {round(fastest):,} processes."))
    notes += [
        f"{each.processes:,} processes cannot share out {', '.join(each.work.whole)} evenly, which each of them has whole."
        for each in forecasts
        if each.work.whole
    ]
    return notes
