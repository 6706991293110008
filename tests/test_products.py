"""Products by events: the kernels against NumPy in float64, the primitive against XLA's products and their derivatives."""

import functools
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jax import export
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spaic_jax import native
from spaic_jax._times import times
from spaic_jax.native import kernels
from spaic_jax.native.products import CROSSOVER, SMALL, product

# Shrinking would compile hundreds of kernels; the failing case is printed as it was drawn.
settings.register_profile("kernels", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("kernels")

enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
compiled = pytest.mark.skipif(not native.available(), reason=native.status())
choices = pytest.mark.parametrize("choice", ["events", "auto"])
ROOT = Path(__file__).parents[1]
#: Block sizes of the kernels and their neighbours: vectors of 8 or 16 numbers, blocks of 48 or 96 columns.
SIZES = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 101, 143, 145, 191, 192, 193, 200]
DTYPES = [("float32", "float32"), ("float64", "float64"), ("bool", "float32"), ("uint8", "float32"), ("bool", "float64"), ("uint8", "float64")]


def sparse(rng, shape, density, dtype):
    """Events at random places; multiples of 1/4, whose sums of products with multiples of 1/16 float32 holds exactly."""
    value = np.ones(shape) if dtype == "bool" else rng.integers(1, 9, shape)
    if dtype not in ("bool", "uint8"):
        value = value * rng.choice([-0.25, 0.25], shape)
    return (value * (rng.random(shape) < density)).astype(dtype)


def exact(rng, shape, dtype):
    return (rng.integers(-32, 33, shape) / 16).astype(dtype)


def every_kernel(x, w, g, transposed):
    packed = kernels.pack(w, transposed=transposed)
    return kernels.product(x, packed, g.shape[1]), kernels.gradient(x, g, transposed=transposed), kernels.density(x)


def check_kernels(sizes, density, dtypes, seed, transposed):
    """Every kernel on exact numbers: equal to float64 to the bit."""
    (M, K, N), (events, dtype) = sizes, dtypes
    rng = np.random.default_rng(seed)
    x, w, g = sparse(rng, (M, K), density, events), exact(rng, (K, N), dtype), exact(rng, (M, N), dtype)
    wide = x.astype("float64")
    with enable_x64(dtype == "float64"):
        y, slope, share = jax.jit(every_kernel, static_argnums=3)(x, w.T.copy() if transposed else w, g, transposed)
    assert (y.dtype, slope.dtype, share.dtype) == (dtype, dtype, "float32")
    np.testing.assert_array_equal(y, wide @ w)
    np.testing.assert_array_equal(slope, (wide.T @ g).T if transposed else wide.T @ g)
    # All rows are looked at where there are this few numbers.
    if x.size < 2**16:
        assert float(share) == np.float32(np.count_nonzero(x) / max(x.size, 1))


sizes = st.tuples(*[st.sampled_from(SIZES) | st.integers(0, 210)] * 3)
densities = st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]) | st.floats(0, 1)
drawn = given(sizes=sizes, density=densities, dtypes=st.sampled_from(DTYPES), seed=st.integers(0, 2**31), transposed=st.booleans())


@compiled
@settings(max_examples=50, derandomize=True)
@drawn
def test_kernels_are_exact_on_random_shapes(sizes, density, dtypes, seed, transposed):
    check_kernels(sizes, density, dtypes, seed, transposed)


@compiled
@pytest.mark.slow
@settings(max_examples=1500)
@drawn
def test_kernels_are_exact_on_many_random_shapes(sizes, density, dtypes, seed, transposed):
    check_kernels(sizes, density, dtypes, seed, transposed)


@compiled
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float64", "float64"), ("uint8", "float32")], ids=str)
@pytest.mark.parametrize(
    "sizes",
    # Parts of 1536 presynaptic neurons, chunks of 1024 rows, one row for many threads, tasks of 2**20 numbers.
    [(3, 1535, 97), (9, 1536, 48), (5, 1537, 95), (2, 3073, 193), (1, 4700, 600), (1023, 5, 49), (1024, 3, 96), (1025, 40, 17), (2049, 33, 1), (300, 9000, 3)],
    ids=str,
)
def test_kernels_are_exact_across_their_parts(sizes, dtypes):
    check_kernels(sizes, 0.05, dtypes, 1, True)
    check_kernels(sizes, 0.6, dtypes, 2, False)


