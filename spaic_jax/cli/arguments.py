"""The arguments of the command line: each command with the function that runs it, and an example."""

import argparse
from collections.abc import Callable

import spaic_jax


def make_parser() -> argparse.ArgumentParser:
    """The parser: what it returns holds `function`, such as `"train:train"`, beside that function's arguments by name."""
    parser = argparse.ArgumentParser(prog="spaic-jax", description=spaic_jax.__doc__)
    parser.add_argument("--version", action="version", version=f"spaic-jax {spaic_jax.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, function: str, help: str, *examples: str) -> argparse.ArgumentParser:
        epilog = "\n".join(["examples:" if len(examples) > 1 else "example:", *(f"  spaic-jax {name} {each}".rstrip() for each in examples)])
        command = commands.add_parser(
            name, help=help, description=f"{help[0].upper()}{help[1:]}.", epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(function=function)
        return command

    for declare in (_first_steps, _runs, _networks, _tools):
        declare(add)
    return parser


_Add = Callable[..., argparse.ArgumentParser]

#: More runs at once than anyone means.
_MOST = 1000


def _first_steps(add: _Add) -> None:
    doctor = add("doctor", "doctor:doctor", "say what is installed, and test that it computes what it should", "", "--json")
    doctor.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")

    init = add("init", "init:init", "write a configuration, with comments, that can be trained at once", "first.toml", "mine.toml --data mnist.npz")
    init.add_argument("path", metavar="FILE.toml", help="the file to write")
    init.add_argument("--data", help="name of a data set, or a file or folder of one's own; digits by default")

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
    many = train.add_argument_group("many devices", "share out each batch; the numbers are those of one device")
    many.add_argument("--devices", type=count, metavar="N", help="devices, of each process where there are several; on the CPU they are made")
    many.add_argument("--local-processes", type=count, metavar="N", help="processes on the CPU of this machine, started and watched")
    many.add_argument("--patience", type=float, default=600.0, metavar="S", help="seconds for which such a process may do nothing; 600 by default")
    many.add_argument("--coordinator", metavar="HOST:PORT", help="join other processes there; 'auto' under Slurm, Open MPI or Kubernetes")
    many.add_argument("--processes", type=count, metavar="N", help="how many there are")
    many.add_argument("--process-id", type=int, metavar="I", help="which of them this is, from 0")

    evaluate = add("evaluate", "evaluate:evaluate", "evaluate a finished run on its test data", "runs/short", "runs/short --json")
    evaluate.add_argument("run", help="run folder")
    evaluate.add_argument("--json", action="store_true", dest="as_json", help="one line of JSON")

    plot = add("plot", "plot:plot", "draw the pictures of a run, finished or not, from its files", "runs/short", "runs/short --out pictures")
    plot.add_argument("run", help="folder of a training or a recording")
    plot.add_argument("--out", help="folder of the pictures; the run's by default")

    report = add("report", "report:report", "write a run, finished or not, with its pictures as one HTML file", "runs/short", "runs/short --out short.html")
    report.add_argument("run", help="folder of a training or a recording")
    report.add_argument("--out", metavar="FILE.html", help="the file; report.html in the folder by default")

    simulate = add(
        "simulate", "simulate:simulate_config", "simulate a network for a long time, and keep what its monitors see in a folder",
        "configs/coba.toml", "configs/coba.toml --duration 5000 --out runs/coba",
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


def _networks(add: _Add) -> None:
    summary = add("summary", "summary:summary", "list what a configuration declares, and what it compiles to", "configs/digits.toml")
    summary.add_argument("config", help="configuration, .toml or .json")
    _add_set(summary)


def _tools(add: _Add) -> None:
    bench = add("bench", "bench:bench", "time standard workloads beside their matrix products alone", "", "--workload small --json", "--models")
    which = bench.add_mutually_exclusive_group()
    which.add_argument("--workload", help="name of one workload; all by default")
    for kind, timed in (
        ("models", "a step of each neuron model"), ("loops", "loops written by hand, step by step,"),
        ("plastic", "a layer that learns by local rules, a step,"), ("brain", "a second of standard networks of brain simulation"),
    ):
        which.add_argument(f"--{kind}", action="store_const", const=kind, default="workloads", dest="kind", help=f"time {timed} instead")
    bench.add_argument("--density", metavar="P,...", help="probabilities of an input spike, each timed; 0.1 by default")
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


def count(text: str) -> int:
    """A positive whole number, no more than a thousand; ValueError for anything else."""
    number = int(text)
    if not 1 <= number <= _MOST:
        raise ValueError
    return number


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


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="change a value of the configuration, such as training.epochs=3; may be repeated",
    )
