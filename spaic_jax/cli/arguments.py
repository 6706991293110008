"""The arguments of the command line: each command with the function that runs it, and an example."""

import argparse
from collections.abc import Callable
from typing import Any

import spaic_jax


def make_parser() -> argparse.ArgumentParser:
    """The parser: what it returns holds `function`, such as `"train:train"`, beside that function's arguments by name."""
    parser = argparse.ArgumentParser(prog="spaic-jax", description=spaic_jax.__doc__)
    parser.add_argument("--version", action="version", version=f"spaic-jax {spaic_jax.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    groups: dict[str, Any] = {"": commands}

    def add(name: str, function: str, help: str, *examples: str) -> argparse.ArgumentParser:
        group, _, own = name.rpartition(" ")
        if group not in groups:
            holder = commands.add_parser(group, help=_GROUPS[group], description=f"{_GROUPS[group][0].upper()}{_GROUPS[group][1:]}.")
            groups[group] = holder.add_subparsers(dest="command", required=True)
        epilog = "\n".join(["examples:" if len(examples) > 1 else "example:", *(f"  spaic-jax {name} {each}".rstrip() for each in examples)])
        command = groups[group].add_parser(
            own, help=help, description=f"{help[0].upper()}{help[1:]}.", epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(function=function)
        return command

    for declare in (_first_steps, _runs, _networks, _tools):
        declare(add)
    return parser


_Add = Callable[..., argparse.ArgumentParser]

#: What commands of two words have in common.
_GROUPS = {"nir": "exchange networks in the neuromorphic intermediate representation"}

#: More runs at once than anyone means.
_MOST = 1000


def _first_steps(add: _Add) -> None:
    doctor = add("doctor", "doctor:doctor", "say what is installed, and test that it computes what it should", "", "--json")
    doctor.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")

    init = add("init", "init:init", "write a configuration, with comments, that can be trained at once", "first.toml", "mine.toml --data mnist.npz", "mine.toml --data touch.npz --x taxels --y letter --axes NTC")
    init.add_argument("path", metavar="FILE.toml", help="the file to write")
    init.add_argument("--data", help="name of a data set, or a file or folder of one's own; digits by default")
    init.add_argument("--x", metavar="NAME", help="array of the samples in it, or columns of a table, with commas between; one with a usual name by default")
    init.add_argument("--y", metavar="NAME", help="array of their labels")
    init.add_argument("--axes", help="of the samples, such as NTC: N samples, T time, others of a sample")

    names = add("list", "families:list_names", "list the names of neuron models, encoders, links and all else chosen by name", "", "neurons")
    names.add_argument("family", nargs="?", help="such as neurons; an overview of all by default")


def _runs(add: _Add) -> None:
    train = add(
        "train", "train:train", "train a network, and keep the run in a folder",
        "configs/digits.toml", "configs/digits.toml --set training.epochs=3 --out runs/short", "configs/digits.toml --seeds 0..4",
        "configs/digits.toml --devices 2", "configs/digits.toml --local-processes 2",
    )
    train.add_argument("config", help="configuration, .toml or .json")
    _add_set(train)
    train.add_argument("--out", help="run folder; runs/<config>-seed<N> by default")
    which = train.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, help="seed of all that is random, instead of training.seed")
    which.add_argument("--seeds", type=seeds, metavar="A..B", help="a run for each of these seeds, such as 0..4 or 0,3,7, and a table of them")
    train.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    many = _add_many(train, "share out the seeds, or each batch where there are none; the numbers are those of one device")
    many.add_argument("--rows", type=count, metavar="M", help="how many of all devices share out rows of weights, and neurons, of what is too large for one; 1 by default")

    swept = add(
        "sweep", "sweep:sweep", "train, or simulate, a network with every combination of some values, and print one table",
        "configs/digits.toml --over network.groups.hidden.tau_m=5,10,20 --seeds 0..2",
        "configs/coba.toml --over network.num=1000,4000 --over simulation.dt=0.1,0.05 --out runs/sizes",
    )
    swept.add_argument("config", help="configuration, .toml or .json; one without [training] is simulated")
    swept.add_argument("--over", action="append", required=True, metavar="KEY=A,B,...", help="a key of the configuration and its values; may be repeated")
    _add_set(swept)
    swept.add_argument("--seeds", type=seeds, metavar="A..B", help="a run of each combination for each of these seeds, such as 0..4 or 0,3,7")
    swept.add_argument("--out", help="folder of the folders of all combinations; runs/<config>-sweep by default")
    swept.add_argument("--devices", type=count, metavar="N", help="devices that share out the seeds, or each batch where there are none; on the CPU they are made")
    swept.add_argument("--learn", action="store_true", help="let learning rules change weights, in simulations")
    swept.add_argument("--resume", action="store_true", help="go on with a sweep that was stopped; what is finished is not repeated")
    swept.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")
    swept.add_argument("--quiet", action="store_true", help="no progress")

    evaluate = add("evaluate", "evaluate:evaluate", "evaluate a finished run on its test data", "runs/short", "runs/short --json")
    evaluate.add_argument("run", help="run folder")
    evaluate.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")

    plot = add("plot", "plot:plot", "draw the pictures of a run, finished or not, from its files", "runs/short", "runs/short --out pictures")
    plot.add_argument("run", help="folder of a training, a recording or a sweep")
    plot.add_argument("--out", help="folder of the pictures; the run's by default")

    report = add("report", "report:report", "write a run, finished or not, with its pictures as one HTML file", "runs/short", "runs/short --out short.html")
    report.add_argument("run", help="folder of a training, a recording or a sweep")
    report.add_argument("--out", metavar="FILE.html", help="the file; report.html in the folder by default")

    simulate = add(
        "simulate", "simulate:simulate_config", "simulate a network for a long time, and keep what its monitors see in a folder",
        "configs/coba.toml", "configs/coba.toml --duration 5000 --out runs/coba", "configs/coba.toml --local-processes 2",
    )
    simulate.add_argument("config", help="configuration, .toml or .json; data and training may be left out")
    _add_set(simulate)
    simulate.add_argument("--duration", type=float, metavar="MS", help="simulated time, instead of simulation.duration")
    simulate.add_argument("--chunk", type=float, metavar="MS", help="length of a chunk; by default as long as its memory allows")
    simulate.add_argument("--out", help="folder of the recording; runs/<config>-seed<N> by default")
    simulate.add_argument("--seed", type=seed, default=0, help="seed of all that is random; 0 by default")
    simulate.add_argument("--learn", action="store_true", help="let learning rules change weights")
    simulate.add_argument("--resume", action="store_true", dest="go_on", help="go on with a recording that was stopped")
    simulate.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")
    simulate.add_argument("--quiet", action="store_true", help="no progress bar")
    _add_many(simulate, "share out neurons and rows of weights; the spikes are those of one device")


def _networks(add: _Add) -> None:
    summary = add("summary", "summary:summary", "list what a configuration declares, and what it compiles to", "configs/digits.toml")
    summary.add_argument("config", help="configuration, .toml or .json")
    _add_set(summary)

    cost = add(
        "cost", "cost:cost", "say what a run of a configuration costs: memory, operations, energy and time, known before and counted after",
        "configs/digits.toml", "configs/coba.toml --set simulation.duration=100 --json",
    )
    cost.add_argument("config", help="configuration, .toml or .json; the first batch of its training data, or a simulation")
    _add_set(cost)
    cost.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")

    plan = add(
        "plan", "plan:plan", "say how a configuration would run on many processes: memory, exchanges and time, without any of them",
        "configs/coba.toml --processes 1,2,4", "configs/coba_million.toml --processes 16,1000 --bandwidth 10 --latency 5",
        "configs/digits.toml --processes 1,2,4",
    )
    plan.add_argument("config", help="configuration, .toml or .json: one network, or a training by a gradient")
    _add_set(plan)
    plan.add_argument("--processes", type=counts, required=True, metavar="P,...", help="numbers of processes, each with a device, a row each")
    plan.add_argument("--rate", type=float, default=10.0, metavar="HZ", help="mean firing rate of all neurons; 10 by default")
    for name, metavar, help in (
        ("bandwidth", "GB/S", "from a process to the next; 1.6 by default, measured within one machine"),
        ("latency", "US", "of a hop from a process to the next; 91 by default, in the same way"),
        ("speed", "X", "of a core, as a multiple of the one that was measured"),
    ):
        plan.add_argument(f"--{name}", type=float, metavar=metavar, help=help)
    plan.add_argument("--cores", type=positive, metavar="N", help="cores that all processes share; one each by default")
    plan.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")

    imported = add(
        "nir import", "nir:import_graph", "read a graph of NIR, and keep it as a network with its weights",
        "braille.nir braille.toml --dt 1", "mine.nir mine.toml --dt 0.1 --integrator exact --signal impulse",
    )
    imported.add_argument("path", metavar="FILE.nir", help="the graph")
    imported.add_argument("out", metavar="OUT.toml", help="file of the network, .toml or .json; its weights go beside it")
    _add_choices(imported)

    exported = add(
        "nir export", "nir:export_run", "write the network of a finished run as a graph of NIR",
        "runs/short short.nir --allow coding --allow decoding", "runs/short short.nir --form euler --reset exact",
    )
    exported.add_argument("run", help="run folder")
    exported.add_argument("path", metavar="FILE.nir", help="the file to write")
    exported.add_argument("--form", choices=["exact", "euler"], default="exact", help="the integrator by which the numbers are to be read; exact by default")
    exported.add_argument(
        "--reset", choices=["refuse", "exact", "hard"], default="refuse",
        help="what becomes of a reset that NIR has not: refused, written as several nodes, or made a hard one",
    )
    exported.add_argument(
        "--allow", action="append", default=[], choices=["coding", "decoding", "plasticity", "refractory", "start"],
        help="what may be lost; may be repeated",
    )

    checked = add(
        "nir check", "nir:check", "run a graph of NIR as a network and by its equations, and compare the two",
        "braille.nir --dt 1", "mine.nir --dt 0.1 --integrator exact --steps 500",
    )
    checked.add_argument("path", metavar="FILE.nir", help="the graph")
    checked.add_argument("--steps", type=positive, default=200, help="number of steps; 200 by default")
    checked.add_argument("--seed", type=seed, default=0, help="seed of the spikes that both get; 0 by default")
    _add_choices(checked)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """What NIR leaves open; by default what the file says, if it was written here, else what NIR's authors take."""
    parser.add_argument("--dt", type=float, metavar="MS", help="length of a step")
    for name, choices, help in (
        ("signal", ["held", "impulse"], "a spike is 1 for a step, or an impulse of area 1"),
        ("unit", ["s", "ms"], "the unit of times in the file"),
        ("integrator", ["euler", "exact"], "how the equations are carried out"),
        ("order", ["voltage_first", "input_first"], "by which current CubaLIF moves its potential: of the step before, or this one's"),
        ("reset", ["hard", "soft"], "to v_reset, or by what the threshold is above it"),
    ):
        parser.add_argument(f"--{name}", choices=choices, help=help)


def _tools(add: _Add) -> None:
    bench = add("bench", "bench:bench", "time standard workloads beside their matrix products alone", "", "--workload small --json", "--models", "--workload B_mlp --peer spyx")
    which = bench.add_mutually_exclusive_group()
    which.add_argument("--workload", help="name of one workload; all by default")
    for kind, timed in (
        ("models", "a step of each neuron model"), ("loops", "loops written by hand, step by step,"),
        ("plastic", "a layer that learns by local rules, a step,"), ("brain", "a second of standard networks of brain simulation"),
    ):
        which.add_argument(f"--{kind}", action="store_const", const=kind, default="workloads", dest="kind", help=f"time {timed} instead")
    bench.add_argument("--density", metavar="P,...", help="probabilities of an input spike, each timed; 0.1 by default")
    bench.add_argument("--peer", metavar="NAME", help="time them in another library too, in turn: norse, snntorch, spikingjelly or spyx, which has to be installed")
    bench.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON each")
    bench.add_argument("--plot", metavar="FILE.png", dest="picture", help="draw the times as multiples of the matrix products' alone")

    docs = add("docs", "docs:docs", "write a site of all public names, from their docstrings", "site")
    docs.add_argument("out", help="folder of the site")

    completion = add(
        "completion", "completion:completion", "print the tab completion of a shell",
        "bash > ~/.local/share/bash-completion/completions/spaic-jax", "zsh > ~/.zfunc/_spaic-jax",
    )
    completion.add_argument("shell", choices=["bash", "zsh"], help="the shell")


def seed(text: str) -> int:
    """A seed, as JAX takes them; ValueError for anything else, which argparse puts in words."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError
    return number


def positive(text: str) -> int:
    """A positive whole number; ValueError for anything else, which argparse puts in words."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def count(text: str) -> int:
    """A positive whole number, no more than a thousand; ValueError for anything else."""
    number = int(text)
    if not 1 <= number <= _MOST:
        raise ValueError
    return number


def counts(text: str) -> list[int]:
    """Positive whole numbers with commas between, no more than a million; ValueError for anything else.

    >>> counts("1,16")
    [1, 16]
    """
    numbers = [positive(each) for each in text.split(",")]
    if max(numbers) > _MOST**2:
        raise ValueError
    return numbers


def seeds(text: str) -> list[int]:
    """Several seeds, all different, no more than a thousand; ValueError for anything else.

    >>> seeds("0..2"), seeds("7,3")
    ([0, 1, 2], [7, 3])
    """
    first, dots, last = text.partition("..")
    numbers = range(seed(first), seed(last) + 1) if dots else [seed(each) for each in text.split(",")]
    if not 1 <= len(numbers) <= _MOST or len(set(numbers)) < len(numbers):
        raise ValueError
    return list(numbers)


def _add_many(parser: argparse.ArgumentParser, what: str) -> Any:
    """The arguments of `spaic_jax.cli.many`."""
    many = parser.add_argument_group("many devices", what)
    many.add_argument("--devices", type=count, metavar="N", help="devices, of each process where there are several; on the CPU they are made")
    many.add_argument("--local-processes", type=count, metavar="N", help="processes on the CPU of this machine, started and watched")
    many.add_argument("--patience", type=positive, metavar="S", help="seconds for which a process may do nothing before it is ended; 600 by default")
    many.add_argument("--coordinator", metavar="HOST:PORT", help="join other processes there; 'auto' under Slurm, Open MPI or Kubernetes")
    many.add_argument("--processes", type=count, metavar="N", help="how many there are")
    many.add_argument("--process-id", type=int, metavar="I", help="which of them this is, from 0")
    return many


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="change a value of the configuration, such as training.epochs=3; may be repeated",
    )
