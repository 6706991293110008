"""Optimizers and schedules of a configuration."""

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from spaic_jax.cli.config.optimizer import Optimizer
from spaic_jax.cli.optimizers import OPTIMIZERS, make_optimizer
from spaic_jax.cli.schedules import SCHEDULES, make_schedule
from spaic_jax.train.loop import initial_opt_state

NAMES = ("aaa.weight", "layer.tau_m", "zzz.weight")


def make(updates: int = 20, epoch: int = 5, **table: Any) -> optax.GradientTransformation:
    return make_optimizer(Optimizer.model_validate({"name": "sgd", "learning_rate": 0.1, **table}), updates, epoch, NAMES)


def trained(optimizer: optax.GradientTransformation, gradients: list[dict[str, Any]], value: Any = 1.0) -> dict[str, np.ndarray]:
    """The parameters, 1 at first, after an update by each gradient."""
    params = {name: jnp.ones((2, 2)) for name in NAMES}
    state = initial_opt_state(optimizer, params)
    update = jax.jit(optax.with_extra_args_support(optimizer).update)
    for number, gradient in enumerate(gradients):
        loss = value[number] if isinstance(value, list) else value
        with jax.numpy_dtype_promotion("standard"):
            updates, state = update({name: jnp.asarray(x) for name, x in gradient.items()}, state, params, value=jnp.float32(loss))
            params = optax.apply_updates(params, updates)
    return {name: np.asarray(x) for name, x in params.items()}


def ones(scale: float = 1.0) -> dict[str, np.ndarray]:
    return {name: np.full((2, 2), scale, np.float32) for name in NAMES}


def test_the_table_has_the_optimizers_of_optax() -> None:
    known = {
        "adabelief", "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamaxw", "adamw", "adan", "amsgrad", "fromage", "lamb",
        "lars", "lion", "nadam", "nadamw", "novograd", "radam", "rmsprop", "rprop", "sgd", "sign_sgd",
        "sm3", "yogi",
    }
    assert known <= OPTIMIZERS.keys()
    assert {"prodigy", "muon", "momo_adam"} <= OPTIMIZERS.keys()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_goes_down(name: str) -> None:
    """Of a bowl around 0, from 1; those that find their rate themselves begin at a small one."""
    optimizer = make(name=name, learning_rate=1.0 if name in ("cocob", "dadapt_adamw", "prodigy", "dog", "dowg") else 0.02)

    def bowl(params: Any) -> jax.Array:
        return sum((x**2).sum() for x in params.values())

    def step(number: Any, carry: Any) -> Any:
        params, state = carry
        value, gradient = jax.value_and_grad(bowl)(params)
        updates, new = optax.with_extra_args_support(optimizer).update(gradient, state, params, value=value)
        new_params = optax.apply_updates(params, updates)
        return jax.tree.map(lambda x, old: jnp.asarray(x, jnp.asarray(old).dtype), (new_params, new), (params, state))

    params = {name: jnp.ones((2, 2)) for name in NAMES}
    with jax.numpy_dtype_promotion("standard"):
        state = jax.tree.map(lambda x: jnp.array(x, jnp.asarray(x).dtype), optimizer.init(params))
        params, _ = jax.jit(lambda carry: jax.lax.fori_loop(0, 60, step, carry))((params, state))
    assert float(bowl(params)) < float(bowl({name: np.ones((2, 2)) for name in NAMES}))


@pytest.mark.parametrize(
    "schedule, updates, rates",
    [
        ("constant", [0, 99], [1, 1]),
        ("cosine", [0, 50, 100], [1, 0.5, 0]),
        ({"name": "cosine", "end": 0.2}, [0, 50, 100], [1, 0.6, 0.2]),
        ({"name": "linear", "end": 0.5}, [0, 50, 100], [1, 0.75, 0.5]),
        ({"name": "warmup_cosine", "warmup": 2, "start": 0.1}, [0, 10, 20, 60, 100], [0.1, 0.55, 1, 0.5, 0]),
        ({"name": "exponential", "factor": 0.25, "every": 2}, [0, 10, 20], [1, 0.5, 0.25]),
        ({"name": "step", "every": 3}, [0, 29, 30, 60], [1, 1, 0.1, 0.01]),
        ({"name": "piecewise", "at": [1, 5], "factors": [0.5, 0.1]}, [0, 9, 11, 51], [1, 1, 0.5, 0.05]),
        ({"name": "one_cycle", "start": 0.1, "end": 0.01}, [0, 15, 30, 65, 100], [0.1, 0.55, 1, 0.505, 0.01]),
    ],
    ids=str,
)
def test_schedules(schedule: Any, updates: list[int], rates: list[float]) -> None:
    """Of 10 epochs of 10 updates."""
    made = make_schedule(schedule, 2.0, 100, 10)
    assert callable(made)
    with jax.numpy_dtype_promotion("standard"):
        found = [float(made(jnp.int32(update))) for update in updates]
    np.testing.assert_allclose(found, 2 * np.array(rates), rtol=1e-5, atol=1e-7)


