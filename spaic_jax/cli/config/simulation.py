"""The table `[simulation]`."""

from typing import Literal

from pydantic import Field

from spaic_jax.cli.config.base import Table


class Simulation(Table):
    """Time.

    Attributes:
        dt: length of a step, ms.
        duration: length of a run, ms; a whole number of steps.
        propagation: see `spaic_jax.build`.
        settle: time at the beginning of a simulation that its rates and irregularity leave out, ms.
        blocks: in how many blocks neurons are taken: see `spaic_jax.build`. By default `spaic-jax simulate` takes as many as there are
            devices, and goes on with as many as a recording has.
    """

    dt: float = Field(gt=0, le=1e9)
    duration: float = Field(gt=0)
    propagation: Literal["same_step", "one_step"] = "same_step"
    settle: float = Field(default=0.0, ge=0)
    blocks: int | None = Field(default=None, ge=1)
