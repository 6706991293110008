"""Pictures: what is on them, that they render, and what they refuse."""

import io
import itertools
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import spaic_jax as sj
from spaic_jax import plot
from spaic_jax.analysis import Spikes

HISTORY = [{"epoch": n, "loss": 2.0 / n, "accuracy": 1 - 0.5 / n, "test_accuracy": 0.9 - 0.4 / n} for n in (1, 2, 3)]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def png(drawn):
    """The picture that axes belong to."""
    buffer = io.BytesIO()
    (drawn[0] if isinstance(drawn, tuple) else drawn).figure.savefig(buffer, format="png", dpi=40)
    return buffer.getvalue()


def test_a_network_shows_its_rewards_and_actions():
    with sj.Network() as net:
        senses = sj.Encoder(num=4)
        layer = sj.NeuronGroup(2, model="lif")
        sj.Connection(senses, layer)
        sj.Action(name="action", dec_target=layer)
        sj.Reward(name="reward", dec_target=layer)
        sj.Reward(2, name="given", coding_method="environment_reward")
    axes = plot.network_graph(net)
    texts = [text.get_text() for text in axes.texts]
    assert {"action\nPopulationRateAction", "reward\nGlobalReward", "given\nEnvironmentReward [2]"} <= set(texts)
    arrows = [patch for patch in axes.patches if type(patch).__name__ == "FancyArrowPatch"]
    assert len(arrows) == 3


def test_a_network_shows_which_neurons_a_connection_joins_and_its_propagation():
    with sj.Network() as net:
        senses, cells = sj.Encoder(num=4), sj.NeuronGroup(10, model="lif")
        sj.Connection(senses, cells[:8])
        sj.Connection(cells[:8], cells[8:], propagation="one_step", delay=2.0)
    texts = [text.get_text() for text in plot.network_graph(net).texts]
    assert texts[2:] == ["Full\nall -> [:8]", "Full\n2 ms\n[:8] -> [8:]\none_step"]


def test_learning_curve_shows_losses_and_accuracies_of_both_data():
    loss, accuracy = plot.learning_curve([row | {"test_loss": 1 + row["loss"]} for row in HISTORY])
    np.testing.assert_allclose(loss.lines[0].get_xydata(), [[1, 2.0], [2, 1.0], [3, 2 / 3]])
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [3.0, 2.0, 5 / 3])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata()[-1], 100 * (1 - 0.5 / 3))
    np.testing.assert_allclose(accuracy.lines[1].get_ydata()[0], 50)
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training, last 0.667", "test, last 1.67"]
    assert [axes.get_xlabel() for axes in (loss, accuracy)] == ["epoch", "epoch"]
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy (%)")
    assert png(loss).startswith(b"\x89PNG")


def test_learning_curve_shows_validation_too():
    loss, accuracy = plot.learning_curve([row | {"validation_loss": 0.5, "validation_accuracy": 0.25} for row in HISTORY])
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training, last 0.667", "validation, last 0.5"]
    np.testing.assert_allclose(accuracy.lines[2].get_ydata(), 25)


def test_learning_curve_takes_what_there_is():
    row = {"epoch": 1, "loss": 2.0, "accuracy": 0.5}
    assert [len(axes.lines) for axes in plot.learning_curve([row])] == [1, 1]
    assert len(plot.learning_curve([row | {"test_accuracy": None}])[1].lines) == 1
    (alone,) = plot.learning_curve([{"epoch": 1, "loss": 2.0, "accuracy": None}, {"epoch": 2, "loss": -1.0}])
    assert alone.get_ylim()[0] < -1


def test_learning_curve_refuses_what_is_no_history():
    with pytest.raises(ValueError, match="at least one row"):
        plot.learning_curve([])
    with pytest.raises(ValueError, match="row 1 of the history lacks loss"):
        plot.learning_curve([HISTORY[0], {"epoch": 2}])


