"""What every neuron model, surrogate, encoder and decoder must do. A row of a table is all it takes to be tested here."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax import network as networks
from spaic_jax import neurons, surrogate, synapses
from spaic_jax.coding import DECODERS, ENCODERS, decoders, encoders
from spaic_jax.network import MONITORS, POLICIES
from spaic_jax.neurons import NEURONS, ODE
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.surrogate import SURROGATES, Smooth
from spaic_jax.synapses import DELAYS, LINKS, SYNAPSES
from spaic_jax.train import load_weights, save_weights

pytestmark = pytest.mark.usefixtures("quickly_compiled")

# Whole tiles only: what is left over of the last tile is a matter of plans, and of their tests.
STEPS, BATCH = 8, 3


#: Currents that make a model do something, as multiples of what does for one with a threshold of 1.
GAIN = {
    "adlif": 5.0, "aeif": 2000.0, "condlif": 1000.0, "constantcurrentlif": 10.0, "cubalif": 5.0, "darwin_alif": 2e4,
    "darwin_clif": 5000.0, "darwin_random": 5000.0, "diehlandcook": 500.0, "eif": 30.0, "glif": 100.0, "hh": 1000.0,
    "izh": 50.0, "lifstdp_ex": 10.0, "lifstdp_ih": 20.0, "qif": 30.0, "traub": 1e4,
}


#: Links whose ends hold maps, and which keep the size of a map.
MAPS = {
    "continuous_local": {"padding": 1, "w_max": 1.0},
    "conv": {"padding": 1}, "conv_transpose": {"padding": 1},
    "pool": {"pool_kernel_size": 3, "pool_stride": 1, "pool_padding": 1},
}

#: What a link cannot do without.
NEEDED = {"fixed_indegree": {"indegree": 2}, "fixed_outdegree": {"outdegree": 2}, "fixed_total": {"number": 9}}

#: Synapse types that need maps, between ends of one size.
_POOL = {"pool_kernel_size": 3, "pool_stride": 1, "pool_padding": 1}
ON_MAPS = {
    "avgpool": {"syn_type": ["conv", "avgpool"], "padding": 1, **_POOL},
    "batchnorm2d": {"syn_type": ["conv", "batchnorm2d"], "padding": 1},
    "maxpool": {"syn_type": ["conv", "maxpool"], "padding": 1, **_POOL},
    "sumpool": {"syn_type": ["conv", "sumpool"], "padding": 1, **_POOL},
    "upsample": {"syn_type": ["upsample", "conv"], "stride": 2, "padding": 1},
}


def network(
    model="lif", coding_method="constant_current", decoding="spike_counts", link="full", syn_type=None, delay=None, **choice
):
    """A group of a model, driven by an encoder and read by a decoder, in a loop with a second one."""
    kind = LINKS[link]
    if choice.get("surrogate") == "eventprop":
        model = "cubalif"  # the one model whose spike times it knows
    if decoding.startswith("complex_") or decoding == "time_softmax":
        pytest.skip("needs complex or timed spikes: see test_complex and test_coding")
    if syn_type in ON_MAPS:
        return network_of(LINKS["conv"], ON_MAPS[syn_type], (1, 2, 2))
    choose = next((settings for name, settings in MAPS.items() if LINKS[name] is kind), {})
    if choose or link == "null":
        return network_of(kind, choose, (1, 2, 2) if choose else (4,))
    gain = next((GAIN[name] for name, kind in NEURONS.items() if name in GAIN and kind is NEURONS[model]), 1.0)
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method=coding_method)
    if link == "dist_depd":
        choice["neuron_position"] = [[0.0, 0.0], [0.1, 0.3], [0.5, 0.2], [0.6, 0.7]]
    net.a = sj.NeuronGroup(4, model=model, **choice)
    first = "full" if link in ("dist_depd", "electrical") else link
    net.xa = sj.Connection(net.x, net.a, first, w_mean=0.2 * gain, w_std=0.3 * gain, **NEEDED.get(link, {}))
    if (coding_method, decoding) == ("constant_current", "spike_counts"):  # a coding needs no loop
        # The second one is the plainest: a step of the model is long to compile.
        second = model if "surrogate" in choice else "lif"
        net.b = sj.NeuronGroup(4, model=second, **choice)
        chain = {"syn_type": syn_type and [syn_type], "delay": delay and DELAYS[delay](max_delay=3.0), **NEEDED.get(link, {})}
        into = gain if second == model else 1.0
        net.ab = sj.Connection(net.a, net.b, link, w_mean=0.2 * into, w_std=0.3 * into, **chain)
        net.ba = sj.Connection(net.b, net.a, link, w_std=0.1 * gain, **chain)
    net.out = sj.Decoder(dec_target=net.a, coding_method=decoding, **({"classes": 4} if decoding == "vote" else {}))
    net.v = sj.StateMonitor(net.a, next(iter(net.a.model.states()), "O"))
    return net


def network_of(kind, settings, shape):
    """As `network`, for links that have no weights or need maps."""
    net = sj.Network()
    net.x = sj.Encoder(shape=shape, coding_method="constant_current")
    net.a, net.b = sj.NeuronGroup(shape=shape, model="lif"), sj.NeuronGroup(shape=shape, model="lif")
    link = next(name for name, other in LINKS.items() if other is kind)
    net.xa, net.ab = sj.Connection(net.x, net.a, link, **settings), sj.Connection(net.a, net.b, link, **settings)
    net.ba = sj.Connection(net.b, net.a, w_std=0.1)
    net.out = sj.Decoder(dec_target=net.b, coding_method="spike_counts")
    net.v = sj.StateMonitor(net.a, "V")
    return net


def classes_of(table):
    """A name for each class of a table; the other names of a class say nothing new."""
    return {kind: name for name, kind in table.items()}.values()


#: Models whose step is like that of another one, and two whose steps are long to compile, like that of aeif.
ALIKE = {
    "constantcurrentlif", "clif2k", "darwin_random", "eif", "hh", "ifsoftreset", "lifint", "lifm", "lifstdp_ih", "nonspikingifb",
    "nonspikinglif", "pclif", "slif", "traub",
}
MODELS = [{"model": name} for name in classes_of(NEURONS)]
CHOSEN = [{"model": name} for name in classes_of({name: kind for name, kind in NEURONS.items() if kind not in {NEURONS[n] for n in ALIKE}})]

CASES = [
    *often(MODELS, CHOSEN),
    *({"coding_method": name} for name in classes_of(ENCODERS)),
    *({"decoding": name} for name in classes_of(DECODERS)),
    *({"link": name} for name in classes_of(LINKS)),
    *often([{"surrogate": name} for name in classes_of(SURROGATES)], [{"surrogate": name} for name in ("eventprop", "stca", "superspike")]),
    *({"syn_type": name} for name in classes_of(SYNAPSES)),
    *({"delay": name} for name in DELAYS),
]


PLAIN = [case.values[0] if isinstance(case, type(pytest.param())) else case for case in CASES]
#: Those whose batch is compared with its samples in the gate: what has states, and what joins neurons, but for what is drawn once.
BATCHED = often(PLAIN, [*CHOSEN, *({"link": name} for name in classes_of(LINKS) if "fixed" not in name and "random" not in name)])
#: Those of which the gate computes again what it has not kept: with draws, in training, and with a gradient of delays.
AGAIN = often(PLAIN, [{"model": "lif"}, {"syn_type": "dropout"}, {"delay": "linear"}])


def data_of(sim, seed=0):
    rng = np.random.default_rng(seed)
    x = sim.program.by_name["x"]
    return {"x": rng.random((*([STEPS] if x.axes == "time" else []), BATCH, *x.shape)).astype(np.float32)}


@pytest.fixture(params=CASES, ids=lambda case: "-".join(*case.items()))
def net(request):
    """A network for each row of each table."""
    return network(**request.param)


def test_contract(net, key, tmp_path):
    """Shapes and dtypes are stable over steps, jit equals eager, plans agree, gradients are finite, files come back."""
    dt = 1.0
    reference, tiled = sj.build(net, dt=dt, plan=sj.Reference()), sj.build(net, dt=dt, plan=sj.Tiled(4))
    variables, data = tiled.init(key, BATCH), data_of(tiled)
    runs = []
    for mode in modes(tiled):
        got, got_slopes = run_and_gradient(mode(tiled), variables, data, key)
        expected, slopes = run_and_gradient(mode(reference), variables, data, key)
        runs.append(expected)
        same_structs((variables.state, variables.plastic), (got.variables.state, got.variables.plastic))
        assert got.probes["v"].shape == (STEPS, BATCH, *net.a.shape) and got.outputs["out"].size % (BATCH * 4) == 0
        close(got.variables.state, expected.variables.state)
        close(got.variables.plastic, expected.variables.plastic)
        close(got.outputs, expected.outputs)
        close(got_slopes, slopes, 1e-4)
        assert all(np.isfinite(slope).all() for slope in slopes.values())
        assert not any("NaN" in line for line in got.health.report())

    one, by_hand = {"x": data["x"][0] if tiled.program.by_name["x"].axes == "time" else data["x"]}, tiled.init(key, BATCH)
    # What all steps of a sequence tell, one step is told.
    one |= {v.name: v.derived[1](data["x"][None]) for v in tiled.program.of_role("input") if v.derived}
    with jax.disable_jit():
        eager, emitted = reference.step(by_hand, one, key, steps=STEPS)
    stepped, _ = reference.step(by_hand, one, key, steps=STEPS)
    same_structs(eager.state, stepped.state)
    close(eager.state, stepped.state)
    close(emitted["v"], runs[0].probes["v"][0])

    again = sj.build(from_dict(to_dict(net)), dt=dt, plan=sj.Tiled(4))
    assert again.program == tiled.program
    save_weights(tmp_path / "w.safetensors", tiled, variables)
    loaded = load_weights(tmp_path / "w.safetensors", again)[0]
    close((loaded.params, loaded.plastic), (variables.params, variables.plastic), 0)


def modes(sim):
    """As it runs and as it is trained; where nothing learns, both are the same program."""
    return [lambda sim: sim, *([lambda sim: sim.train()] if any(op.when != "always" for op in sim.program.ops) else [])]


@pytest.mark.parametrize("net", AGAIN, indirect=True, ids=lambda case: "-".join(*case.items()))
def test_what_is_computed_again_is_the_same(net, key):
    """Plans that keep less for the way back give the numbers of those that keep all."""
    whole = sj.build(net, dt=1.0, plan=sj.Tiled(4))
    variables, data = whole.init(key, BATCH), data_of(whole)
    for mode in modes(whole):
        expected, slopes = run_and_gradient(mode(whole), variables, data, key)
        for plan in (sj.Tiled(4, remat="step"), sj.Tiled(2, remat=sj.Chunk(4))):
            kept, kept_slopes = run_and_gradient(mode(sj.build(net, dt=1.0, plan=plan)), variables, data, key)
            close(kept.outputs, expected.outputs)
            close(kept_slopes, slopes, 1e-4)


def run_and_gradient(sim, variables, data, key):
    def loss(params):
        result = sim.run(variables.with_params(params), data, key, STEPS)
        return (result.outputs["out"] ** 2).mean() + (result.probes["v"] ** 2).mean(), result

    # As one compiled function, which takes half as long to compile as its forward and backward halves.
    (_, result), slopes = jax.jit(jax.value_and_grad(loss, has_aux=True))(variables.params)
    return result, slopes


@pytest.mark.parametrize("syn_type", often([name for name in SYNAPSES if name != "upsample"], ["alpha", "batchnorm2d", "dropout", "maxpool"]))
@pytest.mark.parametrize("plan", [*(pytest.param(plan, marks=pytest.mark.slow) for plan in (sj.Reference(), sj.Tiled(4, remat="step"))), sj.Tiled(4)])
def test_names_decide_nothing(syn_type, plan, key):
    """The gradient of a loop in training, whose connection's name sorts before all others and after them."""
    found = []
    for name in ("AAA", "zzz"):
        net = sj.Network()
        net.x = sj.Encoder(num=4, coding_method="constant_current")
        maps = ON_MAPS.get(syn_type)
        net.a = sj.NeuronGroup(shape=(1, 2, 2) if maps else (4,), model="lif")
        net.xa = sj.Connection(net.x, net.a, weight=np.linspace(0.1, 0.9, 16).reshape(4, 4))
        if maps:
            loop = sj.Connection(net.a, net.a, "conv", weight=np.linspace(-0.3, 0.3, 9).reshape(1, 1, 3, 3), **maps)
        else:
            chain = [syn_type, "basic"] if syn_type == "flatten" else [syn_type]
            loop = sj.Connection(net.a, net.a, weight=np.linspace(-0.3, 0.3, 16).reshape(4, 4), syn_type=chain)
        setattr(net, name, loop)
        net.out, net.v = sj.Decoder(dec_target=net.a), sj.StateMonitor(net.a, "V")
        sim = sj.build(net, dt=1.0, plan=plan).train()
        slopes = run_and_gradient(sim, sim.init(key, BATCH), data_of(sim), key)[1]
        found.append({part.replace(name, "loop"): slope for part, slope in slopes.items()})
    if not any(op.random for op in sim.program.rows):
        close(found[0], found[1], 1e-6)
    assert set(found[0]) == set(found[1])


