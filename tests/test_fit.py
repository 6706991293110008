"""The training loop and the evaluation."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data import Dataset
from spaic_jax.program import Normal
from spaic_jax.train import TrainState, evaluate, evaluation_key, fit, initial_key

COMPILED: list[str] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda name, seconds, **_: COMPILED.append(name) if "backend_compile" in name else None
)


def network(coding: str = "constant_current", settings: Any = (), **link: Any) -> sj.Network:
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method=coding, **dict(settings))
        layer = sj.NeuronGroup(3, model="lif", parameter_variables=["tau_m"], varible_ranges={"tau_m": (7.9, 8.1)})
        sj.Connection(image, layer, name="synapses", **{"w_std": 0.4, "w_max": 0.5} | link)
        sj.Decoder(dec_target=layer, coding_method="spike_counts", name="counts")
    return net


SIM = sj.build(network(), dt=1.0)
ADAM = optax.adam(0.02)
SETTINGS: dict[str, Any] = {"epochs": 4, "batch_size": 8, "steps": 6, "progress": False}


def samples(count: int = 44, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    images = rng.random((count, 4)) * 0.3 + np.eye(3, 4)[labels]
    return Dataset({"image": images.astype(np.float32)}, labels)


def train(key: jax.Array, **changes: Any) -> Any:
    return fit(SIM, "count_cross_entropy", ADAM, samples(), key=key, **SETTINGS | changes)


def same(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def test_it_learns(key: jax.Array) -> None:
    result = train(key, epochs=15, test=samples(30, seed=1))
    assert [row["epoch"] for row in result.history] == list(range(1, 16))
    assert set(result.history[0]) == {"epoch", "loss", "accuracy", "test_loss", "test_accuracy", "seconds"}
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    assert result.history[-1]["test_accuracy"] > 0.9
    assert result.epoch == 15 and set(result.params) == {"layer.tau_m", "synapses.weight"}


def test_the_same_key_gives_the_same_bits(key: jax.Array) -> None:
    one, other = train(key), train(key)
    assert same(one.params, other.params) and same(one.opt_state, other.opt_state)
    assert not same(one.params, train(jax.random.key(1)).params)


def test_bounds_hold_after_every_update(key: jax.Array) -> None:
    seen: list[TrainState] = []
    train(key, on_epoch=lambda state, row: seen.append(state))
    for state in seen:
        assert float(state.params["synapses.weight"].max()) <= 0.5
        assert 7.9 <= float(state.params["layer.tau_m"]) <= np.float32(8.1)
    assert float(seen[-1].params["layer.tau_m"]) in (np.float32(7.9), np.float32(8.1))


def test_one_step_is_compiled_once(key: jax.Array) -> None:
    counts: list[int] = []
    train(key, epochs=3, batch_size=9, test=samples(20), on_epoch=lambda state, row: counts.append(len(COMPILED)))
    assert counts[0] == counts[1] == counts[2]
    train(key, epochs=3, batch_size=9, test=samples(20))
    assert len(COMPILED) == counts[-1]


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(optax.cosine_decay_schedule(0.02, 10))),
        optax.inject_hyperparams(optax.adam)(learning_rate=0.02),
        optax.apply_if_finite(optax.lion(0.01), 3),
        optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(3)), optax.sgd(0.1)),
    ],
    ids=["chain", "inject", "apply_if_finite", "noise"],
)
def test_any_optimizer_compiles_once_and_resumes(optimizer: Any, key: jax.Array) -> None:
    states: list[TrainState] = []
    counts: list[int] = []

    def look(state: TrainState, row: dict[str, Any]) -> None:
        states.append(state)
        counts.append(len(COMPILED))

    whole = fit(SIM, "count_cross_entropy", optimizer, samples(), key=key, on_epoch=look, **SETTINGS)
    assert counts[0] == counts[-1]
    rest = fit(SIM, "count_cross_entropy", optimizer, samples(), key=key, start=states[1], **SETTINGS)
    assert same(whole.params, rest.params)
    assert [row["epoch"] for row in rest.history] == [3, 4]
    assert counts[-1] == len(COMPILED)


def test_states_given_and_got_stay_alive(key: jax.Array) -> None:
    states: list[TrainState] = []
    result = train(key, epochs=2, on_epoch=lambda state, row: states.append(state))
    again = train(key, epochs=2, start=states[0])
    assert same(again.params, result.params)
    for state in states:
        assert np.isfinite(state.params["synapses.weight"]).all()
    assert train(key, epochs=2, start=states[1]).history == []


def test_random_codings_resume_bit_for_bit(key: jax.Array) -> None:
    sim = sj.build(network("poisson", {"unit_conversion": 0.5}), dt=1.0)
    states: list[TrainState] = []
    settings = SETTINGS | {"test": samples(10, seed=1)}
    settings |= {"loss": "count_cross_entropy", "optimizer": ADAM, "data": samples(), "key": key}
    whole = fit(sim, **settings, on_epoch=lambda state, row: states.append(state))
    rest = fit(sim, **settings, start=states[0])
    assert same(whole.params, rest.params)
    strip = [{name: x for name, x in row.items() if name != "seconds"} for row in whole.history[1:]]
    assert strip == [{name: x for name, x in row.items() if name != "seconds"} for row in rest.history]
    last = evaluate(
        sim, whole.variables, samples(10, seed=1), batch_size=8, steps=6, key=evaluation_key(key),
        loss="count_cross_entropy",
    )
    assert (last.accuracy, last.loss) == (whole.history[-1]["test_accuracy"], whole.history[-1]["test_loss"])


def test_an_epoch_is_what_its_documentation_says(key: jax.Array) -> None:
    """Two updates by hand, from the documented keys, give the same weights."""
    data = samples(19)
    result = fit(SIM, "count_cross_entropy", optax.sgd(0.1), data, key=key, **SETTINGS | {"epochs": 1})
    variables = SIM.init(initial_key(key), 8)
    params = variables.params
    order_key, _ = jax.random.split(jax.random.fold_in(key, 1))
    order = np.asarray(jax.random.permutation(order_key, 19))
    for rows in (order[:8], order[8:16]):

        def loss(params: Any, rows: np.ndarray = rows) -> jax.Array:
            run = SIM.run(variables.with_params(params), {"image": data.inputs["image"][rows]}, steps=6)
            return sj.train.count_cross_entropy(run.outputs["counts"], data.labels[rows])

        gradient = jax.grad(loss)(params)
        params = jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient)
        params["synapses.weight"] = jnp.minimum(params["synapses.weight"], 0.5)
        params["layer.tau_m"] = jnp.clip(params["layer.tau_m"], 7.9, 8.1)
    for name, value in params.items():
        assert np.allclose(value, result.params[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["uint8", "float64", "jax"])
def test_sequences_are_time_first(kind: str, key: jax.Array) -> None:
    sim = sj.build(network("spikes"), dt=1.0)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 20)
    spikes = rng.random((7, 20, 4)) < 0.1 + 0.6 * np.eye(3, 4)[labels]
    plain = fit(sim, "count_cross_entropy", ADAM, Dataset({"image": spikes.astype(np.float32)}, labels), key=key,
                epochs=2, batch_size=8, progress=False)
    given = jnp.asarray(spikes) if kind == "jax" else spikes.astype(kind)
    data = Dataset({"image": given}, labels)
    result = fit(sim, "count_cross_entropy", ADAM, data, key=key, epochs=2, batch_size=8, progress=False)
    assert same(result.params, plain.params)
    tested = evaluate(sim, result.variables, data, batch_size=8)
    assert tested.predictions.shape == (20,) and tested.loss is None
    for wrong, sentence in ((np.swapaxes(spikes, 0, 1), r"shape \(20, 7, 4\), but needs \[T, N=20, 4\]"),
                            (spikes[0], r"shape \(20, 4\), but needs \[T, N=20, 4\]")):
        with pytest.raises(ValueError, match=sentence):
            evaluate(sim, result.params, Dataset({"image": wrong}, labels), batch_size=8)


def test_evaluate_takes_all_samples_and_no_padding(key: jax.Array) -> None:
    result, data = train(key), samples(21, seed=2)
    run = SIM.run(SIM.init(key, 21).with_params(result.params), {"image": data.inputs["image"]}, steps=6)
    scores = run.outputs["counts"]
    for batch_size in (1, 4, 7, 21, 50):
        tested = evaluate(SIM, result.params, data, batch_size=batch_size, steps=6, loss="count_cross_entropy")
        assert np.array_equal(tested.predictions, scores.argmax(1))
        assert tested.accuracy == pytest.approx(float(np.mean(np.asarray(scores).argmax(1) == data.labels)))
        assert tested.loss == pytest.approx(float(sj.train.count_cross_entropy(scores, data.labels)), rel=1e-5)


def test_padding_does_not_change_codings_of_a_whole_batch(key: jax.Array) -> None:
    """Latency scales by the extremes of the batch; the padding is of the last batch's own samples."""
    sim = sj.build(network("latency", w_std=2.0, w_max=None), dt=1.0)
    data = Dataset({"image": np.array([[9.0, 5, 3, 1], [0.9, 0.5, 0.3, 0.1]])}, [0, 1])
    alone = Dataset({"image": data.inputs["image"][1:]}, [1])
    variables = sim.init(key)
    both = [evaluate(sim, variables, d, batch_size=1, steps=6).predictions[-1] for d in (data, alone)]
    many = evaluate(sim, variables, Dataset({"image": np.repeat(data.inputs["image"], [3, 1], 0)}, [0, 0, 0, 1]),
                    batch_size=3, steps=6)
    assert both[0] == both[1] == many.predictions[-1]


