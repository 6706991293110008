"""Models whose variables and parameters have names that are given when the model is made."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from spaic_jax.neurons.base import SpikingModel
from spaic_jax.neurons.fields import Value, as_numbers
from spaic_jax.neurons.state import First, StateVariable
from spaic_jax.program import Initial
from spaic_jax.program.initial import as_initial


class Frozen(dict[str, Any]):
    """A dictionary of hashable values that nothing changes, and that so has a hash itself."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class NamedModel(SpikingModel):
    """A model that is told its variables and parameters.

    Attributes:
        initial: first value of each state variable.
        values: value of each parameter; an array in `step`.
    """

    class State(SpikingModel.State):
        def __init__(self, values: Mapping[str, Any]):
            vars(self).update(values)

        @classmethod
        def of(cls, values: Mapping[str, Any]) -> Self:
            return cls(values)

    initial: Mapping[str, First]
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict, metadata={"role": "values"})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in self.values.items():
            self._check(name, value, positive=False)
        object.__setattr__(self, "initial", Frozen({name: as_initial(value) for name, value in self.initial.items()}))
        object.__setattr__(self, "values", {name: x if isinstance(x, Initial) else as_numbers(x) for name, x in self.values.items()})

    @classmethod
    def in_a_run(cls, choices: Mapping[str, Any], parameters: Mapping[str, Any], **known: Any) -> Self:
        fields = {name: value for name, value in parameters.items() if name in cls.parameter_fields()}
        values = {name: value for name, value in parameters.items() if name not in fields}
        return super().in_a_run(choices, fields, values=values, **known)

    def states(self) -> dict[str, StateVariable]:
        return {name: StateVariable(first) for name, first in self.initial.items()}

    def parameters(self) -> dict[str, Value]:
        return {**super().parameters(), **self.values}

    def _with(self, values: Mapping[str, Any]) -> Self:
        own = {name: value for name, value in values.items() if name in self.values}
        fields = {name: value for name, value in values.items() if name not in own}
        return super()._with({**fields, "values": {**self.values, **own}})
