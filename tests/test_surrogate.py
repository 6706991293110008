"""Surrogate gradients: against SPAIC, against their formulas, under transforms."""

import pickle
from dataclasses import FrozenInstanceError, dataclass
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spaic_jax.surrogate as package
from spaic_jax.surrogate import (
    STBP,
    STCA,
    SURROGATES,
    AtanGrad,
    EventProp,
    FastSigmoidGrad,
    GateGrad,
    QGateGrad,
    RectangleGrad,
    ReLUGrad,
    SigmoidGrad,
    Smooth,
    StraightThroughEstimator,
    SuperSpike,
    Surrogate,
    TriangleGrad,
    resolve_surrogate,
)

GOLDEN = np.load(Path(__file__).parent / "data" / "surrogate.npz")
#: All but EventProp, which is no function of the potential alone: see test_eventprop.
CLASSES = tuple(cls for cls in dict.fromkeys(SURROGATES.values()) if cls is not EventProp)
#: The classes that SPAIC does not have.
OTHERS = {SuperSpike, FastSigmoidGrad, TriangleGrad}
WITH_ALPHA = tuple(cls for cls in CLASSES if cls is not StraightThroughEstimator)
DEFAULT = {
    STCA: 0.5, STBP: 0.5, SigmoidGrad: 1.0, AtanGrad: 2.0, RectangleGrad: 2.0,
    GateGrad: 2.0, QGateGrad: 2.0, ReLUGrad: 2.0, SuperSpike: 25.0, FastSigmoidGrad: 2.0, TriangleGrad: 1.0,
}  # fmt: skip
OBJECTS = (
    *(cls() for cls in CLASSES),
    STCA(alpha=0.7, compat=True),
    STBP(alpha=0.7, compat=True),
    QGateGrad(alpha=0.8),
    TriangleGrad(alpha=0.7, damping=0.9),
)
FIRES_AT_ZERO = {SigmoidGrad, ReLUGrad, StraightThroughEstimator}

defaults = pytest.mark.parametrize("surrogate", OBJECTS[: len(CLASSES)], ids=repr)
objects = pytest.mark.parametrize("surrogate", OBJECTS, ids=repr)
families = pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
alphas = st.floats(0.05, 20.0)
# XLA rounds subnormal numbers to 0, NumPy does not.
points = st.lists(st.floats(-4, 4, width=32, allow_subnormal=False), min_size=8, max_size=8)


@pytest.fixture(autouse=True, scope="module")
def strict():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture
def x64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def formula(surrogate, x):
    """The backward factor in float64 NumPy, written apart from the code under test."""
    x = np.asarray(x, np.float64)
    a = getattr(surrogate, "alpha", None)
    size = np.abs(x)
    match surrogate:
        case STCA(compat=compat):
            return np.where(size < a, 1.0 if compat else 1.0 / a, 0.0)
        case STBP(compat=compat):
            norm = 2 * np.pi * a if compat else np.sqrt(2 * np.pi * a)
            return np.exp(-(x**2) / (2 * a)) / norm
        case SigmoidGrad():
            return a / (4 * np.cosh(a * x / 2) ** 2)
        case AtanGrad():
            return a / (2 * (1 + (np.pi * a * x / 2) ** 2))
        case RectangleGrad():
            return np.where(size < a, 1.0, 0.0)
        case GateGrad():
            return np.where(size < 1 / a, 1.0, 0.0)
        case QGateGrad():
            return np.where(size <= 1 / a, a - a * a * size, 0.0)
        case ReLUGrad():
            return np.where(x > 0, a, 0.0)
        case SuperSpike():
            return (1 + a * size) ** -2
        case FastSigmoidGrad():
            return a / 2 * (1 + a * size) ** -2
        case TriangleGrad(damping=damping):
            return np.where(size <= a, damping * (a - size) / a**2, 0.0)
        case StraightThroughEstimator():
            return np.ones_like(x)
    raise AssertionError(surrogate)


def away_from_kinks(surrogate, x, gap):
    """Where the formula does not jump within ``gap``."""
    a = getattr(surrogate, "alpha", 1.0)
    size = np.abs(np.asarray(x, np.float64))
    return (size > gap) & (np.abs(size - a) > gap) & (np.abs(size - 1 / a) > gap)


def make(cls, alpha):
    return cls() if cls is StraightThroughEstimator else cls(alpha=alpha)


# Against SPAIC.

GOLDEN_CASES = sorted(key[: -len("/fwd")] for key in GOLDEN.files if key.endswith("/fwd"))


