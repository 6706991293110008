"""Parameters of neuron models stay where their equations mean something, however long they are pushed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.neurons import NEURONS, rows_model

#: One name of each model, with the parameters that must be positive.
POSITIVE = {
    name: [n for n, field in kind.parameter_fields().items() if field.metadata["positive"]]
    for kind, name in {kind: name for name, kind in NEURONS.items()}.items()
}
#: Inputs at which a model fires, in its own units.
DRIVE = {"aeif": 1500.0, "condlif": 800.0, "eif": 40.0, "qif": 40.0, "hh": 10.0, "glif": 3.0, "traub": 400.0}


def build(model, dt=0.1, **settings):
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    net.g = sj.NeuronGroup(2, model=model, **settings)
    net.w = sj.Connection(net.x, net.g, link_type="one_to_one", w_mean=1.0, w_std=0.0, post_var_name=net.g.model.receives[0])
    net.o = sj.Decoder(dec_target=net.g, coding_method="spike_counts", coding_var_name=net.g.output)
    return sj.build(net, dt=dt)


def pusher(sim, steps=300, rate=1.0):
    """A function that lets Adam push some parameters down, each within its bounds after every update."""
    optimizer = optax.adam(rate)

    @jax.jit
    def pushed(params, down):
        def update(carry, _):
            params, state = carry
            with jax.numpy_dtype_promotion("standard"):
                updates, state = optimizer.update(down, state, params)
            return (sim.project(optax.apply_updates(params, updates)), state), None

        return jax.lax.scan(update, (params, optimizer.init(params)), None, steps)[0][0]

    return lambda params, names: pushed(params, {n: jnp.full_like(x, float(n in names)) for n, x in params.items()})


@pytest.mark.parametrize("model", often(sorted(n for n, positive in POSITIVE.items() if positive), set(POSITIVE) - {"hh", "traub"}))
def test_adam_pushes_positive_parameters_down(model, key):
    """Each alone and all together: they stay positive, and loss, states and gradients finite."""
    dt = 0.05 if model == "hh" else 0.5
    sim = build(model, dt, parameter_variables=POSITIVE[model])
    variables = sim.init(key, 1)
    x = jnp.full((60, 1, 2), DRIVE.get(model, 1.5))

    @jax.jit
    def run(params):
        def loss(params):
            result = sim.run(variables.with_params(params), {"x": x}, jax.random.key(1))
            return result.outputs["o"].sum(), result.variables.state

        return jax.value_and_grad(loss, has_aux=True)(params)

    pushed = pusher(sim)
    for names in [*([name] for name in POSITIVE[model]), POSITIVE[model]]:
        params = pushed(variables.params, {f"g.{name}" for name in names})
        for name in names:
            assert 0 < float(params[f"g.{name}"]) < float(variables.params[f"g.{name}"]), name
        for leaf in jax.tree.leaves(run(params)):
            assert np.isfinite(leaf).all(), names


@pytest.mark.parametrize("model", sorted(name for name, positive in POSITIVE.items() if positive))
def test_a_positive_parameter_is_set_to_positive_values_only(model, key):
    sim = build(model, 0.05 if model == "hh" else 0.1)
    variables = sim.init(key, 1)
    for name in POSITIVE[model]:
        with pytest.raises(ValueError, match=rf"constant 'g\.{name}' was given values .*but must lie within"):
            sim.set(variables, {f"g.{name}": np.float32(-1.0)})


def test_bounds_say_what_they_follow_from():
    lif = NEURONS["lif"]
    assert lif().bounds("tau_m", 0.5) == (0.5, None)
    assert lif(tau_m=0.2).bounds("tau_m", 0.5) == (0.2, None)
    assert NEURONS["aeif"]().bounds("C", 0.5) == (28.1, None)
    adlif = NEURONS["adlif"]
    assert adlif().bounds("tau_u", 0.5) == (0.5, None)
    assert adlif().bounds("tau_u", 0.5, ["tau_u"]) == (5.0, 25.0)
    assert adlif(tau_u=40.0).bounds("tau_u", 0.5, ["tau_u"]) == (5.0, 40.0)


@pytest.mark.parametrize(
    ("trained", "bounds"),
    [
        ([], {"v_th": (None, None), "v_reset": (None, None)}),
        (["v_th"], {"v_th": (-2.0, None), "v_reset": (None, None)}),
        (["v_reset"], {"v_th": (None, None), "v_reset": (None, 1.0)}),
        (["v_th", "v_reset"], {"v_th": (-0.5, None), "v_reset": (None, -0.5)}),
    ],
)
def test_a_parameter_stays_on_its_side_of_another(trained, bounds):
    model = NEURONS["lif"](v_reset=-2.0, v_th=1.0)
    assert {name: model.bounds(name, 1.0, trained) for name in ("v_th", "v_reset")} == bounds


def test_bounds_of_neurons_that_differ():
    model = NEURONS["lif"](v_reset=np.array([-2.0, 0.0]), v_th=np.array([1.0, 3.0]))
    assert model.bounds("v_th", 1.0, ["v_th"]) == (0.0, None)
    assert model.bounds("v_th", 1.0, ["v_th", "v_reset"]) == (1.0, None)
    assert model.bounds("v_reset", 1.0, ["v_reset", "v_th"]) == (None, 0.0)


@pytest.mark.parametrize("model", sorted(POSITIVE))
def test_a_parameter_above_its_limit_is_refused(model):
    kind = NEURONS[model]
    below = {name: field.metadata["below"] for name, field in kind.parameter_fields().items() if field.metadata["below"]}
    for name, limit in below.items():
        highest = getattr(kind(), limit)
        with pytest.raises(ValueError, match=f"{kind.__name__}: {name} must lie below {limit}"):
            kind(**{name: highest})


def test_ranges_of_a_group_come_first():
    sim = build("lif", 1.0, parameter_variables=["tau_m"], varible_ranges={"tau_m": (None, 20.0)})
    assert sim.program.by_name["g.tau_m"].bounds == (1.0, 20.0)
    sim = build("lif", 1.0, parameter_variables=["tau_m"], varible_ranges={"tau_m": (0.25, None)})
    assert sim.program.by_name["g.tau_m"].bounds == (0.25, None)


@pytest.mark.parametrize(
    ("ranges", "sentence"),
    [
        ({"tau_m": (0.0, 5.0)}, "NeuronGroup: varible_ranges of tau_m must begin above 0, for tau_m is positive, not at 0.0"),
        ({"tau_m": (5.0, 2.0)}, r"NeuronGroup: varible_ranges of tau_m must be a lowest and a highest number, or None, not \(5.0, 2.0\)"),
        ({"tau_m": (5.0,)}, "must be a lowest and a highest number"),
        ({"tau_m": 5.0}, "must be a lowest and a highest number"),
        ({"tau_m": (float("nan"), None)}, "must be a lowest and a highest number"),
        ({"tau_m": (20.0, None)}, "NeuronGroup: tau_m is 8.0, outside of its range in varible_ranges"),
    ],
)
def test_a_range_that_means_nothing_is_refused(ranges, sentence):
    with pytest.raises(ValueError, match=sentence):
        sj.NeuronGroup(2, model="lif", varible_ranges=ranges)


@pytest.mark.parametrize("kind", ["euler_iterative", "exp_euler_iterative"])
def test_time_constants_of_rows_are_bounded(kind):
    rows, values = [("V", "var_linear", "tau_m", "V", "Isyn")], {"V": 0.0, "tau_m": 20.0, "Vth": 1.0}
    model = rows_model(rows, values, kind)
    assert model.bounds("tau_m", 0.5) == (0.5, None)
    assert model.bounds("Vth", 0.5) == (None, None)
    assert rows_model(rows, values).bounds("tau_m", 0.5) == (None, None)
    with pytest.raises(ValueError, match="neuron model: tau_m must be positive"):
        rows_model(rows, values | {"tau_m": -1.0}, kind)


@pytest.mark.parametrize("model", ["lif", "cubalif", "aeif"])
def test_networks_that_differ_in_values_are_the_same_program_but_for_them(model):
    one = build(model, 0.1, parameter_variables=POSITIVE[model])
    values = {name: 1.25 * getattr(NEURONS[model](), name) for name in POSITIVE[model]}
    other = build(model, 0.1, parameter_variables=POSITIVE[model], **values)
    assert one.program != other.program
    assert one.program.skeleton == other.program.skeleton
