"""The primitive of products by events: against XLA's products and their derivatives."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from versions import enable_x64

from spaic_jax import native
from spaic_jax._times import times
from spaic_jax.native.products import CROSSOVER, MANY, SMALL, product

compiled = pytest.mark.skipif(not native.available(), reason=native.status())
choices = pytest.mark.parametrize("choice", ["events", "auto"])

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
    x, w = rng.normal(size=(40, 96)) * (rng.random((40, 96)) < 0.1), rng.normal(size=(50, 96))
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
@pytest.mark.parametrize("rows", [MANY - 1, MANY])
def test_the_weights_of_many_rows_are_packed_only_where_events_are_few(rows):
    text = jax.jit(functools.partial(product, choice="auto")).lower(*layer((rows,))).as_text()
    assert (text.index("stablehlo.case") < text.index("SpaicEventsPack")) == (rows >= MANY)


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
