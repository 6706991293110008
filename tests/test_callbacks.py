"""What is called after each epoch: it may end the training, and is warned of layers that do nothing."""

import jax
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data import Dataset
from spaic_jax.plasticity import STDP
from spaic_jax.train import STOP, fit, learn

SETTINGS = {"batch_size": 8, "steps": 6, "progress": False}


def samples(count=24):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, count)
    return Dataset({"image": (rng.random((count, 4)) * 0.3 + np.eye(3, 4)[labels]).astype(np.float32)}, labels)


def simulator(**link):
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="constant_current")
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, name="synapses", **{"weight": np.full((3, 4), 0.4)} | link)
        sj.Decoder(dec_target=layer, name="counts", **({"coding_method": "vote", "classes": 3} if "plasticity" in link else {}))
    return sj.build(net, dt=1.0)


def train(key, epochs, **how):
    return fit(simulator(), "count_cross_entropy", optax.adam(0.02), samples(), epochs=epochs, key=key, **SETTINGS, **how)


def present(key, epochs, **how):
    return learn(simulator(plasticity=STDP(a_plus=0.01, a_minus=0.01)), samples(), epochs=epochs, key=key, **SETTINGS, **how)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


@pytest.mark.parametrize("training", [train, present])
def test_a_callback_ends_the_training(training, key):
    """What it ends with is what a training of so many epochs gives, and what it goes on from."""
    ended = training(key, 9, on_epoch=lambda state, row: STOP if row["epoch"] == 2 else None)
    whole = training(key, 2)
    assert ended.epoch == 2 and [row["epoch"] for row in ended.history] == [1, 2]
    assert same(ended.state, whole.state) and same(ended.variables, whole.variables)
    seen = []
    on = training(key, 9, start=ended.state, on_epoch=lambda state, row: seen.append(state.epoch) or state.epoch >= 4)
    assert on.epoch == 4 and seen == [3, 4] and same(on.state, training(key, 4).state)


@pytest.mark.parametrize("answer", [1, "stop", 0.5, np.zeros(2)])
def test_an_answer_that_says_neither(answer, key):
    with pytest.raises(TypeError, match=r"on_epoch gave back .*, but needs to give back spaic_jax.train.STOP"):
        train(key, 2, on_epoch=lambda state, row: answer)


@pytest.mark.parametrize("answer", [None, False, np.False_])
def test_an_answer_to_go_on(answer, key):
    assert train(key, 2, on_epoch=lambda state, row: answer).epoch == 2
