"""How long a run takes, roughly, before it is run.

The plan's own cost model (`spaic_jax.plan.cost`) compares lengths of tiles and says nothing of a whole run. This one has four
constants, fitted once to 37 runs of 23 networks (configurations of this package and recurrent layers of 128 to 2 000 neurons, with
1, 16 or 32 samples) by the default plan of that time, on two cores of a server that did other work too:

    time = 0.23 ms + 0.84 us a step + (0.021 ns a dense multiply-accumulate + 0.61 ns a number) a step and sample

where numbers are what rows write. Of networks that were left out of the fit, half came within a factor of 1.5 and nine of ten within
3.7; the worst, which draws random numbers for 12 500 neurons, took nine times as long. On another machine, or as the plan becomes
faster, it may be further off. What is delivered by events goes by the spikes and is left out, and so is that other products cost
less where spikes are few.
"""

import math

import jax

from spaic_jax.plan.products import delivers
from spaic_jax.program import Program
from spaic_jax.run.cost.products import products_of, unvarying

#: ms of a run; of a step; of a multiply-accumulate and of a number, of a step and sample.
_RUN, _STEP, _MULTIPLY_ADD, _NUMBER = 0.23, 8.4e-4, 2.1e-8, 6.1e-7


def expected_ms(program: Program, steps: int, batch_size: int) -> float | None:
    """An estimate of the time of a compiled run, ms; `None` on an accelerator, for which nothing was fitted."""
    return cpu_ms(program, steps, batch_size) if jax.default_backend() == "cpu" else None


def cpu_ms(program: Program, steps: int, batch_size: float) -> float:
    """The same of a CPU, wherever this one runs; the samples may be a share of some."""
    rings = {v.name for v in program.variables if v.ring}
    once = set(unvarying(program))
    names = [name for op in program.rows if op not in once for name in op.outputs if name not in rings]
    numbers = sum(math.prod(program.struct(program.written_read(name), 1).shape) for name in names)
    multiplied = sum(each.dense for each in products_of(program) if not delivers(each.op))
    return _RUN + steps * (_STEP + batch_size * (_MULTIPLY_ADD * multiplied + _NUMBER * numbers))
