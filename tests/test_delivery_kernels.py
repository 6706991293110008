"""The kernels of delivery over single synapses: against NumPy in float64."""

import functools

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

compiled = pytest.mark.skipif(not native.available(), reason=native.status())
#: Vectors have 8 or 16 numbers; four rows and more are summed side by side.
ROWS = [0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 33]
DTYPES = [("float32", "float32"), ("float64", "float64"), ("bool", "float32"), ("uint8", "float64")]


def network(rng, pre, post, longest):
    """Posts sorted within rows of any length, also none, and with some pairs more than once; starts."""
    lengths = rng.integers(0, longest + 1, pre) * (rng.random(pre) < 0.8) * (post > 0)
    rows = [np.sort(rng.integers(0, post, n)) for n in lengths]
    return np.concatenate([*rows, []]).astype("int32"), np.concatenate([[0], np.cumsum(lengths)]).astype("int32")


def sparse(rng, shape, density, dtype):
    """Events at random places, of which any sum of products with multiples of 1/16 is exact."""
    value = np.ones(shape) if dtype == "bool" else rng.integers(1, 9, shape)
    return (value * (rng.random(shape) < density)).astype(dtype)


def exact(rng, shape, dtype):
    return (rng.integers(-32, 33, shape) / 16).astype(dtype)


def matrix(weight, post, start, columns):
    """The weights `[pre, post]` in float64; pairs that are there more than once add up."""
    dense = np.zeros((len(start) - 1, columns))
    np.add.at(dense, (np.repeat(np.arange(len(start) - 1), np.diff(start)), post), weight.astype("float64"))
    return dense


@functools.cache
def calls(columns):
    return [jax.jit(f) for f in (lambda *a: kernels.deliver(*a, columns), kernels.deliver_back, kernels.deliver_weight)]


def check(rows, pre, post, longest, density, dtypes, seed):
    """Every kernel on exact numbers: equal to float64 to the bit."""
    rng = np.random.default_rng(seed)
    events, dtype = dtypes
    x, g = sparse(rng, (rows, pre), density, events), exact(rng, (rows, post), dtype)
    to, start = network(rng, pre, post, longest)
    w = exact(rng, to.shape, dtype)
    with enable_x64(dtype == "float64"):
        deliver, back, weight = calls(post)
        made = deliver(x, w, to, start), back(g, w, to, start), weight(x, g, to, start)
    assert {m.dtype for m in made} == {np.dtype(dtype)}
    dense, wide = matrix(w, to, start, post), x.astype("float64")
    of = np.repeat(np.arange(pre), np.diff(start))
    for got, expected in zip(made, (wide @ dense, g @ dense.T, (wide.T @ g)[of, to]), strict=True):
        np.testing.assert_array_equal(got, expected)


drawn = given(
    rows=st.sampled_from(ROWS),
    pre=st.sampled_from([0, 1, 2, 15, 16, 17, 33, 100]),
    post=st.sampled_from([0, 1, 2, 15, 16, 17, 33, 100]),
    longest=st.sampled_from([0, 1, 5, 40]),
    density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    dtypes=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31),
)
# Shrinking would compile hundreds of kernels; the failing case is printed as it was drawn.
phases = [Phase.explicit, Phase.generate]


@compiled
@settings(max_examples=40, derandomize=True, deadline=None, phases=phases)
@drawn
def test_kernels_are_exact_on_random_networks(**drawn):
    check(**drawn)


@compiled
@pytest.mark.slow
@settings(max_examples=1000, deadline=None, phases=phases)
@drawn
def test_kernels_are_exact_on_many_random_networks(**drawn):
    check(**drawn)


@compiled
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("uint8", "float64")], ids=str)
@pytest.mark.parametrize("rows", [1, 3, 40])
def test_kernels_are_exact_where_threads_share_the_work(rows, dtypes):
    check(rows, 3000, 1700, 90, 0.3, dtypes, 1)