def test_pictures_go_onto_the_axes_that_are_given():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    before = plt.get_fignums()
    assert plot.learning_curve(HISTORY, ax=(left, right)) == (left, right)
    assert plot.traces({"V": np.ones(3)}, [1.0, 2.0, 3.0], ax=left) == (left,)
    assert plot.raster({"a": np.eye(3)}, {"a": np.eye(3)}, dt=1.0, ax=np.array([left, right])) == (left, right)
    assert left.get_xlabel() == right.get_xlabel() == "time (ms)"
    row = {"workload": "A", "step_ms": 1.0, "floor_step_ms": 2.0, "forward_ms": 1.0, "floor_forward_ms": 8.0}
    assert plot.benchmark([row], ax=[left, right]) == (left, right)
    x = np.linspace(0, 1, 5)
    for draw in (
        lambda ax: plot.weights(np.eye(3), ax=ax), lambda ax: plot.receptive_fields(np.eye(4), ax=ax),
        lambda ax: plot.confusion_matrix(np.eye(2), ax=ax), lambda ax: plot.rates({"a": x}, {"a": 1 + x}, ax=ax),
        lambda ax: plot.phase_plane(x, x, ax=ax), lambda ax: plot.regression(x, x, ax=ax),
        lambda ax: plot.dependence({"": [(1.0, 0.5, 0.1)]}, "tau_m", "accuracy", ax=ax),
    ):
        axes = Figure().subplots()
        assert draw(axes) is axes and axes.has_data()
    assert plt.get_fignums() == before
    with pytest.raises(ValueError, match="learning_curve: it has 2 panels, but 1 axes came: needs one a panel"):
        plot.learning_curve(HISTORY, ax=left)


def test_a_network_is_smaller_on_smaller_axes():
    net = sj.Network()
    net.x, net.a = sj.Encoder(num=3), sj.NeuronGroup(4, model="lif")
    net.xa = sj.Connection(net.x, net.a)
    large, small = plot.network_graph(net), plot.network_graph(net, ax=Figure(figsize=(1.5, 1.0)).subplots())
    assert small.texts[0].get_fontsize() < 0.6 * large.texts[0].get_fontsize()


def test_spikes_and_potentials_of_a_step_are_at_its_end():
    spikes = np.zeros((20, 4), bool)
    spikes[6, 1] = spikes[19, 3] = True
    potentials = np.linspace(0, 1, 40).reshape(20, 2)
    first, second, trace = plot.raster({"in": spikes, "out": spikes[:, :2]}, {"out": potentials}, dt=0.5, v_th=1.0)
    assert sorted(map(tuple, first.lines[0].get_xydata())) == [(3.5, 1.0), (10.0, 3.0)]
    assert len(second.lines[0].get_xydata()) == 1
    np.testing.assert_allclose(trace.lines[1].get_xydata(), np.stack([np.arange(1, 21) * 0.5, potentials[:, 1]], 1))
    assert trace.lines[2].get_ydata()[0] == 1.0
    assert trace.get_xlabel() == "time (ms)"
    assert first.get_xlim() == trace.get_xlim() == (0.0, pytest.approx(10.05))
    png(first)


def test_the_times_of_a_raster_are_those_of_the_result(key):
    with sj.Network() as net:
        drive = sj.Generator(2, coding_method="cc_generator", amp=0.6)
        layer = sj.NeuronGroup(2, model="if")
        sj.Connection(drive, layer, weight=[[1.0, 0.0], [0.0, 1.0]])
        sj.SpikeMonitor(layer, name="fired")
        sj.StateMonitor(layer, "V", name="potential")
    sim = sj.build(net, dt=0.5)
    result = sim.run(sim.init(key), steps=9)
    spikes, trace = plot.raster({"a": result.probes["fired"][:, 0]}, {"a": result.probes["potential"][:, 0]}, dt=0.5)
    np.testing.assert_array_equal(np.sort(spikes.lines[0].get_xdata()), np.sort(np.asarray(result.spike_times("fired")[0])))
    np.testing.assert_allclose(trace.lines[0].get_xdata(), result.times["potential"])