@compiled
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_round_like_a_sum(dtype):
    """One after another: of 400 terms, at most 200 units in the last place of the sum of their sizes, and mostly few."""
    rng = np.random.default_rng(0)
    x, w, g = rng.normal(size=(130, 2000)), rng.normal(size=(2000, 150)), rng.normal(size=(130, 150))
    x *= (rng.random(x.shape) < 0.2) * 10 ** rng.normal(size=x.shape)
    with enable_x64(dtype == "float64"):
        x, w, g = (jnp.asarray(a.astype(dtype)) for a in (x, w, g))
        made = kernels.product(x, kernels.pack(w, transposed=False), 150), kernels.gradient(x, g, transposed=False)
    wide = np.longdouble
    for got, a, b in ((made[0], x, w), (made[1], np.asarray(x).T, g)):
        got, a, b = (np.asarray(m).astype(wide) for m in (got, a, b))
        error = np.abs(got - a @ b) / np.maximum(np.abs(a) @ np.abs(b), 1e-30)
        assert error.max() < 40 * np.finfo(dtype).eps


def carried(x, w):
    """The product in which what is zero takes no part, `[m, n]`."""
    rows = [sum((value * w[k] for k, value in enumerate(row) if value != 0), np.zeros(w.shape[1])) for row in x.astype("float64")]
    return np.array(rows)


@compiled
@pytest.mark.filterwarnings("ignore:invalid value|overflow")
@pytest.mark.parametrize("events", ["float32", "uint8"])
def test_what_is_not_finite_is_carried_by_events_alone(events):
    rng = np.random.default_rng(4)
    x, w, g = sparse(rng, (40, 70), 0.1, events), exact(rng, (70, 101), "float32"), exact(rng, (40, 101), "float32")
    odd = np.array([np.inf, -np.inf, np.nan], "float32")
    for a in (w, g, x) if events == "float32" else (w, g):
        places = rng.random(a.shape) < 0.01
        a[places] = rng.choice(odd, places.sum())
    x[3] = 0
    y = kernels.product(jnp.asarray(x), kernels.pack(jnp.asarray(w), transposed=False), 101)
    slope = kernels.gradient(jnp.asarray(x), jnp.asarray(g), transposed=False)
    np.testing.assert_array_equal(y, carried(x, w))
    np.testing.assert_array_equal(slope, carried(x.T, g))
    assert not np.asarray(y)[3].any() and np.isnan(y).any() and np.isinf(y).any()


@compiled
def test_zero_of_either_sign_is_no_event():
    x = jnp.asarray(np.array([[0.0, -0.0, 2.0]] * 3, "float32"))
    w = jnp.asarray(np.array([[np.inf], [np.nan], [3.0]], "float32"))
    np.testing.assert_array_equal(kernels.product(x, kernels.pack(w, transposed=False), 1), np.full((3, 1), 6.0))
    np.testing.assert_array_equal(kernels.gradient(w, w[::-1], transposed=False), [[np.nan]])
    assert float(kernels.density(x)) == np.float32(1 / 3)


@compiled
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_denormal_numbers_are_what_they_are_in_xlas_products(dtype):
    """XLA's threads take them for zero, as operands and as results; so do the kernels, which run on these."""
    tiny, small, large = np.array([np.finfo(dtype).tiny / 8, np.finfo(dtype).tiny ** 0.6, 2.0], dtype)
    with enable_x64(dtype == "float64"):
        for value, weight in [(tiny, large), (large, tiny), (small, small), (tiny, 1 / small), (tiny, np.inf)]:
            for count in (1, 40):
                x, w = (jnp.full((count, count), v, dtype) * jnp.eye(count, dtype=dtype) for v in (value, weight))
                w = jnp.full((count, count), weight, dtype) if count == 1 else w
                dense = jax.jit(lambda x, w: x @ w)(x, w)
                got = kernels.product(x, kernels.pack(w, transposed=False), count)
                slope = kernels.gradient(x.T, w, transposed=False)
                expected = np.zeros_like(dense) if (value, weight) == (tiny, np.inf) else np.asarray(dense)
                np.testing.assert_array_equal(got, expected)
                np.testing.assert_array_equal(slope, expected)


