"""Initial values of variables, as comparable values: they say how an array is made, and make it only when asked.

Numbers, arrays, names and functions of `spaic_jax.ops.INITIALISERS` stand for them wherever one is asked for.
"""

import numpy as np

from spaic_jax import ops
from spaic_jax._errors import unknown
from spaic_jax.program.initial.base import Constant, Given, Initial
from spaic_jax.program.initial.distributions import LogNormal, Normal, TruncatedNormal, Uniform
from spaic_jax.program.initial.fluctuation import FluctuationDriven
from spaic_jax.program.initial.sharing import drawn_once, once
from spaic_jax.program.initial.weights import KaimingNormal, KaimingUniform, SparseNormal, XavierNormal, XavierUniform

__all__ = [
    "INITIALS", "Constant", "FluctuationDriven", "Given", "Initial", "KaimingNormal", "KaimingUniform", "LogNormal", "Normal", "SparseNormal",
    "TruncatedNormal", "Uniform", "XavierNormal", "XavierUniform", "as_initial", "drawn_once", "once",
]

#: Every initial value by its name, which is SPAIC's where it is there.
INITIALS: dict[str, type[Initial]] = {
    "constant": Constant,
    "fluctuation_driven": FluctuationDriven,
    "kaiming_normal": KaimingNormal,
    "kaiming_uniform": KaimingUniform,
    "lognormal": LogNormal,
    "normal": Normal,
    "sparse": SparseNormal,
    "truncated_normal": TruncatedNormal,
    "uniform": Uniform,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
}


def as_initial(value: object) -> Initial:
    """What stands for an `Initial`, as one: a number, an array, a name in any case, or the function of that name in ops.

    Raises:
        ValueError: an unknown name, with the nearest right one; a number that is not finite.
        TypeError: anything else.

    >>> as_initial("kaiming_normal") == as_initial(ops.kaiming_normal) == KaimingNormal()
    True
    >>> as_initial(0.5)
    Constant(value=0.5)
    """
    if isinstance(value, Initial):
        return value
    if isinstance(value, str):
        if value.lower() not in INITIALS:
            raise ValueError(unknown("initial value", value, INITIALS))
        return INITIALS[value.lower()]()
    if callable(value):
        names = [name for name, function in ops.INITIALISERS.items() if function is value]
        if not names:
            raise TypeError(f"the initial values that are functions are those of spaic_jax.ops.INITIALISERS, not {value!r}.")
        return INITIALS[names[0]]()
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"an initial value is a number, an array, a name or an Initial, not {value!r}.")
    if not np.isfinite(array).all():
        raise ValueError(f"an initial value must be finite, not {value!r}.")
    return Constant(array.item()) if array.ndim == 0 else Given(array)
