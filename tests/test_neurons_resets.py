"""Where models begin, what a reset passes of the gradient, and which states must stay exact."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_contract import GAIN

import spaic_jax as sj
from spaic_jax.neurons import NEURONS
from spaic_jax.neurons.reset import ResettingModel
from spaic_jax.surrogate import Surrogate

KINDS = {kind: name for name, kind in NEURONS.items()}


#: Potentials that are all far below 0, by the parameters that say where a model rests, and dt.
LOW = {
    "aeif": {"EL": -90.0}, "alifstdp_ex": {"v_rest": -65.0, "v_th": -60.0}, "condlif": {"EL": -90.0, "v_reset": -95.0},
    "cubalif": {"v_rest": -65.0, "v_th": -50.0, "v_reset": -70.0},
    "diehlandcook": {"v_rest": -300, "v_reset": -300, "thresh": -200}, "eif": {"EL": -80.0, "v_reset": -80.0},
    "glif": {"E_L": -65.0, "Theta_inf": -50.0}, "hh": {"Vreset": 65.0, "E_NA": 55.0, "E_K": -77.0, "E_L": -54.4},
    "lifint": {"v_rest": -65.0, "v_reset": -65.0, "thresh": -50.0}, "lifstdp_ex": {"v_rest": -90.0},
    "lifstdp_ih": {"v_rest": -90.0}, "plif": {"v_reset": -65.0, "v_th": -50.0}, "qif": {"v_rest": -80.0, "v_reset": -80.0},
}
#: Their equations have a drive of their own.
FIRES = {"selif", "traub"}


def test_no_model_fires_without_input():
    """Nor with potentials far below 0."""
    cases = [(name, {}) for name in KINDS.values()] + [*LOW.items()]
    net = sj.Network()
    net.x = sj.Encoder(num=2, coding_method="null")
    for number, (model, choices) in enumerate(cases):
        if NEURONS[model].spiking and model not in FIRES:
            group = sj.NeuronGroup(2, model=model, **choices)
            setattr(net, f"g{number}", group)
            setattr(net, f"w{number}", sj.Connection(net.x, group, weight=np.zeros((2, 2))))
            setattr(net, f"o{number}", sj.StateMonitor(group, "O", reduce="max"))
    sim = sj.build(net, dt=0.1)
    probes = sim.run(sim.init(jax.random.key(0), 2), {"x": np.zeros((300, 2, 2), np.float32)}, jax.random.key(1)).probes
    assert len(probes) > 40
    fired = [cases[int(name[1:])] for name, most in probes.items() if np.any(most)]
    assert not fired


@pytest.mark.parametrize(
    ("model", "rest", "begins", "compat"),
    [
        ("alifstdp_ex", "v_rest", -70.0, 0.0), ("glif", "E_L", -70.0, 0.0), ("lifstdp_ex", "v_rest", -70.0, -65.0),
        ("plif", "v_reset", -70.0, 0.0), ("aeif", "EL", -70.0, None), ("lifstdp_ih", "v_rest", -70.0, None),
        ("diehlandcook", "v_rest", -70, None),
    ],
)
def test_potentials_begin_at_rest_or_where_spaics_do(model, rest, begins, compat):
    assert sj.NeuronGroup(2, model=model, **{rest: begins}).model.begin("V") == begins
    if compat is not None:
        assert sj.NeuronGroup(2, model=model, compat=True, **{rest: begins}).model.begin("V") == compat


@dataclasses.dataclass(frozen=True)
class Wide(Surrogate):
    """A surrogate with the same slope everywhere, so that every potential's part in a gradient is seen."""

    slope: float

    def derivative(self, x):
        return jnp.full_like(x, self.slope)


RESETTING = [name for kind, name in KINDS.items() if issubclass(kind, ResettingModel)]
#: What a spike changes besides the reset: its gradient is not that of the reset.
ADAPTING = {"aclif", "adlif", "aeif", "alif", "alifstdp_ex", "darwin_alif", "glif", "izh", "lifstdp_ex", "selif", "slif"}
#: A gate that lets no gradient pass anyway.
STOPPED = {"condlif", "lifint"}