@pytest.mark.parametrize("spikes", [np.zeros((5, 1), np.uint8), np.ones((1, 300), np.float32), np.zeros((2, 101))])
def test_raster_draws_silence_and_a_single_step(spikes):
    png(plot.raster({"layer": spikes}, {"layer": spikes}, dt=1.0))


def test_raster_shows_the_neurons_that_fire():
    spikes = np.zeros((50, 784))
    spikes[3, 700] = spikes[[4, 5], 20] = 1
    noisy = np.zeros((50, 300))
    noisy[np.arange(250) % 50, np.arange(250)] = 1
    few, many, silent = plot.raster({"few": spikes, "many": noisy, "silent": np.zeros((50, 200))}, dt=1.0)
    assert sorted(map(tuple, few.lines[0].get_xydata())) == [(4.0, 1.0), (5.0, 0.0), (6.0, 0.0)]
    assert [label.get_text() for label in few.get_yticklabels()] == ["20", "700"]
    assert (few.get_ylabel(), many.get_ylabel()) == ("few\n2 of 784\n(all that fire)", "many\n100 of 300\n(250 fire)")
    assert silent.get_ylabel() == "silent\n100 of 200\n(none fires)"
    assert len(many.lines[0].get_xydata()) == 100
    shown = int(many.get_yticklabels()[1].get_text())
    place = many.get_yticks()[1]
    (at,) = [x for x, y in many.lines[0].get_xydata() if y == place]
    assert noisy[int(at) - 1, shown] == 1
    (all_,) = plot.raster({"few": spikes}, dt=1.0, rows=784)
    assert all_.get_ylabel() == "few\nneuron" and sorted({y for _, y in all_.lines[0].get_xydata()}) == [20, 700]


def test_raster_draws_currents_as_shades_and_the_potentials_that_matter():
    rng = np.random.default_rng(3)
    currents = np.tile([0.0, 0.5, 0.25], (4, 1))
    spikes = np.zeros((4, 30))
    spikes[0, [2, 17]] = spikes[1, [2, 5, 29]] = 1
    potentials = rng.random((4, 30))
    shades, _, by_spikes, by_moves = plot.raster(
        {"x": currents, "h": spikes}, {"h": potentials, "o": potentials * np.r_[9, np.ones(28), 9]}, dt=2.0
    )
    np.testing.assert_array_equal(shades.images[0].get_array(), currents.T)
    assert tuple(shades.images[0].get_extent()) == (0.0, 8.0, -0.5, 2.5)
    some, silent = plot.raster({"x": currents, "y": 0.0 * currents}, dt=2.0, rows=2)
    assert some.get_ylabel() == "x\n2 of 3\n(all that are not 0)" and silent.get_ylabel() == "y\n2 of 3\n(none fires)"
    names = [text.get_text() for text in by_spikes.get_legend().get_texts()]
    assert names == ["neuron 2", "neuron 5", "neuron 17", "neuron 29"] and by_spikes.get_ylabel() == "h\nV, 4 of 30"
    np.testing.assert_array_equal(by_spikes.lines[2].get_ydata(), potentials[:, 17])
    names = [text.get_text() for text in by_moves.get_legend().get_texts()]
    assert names[0] == "neuron 0" and names[-1] == "neuron 29"


def test_raster_places_spikes_at_their_times():
    events = Spikes([101.0, 103.5], [1, 0], num=3, start=100.0, stop=110.0)
    (axes,) = plot.raster({"in": events})
    (line,) = axes.lines
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([101.0, 103.5], [1, 0])
    assert axes.get_xlim() == (100.0, pytest.approx(110.05)) and axes.get_ylim() == (-0.7, 2.7)
    beside = plot.raster({"in": events, "out": np.ones((5, 2))}, dt=0.5)
    assert beside[1].get_xlim()[0] == 0 and len(beside[1].lines[0].get_xdata()) == 10
    with pytest.raises(ValueError, match="dt must be a positive number of milliseconds, got None"):
        plot.raster({"in": events, "out": np.ones((5, 2))})


