"""How runs go on many processes, before there are any. What devices exchange and hold is compared in `many_blocks.py`."""

import json
import tracemalloc

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.distributed import Machine, forecast, forecast_updates
from spaic_jax.run.cost import forecast as model
from spaic_jax.run.cost.work import DRAWING, work_of
from spaic_jax.synapses.pattern import Blocked
from spaic_jax.synapses.pattern.kinds import Drawn, Indegree

COBA, DIGITS = "configs/coba.toml", "configs/digits.toml"


def dense(num, blocks):
    with sj.Network() as net:
        cells = sj.NeuronGroup(num, model="lif")
        odd = sj.NeuronGroup(7, model="lif")
        net.loop = sj.Connection(cells, cells, "fixed_indegree", indegree=8000, storage="pairs", w_mean=0.1, delay=2.0)
        net.on = sj.Connection(cells, odd, "fixed_indegree", indegree=9, storage="pairs", w_mean=0.1)
    return sj.build(net, dt=0.1, blocks=blocks)


def test_seconds_are_those_of_the_written_model():
    sim, machine = dense(2**14, 8), Machine(latency=3.0, bandwidth=5.0, speed=2.0)
    made, work = forecast(sim, 8, machine, rate=20.0), work_of(sim, 8)
    assert (work.neurons, work.own, work.whole) == (2**14 + 7, 2**11 + 7, ("odd",))
    assert work.reaching == {True: 2**14 * 8000, False: 7 * 9} and work.synapses == 2**14 * 8000 + 63
    # A window of 2 ms has 20 steps, of which each process hands round a bit for each of its neurons: what the step before gave, and this one.
    assert made.exchanges == pytest.approx(1000) and made.message == 2**11 * 20 // 8 + 1
    sent = 1000 * made.message
    computing = {
        "steps": model.STEP * 1e4 / 2,
        "neurons": model.NUMBER * (work.numbers[True] / 8 + work.numbers[False]) * 1e4 / 2,
        "synapses": model.SYNAPSE * (2**14 * 8000 / 8 + 63) * 20.0 / 2,
        "hearing": model.HEARD * work.heard * 1e4 / 2,
        "rounds": model.ROUND * made.exchanges / 2,
        "latency": 7 * made.exchanges * 3e-6,
        "bandwidth": 7 * sent / 5e9,
    }
    assert made.terms == pytest.approx(computing)
    assert made.seconds == pytest.approx(sum(computing.values())) and made.bound == max(computing, key=computing.get)
    shared = forecast(sim, 8, Machine(latency=3.0, bandwidth=5.0, speed=2.0, cores=2), rate=20.0)
    assert shared.terms["synapses"] == pytest.approx(4 * made.terms["synapses"])
    assert shared.terms["latency"] == pytest.approx(7 * made.exchanges * model.TURN)
    assert str(made).splitlines()[3].split()[0] == "8" and "odd" in str(made)


def test_beyond_the_fastest_number_of_processes_it_takes_longer():
    machine, num = Machine(latency=20.0, bandwidth=10.0), 2**14
    seconds = {count: forecast(dense(num, count), count, machine, rate=30.0).seconds for count in (1, 4, 16, 64, 256, 1024)}
    fastest = forecast(dense(num, 16), 16, machine, rate=30.0).fastest
    best = min(seconds, key=seconds.get)
    assert 1 < best < 1024 and best / 4 < fastest < best * 4
    # A small network is fastest alone.
    assert forecast(sj.build(sj.standard.coba(400), blocks=4), 4).fastest == 1


def test_a_process_that_is_alone_exchanges_nothing():
    made = forecast(dense(2**10, 1), 1)
    assert made.exchanges == made.exchanging == made.message == 0 and made.speedup == made.efficiency == 1


def test_nothing_is_made_of_what_is_foreseen():
    tracemalloc.start()
    sim = sj.build(sj.standard.coba(10**9, delay=2.0), blocks=10_000)
    made = forecast(sim, 10_000)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    # One exchange a window, though a tile of so many steps takes more than tiles may.
    assert round(made.exchanges) == 500 and made.work.own == 10**5 and made.work.synapses == 80 * 10**9
    with pytest.raises(ValueError, match=r"\d+ synapses of a connection are more than the 2147483647 that can be drawn"):
        sim.init(jax.random.key(0))


