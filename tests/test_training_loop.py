"""What an update of a training may do besides: change its batch, ask for the loss, compute in half precision, warn."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax.data import Dataset
from spaic_jax.plasticity import STDP
from spaic_jax.train import ActivityWarning, evaluate, fit, initial_key, learn, load_checkpoint, save_checkpoint

SETTINGS = {"epochs": 1, "batch_size": 8, "steps": 6, "progress": False}


def simulator(num=4, **link):
    with sj.Network() as net:
        image = sj.Encoder(num=num, coding_method="constant_current")
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, name="synapses", **{"w_mean": 0.4, "w_std": 0.2} | link)
        read = sj.NeuronGroup(3, model="leaky_integrator")
        sj.Connection(layer, read, name="readout", w_mean=0.1, w_std=0.2)
        sj.Decoder(dec_target=read, coding_method="final_step_voltage", name="scores")
    return sj.build(net, dt=1.0)


SIM = simulator()


def samples(count=44):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    return Dataset({"image": (rng.random((count, 4)) * 0.3 + np.eye(3, 4)[labels]).astype(np.float32)}, labels)


def train(key, sim=SIM, optimizer=None, data=None, **how):
    optimizer = optax.sgd(0.1) if optimizer is None else optimizer
    return fit(sim, "membrane_cross_entropy", optimizer, data or samples(), key=key, **SETTINGS | how)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def by_hand(key, change=lambda key, inputs, labels: (inputs, labels), epoch=1, sim=SIM, factor=0.1):
    """An epoch of updates by the documented keys, outside of the compiled update."""
    data = samples()
    variables = sim.init(initial_key(key), 8)
    params, losses = variables.params, []
    order_key, run_key = jax.random.split(jax.random.fold_in(key, epoch))
    order = np.asarray(jax.random.permutation(order_key, 44))
    for number in range(5):
        rows = order[8 * number : 8 * number + 8]
        own = jax.random.fold_in(jax.random.fold_in(run_key, 2**32 - 1), number)
        inputs, labels = change(own, {"image": jnp.asarray(data.inputs["image"][rows])}, jnp.asarray(data.labels[rows], jnp.int32))

        def loss(params, inputs=inputs, labels=labels):
            run = sim.run(variables.with_params(params), inputs, steps=6)
            return sj.train.membrane_cross_entropy(run.outputs["scores"], labels)

        value, gradient = jax.value_and_grad(loss)(params)
        step = factor(value, gradient) if callable(factor) else factor
        params = jax.tree.map(lambda p, g, step=step: p - step * g, params, gradient)
        losses.append(float(value))
    return params, losses


def close(params, other):
    for name, value in params.items():
        np.testing.assert_allclose(value, other[name], rtol=1e-4, atol=1e-6)


def noisy(key, inputs, labels):
    return {"image": inputs["image"] + 0.5 * jax.random.uniform(key, inputs["image"].shape)}, (labels + 1) % 3


def test_an_augmentation_changes_batches_of_the_training_alone(key):
    result = train(key, augment=noisy, test=samples())
    params, losses = by_hand(key, noisy)
    close(result.params, params)
    assert result.history[0]["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    tested = evaluate(SIM, result.variables, samples(), batch_size=8, steps=6, loss="membrane_cross_entropy")
    assert (tested.loss, tested.accuracy) == (result.history[0]["test_loss"], result.history[0]["test_accuracy"])
    same_batches = train(key, augment=lambda key, inputs, labels: (inputs, labels))
    close(same_batches.params, train(key).params)


def test_an_augmentation_goes_on_where_a_training_stopped(key):
    states = []
    whole = train(key, epochs=2, augment=noisy, on_epoch=lambda state, row: states.append(state))
    assert same(train(key, epochs=2, augment=noisy, start=states[0]).state, whole.state)


def test_bytes_are_numbers_when_they_are_augmented(key):
    seen = []

    def look(key, inputs, labels):
        seen.append(inputs["image"].dtype)
        return inputs, labels

    data = samples()
    train(key, data=Dataset({"image": (data.inputs["image"] > 0.5)}, data.labels), augment=look)
    assert set(seen) == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    "augment, sentence",
    [
        (lambda key, inputs, labels: inputs, r"augment gave back dict, but needs to give back \(inputs, labels\)"),
        (lambda key, inputs, labels: ({"imag": inputs["image"]}, labels), r"augment gave back \['imag', 'labels'\], but was given"),
        (lambda key, inputs, labels: ({"image": inputs["image"][:4]}, labels), r"'image' of shape \(4, 4\), but was given \(8, 4\)"),
        (lambda key, inputs, labels: (inputs, labels[:, None]), r"'labels' of shape \(8, 1\), but was given \(8,\)"),
    ],
)
def test_answers_of_an_augmentation(augment, sentence, key):
    with pytest.raises(ValueError, match=sentence):
        train(key, augment=augment)


def test_an_augmentation_is_a_function(key):
    with pytest.raises(TypeError, match=r"augment must be a function .*, not str"):
        train(key, augment="shift")


def test_an_optimizer_is_told_the_loss(key):
    """Polyak's step is the loss over the squared norm of its gradient; that of the compiled update and that by hand."""

    def polyak(value, gradient):
        return jnp.minimum(0.5, value / sum((g**2).sum() for g in jax.tree.leaves(gradient)))

    close(train(key, optimizer=optax.polyak_sgd(max_learning_rate=0.5)).params, by_hand(key, factor=polyak)[0])


