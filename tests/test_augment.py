"""Augmentations beside NumPy, and in training."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data.augment import (
    AUGMENTATIONS,
    Augmentation,
    Background,
    Blend,
    Chain,
    Drop,
    Jitter,
    Noise,
    Shift,
    resolve_augmentation,
)
from spaic_jax.train import fit, membrane_cross_entropy
from spaic_jax.train.augment import augmented
from spaic_jax.train.fitting import prepare_training

RNG = np.random.default_rng()
T, B = 11, 7
LABELS = jnp.arange(B) % 3


def spikes(*sample, chance=0.3):
    return jnp.asarray(RNG.random((T, B, *sample)) < chance, jnp.float32)


def changed(augmentation, x, key, labels=LABELS, **told):
    answer, same = jax.jit(lambda *given: augmentation(*given, **told))(key, {"in": x}, labels)
    assert answer["in"].shape == x.shape and answer["in"].dtype == x.dtype and np.array_equal(same, labels)
    return np.asarray(answer["in"])


def test_shifted_images_are_somewhere_near(key):
    x = jnp.asarray(RNG.normal(size=(T, B, 2, 6, 5)), jnp.float32)
    moved, padded = changed(Shift(pixels=2), x, key), np.pad(x, ((0, 0),) * 3 + ((2, 2), (2, 2)))
    ways = set()
    for b in range(B):
        fits = [(i, j) for i in range(5) for j in range(5) if np.array_equal(moved[:, b], padded[:, b, :, i : i + 6, j : j + 5])]
        assert len(fits) == 1
        ways.add(fits[0])
    assert len(ways) > 2
    flat = changed(Shift(pixels=2, size=(6, 5)), x.reshape(T, B, 60), key)
    assert np.array_equal(flat.reshape(x.shape), moved)
    held = changed(Shift(pixels=2), x[0], key)
    assert np.array_equal(held, moved[0])
    point = np.zeros((100, 3, 3), np.float32)
    point[:, 1, 1] = 1
    assert np.array_equal(changed(Shift(pixels=1), jnp.asarray(point), key, jnp.zeros(100, int)).max(0), np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"samples of 'in' are \[60\], no images of height and width: say size"):
        changed(Shift(), x.reshape(T, B, 60), key)


@pytest.mark.parametrize("of", ["events", "samples"])
def test_jitter_moves_in_time(of, key):
    x = np.zeros((T, B, 40), np.float32)
    x[5] = 1
    moved = changed(Jitter(steps=2, of=of), jnp.asarray(x), key)
    assert np.array_equal(moved.sum(0), x.sum(0))
    distance = moved.argmax(0) - 5
    assert set(np.unique(distance)) == {-2, -1, 0, 1, 2} if of == "events" else np.abs(distance).max() <= 2
    assert (distance.std(1) > 0).all() if of == "events" else (distance.std(1) == 0).all()
    # What leaves the sample is lost, and comes in nowhere else.
    for step in (0, T - 1):
        edge = changed(Jitter(steps=3, of=of), jnp.zeros((T, B, 40)).at[step].set(1.0), key)
        assert edge.sum() < B * 40 and edge[4:-4].sum() == 0 and edge[-1 - step if step else -3 :].sum() * (step == 0) == 0
    with pytest.raises(ValueError, match="'in' has one step only"):
        changed(Jitter(), jnp.zeros((B, 3)), key)


@pytest.mark.parametrize("of", ["events", "steps", "channels"])
def test_dropped_values_are_zero(of, key):
    x = jnp.asarray(np.ones((T, B, 40, 5), np.float32))
    kept = changed(Drop(chance=0.25, of=of), x, key)
    assert set(np.unique(kept)) == {0, 1} and abs(kept.mean() - 0.75) < {"events": 0.02, "steps": 0.25, "channels": 0.06}[of]
    constant = {"events": (), "steps": (2, 3), "channels": (0,)}[of]
    for axis in range(4):
        same = (kept == kept.take([0], axis)).all()
        assert same == (axis in constant)
    assert np.array_equal(changed(Drop(chance=0.0, of=of), x, key), x)


def test_noise_and_background(key):
    x = spikes(200)
    noisy = changed(Noise(std=0.5), x, key) - np.asarray(x)
    assert abs(noisy.mean()) < 0.03 and abs(noisy.std() - 0.5) < 0.03
    more = changed(Background(chance=0.2), x, key)
    assert (more >= x).all() and set(np.unique(more)) == {0, 1}
    assert abs(more[np.asarray(x) == 0].mean() - 0.2) < 0.03


@pytest.mark.slow
def test_blended_samples_keep_the_larger_share(key):
    x = RNG.normal(size=(T, B, 100)).astype(np.float32)
    chosen = changed(Blend(alpha=1.0), x, key)
    mixed = changed(Blend(alpha=1.0, spikes=False), x, key)
    for b in range(B):
        share = np.mean(chosen[:, b] == x[:, b])
        assert share > 0.4
        others = [o for o in range(B) if ((chosen[:, b] == x[:, b]) | (chosen[:, b] == x[:, o])).all()]
        assert others
        # The same share and partner in both kinds of mixing.
        assert any(np.allclose(mixed[:, b], share * x[:, b] + (1 - share) * x[:, o], atol=0.2) for o in others)
    targets = jnp.asarray(RNG.normal(size=(B, 2)), jnp.float32)
    both, answer = jax.jit(Blend(alpha=1.0, spikes=False))(key, {"in": jnp.broadcast_to(targets[None], (T, B, 2))}, targets)
    assert np.allclose(both["in"][0], answer, atol=1e-6) and not np.allclose(answer, targets)
    with pytest.raises(ValueError, match=r"whether targets \[7, 7\] of 7 samples are .* cannot be told: say so, as in sequences="):
        Blend()(key, {"in": jnp.ones((T, B, 4))}, jnp.ones((B, B)))
    for sequences in (("in", "labels"), ("in",)):
        _, answer = Blend(alpha=1.0)(key, {"in": jnp.ones((T, B, 4))}, jnp.broadcast_to(jnp.arange(float(B)), (B, B)), sequences=sequences)
        # Mixed across samples or across steps, which are all alike.
        assert (len(np.unique(np.asarray(answer[0]).round(4))) == B and np.allclose(answer, np.arange(B))) == ("labels" not in sequences)


def test_blended_classes_become_probabilities(key):
    """A sample of two values says itself what share of it is left of which class."""
    x = jnp.eye(4)[LABELS]
    mixed, shares = jax.jit(Blend(alpha=1.0, spikes=False, classes=4))(key, {"in": x}, LABELS)
    np.testing.assert_allclose(shares, mixed["in"], atol=1e-6)
    assert shares.shape == (B, 4) and shares.dtype == jnp.float32
    whole, _ = Blend(alpha=1.0, spikes=False)(key, {"in": x.astype(jnp.uint8)}, LABELS)
    np.testing.assert_allclose(whole["in"], mixed["in"], atol=1e-6)
    assert np.array_equal(shares.argmax(1), LABELS) and 0.5 < shares.max(1).min() < 0.999
    for labels in (jnp.zeros((T, B), int), jnp.zeros((3,), int)):
        with pytest.raises(ValueError, match=r"classes of a blend need labels \[B=7\], one class for each sample"):
            Blend(classes=3)(key, {"in": x}, labels, sequences=())
    with pytest.raises(ValueError, match="classes of a blend must be a whole number of at least 2"):
        Blend(classes=1)


def test_inputs_of_several_names_are_told_apart(key):
    """Held and timed inputs at once, in whatever order; where shapes do not tell, it is said."""
    x, image = spikes(3), jnp.asarray(RNG.normal(size=(B, 4)), jnp.float32)
    for augmentation in (Drop(chance=0.5), Blend()):
        one, _ = jax.jit(lambda k, a=augmentation: a(k, {"zzz": x, "aaa": image}, LABELS))(key)
        other, _ = jax.jit(lambda k, a=augmentation: a(k, {"aaa": image, "zzz": x}, LABELS))(key)
        assert all(np.array_equal(one[name], other[name]) and one[name].shape == {"aaa": image, "zzz": x}[name].shape for name in one)
    square = jnp.ones((B, B, 4))
    with pytest.raises(ValueError, match=r"whether 'in' \[7, 7, 4\] is \[B, ...\] or \[T, B, ...\] cannot be told .* say so, as in sequences=\('in',\)"):
        Drop()(key, {"in": square}, LABELS)
    timed, held = (changed(Chain((Drop(chance=0.5, of="steps"),)), square, key, sequences=names) for names in (("in",), ()))
    assert (timed.min(2) == timed.max(2)).all() and (held.min((1, 2)) == held.max((1, 2))).all()
    steps = jnp.zeros((T, B), jnp.int32)
    assert changed(Drop(), x, key, steps).shape == x.shape


def test_names_settings_and_lists():
    assert all(issubclass(kind, Augmentation) and name == kind.__name__.lower() for name, kind in AUGMENTATIONS.items())
    for kind in AUGMENTATIONS.values():
        assert dataclasses.is_dataclass(kind) and hash(kind()) == hash(kind())
    chain = resolve_augmentation(["drop", {"name": "Shift", "size": [28, 28]}, Noise(std=0.2)])
    assert chain == Chain((Drop(), Shift(size=(28, 28)), Noise(std=0.2))) and hash(chain)
    for value, sentence in (
        ("shfit", "unknown augmentation 'shfit': did you mean 'shift'"),
        ({"name": "drop", "chanc": 1}, "unknown setting of augmentation 'drop' 'chanc': did you mean 'chance'"),
        ({"name": "drop", "chance": 1.0}, "chance of a drop must be a finite number of at least 0 and below 1"),
        ({"name": "drop", "of": "step"}, "unknown kind of drop 'step': did you mean 'steps'"),
        ({"chance": 0.1}, "unknown augmentation None"),
        (3, "unknown augmentation 3"),
    ):
        with pytest.raises(ValueError, match=sentence):
            resolve_augmentation(value)


def test_a_chain_is_its_parts_in_order_and_trains(key):
    x, labels = spikes(6), LABELS
    chain = Chain((Drop(chance=0.3), Jitter(steps=1)))
    one = changed(Drop(chance=0.3), x, jax.random.fold_in(key, 0))
    two = changed(Jitter(steps=1), jnp.asarray(one), jax.random.fold_in(key, 1))
    assert np.array_equal(changed(chain, x, key), two)
    data = sj.data.Dataset({"cue": np.asarray(x, bool)}, np.asarray(labels), sequences=("cue",))
    how = {"epochs": 2, "batch_size": 3, "key": key, "progress": False}
    results = [fit(reader("null"), "membrane_cross_entropy", optax.sgd(0.1), data, augment=augment, **how) for augment in (None, chain)]
    losses = [[row["loss"] for row in result.history] for result in results]
    assert losses[1] != losses[0] and np.isfinite(losses).all()


def reader(coding):
    with sj.Network() as net:
        net.cue = sj.Encoder(num=6, coding_method=coding)
        net.out = sj.NeuronGroup(3, model="leaky_integrator")
        net.link = sj.Connection(net.cue, net.out, w_std=0.5)
        net.say = sj.Decoder(dec_target=net.out, coding_method="final_step_voltage")
    return sj.build(net, dt=1.0)


@pytest.mark.parametrize("held", [False, True])
def test_training_knows_the_axes_where_there_are_as_many_steps_as_samples(held, key):
    n = 6  # neurons too
    data = sj.data.Dataset({"cue": np.ones((n,) * (2 if held else 3))}, np.arange(n) % 3, sequences=() if held else ("cue",))
    sim = reader("constant_current" if held else "null")
    task, arrays = prepare_training(sim, data, loss=membrane_cross_entropy, decoder=None, steps=n)
    for augment in (Drop(chance=0.5, of="steps"), Chain((Drop(chance=0.5, of="steps"),))):
        kept = np.asarray(augmented(augment, task, task.take(arrays, jnp.arange(n)), key, jnp.int32(0)).inputs["cue"])
        # One chance a step of a sample; what is held has one step.
        assert (kept.min(-1) == kept.max(-1)).all() and 0 < kept.mean() < 1
        assert held or (kept.std(0).any() and kept.std(1).any())
    mixed = augmented(Blend(), task, task.take(arrays, jnp.arange(n)), key, jnp.int32(0))
    assert mixed.labels.shape == (n,)


def test_training_with_class_probabilities(key):
    data = sj.data.Dataset({"cue": np.asarray(spikes(6), bool)}, np.asarray(LABELS), sequences=("cue",))
    how = {"epochs": 30, "batch_size": B, "key": key, "progress": False}
    result = fit(reader("null"), "membrane_cross_entropy", optax.adam(0.1), data, test=data, augment=Blend(classes=3, alpha=0.1), **how)
    assert result.history[-1]["loss"] < result.history[0]["loss"] and result.history[-1]["test_accuracy"] > 0.5
    assert 0 <= result.history[-1]["accuracy"] <= 1
    with pytest.raises(ValueError, match=r"augment gave back class probabilities of shape \(7, 4\), but needs \(7, 3\)"):
        fit(reader("null"), "membrane_cross_entropy", optax.adam(0.1), data, augment=Blend(classes=4), **how)
