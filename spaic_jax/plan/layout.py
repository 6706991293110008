"""How the arrays of a program lie on a mesh of devices."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spaic_jax.plan.cost import Where
from spaic_jax.program import Program, Variable

#: Which axis of a mesh shares out what an axis of a variable counts. What a mesh has no axis for lies whole on each device.
RULES = (("batch", "data"), ("post", "model"), ("map", "model"), ("block", "model"))


@dataclasses.dataclass(frozen=True)
class Layout:
    """A mesh of devices, and rules that say which of its axes shares out which axis of a variable (`Variable.dims`).

    On a mesh with the axis `"data"` each device has its share of every batch, and whole parameters. An axis `"model"` beside it, or
    instead, gives each device its share of the rows of parameters and of the neurons of groups. What an axis of the mesh does not
    divide, such as ten rows on four devices, lies whole on each of them; a batch, or blocks (`spaic_jax.build`), that it does not
    divide are an error.

    Args:
        mesh: the devices, with named axes.
        rules: pairs of what an axis of a variable counts, and the axis of the mesh.

    Raises:
        TypeError: `mesh` is no `jax.sharding.Mesh`.
        ValueError: a mesh with an axis that no rule names.

    Example:
        >>> import jax, numpy as np
        >>> from jax.sharding import Mesh
        >>> layout = Layout(Mesh(np.array(jax.devices()[:1]), ("data",)))
        >>> tuple(layout.spec(Variable("layer.V", (3,), dims=("post",))))
        ('data', None)
    """

    mesh: Mesh
    rules: tuple[tuple[str, str], ...] = RULES

    def __post_init__(self) -> None:
        if not isinstance(self.mesh, Mesh):
            raise TypeError(f"a jax.sharding.Mesh is needed, not {type(self.mesh).__name__}.")
        object.__setattr__(self, "rules", tuple((str(dim), str(axis)) for dim, axis in dict(self.rules).items()))
        known = list(dict.fromkeys(dict(self.rules).values()))
        if unruled := [axis for axis in self.mesh.axis_names if axis not in known]:
            raise ValueError(f"the mesh has an axis {unruled[0]!r}, but the rules share out over {' and '.join(map(repr, known))} only.")
        # Whatever the types of its axes are: how arrays lie is left to the compiler.
        object.__setattr__(self, "mesh", Mesh(self.mesh.devices, self.mesh.axis_names))

    @property
    def shares(self) -> int:
        """Over how many devices a batch is spread."""
        return int(self.mesh.shape.get(self._axis("batch"), 1))

    @property
    def where(self) -> Where:
        """What the cost model needs to know."""
        return Where(self.mesh.devices.flat[0].platform, self.shares, self.mesh, self._axis("batch"), self._axis("block"))

    def _axis(self, dim: str | None) -> Any:
        axis = dict(self.rules).get(dim or "")
        return axis if axis in self.mesh.axis_names else None

    def check_batch(self, size: int, what: str = "batch_size") -> None:
        """ValueError with both numbers where a batch cannot be shared out evenly."""
        if size % self.shares:
            raise ValueError(
                f"{what} {size} cannot be shared out evenly over the {self.shares} devices of the axis {self._axis('batch')!r} of the mesh."
            )

    def spec(self, v: Variable) -> PartitionSpec:
        """Which axes of the mesh share out the axes of a variable's value, the batch in front.

        Raises:
            ValueError: blocks that cannot be shared out evenly, with both numbers.
        """
        return PartitionSpec(*spread(v, dict(self.mesh.shape), self.rules))

    def sharding(self, v: Variable) -> NamedSharding:
        """How a variable's value lies on the devices."""
        return NamedSharding(self.mesh, self.spec(v))

    @property
    def whole(self) -> NamedSharding:
        """An array that lies whole on each device."""
        return NamedSharding(self.mesh, PartitionSpec())

    def across(self, axis: int) -> NamedSharding:
        """An array of which each device has its share of the samples along an axis."""
        return NamedSharding(self.mesh, PartitionSpec(*[None] * axis, self._axis("batch")))

    def shardings(self, program: Program, tree: Any) -> Any:
        """How the leaves of a tree lie that are there once for all samples: parameters and what goes on with them.

        A leaf that is called as a variable and has its shape, such as a moment of an optimizer, lies as that does; any other lies
        whole on each device.
        """

        def of(path: tuple[Any, ...], leaf: Any) -> NamedSharding:
            names = [step.key for step in path if isinstance(step, jax.tree_util.DictKey)]
            v = program.by_name.get(names[-1]) if names else None
            if v is None or jnp.shape(leaf) != v.shape:
                return self.whole
            return self.sharding(dataclasses.replace(v, batched=False))

        return jax.tree_util.tree_map_with_path(of, tree)

    def put(self, tree: Any, shardings: Any = None) -> Any:
        """Arrays of a tree, or of all its leaves, on the devices of the mesh; by default whole on each."""
        if shardings is None:
            return jax.tree.map(lambda x: put(x, self.whole), tree)
        return jax.tree.map(put, tree, shardings)

    def collected(self, tree: Any) -> Any:
        """Arrays of a tree whole on each device, wherever they lie; every process takes part."""
        return _moved(self.whole)(tree)

    def told(self, tree: Any) -> Any:
        """Arrays of a tree as those of one device of this process, whole; what several processes share out, as it is."""
        leaves, structure = jax.tree.flatten(tree)
        whole = iter(local(self.collected([x for x in leaves if not shared_out(x)])))
        return jax.tree.unflatten(structure, [x if shared_out(x) else next(whole) for x in leaves])


