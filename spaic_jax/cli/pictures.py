"""The pictures of a run."""

import dataclasses
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from spaic_jax import edit, plot
from spaic_jax._files import write_whole
from spaic_jax.analysis import Spikes, population_rate
from spaic_jax.cli.experiment import Experiment
from spaic_jax.network import Connection, Monitor, Network, NeuronGroup, Source, StateMonitor
from spaic_jax.plot.style import plain
from spaic_jax.recording import Recording
from spaic_jax.run import Variables, build
from spaic_jax.train.evaluation import variables_for
from spaic_jax.train.keys import evaluation_key
from spaic_jax.train.metrics import confusion_matrix
from spaic_jax.train.stream import samples

#: How much of the end of a recording is drawn spike by spike, ms, and how many rows of a monitor.
_LAST, _ROWS = 1000.0, 20_000
#: Up to how many neurons have their receptive field drawn as a map.
_MAPS = 400
_DPI = 150


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        name: of its file, without suffix.
        caption: what it shows.
        png: its bytes.
    """

    name: str
    caption: str
    png: bytes

    @classmethod
    def of(cls, name: str, caption: str, drawn: Any) -> Self:
        """What was drawn on axes of a figure of its own, which is closed."""
        from matplotlib import pyplot

        figure = (drawn[0] if isinstance(drawn, tuple) else drawn).figure
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI)
        pyplot.close(figure)
        return cls("".join(c if c.isalnum() or c in "-_." else "-" for c in name), caption, buffer.getvalue())

    @property
    def width(self) -> int:
        """How wide it is meant to be on a screen, in pixels of which an inch has 96."""
        return round(int.from_bytes(self.png[16:20], "big") * 96 / _DPI)

    def save(self, folder: Path) -> Path:
        """Write it into a folder."""
        file = folder / f"{self.name}.png"
        write_whole(file, lambda path: path.write_bytes(self.png))
        return file


def pictures_of_training(
    experiment: Experiment, variables: Variables, history: list[dict[str, Any]], predictions: np.ndarray
) -> Iterator[Picture]:
    """The network, its learning curve, which classes are taken for which or outputs over targets, the spikes of the first sample of the test data, and
    the weights.

    Args:
        experiment: what is trained on what.
        variables: with what was learned.
        history: a row an epoch.
        predictions: of the test data.
    """
    yield Picture.of("network", "the network", plot.network_graph(experiment.network))
    yield Picture.of("learning_curve", "how the training went, epoch by epoch", plot.learning_curve(history))
    labels, title = np.asarray(experiment.test_arrays.labels), "first sample of the test data"
    # Labels of each step have some that are not looked at; targets to regress are no classes.
    seen = labels >= 0
    if labels.dtype.kind in "iu" and labels.shape == predictions.shape and seen.any():
        names = tuple(map(plain, experiment.test.class_names)) or tuple(map(str, range(int(max(labels.max(), predictions.max())) + 1)))
        matrix = confusion_matrix(predictions[seen], labels[seen], len(names))
        axes = plot.confusion_matrix(np.asarray(matrix), names)
        yield Picture.of("confusion_matrix", "classes of the test data, and what they are taken for", axes)
        if labels.ndim == 1:
            title += f": {names[labels[0]]}, taken for {names[predictions[0]] if predictions[0] >= 0 else 'nothing'}"
    elif labels.dtype.kind == "f" and labels.shape == predictions.shape:
        there = np.ones(labels.shape[: 1 + experiment.task.each_step], bool)
        if experiment.task.each_step and (lengths := experiment.test_arrays.lengths) is not None:
            there = np.arange(len(labels))[:, None] < np.asarray(lengths)
        axes = plot.regression(*(each[there].reshape(there.sum(), -1) for each in (labels, predictions)))
        yield Picture.of("regression", "outputs of the test data over their targets", axes)
    spikes, potentials = _sample(experiment, variables)
    panes = plot.raster(spikes, potentials, dt=experiment.sim.program.dt)
    panes[0].set_title(title, fontsize="medium", loc="left")
    yield Picture.of("raster", "what happens in the first sample of the test data", panes)
    yield from _weights(experiment.network, variables)


def pictures_of_recording(recording: Recording, network: Network | None, settle: float) -> Iterator[Picture]:
    """The network, where it is known, spikes, rates and how irregular they are, and what other monitors saw.

    Args:
        recording: of the first sample.
        network: what was run.
        settle: time at the beginning that rates and irregularity leave out, ms.
    """
    if network is not None:
        yield Picture.of("network", "the network", plot.network_graph(network))
    kept = recording.layout.kept
    spikes = {plain(name): recording.spikes(name) for name, each in kept.items() if each.kind == "spikes" and each.steps(recording.steps)}
    if spikes:
        last = {name: each.between(max(each.start, each.stop - _LAST), each.stop) for name, each in spikes.items()}
        shown = "spikes" if all(each.duration <= _LAST for each in spikes.values()) else f"spikes of the last {_LAST:g} ms"
        yield Picture.of("raster", shown, plot.raster(last))
        bins = 150 if len(spikes) <= 3 else 50
        courses = {name: _course(each, recording.layout.dt, bins) for name, each in spikes.items()}
        values, ends = ({name: course[i] for name, course in courses.items()} for i in (1, 0))
        yield Picture.of("rates", "mean rate of the neurons of each spike monitor", plot.rates(values, ends))
        if settled := {name: each.between(max(each.start, settle), each.stop) for name, each in spikes.items() if each.stop > settle}:
            counted = f", after {settle:g} ms" if settle else ""
            yield Picture.of("firing", f"rates of neurons, intervals between spikes and their irregularity{counted}", plot.firing(settled))
    for name in [name for name, each in kept.items() if each.kind == "rows"]:
        times, rows = _tail(recording, name)
        if len(times) and rows.dtype.kind in "fiub":
            curves = (rows[:, 0] if rows.ndim > 1 and rows.shape[1] == recording.layout.batch else rows).reshape(len(rows), -1)
            axes = plot.traces({plain(name): curves if curves.shape[1] > 1 else curves[:, 0]}, times)
            yield Picture.of(f"monitor_{name}", f"what '{name}' saw", axes)


def _weights(network: Network, variables: Variables) -> Iterator[Picture]:
    """A picture of the weights of each connection: as maps where they lead from the pixels of an image to each neuron."""
    network = edit.expand(network)
    for name, link in network.of_kind(Connection).items():
        full = f"{network.name_of(link.shared or link)}.weight"
        weight = {**variables.params, **variables.plastic}.get(full)
        if weight is None or link.shared is not None or weight.ndim not in (2, 4):
            continue
        array, shape = np.asarray(weight, float), _image(link.pre.shape)
        whole = array.shape == (math.prod(link.post.shape), math.prod(link.pre.shape))
        if isinstance(link.pre, Source) and shape is not None and whole and len(array) <= _MAPS:
            drawn = plot.receptive_fields(array, shape, name=plain(full))
            yield Picture.of(f"receptive_fields_{name}", f"weights of '{name}', a map for each neuron", drawn)
        else:
            yield Picture.of(f"weights_{name}", f"weights of '{name}'", plot.weights(array, name=plain(full)))


def _image(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Height and width of the image that a shape stands for, if it does for one of a single channel."""
    if len(shape) == 1:
        side = math.isqrt(shape[0])
        return (side, side) if side > 1 and side * side == shape[0] else None
    return (shape[-2], shape[-1]) if math.prod(shape[:-2]) == 1 else None