def test_raster_refuses_wrong_shapes():
    with pytest.raises(ValueError, match=r"'layer' has shape \(5, 2, 3\), but needs \[T, n\]"):
        plot.raster({"layer": np.zeros((5, 2, 3))}, dt=1.0)
    with pytest.raises(ValueError, match="'b' has 4 steps, but 'a' has 5"):
        plot.raster({"a": np.zeros((5, 2))}, {"b": np.zeros((4, 2))}, dt=1.0)
    with pytest.raises(ValueError, match="got none"):
        plot.raster({}, dt=1.0)
    with pytest.raises(ValueError, match="positive number of milliseconds"):
        plot.raster({"a": np.zeros((5, 2))}, dt=0.0)


def test_confusion_matrix_writes_counts_in_the_cells_that_have_some():
    axes = plot.confusion_matrix([[5, 1], [0, 4]], ["cat", "dog"])
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "5", (1, 0): "1", (1, 1): "4"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert axes.get_title() == "9 of 10 right (90.0 %)"
    assert png(axes).startswith(b"\x89PNG")


def test_a_confusion_matrix_of_many_classes_stays_legible():
    matrix = np.diag(np.arange(1, 28))
    matrix[3, 7] = 123
    axes = plot.confusion_matrix(matrix)
    assert len(axes.texts) == 28
    axes.figure.draw_without_rendering()
    # Each number stays within its cell, and names do not touch.
    cell = axes.get_window_extent().width / 27
    assert max(text.get_window_extent().width for text in axes.texts) <= cell
    labels = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 <= right.x0 + 1 for left, right in itertools.pairwise(labels))
    large = plot.confusion_matrix(np.eye(100, dtype=int))
    assert not large.texts and len(large.get_yticklabels()) == 50
    assert large.images[0].get_array().mask.sum() == 100 * 99


def test_confusion_matrix_takes_a_class_without_samples():
    png(plot.confusion_matrix(np.zeros((3, 3), int)))


def test_confusion_matrix_refuses_what_is_none():
    with pytest.raises(ValueError, match=r"shape \(2, 3\), but needs \[C, C\]"):
        plot.confusion_matrix(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="whole numbers"):
        plot.confusion_matrix([[0.5, 0.5], [0.0, 1.0]])
    with pytest.raises(ValueError, match="3 class names were given, but the matrix has 2"):
        plot.confusion_matrix(np.eye(2), ["a", "b", "c"])


def test_a_regression_draws_each_target_with_its_output():
    rng = np.random.default_rng()
    targets = rng.normal(size=(40, 2))
    outputs = targets + 0.3 * rng.normal(size=(40, 2))
    axes = plot.regression(targets, outputs)
    for number, line in enumerate(axes.get_lines()[:2]):
        np.testing.assert_array_equal(line.get_xydata(), np.stack([targets[:, number], outputs[:, number]], 1))
    assert axes.get_xlim() == axes.get_ylim()
    explained = 1 - sum((o - t) ** 2 for o, t in zip(outputs.flat, targets.flat, strict=True)) / (40 * targets.var(0)).sum()
    assert axes.get_title() == f"R2 {explained:.2f} of 40"
    assert plot.regression(np.ones(3), np.ones(3)).get_title() == "3 targets, all alike"
    thinned = plot.regression(np.arange(20_001.0), np.arange(20_001.0))
    assert len(thinned.get_lines()[0].get_xdata()) <= 5000 and thinned.get_title() == "R2 1.00 of 20,001, 1 in 5 drawn"
    with pytest.raises(ValueError, match=r"regression: targets have shape \(3,\) and outputs \(3, 1\), but both need"):
        plot.regression(np.ones(3), np.ones((3, 1)))


