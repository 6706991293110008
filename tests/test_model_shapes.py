"""Parameters of one number a channel, a row or a neuron, and numbers of any type."""

import fractions

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.neurons import NEURONS
from spaic_jax.program import Context, Site
from spaic_jax.program.evaluate import call

SHAPE = (3, 2, 4)
MODELS = sorted({kind: name for name, kind in NEURONS.items()}.values())


def steps(model, count=3, **settings):
    """The variables of a group, and their values after some steps carried out row by row."""
    group = sj.NeuronGroup(shape=SHAPE, model=model, **settings)
    receives = frozenset(group.model.receives)
    made = group.lower(Site("g", owner=group), Context(0.05, {}, str, str, lambda group: receives))
    keys = dict(zip([v.name for v in made.variables], jax.random.split(jax.random.key(0), len(made.variables)), strict=True))
    declared = {v.name: v for v in made.variables}
    env = {name: jnp.broadcast_to(v.init(keys[name], v.shape, v.dtype), v.sized(2)) for name, v in declared.items()}
    for step in range(count):
        key = jax.random.key(step)
        env |= {f"g.{name}": jax.random.uniform(key, (2, *SHAPE)) * 2 for name in receives}
        for op in made.ops:
            env |= zip(op.outputs, call(op, [env[read] for read in op.inputs], key), strict=True)
    return declared, env


@pytest.mark.parametrize("model", often(MODELS, MODELS[::3]))
def test_one_number_a_channel_is_that_number_for_each_of_its_neurons(model):
    fields = NEURONS[model].parameter_fields()
    values = {name: field.default for name, field in fields.items() if field.default not in (None, 0)}
    scale = np.array([1.0, 1.25, 0.75], np.float32).reshape(3, 1, 1)
    # What must lie below another one, or in whole steps, or between 0 and 1, is left as it is.
    fixed = {"t_ref"} | {n for n, f in fields.items() if f.metadata["below"] or None not in f.metadata["bounds"]}
    fixed |= {f.metadata["below"] for f in fields.values()}
    channels = {name: (value * scale).astype(np.float32) for name, value in values.items() if name not in fixed}
    neurons = {name: np.broadcast_to(value, SHAPE) for name, value in channels.items()}
    declared, got = steps(model, **channels)
    assert {declared[f"g.{name}"].shape for name in channels} <= {(3, 1, 1)}
    expected = steps(model, **neurons)[1]
    for name in (name for name, v in declared.items() if v.role == "state"):
        assert got[name].shape == (2, *SHAPE)
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_first_values_spread_too():
    begin = np.array([-70.0, -60.0, -50.0]).reshape(3, 1, 1)
    first = steps("hh", 0, V=begin)[1]["g.V"]
    np.testing.assert_array_equal(first, np.broadcast_to(begin, (2, *SHAPE)))


def test_a_threshold_a_channel_in_a_network(key):
    """Of a convolution, planned and with its gradient."""
    v_th = np.array([1.0, 3.0, 8.0], np.float32).reshape(3, 1, 1)
    net = sj.Network()
    net.x = sj.Encoder(shape=(1, 4, 6), coding_method="null")
    net.g = sj.NeuronGroup(shape=SHAPE, model="lif", v_th=v_th, parameter_variables=["v_th"])
    net.w = sj.Connection(net.x, net.g, link_type="conv", kernel_size=3, out_channels=3, w_mean=0.2, w_std=0.0)
    net.o = sj.Decoder(dec_target=net.g, coding_method="spike_counts")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key, 2)

    def counts(params):
        out = sim.run(variables.with_params(params), {"x": jnp.ones((10, 2, 1, 4, 6))}).outputs["o"]
        return out.sum(), out.reshape(2, *SHAPE).sum((0, 2, 3))

    (_, per_channel), gradient = jax.jit(jax.value_and_grad(counts, has_aux=True))(variables.params)
    assert (np.diff(per_channel) < 0).all()
    assert gradient["g.v_th"].shape == (3, 1, 1)
    assert (gradient["g.v_th"] < 0).all()


@pytest.mark.parametrize("shape", [(3,), (4,), (3, 1), (2, 1, 1), (1, 3, 2, 4)])
def test_an_array_that_does_not_spread_is_refused(shape):
    with pytest.raises(ValueError, match=r"v_th has shape .*, but needs one number or \(3, 2, 4\), where an axis may have length 1"):
        sj.NeuronGroup(shape=SHAPE, model="lif", v_th=np.ones(shape))


NUMBERS = (
    2, 2.0, np.float32(2), np.float64(2), np.int8(2), np.array(2), np.array(2.0), jnp.float32(2), jnp.int32(2),
    jnp.bfloat16(2), fractions.Fraction(2),
)  # fmt: skip


@pytest.mark.parametrize("two", NUMBERS, ids=lambda two: f"{type(two).__name__}-{getattr(two, 'dtype', '')}")
def test_numbers_of_any_type_are_taken(two):
    """As a parameter, a first value, a range, a size, and in rows."""
    sizes = {"num": two} if np.asarray(two).dtype.kind in "iu" else {"num": 2}
    group = sj.NeuronGroup(**sizes, model="lif", tau_m=two, parameter_variables=["tau_m"], varible_ranges={"tau_m": (two, two)})
    assert group.shape == (2,)
    assert type(group.model.tau_m) in (int, float)
    assert group.model.tau_m == 2
    assert group.varible_ranges == {"tau_m": (2.0, 2.0)}
    assert sj.NeuronGroup(2, model="hh", V=two).model.begin("V") == 2
    model = sj.neurons.rows_model([("V", "add", "V", "Isyn")], {"V": two, "Vth": two})
    assert list(model.states()) == ["V"] and model.parameters() == {"Vth": 2}
    assert model.parameters() == {"Vth": 2}


@pytest.mark.parametrize("array", [[2, 2], (2.0, 2.0), np.full(2, 2, np.int16), jnp.full(2, 2.0, jnp.bfloat16)], ids=repr)
def test_arrays_of_any_type_are_taken(array):
    group = sj.NeuronGroup(2, model="lif", tau_m=array)
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2), group
    net.w = sj.Connection(net.x, net.g)
    sim = sj.build(net, dt=1.0)
    np.testing.assert_array_equal(sim.init(jax.random.key(0), 1)["g.tau_m"], np.full(2, 2, np.float32))


@pytest.mark.parametrize("value", [True, "2", 1j, None, [1.0, "2"], [[1.0], [1.0, 2.0]], float("inf"), np.array([True, False])])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="LIF: tau_m must be a finite number or an array"):
        sj.NeuronGroup(2, model="lif", tau_m=value)
