"""Variables and the op list: what one step of a simulation does, as an immutable value."""

from spaic_jax.program.blocks import Blocks
from spaic_jax.program.check import ProgramError
from spaic_jax.program.fragment import Context, Fragment, Site
from spaic_jax.program.initial import (
    INITIALS,
    Constant,
    FluctuationDriven,
    Given,
    Initial,
    KaimingNormal,
    KaimingUniform,
    LogNormal,
    Normal,
    SparseNormal,
    TruncatedNormal,
    Uniform,
    XavierNormal,
    XavierUniform,
)
from spaic_jax.program.op import Op
from spaic_jax.program.program import Program
from spaic_jax.program.record import Last, Max, Mean, Record, Reduction, Steps, Sum
from spaic_jax.program.variable import Variable

__all__ = [
    "INITIALS", "Blocks", "Constant", "Context", "FluctuationDriven", "Fragment", "Given", "Initial", "KaimingNormal", "KaimingUniform", "Last", "LogNormal",
    "Max", "Mean", "Normal", "Op", "Program", "ProgramError", "Record", "Reduction", "Site", "SparseNormal", "Steps", "Sum", "TruncatedNormal",
    "Uniform", "Variable", "XavierNormal", "XavierUniform",
]