def test_benchmark_draws_ratios_to_the_floor():
    row = {
        "workload": "A", "step_ms": 3.0, "floor_step_ms": 2.0, "reference_step_ms": 8.0, "remat_step_ms": 5.0,
        "forward_ms": 0.5, "floor_forward_ms": 1.0, "reference_forward_ms": 30.0, "dense_forward_ms": 2.0,
    }
    bare = row | {"workload": "B", "reference_step_ms": None, "remat_step_ms": None, "reference_forward_ms": None}
    bare["dense_forward_ms"] = None
    step, forward = plot.benchmark([row, bare])
    bars = {id(axes): [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches] for axes in (step, forward)}
    np.testing.assert_allclose(bars[id(step)], [(1, 1.5), (1, 4), (1, 2.5), (1, 1.5)])
    np.testing.assert_allclose(bars[id(forward)], [(1, 0.5), (1, 2), (1, 30), (1, 0.5)])
    assert [text.get_text() for text in forward.texts] == ["0.50", "2.00", "30", "0.50"]
    assert all(list(axes.lines[0].get_ydata()) == [1, 1] for axes in (step, forward))
    assert [label.get_text() for label in forward.get_xticklabels()] == ["A", "B"]
    names = [text.get_text() for text in step.get_legend().get_texts()]
    assert names == ["tiled plan", 'tiled plan, products="dense"', "reference plan", 'tiled plan, remat="auto"']
    assert [text.get_text() for text in plot.benchmark([bare])[0].get_legend().get_texts()] == ["tiled plan"]
    assert png(step).startswith(b"\x89PNG")


def test_benchmark_names_densities_where_they_differ():
    row = {"workload": "A", "density": 0.1, "step_ms": 1.0, "floor_step_ms": 2.0, "forward_ms": 1.0, "floor_forward_ms": 8.0}
    for others, names in (([row], ["A", "A"]), ([row | {"density": 0.02}], ["A\n0.1", "A\n0.02"])):
        panes = plot.benchmark([row, *others])
        assert [label.get_text() for label in panes[1].get_xticklabels()] == names
        # The numbers below the bars stay above the axis.
        panes[0].figure.draw_without_rendering()
        for axes in panes:
            assert all(text.get_window_extent().y0 > axes.get_window_extent().y0 for text in axes.texts)


def test_benchmark_refuses_what_is_none():
    with pytest.raises(ValueError, match="at least one workload"):
        plot.benchmark([])
    with pytest.raises(ValueError, match="row 0 lacks floor_step_ms, floor_forward_ms"):
        plot.benchmark([{"workload": "A", "step_ms": 1.0, "forward_ms": 1.0}])


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'^plotting needs the package matplotlib: pip install "spaic_jax\[plot\]"\.$'):
        plot.learning_curve(HISTORY)


def test_traces_have_a_panel_a_variable_and_a_curve_a_neuron():
    times = np.arange(1, 6) * 0.5
    values = np.arange(15.0).reshape(5, 3)
    given = {"v": values, "u": values[:, 0], "many": np.tile(values, (1, 5))}
    v, u, many = plot.traces(given, times, labels={"v": "V (mV)"}, v_th=2.0)
    np.testing.assert_allclose(v.lines[1].get_xydata(), np.stack([times, values[:, 1]], 1))
    assert (v.get_ylabel(), u.get_ylabel(), many.get_xlabel()) == ("V (mV)", "u", "time (ms)")
    assert v.lines[3].get_ydata()[0] == 2.0 and len(u.lines) == 2
    np.testing.assert_allclose(many.lines[15].get_ydata(), values.mean(1))
    png(v)
    with pytest.raises(ValueError, match=r"'v' has shape \(4, 3\) and times \(5,\)"):
        plot.traces({"v": values[:4]}, times)
    with pytest.raises(ValueError, match="got none"):
        plot.traces({}, times)


