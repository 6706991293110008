"""Several of a thing at once that have nothing to do with each other, such as trainings: spread over the devices of a mesh."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spaic_jax.native.partition import by_itself
from spaic_jax.plan.layout import Layout, local, put

_AXIS = "each"


def layout_apart(mesh: Mesh) -> Layout:
    """A layout that shares out nothing of a program: all devices of a mesh, whatever its axes are, have programs of their own.

    Raises:
        TypeError: `mesh` is no `jax.sharding.Mesh`.
    """
    if not isinstance(mesh, Mesh):
        raise TypeError(f"a jax.sharding.Mesh is needed, not {type(mesh).__name__}.")
    return Layout(Mesh(mesh.devices.reshape(-1), (_AXIS,)), rules=((_AXIS, _AXIS),))


def apart(function: Callable[..., Any], axes: Sequence[int | None], layout: Layout | None) -> Callable[..., Any]:
    """`jax.vmap(function, axes)`, of axes 0 and `None`, of which each device of a layout carries out its share; for `jax.jit`.

    Nothing passes between the devices: what is compiled is the program of one device. Left to the compiler, loops that go through
    what is mapped, such as kernels under `jax.vmap`, would gather it.
    """
    each = jax.vmap(function, tuple(axes))
    if layout is None:
        return each

    def own(*arguments: Any) -> Any:
        with by_itself():
            return each(*arguments)

    specs = tuple(PartitionSpec() if axis is None else PartitionSpec(_AXIS) for axis in axes)
    return jax.shard_map(own, mesh=layout.mesh, in_specs=specs, out_specs=PartitionSpec(_AXIS), check_vma=False)


def filled(several: Sequence[Any], layout: Layout | None) -> list[Any]:
    """As many as the devices of a layout can share out evenly, of which those after the last one repeat it.

    >>> import numpy as np
    >>> filled("abc", layout_apart(Mesh(np.array(jax.devices()[:1]), ("data",))))
    ['a', 'b', 'c']
    """
    missing = 0 if layout is None else -len(several) % layout.mesh.size
    return [*several, *[several[-1]] * missing]


def stacked(trees: Sequence[Any], layout: Layout | None) -> Any:
    """Trees of arrays as one, with an axis for them in front, of which each device of a layout has its share."""
    tree = jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
    if layout is None:
        return tree
    along = NamedSharding(layout.mesh, PartitionSpec(_AXIS))
    return jax.tree.map(lambda x: put(x, along), tree)


def parted(tree: Any, count: int, layout: Layout | None) -> list[Any]:
    """The first `count` trees that one stands for, whole on one device; every process takes part."""
    whole = tree if layout is None else local(layout.collected(tree))
    return [jax.tree.map(lambda x, place=place: x[place], whole) for place in range(count)]


def check_even(count: int, what: str, layout: Layout) -> None:
    """ValueError with both numbers unless all devices have as many.

    >>> import numpy as np
    >>> check_even(3, "trainings", layout_apart(Mesh(np.array(jax.devices()[:1]), ("data",))))
    """
    if count % layout.mesh.size:
        raise ValueError(f"{count} {what} cannot be shared out evenly over {layout.mesh.size} devices.")