def _sample(experiment: Experiment, variables: Variables) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What sources and groups give, and potentials, in the first sample of the test data, `[T, n]` by group."""
    # The network with monitors of its own: the trained one has those its author asked for.
    network = edit.expand(experiment.network)
    network = edit.delete(network, *network.of_kind(Monitor))
    sources = {**network.of_kind(Source), **network.of_kind(NeuronGroup)}
    for number, source in enumerate(sources.values()):
        network.add(f"output of {number}", StateMonitor(source, source.output))
        if isinstance(source, NeuronGroup) and "V" in source.model.states() and source.output != "V":
            network.add(f"V of {number}", StateMonitor(source, "V"))
    sim = build(network, experiment.config.simulation.dt, experiment.config.simulation.propagation)
    sample = samples(experiment.task, experiment.test_arrays, np.zeros(1, int))
    key = evaluation_key(experiment.key)
    probes = sim.run(variables_for(sim, variables, 1, key), sample.inputs, key, experiment.task.steps).probes
    # What comes after the end of a shorter sample is padding.
    length = experiment.task.steps if sample.lengths is None else int(sample.lengths[0])
    flat = {name: np.asarray(x).reshape(experiment.task.steps, -1)[:length] for name, x in probes.items()}
    spikes, potentials = {}, {}
    for number, (full, source) in enumerate(sources.items()):
        name = plain(full)
        given = flat[f"output of {number}"]
        if source.output == "V":
            potentials[name] = given
        else:
            spikes[name] = given
        if f"V of {number}" in flat:
            potentials[name] = flat[f"V of {number}"]
    return spikes, potentials


def _course(spikes: Spikes, dt: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The ends of so many bins, or of one a step where there are fewer, and the rate in them."""
    width = dt * max(1, math.floor(spikes.duration / dt / bins))
    middles, rate = population_rate(spikes, width)
    return middles + width / 2, rate


def _tail(recording: Recording, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The last rows that a monitor kept, without having all in memory."""
    times, rows = np.zeros(0), None
    for when, piece in recording.pieces(name):
        times = np.concatenate([times, when])[-_ROWS:]
        rows = piece[-_ROWS:] if rows is None else np.concatenate([rows, piece])[-_ROWS:]
    return times, np.zeros((0, 1)) if rows is None else rows
