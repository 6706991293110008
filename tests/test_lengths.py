"""Samples of different length in one batch: each gets what a run of its own gives."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from cases import often

import spaic_jax as sj
from spaic_jax.coding import DECODERS
from spaic_jax.coding.decoders import resolve_decoder
from spaic_jax.data import Dataset
from spaic_jax.plan import stages
from spaic_jax.program import Context, Op, Site, Variable
from spaic_jax.synapses import FixedDelay
from spaic_jax.train import evaluate, fit, learn

T, B = 13, 3
LENGTHS = np.array([7, 13, 1])
RNG = np.random.default_rng(0)
#: What comes after the end would be seen.
DATA = np.round(RNG.normal(0.3, 0.4, (T, B, 4)) * 16).astype(np.float32) / 16
PLANS = [pytest.param(sj.Reference(), marks=pytest.mark.slow), pytest.param(sj.Tiled(), marks=pytest.mark.slow), sj.Tiled(5)]


def weight(*shape: int, scale: float = 0.4) -> np.ndarray:
    return np.round(RNG.normal(0.2, scale, shape) * 16).astype(np.float32) / 16


def forward() -> sj.Network:
    """What needs no loop but that of each group: products of all steps at once."""
    with sj.Network() as net:
        x = sj.Encoder(num=4, coding_method="null")
        hidden = sj.NeuronGroup(6, model="clif")
        out = sj.NeuronGroup(3, model="leaky_integrator")
        sj.Connection(x, hidden, weight=weight(6, 4), name="w0")
        sj.Connection(hidden, out, weight=weight(3, 6), syn_type=["alpha"], name="w1")
        sj.Connection(x, out, weight=weight(3, 4), name="w2", delay=2.0)
        sj.Decoder(dec_target=out, coding_method="mean_voltage", name="d")
        sj.Decoder(dec_target=hidden, coding_method="spike_counts", name="c")
    return net


def recurrent() -> sj.Network:
    """Loops, at once and through delays, in windows and in rings."""
    with sj.Network() as net:
        x = sj.Encoder(num=4, coding_method="null")
        a = sj.NeuronGroup(5, model="alif")
        b = sj.NeuronGroup(3, model="lif")
        sj.Connection(x, a, weight=weight(5, 4), name="w0")
        sj.Connection(a, a, weight=weight(5, 5, scale=0.1), name="w1")
        sj.Connection(a, b, weight=weight(3, 5), name="w2", delay=FixedDelay(value=RNG.uniform(0, 3, (3, 5)), max_delay=3.0))
        sj.Connection(b, a, weight=weight(5, 3, scale=0.1), name="w3", delay=4.0)
        sj.Decoder(dec_target=b, coding_method="first_spike_time", name="d")
        sj.Decoder(dec_target=a, coding_method="spike_rate", name="c")
    return net


def delayed() -> sj.Network:
    """A loop that falls apart in windows."""
    with sj.Network() as net:
        x = sj.Encoder(num=4, coding_method="null")
        a = sj.NeuronGroup(6, model="lif")
        sj.Connection(x, a, weight=weight(6, 4), name="w0")
        sj.Connection(a, a, weight=weight(6, 6, scale=0.1), name="w1", delay=6.0)
        sj.Decoder(dec_target=a, coding_method="spike_counts", name="d")
        sj.Decoder(dec_target=a, coding_method="max_voltage", name="c")
    return net


NETWORKS = {"forward": forward, "recurrent": recurrent, "delayed": delayed}
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def sample(sim: sj.Simulator, variables: Any, b: int) -> Any:
    return jax.tree.map(lambda x, batched: x[b : b + 1] if batched else x, variables, sim.batched)


def loss(result: Any) -> tuple[jax.Array, Any]:
    """All that a run gives."""
    outputs = sum((x**2).sum() for x in result.outputs.values())
    final = sum((x**2).sum() for x in result.variables.state.values() if jnp.issubdtype(x.dtype, jnp.floating))
    return outputs + 0.1 * final + sum((x.astype("float32") ** 2).sum() for x in result.probes.values()), result


@pytest.fixture(scope="module", params=often(["forward", "recurrent", "delayed"], ["recurrent"]))
def alone(request: pytest.FixtureRequest) -> Any:
    """A network, its variables, what runs of each sample alone give by the reference plan, and the sum of their gradients."""
    net = NETWORKS[request.param]()
    for name, group in net.of_kind(sj.NeuronGroup).items():
        net.add(f"v {name}", sj.StateMonitor(group, "V"))
        net.add(f"some {name}", sj.StateMonitor(group, "V", reduce="mean", every=2))
    first = next(iter(net.of_kind(sj.NeuronGroup).values()))
    net.add("o", sj.SpikeMonitor(first))
    net.add("rate", sj.RateMonitor(first, dt=3.0))
    net.add("every", sj.StateMonitor(first, "V", every=3, index=[1, 0]))
    for reduce in ("sum", "max", "last"):
        net.add(reduce, sj.StateMonitor(first, "V", reduce=reduce))
    sim = sj.build(net, dt=1.0, plan=sj.Reference())
    variables = sim.init(jax.random.key(1), B)

    @jax.jit
    @functools.partial(jax.grad, has_aux=True)
    def singles(params: Any) -> Any:
        each = [
            loss(sim.run(sample(sim, variables, b).with_params(params), {"x": DATA[:n, b : b + 1]})) for b, n in enumerate(LENGTHS)
        ]
        return sum(value for value, _ in each), [result for _, result in each]

    return (net, variables, *singles(variables.params))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loops through delays are taken in windows, however small they are."""
    monkeypatch.setattr(stages, "window_pays", lambda *given: True)
    stages.find_stages.cache_clear()
    yield
    stages.find_stages.cache_clear()


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_each_sample_gets_what_a_run_of_its_own_gives(alone: Any, plan: Any) -> None:
    net, variables, wanted, runs = alone
    sim = sj.build(net, dt=1.0, plan=plan)

    @jax.jit
    @functools.partial(jax.grad, has_aux=True)
    def together(params: Any) -> Any:
        return loss(sim.run(variables.with_params(params), {"x": DATA}, lengths=LENGTHS))

    gradient, result = together(variables.params)
    for name, slope in gradient.items():
        np.testing.assert_allclose(slope, wanted[name], rtol=1e-4, atol=1e-4 * np.abs(wanted[name]).max(), err_msg=name)
    for b, (length, run) in enumerate(zip(LENGTHS, runs, strict=True)):
        for name, output in result.outputs.items():
            np.testing.assert_allclose(output[b], run.outputs[name][0], **CLOSE, err_msg=name)
        for name, probe in result.probes.items():
            own = np.asarray(run.probes[name])
            if name in run.times:
                rows = np.asarray(probe)[:, b]
                np.testing.assert_allclose(rows[: len(own)], own[:, 0], **CLOSE, err_msg=name)
                assert not rows[len(own) :].any() and (length == T or len(own) < len(rows)), name
            else:
                np.testing.assert_allclose(probe[b], own[0], **CLOSE, err_msg=name)
        for name, value in sample(sim, result.variables, b).state.items():
            np.testing.assert_allclose(value, run.variables.state[name], **CLOSE, err_msg=name)
    assert int(result.variables.step) == T
    for name, rate in result.health.spike_rate.items():
        np.testing.assert_allclose(rate, np.mean([run.health.spike_rate[name] for run in runs]), rtol=1e-5)


