"""Figures: what is on them, that they render, and what they refuse."""

import io
import sys

import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import plot
from spaic_jax.analysis import Spikes

HISTORY = [{"epoch": n, "loss": 2.0 / n, "accuracy": 1 - 0.5 / n, "test_accuracy": 0.9 - 0.4 / n} for n in (1, 2, 3)]


def png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def test_a_network_shows_its_rewards_and_actions():
    with sj.Network() as net:
        senses = sj.Encoder(num=4)
        layer = sj.NeuronGroup(2, model="lif")
        sj.Connection(senses, layer)
        sj.Action(name="action", dec_target=layer)
        sj.Reward(name="reward", dec_target=layer)
        sj.Reward(2, name="given", coding_method="environment_reward")
    figure = plot.network_graph(net)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"action\nPopulationRateAction", "reward\nGlobalReward", "given\nEnvironmentReward [2]"} <= set(texts)
    arrows = [patch for patch in figure.axes[0].patches if type(patch).__name__ == "FancyArrowPatch"]
    assert len(arrows) == 3


def test_a_network_shows_which_neurons_a_connection_joins_and_its_propagation():
    with sj.Network() as net:
        senses, cells = sj.Encoder(num=4), sj.NeuronGroup(10, model="lif")
        sj.Connection(senses, cells[:8])
        sj.Connection(cells[:8], cells[8:], propagation="one_step", delay=2.0)
    texts = [text.get_text() for text in plot.network_graph(net).axes[0].texts]
    assert texts[2:] == ["Full\nall -> [:8]", "Full\n2 ms\n[:8] -> [8:]\none_step"]


def test_learning_curve_shows_loss_and_both_accuracies():
    figure = plot.learning_curve(HISTORY)
    loss, accuracy = figure.axes
    np.testing.assert_allclose(loss.lines[0].get_xydata(), [[1, 2.0], [2, 1.0], [3, 2 / 3]])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata()[-1], 100 * (1 - 0.5 / 3))
    np.testing.assert_allclose(accuracy.lines[1].get_ydata()[0], 50)
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]
    assert accuracy.get_ylabel() == "accuracy (%)"
    assert png(figure).startswith(b"\x89PNG")


def test_learning_curve_without_test_accuracy_and_with_one_row():
    row = {"epoch": 1, "loss": 2.0, "accuracy": 0.5}
    figure = plot.learning_curve([row])
    assert len(figure.axes[1].lines) == 1
    assert len(plot.learning_curve([row | {"test_accuracy": None}]).axes[1].lines) == 1
    png(figure)


def test_learning_curve_refuses_what_is_no_history():
    with pytest.raises(ValueError, match="at least one row"):
        plot.learning_curve([])
    with pytest.raises(ValueError, match="row 1 of the history lacks loss, accuracy"):
        plot.learning_curve([HISTORY[0], {"epoch": 2}])


def test_raster_places_spikes_and_potentials_in_ms():
    spikes = np.zeros((20, 4), bool)
    spikes[6, 1] = spikes[19, 3] = True
    potentials = np.linspace(0, 1, 40).reshape(20, 2)
    figure = plot.raster({"in": spikes, "out": spikes[:, :2]}, {"out": potentials}, dt=0.5, v_th=1.0)
    first, second, trace = figure.axes
    assert sorted(map(tuple, first.lines[0].get_xydata())) == [(3.0, 1.0), (9.5, 3.0)]
    assert len(second.lines[0].get_xydata()) == 1
    np.testing.assert_allclose(trace.lines[1].get_ydata(), potentials[:, 1])
    assert trace.lines[2].get_ydata()[0] == 1.0
    assert trace.get_xlabel() == "time (ms)"
    assert first.get_xlim() == trace.get_xlim() == (-0.25, 9.75)
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("spikes", [np.zeros((5, 1), np.uint8), np.ones((1, 300), np.float32)])
def test_raster_draws_silence_and_a_single_step(spikes):
    png(plot.raster({"layer": spikes}, dt=1.0))


