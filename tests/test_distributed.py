"""Several devices, and several processes, give the numbers of one."""

import functools
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from schedulers import TESTS, slurm, together

import spaic_jax as sj
from spaic_jax import native
from spaic_jax._times import times
from spaic_jax.distributed import Layout
from spaic_jax.native.partition import marked
from spaic_jax.native.products import product


def on_four_devices(*arguments):
    """Runs `many_devices.py`, whose checks end it with an error."""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "PYTHONPATH": str(TESTS.parent)}
    command = [sys.executable, "-W", "error", str(TESTS / "many_devices.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **flags}, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_runs_on_four_devices():
    assert "late events tiled" in on_four_devices("runs", "adaptive,late events", "tiled")


@pytest.mark.parametrize("what", often(["training", "apart", "rules", "rows", "half"], ["training", "apart", "rows"]))
def test_on_four_devices(what):
    assert on_four_devices(what).startswith(what)


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["reference", "tiled", "tiles of 7"])
def test_all_runs_on_four_devices(plan):
    on_four_devices("runs", "adaptive,events,late events,trained delays,maps", plan)


@pytest.mark.slow
def test_trainings_apart_read_their_data_part_by_part():
    on_four_devices("apart", "streamed")


@pytest.mark.slow
def test_all_models_on_four_devices():
    on_four_devices("models")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["models", "training", "rules", "rows", "half", "runs"])
def test_two_processes_of_two_devices_each(what):
    """The same program: what it compares, each of them does."""
    runs = ["adaptive,events,late events,trained delays,maps", "tiled"] if what == "runs" else []
    together(slurm, TESTS / "many_devices.py", what, *runs, devices=2, patience=1500.0)


@pytest.mark.skipif(not native.available(), reason="there are no kernels")
@pytest.mark.parametrize(("axis", "rows", "weights"), [("data", ("data",), ()), ("model", (), ("model",)), ("model", (), (None, "model"))])
def test_kernels_run_on_each_device_for_its_share(axis, rows, weights):
    """Of the samples, of the rows of the weights, or of what these multiply: then all of them add up what they have."""
    random = np.random.default_rng(1)
    x = (random.uniform(size=(3, 64, 96)) < 0.1).astype(np.float32)
    w = random.normal(size=(64, 96)).astype(np.float32)
    on = functools.partial(NamedSharding, layout(axis).mesh)
    placed = jax.device_put(x, on(PartitionSpec(None, *rows))), jax.device_put(w, on(PartitionSpec(*weights)))

    def slopes(multiply, x, w, step):
        return jax.value_and_grad(lambda x, w: jnp.sin(jax.vmap(multiply, (0, None))(x, w)).sum(), (0, 1))(x, w), marked(step)

    by_events = jax.jit(functools.partial(slopes, functools.partial(product, choice="events")))
    step = jax.device_put(jnp.int32(3), on(PartitionSpec()))
    text = by_events.lower(*placed, step).compile().as_text()
    assert "SpaicEvents" in text and "all-gather" not in text
    made, needed = by_events(*placed, step), jax.jit(functools.partial(slopes, times))(x, w, jnp.int32(3))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), made, needed)


def layout(*axes, **rules):
    return Layout(Mesh(np.array(jax.devices()[:2]).reshape(2, *[1] * (len(axes) - 1)), axes), **rules)