@pytest.mark.usefixtures("windows")
def test_the_delayed_network_is_taken_in_windows() -> None:
    assert "in windows of 6 steps" in sj.build(delayed(), dt=1.0).describe()


GOING_BY_ALL = {"complex_count", "complex_latency", "complex_phase", "time_softmax", "time_spike_counts", "voltage_sum"}


def decoded(methods: Any, shape: tuple[int, ...]) -> sj.program.Program:
    """A program that decodes what it is given, spikes and complex ones."""
    made = []
    for method in methods:
        decoding = resolve_decoder(method, **({"classes": 2} if method == "vote" else {}))
        site = Site(method, "z" if method.startswith("complex") else "y", takes=shape)
        made.append(decoding.lower(site, Context(1.0, {}, str, lambda *_: "", lambda _: frozenset())))
    inputs = (Variable("x", shape, "float32", "input"), Variable("c", shape, "complex64", "input"))
    rows = (Op("y", "assign", "x"), Op("z", "assign", "c"))
    return sj.program.Program(
        (*inputs, *(v for each in made for v in each.variables)), rows, tuple(r for each in made for r in each.records), 1.0
    )


@pytest.mark.parametrize("method", sorted(GOING_BY_ALL))
def test_decoders_that_go_by_all_steps_refuse(method: str) -> None:
    shape = (2, 3) if method == "time_softmax" else (4,)
    sim = sj.build(decoded([method], shape))
    x = np.zeros((T, B, *shape), np.float32)
    with pytest.raises(ValueError, match=f"samples of different length: decoder '{method}' .*(number|all steps)"):
        sim.run(sim.init(jax.random.key(0), B), {"x": x, "c": x.astype("complex64")}, lengths=LENGTHS)


