"""Convolutions by events: against loops over the weights in float64, and against XLA's convolutions and their derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from processes import in_a_process
from versions import enable_x64

import spaic_jax as sj
from spaic_jax import native
from spaic_jax._times import convolve
from spaic_jax.native.convolution import CROSSOVER, SMALL, Window, _ways, convolution
from spaic_jax.plan.products import choice_in

# Shrinking would compile hundreds of kernels; the failing case is printed as it was drawn.
several = functools.partial(settings, deadline=None, phases=[Phase.explicit, Phase.generate])
compiled = pytest.mark.skipif(not native.available(), reason=native.status())
PLAIN = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}


def patches(x, size, window):
    """What of maps each weight `(i, j)` meets: views `[M, C, height, width]` of `x`, which has its padding."""
    (sy, sx), (dy, dx) = window["stride"], window["dilation"]
    height, width = ((n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(x.shape[2:], (dy, dx), size, (sy, sx), strict=True))
    for i in range(size[0]):
        for j in range(size[1]):
            yield (i, j), x[:, :, i * dy : i * dy + (height - 1) * sy + 1 : sy, j * dx : j * dx + (width - 1) * sx + 1 : sx]


def loops(x, kernel, g, window):
    """The convolution, the gradient of the maps and that of the kernel, for a gradient `g` of the maps given."""
    (py, px) = window["padding"]
    x = np.pad(np.asarray(x, "float64"), ((0, 0), (0, 0), (py, py), (px, px)))
    kernel, g = np.asarray(kernel, "float64"), np.asarray(g, "float64")
    y, back, slope = np.zeros(g.shape), np.zeros(x.shape), np.zeros(kernel.shape)
    for ((i, j), seen), (_, met) in zip(patches(x, kernel.shape[2:], window), patches(back, kernel.shape[2:], window), strict=True):
        y += np.einsum("mchw,oc->mohw", seen, kernel[:, :, i, j])
        met += np.einsum("mohw,oc->mchw", g, kernel[:, :, i, j])
        slope[:, :, i, j] = np.einsum("mohw,mchw->oc", g, seen)
    return y, back[:, :, py : x.shape[2] - py, px : x.shape[3] - px], slope


def sparse(rng, shape, density, dtype="float32"):
    """Events at random places; multiples of 1/4, whose sums of products with multiples of 1/16 float32 holds exactly."""
    return jnp.asarray((rng.integers(-8, 9, shape) / 4 * (rng.random(shape) < density)).astype(dtype))


def exact(rng, shape, dtype="float32"):
    return jnp.asarray((rng.integers(-32, 33, shape) / 16).astype(dtype))


def check(rows, channels, kernel, window, room, density, dtype, seed):
    """All three maps, and the kernel's gradient from the events of either side: equal to float64 to the bit."""
    rng = np.random.default_rng(seed)
    spans = [d * (k - 1) + 1 for d, k in zip(window["dilation"], kernel, strict=True)]
    size = [max(1, span - 2 * p) + more for span, p, more in zip(spans, window["padding"], room, strict=True)]
    with enable_x64(dtype == "float64"):
        x, w = sparse(rng, (rows, channels[0], *size), density, dtype), exact(rng, (channels[1], channels[0], *kernel), dtype)
        f = functools.partial(convolution, **window, choice="events")
        g = sparse(rng, jax.eval_shape(f, x, w).shape, density, dtype)

        @jax.jit
        def maps(x, w, g):
            y, pull = jax.vjp(f, x, w)
            places = {name: window[name] for name in ("stride", "padding", "dilation")}
            ways, _ = _ways(g, x, gives="weight", choice="events", precision=None, window=Window(**places, maps=x.shape[2:], kernel=kernel))
            return y, *pull(g), *(way() for *_, way in ways)

        made = maps(x, w, g)
    y, back, slope = loops(x, w, g, window)
    for got, expected in zip(made, (y, back, *[slope] * 3), strict=True):
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, expected)


pairs = functools.partial(lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high)))
drawn = given(
    rows=st.integers(1, 5),
    channels=st.tuples(st.integers(1, 6), st.integers(1, 6)) | st.tuples(st.sampled_from([1, 15, 17, 70]), st.sampled_from([8, 16, 33, 64, 130])),
    kernel=pairs(1, 5),
    window=st.fixed_dictionaries({"stride": pairs(1, 4), "padding": pairs(0, 4), "dilation": pairs(1, 4), "groups": st.just(1)}),
    room=pairs(0, 20),
    density=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**31),
)


@compiled
@several(max_examples=12, derandomize=True)
@drawn
def test_random_shapes_are_exact(**case):
    check(**case)


