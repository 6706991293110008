"""The ways on which what neurons give in a step comes to the outputs."""

import dataclasses
import math
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spaic_jax._dtypes import wide
from spaic_jax._nudge import nudge
from spaic_jax.gradients.chart import Chart
from spaic_jax.gradients.neurons import Jacobian, Neurons, widened
from spaic_jax.gradients.readouts import Readout
from spaic_jax.program.evaluate import evaluate


@dataclasses.dataclass(frozen=True)
class Path:
    """From what neurons give to an output.

    Attributes:
        readout: the output.
        reads: what neurons give.
        target: where the path ends: the output itself, or the current that the output filters.
        filter: the group of the output, where it filters what comes in, after the target.
        seed: of random weights in place of those of the path, or `None`.
    """

    readout: Readout
    reads: tuple[str, ...]
    target: str
    filter: Neurons | None = None
    seed: int | None = None


def within_step(chart: Chart, filtered: bool) -> tuple[Path, ...]:
    """All paths within one step, through synapses and surrogate gradients.

    Args:
        chart: of the program.
        filtered: whether an output that is a linear filter of its input passes on what came in earlier steps.
    """
    groups = {product.neurons for product in chart.products}
    paths = []
    for readout in chart.readouts:
        if filtered and readout.is_filter and readout.neurons is not None:
            (current,) = readout.neurons.currents
            paths.append(Path(readout, (readout.read,), readout.read))
            paths.append(Path(readout, _given(chart, groups, current), current, readout.neurons))
        else:
            paths.append(Path(readout, _given(chart, groups, readout.read), readout.read))
    return tuple(paths)


def broadcast(chart: Chart, seed: int) -> tuple[Path, ...]:
    """From every group that has trained weights straight to the outputs, with random weights.

    Raises:
        ValueError: an output on which not one input acts at once.
    """
    paths = []
    for readout in chart.readouts:
        if readout.neurons is None or len(readout.neurons.currents) != 1 or not _acts(readout, readout.neurons):
            raise ValueError(
                f"{chart.rule} with random feedback needs outputs that one input acts on at once, not"
                f" '{readout.records[0].name}', which looks at '{readout.read}': use symmetric feedback."
            )
        others = {product.neurons for product in chart.products if product.neurons.name != readout.neurons.name}
        reads = tuple(sorted({read for neurons in others for read in chart.sent(neurons)}))
        (current,) = readout.neurons.currents
        paths.append(Path(readout, (readout.read,), readout.read))
        paths.append(Path(readout, reads, current, readout.neurons if readout.is_filter else None, seed))
    return tuple(paths)


def _acts(readout: Readout, neurons: Neurons) -> bool:
    return (readout.read, neurons.currents[0]) in neurons.entries


def check_reached(chart: Chart, paths: Iterable[Path]) -> None:
    """ValueError where weights would learn nothing, though the loss depends on them."""
    reached = {read for path in paths for read in path.reads}
    ever = {read for readout in chart.readouts for read in chart.behind(readout.read, late=True)}
    for product in chart.products:
        gives = set(product.neurons.gives)
        if gives & ever and not gives & reached:
            raise ValueError(
                f"{chart.rule} has no learning signal for '{product.trained[0]}': nothing that '{product.neurons.name}' gives"
                " comes to an output within a step. Build with propagation='same_step' and no delay on the way, or use"
                " EProp(feedback='random') or BPTT()."
            )


def _given(chart: Chart, groups: Iterable[Neurons], target: str) -> tuple[str, ...]:
    behind = chart.behind(target)
    return tuple(sorted({read for neurons in groups for read in neurons.gives if read in behind}))


def step(chart: Chart, paths: tuple[Path, ...], env: Mapping[str, Any], key: jax.Array | None) -> tuple[dict[str, Any], Any]:
    """All rows of a step, and the function that carries derivatives by the targets of paths back to what neurons give."""
    reads = sorted({read for path in paths if path.seed is None for read in path.reads})

    def within(nudges: dict[str, jax.Array]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        new = dict(env)
        for op in chart.rows:
            new = evaluate(chart.program, (op,), new, key)
            for read in {chart.program.written_read(name) for name in op.outputs} & nudges.keys():
                new[read] = nudge(new[read], nudges[read])
        return tuple(new[path.target] for path in paths), new

    shapes = jax.eval_shape(lambda: {read: new[read] for new in [within({})[1]] for read in reads})
    nudges = {read: jnp.zeros(x.shape, x.dtype) for read, x in shapes.items()}
    _, back, new = jax.vjp(within, nudges, has_aux=True)
    return new, back


def signals(
    paths: tuple[Path, ...],
    slopes: Mapping[str, jax.Array],
    env: Mapping[str, Any],
    back: Any,
    jacobians: Mapping[Neurons, Jacobian],
) -> dict[str, dict[str, jax.Array]]:
    """The learning signals of a step.

    Args:
        paths: to all outputs.
        slopes: the derivative of the loss by each output in this step, by read.
        env: the values of the step.
        back: as of `step`.
        jacobians: of the groups.
    """
    made: dict[str, dict[str, jax.Array]] = {}
    for path in paths:
        slope = slopes[path.readout.read]
        if path.seed is None:
            zeros = tuple(jnp.zeros_like(env[other.target]) for other in paths)
            own = slope.reshape(env[path.target].shape).astype(env[path.target].dtype)
            (pulled,) = back(tuple(own if other is path else zero for other, zero in zip(paths, zeros, strict=True)))
            found = {read: pulled[read] for read in path.reads}
        else:
            error = widened(slope.reshape(slope.shape[0], -1))
            if path.filter is None and path.readout.neurons is not None:
                error = error * jacobians[path.readout.neurons][path.readout.read, path.target][:, :, 0].T
            found = {read: error @ _random(path.seed, read, error.shape[1], env[read]) for read in path.reads}
        kept = made.setdefault("" if path.filter is None else path.readout.read, {})
        for read, signal in found.items():
            flat = widened(signal.reshape(signal.shape[0], -1))
            kept[read] = kept[read] + flat if read in kept else flat
    return made


def _random(seed: int, read: str, outputs: int, value: jax.Array) -> jax.Array:
    """Feedback weights of a variable, `[outputs, n]`, of variance 1/n."""
    size = value[0].size
    key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(read.encode()))
    return jax.random.normal(key, (outputs, size), wide(value.dtype)) / math.sqrt(size)
