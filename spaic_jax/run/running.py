"""A run, and a step of a loop written by hand: what is given is checked, and what is compiled for it is carried out."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.run import compiled
from spaic_jax.run.check import batch_of_inputs, batch_size_of, by_name, check_run, where_of
from spaic_jax.run.inputs import check_values, from_sequences
from spaic_jax.run.lengths import check_lengths
from spaic_jax.run.result import Result
from spaic_jax.run.variables import Prepared, Variables

if TYPE_CHECKING:
    from spaic_jax.run.simulator import Simulator


def run(
    sim: "Simulator",
    variables: Variables,
    inputs: Mapping[str, Any] | None,
    key: jax.Array | None,
    steps: int | None,
    presentation: int | None,
    lengths: Any,
) -> Result:
    """All steps of a run: see `Simulator.run`."""
    given = by_name(inputs)
    arrays, steps = check_run(sim.program, variables, given, key, steps)
    whole_length = None if presentation is None else whole(presentation, "presentation", least=steps)
    if whole_length is not None and not isinstance(variables.position, jax.core.Tracer):
        done = int(variables.position)
        if done + steps > whole_length:
            raise ValueError(
                f"{steps} steps do not fit: {done} of the {whole_length} steps of the presentation are done already."
            )
    check_values(sim.program, given, whole_length or steps)
    if lengths is not None:
        if presentation is not None:
            raise ValueError("lengths are those of whole presentations: a piece of one, presentation=, has none.")
        batch = batch_size_of(sim.program, variables) or batch_of_inputs(sim.program.by_name, arrays)
        lengths = check_lengths(sim.program, lengths, steps, batch, given)
    arrays |= from_sequences(sim.program, given, part=whole_length not in (None, steps))
    moved, outputs, probes, times, health = compiled.run(
        _engine_for(sim, variables), variables, arrays, key, steps, np.int32(whole_length or steps), presentation is not None, lengths
    )
    if sim.debug:
        health.check()
    return Result(outputs, probes, times, variables.moved(moved), health, sim.program.dt)


def _engine_for(sim: "Simulator", variables: Variables) -> compiled.Engine:
    """What is compiled for the devices on which some variables lie; what is traced lies where the plan says."""
    where = where_of(sim.program, variables)
    return sim.engine if where is None else dataclasses.replace(sim.engine, plan=sim.plan.at(where))


def prepare(sim: "Simulator", variables: Variables) -> Prepared:
    """Variables with what follows from those that no step changes: see `Simulator.prepare`."""
    batch_size_of(sim.program, variables)
    return Prepared(variables, compiled.derived(sim.engine, variables), sim.program.learning)


def step(
    sim: "Simulator", variables: Variables | Prepared, inputs: Mapping[str, Any] | None, key: jax.Array | None, steps: int | None
) -> tuple[Any, dict[str, jax.Array]]:
    """One step: see `Simulator.step`."""
    if steps is None and (windowed := [op.name for op in sim.program.rows if "[window]" in op.inputs]):
        raise ValueError(f"op '{windowed[0]}' needs the number of steps of the whole loop: give steps=.")
    derived = variables.derived if isinstance(variables, Prepared) else {}
    if isinstance(variables, Prepared) and variables.learning != sim.program.learning:
        raise ValueError("the variables were prepared by the simulator in its other mode: prepare them with this one.")
    now = variables.variables if isinstance(variables, Prepared) else variables
    given = by_name(inputs)
    arrays, _ = check_run(sim.program, now, given, key, 1, single=True)
    # A loop written by hand does not wait for what the device has not done yet.
    check_values(sim.program, given, steps, waiting=False)
    from_sequences(sim.program, given, part=True, single=True)
    length = None if steps is None else np.int32(whole(steps, "steps", least=1))
    moved, emitted = compiled.step(sim.engine, now, derived, arrays, key, length)
    new = now.moved(moved)
    return (dataclasses.replace(variables, variables=new) if isinstance(variables, Prepared) else new), emitted