@compiled
@pytest.mark.slow
@several(max_examples=400)
@drawn
def test_many_random_shapes_are_exact(**case):
    check(**case)


@compiled
@pytest.mark.parametrize(
    ("rows", "channels", "kernel", "room"),
    # More parts of the rows than chunks, maps of more than a block of channels and of more than the cache holds of one.
    [(75, (2, 12), (5, 5), (9, 9)), (3, (4, 200), (3, 3), (20, 20)), (2, (1, 40), (3, 2), (150, 90))],
    ids=str,
)
def test_parts_are_exact(rows, channels, kernel, room):
    check(rows, channels, kernel, {**PLAIN, "padding": (1, 0)}, room, 0.05, "float32", 0)


def layer(rows=(6,), channels=(2, 12), size=(23, 19), kernel=(3, 5), density=0.05, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(*rows, channels[0], *size)) * (rng.random((*rows, channels[0], *size)) < density)
    w = rng.normal(size=(channels[1], channels[0], *kernel)) / np.sqrt(channels[0] * np.prod(kernel))
    return jnp.asarray(x.astype("float32")), jnp.asarray(w.astype("float32"))


WINDOW = {**PLAIN, "stride": (2, 1), "padding": (1, 2)}
events, dense = functools.partial(convolution, **WINDOW, choice="events"), functools.partial(convolve, **WINDOW)


def by(choice, **window):
    return functools.partial(convolution, **{**WINDOW, **window}, choice=choice)


def assert_close(got, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-5 * max(1.0, float(jnp.abs(b).max(initial=0)))), got, expected)


def text_of(function, *arguments):
    return jax.jit(function).lower(*arguments).compile().as_text()


@compiled
def test_what_is_not_finite_is_carried_by_events_alone():
    x, w = jnp.zeros((1, 1, 40, 40)).at[0, 0, 3, 4].set(2.0), jnp.full((2, 1, 3, 3), jnp.inf).at[1].set(jnp.nan)
    y = by("events", stride=(1, 1), padding=(1, 1))(x, w)
    met = np.zeros((40, 40), bool)
    met[2:5, 3:6] = True
    np.testing.assert_array_equal(y[0], np.where(met, np.array([np.inf, np.nan])[:, None, None], 0))
    slope = jax.vjp(lambda w: by("events", stride=(1, 1), padding=(1, 1))(x, w), w)[1](jnp.full(y.shape, jnp.inf))[0]
    np.testing.assert_array_equal(slope, np.full(w.shape, np.inf))
    # As a dense convolution has it, which is what "auto" gives where the events are many.
    full = jnp.ones(x.shape).at[0, 0, 0, 0].set(0)
    y = jax.jit(by("auto", stride=(1, 1), padding=(1, 1)))(full, w)
    np.testing.assert_array_equal(y, convolve(full, w, **{**PLAIN, "padding": (1, 1)}))
    assert np.isnan(y[0, 0, 0, 0])


@compiled
@pytest.mark.parametrize(
    ("taken", "given", "odd", "way"), [(0.02, 1.0, "given", "events"), (1.0, 0.02, "taken", "events"), (1.0, 1.0, "given", "dense")]
)
def test_the_side_with_few_events_is_found_when_it_runs(taken, given, odd, way):
    """By what zero times infinity is: zero where the side of the zero has the events."""
    x, w = layer(density=taken)
    size = jax.eval_shape(dense, x, w).shape
    g = layer(size[:1], (size[1], 1), size[2:], density=given, seed=1)[0]
    # The first number of a map given meets none but zeros of the map taken, and the other way about.
    x, g = (x.at[0, :, :2, :3].set(0), g.at[0, 0, 0, 0].set(jnp.inf)) if odd == "given" else (x.at[0, 0, 0, 0].set(jnp.inf), g.at[0, :, 0, :3].set(0))
    slope = jax.jit(lambda x, w, g: jax.vjp(lambda w: by("auto")(x, w), w)[1](g)[0])(x, w, g)
    assert np.prod(size) * w[0].size > SMALL and 0.03 < min(CROSSOVER.values()) <= max(CROSSOVER.values()) < 0.9
    assert np.isfinite(slope).all() == (way == "events")
    if way == "events":
        finite = (jnp.where(jnp.isinf(a), 0, a) for a in (x, g))
        assert_close(slope, jax.jit(lambda x, g: jax.vjp(lambda w: dense(x, w), w)[1](g)[0])(*finite))


def scalar(f, x, w):
    """Not linear in either, with a gradient of the maps given that is mostly zero."""
    return (jax.nn.relu(f(x, w) - 0.3) ** 3).sum() + (x**2).sum() * (w**3).sum()