def test_all_other_decoders_say_what_they_say_of_each_sample_alone() -> None:
    program = decoded(sorted(set(DECODERS) - GOING_BY_ALL), (4,))
    x = (RNG.random((T, B, 4)) < 0.3).astype(np.float32)
    data = {"x": x, "c": x * np.complex64(1 + 0.3j)}
    reference, tiled = (sj.build(program, plan=plan) for plan in (sj.Reference(), sj.Tiled(5)))
    start = reference.init(jax.random.key(0), B)
    alone = [reference.run(start, {name: x[:n, b : b + 1] for name, x in data.items()}).outputs for b, n in enumerate(LENGTHS)]
    for sim in (reference, tiled):
        outputs = sim.run(start, data, lengths=LENGTHS).outputs
        assert {name.partition(".")[0] for name in outputs} == set(DECODERS) - GOING_BY_ALL
        for name, output in outputs.items():
            for b, own in enumerate(alone):
                if output.shape[:2] == (T, B):
                    rows = np.asarray(output)[:, b]
                    np.testing.assert_allclose(rows[: LENGTHS[b]], own[name][:, 0], **CLOSE, err_msg=name)
                    assert not rows[LENGTHS[b] :].any(), name
                else:
                    np.testing.assert_allclose(output[b], own[name][0], **CLOSE, err_msg=name)


def small(**more: Any) -> sj.Network:
    with sj.Network() as net:
        x = sj.Encoder(num=4, **{"coding_method": "null"} | more.pop("encoder", {}))
        layer = sj.NeuronGroup(3, model="lif")
        sj.Connection(x, layer, weight=np.full((3, 4), 0.3), name="w", **more)
        sj.Decoder(dec_target=layer, name="counts")
        sj.Decoder(dec_target=layer, coding_method="v_t", name="every")
    return net


SIM = sj.build(small(), dt=1.0)