@pytest.mark.parametrize("net", BATCHED, indirect=True, ids=lambda case: "-".join(*case.items()))
def test_a_batch_is_its_samples(net, key):
    """vmap over samples equals the batch; codings that draw or that scale by the batch are the exception."""
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(4))
    x = jnp.asarray(data_of(sim)["x"])
    whole = {type(net.x.coding).__name__, type(net.out.decoding).__name__} & {"Latency", "Uniform", "VoltageSum"}
    if any(op.random for op in sim.program.ops) or whole:
        pytest.skip("draws by position in the batch, or scales by the batch")
    axis = x.ndim - len(sim.program.by_name["x"].shape) - 1
    one = sim.init(key, 1)

    def alone(sample):
        return sim.run(one, {"x": jnp.expand_dims(sample, axis)}, key, STEPS).outputs["out"]

    place = 1 if net.out.decoding.reduction(1.0) is None else 0  # time comes first where every step is kept
    mapped = jnp.squeeze(jax.vmap(alone, in_axes=axis, out_axes=place)(x), place + 1)
    close(mapped, sim.run(sim.init(key, BATCH), {"x": x}, key, STEPS).outputs["out"])


@pytest.mark.parametrize("name", SURROGATES)
def test_surrogates_have_both_modes_and_a_smooth_twin(name):
    spike = SURROGATES[name]()
    x = jnp.linspace(-2.0, 2.0, 41)
    slope = jax.vmap(jax.grad(spike))(x)
    np.testing.assert_allclose(slope, spike.derivative(x), rtol=1e-6)
    np.testing.assert_allclose(jax.jvp(spike, (x,), (jnp.ones_like(x),))[1], slope, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(jax.grad(Smooth(spike)))(x), slope, rtol=1e-6)
    assert set(np.unique(spike(x))) <= {0.0, 1.0}