def test_rates_are_stairs_between_the_ends_of_the_bins():
    rows = np.array([[10.0, 30.0], [0.0, 20.0], [5.0, 5.0]])
    axes = plot.rates({"exc": rows, "inh": rows[:, 0]}, {"exc": [5.0, 10.0, 12.0], "inh": [5.0, 10.0, 12.0]})
    mean, spread, alone = axes.patches
    np.testing.assert_allclose(mean.get_data().values, [20, 10, 5])
    np.testing.assert_allclose(mean.get_data().edges, [0, 5, 10, 12])
    np.testing.assert_allclose(spread.get_data().baseline, rows.min(1))
    np.testing.assert_allclose(alone.get_data().values, rows[:, 0])
    png(axes)
    with pytest.raises(ValueError, match=r"'exc' has shape \(3, 2\) and times \(0,\)"):
        plot.rates({"exc": rows}, {})


def test_firing_counts_neurons_and_intervals():
    clock = np.tile(np.arange(1, 101) * 10.0, 2)
    spikes = Spikes(clock, np.repeat([0, 1], 100), num=4, start=0.0, stop=1000.0)
    rate, interval, irregular = plot.firing({"clock": spikes, "silent": Spikes([], np.zeros(0, int), 2, 0.0, 1.0)})
    values, edges, _ = rate.patches[0].get_data()
    np.testing.assert_allclose(values[[0, np.searchsorted(edges, 100.0) - 1]], [50, 50])
    values, edges, _ = interval.patches[0].get_data()
    assert values.max() == 100 and edges[0] < 10 < edges[-1] and len(interval.patches) == 1
    np.testing.assert_allclose(irregular.patches[0].get_data().values[0], 100)
    assert [text.get_text() for text in irregular.get_legend().get_texts()] == ["clock", "silent"]
    silent = plot.firing({"silent": Spikes([], np.zeros(0, int), 2, 0.0, 1.0)})
    assert [text.get_text() for text in silent[1].texts] == ["too few spikes"]
    png(silent)
    with pytest.raises(ValueError, match="got none"):
        plot.firing({})


def test_activity_is_the_rate_in_each_picture(tmp_path):
    fired = np.zeros((7, 2, 3))
    fired[[0, 2, 3, 6], 1, 2] = fired[1, 0, 0] = 1
    film = plot.activity(fired, dt=0.5, bin=1.5)
    # Two pictures of three steps each; what is left is no whole picture.
    film.save(tmp_path / "film.gif", writer="pillow", dpi=30)
    with Image.open(tmp_path / "film.gif") as gif:
        assert gif.n_frames == 2
    (image,) = film._fig.axes[0].images
    np.testing.assert_allclose(image.get_array(), [[0, 0, 0], [0, 0, 1000 / 1.5]])
    assert image.get_clim() == (0.0, pytest.approx(2000 / 1.5)) and film._fig.axes[0].get_title() == "1.5 to 3 ms"
    axes = Figure().subplots()
    again = plot.activity(Spikes([1.0], [5], 6, 0.0, 2.0), (2, 3), bin=1.0, ax=axes)
    assert again._fig is axes.figure and "<img" in again.to_jshtml()
    with pytest.raises(ValueError, match="6 neurons are no sheet of 2 x 2"):
        plot.activity(np.zeros((2, 6)), dt=1.0)
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        plot.activity(np.zeros(4), dt=1.0)
    with pytest.raises(ValueError, match="activity: dt"):
        plot.activity(fired)
    with pytest.raises(ValueError, match="bin is 5 ms, but the recording only 3.5 ms"):
        plot.activity(fired, dt=0.5, bin=5.0)