@pytest.mark.parametrize(
    "lengths, sentence",
    [
        ([7, 13], r"int64 of shape \(2,\), but need to be integers of shape \[B=3\]"),
        ([7.0, 13.0, 1.0], "lengths are float64"),
        ([7, 13, 0], r"lengths\[2\] is 0, but needs to be from 1 to the 13 steps"),
        ([7, 14, 1], r"lengths\[1\] is 14"),
    ],
)
def test_what_are_no_lengths(lengths: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SIM.run(SIM.init(jax.random.key(0), B), {"x": DATA}, lengths=lengths)
    with pytest.raises(ValueError, match="a piece of one, presentation=, has none"):
        SIM.run(SIM.init(jax.random.key(0), B), {"x": DATA}, lengths=LENGTHS, presentation=20)


def test_what_goes_by_all_steps_or_samples_is_refused() -> None:
    data = np.abs(DATA)
    learning = sj.build(small(plasticity="stdp"), dt=1.0)
    learning.run(learning.init(jax.random.key(0), B), {"x": data}, lengths=LENGTHS)
    cases: list[tuple[sj.Simulator, Any, str]] = [
        (sj.build(small(encoder={"coding_method": "latency"}), dt=1.0), data[0], "'x.*' goes by the number of steps of the whole run"),
        (learning.train(), data, "op 'w.*' makes '.*' of all samples of a batch together"),
    ]  # fmt: skip
    net = small()
    net.kept = sj.StateMonitor(net.layer, "V", last=2)
    cases.append((sj.build(net, dt=1.0), data, "monitor 'kept' keeps the last steps of the run"))
    for sim, x, sentence in cases:
        with pytest.raises(ValueError, match=f"samples of different length: .*{sentence}"):
            sim.run(sim.init(jax.random.key(0), B), {"x": x}, steps=T, lengths=LENGTHS)


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(5)], ids=str)
def test_nothing_is_learned_after_the_end(plan: Any) -> None:
    """Of one sample at once, as rules take those of a batch together: weights, traces and means are those of its own run."""
    net = small(plasticity=sj.plasticity.Oja())
    net.other = sj.NeuronGroup(4, model="lif")
    net.bcm = sj.Connection(net.x, net.other, weight=np.full((4, 4), 0.3), plasticity=sj.plasticity.BCM())
    for reduce in ("sum", "mean", "max", "last"):
        net.add(reduce, sj.StateMonitor(net.bcm, "weight", reduce=reduce))
    net.some, net.stacked = sj.StateMonitor(net.bcm, "weight", reduce="last", every=2), sj.StateMonitor(net.bcm, "weight")
    sim = sj.build(net, dt=1.0, plan=plan).train()
    start = sim.init(jax.random.key(0))
    x = np.abs(DATA[:, :1]) + 0.2
    alone, padded = sim.run(start, {"x": x[:7]}), sim.run(start, {"x": x}, lengths=[7])
    for name, probe in alone.probes.items():
        rows = padded.probes[name]
        np.testing.assert_allclose(rows[:7] if name == "stacked" else rows, probe, **CLOSE, err_msg=name)
    assert not padded.probes["stacked"][7:].any()
    wanted, found = alone.variables, padded.variables
    for name, value in {**wanted.plastic, **wanted.state}.items():
        np.testing.assert_allclose(found[name], value, **CLOSE, err_msg=name)
    further = sim.run(start, {"x": x}).variables
    assert all(np.abs(further[name] - found[name]).max() > 1e-5 for name in wanted.plastic)


def test_rules_learn_from_sequences_one_by_one(key: jax.Array) -> None:
    data, x = batches()
    over = np.arange(T)[:, None] >= data.lengths
    other = dataclasses.replace(data, inputs={"x": np.where(over[..., None], 1 - x, x)})
    sim = sj.build(small(plasticity="stdp"), dt=1.0)
    one, two = (learn(sim, each, epochs=1, batch_size=1, key=key, progress=False) for each in (data, other))
    np.testing.assert_array_equal(one.variables["w.weight"], two.variables["w.weight"])
    assert {**one.history[0], "seconds": 0} == {**two.history[0], "seconds": 0} and one.history[0]["spikes"] > 0
    with pytest.raises(ValueError, match="run one sample at once"):
        learn(sim, data, epochs=1, batch_size=2, key=key, progress=False)


def batches() -> tuple[Dataset, np.ndarray]:
    rng = np.random.default_rng(3)
    lengths, labels = rng.integers(3, T + 1, 20), rng.integers(0, 3, 20)
    x = (rng.random((T, 20, 4)) < 0.2 + 0.6 * np.eye(3, 4)[labels]).astype(np.float32)
    return Dataset({"x": x}, labels, lengths=lengths), x