@pytest.mark.parametrize("case", GOLDEN_CASES)
def test_golden(case):
    _, name, *alpha = case.split("/")
    parameters = {"alpha": float(alpha[0].removeprefix("alpha"))} if alpha else {}
    x = GOLDEN["surrogate/x"]
    if name in ("STCA", "STBP"):
        # These two were recorded as functions of V with V_th = 1.
        parameters["compat"] = True
        x = x - np.float32(1.0)
    surrogate = resolve_surrogate(name, **parameters)
    _, grad = jax.jvp(surrogate, (x,), (np.ones_like(x),))
    np.testing.assert_array_equal(surrogate(x), GOLDEN[f"{case}/fwd"])
    np.testing.assert_allclose(grad, GOLDEN[f"{case}/grad"], rtol=1e-6, atol=3e-7)


def test_golden_holds_every_class():
    names = {case.split("/")[1].lower() for case in GOLDEN_CASES}
    assert {SURROGATES[name] for name in names} == set(CLASSES) - OTHERS


@pytest.mark.parametrize("alpha", [0.25, 2.0])
def test_compat_differs_by_the_documented_factor(alpha):
    x = jnp.linspace(-1.0, 1.0, 21)
    stca, stca_spaic = STCA(alpha), STCA(alpha, compat=True)
    np.testing.assert_allclose(stca.derivative(x) * alpha, stca_spaic.derivative(x))
    stbp, stbp_spaic = STBP(alpha), STBP(alpha, compat=True)
    ratio = np.sqrt(2 * np.pi * alpha)
    np.testing.assert_allclose(stbp.derivative(x), stbp_spaic.derivative(x) * ratio, rtol=1e-5)


# Values and derivatives.


@families
@settings(deadline=None, max_examples=8)
@given(alpha=alphas, x=points)
def test_grad_and_jvp_are_the_formula(cls, alpha, x):
    surrogate = make(cls, alpha)
    x = np.asarray(x, np.float32)
    factor = surrogate.derivative(jnp.asarray(x))
    spikes, tangent = jax.jvp(surrogate, (x,), (np.ones_like(x),))
    grad = jax.grad(lambda v: surrogate(v).sum())(x)
    np.testing.assert_array_equal(grad, factor)
    np.testing.assert_array_equal(tangent, factor)
    step = x >= 0 if cls in FIRES_AT_ZERO else x > 0
    np.testing.assert_array_equal(spikes, step.astype(np.float32))
    # Kinks are where float32 and float64 may fall on different sides.
    sure = away_from_kinks(surrogate, x, 1e-5) | (x == 0)
    expected = formula(surrogate, x)
    scale = max(1.0, alpha)
    np.testing.assert_allclose(np.asarray(factor)[sure], expected[sure], rtol=2e-5, atol=2e-6 * scale)


@objects
def test_chain_rule_uses_the_factor(surrogate):
    x = jnp.linspace(-1.3, 1.7, 8)
    weight = jnp.linspace(-2.0, 1.0, 8)
    grad = jax.grad(lambda v: jnp.sum(surrogate(v * 3.0) * weight))(x)
    expected = surrogate.derivative(x * 3.0) * 3.0 * weight
    np.testing.assert_allclose(grad, expected, rtol=1e-6)


@objects
def test_at_zero(surrogate):
    fires = type(surrogate) in FIRES_AT_ZERO
    assert surrogate.fires_at_zero is fires
    for zero in (0.0, -0.0):
        assert float(surrogate(zero)) == float(fires)
    expected = float(formula(surrogate, 0.0))
    assert float(jax.grad(surrogate)(0.0)) == pytest.approx(expected, rel=1e-6)


@objects
def test_far_away_is_finite(surrogate):
    x = jnp.array([-jnp.inf, -1e30, -1e4, 1e4, 1e30, jnp.inf])
    np.testing.assert_array_equal(surrogate(x), [0, 0, 0, 1, 1, 1])
    assert np.isfinite(surrogate.derivative(x)).all()


@objects
def test_shape_and_dtype_are_those_of_x(surrogate):
    def all_of(x):
        primal, pull = jax.vjp(surrogate, x)
        return primal, *pull(primal), surrogate.derivative(x), Smooth(surrogate)(x)

    for dtype in ("float32", "float16", "bfloat16"):
        for shape in ((), (3,), (2, 0), (2, 3, 1)):
            x = jax.ShapeDtypeStruct(shape, dtype)
            for out in jax.eval_shape(all_of, x):
                assert (out.shape, out.dtype) == (x.shape, x.dtype)


