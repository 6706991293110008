"""Variable services: get, set, bounds, fresh starts, dtypes, snapshots and devices."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable
from spaic_jax.program import Constant, ProgramError, Uniform
from spaic_jax.storage import load_variables, save_variables


def bounded(**connection):
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="constant_current")
    net.a = sj.NeuronGroup(2, model="lif", parameter_variables=["tau_m"], varible_ranges={"tau_m": (1.0, None)})
    net.w = sj.Connection(net.x, net.a, w_min=0.0, w_max=0.5, **connection)
    net.out = sj.Decoder(dec_target=net.a, coding_method="final_step_voltage")
    return sj.build(net, dt=1.0)


def staying(**changes):
    """V forgets, and the threshold `theta` stays over runs."""
    rows = {
        "variables": (
            Variable("x", (2,), role="input"),
            Variable("V", (2,), init=Constant(0.25)),
            Variable("theta", (2,), init=Constant(1.0), stay=True),
        ),
        "ops": (("V", "add", "V", "x"), ("theta", "add", "theta", "x")),
        "records": (Record("V", "V"),),
        "dt": 1.0,
    }
    return sj.build(Program(**{**rows, **changes}))


def test_get_and_set_by_name(key):
    sim = bounded()
    variables = sim.init(key, 4)
    v = np.arange(8, dtype=np.float32).reshape(4, 2)
    new = sim.set(variables, {"a.V": v, "w.weight": np.full((2, 3), 0.25), "a.v_th": 2.0})
    np.testing.assert_array_equal(new["a.V"], v)
    assert new["w.weight"].dtype == jnp.float32 and float(new["a.v_th"]) == 2.0
    assert float(variables["a.v_th"]) == 1.0
    under_jit = jax.jit(lambda v: sim.set(variables, {"a.V": v})["a.V"])(v)
    np.testing.assert_array_equal(under_jit, v)


def test_a_number_fills_a_variable_and_a_sample_is_that_of_all(key):
    sim = bounded()
    variables = sim.init(key, 4)
    new = sim.set(variables, {"a.V": -60, "w.weight": np.float64(0.25)})
    assert new["a.V"].dtype == new["w.weight"].dtype == jnp.float32 and new["w.weight"].shape == (2, 3)
    np.testing.assert_array_equal(new["a.V"], np.full((4, 2), -60.0))
    assert (new["w.weight"] == 0.25).all()
    np.testing.assert_array_equal(sim.set(variables, {"a.V": [1.0, 2.0]})["a.V"], [[1.0, 2.0]] * 4)
    traced = jax.jit(lambda v: sim.set(variables, {"a.V": v})["a.V"])
    np.testing.assert_array_equal(traced(jnp.array([1.0, 2.0])), [[1.0, 2.0]] * 4)
    np.testing.assert_array_equal(traced(jnp.float32(3.0)), np.full((4, 2), 3.0))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"a.W": 1.0}, "unknown variable 'a.W'"),
        ({"x": np.zeros((4, 3))}, "unknown variable 'x'"),
        ({"a.V": np.zeros((4,))}, r"state 'a.V' was given an array of shape \(4,\), but needs \[B=4, 2\]"),
        ({"a.V": np.zeros((1, 2))}, r"state 'a.V' was given an array of shape \(1, 2\), but needs \[B=4, 2\]"),
        ({"w.weight": 0.75}, "from 0.75 to 0.75, but must lie within 0.0 and 0.5"),
        ({"a.V": "high"}, "was given <U4, but holds float32"),
        ({"w.weight": np.zeros((3, 2))}, r"parameter 'w.weight' was given an array of shape \(3, 2\), but needs \[2, 3\]"),
        ({"a.V": np.zeros((4, 2), np.complex64)}, "was given complex64, but holds float32"),
        ({"w.weight": np.full((2, 3), 0.75)}, "from 0.75 to 0.75, but must lie within 0.0 and 0.5"),
        ({"a.tau_m": 0.5}, "must lie within 1.0 and inf"),
        ({"a.tau_m": float("nan")}, "must lie within 1.0 and inf"),
    ],
)
def test_what_does_not_fit_is_refused(values, sentence, key):
    sim = bounded()
    with pytest.raises(ValueError, match=sentence):
        sim.set(sim.init(key, 4), values)


def test_getting_an_unknown_name_names_the_nearest(key):
    with pytest.raises(KeyError, match="did you mean 'a.V'"):
        bounded().init(key)["a.v"]


def test_projection_keeps_an_optax_step_within_bounds(key):
    sim = bounded(weight=[[0.1, 0.2, 0.3], [0.4, 0.5, 0.0]])
    variables = sim.init(key)
    optimizer = optax.sgd(10.0)

    def loss(params):
        result = sim.run(variables.with_params(params), {"x": jnp.ones((1, 3))}, steps=5)
        return result.outputs["out"].sum()

    with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
        updates, _ = optimizer.update(jax.grad(loss)(variables.params), optimizer.init(variables.params))
        stepped = optax.apply_updates(variables.params, updates)
    projected = sim.project(stepped)
    assert float(stepped["w.weight"].min()) < 0
    np.testing.assert_array_equal(projected["w.weight"], np.clip(stepped["w.weight"], 0.0, 0.5))
    assert float(projected["a.tau_m"]) >= 1.0


@pytest.mark.parametrize("tile", [None, 2])
def test_a_fresh_start_keeps_what_stays(tile, key):
    sim = staying()
    x = np.ones((3, 4, 2), np.float32)
    after = sim.run(sim.init(key, 4), {"x": x}).variables
    again = sim.restart(after)
    np.testing.assert_array_equal(again["V"], 0.25)
    np.testing.assert_array_equal(again["theta"], 4.0)
    assert int(again.step) == 0 and int(after.step) == 3
    smaller = sim.restart(after, batch_size=1)
    assert smaller["theta"].shape == smaller["V"].shape == (1, 2)
    continued = sim.run(after, {"x": x}).variables
    np.testing.assert_array_equal(continued["V"], 6.25)


def test_a_state_that_stays_and_differs_cannot_change_batch(key):
    sim = staying()
    x = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
    after = sim.run(sim.init(key, 3), {"x": x}).variables
    with pytest.raises(ValueError, match="state 'theta' stays, but differs between the 3 samples"):
        sim.restart(after, batch_size=2)


def test_a_drawn_state_needs_a_key(key):
    sim = staying(variables=(*staying().program.variables[::2], Variable("V", (2,), init=Uniform())))
    variables = sim.init(key)
    with pytest.raises(ValueError, match="first value of 'V' is drawn"):
        sim.restart(variables)
    np.testing.assert_array_equal(sim.restart(variables, key)["V"], variables["V"])


def test_only_a_state_can_stay():
    with pytest.raises(ValueError, match="only a state can stay, not a parameter"):
        Variable("w", role="parameter", stay=True)


def test_detached_state_stops_the_gradient(key):
    sim = bounded(weight=[[0.1, 0.1, 0.1], [0.1, 0.1, 0.0]])
    variables, x = sim.init(key), {"x": jnp.ones((1, 3))}

    def loss(params, cut):
        first = sim.run(variables.with_params(params), x, steps=2).variables
        return sim.run(first.detach() if cut else first, x, steps=1).outputs["out"].sum()

    whole, cut = (jax.grad(loss)(variables.params, c)["w.weight"] for c in (False, True))
    np.testing.assert_allclose(cut, np.ones((2, 3)), rtol=1e-6)
    assert float(whole.min()) > 2.0


@pytest.mark.parametrize("reference", [True, False])
def test_another_dtype(reference, key):
    plain = bounded(weight=[[0.5, 0.25, 0.0], [0.0, 0.5, 0.25]])
    program = plain.program.astype("bfloat16")
    sim = sj.build(program, plan=sj.Reference() if reference else sj.Tiled())
    variables = plain.init(key).astype("bfloat16")
    result = sim.run(variables, {"x": np.full((1, 3), 0.5)}, steps=3)
    assert result.outputs["out"].dtype == result.variables["a.V"].dtype == jnp.bfloat16
    expected = plain.run(plain.init(key), {"x": np.full((1, 3), 0.5)}, steps=3).outputs["out"]
    np.testing.assert_allclose(result.outputs["out"].astype(jnp.float32), expected, rtol=0.03)
    with pytest.raises(ProgramError, match="float64, which needs"):
        plain.program.astype("float64")
    with pytest.raises(ValueError, match="floating dtype"):
        plain.program.astype("int32")


def test_float64_under_x64(key):
    with jax.enable_x64(True):
        sim = sj.build(bounded().program.astype("float64"))
        result = sim.run(sim.init(key), {"x": np.full((1, 3), 0.5)}, steps=3)
        assert result.outputs["out"].dtype == jnp.float64


def test_initial_rows_run_once_and_at_every_fresh_start(key):
    sim = staying(initial_ops=(("twice", "add", "theta", "theta"), ("V", "add", "twice", "V")))
    variables = sim.init(key, 2)
    np.testing.assert_array_equal(variables["V"], 2.25)
    after = sim.run(variables, {"x": np.ones((1, 2, 2), np.float32)}).variables
    np.testing.assert_array_equal(after["V"], 3.25)
    np.testing.assert_array_equal(sim.restart(after)["V"], 4.25)
    assert "initially twice = add(theta, theta)" in str(sim.program)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("V", "add", "V", "W"), "initial row 1, op 'V' .*unknown variable 'W'"),
        (("V", "add", "V", "x"), "unknown variable 'x'"),
        (("V", "assign", "V[updated]"), r"unknown variable 'V\[updated\]'"),
        (("V", "reduce_sum", "V"), r"writes 'V' as float32\[B\], but needs float32\[B,2\]"),
    ],
)
def test_initial_rows_are_checked(row, sentence):
    with pytest.raises(ProgramError, match=sentence):
        staying(initial_ops=(row,))


def test_snapshots_come_back(key, tmp_path):
    sim = staying()
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    middle = sim.run(sim.init(key, 3), {"x": x}).variables
    save_variables(tmp_path / "s.safetensors", sim, middle)
    loaded = load_variables(tmp_path / "s.safetensors", staying())
    jax.tree.map(np.testing.assert_array_equal, loaded, middle)
    jax.tree.map(
        np.testing.assert_array_equal, sim.run(loaded, {"x": x}).variables, sim.run(middle, {"x": x}).variables
    )
    wider = dataclasses.replace(
        sim.program, variables=tuple(dataclasses.replace(v, shape=(3,)) for v in sim.program.variables)
    )
    with pytest.raises(ValueError, match=r"holds 'V' as float32 of shape \(3, 2\), but float32 of shape \(3, 3\) is needed"):
        load_variables(tmp_path / "s.safetensors", sj.build(wider))
    with pytest.raises(ValueError, match="is of another network"):
        load_variables(tmp_path / "s.safetensors", sj.build(dataclasses.replace(sim.program, dt=2.0)))
    (tmp_path / "s.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(ValueError, match=r"s.safetensors"):
        load_variables(tmp_path / "s.safetensors", sim)


def test_a_run_takes_place_where_its_variables_are(key):
    device = jax.devices()[1]
    sim = bounded()
    variables = jax.device_put(sim.init(key), device)
    result = sim.run(variables, {"x": jax.device_put(jnp.ones((1, 3)), device)}, steps=2)
    assert result.outputs["out"].devices() == result.variables["a.V"].devices() == {device}


def test_a_sparse_weight_is_two_variables(key):
    rng = np.random.default_rng(3)
    dense = np.where(rng.random((4, 3)) < 0.5, rng.normal(size=(4, 3)), 0).astype(np.float32)
    where = np.stack(np.nonzero(dense)).astype(np.int32)
    indices = Variable("index", where.shape, "int32", "constant", init=sj.program.Given(where))
    values = Variable("value", where.shape[1:], role="parameter", init=sj.program.Given(dense[tuple(where)]))

    def product(index, value, x):
        return sj.ops.sparse_mat_mult_weight(index, value, x, shape=(4, 3))

    def filled(index, value):
        return sj.ops.sparse_to_dense(index, value, shape=(4, 3))

    program = Program(
        variables=(Variable("x", (3,), role="input"), indices, values),
        ops=(("y", product, "index", "value", "x"), ("W", filled, "index", "value"), ("z", "mat_mult_weight", "x", "W")),
        records=(Record("y", "y"), Record("z", "z")),
        dt=1.0,
    )
    sim = sj.build(program)
    x = rng.normal(size=(5, 2, 3)).astype(np.float32)
    variables = sim.init(key, 2)
    probes = sim.run(variables, {"x": x}).probes
    np.testing.assert_allclose(probes["y"], x @ dense.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probes["z"], probes["y"], rtol=1e-5, atol=1e-6)
    slope = jax.grad(lambda p: sim.run(variables.with_params(p), {"x": x}).probes["y"].sum())(variables.params)
    np.testing.assert_allclose(slope["value"], np.broadcast_to(x.sum((0, 1)), (4, 3))[tuple(where)], rtol=1e-5)


def test_writing_and_reading_keep_ops_by_name():
    assert Op("V", "add", ("V", "x")) == staying().program.ops[0]


WITH_BOUNDS = {
    "parameter": {},
    "constant": {"is_parameter": False},
}


@pytest.mark.parametrize("role", WITH_BOUNDS)
def test_given_values_outside_of_bounds_are_refused_and_drawn_ones_clipped(role, key):
    """At build and in `set` alike, with the first bad element, whatever the role."""
    sentence = rf"{role} 'w.weight' was given values from 0.1 to 0.75, but must lie within 0.0 and 0.5: the first outside is 0.75 at \[1, 0\]"
    weight = [[0.1, 0.2, 0.5], [0.75, 0.3, 0.6]]
    with pytest.raises(ValueError, match=sentence):
        bounded(weight=weight, **WITH_BOUNDS[role])
    sim = bounded(w_mean=0.25, w_std=1.0, **WITH_BOUNDS[role])
    variables = sim.init(key)
    assert float(variables["w.weight"].min()) >= 0 and float(variables["w.weight"].max()) == 0.5
    with pytest.raises(ValueError, match=sentence):
        sim.set(variables, {"w.weight": weight})
    assert float(sim.set(variables, {"w.weight": np.full((2, 3), 0.5)})["w.weight"].max()) == 0.5


@pytest.mark.parametrize(
    "value", [np.float16(2), np.array(2), jnp.bfloat16(2), 2, True], ids=["float16", "int", "bfloat16", "python", "bool"]
)
def test_set_takes_numbers_of_any_type(value, key):
    sim = bounded()
    assert sim.set(sim.init(key), {"a.v_th": value})["a.v_th"].dtype == jnp.float32


def test_set_in_half_precision_and_whole_numbers(key):
    half = sj.build(bounded().program.astype("bfloat16"))
    variables = half.init(key)
    for value in (np.full((2, 3), 0.25), jnp.full((2, 3), 0.25, "bfloat16"), np.asarray(jnp.full((2, 3), 0.25, "bfloat16"))):
        assert half.set(variables, {"w.weight": value})["w.weight"].dtype == jnp.bfloat16
    counting = staying(
        variables=(*staying().program.variables, Variable("n", dtype="uint8", role="constant")),
    )
    assert int(counting.set(counting.init(key), {"n": 255})["n"]) == 255
    for wrong, sentence in ((256, "constant 'n' was given values from 256 to 256, but must lie within 0 and 255"),
                            (-1, "must lie within 0 and 255"), (0.5, "was given float64, but holds uint8")):
        with pytest.raises(ValueError, match=sentence):
            counting.set(counting.init(key), {"n": wrong})