def spread(v: Variable, sizes: Mapping[str, int], rules: Iterable[tuple[str, str]] = RULES) -> tuple[str | None, ...]:
    """Which axes of a mesh, of which the sizes are enough to know, share out the axes of a variable's value: see `Layout.spec`.

    >>> spread(Variable("layer.V", (6,), dims=("post",)), {"model": 3}), spread(Variable("layer.V", (7,), dims=("post",)), {"model": 3})
    ((None, 'model'), (None, None))
    """
    axes: list[str | None] = []
    for dim, size in zip(v.counted, v.sized(0), strict=True):
        axis = dict(rules).get(dim or "")
        axis = axis if axis in sizes else None
        if dim == "block" and axis is not None and size % sizes[axis]:
            raise ValueError(
                f"the {size} blocks of '{v.name}' cannot be shared out evenly over the {sizes[axis]} devices of the axis"
                f" {axis!r} of the mesh: build with blocks={sizes[axis]}, or a multiple of it."
            )
        divides = dim == "batch" or (axis is not None and size % sizes[axis] == 0)
        axes.append(axis if divides and axis not in axes else None)
    return tuple(axes)


def as_layout(mesh: Mesh | Layout) -> Layout:
    """A layout as it is, and a mesh by the usual rules."""
    return mesh if isinstance(mesh, Layout) else Layout(mesh)


@functools.cache
def _moved(sharding: NamedSharding) -> Callable[[Any], Any]:
    """What gives arrays as they are, but lying so: compiled once for each sharding and each structure of a tree."""
    return jax.jit(lambda tree: tree, out_shardings=sharding)


def put(x: Any, sharding: NamedSharding) -> Any:
    """An array on the devices of a sharding, which may be those of other processes: then each has the whole, and takes its share."""
    if not hasattr(x, "dtype") or (isinstance(x, jax.Array) and x.sharding == sharding):
        return x
    if sharding.is_fully_addressable:
        return jax.device_put(x, sharding)
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(put(jax.random.key_data(x), sharding), impl=jax.random.key_impl(x))
    if isinstance(x, jax.Array) and not x.is_fully_addressable:
        return _moved(sharding)(x)
    host = np.asarray(x)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def beside(tree: Any, other: Any) -> Any:
    """Arrays of a tree where those of another one lie, if these are on several devices; what is traced lies where it is compiled for."""

    def one(x: Any, there: Any) -> Any:
        if any(not isinstance(each, jax.Array) or isinstance(each, jax.core.Tracer) for each in (x, there)):
            return x
        return put(x, there.sharding) if len(there.sharding.device_set) > 1 else x

    return jax.tree.map(one, tree, other)


def shared_out(x: Any) -> bool:
    """Whether other processes have parts of an array that this one has not."""
    return isinstance(x, jax.Array) and not x.is_fully_addressable and not x.is_fully_replicated


def gathered(x: Any) -> Any:
    """An array that this process can read: what other processes hold a part of, whole on each device; all of them take part."""
    if not shared_out(x):
        return x
    assert isinstance(x.sharding, NamedSharding)
    return _moved(NamedSharding(x.sharding.mesh, PartitionSpec()))(x)


def own(x: Any) -> Any:
    """An array that other processes hold a part of, whole as one of this process alone; all of them take part. Any other as it is."""
    if not isinstance(x, jax.Array) or isinstance(x, jax.core.Tracer) or x.is_fully_addressable:
        return x
    return local(gathered(x))


def local(tree: Any) -> Any:
    """Arrays that lie whole on each device, as those of one device of this process."""
    return jax.tree.map(lambda x: x.addressable_data(0) if isinstance(x, jax.Array) else x, tree)