@families
@pytest.mark.parametrize("alpha", [0.4, 2.5])
def test_primitive_rises_as_the_derivative(cls, alpha, x64):
    variants = [make(cls, alpha)]
    if cls in (STCA, STBP):
        variants.append(cls(alpha, compat=True))
    h = 1e-5
    x = np.linspace(-3.0, 3.0, 301)
    for surrogate in variants:
        smooth = away_from_kinks(surrogate, x, 1e-3)
        up, down = surrogate.primitive(jnp.asarray(x + h)), surrogate.primitive(jnp.asarray(x - h))
        assert up.dtype == np.float64
        rise = ((np.asarray(up) - np.asarray(down)) / (2 * h))[smooth]
        factor = np.asarray(surrogate.derivative(jnp.asarray(x)))[smooth]
        np.testing.assert_allclose(rise, factor, rtol=1e-6, atol=1e-8)
        expected = formula(surrogate, x)[smooth]
        np.testing.assert_allclose(factor, expected, rtol=1e-12, atol=1e-15)
        if cls is not StraightThroughEstimator:
            far = float(surrogate.primitive(jnp.float64(-1e10)))
            assert far == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    ("surrogate", "peak", "area"),
    [
        (SuperSpike(10.0), 1.0, 0.2), (FastSigmoidGrad(3.0), 1.5, 1.0), (TriangleGrad(2.0, 0.3), 0.15, 0.3),
        (AtanGrad(3.0), 1.5, 1.0), (QGateGrad(3.0), 3.0, 1.0), (STBP(0.5), np.pi**-0.5, 1.0), (STCA(0.25), 4.0, 2.0),
    ],
)  # fmt: skip
def test_peak_and_area_are_the_documented_ones(surrogate, peak, area, x64):
    """The integral by the substitution x = sinh(u), so that heavy tails are in it."""
    u = np.linspace(-18, 18, 100_001)
    x = np.sinh(u)
    factor = np.asarray(surrogate.derivative(jnp.asarray(x)))
    assert factor.max() == pytest.approx(peak, rel=1e-6)
    assert (factor * np.cosh(u)).sum() * (u[1] - u[0]) == pytest.approx(area, rel=1e-3)
    whole = surrogate.primitive(jnp.float64(1e9)) - surrogate.primitive(jnp.float64(-1e9))
    assert float(whole) == pytest.approx(area, rel=1e-6)


# Under transforms.


@defaults
def test_jit_and_vmap_change_nothing(surrogate):
    x = jnp.linspace(-2.0, 2.0, 12).reshape(4, 3)

    def both(v):
        return jax.jvp(surrogate, (v,), (jnp.ones_like(v),))

    plain = both(x)
    for other in jax.jit(lambda v: (both(v), jax.vmap(both)(v)))(x):
        for a, b in zip(plain, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12)


def lif(surrogate, weight, xs):
    """A leaky neuron with a soft reset; the sum of its weighted spikes."""

    def step(v, current):
        v = v * 0.8 + weight * current
        s = surrogate(v - 1.0)
        return v - s, s

    _, spikes = jax.lax.scan(step, jnp.zeros(xs.shape[1:], xs.dtype), xs)
    return jnp.sum(spikes * jnp.cos(jnp.arange(xs.shape[0]).astype(xs.dtype))[:, None])


