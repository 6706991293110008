"""Learning by rules: the loop beside `fit`, what goes on from sample to sample, classes by vote."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.data import Dataset
from spaic_jax.plasticity import STDP, Normalise, Rule
from spaic_jax.train import TrainingDiverged, TrainState, assign_labels, class_shares, evaluate, learn, vote
from spaic_jax.train.keys import epoch_keys, evaluation_key

ROOT = Path(__file__).parent.parent
DIEHL_COOK = str(ROOT / "configs" / "diehl_cook.toml")
T, PRE, POST, N = 8, 6, 4, 14
RULES = (STDP(a_plus=0.05, a_minus=0.01), Normalise(total=1.5, when="presentation"))


def network(plasticity: Any = RULES, voting: Any = True, **settings: Any) -> sj.Network:
    net = sj.Network()
    net.image = sj.Encoder(num=PRE, coding_method="poisson", unit_conversion=0.6)
    net.layer = sj.NeuronGroup(POST, model="lifstdp_ex", v_rest=0.0, v_reset=0.0, v_th=0.8, th_inc=0.07)
    weights = np.random.default_rng(0).uniform(0.1, 0.5, (POST, PRE)).astype(np.float32)
    net.feed = sj.Connection(net.image, net.layer, weight=weights, w_min=0.0, w_max=1.0, plasticity=plasticity, **settings)
    if voting:
        net.decision = sj.Decoder(dec_target=net.layer, coding_method="vote", classes=3, **({} if voting is True else voting))
    return net


@pytest.fixture
def data() -> Dataset:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, N)
    images = np.eye(3)[labels].repeat(2, axis=1) * 0.8 + rng.random((N, PRE)) * 0.2
    return Dataset({"image": images.astype(np.float32)}, labels)


def run(sim: sj.Simulator, data: Dataset, key: jax.Array, **settings: Any) -> Any:
    given = {"epochs": 2, "batch_size": 1, "steps": T, "key": key, "progress": False} | settings
    return learn(sim, data, **given)


def same(one: Any, other: Any) -> None:
    for name, value in one.values.items():
        np.testing.assert_array_equal(other[name], value, err_msg=name)


@pytest.mark.parametrize("plan, batch_size", [(sj.Reference(), 3), (sj.Tiled(), 1), (sj.Tiled(7), 3)])
def test_it_is_a_loop_of_runs_that_start_afresh(plan: Any, batch_size: int, data: Dataset, key: jax.Array) -> None:
    """Weights, and the mean threshold of a batch, go on; potentials and traces do not."""
    sim = sj.build(network(), dt=1.0, plan=plan)
    result = run(sim, data, key, batch_size=batch_size)
    learning = sim.train()
    variables = sim.init(jax.random.key(5), batch_size)
    spikes, change = [], []
    for epoch in (1, 2):
        order_key, run_key = epoch_keys(key, epoch)
        order = np.asarray(jax.random.permutation(order_key, N))
        for number in range(N // batch_size):
            rows = order[number * batch_size :][:batch_size]
            before = np.asarray(variables["feed.weight"])
            done = learning.run(
                variables, {"image": data.inputs["image"][rows]}, jax.random.fold_in(run_key, number), T
            )
            spikes.append(float(done.outputs["decision.counts"].sum()) / batch_size)
            change.append(np.abs(np.asarray(done.variables["feed.weight"]) - before).mean())
            theta = np.asarray(done.variables["layer.theta"], np.float64).mean(0)
            variables = learning.restart(done.variables)
            variables = sim.set(variables, {"layer.theta": np.broadcast_to(theta, (batch_size, POST)).astype(np.float32)})
    for name in ("feed.weight", "layer.theta", "layer.V", "feed.STDP.x"):
        np.testing.assert_allclose(result.variables[name], variables[name], rtol=2e-5, atol=1e-6, err_msg=name)
    assert float(result.variables["layer.theta"].max()) > 0.2
    half = len(spikes) // 2
    for row, part in zip(result.history, (slice(half), slice(half, None)), strict=True):
        assert row["spikes"] == pytest.approx(np.mean(spikes[part]), rel=1e-5)
        assert row["change"] == pytest.approx(np.mean(change[part]), rel=1e-4)
        assert set(row) == {"epoch", "change", "spikes", "accuracy", "seconds"}


@pytest.mark.parametrize("weighted", [False, True])
def test_a_vote_by_hand(weighted: bool, data: Dataset, key: jax.Array) -> None:
    sim = sj.build(network(voting={"weighted": weighted}), dt=1.0)
    test = Dataset({"image": data.inputs["image"][::2]}, data.labels[::2])
    result = run(sim, data, key, test=test)

    def counted(samples: Dataset) -> np.ndarray:
        index = np.minimum(np.arange(100), len(samples) - 1)
        images = np.asarray(samples.inputs["image"])[index]
        variables = sim.restart(result.variables, batch_size=100)
        key_of_batch = jax.random.fold_in(evaluation_key(key), 0)
        return np.asarray(sim.run(variables, {"image": images}, key_of_batch, T).outputs["decision.counts"])[: len(samples)]

    counts = counted(data)
    means = np.stack([counts[data.labels == c].mean(0) for c in range(3)], 1)
    kept = np.asarray(result.variables["decision.assignment"])
    if weighted:
        shares = means / np.maximum(means.sum(1, keepdims=True), 1e-9)
        np.testing.assert_allclose(kept, shares, rtol=1e-5)
        scores = [counted(test) @ shares, counts @ shares]
    else:
        own = np.where(means.max(1) > 0, means.argmax(1), -1)
        np.testing.assert_array_equal(kept, own)
        scores = [
            np.stack([x[:, own == c].mean(1) if (own == c).any() else np.zeros(len(x)) for c in range(3)], 1)
            for x in (counted(test), counts)
        ]
    row = result.history[-1]
    assert row["test_accuracy"] == pytest.approx(np.mean(scores[0].argmax(1) == test.labels))
    assert row["accuracy"] == pytest.approx(np.mean(scores[1].argmax(1) == data.labels))
    again = evaluate(sim, result.variables, test, batch_size=100, steps=T, key=evaluation_key(key))
    assert again.accuracy == row["test_accuracy"]


def test_assignment_and_vote_against_loops() -> None:
    rng = np.random.default_rng(3)
    counts, labels = rng.integers(0, 5, (40, 7)), rng.integers(0, 4, 40)
    counts[:, 2] = 0
    labels[0] = -1
    means = np.zeros((7, 4))
    for neuron in range(7):
        for c in range(4):
            taken = [counts[sample, neuron] for sample in range(40) if labels[sample] == c]
            means[neuron, c] = sum(taken) / len(taken)
    assigned = np.asarray(assign_labels(counts, labels, 4))
    assert assigned.tolist() == [int(row.argmax()) if row.any() else -1 for row in means] and assigned[2] == -1
    shares = np.asarray(class_shares(counts, labels, 4))
    np.testing.assert_allclose(shares[[0, 1, 3]], (means / means.sum(1, keepdims=True).clip(1e-9))[[0, 1, 3]], rtol=1e-6)
    assert not shares[2].any()
    by_class = [[np.mean([row[i] for i in range(7) if assigned[i] == c] or [0]) for c in range(4)] for row in counts]
    np.testing.assert_allclose(vote(counts, assigned, classes=4), by_class, rtol=1e-6)
    np.testing.assert_allclose(vote(counts, shares, classes=4), counts @ shares, rtol=1e-5)
    for wrong in (lambda: vote(counts, assigned[:3], classes=4), lambda: vote(counts, shares, classes=3)):
        with pytest.raises(ValueError, match="vote got counts of shape"):
            wrong()
    with pytest.raises(ValueError, match="assign_labels got labels of shape"):
        assign_labels(counts, labels[:3], 4)
    with pytest.raises(ValueError, match=r"class_shares got counts of shape \[7\]"):
        class_shares(counts[0], labels, 4)


def test_labels_and_test_data_have_no_influence_on_what_is_learned(data: Dataset, key: jax.Array) -> None:
    sim, plain = sj.build(network(), dt=1.0), sj.build(network(voting=False), dt=1.0)
    result = run(sim, data, key, test=data)
    others = [run(sim, dataclasses.replace(data, labels=np.roll(data.labels, 1)), key)]
    others.append(run(plain, Dataset(data.inputs), key))
    for other in others:
        for name in ("feed.weight", "layer.theta"):
            np.testing.assert_array_equal(other.variables[name], result.variables[name])
    assert set(others[1].history[0]) == {"epoch", "change", "spikes", "seconds"}


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_resumed_training_ends_with_the_same_bits(batch_size: int, data: Dataset, key: jax.Array, tmp_path: Path) -> None:
    sim = sj.build(network(), dt=1.0)

    def keep(state: TrainState, row: dict[str, Any]) -> None:
        if state.epoch == 1:
            sj.train.save_checkpoint(tmp_path / "c.safetensors", sim, state, [row])

    whole = run(sim, data, key, batch_size=batch_size, epochs=3, on_epoch=keep)
    start, history = sj.train.load_checkpoint(tmp_path / "c.safetensors", sim, optax.identity())
    assert start.epoch == 1 and history[0]["change"] == whole.history[0]["change"]
    resumed = run(sim, data, key, batch_size=batch_size, epochs=3, start=start)
    same(whole.variables, resumed.variables)
    assert [row["epoch"] for row in resumed.history] == [2, 3]
    for name, result in (("whole", whole), ("resumed", resumed)):
        sj.save_weights(tmp_path / name, sim, result.variables, result.epoch)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "resumed").read_bytes()
    more = run(sim, data, key, batch_size=batch_size, epochs=4, start=whole.state)
    assert [row["epoch"] for row in more.history] == [4]


def test_thresholds_and_classes_go_to_files_and_other_batch_sizes(data: Dataset, key: jax.Array, tmp_path: Path) -> None:
    sim = sj.build(network(), dt=1.0)
    result = run(sim, data, key, batch_size=2)
    sj.save_weights(tmp_path / "w.safetensors", sim, result.variables)
    loaded, _ = sj.load_weights(tmp_path / "w.safetensors", sim, 5)
    assert loaded["layer.theta"].shape == (5, POST)
    for name in ("layer.theta", "feed.weight", "decision.assignment"):
        np.testing.assert_array_equal(loaded[name][0], result.variables[name][0], err_msg=name)
    both = [evaluate(sim, v, data, batch_size=7, steps=T).predictions for v in (loaded, result.variables)]
    np.testing.assert_array_equal(*both)
    assert len(set(both[0].tolist())) > 1
    again = run(sim, data, key, epochs=1, variables=loaded)
    assert float(again.variables["layer.theta"].mean()) > float(loaded["layer.theta"].mean())


def test_gradients_and_rules_share_what_goes_on(data: Dataset, key: jax.Array) -> None:
    """`fit` carries thresholds as `learn` does: the mean of the batch."""
    net = network(voting=False)
    net.out = sj.NeuronGroup(3, model="leaky_integrator")
    net.readout = sj.Connection(net.layer, net.out)
    net.answer = sj.Decoder(dec_target=net.out, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    result = sj.train.fit(
        sim, "membrane_cross_entropy", optax.sgd(0.1), data, epochs=1, batch_size=N, key=key, steps=T, progress=False
    )
    order_key, run_key = epoch_keys(key, 1)
    rows = np.asarray(jax.random.permutation(order_key, N))
    done = sim.train().run(
        sim.init(jax.random.fold_in(key, 0), N), {"image": data.inputs["image"][rows]}, jax.random.fold_in(run_key, 0), T
    )
    np.testing.assert_allclose(result.variables["layer.theta"][3], done.variables["layer.theta"].mean(0), rtol=1e-5)
    np.testing.assert_allclose(result.variables["feed.weight"], done.variables["feed.weight"], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:group 'other' never spiked")
def test_parameters_are_left_as_they_are(data: Dataset, key: jax.Array) -> None:
    net = network()
    net.other = sj.NeuronGroup(3, model="lif")
    net.readout = sj.Connection(net.layer, net.other)
    sim = sj.build(net, dt=1.0)
    result = run(sim, data, key)
    np.testing.assert_array_equal(result.params["readout.weight"], sim.init(jax.random.fold_in(key, 0)).params["readout.weight"])


def test_epochs_compile_once(data: Dataset, key: jax.Array) -> None:
    from spaic_jax.train.presentations import present

    sim = sj.build(network(), dt=1.0)
    counts: list[int] = []
    run(sim, data, key, epochs=3, batch_size=5, on_epoch=lambda state, row: counts.append(present._cache_size()))
    assert counts[0] == counts[1] == counts[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Growing(Rule):
    """A rule without bounds."""

    def change(self, at: Any) -> dict[str, jax.Array]:
        return {"weight": 100 * at.weight * (1 + at.outer(at.post, at.pre))}


def test_divergence_names_the_weight(data: Dataset, key: jax.Array) -> None:
    net = network((), voting=False)
    net.second = sj.NeuronGroup(2, model="lif", v_th=0.5)
    net.wild = sj.Connection(net.image, net.second, weight=np.ones((2, PRE)), plasticity=Growing())
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1: '(second.V|wild.weight)' holds NaN.*smaller batch_size") as caught:
        run(sj.build(net, dt=1.0), Dataset(data.inputs), key)
    assert (caught.value.epoch, caught.value.step) == (1, 1)


@pytest.mark.parametrize(
    "changes, settings, sentence",
    [
        ({"plasticity": ()}, {}, "nothing in the network learns by a rule: give a connection plasticity="),
        ({}, {"data": Dataset({"image": np.zeros((3, PRE), np.float32)})}, "training data: there are no labels, which decoder"),
        ({}, {"data": Dataset({"image": np.zeros((3, PRE), np.float32)}, [0, 1, 3])}, r"labels\[2\] is 3"),
        ({}, {"steps": None}, "the number of steps is not known"),
        ({}, {"steps": 0}, "steps"),
        ({}, {"epochs": 0}, "epochs"),
        ({}, {"batch_size": N + 1}, "14 samples, fewer than batch_size 15"),
        ({}, {"decoder": "vote"}, "decoder 'vote' is no decoder coding_method=\"vote\" of the network; those are: decision"),
        ({"voting": False}, {"test": Dataset({"image": np.zeros((3, PRE))}, [0, 1, 2])}, "give the network a decoder"),
        ({}, {"start": TrainState({}, optax.adam(0.1).init({}), 1)}, "start holds the state of another network or another optimizer"),
    ],
)
def test_what_one_gets_wrong_first(changes: dict[str, Any], settings: dict[str, Any], sentence: str, data: Dataset, key: jax.Array) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(sj.build(network(**changes), dt=1.0), key=key, **{"data": data} | settings)


def test_fit_needs_parameters(data: Dataset, key: jax.Array) -> None:
    with pytest.raises(ValueError, match="nothing in the network is trained by gradient; what learns by rules alone"):
        sj.train.fit(
            sj.build(network(), dt=1.0), "count_cross_entropy", optax.sgd(0.1), data, epochs=1, batch_size=2, key=key, steps=T, progress=False
        )


def test_fit_and_evaluate_need_labels(data: Dataset, key: jax.Array) -> None:
    sim, bare = sj.build(network(), dt=1.0), Dataset(data.inputs)
    with pytest.raises(ValueError, match="the data: there are no labels"):
        evaluate(sim, sim.init(key), bare, batch_size=1, steps=T)
    with pytest.raises(ValueError, match="there are no labels"):
        sj.train.fit(sim, "count_cross_entropy", optax.sgd(0.1), bare, epochs=1, batch_size=1, key=key, steps=T)


def test_states_that_stay_have_one_value_for_all_samples() -> None:
    from spaic_jax.run.lasting import going_on, lasting

    sim = sj.build(network(), dt=1.0)
    variables = sim.set(sim.init(jax.random.key(0), 3), {"layer.theta": np.arange(12.0, dtype=np.float32).reshape(3, 4)})
    values = lasting(sim.program, variables)
    np.testing.assert_array_equal(values["layer.theta"], [4, 5, 6, 7])
    np.testing.assert_array_equal(going_on(sim.program, sim.init(jax.random.key(0), 2), values)["layer.theta"], [[4, 5, 6, 7]] * 2)
    assert jnp.array_equal(lasting(sim.program, sim.init(jax.random.key(0), 1))["decision.assignment"], -jnp.ones(POST, jnp.int32))


# The command line.

SMALL = [
    "--quiet", "--set", "data.name=digits", "--set", "network.encoders.image.num=64", "--set", "network.encoders.image.unit_conversion=0.5",
    "--set", "network.groups.excitatory.num=9", "--set", "simulation.duration=6", "--set", "training.batch_size=50",
    "--set", "network.groups.excitatory.th_inc=1.0",
]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_configuration_without_a_loss_learns_by_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Interrupted after an epoch and resumed, it ends with the same bytes; it is evaluated from its folder alone."""
    import spaic_jax.cli.train as command

    monkeypatch.chdir(tmp_path)
    arguments = ["train", DIEHL_COOK, *SMALL, "--set", "training.epochs=2"]
    assert main([*arguments, "--out", "whole"]) == 0

    def interrupted(*given: Any, on_epoch: Any, **settings: Any) -> Any:
        def stop(state: Any, row: Any) -> None:
            on_epoch(state, row)
            raise KeyboardInterrupt

        return learning(*given, on_epoch=stop, **settings)

    learning = command.learn_arrays
    monkeypatch.setattr(command, "learn_arrays", interrupted)
    assert main([*arguments, "--out", "cut"]) == 130
    monkeypatch.setattr(command, "learn_arrays", learning)
    assert main([*arguments, "--out", "cut", "--resume"]) == 0
    assert Path("whole/weights.safetensors").read_bytes() == Path("cut/weights.safetensors").read_bytes()
    histories = [rows(Path(name)) for name in ("whole", "cut")]
    for row in [row for history in histories for row in history]:
        assert set(row) == {"epoch", "change", "spikes", "accuracy", "test_accuracy", "seconds"}
        del row["seconds"]
    assert histories[0] == histories[1] and [row["epoch"] for row in histories[0]] == [1, 2]
    assert sorted(file.name for file in Path("whole").glob("*.png")) == [
        "confusion_matrix.png", "learning_curve.png", "network.png", "raster.png", "receptive_fields_image_to_excitatory.png",
    ]
    capsys.readouterr()
    assert main(["evaluate", "whole", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"test_accuracy": histories[0][-1]["test_accuracy"], "epoch": 2}
    assert main(["evaluate", "whole"]) == 0
    assert capsys.readouterr().out.endswith("after epoch 2\n")


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (["training.loss=count_mse"], "training: optimizer is missing: training by a gradient needs a loss and an optimizer"),
        (["training.optimizer.name=adam", "training.optimizer.learning_rate=0.1"], "training: loss is missing"),
        (["network.connections.image_to_excitatory.plasticity=[]"], "training: without loss and optimizer: nothing in the network learns"),
        (["network.decoders.decision.coding_method=spike_counts"], "needs a decoder coding_method = \"vote\""),
        (
            ["training.loss.name=count_cross_entropy", "training.optimizer.name=adam", "training.optimizer.learning_rate=0.1"],
            "training: nothing in the network is trained by gradient; what learns by rules alone needs no loss",
        ),
        (["training.batch_size=5000"], "training.batch_size is 5000, but the training data has 1442 samples"),
    ],
)
def test_bad_configurations(changes: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", DIEHL_COOK, *SMALL, *(part for change in changes for part in ("--set", change))]) == 2
    assert sentence in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_diehl_and_cook_reach_80_percent_in_6_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    begin = time.monotonic()
    assert main(["train", DIEHL_COOK, "--quiet", "--out", "run"]) == 0
    assert time.monotonic() - begin < 360
    assert rows(tmp_path / "run")[-1]["test_accuracy"] >= 0.8
    assert (tmp_path / "run" / "receptive_fields_image_to_excitatory.png").stat().st_size > 20_000


