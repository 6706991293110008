"""Any pure function of arrays as a part of a network."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from spaic_jax.network.element import Element
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.source import Source
from spaic_jax.program import Context, Fragment, Initial, Op, Site, Variable
from spaic_jax.program.initial import as_initial

#: A group or an encoder, with the variable that is meant, or without for its output.
Port = NeuronGroup | Source | tuple[NeuronGroup | Source, str]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Module(Element):
    """A pure function with parameters as a node: `fn(params, *inputs)` is added to the input current of a group.

    The function is called once a step, or for many steps at once under `jax.vmap`. Its inputs are arrays `[B, *shape]` of
    groups or encoders; as with a connection, they are those of this step outside loops, else of the step before. It
    returns an array `[B, *shape]` of the output's group. The leaves of its parameters are variables of the program, named
    by their path: `"mlp.params.w1"`, so that `jax.grad`, optimisers and files of weights treat them as any other.

    A Flax module is `fn = lambda params, x: net.apply(params, x)` with `params = lambda key: net.init(key, jnp.zeros((1,
    4)))`. An Equinox layer is taken apart first: `params, rest = eqx.partition(layer, eqx.is_array)`, and
    `fn = lambda params, x: jax.vmap(eqx.combine(params, rest))(x)`. Give the same function object to networks that shall
    share a compiled program.

    Args:
        fn: a pure function; it must be hashable, and is not stored in files.
        params: a pytree of arrays, or a function that makes one of a random key.
        inputs: what it reads: groups or encoders, or pairs of one and a variable, such as `(layer, "V")`.
        output: the group, or a pair of it and the variable that is added to.
        name: name in the network; by default that of the attribute or variable it is bound to.
        is_parameter: whether the parameters are trained; integers never are.

    Raises:
        TypeError: a function that is not hashable or cannot be called, a port that is no group or encoder, leaves that
            are no arrays.
        ValueError: no inputs; when the network is lowered, a result of the wrong shape, or an unknown variable.

    Example:
        >>> import jax, jax.numpy as jnp, spaic_jax as sj
        >>> def init(key):
        ...     first, second = jax.random.split(key)
        ...     return {"w1": jax.random.normal(first, (4, 8)), "w2": jax.random.normal(second, (8, 2))}
        >>> def mlp(params, x):
        ...     return jnp.tanh(x @ params["w1"]) @ params["w2"]
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     dense = Module(mlp, init, inputs=[image], output=layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> {name: x.shape for name, x in sim.init(jax.random.key(0)).params.items()}
        {'dense.params.w1': (4, 8), 'dense.params.w2': (8, 2)}
    """

    def __init__(
        self,
        fn: Callable[..., jax.Array],
        params: Any,
        inputs: Sequence[Port],
        output: NeuronGroup | tuple[NeuronGroup, str],
        *,
        name: str | None = None,
        is_parameter: bool = True,
    ):
        if not callable(fn):
            raise TypeError(f"Module: fn must be a function, not {fn!r}.")
        if not isinstance(inputs, list | tuple) or not inputs:
            raise ValueError(f"Module: inputs must be a list of groups or encoders, not {inputs!r}.")
        target = output if isinstance(output, tuple) else (output, "Isyn")
        self._declare(
            fn=fn,
            params=params,
            inputs=tuple(_port(port, "input", NeuronGroup | Source) for port in inputs),
            output=_port(target, "output", NeuronGroup),
            name=name,
            is_parameter=is_parameter,
        )

    fn: Callable[..., jax.Array]
    params: Any
    inputs: tuple[tuple[NeuronGroup | Source, str], ...]
    output: tuple[NeuronGroup, str]
    is_parameter: bool

    def _check(self) -> None:
        try:
            hash((self.fn, jax.tree.structure(self._leaves())))
        except TypeError as error:
            raise TypeError(f"Module: fn and the structure of params must be hashable: {error}.") from error

    @property
    def references(self) -> tuple[Element, ...]:
        """The inputs and the output."""
        return (*(source for source, _ in self.inputs), self.output[0])

    def _leaves(self) -> Any:
        """Shape and dtype of every parameter, in their tree."""
        if callable(self.params):
            return jax.eval_shape(self.params, jax.eval_shape(lambda: jax.random.key(0)))
        return jax.tree.map(_struct, self.params)

    @property
    def reads_from(self) -> tuple[tuple[Element, str], ...]:
        return self.inputs

    @property
    def writes_to(self) -> tuple[tuple[Any, str], ...]:
        return (self.output,)

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its parameters as variables, and the row that adds to what its output receives."""
        group, variable = self.output
        sources = [context.read(pre, read, group) for pre, read in self.inputs]
        leaves, structure = jax.tree_util.tree_flatten_with_path(self._leaves())
        given = None if callable(self.params) else jax.tree.leaves(self.params)
        variables = []
        for number, (path, struct) in enumerate(leaves):
            steps = [f".{jax.tree_util.keystr((step,), simple=True)}" for step in path]
            trained = self.is_parameter and np.issubdtype(struct.dtype, np.inexact)
            variables.append(
                Variable(
                    f"{site.name}.params{''.join(steps)}", struct.shape, str(struct.dtype),
                    "parameter" if trained else "constant",
                    LeafOf(self.params, number, site.name) if given is None else as_initial(given[number]),
                )
            )
        settings = {"fn": self.fn, "structure": structure, "inputs": len(sources), "shape": group.shape}
        target = f"{context.name_of(group)}.{variable}"
        row = Op(target, module_step, (*sources, *(v.name for v in variables)), name=site.name, settings=settings)
        return Fragment(tuple(variables), (row,))


def module_step(
    *arrays: jax.Array, fn: Callable[..., jax.Array], structure: Any, inputs: int, shape: tuple[int, ...]
) -> jax.Array:
    """A function of parameters and inputs as one of arrays: the inputs, then the leaves of the parameters.

    `shape` is that of one sample of the result.
    """
    result = fn(jax.tree.unflatten(structure, arrays[inputs:]), *arrays[:inputs])
    got, batch = np.shape(result), arrays[0].shape[0]
    if got != (batch, *shape):
        axes = ", ".join("B" if axis == 0 and n == batch else str(n) for axis, n in enumerate(got))
        name = getattr(fn, "__name__", type(fn).__name__)
        raise ValueError(f"{name} returns [{axes}], but [{', '.join(['B', *map(str, shape)])}] is needed.")
    return result


@dataclasses.dataclass(frozen=True)
class LeafOf(Initial):
    """One leaf of what a function makes of a key; the leaves of one module are made of one key."""

    make: Callable[[jax.Array], Any]
    number: int
    owner: str

    def stream(self, name: str) -> str:
        return self.owner

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return jax.tree.leaves(self.make(key))[self.number].astype(dtype)


def _port(port: Any, what: str, kinds: Any) -> tuple[Any, str]:
    source, variable = port if isinstance(port, tuple) and len(port) == 2 else (port, None)
    if not isinstance(source, kinds) or not isinstance(variable, str | None):
        needed = "a NeuronGroup" if kinds is NeuronGroup else "a NeuronGroup, an Encoder or a Generator"
        raise TypeError(f"Module: an {what} must be {needed}, or a pair of it and a variable's name, not {port!r}.")
    return source, variable or source.output


def _struct(leaf: Any) -> jax.ShapeDtypeStruct:
    array = leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"Module: params must hold arrays, not {leaf!r}.")
    return jax.ShapeDtypeStruct(array.shape, jax.dtypes.canonicalize_dtype(array.dtype))
