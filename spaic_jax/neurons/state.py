"""The state of a model: a class of its variables, and how each of them begins."""

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any, Self, dataclass_transform

import numpy as np

from spaic_jax.program import Initial

#: The first value of a state variable: a number, how it is drawn, or the name of the field that holds it.
First = float | str | Initial


#: No membrane potential in mV comes near this, upwards or downwards.
MOST_MV = 1e4


@dataclasses.dataclass(frozen=True)
class StateVariable:
    """What is known of a variable that is carried from step to step: see `variable`."""

    first: First | np.ndarray
    dtype: str = "float32"
    stay: bool = False
    exact: bool = False
    where: str | None = None
    limit: float | None = None


def variable(
    first: First,
    *,
    dtype: str = "float32",
    stay: bool = False,
    exact: bool = False,
    where: str | None = None,
    limit: float | None = None,
) -> Any:
    """A field of a `State` that is carried from step to step.

    Args:
        first: its first value: a number, how it is drawn, or the name of the model's field that holds it.
        dtype: its type.
        stay: whether it keeps its value when a run starts afresh from earlier variables (SPAIC's `[stay]`).
        exact: whether it counts or adds up over a long time: float32 in a program of half precision too.
        where: a field of the model without which, if it is 0 or `False`, the variable is not carried.
        limit: the largest size that has any sense in its unit, `MOST_MV` of a potential in mV; a run beyond it has diverged.
    """
    return dataclasses.field(metadata={"carried": StateVariable(first, dtype, stay, exact, where, limit)})


def shown() -> Any:
    """A field of a `State` that each step gives anew, for who reads it in the same step, such as a monitor."""
    return dataclasses.field(metadata={"carried": None})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(variable, shown))
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ModelState:
    """The variables of a model, arrays `[B, *shape]`: a subclass lists them, and is a frozen dataclass without further ado.

    `step` takes the state after the step before, in which a variable that is not carried is `None`, and gives the new one.
    """

    def __init_subclass__(cls) -> None:
        dataclasses.dataclass(frozen=True, kw_only=True, eq=False)(cls)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The state after the step before, of the variables that are carried."""
        state = object.__new__(cls)
        vars(state).update({**dict.fromkeys(cls.names()), **values})
        return state

    @classmethod
    def names(cls) -> dict[str, StateVariable | None]:
        """All fields, those of the class itself before those that it inherits, and how each is carried, if it is."""
        fields = {field.name: field.metadata["carried"] for field in dataclasses.fields(cls)}
        return {name: fields[name] for kind in cls.__mro__ for name in inspect.get_annotations(kind)}