def direction(*arrays):
    return tuple(jnp.cos(jnp.arange(a.size, dtype=a.dtype)).reshape(a.shape) for a in arrays)


DERIVATIVES = {
    "forward": lambda f, *a: jax.jvp(f, a, direction(*a)),
    "reverse": lambda f, *a: jax.vjp(f, *a)[1](direction(f(*a))[0]),
    "checkpoint": lambda f, *a: jax.vjp(jax.checkpoint(f), *a)[1](direction(f(*a))[0]),
    "gradient along a gradient": lambda f, *a: jax.jvp(jax.grad(functools.partial(scalar, f), (0, 1)), a, direction(*a)),
    "gradient of a gradient": lambda f, *a: jax.grad(
        lambda *a: sum((g**2).sum() for g in jax.grad(functools.partial(scalar, f), (0, 1))(*a)), (0, 1)
    )(*a),
}


@compiled
@pytest.mark.parametrize(("rows", "choice"), [((2, 3), "events"), ((), "auto")], ids=str)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name, rows, choice):
    x, w = layer(rows)
    ways = [jax.jit(functools.partial(DERIVATIVES[name], f)) for f in (by(choice), dense)]
    assert_close(*(way(x, w) for way in ways))
    assert "SpaicEventsScatter" in ways[0].lower(x, w).as_text()


@compiled
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize("axes", [(0, None), (1, None), (None, 0), (0, 0), (2, 1)], ids=str)
def test_maps_over_rows_kernels_and_both(axes, gradient):
    x, w = layer((3, 5) if axes[0] is not None else (5,))
    x = x if axes[0] is None else jnp.moveaxis(x, 0, axes[0])
    w = w if axes[1] is None else jnp.stack([w, -w, w * w], axes[1])
    ways = [jax.grad(lambda x, w, f=f: (f(x, w) ** 2).sum(), (0, 1)) if gradient else f for f in (events, dense)]
    assert_close(*(jax.jit(jax.vmap(way, axes))(x, w) for way in ways))


@compiled
def test_a_map_over_rows_is_one_convolution_and_a_map_over_kernels_is_dense():
    x, w = layer((3, 5))
    assert "f32[15,12," in text_of(jax.vmap(events, (0, None)), x, w) and "SpaicEvents" in text_of(jax.vmap(events, (0, None)), x, w)
    assert "SpaicEvents" not in text_of(jax.vmap(events, (None, 0)), x[0], jnp.stack([w, w]))


@compiled
def test_what_has_no_kernel_is_dense():
    x, w = layer(channels=(4, 6))
    half = x.astype("bfloat16"), w.astype("bfloat16")
    cases = [("events", 2, (x, w[:, :2])), ("events", 1, half), ("events", 1, (x[:0], w)), ("auto", 1, (x[:1, :, :4, :4], w))]
    for choice, groups, operands in cases:
        expected = jax.jit(functools.partial(convolve, **{**WINDOW, "groups": groups}))(*operands)
        np.testing.assert_array_equal(jax.jit(by(choice, groups=groups))(*operands), expected)
        assert "SpaicEvents" not in text_of(by(choice, groups=groups), *operands)


@compiled
def test_over_several_devices_it_is_dense_and_gathers_nothing():
    x, w = layer((6,))
    mesh = Mesh(np.array(jax.devices()[:2]), ("batch",))
    on = functools.partial(NamedSharding, mesh)
    placed = jax.device_put(x, on(PartitionSpec("batch"))), jax.device_put(w, on(PartitionSpec()))
    made = jax.jit(events)(*placed)
    assert_close(made, dense(x, w))
    text = text_of(events, *placed)
    assert "SpaicEvents" not in text and "all-gather" not in text and made.sharding.spec == PartitionSpec("batch")


@compiled
@pytest.mark.parametrize(
    ("packed", "given", "window", "sentence"),
    [
        ((1, 2, 3, 3, 16), (4, 12, 5), (1, 1, 0, 0, 1, 1), "wrong ranks"),
        ((1, 2, 3, 3, 16), (4, 12, 5, 5), (1, 1, 0, 0, 1), "wrong ranks"),
        ((1, 2, 3, 3, 16), (4, 12, 5, 5), (1, 0, 0, 0, 1, 1), "must be positive"),
        ((1, 3, 3, 3, 16), (4, 12, 5, 5), (1, 1, 0, 0, 1, 1), "sizes do not fit"),
        ((1, 2, 3, 3, 16), (4, 17, 5, 5), (1, 1, 0, 0, 1, 1), "sizes do not fit"),
        ((1, 2, 3, 3, 15), (4, 12, 5, 5), (1, 1, 0, 0, 1, 1), "sizes do not fit"),
        ((1, 2, 3, 3, 16), (5, 12, 5, 5), (1, 1, 0, 0, 1, 1), "sizes do not fit"),
    ],
)
def test_what_does_not_fit_is_an_error(packed, given, window, sentence):
    x, packed, given = jnp.ones((4, 2, 7, 7)), jnp.ones(packed), jnp.ones(given)
    call = {"window": np.array(window), "transposed": False}
    with pytest.raises(jax.errors.JaxRuntimeError, match=sentence):
        jax.ffi.ffi_call("SpaicEventsScatter", jax.ShapeDtypeStruct(given.shape, "float32"))(x, packed, **call).block_until_ready()
    with pytest.raises(jax.errors.JaxRuntimeError, match=sentence):
        jax.ffi.ffi_call("SpaicEventsGather", jax.ShapeDtypeStruct(packed.shape, "float32"))(x, given, **call).block_until_ready()