@compiled
def test_density_is_that_of_a_sample():
    rng = np.random.default_rng(0)
    for shape in [(5000, 100), (70000, 7), (33, 4096)]:
        for share in (0.0, 0.02, 0.3, 1.0):
            got = float(kernels.density(jnp.asarray((rng.random(shape) < share).astype("float32"))))
            assert abs(got - share) < 0.02 and (share not in (0.0, 1.0) or got == share)
    # Every second row is silent.
    assert abs(float(kernels.density(jnp.asarray(np.tile([[True], [False]], (5000, 100))))) - 0.5) < 0.02


F32, F64 = (functools.partial(jax.ShapeDtypeStruct, dtype=d) for d in ("float32", "float64"))


@compiled
@pytest.mark.parametrize(
    "name, operands, result, attributes, sentence",
    [
        ("Product", [(4, 5), (48,)], (4, 3), {}, "product: sizes do not fit"),
        ("Product", [(4, 3), (48,)], (5, 3), {}, "product: sizes do not fit"),
        ("Product", [(4, 3), (48,)], (4, 17), {}, "product: sizes do not fit"),
        ("Product", [(12,), (48,)], (4, 3), {}, "product needs matrices of float32 or float64"),
        ("Product", [(4, 3), (48,)], (12,), {}, "product needs matrices of float32 or float64"),
        ("Product", [("int32", 4, 3), (48,)], (4, 3), {}, "product needs matrices of float32 or float64"),
        ("Product", [(4, 3), ("bfloat16", 48)], (4, 3), {}, "product needs matrices of float32 or float64"),
        ("Product", [("bfloat16", 4, 3), ("bfloat16", 48)], ("bfloat16", 4, 3), {}, "product needs matrices of float32 or float64"),
        ("Product", [(4, 3)], (4, 3), {}, "Wrong number of arguments"),
        ("Gradient", [(4, 3), (5, 2)], (3, 2), {"transposed": False}, "gradient: sizes do not fit"),
        ("Gradient", [(4, 3), (4, 2)], (3, 2), {"transposed": True}, "gradient: sizes do not fit"),
        ("Gradient", [(4, 3), (4, 2)], (2, 3), {"transposed": False}, "gradient: sizes do not fit"),
        ("Gradient", [(4, 3), (4, 2)], (6,), {"transposed": False}, "gradient needs matrices of float32 or float64"),
        ("Gradient", [("int8", 4, 3), (4, 2)], (3, 2), {"transposed": False}, "gradient needs matrices of float32 or float64"),
        ("Gradient", [(4, 3), (4, 2)], (3, 2), {}, "number of attributes"),
        ("Gradient", [("uint8", 1, 2**21), (1, 1)], (2**21, 1), {"transposed": False}, "gradient: too many columns"),
        ("Pack", [(4, 3)], (63,), {"transposed": False}, "pack: sizes do not fit"),
        ("Pack", [(4, 3)], (64,), {"transposed": True}, "pack: sizes do not fit"),
        ("Pack", [(4, 3, 1)], (64,), {"transposed": False}, "pack needs a matrix of float32 or float64"),
        ("Pack", [("float16", 4, 3)], ("float16", 128), {"transposed": False}, "pack needs a matrix of float32 or float64"),
        ("Pack", [(4, 3)], (64,), {"turned": True}, "transposed"),
        ("Density", [(4, 3)], (1,), {}, "rank"),
        ("Density", [("int32", 4, 3)], (), {}, "density needs a matrix of float32, float64 or bytes"),
        ("Density", [(4,)], (), {}, "density needs a matrix of float32, float64 or bytes"),
    ],
)
def test_what_does_not_fit_is_an_error(name, operands, result, attributes, sentence):
    def struct(shape):
        dtype = shape[0] if isinstance(shape[:1], tuple) and shape and isinstance(shape[0], str) else "float32"
        return jax.ShapeDtypeStruct(tuple(n for n in shape if not isinstance(n, str)), dtype)

    arrays = [jnp.ones(s.shape, s.dtype) for s in map(struct, operands)]
    with pytest.raises(jax.errors.JaxRuntimeError, match=sentence):
        jax.ffi.ffi_call(f"SpaicEvents{name}", struct(result))(*arrays, **attributes).block_until_ready()