def test_the_names_of_all_schedules_are_tried() -> None:
    assert all("name" not in inspect.signature(each).parameters for each in SCHEDULES.values())
    tried = {"constant", "cosine", "linear", "warmup_cosine", "exponential", "step", "piecewise", "one_cycle", "plateau"}
    assert tried == SCHEDULES.keys()


def test_a_plateau_makes_updates_smaller() -> None:
    """Two updates an epoch: the mean loss falls once, then stays for three epochs, of which the first is the best one's next."""
    optimizer = make(updates=100, epoch=2, schedule={"name": "plateau", "factor": 0.5, "patience": 2})
    after = [trained(optimizer, [ones()] * n, value=[3.0, 3.0] + [1.0] * n)[NAMES[0]][0, 0] for n in range(1, 13)]
    steps = -np.diff([1.0, *after])
    assert steps[0] == pytest.approx(0.1) and steps[-1] < 0.06
    assert (np.diff(steps) < 1e-6).all()


def test_a_plateau_is_told_the_loss_through_all_that_is_around_it() -> None:
    how = {"accumulate": 2, "apply_if_finite": 1, "clip_norm": 100.0, "frozen": "aaa.*"}
    plateau = {"name": "plateau", "factor": 0.5, "patience": 1}
    after = trained(make(updates=40, epoch=2, schedule=plateau, parts=[{"parameters": "layer.*"}], **how), [ones()] * 20)
    without = trained(make(updates=40, epoch=2, **how), [ones()] * 20)
    assert (after["aaa.weight"] == 1).all()
    assert (1 - after["layer.tau_m"] < 0.7 * (1 - without["layer.tau_m"])).all()
    np.testing.assert_array_equal(after["layer.tau_m"], after["zzz.weight"])


def test_clipping_norm_and_value() -> None:
    np.testing.assert_allclose(trained(make(clip_value=0.5), [ones(3.0)])["aaa.weight"], 1 - 0.1 * 0.5, rtol=1e-6)
    norm = np.sqrt(12) * 3
    np.testing.assert_allclose(trained(make(clip_norm=1.0), [ones(3.0)])["aaa.weight"], 1 - 0.1 * 3 / norm, rtol=1e-6)


def test_accumulation_is_the_mean_of_batches() -> None:
    batches = [ones(1.0), ones(3.0), ones(5.0), ones(7.0)]
    np.testing.assert_allclose(
        trained(make(accumulate=2, momentum=0.9), batches)["zzz.weight"],
        trained(make(momentum=0.9), [ones(2.0), ones(6.0)])["zzz.weight"], rtol=1e-6,
    )
    # Its schedule counts updates rather than batches: at half of them it is at half.
    halves = trained(make(updates=8, accumulate=2, schedule="linear"), [ones()] * 4)["zzz.weight"]
    np.testing.assert_allclose(halves, 1 - 0.1 * (1 + 0.75), rtol=1e-6)


def test_frozen_parameters_stay_and_do_not_count() -> None:
    after = trained(make(frozen=["aaa.*", "*.tau_m"], clip_norm=1.0), [ones(3.0)])
    assert (after["aaa.weight"] == 1).all() and (after["layer.tau_m"] == 1).all()
    np.testing.assert_allclose(after["zzz.weight"], 1 - 0.1 * 0.5, rtol=1e-6)


def test_parts_have_rates_and_optimizers_of_their_own() -> None:
    parts = [{"parameters": "*.tau_m", "learning_rate": 0.01}, {"parameters": ["layer.*", "aaa.*"], "name": "sign_sgd", "learning_rate": 0.5}]
    after = trained(make(parts=parts, momentum=0.9), [ones(2.0)])
    np.testing.assert_allclose([after[name][0, 0] for name in NAMES], [0.5, 0.98, 0.8], rtol=1e-6)
    whole = trained(make(parts=[{"parameters": "*", "learning_rate": 0.01}]), [ones()])
    np.testing.assert_allclose(whole["zzz.weight"], 0.99, rtol=1e-6)