@defaults
def test_scan_forward_and_reverse_agree_with_the_loop(surrogate):
    xs = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (6, 4)), jnp.float32)
    weight = jnp.float32(0.9)

    @jax.jit
    def gradients(w):
        f = partial(lif, surrogate, xs=xs)
        return jax.grad(f)(w), jax.jvp(f, (w,), (jnp.ones_like(w),))[1]

    reverse, forward = gradients(weight)
    # The same in float64 by hand: dv = 0.8 dv + x - f dv', with f at each potential.
    v, dv, total = np.zeros(4), np.zeros(4), 0.0
    for t, current in enumerate(np.asarray(xs, np.float64)):
        v, dv = 0.8 * v + float(weight) * current, 0.8 * dv + current
        ds = formula(surrogate, v - 1.0) * dv
        total += float(np.sum(ds) * np.cos(t))
        v = v - (v >= 1.0 if surrogate.fires_at_zero else v > 1.0)
        dv = dv - ds
    np.testing.assert_allclose(reverse, forward, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(reverse, total, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cls", [STCA, STBP, SigmoidGrad, AtanGrad, QGateGrad, ReLUGrad])
def test_smooth_network_agrees_with_finite_differences(cls, x64):
    smooth = Smooth(cls())
    xs = jnp.asarray(np.random.default_rng(1).uniform(0, 1, (6, 4)))
    value_and_grad = jax.jit(jax.value_and_grad(lambda w: lif(smooth, w, xs)))
    h = 1e-6
    slope = float(value_and_grad(0.9 + h)[0] - value_and_grad(0.9 - h)[0]) / (2 * h)
    assert float(value_and_grad(0.9)[1]) == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_smooth_is_the_primitive_with_the_same_gradient():
    x = jnp.linspace(-2.0, 2.0, 12).reshape(4, 3)
    for surrogate in OBJECTS:
        smooth = Smooth(surrogate)
        np.testing.assert_array_equal(smooth(x), surrogate.primitive(x))
        _, tangent = jax.jvp(smooth, (x,), (jnp.ones_like(x),))
        np.testing.assert_array_equal(tangent, surrogate.derivative(x))


# As values.


@objects
def test_is_a_frozen_hashable_value(surrogate):
    twin = pickle.loads(pickle.dumps(surrogate))
    assert twin == surrogate
    assert hash(twin) == hash(surrogate)
    assert eval(repr(surrogate), vars(package)) == surrogate
    with pytest.raises(FrozenInstanceError):
        surrogate.alpha = 3.0


def test_equal_only_within_a_class():
    assert STCA(1) == STCA(alpha=np.float32(1.0)) != RectangleGrad(1.0)
    assert type(STCA(np.float32(1.0)).alpha) is float
    assert len({cls(alpha=1.0) for cls in WITH_ALPHA}) == len(WITH_ALPHA)


def test_second_call_compiles_nothing():
    traces = []

    def f(surrogate, x):
        traces.append(surrogate)
        return surrogate(x)

    jitted = jax.jit(f, static_argnums=0)
    jitted(STCA(0.5), jnp.zeros(3))
    jitted(STCA(0.5), jnp.ones(3))
    assert len(traces) == 1


@pytest.mark.parametrize("cls", WITH_ALPHA, ids=lambda c: c.__name__)
def test_default_alpha_is_that_of_spaic_or_the_documented_one(cls):
    assert cls().alpha == DEFAULT[cls]


# Names.


def test_table_holds_every_public_class():
    public = [getattr(package, name) for name in package.__all__]
    classes = {c for c in public if isinstance(c, type) and issubclass(c, Surrogate)}
    assert set(SURROGATES.values()) == classes - {Surrogate, Smooth}
    for cls in CLASSES:
        names = [name for name, value in SURROGATES.items() if value is cls]
        assert all(name == name.lower() for name in names)
        spaic = "straight_through_estimator"
        assert (spaic if cls is StraightThroughEstimator else cls.__name__.lower()) in names


def test_resolve():
    assert resolve_surrogate("AtanGrad", alpha=3) == AtanGrad(3.0)
    assert resolve_surrogate("atan") == AtanGrad()
    mine = STBP(0.3)
    assert resolve_surrogate(mine) is mine


# Errors.


@pytest.mark.parametrize("cls", WITH_ALPHA, ids=lambda c: c.__name__)
@pytest.mark.parametrize("alpha", [0, -1.0, float("inf"), float("nan"), True, "2", None, 1j, 1e-40])
def test_bad_alpha(cls, alpha):
    with pytest.raises(ValueError) as error:
        cls(alpha=alpha)
    assert str(error.value) == (
        f"{cls.__name__} got alpha={alpha!r}, but needs a positive, finite number (1e-37 to 1e37)."
    )


@dataclass(frozen=True)
class Bare(Surrogate):
    """A user's surrogate without a primitive."""

    def derivative(self, x):
        return jnp.ones_like(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: resolve_surrogate("stac"), ValueError,
         "unknown surrogate 'stac': did you mean 'stca'? Known: atan, "),
        (lambda: resolve_surrogate("Sigmoidal"), ValueError, "did you mean 'sigmoid'?"),
        (lambda: resolve_surrogate("zzzz"), ValueError,
         "unknown surrogate 'zzzz'; known: atan, "),
        (lambda: resolve_surrogate(None), ValueError, "unknown surrogate None"),
        (lambda: resolve_surrogate("stca", aplha=1.0), ValueError,
         "unknown setting of surrogate 'stca' 'aplha': did you mean 'alpha'?"),
        (lambda: resolve_surrogate(STCA(), alpha=1.0), ValueError,
         "alpha came beside a finished STCA"),
        (lambda: STCA(compat=1), TypeError,
         "STCA got compat=1, but needs True or False."),
        (lambda: STCA()(jnp.arange(3)), TypeError,
         "STCA got x of dtype int32, but needs a real floating dtype such as float32."),
        (lambda: STCA()(1j), TypeError, "STCA got x of dtype complex64"),
        (lambda: Smooth("stca"), TypeError,
         "Smooth got 'stca', but needs a Surrogate such as STCA()."),
        (lambda: Smooth(Bare()), ValueError, "Smooth got Bare(), which has no primitive"),
        (lambda: Bare().primitive(0.0), NotImplementedError, "Bare has no primitive"),
        (lambda: Surrogate(), TypeError, "abstract"),
    ],
)  # fmt: skip
def test_error_sentences(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def test_users_own_surrogate_needs_only_a_derivative():
    assert float(jax.grad(Bare())(-2.0)) == 1.0
    assert resolve_surrogate(Bare()) == Bare()
