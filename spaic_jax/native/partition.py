"""What XLA cannot take apart, such as a kernel or a loop over events, carried out by each device for its own share of the rows."""

import contextlib
import contextvars
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

#: A name for each axis of an array; those of one name are shared out alike, and what has none lies whole on each device.
Names = tuple[str | None, ...]


def partitioned(function: Callable[..., jax.Array], operands: Sequence[Names], result: Names) -> Callable[..., jax.Array]:
    """A function of arrays that each device carries out for its share of the axes that have a name, without asking the others.

    What the function gives is summed over the devices that share out an axis which the result does not have.

    Args:
        function: of arrays of any sizes along the axes that have a name.
        operands: names of the axes of each array.
        result: names of the axes of what it gives.
    """

    def placed(mesh: Any, shapes: Sequence[Any]) -> dict[str, Any]:
        """Which axes of the mesh share out each name: as the first operand lies that has it, if they do so evenly."""
        found, taken = dict[str, Any](), set[str]()
        for names, x in zip(operands, shapes, strict=True):
            # An older partitioner asks before it knows how all of them lie.
            spec = () if x.sharding is None else x.sharding.spec
            for name, size, axes in zip(names, x.shape, (*spec, *[None] * len(names)), strict=False):
                axes = (axes,) if isinstance(axes, str) else tuple(axes or ())
                devices = 1
                for axis in axes:
                    devices *= mesh.shape[axis]
                if name is None or name in found or not axes or size % devices or taken & {*axes}:
                    continue
                found[name] = axes
                taken |= {*axes}
        return found

    def lying(mesh: Any, found: dict[str, Any], names: Names) -> NamedSharding:
        return NamedSharding(mesh, PartitionSpec(*(found.get(name) if name else None for name in names)))

    def partition(mesh: Any, shapes: Sequence[Any], made: Any) -> Any:
        found = placed(mesh, shapes)
        summed = tuple(axis for name, axes in found.items() if name not in result for axis in axes)

        def share(*arrays: jax.Array) -> jax.Array:
            given = function(*arrays)
            return jax.lax.psum(given, summed) if summed else given

        return mesh, share, lying(mesh, found, result), tuple(lying(mesh, found, names) for names in operands)

    def infer(mesh: Any, shapes: Sequence[Any], made: Any) -> NamedSharding:
        return lying(mesh, placed(mesh, shapes), result)

    numbers = itertools.count()

    def written(names: Names) -> str:
        return " ".join(name or f"whole{next(numbers)}" for name in names)

    rule = f"{', '.join(map(written, operands))} -> {written(result)}"
    # Settings bound to a function by keyword would be taken for operands.
    shared = custom_partitioning(lambda *arrays: function(*arrays))
    shared.def_partition(partition, infer_sharding_from_operands=infer, sharding_rule=rule)
    called: Callable[..., jax.Array] = shared
    return called


def known(ctx: Any) -> bool:
    """Whether what is lowered says on which devices it takes place, without which nothing can be `partitioned`: see `marked`."""
    return getattr(ctx.module_context.axis_context, "device_assignment", None) is not None


_by_itself = contextvars.ContextVar("_by_itself", default=False)


@contextlib.contextmanager
def by_itself() -> Iterator[None]:
    """Within it, a plan lets each device compute by itself, whatever the types of arrays say: it sees to sums itself."""
    token = _by_itself.set(True)
    try:
        yield
    finally:
        _by_itself.reset(token)


def typed(*arrays: jax.Array) -> bool:
    """Whether the types of arrays say how these lie on a mesh, beyond a primitive: the gradient would not be summed over the devices."""
    auto = jax.sharding.AxisType.Auto
    return not _by_itself.get() and any(kind != auto for x in arrays for kind in jax.typeof(x).sharding.mesh.axis_types)


_marked = partitioned(lambda x: x, [("one",)], ("one",))


def marked(x: jax.Array) -> jax.Array:
    """A whole number as it is. What is compiled for a mesh with it says on which devices it takes place, where types tell of one."""
    if jax.typeof(x).sharding.mesh.size < 2 or typed(x):
        return x
    # Beside the number, which may be one of several under `jax.vmap`: JAX has no rule for these.
    return x + _marked(jnp.zeros(1, x.dtype))[0]
