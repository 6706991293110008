"""The names of the surrogates, and how a name becomes one."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any

from spaic_jax._errors import suggest, unknown
from spaic_jax.surrogate.atan import AtanGrad
from spaic_jax.surrogate.base import Surrogate
from spaic_jax.surrogate.gate import GateGrad
from spaic_jax.surrogate.qgate import QGateGrad
from spaic_jax.surrogate.rectangle import RectangleGrad
from spaic_jax.surrogate.relu import ReLUGrad
from spaic_jax.surrogate.sigmoid import SigmoidGrad
from spaic_jax.surrogate.stbp import STBP
from spaic_jax.surrogate.stca import STCA
from spaic_jax.surrogate.straight_through import StraightThroughEstimator

__all__ = ["SURROGATES", "resolve_surrogate"]

SURROGATES: MappingProxyType[str, type[Surrogate]] = MappingProxyType(
    {
        # SPAIC's names, in lower case.
        "stca": STCA,
        "stbp": STBP,
        "sigmoidgrad": SigmoidGrad,
        "atangrad": AtanGrad,
        "rectanglegrad": RectangleGrad,
        "gategrad": GateGrad,
        "qgategrad": QGateGrad,
        "relugrad": ReLUGrad,
        "straight_through_estimator": StraightThroughEstimator,
        # Shorter ones.
        "sigmoid": SigmoidGrad,
        "atan": AtanGrad,
        "rectangle": RectangleGrad,
        "gate": GateGrad,
        "qgate": QGateGrad,
        "relu": ReLUGrad,
        "straight_through": StraightThroughEstimator,
    }
)


def resolve_surrogate(surrogate: str | Surrogate | type[Surrogate], **parameters: Any) -> Surrogate:
    """The surrogate that a name, a class or a finished object stands for.

    Args:
        surrogate: a name in ``SURROGATES``, in any letter case; a subclass of
            ``Surrogate``; or a ``Surrogate``, which is returned as it is.
        **parameters: parameters of the class, such as ``alpha``; not with an object.

    Raises:
        ValueError: if the name is not known, the class has no such parameter, or
            parameters come with a finished object.

    >>> resolve_surrogate("STCA", alpha=1.0)
    STCA(alpha=1.0, compat=False)
    >>> resolve_surrogate(AtanGrad())
    AtanGrad(alpha=2.0)
    """
    if isinstance(surrogate, Surrogate):
        if parameters:
            raise ValueError(
                f"surrogate {surrogate!r} came with {', '.join(sorted(parameters))}, but "
                "a finished surrogate takes no further parameters."
            )
        return surrogate
    if isinstance(surrogate, type) and issubclass(surrogate, Surrogate):
        cls = surrogate
    else:
        found = SURROGATES.get(surrogate.lower()) if isinstance(surrogate, str) else None
        if found is None:
            raise ValueError(unknown("surrogate", surrogate, SURROGATES))
        cls = found
    known = [field.name for field in fields(cls) if field.init]
    for name in parameters:
        if name not in known:
            raise ValueError(f"{cls.__name__} has no parameter {name!r}{suggest(name, known)}.")
    return cls(**parameters)