@pytest.mark.parametrize("loss", ["count_cross_entropy", "membrane_cross_entropy", "mean_squared_error"])
def test_lengths_go_through_training_and_evaluation(loss: str, key: jax.Array) -> None:
    """Padding makes no difference to anything."""
    data, x = batches()
    decoder = "counts" if loss == "count_cross_entropy" else "every"
    if loss == "mean_squared_error":
        data = dataclasses.replace(data, labels=np.random.default_rng(4).normal(size=(T, 20, 3)))
    over = np.arange(T)[:, None] >= data.lengths
    other = dataclasses.replace(data, inputs={"x": np.where(over[..., None], 1 - x, x)})
    if loss == "mean_squared_error":
        other = dataclasses.replace(other, labels=np.where(over[..., None], 100.0, data.labels))
    settings: dict[str, Any] = {"epochs": 2, "batch_size": 10, "key": key, "decoder": decoder, "progress": False}
    one, two = (fit(SIM, loss, optax.adam(0.1), each, test=each, **settings) for each in (data, other))
    np.testing.assert_array_equal(one.params["w.weight"], two.params["w.weight"])
    assert [{**row, "seconds": 0} for row in one.history] == [{**row, "seconds": 0} for row in two.history]
    tested = evaluate(SIM, one.variables, data, batch_size=8, loss=loss, decoder=decoder)
    assert tested.loss == pytest.approx(one.history[-1]["test_loss"], rel=1e-5)
    own = np.asarray(SIM.run(SIM.init(key).with_params(one.params), {"x": x[: data.lengths[0], :1]}).outputs[decoder])
    if loss == "mean_squared_error":
        np.testing.assert_allclose(tested.predictions[: len(own), 0], own[:, 0], **CLOSE)
    else:
        assert tested.predictions[0] == (own[0] if decoder == "counts" else own[:, 0].max(0)).argmax()


def test_labels_of_steps_after_the_end_are_not_looked_at(key: jax.Array) -> None:
    data, _ = batches()
    each = np.random.default_rng(5).integers(0, 3, (T, 20))
    over = np.arange(T)[:, None] >= data.lengths
    tested = [
        evaluate(SIM, SIM.init(key), dataclasses.replace(data, labels=labels), batch_size=8, loss="step_cross_entropy", decoder="every")
        for labels in (each, np.where(over, -1, each), np.where(over, (each + 1) % 3, each))
    ]
    assert tested[0].loss == tested[1].loss == tested[2].loss and tested[0].accuracy == tested[1].accuracy == tested[2].accuracy
    with pytest.raises(ValueError, match=r"labels\[:, 0\] are all -1"):
        evaluate(SIM, SIM.init(key), dataclasses.replace(data, labels=np.where(np.arange(T)[:, None] < 3, -1, each),
                 lengths=np.full(20, 3)), batch_size=8, decoder="every")
    with pytest.raises(ValueError, match=r"the data: lengths\[0\] is 14, but a run has 13 steps"):
        evaluate(SIM, SIM.init(key), dataclasses.replace(data, lengths=np.full(20, 14)), batch_size=8, decoder="counts")


@pytest.mark.parametrize("gradient", ["eprop", "ottt"])
def test_gradients_forwards_in_time_refuse(gradient: str, key: jax.Array) -> None:
    data, _ = batches()
    with pytest.raises(ValueError, match="goes on with samples that are over"):
        fit(SIM, "count_cross_entropy", optax.adam(0.1), data, epochs=1, batch_size=10, key=key, decoder="counts",
            gradient=gradient, progress=False)


def first(x: jax.Array) -> jax.Array:
    return x[0]


@pytest.mark.parametrize("plan", [sj.Reference(), sj.Tiled(5)], ids=str)
def test_a_state_of_no_sample_is_that_of_the_last_step(plan: Any) -> None:
    """Also where its rows need no loop, and the last step is not in the last tile."""
    variables = (Variable("x", (4,), role="input"), Variable("w", (4,), batched=False), Variable("lag", (4,), batched=False))
    program = sj.program.Program(variables, (Op("lag", "assign", "w"), Op("w", first, "x")), (), 1.0)
    sim = sj.build(program, plan=plan)
    x = DATA[:, :1]
    for length in (1, 4, 5, 6, 13):
        state = sim.run(sim.init(jax.random.key(0)), {"x": x}, lengths=[length]).variables.state
        np.testing.assert_array_equal(state["w"], x[length - 1, 0])
        np.testing.assert_array_equal(state["lag"], x[length - 2, 0] if length > 1 else np.zeros(4))