def test_what_an_axis_counts_says_where_it_lies():
    weight = sj.Variable("w", (4, 3), role="parameter", dims=("post", "pre"))
    assert tuple(layout("data").spec(weight)) == (None, None)
    assert tuple(layout("model").spec(weight)) == ("model", None)
    assert tuple(layout("model").spec(sj.Variable("w", (3, 4), role="parameter", dims=("post", "pre")))) == (None, None)
    assert tuple(layout("x", rules=(("pre", "x"),)).spec(sj.Variable("w", (3, 4), role="parameter", dims=("post", "pre")))) == (None, "x")
    assert tuple(layout("data").spec(sj.Variable("V", (4,), dims=("post",)))) == ("data", None)
    assert layout("model").shares == 1 and layout("data", "model").shares == 2


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: layout("x"), ValueError, "the mesh has an axis 'x', but the rules share out over 'data' and 'model' only"),
        (lambda: Layout(jax.devices()), TypeError, "a jax.sharding.Mesh is needed, not list"),
        (lambda: sj.Variable("w", (4, 3), dims=("post",)), ValueError, "dims must name each axis of \\(4, 3\\)"),
        (lambda: sj.Variable("w", (4,), dims=("rows",)), ValueError, "not \\('rows',\\)"),
    ],
)
def test_what_does_not_fit_is_said(make, kind, sentence):
    with pytest.raises(kind, match=sentence):
        make()


def test_a_batch_that_cannot_be_shared_out_is_an_error_with_both_numbers(key):
    with sj.Network() as net:
        image = sj.Encoder(num=2)
        layer = sj.NeuronGroup(2, model="lif")
        net.synapses = sj.Connection(image, layer)
    sim = sj.build(net, dt=1.0)
    with pytest.raises(ValueError, match="a batch of 3 cannot be shared out evenly over the 2 devices of the axis 'data'"):
        sj.place(sim, sim.init(key, 3), layout("data").mesh)


@pytest.fixture
def sim():
    with sj.Network() as net:
        image = sj.Encoder(num=64, coding_method="poisson")
        layer = sj.NeuronGroup(16, model="lif")
        net.synapses = sj.Connection(image, layer, w_mean=0.1, w_std=0.2)
        net.counts = sj.Decoder(dec_target=layer)
    return sj.build(net, dt=1.0)


def test_what_is_made_anew_lies_where_the_rest_does(sim, key):
    old = sim.run(sim.init(key, 4, layout("data").mesh), {"image": np.full((4, 64), 0.3, np.float32)}, key, 5).variables
    for new in (sim.restart(old), sim.restart(old, batch_size=6), sim.set(old, {"layer.V": 0.5, "synapses.weight": 0.1})):
        assert jax.tree.map(lambda x: x.sharding, new) == jax.tree.map(lambda x: x.sharding, old)
    np.testing.assert_array_equal(new["layer.V"], np.full((4, 16), 0.5, np.float32))
    with pytest.raises(ValueError, match="a batch of 3 cannot be shared out evenly over the 2 devices that the variables lie on"):
        sim.restart(old, batch_size=3)


def test_several_networks_under_vmap_share_out_their_batches(sim, key):
    image = np.full((4, 64), 0.3, np.float32)
    one = jax.vmap(lambda key: sim.init(key, 4))(jax.random.split(key, 3))
    at = [NamedSharding(layout("data").mesh, PartitionSpec(*spec)) for spec in ((), (None, "data"))]
    many = jax.tree.map(lambda x, batched: jax.device_put(x, at[batched]), one, sim.batched)
    needed, found = (jax.vmap(lambda variables: sim.run(variables, {"image": image}, key, 20).outputs["counts"])(v) for v in (one, many))
    assert float(needed.sum()) > 0 and tuple(found.sharding.spec) == (None, "data")
    np.testing.assert_array_equal(found, needed)


def test_a_cost_model_counts_what_one_device_has(key):
    with sj.Network() as net:
        image = sj.Encoder(num=2048)
        layer = sj.NeuronGroup(2048, model="lif")
        net.synapses = sj.Connection(image, layer)
    sim = sj.build(net, dt=1.0)
    where = layout("data").where
    assert (where.platform, where.shares) == (jax.default_backend(), 2)
    stages = sim.plan.stages(sim.program, frozenset({"image"}))
    one, many = (plan.tile_length(sim.program, stages, 1000, batch) for plan, batch in ((sim.plan, 32), (sim.plan.at(where), 64)))
    assert one == many != sim.plan.tile_length(sim.program, stages, 1000, 64)