@pytest.mark.parametrize("everything", [True, False])
def test_frozen_parameters_beside_parts_and_masks(everything: bool) -> None:
    parts = [{"parameters": "layer.*", "learning_rate": 0.01}, *([{"parameters": "zzz.*"}] if everything else [])]
    table = {"name": "adamw", "frozen": "aaa.*", "parts": parts, "mask": "*.weight", "weight_decay": 0.5, "accumulate": 2, "apply_if_finite": 1}
    after = trained(make(**table, clip_norm=1.0, eps=0.0), [ones(), ones()])
    np.testing.assert_allclose([after[name][0, 0] for name in NAMES], [1.0, 0.99, 0.85], rtol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_weight_decay_of_some(name: str) -> None:
    """Its own, or, where optax has none, added to the gradient."""
    zero = {name: np.zeros((2, 2), np.float32) for name in NAMES}
    after = trained(make(name=name, weight_decay=0.5, mask="*.weight", parts=[{"parameters": "zzz.*", "learning_rate": 0.2}]), [zero])
    np.testing.assert_allclose([after[name][0, 0] for name in NAMES], [0.95, 1.0, 0.9], rtol=1e-6)


def test_updates_that_are_not_finite_are_skipped() -> None:
    after = trained(make(apply_if_finite=2, accumulate=2), [ones(), ones(np.nan), ones(3.0)])
    np.testing.assert_allclose(after["aaa.weight"], 1 - 0.1 * 2, rtol=1e-6)


@pytest.mark.parametrize(
    "table, sentence",
    [
        ({"name": "adm"}, "name: unknown optimizer 'adm': did you mean 'adam'?"),
        ({"momntum": 0.9}, "momntum: unknown key 'momntum': did you mean 'momentum'?"),
        ({"momentum": "much"}, "momentum: a number, true or false is needed, not 'much'."),
        ({"schedule": "cosin"}, "schedule: unknown schedule 'cosin': did you mean 'cosine'?"),
        ({"schedule": {"name": "step"}}, "schedule: every is missing: step needs it."),
        ({"schedule": {"name": "cosine", "ends": 1}}, "schedule: ends: unknown setting of cosine 'ends'"),
        ({"schedule": {"name": "plateau", "cooldown": -0.5}}, "schedule: cooldown must be a finite number of at least 0"),
        ({"schedule": {"name": "cosine", "end": -1}}, "schedule: end must be a finite number of at least 0 and of at most 1, got -1."),
        ({"schedule": {"name": "warmup_cosine", "warmup": 4}}, "schedule: warmup must be shorter than the training, got 4 epochs of 4."),
        ({"schedule": {"name": "one_cycle", "rise": 0.01}}, "schedule: rise must be a share of the 20 updates"),
        ({"schedule": {"name": "piecewise", "at": [2, 1], "factors": [1, 1]}}, "schedule: at must rise by an update or more"),
        ({"schedule": {"name": "piecewise", "at": 2, "factors": [1, 1]}}, "schedule: at and factors must be lists"),
        ({"frozen": "*.bias"}, "frozen: no parameter is called '*.bias'; there are aaa.weight, layer.tau_m, zzz.weight."),
        ({"frozen": 3}, "frozen: names of parameters such as '*.weight' are needed, not 3."),
        ({"frozen": "*"}, "frozen: nothing is left that is trained."),
        ({"parts": [{"parameters": "b.*"}]}, "parts.0.parameters: no parameter is called 'b.*'"),
        ({"parts": [{"parameters": "*.tau_m", "name": "adm"}]}, "parts.0.name: unknown optimizer 'adm'"),
        ({"parts": [{"parameters": "*.tau_m", "b1": 0.1}]}, "parts.0.b1: unknown key 'b1'"),
        ({"frozen": "aaa.*", "parts": [{"parameters": "aaa.*"}]}, "parts.0.parameters: no parameter is called 'aaa.*'"),
        ({"name": "adamw", "mask": []}, "mask: names of parameters such as"),
    ],
    ids=str,
)
def test_sentences(table: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        make(**table)
    assert str(caught.value).startswith(sentence)
