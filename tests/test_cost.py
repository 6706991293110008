"""What a run costs: operations against loops over edges and spikes, memory against XLA's account, and the command."""

import dataclasses
import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.program import Op, Program, Variable
from spaic_jax.run.cost import speed
from spaic_jax.synapses import FixedDelay, LinearDelay

STEPS = 23


def convolved(pre, post, kernel, stride=1, padding=0, dilation=1, groups=1):
    """Ends `(j, i)` of the synapses of a convolution, in loops over outputs."""
    (channels, *size), (made, *out) = pre, post
    for o, c in itertools.product(range(made), range(channels // groups)):
        read = o // (made // groups) * (channels // groups) + c
        for place, offset in itertools.product(np.ndindex(*out), np.ndindex(kernel, kernel)):
            at = [p * stride - padding + k * dilation for p, k in zip(place, offset, strict=True)]
            if all(0 <= n < most for n, most in zip(at, size, strict=True)):
                yield np.ravel_multi_index((read, *at), pre), np.ravel_multi_index((o, *place), post)


def fan_out(edges, size):
    count = np.zeros(size, np.int64)
    for j, _ in edges:
        count[j] += 1
    return count


def counted(arrived, fan):
    """Spikes, analogue values, additions and multiplications of what arrived, `[T, B, ...]`, number after number."""
    told = np.zeros(4, np.int64)
    for value, edges in ((x, f) for row in arrived.reshape(-1, len(fan)) for x, f in zip(row, fan, strict=True)):
        if value != 0:
            told += (1, 0, edges, 0) if value == 1 else (0, 1, 0, edges)
    return tuple(told.tolist())


def shifted(given, lag):
    """What was given so many steps ago, nothing before the first."""
    return np.concatenate([np.zeros_like(given[:lag]), given[: len(given) - lag]]) if lag else given


def told(each):
    return each.spikes, each.values, each.additions, each.multiply_adds


MAPS, GROWN, WINDOWS = (3, 4, 3), (2, 7, 5), (1, 3, 2)
PAIRS = [(j, i) for j in range(9) for i in range(9)]


def network(rng):
    """A connection of each kind; by its name what it reads, how many steps ago, its synapses and its dense operations a step."""
    listed, mask = rng.random((9, 36)) < 0.1, rng.random((9, 36)) < 0.3
    mask[:, 5] = False  # a neuron without any
    delays = rng.uniform(3.1, 3.9, (9, 9)).astype(np.float32)
    with sj.Network() as net:
        image = sj.Encoder(shape=(2, 7, 6), coding_method="null")
        flat = sj.Encoder(shape=(1, 5, 4), coding_method="null")
        maps = sj.NeuronGroup(shape=MAPS, model="lif")
        cells = sj.NeuronGroup(9, model="lif")
        grown = sj.NeuronGroup(shape=GROWN, model="lif")
        grid = sj.NeuronGroup(shape=WINDOWS, model="lif")
        pooled = sj.NeuronGroup(shape=(3, 3, 2), model="lif")
        settings = {
            "strided": (image, maps, "conv", {"kernel_size": 3, "stride": 2, "padding": 1, "w_mean": 0.3, "w_std": 0.6}),
            "apart": (maps, maps, "conv", {"kernel_size": 3, "padding": 2, "dilation": 2, "groups": 3, "bias": 0.1}),
            "back": (maps, grown, "conv_transpose", {"kernel_size": 3, "stride": 2, "padding": 1}),
            "local": (flat, grid, "continuous_local", {"kernel_size": 3}),
            "listed": (maps, cells, "sparse", {"index": np.nonzero(listed), "storage": "pairs", "w_mean": 0.9}),
            "masked": (maps, cells, "sparse", {"index": np.nonzero(mask), "storage": "masked", "weight": np.zeros(mask.sum())}),
            "late": (cells, cells, "sparse", {"index": np.nonzero(~np.eye(9, dtype=bool)), "storage": "pairs",
                                              "delay": FixedDelay(value=delays)}),
            "each": (cells, cells, "full", {"delay": FixedDelay(value=delays)}),
            "between": (cells, cells, "full", {"delay": LinearDelay(value=np.full((9, 9), 1.5, np.float32), max_delay=3.0)}),
            "one": (cells, cells, "one_to_one", {"delay": 3.0}),
            "part": (cells[1:8:2], cells[:5], "full", {"weight_quantization": True}),
            "mean": (maps, pooled, "pool", {"syn_type": ["directpass", "avgpool"], "pool_stride": 1}),
            "sum": (maps, pooled, "pool", {"syn_type": ["sumpool"], "pool_stride": 1}),
            "zzz": (maps, cells, "full", {"syn_type": ["avgpool", "basic"], "w_mean": 0.2}),
        }
        for name, (pre, post, link, given) in settings.items():
            setattr(net, name, sj.Connection(pre, post, link, **given))
        for name, group in (("image", image), ("flat", flat), ("maps", maps), ("cells", cells)):
            setattr(net, f"{name}_seen", sj.StateMonitor(group, "O"))
    windows = [(j, i) for j, i in convolved((1, 5, 4), WINDOWS, 3)]
    means = [(j, i) for c in range(3) for j, i in ((j + 12 * c, i) for j, i in convolved((1, 4, 3), (1, 3, 2), 2))]
    halves = [(j, i) for c in range(3) for j, i in ((j + 12 * c, i) for j, i in convolved((1, 4, 3), (1, 2, 1), 2, 2))]
    # A transposed convolution has the synapses of a convolution the other way round.
    turned = [(j, i) for i, j in convolved(GROWN, MAPS, 3, 2, 1)]
    expected = {
        "strided": ("image", 1, convolved((2, 7, 6), MAPS, 3, 2, 1), 36 * 18),
        "apart": ("maps", 1, convolved(MAPS, MAPS, 3, 1, 2, 2, 3), 36 * 9),
        "back": ("maps", 1, turned, 36 * 18),
        "local": ("flat", 1, windows, 54),
        "listed": ("maps", 1, [(j, i) for i, j in np.argwhere(listed)], listed.sum()),
        "masked": ("maps", 1, [(j, i) for i, j in np.argwhere(mask)], 9 * 36),
        "late": ("cells", 1, [(j, i) for j, i in PAIRS if i != j], 72),
        "each": ("cells", 1, PAIRS, 5 * 81),
        "between": ("cells", 1, PAIRS + PAIRS, 4 * 81),
        "one": ("cells", 4, [(j, j) for j in range(9)], 9),
        "part": ("four", 1, [(j, i) for j in range(4) for i in range(5)], 20),
        "mean.AvgPool": ("maps", 1, means, 18 * 4),
        "sum.SumPool": ("maps", 1, means, 18 * 4),
        "zzz.AvgPool": ("maps", 1, halves, 6 * 4),
        "zzz": ("halves", 1, [(j, i) for j in range(6) for i in range(9)], 54),
    }
    return net, expected


def data(rng, batch):
    image, flat = ((rng.random((STEPS, batch, *shape)) < 0.3).astype(np.float32) for shape in ((2, 7, 6), (1, 5, 4)))
    # Currents, a negative one and spikes that are worth more among the spikes of one encoder.
    flat[flat == 1] = rng.choice(np.float32([1.0, 1.0, 0.5, -1.0, 2.0]), int(flat.sum()))
    return {"image": image, "flat": flat}


def test_the_operations_of_all_links_are_those_of_loops_over_edges():
    rng = np.random.default_rng(0)
    net, expected = network(rng)
    sim, inputs = sj.build(net, dt=1.0, propagation="one_step", plan=sj.Reference()), data(rng, 2)
    variables = sim.init(jax.random.key(0), 2)
    seen = {name.removesuffix("_seen"): np.asarray(x) for name, x in sim.run(variables, inputs).probes.items()}
    windows = seen["maps"].reshape(STEPS, 2, 3, 4, 3)[..., :2]
    seen |= {"halves": windows.reshape(STEPS, 2, 3, 2, 2, 1, 2).mean((4, 6)), "four": seen["cells"][..., 1:8:2]}
    assert all(0 < (x != 0).mean() < 1 for x in seen.values())
    spent = sim.spent(variables, inputs)
    assert {each.name for each in spent.connections} == expected.keys() and len(spent.connections) == len(expected)
    for each in spent.connections:
        name, lag, edges, dense = expected[each.name]
        arrived, edges = shifted(seen[name], lag).reshape(STEPS, 2, -1), list(edges)
        reference = counted(arrived, fan_out(edges, arrived.shape[-1]))
        if "Pool" in each.name:
            reference = (*reference[:2], sum(reference[2:]), 0)
        assert told(each) == reference and sum(reference[:2]), each.name
        assert each.synapses == len(edges) and each.dense == dense * STEPS * 2, each.name
        assert each.energy == pytest.approx((0.9 * each.additions + 4.6 * each.multiply_adds) / 1000)
    assert (spent.additions, spent.multiply_adds) == tuple(np.sum([told(each)[2:] for each in spent.connections], 0))
    assert spent.dense_energy == pytest.approx(sum((0.9 if "Pool" in e.name else 4.6) * e.dense for e in spent.connections) / 1000)
    assert all(each.name in str(spent) for each in spent.connections)


def small():
    """A convolution, and a loop with a delay of 2 ms."""
    with sj.Network() as net:
        image = sj.Encoder(shape=(2, 5, 4), coding_method="null")
        maps = sj.NeuronGroup(shape=(2, 3, 2), model="lif")
        sj.Connection(image, maps, "conv", kernel_size=3, stride=2, padding=1, w_mean=0.3, w_std=0.6, name="conv")
        sj.Connection(maps, maps, w_std=0.2, delay=2.0, name="loop")
        net.seen = sj.StateMonitor(maps, "O")
    return net, {"conv": convolved((2, 5, 4), (2, 3, 2), 3, 2, 1), "loop": itertools.product(range(12), range(12))}


@pytest.mark.parametrize("plan, batch", [(sj.Tiled(), 3), (sj.Tiled(7), 1), (sj.Reference(), 3)])
def test_so_they_are_on_every_plan_and_of_every_batch(plan, batch):
    net, edges = small()
    sim = sj.build(net, dt=1.0, plan=plan)
    image = (np.random.default_rng(batch).random((STEPS, batch, 2, 5, 4)) < 0.4).astype(np.float32)
    variables = sim.init(jax.random.key(0), batch)
    seen = np.asarray(sim.run(variables, {"image": image}).probes["seen"])
    # In a loop a connection carries the step before, and the delay comes on top.
    arrived = {"conv": image, "loop": shifted(seen, 3)}
    spent, cost = sim.spent(variables, {"image": image}), sim.cost(STEPS, batch)
    for each, before, (name, ends) in zip(spent.connections, cost.connections, edges.items(), strict=True):
        value = arrived[name].reshape(STEPS, batch, -1)
        assert each.name == before.name == name and seen.any()
        assert told(each) == counted(value, fan_out(ends, value.shape[-1]))
        assert each.dense == before.each_step * STEPS * batch
    assert spent.steps == STEPS * batch and cost.operations == spent.dense == (12 * 18 + 144) * STEPS * batch
    assert cost.energy == pytest.approx(spent.dense_energy)


def test_samples_of_different_length_cost_what_each_costs_alone():
    net, edges = small()
    sim, lengths = sj.build(net, dt=1.0), np.array([1, STEPS, 9])
    image = (np.random.default_rng(5).random((STEPS, 3, 2, 5, 4)) < 0.4).astype(np.float32)
    variables = sim.init(jax.random.key(0), 3)
    spent, seen = sim.spent(variables, {"image": image}, lengths=lengths), np.asarray(sim.run(variables, {"image": image}).probes["seen"])
    assert spent.steps == lengths.sum()
    for each, value in zip(spent.connections, (image, shifted(seen, 3)), strict=True):
        fan = fan_out(edges[each.name], value[0, 0].size)
        alone = [counted(value[:length, b].reshape(length, -1), fan) for b, length in enumerate(lengths)]
        assert told(each) == tuple(np.sum(alone, 0)) and each.dense == {"conv": 216, "loop": 144}[each.name] * lengths.sum()


def test_potentials_are_multiplied():
    with sj.Network() as net:
        drive = sj.Generator(4, coding_method="cc_generator", amp=0.4)
        one, other = sj.NeuronGroup(4, model="lif"), sj.NeuronGroup(3, model="lif")
        sj.Connection(drive, one, "one_to_one", name="drive_in")
        sj.Connection(one, other, "electrical", w_mean=0.1, name="gap")
    sim = sj.build(net, dt=1.0)
    spent = {each.name: each for each in sim.spent(sim.init(jax.random.key(0)), steps=10).connections}
    # Before the first step all potentials are 0.
    assert told(spent["gap"]) == (0, 4 * 9, 0, 4 * 9 * 3) and spent["gap.back"].dense == 120
    assert spent["drive_in"].values == 40


def plastic(rule="full_online_stdp"):
    with sj.Network() as net:
        image = sj.Encoder(num=6, coding_method="null")
        layer = sj.NeuronGroup(4, model="lif")
        sj.Connection(image, layer, weight=np.full((4, 6), 0.4), plasticity=rule, name="w")
    return sj.build(net, dt=1.0)


@pytest.mark.parametrize("change", [lambda sim: sim, lambda sim: sim.train(), lambda sim: sj.build(sim.program.astype("bfloat16"))])
def test_weights_that_are_learned_or_rounded_have_the_same_fan_out(change):
    sim = change(plastic())
    spikes = (np.random.default_rng(0).random((50, 2, 6)) < 0.4).astype(np.float32)
    each = next(e for e in sim.spent(sim.init(jax.random.key(0), 2), {"image": spikes}).connections if e.name == "w")
    assert told(each) == (spikes.sum(), 0, 4 * spikes.sum(), 0) and each.synapses == 24 and each.dense == 24 * 100


def test_counts_of_a_long_run_are_whole_in_half_precision_too():
    with sj.Network() as net:
        image = sj.Encoder(num=1, coding_method="null")
        sj.Connection(image, sj.NeuronGroup(700, model="lif"), name="w")
    sim = sj.build(sj.build(net, dt=1.0).program.astype("bfloat16"))
    spent = sim.spent(sim.init(jax.random.key(0)), {"image": np.ones((1001, 1, 1))})
    assert told(spent.connections[0]) == (1001, 0, 700 * 1001, 0)


def test_other_products_count_as_dense():
    with sj.Network() as net:
        image = sj.Encoder(num=4, coding_method="null")
        layer = sj.NeuronGroup(6, model="lif")
        sj.Connection(image, layer, "attention", group_num=2, d_k=3, name="seeing")
    sim = sj.build(net, dt=1.0)
    spent = sim.spent(sim.init(jax.random.key(0)), {"image": np.zeros((5, 1, 4))})
    (each,) = spent.connections
    # Queries, their match with the keys, and two products of attention, of which one is no product of matrices.
    assert (each.synapses, each.spikes, each.additions) == (None, None, 0) and each.multiply_adds == each.dense >= 5 * (4 * 18 + 72 + 24)
    assert spent.multiply_adds == spent.dense and " - " in str(spent)


def test_a_program_written_by_hand():
    program = Program(
        (Variable("x", (3,), role="input"), Variable("w", (5, 3), role="parameter"), Variable("V", (5,))),
        (Op("I", "mat_mult_weight", ("x", "w"), name="product"), Op("V", "add", ("V", "I"))), dt=1.0,
    )
    sim = sj.build(program)
    each = sim.spent(sim.init(jax.random.key(0)), {"x": [[[1, 0, 0.5]], [[1, 1, 0]]]}).connections[0]
    assert (each.name, *told(each), each.dense) == ("product", 3, 1, 15, 5, 30)


def test_memory_is_that_of_the_compiled_run_beside_the_estimate():
    sim = plastic()
    cost = sim.cost(200, 8)
    assert cost.memory == sim.memory(200, 8)
    variables, inputs = jax.eval_shape(lambda: sim.init(jax.random.key(0), 8)), {"image": jax.ShapeDtypeStruct((200, 8, 6), "float32")}
    told = jax.jit(lambda v, x: sim.run(v, x)).lower(variables, inputs).compile().memory_analysis()
    assert cost.compiled["temporaries"] == told.temp_size_in_bytes and cost.compiled["arguments"] >= inputs["image"].size * 4
    assert cost.compiled["outputs"] == told.output_size_in_bytes


def test_the_estimate_of_time_goes_by_steps_and_samples_and_is_none_where_nothing_was_fitted(monkeypatch):
    sim = plastic()
    time = [sim.cost(steps, batch).time_ms for steps, batch in ((100, 1), (200, 1), (100, 4))]
    assert 0 < time[0] < min(time[1:]) and "estimated" in str(sim.cost(100))
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert speed.expected_ms(sim.program, 10, 1) is None
    assert "estimated to" not in str(dataclasses.replace(sim.cost(100), time_ms=None))


def test_what_cannot_be_counted_is_refused():
    sim = plastic()
    variables = sim.init(jax.random.key(0))
    with pytest.raises(ValueError, match=r"outside jax\.jit"):
        jax.jit(lambda v: sim.spent(v, {"image": jnp.ones((3, 1, 6))}).additions)(variables)
    with pytest.raises(ValueError, match="steps"):
        sim.cost(0)
    with pytest.raises(ValueError, match="image"):
        sim.spent(variables, steps=3)


SIMULATED = """
[network]
standard = "coba"
num = 100

[simulation]
dt = 0.1
duration = 20.0
"""


def test_the_command_counts_a_simulation(tmp_path, capsys):
    file = tmp_path / "small.toml"
    file.write_text(SIMULATED)
    assert main(["cost", str(file), "--set", "simulation.duration=10"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{file}: 100 steps of 1 sample, estimated to take") and "temporaries" in text and "0.9 pJ" in text
    before, after = (line.replace(",", "").split() for line in text.splitlines() if line.startswith("total"))
    # Of a list of pairs nothing but the synapses is dense.
    assert before[1] == after[1] and before[3] == after[-2] == f"{100 * int(after[1])}"


def test_the_command_takes_the_first_batch_of_a_training(capsys):
    command = ["cost", "configs/digits.toml", "--set", "training.batch_size=5"]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("configs/digits.toml, the first batch, not trained yet: 10 steps of 5 samples")
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    first, second = told["connections"]
    train, _ = sj.data.resolve_dataset("digits")("image", (64,))
    pixels = np.asarray(train.inputs["image"])[:5]
    assert (first["spikes"], first["values"]) == (10 * (pixels == 1).sum(), 10 * ((pixels != 0) & (pixels != 1)).sum())
    assert second["additions"] == 10 * second["spikes"] > 0 == second["values"]
    assert told["energy"] == pytest.approx(first["energy"] + second["energy"]) and told["memory"]["total"] > 0


def test_the_command_says_what_is_missing(tmp_path, capsys):
    file = tmp_path / "small.toml"
    file.write_text(SIMULATED.replace("duration = 20.0", "duration = 20.03"))
    assert main(["cost", str(file)]) == 2 and "simulation.duration" in capsys.readouterr().err