@pytest.mark.parametrize("pattern", [Drawn(5000, 5000, share=0.03), Indegree(5000, 5000, degree=150, multapses=False)], ids=["drawn", "indegree"])
@pytest.mark.parametrize("blocks", [1, 6])
def test_drawing_takes_about_as_much_memory_as_is_said(pattern, blocks):
    data = np.asarray(jax.random.key_data(jax.random.key(1)))
    tracemalloc.start()
    (Blocked(pattern, blocks) if blocks > 1 else pattern)._of(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.7 < peak / (DRAWING[blocks > 1] * pattern.count) < 1.1


def test_what_cannot_be_foreseen_is_said():
    with pytest.raises(ValueError, match=r"the 4 blocks of 'loop.weight' cannot be shared out evenly over the 3 devices"):
        forecast(dense(2**10, 4), 3)
    with pytest.raises(ValueError, match=r"is known of the plan Tiled\(\), not of Reference\(\)"):
        forecast(sj.build(sj.standard.coba(400), plan=sj.Reference(), blocks=2), 2)
    with pytest.raises(ValueError, match="Machine: bandwidth must be a positive, finite number, got 0"):
        Machine(bandwidth=0)


def test_updates_go_round_in_a_ring():
    with sj.Network() as net:
        image = sj.Encoder(num=100)
        layer = sj.NeuronGroup(10, model="lif")
        sj.Connection(image, layer, bias=0.0)
        sj.Decoder(dec_target=layer)
    sim, machine = sj.build(net, dt=1.0), Machine(latency=5.0, bandwidth=0.5)
    one, four = (forecast_updates(sim, count, 20, 32, machine) for count in (1, 4))
    assert one.exchanging == 0 and one.speedup == 1 and (four.batch, four.message) == (8, 4 * 1010)
    # All gradients once, as a tile has all steps, and whether all is well.
    assert four.rounds == 2
    assert four.exchanging == pytest.approx(2 * model.ROUND + 2 * 6 * 5e-6 + 6 * 1010 / 0.5e9)
    assert one.computing / 4 < four.computing < one.computing


def test_the_command_has_a_row_for_each_number(capsys):
    assert main(["plan", COBA, "--processes", "1,2,8", "--rate", "20", "--latency", "5", "--bandwidth", "10", "--speed", "2", "--cores", "8"]) == 0
    text = capsys.readouterr().out
    rows = [line.split() for line in text.splitlines() if line[:1].isdigit()]
    assert text.startswith(f"{COBA}: 4,000 neurons with 320,000 synapses, at 20 Hz") and [row[:2] for row in rows] == [["1", "4,000"], ["2", "2,000"], ["8", "500"]]
    assert main(["plan", COBA, "--processes", "2,4", "--json"]) == 0
    two, four = json.loads(capsys.readouterr().out)
    assert (two["exchanges"], two["message"], four["message"]) == (10_000, 251, 126)
    assert two["seconds"] == pytest.approx(sum(two["terms"].values())) and two["work"]["reaching"] == {"shared": 320_000, "whole": 0}
    assert main(["plan", DIGITS, "--processes", "1,4"]) == 0
    assert capsys.readouterr().out.startswith(f"{DIGITS}: an update of 32 samples")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([DIGITS, "--processes", "3"], "training: batch_size 32 cannot be shared out evenly over 3 processes"),
        (["configs/diehl_cook.toml", "--processes", "2"], "only a training by a gradient can be planned"),
        ([COBA, "--processes", "2", "--rate", "-1"], "rate must be a finite number of at least 0"),
        ([COBA, "--processes", "2", "--latency", "0"], "Machine: latency must be a positive, finite number"),
        ([COBA, "--processes", "2", "--set", "network.num=2_000_000_000"], "in each of 2 blocks"),
    ],
)
def test_the_command_says_what_is_wrong(command, said, capsys):
    assert main(["plan", *command]) == 2 and said in capsys.readouterr().err