def with_ring(ahead, x, weights, place, pre, now, clear):
    """The ring by a loop over rows, events and synapses."""
    after, (_, slots, columns) = ahead.astype("float64"), ahead.shape
    for m in range(x.shape[0]):
        if clear:
            after[m, now - 1] = 0
        for weight, where, source in zip(weights, place.tolist(), pre, strict=True):
            after[m, (now + where // columns) % slots, where % columns] += weight * float(x[m, source])
    return after


@compiled
@pytest.mark.parametrize("dtypes", DTYPES, ids=str)
@pytest.mark.parametrize(
    "rows, pre, post, slots, density", [(1, 20, 30, 5, 0.3), (5, 17, 16, 1, 1.0), (3, 9, 40, 3, 0.0), (0, 5, 6, 2, 1.0), (2, 0, 3, 2, 1.0)]
)
def test_the_ring_is_that_of_a_loop(rows, pre, post, slots, density, dtypes):
    rng, (events, dtype) = np.random.default_rng(3), dtypes
    to, start = network(rng, pre, post, 9)
    w, place = exact(rng, to.shape, dtype), (rng.integers(0, slots, to.shape) * post + to).astype("int32")
    of = np.repeat(np.arange(pre), np.diff(start))
    expected = exact(rng, (rows, slots, post), dtype)
    with enable_x64(dtype == "float64"):
        ahead, ring = jnp.asarray(expected), jax.jit(kernels.ring, static_argnames="clear")
        for step in range(2 * slots + 1):
            x, now, clear = sparse(rng, (rows, pre), density, events), step % slots, step % 3 > 0
            before = ahead
            ahead = ring(ahead, x, w, place, start, jnp.int32(now), clear=clear)
            np.testing.assert_array_equal(before, expected)
            expected = with_ring(expected, x, w, place, of, now, clear)
            assert ahead.dtype == dtype
            np.testing.assert_array_equal(ahead, expected)


@compiled
@pytest.mark.parametrize("rows", [1, 3])
def test_the_ring_is_exact_where_threads_share_the_work(rows):
    rng = np.random.default_rng(7)
    to, start = network(rng, 700, 130, 60)
    w, place = exact(rng, to.shape, "float32"), (rng.integers(0, 4, to.shape) * 130 + to).astype("int32")
    x, ahead = sparse(rng, (rows, 700), 0.9, "float32"), exact(rng, (rows, 4, 130), "float32")
    made = kernels.ring(ahead, x, w, place, start, jnp.int32(2), clear=True)
    of = np.repeat(np.arange(700), np.diff(start))
    np.testing.assert_array_equal(made, with_ring(ahead, x, w, place, of, 2, True))


@compiled
def test_a_loop_changes_the_ring_in_place():
    rng = np.random.default_rng(5)
    to, start = network(rng, 300, 500, 40)
    w, place = exact(rng, to.shape, "float32"), (rng.integers(0, 11, to.shape) * 500 + to).astype("int32")
    x = sparse(rng, (30, 1, 300), 0.1, "float32")

    @jax.jit
    def run(ahead, x):
        def step(ahead, at):
            t, x = at
            now = t % 11
            ahead = kernels.ring(ahead, x, w, place, start, now, clear=True)
            return ahead, jax.lax.dynamic_index_in_dim(ahead, now, axis=1, keepdims=False)

        return jax.lax.scan(step, ahead, (jnp.arange(30, dtype="int32"), x))

    ahead = np.zeros((1, 11, 500), "float32")
    compiled = run.lower(ahead, x).compile()
    body = next(part for part in compiled.as_text().split("\n\n") if "SpaicEventsRing" in part)
    assert not [line for line in body.splitlines() if "f32[1,11,500]" in line.split("(")[0] and " copy" in line]
    made, currents = compiled(ahead, x)
    for t in range(30):
        ahead = with_ring(ahead, x[t], w, place, np.repeat(np.arange(300), np.diff(start)), t % 11, True)
        np.testing.assert_array_equal(currents[t], ahead[:, t % 11])
    np.testing.assert_array_equal(made, ahead)


@compiled
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_not_finite_is_carried_by_events_alone():
    post, start = np.array([0, 1, 1], "int32"), np.array([0, 2, 3], "int32")
    weight, given = np.array([np.inf, np.nan, 3], "float32"), np.array([[1, np.inf]], "float32")
    silent, event = np.array([[0, 2], [-0.0, np.inf]], "float32"), np.array([[1, 0]], "float32")
    np.testing.assert_array_equal(kernels.deliver(silent, weight, post, start, 2), [[0, 6], [0, np.inf]])
    np.testing.assert_array_equal(kernels.deliver(event, weight, post, start, 2), [[np.inf, np.nan]])
    np.testing.assert_array_equal(kernels.deliver_weight(event, given, post, start), [1, np.inf, 0])


F, I = "float32", "int32"


@compiled
@pytest.mark.parametrize(
    "name, operands, results, sentence",
    [
        ("Deliver", [(F, 2, 3), (F, 5), (I, 5), (I, 3)], [(F, 2, 4)], "deliver: sizes do not fit"),
        ("Deliver", [(F, 2, 3), (F, 5), (I, 6), (I, 4)], [(F, 2, 4)], "deliver: sizes do not fit"),
        ("Deliver", [(F, 2, 3), (F, 5), (I, 5), (I, 4)], [(F, 3, 4)], "deliver: sizes do not fit"),
        ("Deliver", [(F, 2, 3), (F, 5), (F, 5), (I, 4)], [(F, 2, 4)], "deliver: sizes do not fit"),
        ("Deliver", [(F, 2, 3), (F, 5), (I, 5), (F, 4)], [(F, 2, 4)], "deliver: sizes do not fit"),
        ("Deliver", [(F, 3), (F, 5), (I, 5), (I, 4)], [(F, 2, 4)], "deliver needs matrices of float32 or float64"),
        ("Deliver", [(I, 2, 3), (F, 5), (I, 5), (I, 4)], [(F, 2, 4)], "deliver needs matrices of float32 or float64"),
        ("Deliver", [(F, 2, 3), ("bfloat16", 5), (I, 5), (I, 4)], [(F, 2, 4)], "deliver needs matrices of float32 or float64"),
        ("DeliverBack", [(F, 2, 4), (F, 5), (I, 5), (I, 3)], [(F, 2, 3)], "deliver_back: sizes do not fit"),
        ("DeliverBack", [("bool", 2, 4), (F, 5), (I, 5), (I, 4)], [(F, 2, 3)], "deliver_back needs matrices of float32 or float64"),
        ("DeliverWeight", [(F, 2, 3), (F, 3, 4), (I, 5), (I, 4)], [(F, 5)], "deliver_weight: sizes do not fit"),
        ("DeliverWeight", [(F, 2, 3), (F, 2, 4), (I, 5), (I, 4)], [(F, 6)], "deliver_weight: sizes do not fit"),
        ("DeliverWeight", [(F, 2, 3), (F, 2), (I, 5), (I, 4)], [(F, 5)], "deliver_weight needs matrices of float32 or float64"),
        ("Ring", [(F, 2, 2, 4), (F, 2, 3), (F, 5), (I, 5), (I, 4), (I,)], [(F, 2, 1, 4)], "ring: sizes do not fit"),
        ("Ring", [(F, 3, 2, 4), (F, 2, 3), (F, 5), (I, 5), (I, 4), (I,)], [(F, 3, 2, 4)], "ring: sizes do not fit"),
        ("Ring", [(F, 2, 2, 4), (F, 2, 3), (F, 5), (I, 4), (I, 4), (I,)], [(F, 2, 2, 4)], "ring: sizes do not fit"),
        ("Ring", [(F, 2, 2, 4), (F, 2, 3), (F, 5), (F, 5), (I, 4), (I,)], [(F, 2, 2, 4)], "ring: sizes do not fit"),
        ("Ring", [(F, 2, 8), (F, 2, 3), (F, 5), (I, 5), (I, 4), (I,)], [(F, 2, 8)], "ring needs a matrix and slots of rows"),
        ("Ring", [(F, 2, 2, 4), (F, 2, 3), (F, 5), (I, 5), (I, 4), (F,)], [(F, 2, 2, 4)], "dtype"),
    ],
)
def test_what_does_not_fit_is_an_error(name, operands, results, sentence):
    results = [jax.ShapeDtypeStruct(shape, dtype) for dtype, *shape in results]
    arrays = [jnp.zeros(shape, dtype) for dtype, *shape in operands]
    with pytest.raises(jax.errors.JaxRuntimeError, match=sentence):
        settings = {"clear": True} if name == "Ring" else {}
        jax.block_until_ready(jax.ffi.ffi_call(f"SpaicEvents{name}", results)(*arrays, **settings))


@compiled
@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize(
    "changed", [{"post": (7, 9)}, {"post": (7, -1)}, {"start": (1, 21)}, {"start": (2, -3)}, {"start": (3, 2**31 - 1)}], ids=str
)
def test_a_table_that_leads_outside_is_an_error(changed, rows):
    table = {"post": np.arange(20, dtype="int32") % 5, "start": np.array([0, 10, 15, 20], "int32")}
    x, w, g = np.ones((rows, 3), F), np.ones(20, F), np.ones((rows, 9), F)
    for name, (place, value) in changed.items():
        table[name][place] = value
    post, start = table.values()
    for call in (
        lambda: kernels.deliver(x, w, post, start, 9),
        lambda: kernels.deliver_back(g, w, post, start),
        lambda: kernels.deliver_weight(x, g, post, start),
        lambda: kernels.ring(np.zeros((rows, 1, 9), F), x, w, post, start, np.int32(0), clear=True),
    ):
        with pytest.raises(jax.errors.JaxRuntimeError, match="are not in rows by presynaptic neuron, or lead to"):
            jax.block_until_ready(call())


@compiled
@pytest.mark.parametrize("place, now", [(2, 0), (-1, 0), (0, 2), (0, -1)])
def test_what_is_beyond_the_ring_is_an_error(place, now):
    start, ring = np.array([0, 1], "int32"), np.zeros((1, 2, 1), F)
    with pytest.raises(jax.errors.JaxRuntimeError, match="not there|no such slot"):
        one = np.ones(1, F)
        jax.block_until_ready(
            kernels.ring(ring, one[None], one, np.full(1, place, "int32"), start, np.int32(now), clear=False)
        )


@compiled
def test_the_bits_do_not_depend_on_the_number_of_threads():
    code = """
        import hashlib, jax, numpy as np
        from spaic_jax import native
        from spaic_jax.native import kernels
        assert native.available()
        rng, made = np.random.default_rng(0), hashlib.sha256()
        for m, pre, post, row, share in [(1, 3000, 4000, 90, 0.2), (3, 900, 700, 80, 0.9), (70, 2500, 777, 20, 0.05), (9, 50, 3, 40, 1)]:
            x = (rng.normal(size=(m, pre)) * (rng.random((m, pre)) < share)).astype("float32")
            to = np.sort(rng.integers(0, post, (pre, row)).astype("int32"), 1).ravel()
            start = np.arange(0, to.size + 1, row, dtype="int32")
            w, g = (rng.normal(size=s).astype("float32") for s in (to.shape, (m, post)))
            place, ahead = (rng.integers(0, 7, to.size) * post + to).astype("int32"), np.ones((m, 7, post), "float32")
            for again in range(2):
                for a in (kernels.deliver(x, w, to, start, post), kernels.deliver_back(g, w, to, start),
                          kernels.deliver_weight(x, g, to, start),
                          kernels.ring(ahead, x, w, place, start, np.int32(3), clear=True)):
                    made.update(np.asarray(a).tobytes())
        print(made.hexdigest())
    """
    # The size of the thread pool of XLA's CPU client.
    assert len({in_a_process(code, NPROC=threads) for threads in ("1", "2", "5")}) == 1
