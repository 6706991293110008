"""One row of a program's op list."""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Literal, get_args

from spaic_jax import ops as named_ops
from spaic_jax._errors import unknown
from spaic_jax._numbers import whole

#: When a row is there: in every run, only in one that learns (`Simulator.train`), or only in one that does not.
When = Literal["always", "learning", "frozen"]
Settings = Mapping[str, Hashable] | Iterable[tuple[str, Hashable]]

UPDATED = "[updated]"

#: Values every op may read besides the variables: the step length in ms, the number of steps since the variables were
#: made, the number of steps since this presentation began, and the number of steps of it (int32, dt float32).
RESERVED = ("[dt]", "[step]", "[position]", "[window]")


@dataclasses.dataclass(frozen=True, init=False)
class Op:
    """`outputs = fn(*inputs, **settings)`, once every step.

    Reads follow SPAIC: the name of a state alone is its value of the **previous step**, `"hidden.V[updated]"` the value
    written **in this step**; parameters, constants, inputs and temporaries (names that are written but not declared as
    variables) have one value a step and need no tag. Several ops that write one name in one step are summed.

    Attributes:
        outputs: names written. A name that is no variable of the program is a temporary of the step.
        fn: a pure function, or the name of one in `spaic_jax.ops`. Arrays carry their batch axis in front.
        inputs: names read, with `[updated]` where this step's value of a state is meant.
        name: what error messages and listings call the op; its outputs by default.
        random: whether `fn` takes a random key before the inputs: `fn(key, *inputs, **settings)`. Unsaid, it is what
            `spaic_jax.ops` knows of the name or function, such as of `"dropout"`.
        when: `"always"`, or only in runs that learn (`"learning"`: dropout, plasticity) or do not (`"frozen"`).
        settings: keyword arguments of `fn`, of hashable values: they are part of the program, printed and compared. The
            inputs fill its other parameters in order.
        looped: whether the row wants to be carried out step by step, never for many steps at once.
        lag: how many steps old a state that it reads as of the previous step may be: what the row gives does not depend on
            what the steps since have changed in it, as of a ring of `lag` steps that is read where it is oldest. So many
            steps of the row can be carried out before any of what follows from them. Nothing checks it.

    Raises:
        ValueError: for an op that neither reads nor writes, a function or a setting that is not hashable, another `when`,
            or a lag that is no positive whole number.

    Example:
        >>> print(Op("V", "var_linear", ("decay", "V", "I")))
        V = var_linear(decay, V, I)
        >>> print(Op("kept", "dropout", "x", when="learning", settings={"p": 0.1}))
        kept = dropout(key, x, p=0.1) when learning
    """

    outputs: tuple[str, ...]
    fn: str | Callable[..., Any]
    inputs: tuple[str, ...]
    name: str
    random: bool
    when: When
    settings: tuple[tuple[str, Any], ...]
    looped: bool
    lag: int

    def __init__(
        self,
        outputs: str | Iterable[str],
        fn: str | Callable[..., Any],
        inputs: str | Iterable[str] = (),
        name: str = "",
        random: bool | None = None,
        *,
        when: When = "always",
        settings: Settings = (),
        looped: bool = False,
        lag: int = 1,
    ):
        written = (outputs,) if isinstance(outputs, str) else tuple(outputs)
        reads = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        if not written and not reads:
            raise ValueError(f"op {fn!r} has neither inputs nor outputs.")
        if not (isinstance(fn, str) or callable(fn)) or not isinstance(fn, Hashable):
            raise ValueError(f"op '{', '.join(written)}': fn must be a name or a hashable function, not {fn!r}.")
        label = name or ", ".join(written) or _label(fn)
        random = named_ops.takes_key(fn) if random is None else random
        if when not in get_args(When):
            raise ValueError(f"op '{label}': {unknown('when', when, get_args(When))}")
        kept = tuple(sorted(dict(settings).items(), key=lambda item: item[0]))
        for setting, value in kept:
            try:
                hash(value)
            except TypeError:
                raise ValueError(f"op '{label}': the setting {setting} must be hashable, not {value!r}.") from None
        values = (written, fn, reads, label, random, when, kept, looped, whole(lag, f"op '{label}': lag"))
        for field, value in zip(dataclasses.fields(self), values, strict=True):
            object.__setattr__(self, field.name, value)

    def __str__(self) -> str:
        arguments = (["key"] if self.random else []) + list(self.inputs)
        arguments += [f"{name}={getattr(value, '__name__', value)}" for name, value in self.settings]
        when = "" if self.when == "always" else f" when {self.when}"
        written = f"{', '.join(self.outputs)} = " if self.outputs else ""
        return f"{written}{_label(self.fn)}({', '.join(arguments)}){when}"


def _label(fn: str | Callable[..., Any]) -> str:
    """How a listing names a function."""
    return fn if isinstance(fn, str) else getattr(fn, "__name__", None) or str(fn)


def base_name(read: str) -> str:
    """The name behind a read: `"V[updated]"` reads `"V"`."""
    return read.removesuffix(UPDATED)


def as_op(row: Any) -> Op:
    """An op, or SPAIC's form of one: a tuple `(outputs, fn, input, ...)` or `(outputs, fn, [input, ...])`.

    Raises:
        ValueError: when it is neither.

    >>> print(as_op(("V", "var_linear", "decay", "V", "I")))
    V = var_linear(decay, V, I)
    """
    if isinstance(row, Op):
        return row
    if not isinstance(row, tuple) or len(row) < 2:
        raise ValueError(f"a row of an op list is an Op or a tuple (outputs, fn, inputs...), not {row!r}.")
    outputs, fn, *inputs = row
    if len(inputs) == 1 and isinstance(inputs[0], list | tuple):
        inputs = list(inputs[0])
    names = [*(outputs if isinstance(outputs, list | tuple) else [outputs]), *inputs]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"a row of an op list names its outputs and inputs, but {row!r} holds other values.")
    return Op(outputs, fn, inputs)