def test_raster_places_spikes_at_their_times():
    events = Spikes([101.0, 103.5], [1, 0], num=3, start=100.0, stop=110.0)
    figure = plot.raster({"in": events})
    (line,) = figure.axes[0].lines
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([101.0, 103.5], [1, 0])
    assert figure.axes[0].get_xlim() == (100.0, 110.0) and figure.axes[0].get_ylim() == (-0.7, 2.7)
    beside = plot.raster({"in": events, "out": np.ones((5, 2))}, dt=0.5)
    assert beside.axes[1].get_xlim() == (-0.25, 110.0) and len(beside.axes[1].lines[0].get_xdata()) == 10
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


def test_confusion_matrix_writes_counts_in_the_cells():
    figure = plot.confusion_matrix([[5, 1], [0, 4]], ["cat", "dog"])
    axes = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "5", (1, 0): "1", (0, 1): "0", (1, 1): "4"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert axes.get_title() == "9 of 10 right (90.0 %)"
    assert png(figure).startswith(b"\x89PNG")


def test_confusion_matrix_takes_a_class_without_samples():
    png(plot.confusion_matrix(np.zeros((3, 3), int)))


def test_confusion_matrix_refuses_what_is_none():
    with pytest.raises(ValueError, match=r"shape \(2, 3\), but needs \[C, C\]"):
        plot.confusion_matrix(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="whole numbers"):
        plot.confusion_matrix([[0.5, 0.5], [0.0, 1.0]])
    with pytest.raises(ValueError, match="3 class names were given, but the matrix has 2"):
        plot.confusion_matrix(np.eye(2), ["a", "b", "c"])


def test_benchmark_draws_ratios_to_the_floor():
    row = {
        "workload": "A", "step_ms": 3.0, "floor_step_ms": 2.0, "reference_step_ms": 8.0, "remat_step_ms": 5.0,
        "forward_ms": 0.5, "floor_forward_ms": 1.0, "reference_forward_ms": 30.0, "dense_forward_ms": 2.0,
    }
    bare = row | {"workload": "B", "reference_step_ms": None, "remat_step_ms": None, "reference_forward_ms": None}
    bare["dense_forward_ms"] = None
    figure = plot.benchmark([row, bare])
    step, forward = figure.axes
    bars = {id(axes): [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches] for axes in figure.axes}
    np.testing.assert_allclose(bars[id(step)], [(1, 1.5), (1, 4), (1, 2.5), (1, 1.5)])
    np.testing.assert_allclose(bars[id(forward)], [(1, 0.5), (1, 2), (1, 30), (1, 0.5)])
    assert [text.get_text() for text in forward.texts] == ["0.50", "2.00", "30", "0.50"]
    assert all(list(axes.lines[0].get_ydata()) == [1, 1] for axes in figure.axes)
    assert [label.get_text() for label in forward.get_xticklabels()] == ["A", "B"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["tiled plan", 'tiled plan, products="dense"', "reference plan", 'tiled plan, remat="auto"']
    assert [text.get_text() for text in plot.benchmark([bare]).legends[0].get_texts()] == ["tiled plan"]
    assert png(figure).startswith(b"\x89PNG")


def test_benchmark_names_densities_where_they_differ():
    row = {"workload": "A", "density": 0.1, "step_ms": 1.0, "floor_step_ms": 2.0, "forward_ms": 1.0, "floor_forward_ms": 8.0}
    for others, names in (([row], ["A", "A"]), ([row | {"density": 0.02}], ["A\n0.1", "A\n0.02"])):
        figure = plot.benchmark([row, *others])
        assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == names
        # The numbers below the bars stay above the axis.
        for axes in figure.axes:
            figure.draw_without_rendering()
            assert all(text.get_window_extent().y0 > axes.get_window_extent().y0 for text in axes.texts)


def test_benchmark_refuses_what_is_none():
    with pytest.raises(ValueError, match="at least one workload"):
        plot.benchmark([])
    with pytest.raises(ValueError, match="row 0 lacks floor_step_ms, floor_forward_ms"):
        plot.benchmark([{"workload": "A", "step_ms": 1.0, "forward_ms": 1.0}])


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'^plotting needs the package matplotlib: pip install "spaic_jax\[plot\]"\.$'):
        plot.learning_curve(HISTORY)