def test_random_constants_are_kept(key: jax.Array) -> None:
    sim = sj.build(network(weight=Normal(0.2, 0.4), is_parameter=False), dt=1.0)
    result = fit(sim, "count_cross_entropy", ADAM, samples(), key=key, **SETTINGS)
    other = jax.random.key(9)
    again = fit(sim, "count_cross_entropy", ADAM, samples(), key=other, variables=result.variables, **SETTINGS)
    assert same(again.variables.constants, result.variables.constants)
    with pytest.raises(ValueError, match=r"constant 'synapses.weight' is random: give the Variables"):
        evaluate(sim, result.params, samples(), batch_size=8, steps=6)
    wrong = dataclasses.replace(result.variables, constants={})
    with pytest.raises(ValueError, match="the constants are named"):
        evaluate(sim, wrong, samples(), batch_size=8, steps=6)


def broken(change: Callable[[np.ndarray], Any]) -> Dataset:
    data = samples()
    return Dataset({"image": change(np.array(data.inputs["image"]))}, data.labels)


def with_nan(x: np.ndarray) -> np.ndarray:
    x[3, 1] = np.nan
    return x


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"data": broken(lambda x: x.T)}, r"the training data: input 'image' has shape \(4, 44\), but needs \[N=44, 4"),
        ({"data": broken(lambda x: x[:, :3])}, r"has shape \(44, 3\), but needs"),
        ({"data": broken(with_nan)}, "input 'image' holds NaN or infinite values"),
        ({"data": broken(lambda x: x + 1j)}, "has dtype complex"),
        ({"data": broken(lambda x: x.astype(str))}, "has dtype <U"),
        ({"data": Dataset({"imag": np.ones((2, 4))}, [0, 1])}, "unknown input 'imag': did you mean 'image'"),
        ({"data": Dataset({"image": np.ones((9, 4))}, [0] * 8 + [3])}, r"labels\[8\] is 3, but needs to be in 0 ... 2"),
        ({"data": Dataset({"image": np.ones((9, 4))}, [0] * 8 + [-1])}, r"labels\[8\] is -1"),
        ({"data": samples(5)}, "has 5 samples, fewer than batch_size 8"),
        ({"test": broken(with_nan)}, "the test data: input 'image' holds NaN"),
        ({"epochs": 0}, "epochs must be a positive whole number, got 0"),
        ({"epochs": 2.0}, "epochs must be a positive whole number, got 2.0"),
        ({"batch_size": True}, "batch_size must be a positive whole number, got True"),
        ({"steps": None}, "the number of steps is not known"),
        ({"steps": 0}, "steps must be a positive whole number, got 0"),
        ({"decoder": "count"}, "unknown decoder 'count': did you mean 'counts'"),
        ({"loss": "count_cross"}, "unknown loss 'count_cross'"),
        ({"loss": lambda scores, labels: scores}, r"the loss is float32 of shape \(1, 3\), but needs to be one real"),
        ({"start": TrainState({}, (), 1)}, "start holds the state of another network or another optimizer"),
        ({"data": Dataset({"image": np.ones((44, 4)), "more": np.ones(44)}, [0] * 44)}, "unknown input 'more'"),
        ({"data": Dataset({"image": np.ones((5, 44, 4))}, np.zeros(44, int))}, "has 5 steps, but 6 are to be run"),
    ],
)
def test_bad_input(changes: dict[str, Any], sentence: str, key: jax.Array) -> None:
    arguments = SETTINGS | changes
    loss, data = arguments.pop("loss", "count_cross_entropy"), arguments.pop("data", samples())
    with pytest.raises(ValueError, match=sentence) as caught:
        fit(SIM, loss, ADAM, data, key=key, **arguments)
    assert "\n" not in str(caught.value)


