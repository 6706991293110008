"""The ops, which keep SPAIC's names, argument order and meaning; their examples are those of the functions."""

import inspect

from spaic_jax import ops
from spaic_jax.coming_from_spaic.row import Counterpart

#: How an op differs from SPAIC's, beyond what its docstring says.
_NOTES = {
    "threshold": "Its gradient is zero, as in SPAIC; a row of a surrogate, such as `sj.surrogate.STCA()`, has one.",
    "dropout": "Takes its random key first; a row that names it is given one. Training rows only: `Op(..., when=\"learning\")`.",
    "mat_mult_weight_complex": "With a delay it needs dt: a row reads `\"[dt]\"` after the delay.",
    "mat_mult_weight_2complex": "With a delay it needs dt: a row reads `\"[dt]\"` after the delay.",
    "conv_2d_complex": "With a delay it needs dt: `Op(..., settings={\"dt\": 1.0})`, beside those of the convolution.",
    "upsample": "Places are counted without rounding: factor 2.2 takes place 15 for place 33.",
    "batchnorm2d": "Running statistics are given and returned; `syn_type=[..., \"batchnorm2d\"]` keeps them.",
    "clamp_": "Returns the values; nothing is changed in place.",
    "clamp_max_": "Returns the values; nothing is changed in place.",
    "clamp_min_": "Returns the values; nothing is changed in place.",
    "to_numpy": "Outside of compiled functions.",
    "reduce_sum_update": "Rows that write one name in one step are summed by themselves.",
    "sparse_to_dense": "Dense, as its name says; SPAIC gives a sparse tensor.",
}


def _example(name: str) -> str:
    """The lines of a prompt in the docstring of an op."""
    text = inspect.getdoc(getattr(ops, name)) or ""
    return text[text.index(">>>") :]


def _row(name: str) -> Counterpart:
    note = _NOTES.get(name, "Takes its random key first." if name in ops.INITIALISERS else "")
    return Counterpart(f"spaic_jax.ops.{name}", note, _example(name))


OPS = {name: _row(name) for name in sorted({*ops.REGISTRY, *ops.INITIALISERS, "to_numpy"})}