def same_structs(first, second):
    def struct(x):
        return x.shape, x.dtype

    assert jax.tree.map(struct, first) == jax.tree.map(struct, second)


def close(first, second, rtol=1e-5):
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, float(np.abs(b).max())))


@pytest.mark.parametrize(
    ("package", "base", "table"),
    [
        (neurons, neurons.NeuronModel, NEURONS),
        (neurons.receptors, neurons.receptors.Receptor, neurons.receptors.RECEPTORS),
        (surrogate, surrogate.Surrogate, SURROGATES),
        (synapses, synapses.Link, LINKS),
        (synapses, synapses.Synapse, SYNAPSES),
        (synapses, synapses.Delays, DELAYS),
        (encoders, encoders.Coding, ENCODERS),
        (decoders, decoders.Decoding, DECODERS),
        (networks, networks.ConnectPolicy, POLICIES),
        (networks, networks.Monitor, MONITORS),
    ],
)
def test_every_public_class_is_in_its_table(package, base, table):
    classes = {kind for name in package.__all__ if inspect.isclass(kind := getattr(package, name))}
    kinds = {kind for kind in classes - {base} if issubclass(kind, base) and not inspect.isabstract(kind)}
    # These are made of a surrogate and of a function, which have no name, or are what several have in common.
    assert kinds - {Smooth, ODE, synapses.SynapticDelay} == set(table.values())