def test_weights_are_images_on_a_scale_about_zero():
    matrix = np.array([[0.5, -2.0, 0.0], [1.0, 0.0, 0.0]])
    axes = plot.weights(matrix, name="synapses")
    np.testing.assert_array_equal(axes.images[0].get_array(), matrix)
    assert axes.images[0].get_clim() == (-2.0, 2.0) and axes.get_title() == "synapses"
    png(axes)
    kernels = np.arange(24.0).reshape(3, 2, 2, 2)
    for given, labels in ((kernels, ("output map", "input map")), (kernels.swapaxes(0, 1), ("input map", "output map"))):
        axes = plot.weights(given)
        assert (axes.get_xlabel(), axes.get_ylabel()) == labels
        sheet = np.ma.filled(axes.images[0].get_array(), np.nan)
        assert sheet.shape == (7, 10)
        np.testing.assert_array_equal(sheet[4:6, 7:9], kernels[2, 1])
        assert np.isnan(sheet[3]).all() and np.isnan(sheet[:, 6]).all()
    axes.figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2"]
    png(plot.weights(np.zeros((1, 500))))
    for bad, sentence in ((np.zeros(3), r"got shape \(3,\)"), (np.full((2, 2), np.nan), "must be finite")):
        with pytest.raises(ValueError, match=sentence):
            plot.weights(bad)


def test_a_phase_plane_has_the_way_its_jumps_and_what_stands_still():
    x, y = np.array([0.0, 0.1, 0.2, 1.0, 0.9]), np.array([0.0, 0.02, 0.04, 0.3, 0.28])
    axes = plot.phase_plane(x, y, labels=("V", "w"), nullclines={"w' = 0": lambda v: 0.5 * v}, field=lambda v, w: (w, -v))
    lines = [line.get_xydata() for line in axes.lines]
    np.testing.assert_allclose(lines[0], np.stack([x, y], 1)[:3])
    np.testing.assert_allclose(lines[1], np.stack([x, y], 1)[3:])
    np.testing.assert_allclose(lines[2], np.stack([x, y], 1)[2:4])
    np.testing.assert_allclose(lines[-1][:, 1], 0.5 * lines[-1][:, 0])
    assert axes.get_legend().get_texts()[0].get_text() == "w' = 0" and len(axes.collections) == 1
    png(axes)
    with pytest.raises(ValueError, match=r"got \(5,\) and \(4,\)"):
        plot.phase_plane(x, y[:4])


def test_a_network_is_drawn_in_order_of_flow():
    net = sj.Network()
    net.x, net.a, net.b = sj.Encoder(num=3), sj.NeuronGroup(4, model="lif"), sj.NeuronGroup(2, model="lif")
    net.xa, net.ab = sj.Connection(net.x, net.a, syn_type=["dropout", "basic"]), sj.Connection(net.a, net.b, delay=2.0)
    net.ba, net.bb = sj.Connection(net.b, net.a, "sparse"), sj.Connection(net.b, net.b)
    net.gap, net.far = sj.Connection(net.a, net.b, "electrical"), sj.Connection(net.x, net.b, max_delay=3.0)
    net.also = sj.Connection(net.b, net.b, "sparse")
    net.out = sj.Decoder(dec_target=net.b)
    axes = plot.network_graph(net)
    texts = {text.get_text(): text.get_position() for text in axes.texts}
    boxes = [next(place for text, place in texts.items() if text.startswith(f"{name}\n")) for name in ("x", "a", "b", "out")]
    assert [box[0] for box in boxes] == sorted({box[0] for box in boxes})
    # Connections of one pair share an arrow.
    assert {"Dropout, Full", "Full\n2 ms", "Sparse", "Electrical", "Full\nFixedDelay", "Full\nSparse"} <= set(texts)
    assert len(axes.patches) == 4 + 7
    axes.figure.draw_without_rendering()
    covered = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for i, one in enumerate(covered) for other in covered[:i])
    inside = axes.figure.bbox
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1 for box in covered)
    with pytest.raises(ValueError, match="at least one group"):
        plot.network_graph(sj.Network())


