"""The kernels of products by events: against NumPy in float64."""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from processes import in_a_process
from versions import enable_x64

from spaic_jax import native
from spaic_jax.native import kernels

# Shrinking would compile hundreds of kernels; the failing case is printed as it was drawn.
settings.register_profile("kernels", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("kernels")

compiled = pytest.mark.skipif(not native.available(), reason=native.status())
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
    return kernels.product(x, packed, g.shape[1]), kernels.gradient(x, g, transposed=transposed), kernels.density(x), kernels.transpose(g)


def check_kernels(sizes, density, dtypes, seed, transposed):
    """Every kernel on exact numbers: equal to float64 to the bit."""
    (M, K, N), (events, dtype) = sizes, dtypes
    rng = np.random.default_rng(seed)
    x, w, g = sparse(rng, (M, K), density, events), exact(rng, (K, N), dtype), exact(rng, (M, N), dtype)
    wide = x.astype("float64")
    with enable_x64(dtype == "float64"):
        y, slope, share, turned = jax.jit(every_kernel, static_argnums=3)(x, w.T.copy() if transposed else w, g, transposed)
    assert (y.dtype, slope.dtype, share.dtype) == (dtype, dtype, "float32")
    np.testing.assert_array_equal(turned, g.T)
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
        ("Transpose", [(4, 3)], (4, 3), {}, "transpose: sizes do not fit"),
        ("Transpose", [(4, 3)], (12,), {}, "transpose needs matrices of float32 or float64"),
        ("Transpose", [("uint8", 4, 3)], (3, 4), {}, "transpose needs matrices of float32 or float64"),
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
    assert "no memory is left for a product" in printed and printed.endswith(f"{rows}.0\n")
