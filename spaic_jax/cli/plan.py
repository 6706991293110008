"""The command `plan`."""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from spaic_jax.cli.config import Declaration, read_declaration
from spaic_jax.cli.errors import UserError, user_errors
from spaic_jax.cli.experiment import build_network
from spaic_jax.run.cost.forecast import Forecast, compared, forecast
from spaic_jax.run.cost.machine import Machine
from spaic_jax.run.cost.updates import Updates, compared_updates, forecast_updates
from spaic_jax.run.cost.work import Work


def plan(config: str, changes: Sequence[str], processes: Sequence[int], rate: float, as_json: bool, **machine: Any) -> None:
    """Print how a configuration would run on so many processes: memory, exchanges and time, of which nothing is carried out.

    A configuration with training is one by a gradient, of which each process has its share of every batch; any other one network, of which
    each has its share of the neurons.

    Args:
        config: file of the configuration.
        changes: `key=value` pairs that change it.
        processes: numbers of processes, a row each.
        rate: mean firing rate of all neurons, Hz.
        as_json: whether to print one line of JSON in place of a table.
        machine: what is given of a `Machine`, by name; `None` is left out.

    Raises:
        UserError: bad input.
    """
    declared = read_declaration(config, changes)
    with user_errors():
        given = Machine(**{name: value for name, value in machine.items() if value is not None})
    rows: list[Forecast] | list[Updates]
    if declared.training is None:
        rows = [_of_network(declared, config, count, given, rate) for count in processes]
        text = compared(rows)
    else:
        rows = [_of_training(declared, config, count, given) for count in processes]
        text = compared_updates(rows)
    print(json.dumps([_told(each) for each in rows]) if as_json else f"{config}: {text}")


def _of_network(declared: Declaration, config: str, processes: int, machine: Machine, rate: float) -> Forecast:
    _, sim, _ = build_network(declared, config, blocks=processes)
    with user_errors(config):
        return forecast(sim, processes, machine, rate=rate)


def _of_training(declared: Declaration, config: str, processes: int, machine: Machine) -> Updates:
    assert declared.training is not None
    if declared.training.loss is None:
        raise UserError(f"{config}: training: learning rules exchange in every step what they change: only a training by a gradient can be planned.")
    _, sim, steps = build_network(declared, config)
    with user_errors(f"{config}: training"):
        return forecast_updates(sim, processes, steps, declared.training.batch_size, machine)


def _told(row: Forecast | Updates) -> dict[str, Any]:
    """A row as plain values."""
    told = {**dataclasses.asdict(row), "seconds": row.seconds, "speedup": row.speedup, "efficiency": row.efficiency}
    if isinstance(row, Forecast):
        told |= {"bound": row.bound, "fastest": None if row.fastest == math.inf else row.fastest, "work": _work(row.work)}
    return told


def _work(work: Work) -> dict[str, Any]:
    """What is to be done, with words for what is shared out and what is not."""
    def named(part: Any) -> Any:
        return {"shared": part[True], "whole": part[False]} if isinstance(part, Counter) else part

    return {field.name: named(getattr(work, field.name)) for field in dataclasses.fields(work)}