def in_a_process(code, **environment):
    """What a program of its own prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@compiled
def test_the_bits_do_not_depend_on_the_number_of_threads():
    code = """
        import hashlib, jax, numpy as np
        from spaic_jax import native
        from spaic_jax.native import kernels
        assert native.available()
        rng, made = np.random.default_rng(0), hashlib.sha256()
        for M, K, N in [(1, 4000, 1000), (3, 700, 300), (40, 3100, 97), (2500, 777, 101), (1100, 64, 20)]:
            x = (rng.normal(size=(M, K)) * (rng.random((M, K)) < 0.15)).astype("float32")
            w, g = (rng.normal(size=s).astype("float32") for s in ((N, K), (M, N)))
            for again in range(2):
                for a in kernels.product(x, kernels.pack(w, transposed=True), N), kernels.gradient(x, g, transposed=True):
                    made.update(np.asarray(a).tobytes())
        print(made.hexdigest())
    """
    # The size of the thread pool of XLA's CPU client.
    assert len({in_a_process(code, NPROC=threads) for threads in ("1", "2", "5")}) == 1


@compiled
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="bounds the address space as Linux does")
@pytest.mark.parametrize("rows", [1000, 3000])
def test_no_memory_is_an_error(rows):
    """On the thread that calls, and on others."""
    printed = in_a_process(
        f"""
        import resource, jax, jax.numpy as jnp
        from spaic_jax import native
        from spaic_jax.native import kernels
        assert native.available()
        x, g = jnp.ones(({rows}, 100_000), "uint8"), jnp.ones(({rows}, 1))
        call = jax.jit(lambda x, g: kernels.gradient(x, g, transposed=False)).lower(x, g).compile()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, most))
        try:
            call(x, g).block_until_ready()
        except jax.errors.JaxRuntimeError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        print(float(call(x, g)[0, 0]))
        """
    )
    assert "no memory is left for a product of events" in printed and printed.endswith(f"{rows}.0\n")


# The primitive.


def layer(m=(40,), k=96, n=50, density=0.1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(*m, k)) * (rng.random((*m, k)) < density)
    return jnp.asarray(x.astype("float32")), jnp.asarray((rng.normal(size=(n, k)) / np.sqrt(k)).astype("float32"))


def assert_close(got, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * max(1.0, float(jnp.abs(b).max(initial=0)))), got, expected)


def text_of(function, *arguments):
    return jax.jit(function).lower(*arguments).compile().as_text()


@compiled
@choices
@pytest.mark.parametrize("density", [0.0, 0.02, 0.3, 0.5, 1.0])
def test_both_sides_of_the_crossover_give_the_product_and_its_gradients(choice, density):
    x, w = layer(density=density)
    assert x.size * w.shape[0] > SMALL and min(CROSSOVER.values()) > 0.02 and max(CROSSOVER.values()) < 0.5

    def loss(times, x, w):
        y = times(x, w)
        return jnp.sin(y).sum(), y

    got, expected = (
        jax.jit(jax.value_and_grad(functools.partial(loss, f), (0, 1), has_aux=True))(x, w) for f in (functools.partial(product, choice=choice), times)
    )
    assert_close(got, expected)


def scalar(times, x, w):
    """Not linear in either, with a gradient at the postsynaptic side that is mostly zero."""
    return (jax.nn.relu(times(x, w) - 0.3) ** 3).sum() + (x**2).sum() * (w**3).sum()


def scanned(times, x, w):
    def step(v, x):
        v = jnp.tanh(0.5 * v + times(x, w))
        return v, v

    return (jax.lax.scan(step, jnp.zeros((x.shape[1], w.shape[0])), x)[1] ** 2).sum()


def direction(*arrays):
    return tuple(jnp.cos(jnp.arange(a.size, dtype=a.dtype)).reshape(a.shape) for a in arrays)


TRANSFORMS = {
    "forward": lambda f, *a: jax.jvp(f, a, direction(*a)),
    "linearize": lambda f, *a: jax.linearize(f, *a)[1](*direction(*a)),
    "transpose": lambda f, *a: jax.linear_transpose(lambda x: f(x, a[1]), a[0])(direction(f(*a))[0]),
    "reverse": lambda f, *a: jax.vjp(f, *a)[1](direction(f(*a))[0]),
    "checkpoint": lambda f, *a: jax.vjp(jax.checkpoint(f), *a)[1](direction(f(*a))[0]),
}
OF_SCALARS = {
    "gradient": lambda f, *a: jax.grad(f, (0, 1))(*a),
    "gradient along a gradient": lambda f, *a: jax.jvp(jax.grad(f, (0, 1)), a, direction(*a)),
    "gradient of a gradient": lambda f, *a: jax.grad(lambda *a: sum((g**2).sum() for g in jax.grad(f, (0, 1))(*a)), (0, 1))(*a),
    "hessian": lambda f, *a: jax.hessian(f, (0, 1))(*a),
    "forward over reverse": lambda f, *a: jax.jacfwd(jax.grad(f, 1), 0)(*a),
    "reverse over forward": lambda f, *a: jax.grad(lambda *a: jax.jvp(f, a, direction(*a))[1], (0, 1))(*a),
    "checkpoint": lambda f, *a: jax.grad(jax.checkpoint(f), (0, 1))(*a),
}


@compiled
@choices
@pytest.mark.parametrize("m", [(40,), (4, 10), ()], ids=str)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_derivatives_of_a_product(name, m, choice):
    x, w = layer(m, n=50 if m else 500)
    ways = [jax.jit(functools.partial(TRANSFORMS[name], f)) for f in (functools.partial(product, choice=choice), times)]
    assert_close(*(way(x, w) for way in ways))
    assert "SpaicEventsProduct" in ways[0].lower(x, w).as_text() or name == "transpose"


@compiled
@pytest.mark.parametrize("name", OF_SCALARS)
@pytest.mark.parametrize("of", [scalar, scanned], ids=["layer", "loop"])
def test_derivatives_of_what_is_not_linear(of, name):
    x, w = layer((3, 4) if of is scanned else (5,), k=7, n=3, density=0.5)
    ways = [jax.jit(functools.partial(OF_SCALARS[name], functools.partial(of, f))) for f in (functools.partial(product, choice="events"), times)]
    assert_close(*(way(x, w) for way in ways))
    assert "SpaicEvents" in ways[0].lower(x, w).as_text()


@compiled
@choices
def test_gradients_that_are_sparse_behind_a_surrogate(choice):
    """Where the presynaptic side is full and the postsynaptic one is not, the weight gradient goes by the latter."""
    x, w = layer(density=1.0)
    y = layer(n=96, k=50, density=0.02, seed=3)[0]
    ways = [jax.jit(lambda x, w, y, f=f: jax.vjp(f, x, w)[1](y)) for f in (functools.partial(product, choice=choice), times)]
    assert_close(*(way(x, w, y) for way in ways))
    assert "SpaicEventsGradient" in ways[0].lower(x, w, y).as_text()


@compiled
@choices
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize(
    "axes", [{"in_axes": (0, None)}, {"in_axes": (1, None)}, {"in_axes": (None, 0)}, {"in_axes": (0, 0)}, {"in_axes": (2, 1)}, {"in_axes": (0, None), "out_axes": 1}], ids=str
)
def test_maps_over_rows_weights_and_both(axes, gradient, choice):
    (x_axis, w_axis), m = axes["in_axes"], 40
    x, w = layer((3, m) if x_axis is not None else (m,))
    x = x if x_axis is None else jnp.moveaxis(x, 0, x_axis)
    w = w if w_axis is None else jnp.stack([w, -w, w * w], w_axis)

    def mapped(f):
        one = jax.grad(lambda x, w: (f(x, w) ** 2).sum(), (0, 1)) if gradient else f
        return jax.jit(jax.vmap(one, **axes))

    assert_close(mapped(functools.partial(product, choice=choice))(x, w), mapped(times)(x, w))


@compiled
def test_a_map_over_rows_is_one_product_and_a_map_over_weights_is_dense():
    x, w = layer((3, 40))
    events = functools.partial(product, choice="events")
    assert "f32[120,50]" in text_of(jax.vmap(jax.vmap(events, (0, None)), (0, None)), x, w)
    assert "SpaicEvents" not in text_of(jax.vmap(events, (None, 0)), x[0], jnp.stack([w, w]))


@compiled
@choices
def test_compiled_or_not_it_is_the_same(choice):
    x, w = layer()
    f = functools.partial(product, choice=choice)

    def slope(x, w):
        return jax.grad(lambda *a: (f(*a) ** 2).sum(), (0, 1))(x, w)

    made = [f(x, w), *slope(x, w)]
    with jax.disable_jit():
        plain = [f(x, w), *slope(x, w)]
    jitted = [jax.jit(f)(x, w), *jax.jit(slope)(x, w)]
    for a, b, c in zip(made, plain, jitted, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


@choices
@pytest.mark.parametrize("shapes", [((0, 5), (3, 5)), ((4, 0), (3, 0)), ((4, 5), (0, 5)), ((2, 0, 5), (3, 5)), ((0,), (3, 0)), ((2, 3, 0), (4, 0))], ids=str)
def test_sizes_of_zero(shapes, choice):
    x, w = (jnp.ones(shape) for shape in shapes)
    f = functools.partial(product, choice=choice)
    got, expected = ((g(x, w), *jax.grad(lambda *a, g=g: g(*a).sum(), (0, 1))(x, w)) for g in (f, times))
    assert [a.shape for a in got] == [a.shape for a in expected]
    assert_close(got, expected)
    many = jnp.ones((2, *shapes[0]))
    assert_close(jax.vmap(f, (0, None))(many, w), jax.vmap(times, (0, None))(many, w))


@choices
@pytest.mark.parametrize("dtypes", [("float16", "float16"), ("bfloat16", "bfloat16"), ("float32", "bfloat16"), ("bool", "float32"), ("int8", "int8")], ids=str)
def test_other_dtypes_are_dense(dtypes, choice):
    x, w = (a.astype(dtype) for a, dtype in zip(layer(), dtypes, strict=True))
    with jax.numpy_dtype_promotion("standard"):
        assert "SpaicEvents" not in text_of(functools.partial(product, choice=choice), x, w)
        np.testing.assert_array_equal(product(x, w, choice=choice), times(x, w))


@compiled
@choices
def test_float64(choice):
    rng = np.random.default_rng(0)
    x, w = sparse(rng, (40, 96), 0.1, "float64") / 3, exact(rng, (50, 96), "float64") / 3
    with enable_x64(True):
        x, w = jnp.asarray(x), jnp.asarray(w)
        y, back = jax.vjp(functools.partial(product, choice=choice), x, w)
        slopes = back(jnp.cos(y))
        assert "SpaicEvents" in text_of(functools.partial(product, choice=choice), x, w)
    x, w, y = (np.asarray(a) for a in (x, w, y))
    for got, expected in [(y, x @ w.T), (slopes[0], np.cos(y) @ w), (slopes[1], np.cos(y).T @ x)]:
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def computations(text):
    """The names of the kernels in each computation of a compiled program, `ENTRY` among them."""
    found = {}
    for block in re.split(r"\n(?=\S)", text):
        name = "ENTRY" if block.startswith("ENTRY") else block.split(" ", 1)[0]
        found[name] = re.findall(r'custom_call_target="SpaicEvents(\w+)"', block)
    return found


@compiled
@choices
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
def test_a_loop_packs_its_weights_once(gradient, choice):
    x, w = layer((30, 40), n=96)

    def run(x, w):
        def step(v, x):
            v = jnp.tanh(0.5 * v + product(x, w, choice=choice) + product(v, w, choice=choice))
            return v, v

        return (jax.lax.scan(step, jnp.zeros(x.shape[1:]), x)[1] ** 2).sum()

    found = computations(text_of(jax.grad(run, (0, 1)) if gradient else run, x, w))
    # Forward they are multiplied as a transpose, backward as they are.
    assert found.pop("ENTRY").count("Pack") == 1 + gradient
    inside = [name for names in found.values() for name in names]
    assert "Pack" not in inside and inside.count("Product") >= 2 * (1 + gradient)


@compiled
@choices
@pytest.mark.parametrize("lead", [(40,), (5, 40)], ids=["B", "T B"])
def test_a_batch_on_two_devices_stays_there(lead, choice):
    x, w = layer(lead)
    mesh = Mesh(np.array(jax.devices()[:2]), ("batch",))
    axes = (None,) * (len(lead) - 1)
    shared, whole = NamedSharding(mesh, PartitionSpec(*axes, "batch")), NamedSharding(mesh, PartitionSpec())

    def slopes(times, x, w):
        # A plan maps over the steps of a tile.
        mapped = jax.vmap(times, (0, None)) if len(lead) > 1 else times
        return jax.value_and_grad(lambda x, w: jnp.sin(mapped(x, w)).sum(), (0, 1))(x, w)

    step = functools.partial(slopes, functools.partial(product, choice=choice))
    expected = jax.jit(functools.partial(slopes, times))(x, w)
    placed = jax.device_put(x, shared), jax.device_put(w, whole)
    # As the arrays lie, and as the compiled function is told.
    for compiled in (jax.jit(step), jax.jit(step, in_shardings=(shared, whole))):
        text = compiled.lower(*placed).compile().as_text()
        assert "all-gather" not in text and "SpaicEvents" not in text
        assert len(re.findall(r" all-reduce\(", text)) in (1, 2)
        assert_close(compiled(*placed), expected)
    assert product(*placed, choice=choice).sharding.is_equivalent_to(shared, x.ndim)


@compiled
@pytest.mark.skipif(not hasattr(jax, "shard_map"), reason="the installed jax has no jax.shard_map")
@choices
def test_gradients_under_shard_map(choice):
    """The weight gradient is the sum over the devices, which the types of JAX's own products take care of."""
    x, w = layer()
    mesh = Mesh(np.array(jax.devices()[:2]), ("batch",))
    rows, whole = PartitionSpec("batch"), PartitionSpec()
    f = functools.partial(product, choice=choice)
    outside = jax.jit(jax.grad(lambda w: jnp.sin(jax.shard_map(f, mesh=mesh, in_specs=(rows, whole), out_specs=rows)(x, w)).sum()))
    inside = jax.jit(jax.shard_map(jax.grad(lambda w, x: jnp.sin(f(x, w)).sum()), mesh=mesh, in_specs=(whole, rows), out_specs=whole))
    expected = jax.grad(lambda w: jnp.sin(times(x, w)).sum())(w)
    assert_close(outside(w), expected)
    assert_close(inside(w, x), expected)


@compiled
@choices
def test_a_second_device_alone_has_the_kernels_too(choice):
    x, w = (jax.device_put(a, jax.devices()[1]) for a in layer())
    f = functools.partial(product, choice=choice)
    assert "SpaicEvents" in text_of(f, x, w)
    assert f(x, w).devices() == {jax.devices()[1]}
    assert_close(jax.device_get(f(x, w)), jax.device_get(times(x, w)))


@choices
def test_an_exported_function_has_no_kernels(choice):
    x, w = layer()
    exported = export.export(jax.jit(functools.partial(product, choice=choice)))(x, w)
    assert "SpaicEvents" not in exported.mlir_module()
    assert_close(exported.call(x, w), times(x, w))


@compiled
@choices
def test_forward_mode_takes_a_tangent_of_one_operand(choice):
    x, w = layer()
    (dx,) = direction(x)
    assert_close(jax.jvp(lambda x: product(x, w, choice=choice), (x,), (dx,))[1], times(dx, w))