def test_pyplot_stays_unloaded():
    """Its global state would keep every figure alive."""
    before = "matplotlib.pyplot" in sys.modules
    png(plot.learning_curve(HISTORY))
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_traces_have_a_panel_a_variable_and_a_curve_a_neuron():
    times = np.arange(1, 6) * 0.5
    values = np.arange(15.0).reshape(5, 3)
    figure = plot.traces({"v": values, "u": values[:, 0], "many": np.tile(values, (1, 5))}, times, labels={"v": "V (mV)"}, v_th=2.0)
    v, u, many = figure.axes
    np.testing.assert_allclose(v.lines[1].get_xydata(), np.stack([times, values[:, 1]], 1))
    assert (v.get_ylabel(), u.get_ylabel(), many.get_xlabel()) == ("V (mV)", "u", "time (ms)")
    assert v.lines[3].get_ydata()[0] == 2.0 and len(u.lines) == 2
    np.testing.assert_allclose(many.lines[15].get_ydata(), values.mean(1))
    assert png(figure).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"'v' has shape \(4, 3\) and times \(5,\)"):
        plot.traces({"v": values[:4]}, times)
    with pytest.raises(ValueError, match="got none"):
        plot.traces({}, times)


def test_rates_are_stairs_between_the_ends_of_the_bins():
    rows = np.array([[10.0, 30.0], [0.0, 20.0], [5.0, 5.0]])
    figure = plot.rates({"exc": rows, "inh": rows[:, 0]}, {"exc": [5.0, 10.0, 12.0], "inh": [5.0, 10.0, 12.0]})
    mean, spread, alone = figure.axes[0].patches
    np.testing.assert_allclose(mean.get_data().values, [20, 10, 5])
    np.testing.assert_allclose(mean.get_data().edges, [0, 5, 10, 12])
    np.testing.assert_allclose(spread.get_data().baseline, rows.min(1))
    np.testing.assert_allclose(alone.get_data().values, rows[:, 0])
    png(figure)
    with pytest.raises(ValueError, match=r"'exc' has shape \(3, 2\) and times \(0,\)"):
        plot.rates({"exc": rows}, {})


def test_weights_are_images_on_a_scale_about_zero():
    matrix = np.array([[0.5, -2.0, 0.0], [1.0, 0.0, 0.0]])
    figure = plot.weights(matrix, name="synapses")
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), matrix)
    assert image.get_clim() == (-2.0, 2.0) and figure.axes[1].get_ylabel() == "synapses"
    png(figure)
    kernels = plot.weights(np.arange(24.0).reshape(3, 2, 2, 2))
    np.testing.assert_array_equal(kernels.axes[3].images[0].get_array(), [[12, 13], [14, 15]])
    png(kernels)
    png(plot.weights(np.zeros((1, 500))))
    for bad, sentence in ((np.zeros(3), r"got shape \(3,\)"), (np.full((2, 2), np.nan), "must be finite")):
        with pytest.raises(ValueError, match=sentence):
            plot.weights(bad)