#: Multiples of the current that suits a threshold of 1.
GAINS = {NEURONS[name]: gain for name, gain in GAIN.items()} | {NEURONS["plif"]: 4.0, NEURONS["eif"]: 90.0, NEURONS["qif"]: 90.0}


def traces(slope, **choices):
    """By model, the spikes, and the gradient of the potentials by the weights."""
    steps, rng = 30, np.random.default_rng(2)
    net = sj.Network()
    net.x = sj.Encoder(num=3, coding_method="null")
    for model in RESETTING:
        kind = NEURONS[model]
        gain = GAINS.get(kind, 1.0)
        soft = {"reset": "soft"} if "reset" in kind.__dataclass_fields__ else {}
        # So wide a surrogate lets the gradient of a potential far beyond the peak pass, which grows with the upswing.
        slow = {"integrator": "euler"} if model in ("aeif", "adex") else {}
        group = sj.NeuronGroup(4, model=model, surrogate=Wide(slope / gain), **soft, **slow, **choices)
        setattr(net, model, group)
        setattr(net, f"w_{model}", sj.Connection(net.x, group, weight=gain * rng.uniform(0.2, 0.6, (4, 3))))
        setattr(net, f"v_{model}", sj.StateMonitor(group, "V"))
        setattr(net, f"o_{model}", sj.StateMonitor(group, "O"))
    sim = sj.build(net, dt=0.5)
    variables = sim.init(jax.random.key(0))
    x = rng.random((steps, 1, 3)).astype(np.float32)

    def loss(params):
        probes = sim.run(variables.with_params(params), {"x": x}, jax.random.key(1)).probes
        over_time = np.cos(np.arange(steps, dtype=np.float32))[:, None, None]
        return sum((probes[f"v_{model}"] * over_time).sum() for model in RESETTING), probes

    slopes, probes = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
    return {model: (np.asarray(probes[f"o_{model}"]), np.asarray(slopes[f"w_{model}.weight"])) for model in RESETTING}


def test_no_gradient_passes_a_detached_reset():
    """Where a spike only resets, the gradient is that of spikes that pass none at all."""
    passing, detaching, without = traces(0.3), traces(0.3, detach_reset=True), traces(0.0)
    for model in RESETTING:
        (spikes, passed), (same, detached), (_, none) = passing[model], detaching[model], without[model]
        np.testing.assert_array_equal(spikes, same, err_msg=model)
        assert spikes.sum() > 2 and np.isfinite(detached).all(), model
        scale = np.abs(passed).max()
        assert (np.abs(passed - detached).max() > 1e-3 * scale) == (model not in STOPPED), model
        if model not in ADAPTING:
            np.testing.assert_allclose(detached, none, rtol=1e-5, atol=1e-5 * scale, err_msg=model)


def test_every_model_with_a_reset_can_detach_it():
    without = {name for kind, name in KINDS.items() if kind.spiking and not issubclass(kind, ResettingModel)}
    # hh, threshold and traub have no reset, and of diehlandcook no gradient passes whole numbers.
    assert without == {"hh", "diehlandcook", "threshold", "traub"}
    assert not any(kind().detach_reset for kind in KINDS if issubclass(kind, ResettingModel))