def test_a_loop_of_many_groups_stands_beside_its_sources():
    net, names = sj.Network(), [f"g{i}" for i in range(6)]
    for name in names:
        net.add(name, sj.NeuronGroup(2, model="lif"))
    for name in reversed(names):
        net.add(f"to_{name}", sj.Generator(2, coding_method="poisson_generator", rate=1.0))
        net.add(f"in_{name}", sj.Connection(net[f"to_{name}"], net[name]))
        for other in names:
            net.add(f"{name}_{other}", sj.Connection(net[name], net[other]))
    axes = plot.network_graph(net)
    places = {text.get_text().partition("\n")[0]: text.get_position() for text in axes.texts}
    assert len(places) == 12 and len({places[name][0] for name in names}) == 1
    assert all(places[f"to_{name}"][1] == places[name][1] and places[f"to_{name}"][0] < places[name][0] for name in names)
    assert len(axes.patches) == 12 + 6 + 36


def test_receptive_fields() -> None:
    weight = np.arange(5 * 6, dtype=float).reshape(5, 6)
    axes = plot.receptive_fields(weight, (2, 3), labels="abcde", name="w")
    sheet = np.ma.filled(axes.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(sheet[:2, 4:7], weight[1].reshape(2, 3))
    np.testing.assert_array_equal(sheet[3:5, :3], weight[2].reshape(2, 3))
    assert np.isnan(sheet[2]).all() and np.isnan(sheet[:, 3]).all() and np.isnan(sheet[-2:, 4:]).all()
    assert [text.get_text() for text in axes.texts] == list("abcde") and axes.get_title() == "w"
    png(axes)
    assert plot.receptive_fields(-np.eye(4)).images[0].get_clim() == (-1.0, 1.0)
    for given, sentence in (
        ((np.zeros((2, 3, 4)),), "needs \\(post, pre\\)"), ((np.full((2, 4), np.nan),), "must be finite"),
        ((np.zeros((2, 5)),), "no image of 2 x 2"), ((np.zeros((2, 6)), (2, 2)), "no image of 2 x 2"),
    ):
        with pytest.raises(ValueError, match=sentence):
            plot.receptive_fields(*given)
    with pytest.raises(ValueError, match="1 labels came for 2 neurons"):
        plot.receptive_fields(np.zeros((2, 4)), labels=["a"])


def test_the_curve_of_learning_by_rules() -> None:
    panes = plot.learning_curve([{"epoch": 1, "change": 0.01, "spikes": 3.0, "accuracy": 0.5}])
    assert [axes.get_ylabel() for axes in panes] == ["change of a weight by a sample", "accuracy (%)"]


def test_what_a_measure_depends_on():
    axes = plot.dependence({"a": [(100.0, 0.3, 0.1), (1.0, 0.2, 0.0)], "b": [(10.0, 0.4, 0.2)]}, "rate", "accuracy")
    (line, _, (bars,)), alone = axes.containers
    assert axes.get_xscale() == "log" and line.get_xdata().tolist() == [1, 100] and line.get_ydata().tolist() == [0.2, 0.3]
    np.testing.assert_allclose([bar[:, 1] for bar in bars.get_segments()], [[0.2, 0.2], [0.2, 0.4]])
    assert alone[0].get_xdata().tolist() == [10] and [text.get_text() for text in axes.get_legend().texts] == ["a", "b"]
    axes = plot.dependence({"": [("soft", 0.3, 0.1), (2, 0.2, 0.0)]}, "reset", "accuracy")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["soft", "2"] and axes.get_legend() is None
    assert plot.dependence({"": [(-1.0, 0.3, 0.1), (100, 0.2, 0.0)]}, "x", "y").get_xscale() == "linear"
    for curves in ({}, {"a": []}):
        with pytest.raises(ValueError, match="dependence needs at least one curve, with a point or more"):
            plot.dependence(curves, "x", "y")