def test_a_plateau_lowers_the_rate(key, tmp_path):
    """Of a loss that does not fall: by half after each second update; the state of it goes through a checkpoint."""
    plateau = optax.contrib.reduce_on_plateau(factor=0.5, patience=2, rtol=0.0, atol=10.0)
    optimizer = optax.chain(optax.sgd(0.1), plateau)
    states = []
    result = train(key, optimizer=optimizer, epochs=2, on_epoch=lambda state, row: states.append(state))
    assert float(result.opt_state[1].scale) < float(states[0].opt_state[1].scale) < 1
    save_checkpoint(tmp_path / "c.safetensors", SIM, states[0])
    start, _ = load_checkpoint(tmp_path / "c.safetensors", SIM, optimizer)
    assert same(train(key, optimizer=optimizer, epochs=2, start=start).state, result.state)


def test_a_line_search_is_given_the_loss_as_a_function(key):
    optimizer = optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(max_backtracking_steps=10))
    result = train(key, optimizer=optimizer, epochs=4)
    losses = [row["loss"] for row in result.history]
    assert losses[-1] < losses[0] and result.epoch == 4


@pytest.mark.parametrize("compute", ["bfloat16", "float16"])
def test_half_precision_has_parameters_in_full(compute, key, tmp_path):
    """Their steps are too small for halves, and add up; the gradient is near that in float32."""
    still, small, adam = optax.sgd(0.0), optax.sgd(1e-4), optax.adam(0.02)
    start, full = train(key, optimizer=still).params, train(key, optimizer=small).params
    half = train(key, optimizer=small, compute=compute).params
    for name, value in half.items():
        assert value.dtype == jnp.float32
        moved, wanted = value - start[name], full[name] - start[name]
        assert 0 < float(jnp.abs(wanted).max()) < 2**-9 * float(jnp.abs(value).max())  # bfloat16 has no such step
        assert 0 < float(jnp.abs(moved - wanted).max()) < 0.1 * float(jnp.abs(wanted).max())
    states = []
    how = {"optimizer": adam, "epochs": 2, "compute": compute, "test": samples()}
    whole = train(key, **how, on_epoch=lambda state, row: states.append(state))
    save_checkpoint(tmp_path / "c.safetensors", SIM, states[0])
    begun, _ = load_checkpoint(tmp_path / "c.safetensors", SIM, adam)
    assert same(train(key, **how, start=begun).state, whole.state)
    tested = evaluate(SIM, whole.variables, samples(), batch_size=8, steps=6, loss="membrane_cross_entropy")
    assert tested.loss == whole.history[-1]["test_loss"]


def test_half_precision_learns(key):
    learned = {c: train(key, optimizer=optax.adam(0.05), epochs=12, compute=c).history[-1] for c in (None, "bfloat16", "float16")}
    assert all(row["accuracy"] > 0.85 for row in learned.values())
    assert all(row["loss"] == pytest.approx(learned[None]["loss"], abs=0.1) for row in learned.values())


def test_derivatives_that_float16_has_none_of_come_through(key):
    """A loss whose derivatives are below float16's smallest number; and one so steep that its scale is taken back."""
    base = train(key, optimizer=optax.sgd(0.0)).params

    def moves(factor, **how):
        def loss(scores, labels):
            return factor * sj.train.membrane_cross_entropy(scores, labels)

        after = fit(SIM, loss, optax.sgd(1e-2 / factor), samples(8), key=key, **SETTINGS | how).params
        return jnp.concatenate([(after[name] - base[name]).ravel() for name in sorted(base)])

    for factor in (2.0**-18, 1.0, 2.0**8):
        wanted, half = moves(factor), moves(factor, compute="float16")
        assert 0 < float(jnp.abs(half - wanted).max()) < 0.1 * float(jnp.abs(wanted).max())


def test_an_unknown_precision(key):
    with pytest.raises(ValueError, match="unknown half precision 'bfloat': did you mean 'bfloat16'"):
        train(key, compute="bfloat")


@pytest.mark.parametrize("weight, sentence", [
    (0.0, r"group 'layer' never spiked in the first epoch, .*: try larger weights into it \(w_mean, w_std\), a lower threshold"),
    (50.0, r"group 'layer' spiked in more than 95% of all steps of the first epoch, .*: try smaller weights"),
])
def test_a_layer_that_does_nothing(weight, sentence, key):
    data = dataclasses.replace(samples(), inputs={"image": samples().inputs["image"] + 0.1})
    with pytest.warns(ActivityWarning, match=sentence) as told:
        result = train(key, simulator(weight=np.full((3, 4), weight)), data=data, epochs=3, optimizer=optax.sgd(0.0))
    assert len(told) == 1
    train(key, simulator(weight=np.full((3, 4), weight)), data=data, epochs=4, optimizer=optax.sgd(0.0), start=result.state)
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="constant_current")
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(image, layer, weight=np.full((3, 4), weight), plasticity=STDP(a_plus=0.0, a_minus=0.0))
    with pytest.warns(ActivityWarning, match=sentence) as told:
        learn(sj.build(net, dt=1.0), data, key=key, **SETTINGS)
    assert len(told) == 1