def test_bad_types(key: jax.Array) -> None:
    with pytest.raises(TypeError, match=r"the optimizer must be an optax.GradientTransformation, not str"):
        fit(SIM, "count_cross_entropy", "adam", samples(), key=key, **SETTINGS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"must be a spaic_jax.data.Dataset, not dict"):
        fit(SIM, "count_cross_entropy", ADAM, {}, key=key, **SETTINGS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a Simulator is needed, as spaic_jax.build makes, not Network"):
        fit(network(), "count_cross_entropy", ADAM, samples(), key=key, **SETTINGS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="start must be a TrainState, not dict"):
        train(key, start={})
    with pytest.raises(ValueError, match=r"batch_size must be a positive whole number, got 0"):
        evaluate(SIM, SIM.init(key), samples(), batch_size=0, steps=6)


def test_a_start_of_another_shape(key: jax.Array) -> None:
    params = SIM.init(key).params
    other = params | {"synapses.weight": jnp.zeros((3, 5))}
    with pytest.raises(ValueError, match=r"start\['synapses.weight'\] is float32 of shape \(3, 5\), but needs float32"):
        train(key, start=TrainState(other, ADAM.init(params), 1))


def test_two_decoders_need_a_name(key: jax.Array) -> None:
    net = network()
    net.add("rates", sj.Decoder(dec_target=net.members["layer"], coding_method="spike_rate"))  # type: ignore[arg-type]
    sim = sj.build(net, dt=1.0)
    with pytest.raises(ValueError, match=r"the network has 2 decoders \(counts, rates\): name one"):
        fit(sim, "count_cross_entropy", ADAM, samples(), key=key, **SETTINGS)
    fit(sim, "rate_cross_entropy", ADAM, samples(), key=key, decoder="rates", **SETTINGS | {"epochs": 1})


def test_progress_bar(key: jax.Array, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    train(key, epochs=1, progress=True)
    shown = capsys.readouterr().out
    assert "epoch 1/1" in shown and "loss" in shown and "accuracy" in shown
    train(key, epochs=1)
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)
    train(key, epochs=1)
    with pytest.raises(ImportError, match=r'needs the package rich: pip install "spaic_jax\[progress\]"'):
        train(key, epochs=1, progress=True)


def test_dropout_and_statistics_are_at_work_in_training_only(key: jax.Array, tmp_path: Any) -> None:
    """Training carries the running means along, through checkpoints, files of weights and evaluation."""
    from spaic_jax.train import load_checkpoint, load_weights, save_checkpoint, save_weights

    net = sj.Network()
    net.image = sj.Encoder(shape=(1, 2, 2), coding_method="constant_current")
    net.layer = sj.NeuronGroup(shape=(2, 2, 2), model="lif")
    net.synapses = sj.Connection(
        net.image, net.layer, "conv", syn_type=["conv", "batchnorm2d"], kernel_size=1, w_std=0.5,
    )
    net.read = sj.NeuronGroup(3, model="leaky_integrator")
    net.out = sj.Connection(net.layer, net.read, syn_type=["dropout", "basic"], w_std=0.5)
    net.counts = sj.Decoder(dec_target=net.read, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    images = samples()
    data = Dataset({"image": images.inputs["image"].reshape(-1, 1, 2, 2)}, images.labels)
    settings = SETTINGS | {"key": key, "test": data}
    states: list[Any] = []
    whole = fit(sim, "membrane_cross_entropy", ADAM, data, **settings, on_epoch=lambda state, row: states.append(state))
    mean = "synapses.BatchNorm2d.running_mean"
    assert set(states[0].plastic) == {mean, mean.replace("mean", "var")}
    assert not same(states[0].plastic, states[1].plastic)
    assert np.abs(whole.variables[mean]).max() > 0.01
    save_checkpoint(tmp_path / "c.safetensors", sim, states[1])
    loaded, _ = load_checkpoint(tmp_path / "c.safetensors", sim, ADAM)
    assert same(fit(sim, "membrane_cross_entropy", ADAM, data, **settings, start=loaded).variables, whole.variables)
    save_weights(tmp_path / "w.safetensors", sim, whole.variables)
    again, _ = load_weights(tmp_path / "w.safetensors", sim)
    for variables in (whole.variables, again):
        result = evaluate(sim, variables, data, batch_size=8, steps=6, key=evaluation_key(key))
        assert result.accuracy == pytest.approx(whole.history[-1]["test_accuracy"])
    fresh = sim.init(key).with_params(whole.params)
    assert not np.array_equal(
        sim.run(fresh, {"image": data.inputs["image"][:1]}, steps=6).outputs["counts"],
        sim.run(again, {"image": data.inputs["image"][:1]}, steps=6).outputs["counts"],
    )


def normalised() -> sj.Simulator:
    """With running means, which training carries along."""
    with sj.Network() as net:
        image = sj.Encoder(shape=(1, 2, 2), coding_method="constant_current")
        layer = sj.NeuronGroup(shape=(2, 2, 2), model="lif")
        sj.Connection(image, layer, "conv", syn_type=["conv", "batchnorm2d"], kernel_size=1, w_std=0.5, name="conv")
        read = sj.NeuronGroup(3, model="leaky_integrator")
        sj.Connection(layer, read, w_std=0.5, name="out")
        sj.Decoder(dec_target=read, coding_method="final_step_voltage", name="counts")
    return sj.build(net, dt=1.0)


def test_a_result_holds_all_that_going_on_needs(key: jax.Array) -> None:
    images = samples()
    data = Dataset({"image": images.inputs["image"].reshape(-1, 1, 2, 2)}, images.labels)
    sim, settings = normalised(), SETTINGS | {"key": key}
    first = fit(sim, "membrane_cross_entropy", ADAM, data, **settings | {"epochs": 2})
    whole = fit(sim, "membrane_cross_entropy", ADAM, data, **settings)
    rest = fit(sim, "membrane_cross_entropy", ADAM, data, **settings, start=first.state)
    assert first.state.plastic and same(rest.variables, whole.variables) and same(rest.opt_state, whole.opt_state)
    with pytest.raises(ValueError, match=r"plastic 'conv.*' is learned: give the Variables"):
        evaluate(sim, whole.params, data, batch_size=8, steps=6)


def test_numbers_and_labels_of_other_libraries(key: jax.Array) -> None:
    class Tensor:
        """What NumPy can read, and nothing else."""

        dtype = "torch.int64"

        def __init__(self, values: Any):
            self.values = np.asarray(values)

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
            return self.values if dtype is None else self.values.astype(dtype)

    data = samples()
    counts = {"epochs": np.int64(2), "batch_size": np.array(8), "steps": jnp.int32(6)}
    other = Dataset({"image": Tensor(data.inputs["image"])}, Tensor(data.labels))
    given = fit(SIM, "count_cross_entropy", ADAM, other, key=key, progress=False, **counts)  # type: ignore[arg-type]
    assert same(given.params, train(key, epochs=2).params)
    tested = evaluate(SIM, given.variables, other, batch_size=np.int64(8), steps=np.int64(6))  # type: ignore[arg-type]
    assert tested.predictions.shape == (44,)
    scores = np.eye(3, dtype=np.float32)[data.labels]
    for measure in (sj.train.count_cross_entropy, sj.train.accuracy):
        # The check of shapes in the tests knows JAX's and NumPy's arrays only.
        unchecked: Any = inspect.unwrap(measure)
        np.testing.assert_array_equal(unchecked(Tensor(scores), Tensor(data.labels)), measure(scores, data.labels))


@pytest.mark.parametrize("kind", ["bfloat16", "float32"])
def test_half_precision_is_trained_on_data_of_its_own(kind: str, key: jax.Array) -> None:
    sim = sj.build(SIM.program.astype("bfloat16"))
    data = samples()
    half = Dataset({"image": jnp.asarray(data.inputs["image"], kind)}, data.labels)
    host = Dataset({"image": np.asarray(half.inputs["image"])}, data.labels)
    for given in (half, host):
        result = fit(sim, "count_cross_entropy", ADAM, given, key=key, **SETTINGS | {"epochs": 2})
        assert result.params["synapses.weight"].dtype == jnp.bfloat16
        assert float(result.params["synapses.weight"].max()) <= 0.5
    run = sim.run(result.variables, {"image": host.inputs["image"][:8]}, steps=6)
    assert run.outputs["counts"].shape == (8, 3)


def test_what_lies_outside_of_bounds_is_no_start(key: jax.Array) -> None:
    drawn = SIM.init(key, 8)
    beyond = drawn.with_params(drawn.params | {"synapses.weight": jnp.full((3, 4), 0.75)})
    sentence = r"parameter 'synapses.weight' was given values from 0.75 to 0.75, .* and 0.5: .* at \[0, 0\]"
    with pytest.raises(ValueError, match=sentence):
        train(key, variables=beyond)
    with pytest.raises(ValueError, match="start: " + sentence):
        train(key, start=TrainState(beyond.params, ADAM.init(beyond.params), 1))
    with pytest.raises(ValueError, match=sentence):
        evaluate(SIM, beyond.params, samples(), batch_size=8, steps=6)


def test_spike_times_have_gaps(key: jax.Array) -> None:
    """NaN is no spike there, and no mistake; an infinite time is one."""
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="mstb", max_spikes=2)
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, w_std=1.0)
        sj.Decoder(dec_target=layer)
    sim, labels = sj.build(net, dt=1.0), [0, 1, 2] * 4
    times = sj.coding.pack_spike_times([([1.0, 2.0], [label, label]) for label in labels], num=4)
    for given in (times, jnp.asarray(times)):
        result = fit(sim, "count_cross_entropy", ADAM, Dataset({"image": given}, labels), key=key, **SETTINGS | {"epochs": 1})
        assert np.isfinite(result.history[0]["loss"])
    times[2, 1, 0] = np.inf
    with pytest.raises(ValueError, match=r"input 'image' holds NaN or infinite values.*: the first is inf at \[2, 1, 0\]"):
        fit(sim, "count_cross_entropy", ADAM, Dataset({"image": times}, labels), key=key, **SETTINGS)