@compiled
def test_the_bits_do_not_depend_on_the_number_of_threads():
    code = """
        import functools, hashlib, jax, numpy as np
        from spaic_jax import native
        from spaic_jax.native.convolution import convolution
        assert native.available()
        f = functools.partial(convolution, stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1, choice="events")
        rng, made = np.random.default_rng(0), hashlib.sha256()
        for M, C, H, W, N in [(1, 2, 30, 30, 12), (3, 20, 9, 8, 100), (70, 2, 34, 34, 20)]:
            x = (rng.normal(size=(M, C, H, W)) * (rng.random((M, C, H, W)) < 0.15)).astype("float32")
            w, g = (rng.normal(size=s).astype("float32") for s in ((N, C, 3, 3), (M, N, H, W)))
            y, pull = jax.vjp(f, x, w)
            for a in y, *pull(g):
                made.update(np.asarray(a).tobytes())
        print(made.hexdigest())
    """
    # The size of the thread pool of XLA's CPU client.
    printed = set()
    for threads in ("1", "2", "5"):
        printed.add(in_a_process(code, NPROC=threads))
    assert len(printed) == 1


def network():
    """Two layers of convolutions of spikes, and one that reads them out; their sums are exact, so that no order flips a spike."""
    rng = np.random.default_rng(1)
    net = sj.Network()
    net.x = sj.Encoder(shape=(2, 12, 12), coding_method="null")
    net.a = sj.NeuronGroup(shape=(12, 6, 6), model="lif")
    net.b = sj.NeuronGroup(shape=(8, 6, 6), model="lif")
    net.c = sj.NeuronGroup(5, model="lif")
    net.xa = sj.Connection(net.x, net.a, "conv", kernel_size=4, stride=2, padding=1, weight=np.asarray(exact(rng, (12, 2, 4, 4))))
    net.ab = sj.Connection(net.a, net.b, "conv", padding="same", weight=np.asarray(exact(rng, (8, 12, 3, 3))), bias=np.full(8, 0.25, np.float32))
    net.bc = sj.Connection(net.b, net.c, "full", weight=np.asarray(exact(rng, (5, 288))))
    net.out = sj.Decoder(dec_target=net.c)
    return net


@compiled
@pytest.mark.parametrize(("tile", "products"), [(None, "auto"), (7, "events")])
def test_plans_are_equal(tile, products):
    x = np.asarray(sparse(np.random.default_rng(0), (16, 3, 2, 12, 12), 0.1))

    def trained(plan):
        sim = sj.build(network(), dt=1.0, plan=plan)
        variables = sim.init(jax.random.key(0), 3)

        @jax.jit
        def slope(params):
            return jax.value_and_grad(lambda params: (sim.run(variables.with_params(params), {"x": x}).outputs["out"] ** 2).mean())(params)

        return sim, *slope(variables.params)

    sim, loss, slopes = trained(sj.Tiled(tile, products=products))
    _, expected, wanted = trained(sj.Reference())
    assert loss == expected > 0
    assert wanted.keys() >= {"xa.weight", "ab.weight", "ab.bias"} and all(jnp.abs(s).max() > 0 for s in wanted.values())
    assert_close(slopes, wanted)
    chosen = {op.name: choice_in(op) for stage in sim.plan.stages(sim.program, frozenset({"x"})) for op in (*stage.ops, *stage.heavy)}
    assert chosen["xa"] == chosen["ab"] == products


@compiled
def test_a_kernel_that_a_rule_moves_stays_dense():
    net = network()
    net.r = sj.Learner(net.xa, algorithm="full_online_stdp")
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(products="events")).train()
    ops = {op.name: choice_in(op) for stage in sim.plan.stages(sim.program, frozenset({"x"})) for op in (*stage.ops, *stage.heavy)}
    assert ops["xa"] is None and ops["ab"] == "events"
