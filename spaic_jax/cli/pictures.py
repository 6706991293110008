"""The pictures of a run."""

import math
from typing import Any

import numpy as np

from spaic_jax import edit, plot
from spaic_jax.cli.experiment import Experiment
from spaic_jax.cli.folder import RunFolder
from spaic_jax.network import Connection, Monitor, NeuronGroup, Source, StateMonitor
from spaic_jax.run import Variables, build
from spaic_jax.train.evaluation import variables_for
from spaic_jax.train.keys import evaluation_key
from spaic_jax.train.metrics import confusion_matrix
from spaic_jax.train.stream import samples

#: How many neurons of a group have their membrane potential drawn.
_TRACES = 4


def draw(
    folder: RunFolder,
    experiment: Experiment,
    variables: Variables,
    history: list[dict[str, Any]],
    predictions: np.ndarray,
) -> None:
    """Draw the learning curve, the confusion matrix of the test data, the spikes of its first sample, and what neurons have
    learned by rules of images.
    """
    folder.save_picture("learning_curve", plot.learning_curve(history))
    if experiment.task.classes:
        # Of labels of steps, those that are not looked at are -1 and count for nothing.
        labels = np.asarray(experiment.test_arrays.labels).ravel()
        names = experiment.test.class_names or tuple(map(str, range(int(max(labels.max(), predictions.max())) + 1)))
        matrix = confusion_matrix(predictions.ravel(), labels, len(names))
        folder.save_picture("confusion_matrix", plot.confusion_matrix(np.asarray(matrix), names))
    spikes, potentials = _sample(experiment, variables)
    folder.save_picture("raster", plot.raster(spikes, potentials, dt=experiment.sim.program.dt))
    fields = _receptive_fields(experiment, variables)
    for name, figure in fields.items():
        folder.save_picture("receptive_fields" if len(fields) == 1 else f"receptive_fields_{name.replace('/', '-')}", figure)


def _receptive_fields(experiment: Experiment, variables: Variables) -> dict[str, Any]:
    """A picture for each connection whose weights from each pixel of an image to each neuron were learned by a rule."""
    network = edit.expand(experiment.network)
    figures = {}
    for name, link in network.of_kind(Connection).items():
        full = f"{network.name_of(link.shared or link)}.weight"
        shape = _image(link.pre.shape)
        matrix = (math.prod(link.post.shape), math.prod(link.pre.shape))
        if not isinstance(link.pre, Source) or shape is None or full not in variables.plastic:
            continue
        if variables.plastic[full].shape == matrix:
            figures[name] = plot.receptive_fields(np.asarray(variables.plastic[full]), shape, name=full)
    return figures


def _image(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Height and width of the image that a shape stands for, if it does for one of a single channel."""
    if len(shape) == 1:
        side = math.isqrt(shape[0])
        return (side, side) if side > 1 and side * side == shape[0] else None
    return (shape[-2], shape[-1]) if math.prod(shape[:-2]) == 1 else None


def _sample(experiment: Experiment, variables: Variables) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Spikes and potentials of the first sample of the test data, `[T, n]` by group."""
    # The network with monitors of its own: the trained one has those its author asked for.
    network = edit.expand(experiment.network)
    network = edit.delete(network, *network.of_kind(Monitor))
    sources = {**network.of_kind(Source), **network.of_kind(NeuronGroup)}
    for number, source in enumerate(sources.values()):
        if source.output == "O":
            network.add(f"spikes of {number}", StateMonitor(source, "O"))
        if isinstance(source, NeuronGroup) and "V" in source.model.states():
            network.add(f"V of {number}", StateMonitor(source, "V"))
    sim = build(network, experiment.config.simulation.dt, experiment.config.simulation.propagation)
    sample = samples(experiment.task, experiment.test_arrays, np.zeros(1, int)).inputs
    key = evaluation_key(experiment.key)
    probes = sim.run(variables_for(sim, variables, 1, key), sample, key, experiment.task.steps).probes
    flat = {name: np.asarray(x).reshape(experiment.task.steps, -1) for name, x in probes.items()}
    spikes, potentials = {}, {}
    for number, name in enumerate(sources):
        events = flat.get(f"spikes of {number}")
        # Sources that give currents have no spikes to draw.
        if events is not None and np.isin(events, (0, 1)).all():
            spikes[name] = events
        if f"V of {number}" in flat:
            potentials[name] = flat[f"V of {number}"][:, :_TRACES]
    return spikes, potentials
