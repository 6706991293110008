"""Arrays with their dtypes and shapes in signatures, which the tests check.

`Float[Array, "batch *neurons"]` is read by `jaxtyping` where it is installed, as the tests have it; elsewhere, and for a type
checker, it is a plain `Array`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from jax import Array

if TYPE_CHECKING:
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Inexact
    from typing import Annotated as Int
    from typing import Annotated as Integer
    from typing import Annotated as Num
    from typing import Annotated as Shaped
else:
    try:
        from jaxtyping import Bool, Float, Inexact, Int, Integer, Num, Shaped
    except ImportError:

        class Shaped:
            """Stands in for all of them: the array alone."""

            def __class_getitem__(cls, array_and_shape: tuple[Any, str]) -> Any:
                return array_and_shape[0]

        Bool = Float = Inexact = Int = Integer = Num = Shaped

#: An array of JAX or NumPy: what is computed before a run stays where it is.
AnyArray = Array | np.ndarray

#: One value a neuron of each sample.
PerNeuron = Num[Array, "batch *neurons"]

__all__ = ["AnyArray", "Array", "Bool", "Float", "Inexact", "Int", "Integer", "Num", "PerNeuron", "Shaped"]
