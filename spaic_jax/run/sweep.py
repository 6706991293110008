"""A function of networks that differ in what they are declared with."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from spaic_jax._keys import check_key
from spaic_jax.plan.apart import apart, filled, layout_apart, parted, stacked
from spaic_jax.plan.layout import Layout
from spaic_jax.run.simulator import Simulator
from spaic_jax.run.variables import Variables


def sweep(
    function: Callable[[Simulator, Variables], Any],
    make: Callable[..., Simulator],
    over: Mapping[str, Iterable[Any]],
    *,
    key: jax.Array,
    batch_size: int = 1,
    mesh: Mesh | None = None,
) -> Any:
    """What a function gives for each of many networks: one for every combination of some values.

    Numbers of a declaration, such as time constants, thresholds, rates of noise, numbers of learning rules and means of weights, are
    values of variables. Networks that differ in these alone are compiled once and run together (`jax.vmap`): their variables are
    there as often as there are networks. Those that differ in what is compiled, such as a number of neurons or a delay, are compiled
    and run one kind after the other.

    Each network draws from the same key: a weight drawn with another mean is the same draw, moved.

    Args:
        function: a pure function of a simulator and its variables before the first step, `[batch_size, ...]`, that gives arrays, or
            a tree of them, of the same shapes for all networks. It may run, differentiate and `set`; first values are those that the
            variables have.
        make: gives the simulator of a network with some values, by name.
        over: for each name, the values that `make` is called with.
        key: random key of the variables.
        batch_size: of the variables.
        mesh: devices, whatever its axes are, each of which carries out its share of the networks that are run together, by itself.
            Where these do not divide them, the last one is run more than once.

    Returns:
        What the function gives, with an axis in front for each name.

    Raises:
        ValueError: nothing to go through, or a function that gives other shapes for some networks.
        TypeError: `make` gives no `Simulator`.

    Example:
        >>> import jax, spaic_jax as sj
        >>> def make(tau_m, w_mean):
        ...     with sj.Network() as net:
        ...         drive = sj.Generator(1, coding_method="cc_generator", amp=1.0)
        ...         layer = sj.NeuronGroup(1, model="lif", tau_m=tau_m)
        ...         synapses = sj.Connection(drive, layer, w_mean=w_mean, w_std=0.0)
        ...         counts = sj.Decoder(dec_target=layer)
        ...     return sj.build(net, dt=1.0)
        >>> def spikes(sim, variables):
        ...     return sim.run(variables, steps=60).outputs["counts"].sum()
        >>> sj.sweep(spikes, make, {"tau_m": [5.0, 20.0], "w_mean": [0.1, 0.3, 0.5]}, key=jax.random.key(0)).tolist()
        [[0.0, 12.0, 20.0], [4.0, 15.0, 20.0]]
    """
    check_key(key)
    values = {name: list(each) for name, each in over.items()}
    if not values or not all(values.values()):
        raise ValueError("sweep needs at least one name, and a value of each, such as {'tau_m': [10.0, 20.0]}.")
    layout = None if mesh is None else layout_apart(mesh)
    points = [dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())]
    kinds: dict[Simulator, list[int]] = {}
    sims = [_made(make, point) for point in points]
    for number, sim in enumerate(sims):
        kinds.setdefault(sim.skeleton, []).append(number)
    found: dict[int, Any] = {}
    for skeleton, numbers in kinds.items():
        variables = stacked([sims[number].init(key, batch_size) for number in filled(numbers, layout)], layout)
        found |= zip(numbers, parted(_results(function, skeleton, layout, variables), len(numbers), layout), strict=True)
    shapes = [jax.tree.map(jnp.shape, found[number]) for number in range(len(points))]
    for point, shape in zip(points, shapes, strict=True):
        if shape != shapes[0]:
            raise ValueError(f"the function gives {shape} with {point}, but {shapes[0]} with {points[0]}: all need the same shapes.")
    axes = tuple(map(len, values.values()))
    in_order = (found[number] for number in range(len(points)))
    return jax.tree.map(lambda *leaves: jnp.stack(leaves).reshape(*axes, *jnp.shape(leaves[0])), *in_order)


def _made(make: Callable[..., Simulator], point: Mapping[str, Any]) -> Simulator:
    sim = make(**point)
    if not isinstance(sim, Simulator):
        raise TypeError(f"make must give a Simulator, as spaic_jax.build does, not {type(sim).__name__}.")
    return sim


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _results(
    function: Callable[[Simulator, Variables], Any], skeleton: Simulator, layout: Layout | None, variables: Variables
) -> Any:
    """What the function gives for networks that compile to the same, with an axis for them in front."""
    one = _Swept(skeleton.program, skeleton.plan, skeleton.precision, skeleton.debug)
    return apart(functools.partial(function, one), (0,), layout)(variables)


@dataclasses.dataclass(frozen=True)
class _Swept(Simulator):
    """What several networks have in common; their first values are not known."""

    def init(self, *_: Any, **__: Any) -> NoReturn:
        raise ValueError("the function of a sweep has the first values in its variables: it cannot make others by init or restart.")

    restart = init