@pytest.mark.parametrize(
    ("model", "threshold"),
    [("alifstdp_ex", "v_th"), ("darwin_alif", "v_th"), ("glif", "Theta_inf"), ("lifstdp_ex", "v_th")],
)
def test_spaics_gradient_stops_at_a_moving_threshold(model, threshold):
    """By `compat` alone; a threshold that is raised makes fewer spikes, and its gradient says so."""

    def slope(compat):
        net = sj.Network()
        net.x = sj.Encoder(num=2, coding_method="null")
        net.g = sj.NeuronGroup(
            2, model=model, compat=compat, surrogate=Wide(1.0), detach_reset=True, parameter_variables=[threshold]
        )
        net.w = sj.Connection(net.x, net.g, weight=np.eye(2), is_parameter=False)
        net.o = sj.Decoder(dec_target=net.g, coding_method="spike_counts")
        sim = sj.build(net, dt=1.0)
        variables, x = sim.init(jax.random.key(0)), np.zeros((6, 1, 2), np.float32)
        slopes = jax.jit(jax.grad(lambda p: sim.run(variables.with_params(p), {"x": x}).outputs["o"].sum()))(variables.params)
        return slopes[f"g.{threshold}"]

    assert slope(False) < -1
    assert slope(True) == 0


def test_ifsoftreset_of_spaic_is_if_in_values_and_ifb_in_gradients():
    """Its reset, `v - v O`, passes the surrogate's gradient; that of `if` does not."""
    spikes, slope = {}, {}
    for name, choices in (("if", {"reset": "hard"}), ("ifb", {})):
        net = sj.Network()
        net.x, net.g = sj.Encoder(num=3, coding_method="null"), sj.NeuronGroup(3, model=name, surrogate=Wide(0.3), **choices)
        net.w = sj.Connection(net.x, net.g, weight=np.eye(3))
        net.v = sj.StateMonitor(net.g, "V")
        sim = sj.build(net, dt=1.0)
        variables = sim.init(jax.random.key(0))
        x = np.random.default_rng(0).random((12, 1, 3)).astype(np.float32)

        def loss(params, sim=sim, variables=variables, x=x):
            v = sim.run(variables.with_params(params), {"x": x}).probes["v"]
            return v.sum(), v

        slope[name], spikes[name] = jax.jit(jax.grad(loss, has_aux=True))(variables.params)
    np.testing.assert_array_equal(spikes["if"], spikes["ifb"])
    # A loop of v - v O, whose surrogate has the slope 0.3.
    v, dv = np.zeros(3), np.zeros(3)
    total = np.zeros(3)
    for now in x[:, 0].astype(np.float64):
        u, du = v + now, dv + now
        o, do = u > 1, 0.3 * du
        v, dv = u - u * o, du - du * o - u * do
        total += dv
    np.testing.assert_allclose(np.diag(slope["ifb"]["w.weight"]), total, rtol=1e-5)
    assert np.abs(np.diag(slope["if"]["w.weight"]) - total).min() > 1e-3


def test_gradients_reach_the_first_values():
    """The potential that a run begins with decays as the equation says, and its gradient with it."""
    net = sj.Network()
    net.x, net.g = sj.Encoder(num=2, coding_method="null"), sj.NeuronGroup(2, model="lif", tau_m=7.0)
    net.w = sj.Connection(net.x, net.g, weight=np.eye(2))
    net.v = sj.Decoder(dec_target=net.g, coding_method="final_step_voltage")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(jax.random.key(0))

    def final(first):
        return sim.run(sim.set(variables, {"g.V": first}), {"x": np.zeros((9, 1, 2), np.float32)}).outputs["v"].sum()

    np.testing.assert_allclose(jax.grad(final)(jnp.full((1, 2), 0.5)), np.exp(-9 / 7), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_counts_and_what_lasts_are_exact(kind):
    """A count of steps, or what adds up over runs, is no number of half precision; whole numbers have types of their own."""
    model = kind(t_ref=1.0) if "t_ref" in kind.__dataclass_fields__ else kind()
    lasting = [v for name, v in model.states().items() if v.stay or ("refrac" in name and v.dtype == "float32")]
    assert all(v.exact for v in lasting)


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_overwrites_no_fact_of_its_class(kind):
    """What differs between models of a class is a field or follows from one."""
    fields = {field.name for field in dataclasses.fields(kind)}
    for choice in ({}, {"t_ref": 1.0}, {"compat": True}):
        if choice.keys() <= fields:
            model = kind(**choice)
            assert vars(model).keys() <= fields