def test_a_phase_plane_has_the_way_its_jumps_and_what_stands_still():
    x, y = np.array([0.0, 0.1, 0.2, 1.0, 0.9]), np.array([0.0, 0.02, 0.04, 0.3, 0.28])
    figure = plot.phase_plane(x, y, labels=("V", "w"), nullclines={"w' = 0": lambda v: 0.5 * v}, field=lambda v, w: (w, -v))
    axes = figure.axes[0]
    lines = [line.get_xydata() for line in axes.lines]
    np.testing.assert_allclose(lines[0], np.stack([x, y], 1)[:3])
    np.testing.assert_allclose(lines[1], np.stack([x, y], 1)[3:])
    np.testing.assert_allclose(lines[2], np.stack([x, y], 1)[2:4])
    np.testing.assert_allclose(lines[-1][:, 1], 0.5 * lines[-1][:, 0])
    assert axes.get_legend().get_texts()[0].get_text() == "w' = 0" and len(axes.collections) == 1
    png(figure)
    with pytest.raises(ValueError, match=r"got \(5,\) and \(4,\)"):
        plot.phase_plane(x, y[:4])


def test_a_network_is_drawn_in_order_of_flow():
    net = sj.Network()
    net.x, net.a, net.b = sj.Encoder(num=3), sj.NeuronGroup(4, model="lif"), sj.NeuronGroup(2, model="lif")
    net.xa, net.ab = sj.Connection(net.x, net.a, syn_type=["dropout", "basic"]), sj.Connection(net.a, net.b, delay=2.0)
    net.ba, net.bb = sj.Connection(net.b, net.a, "sparse"), sj.Connection(net.b, net.b)
    net.gap, net.far = sj.Connection(net.a, net.b, "electrical"), sj.Connection(net.x, net.b, max_delay=3.0)
    net.out = sj.Decoder(dec_target=net.b)
    figure = plot.network_graph(net)
    texts = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    boxes = [next(place for text, place in texts.items() if text.startswith(f"{name}\n")) for name in ("x", "a", "b", "out")]
    assert [box[0] for box in boxes] == sorted({box[0] for box in boxes})
    assert {"Dropout, Full", "Full\n2.0 ms".replace("2.0", "2"), "Sparse", "Electrical", "Full\nFixedDelay"} <= set(texts)
    assert len(figure.axes[0].patches) == 4 + 7
    places = list(texts.values())
    assert len({(round(x, 2), round(y, 2)) for x, y in places}) == len(places)
    png(figure)
    with pytest.raises(ValueError, match="at least one group"):
        plot.network_graph(sj.Network())


def test_receptive_fields() -> None:
    weight = np.arange(5 * 6, dtype=float).reshape(5, 6)
    figure = plot.receptive_fields(weight, (2, 3), labels="abcde", name="w")
    sheet = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    np.testing.assert_array_equal(sheet[:2, 4:7], weight[1].reshape(2, 3))
    np.testing.assert_array_equal(sheet[3:5, :3], weight[2].reshape(2, 3))
    assert np.isnan(sheet[2]).all() and np.isnan(sheet[:, 3]).all() and np.isnan(sheet[-2:, 4:]).all()
    assert [text.get_text() for text in figure.axes[0].texts] == list("abcde")
    png(figure)
    assert plot.receptive_fields(-np.eye(4)).axes[0].images[0].get_clim() == (-1.0, 1.0)
    for given, sentence in (
        ((np.zeros((2, 3, 4)),), "needs \\(post, pre\\)"), ((np.full((2, 4), np.nan),), "must be finite"),
        ((np.zeros((2, 5)),), "no image of 2 x 2"), ((np.zeros((2, 6)), (2, 2)), "no image of 2 x 2"),
    ):
        with pytest.raises(ValueError, match=sentence):
            plot.receptive_fields(*given)
    with pytest.raises(ValueError, match="1 labels came for 2 neurons"):
        plot.receptive_fields(np.zeros((2, 4)), labels=["a"])


def test_the_curve_of_learning_by_rules() -> None:
    figure = plot.learning_curve([{"epoch": 1, "change": 0.01, "spikes": 3.0, "accuracy": 0.5}])
    assert [axes.get_ylabel() for axes in figure.axes] == ["change of a weight by a sample", "accuracy (%)"]
