"""Several trainings at once: each is the one that its key alone gives."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data import Dataset
from spaic_jax.train import STOP, DivergenceWarning, fit, fit_seeds, room
from spaic_jax.train.fitting import prepare_fit, training_from
from spaic_jax.train.step import train_steps

SETTINGS = {"epochs": 3, "batch_size": 8, "steps": 6, "progress": False}
ADAM = optax.adam(0.02)


def simulator(coding="constant_current", plan=None, **link):
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method=coding)
        layer = sj.NeuronGroup(5, model="alif" if link.pop("adapts", False) else "lif")
        sj.Connection(image, layer, name="synapses", **{"w_mean": 0.3, "w_std": 0.2} | link)
        read = sj.NeuronGroup(3, model="lif", v_th=0.3)
        sj.Connection(layer, read, name="readout", w_mean=0.3, w_std=0.2)
        sj.Decoder(dec_target=read, name="counts")
    return sj.build(net, dt=1.0, plan=plan)


def samples(count=44, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    return Dataset({"image": (rng.random((count, 4)) * 0.2 + 0.8 * np.eye(3, 4)[labels]).astype(np.float32)}, labels)


def seeds(keys, sim=None, optimizer=ADAM, data=None, **how):
    return fit_seeds(sim or simulator(), "count_cross_entropy", optimizer, data or samples(), keys=keys, **SETTINGS | how)


def alone(key, sim=None, optimizer=ADAM, data=None, **how):
    return fit(sim or simulator(), "count_cross_entropy", optimizer, data or samples(), key=key, **SETTINGS | how)


def numbers(history):
    return [{name: x for name, x in row.items() if name != "seconds"} for row in history]


def close(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"coding": "poisson", "syn_type": ["dropout", "basic"], "plan": sj.Reference()},
        pytest.param({"adapts": True, "plan": sj.Tiled(7)}, marks=pytest.mark.slow),
    ],
    ids=["plain", "random", "adapting"],
)
def test_each_is_the_training_of_its_key(how, key):
    sim, test = simulator(**how), samples(13, seed=1)
    results = seeds(jax.random.split(key, 3), sim, test=test)
    assert len({float(result.params["readout.weight"].sum()) for result in results}) == 3
    for own, result in zip(jax.random.split(key, 3), results, strict=True):
        single = alone(own, sim, test=test)
        close(result.variables, single.variables)
        close(result.state, single.state)
        assert result.diverged is None and result.epoch == 3
        for row, other in zip(numbers(result.history), numbers(single.history), strict=True):
            assert row == pytest.approx(other, rel=1e-5)


def test_streaming_augmentation_and_resumption(key, monkeypatch):
    """Each with an order of its own, also where the data comes part by part; one that is behind catches up."""

    def augment(key, inputs, labels):
        return {"image": inputs["image"] + 0.1 * jax.random.uniform(key, inputs["image"].shape)}, labels

    keys = jax.random.split(key, 2)
    states = [[], []]
    whole = seeds(keys, augment=augment, on_epoch=[lambda state, row, n=n: states[n].append(state) for n in range(2)])
    monkeypatch.setattr(room, "room", lambda: 4 * 2 * 2 * 8 * 16)
    streamed = seeds(keys, augment=augment)
    for one, other in zip(whole, streamed, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one.state), jax.tree.leaves(other.state), strict=True))
        assert numbers(one.history) == numbers(other.history)
    rest = seeds(keys, augment=augment, start=[states[0][1], states[1][0]])
    assert [[row["epoch"] for row in each.history] for each in rest] == [[3], [2, 3]]
    for one, other in zip(whole, rest, strict=True):
        close(one.state, other.state)


def test_a_callback_ends_its_own_training(key):
    def until(last):
        return lambda state, row: STOP if row["epoch"] == last else None

    keys = jax.random.split(key, 3)
    results = seeds(keys, on_epoch=[until(1), until(2), until(9)])
    assert [result.epoch for result in results] == [1, 2, 3] == [len(result.history) for result in results]
    for epochs, (own, result) in enumerate(zip(keys, results, strict=True), start=1):
        close(result.state, alone(own, epochs=epochs).state)


def test_one_that_diverges_leaves_the_others_alone(key):
    """A gradient that is NaN from the seventh update on, of the training whose first weight is the largest."""

    def init(params):
        return jnp.int32(0), params["synapses.weight"][0, 0]

    def update(gradient, state, params=None):
        count, first = state
        bad = jnp.where((first > limit) & (count >= 6), jnp.nan, 0.0)
        return jax.tree.map(lambda g: -0.1 * g + bad, gradient), (count + 1, first)

    keys = jax.random.split(key, 3)
    firsts = [float(simulator().init(sj.train.initial_key(k)).params["synapses.weight"][0, 0]) for k in keys]
    limit, worst = sorted(firsts)[1], int(np.argmax(firsts))
    optimizer = optax.GradientTransformation(init, update)
    seen = [[], [], []]
    with pytest.warns(DivergenceWarning, match=rf"training {worst} .*diverged at epoch 2, step 2: parameter"):
        results = seeds(keys, optimizer=optimizer, on_epoch=[lambda state, row, n=n: seen[n].append(row["epoch"]) for n in range(3)])
    for number, (own, result) in enumerate(zip(keys, results, strict=True)):
        assert (result.diverged is not None) == (number == worst)
        assert seen[number] == ([1] if number == worst else [1, 2, 3]) == [row["epoch"] for row in result.history]
        close(result.state, alone(own, optimizer=optimizer, epochs=len(seen[number])).state)
    assert (results[worst].diverged.epoch, results[worst].diverged.step) == (2, 2)


@pytest.mark.parametrize(
    "how, sentence",
    [
        ({"keys": []}, "keys are needed, one for each training"),
        ({"start": []}, "start has 0 entries, but there are 2 keys"),
        ({"on_epoch": [print] * 3}, "on_epoch has 3 entries, but there are 2 keys"),
        ({"epochs": 0}, "epochs must be a positive whole number"),
    ],
)
def test_bad_input(how, sentence, key):
    with pytest.raises(ValueError, match=sentence):
        seeds(**{"keys": jax.random.split(key, 2)} | how)


@pytest.mark.slow
def test_memory_grows_with_what_a_training_takes(key):
    """The data is there once: what is added by a key is what a training works with."""
    sim = simulator()
    given = {"epochs": 1, "batch_size": 8}
    ready = prepare_fit(
        sim, "count_cross_entropy", ADAM, samples(4000), steps=6, decoder=None, test=None, validation=None, gradient="bptt", **given
    )
    rest = {"test": None, "validation": None, "variables": None, "start": None, "augment": None, "compute": None}

    def size(count):
        keys = jax.random.split(key, count)
        begun = [training_from(sim, ready.task, ADAM, ready.arrays, key=own, **given, **rest) for own in keys]
        trees = [((each.state.params, each.state.opt_state, each.state.plastic), each.loop.rest) for each in begun]
        carried, fresh = jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
        order = jnp.zeros((count, 4000), jnp.int32)
        lowered = train_steps.lower(begun[0].loop.update, None, carried, fresh, ready.arrays, order, jnp.int32(0), keys, np.int32(0))
        return lowered.compile().memory_analysis().temp_size_in_bytes

    one, four = size(1), size(4)
    assert four < 5 * one and four < ready.arrays.inputs["image"].nbytes
