"""The command line: its arguments, and what its exit code says."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import spaic_jax
from spaic_jax.cli.errors import UserError
from spaic_jax.run import keep_heap


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments after the name of the script; those of the process by default.

    Returns:
        0 when all went well, 2 for bad input or a training that diverged (with one sentence on stderr), 130 when it was
        interrupted. Errors of the program itself are raised.
    """
    arguments = _parser().parse_args(argv)
    try:
        _run(arguments)
    except UserError as error:
        print(f"spaic-jax: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(f"spaic-jax: {error.args[0] if error.args else 'interrupted.'}", file=sys.stderr)
        return 130
    return 0


def run() -> NoReturn:
    """Run the command of this process, and end the process with its exit code."""
    keep_heap()
    # A warning is a sentence too, without a line of the program.
    warnings.showwarning = lambda message, *_: print(f"spaic-jax: {message}", file=sys.stderr)
    # Pictures go to files, whatever would show them in a window or a notebook.
    os.environ["MPLBACKEND"] = "agg"
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read what was printed, such as `head`, has gone; Python would find so once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    if code == 130:
        sys.stdout.flush()
        sys.stderr.flush()
        # Interrupted while it traces or compiles, JAX may crash when Python takes it down.
        os._exit(code)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spaic-jax", description=spaic_jax.__doc__)
    parser.add_argument("--version", action="version", version=f"spaic-jax {spaic_jax.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train a network, and keep the run in a folder")
    train.add_argument("config", help="configuration, .toml or .json")
    _add_set(train)
    train.add_argument("--out", help="run folder; runs/<config>-seed<N> by default")
    which = train.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, help="seed of all that is random, instead of training.seed")
    which.add_argument("--seeds", type=seeds, metavar="A..B", help="a run for each of these seeds, such as 0..4 or 0,3,7, and a table of them")
    train.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    train.add_argument("--quiet", action="store_true", help="no progress bar")

    evaluate = commands.add_parser("evaluate", help="evaluate a finished run on its test data")
    evaluate.add_argument("run", help="run folder")
    evaluate.add_argument("--json", action="store_true", help="one line of JSON")

    plot = commands.add_parser("plot", help="draw the pictures of a run, finished or not, from its files")
    plot.add_argument("run", help="folder of a training or a recording")
    plot.add_argument("--out", help="folder of the pictures; the run's by default")

    report = commands.add_parser("report", help="write a run, finished or not, with its pictures as one HTML file")
    report.add_argument("run", help="folder of a training or a recording")
    report.add_argument("--out", metavar="FILE.html", help="the file; report.html in the folder by default")

    simulate = commands.add_parser("simulate", help="simulate a network for a long time, and keep what its monitors see in a folder")
    simulate.add_argument("config", help="configuration, .toml or .json; data and training may be left out")
    _add_set(simulate)
    simulate.add_argument("--duration", type=float, metavar="MS", help="simulated time, instead of simulation.duration")
    simulate.add_argument("--chunk", type=float, metavar="MS", help="length of a chunk; by default as long as its memory allows")
    simulate.add_argument("--out", help="folder of the recording; runs/<config>-seed<N> by default")
    simulate.add_argument("--seed", type=seed, default=0, help="seed of all that is random; 0 by default")
    simulate.add_argument("--learn", action="store_true", help="let learning rules change weights")
    simulate.add_argument("--resume", action="store_true", help="go on with a recording that was stopped")
    simulate.add_argument("--json", action="store_true", help="one line of JSON")
    simulate.add_argument("--quiet", action="store_true", help="no progress bar")

    summary = commands.add_parser("summary", help="list what a configuration declares, and what it compiles to")
    summary.add_argument("config", help="configuration, .toml or .json")
    _add_set(summary)

    bench = commands.add_parser("bench", help="time standard workloads beside their matrix products alone")
    which = bench.add_mutually_exclusive_group()
    which.add_argument("--workload", help="name of one workload; all by default")
    which.add_argument("--models", action="store_true", help="time a step of each neuron model instead")
    which.add_argument("--loops", action="store_true", help="time loops written by hand, step by step, instead")
    which.add_argument("--plastic", action="store_true", help="time a layer that learns by local rules, a step, instead")
    which.add_argument("--brain", action="store_true", help="time a second of standard networks of brain simulation instead")
    bench.add_argument("--density", metavar="P,...", help="probabilities of an input spike, each timed; 0.1 by default")
    bench.add_argument("--json", action="store_true", help="one line of JSON each")
    bench.add_argument("--plot", metavar="FILE.png", help="draw the times as multiples of the matrix products' alone")

    names = commands.add_parser("list", help="list the names of neuron models, encoders, links and all else chosen by name")
    names.add_argument("family", nargs="?", help="such as neurons; an overview of all by default")

    docs = commands.add_parser("docs", help="write a site of all public names, from their docstrings")
    docs.add_argument("out", help="folder of the site")
    return parser


def seed(text: str) -> int:
    """A seed, as JAX takes them; ValueError for anything else, which argparse puts in words."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError
    return number


def seeds(text: str) -> list[int]:
    """Several seeds, all different; ValueError for anything else.

    >>> seeds("0..2"), seeds("7,3")
    ([0, 1, 2], [7, 3])
    """
    first, dots, last = text.partition("..")
    numbers = list(range(seed(first), min(seed(last), seed(first) + 1000) + 1)) if dots else [seed(each) for each in text.split(",")]
    if not numbers or len(set(numbers)) < len(numbers):
        raise ValueError
    return numbers


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="change a value of the configuration, such as training.epochs=3; may be repeated",
    )


def _run(arguments: argparse.Namespace) -> None:
    # Each command imports what it needs: `--help` does not wait for it.
    if arguments.command == "train":
        from spaic_jax.cli.train import train

        train(
            arguments.config, arguments.changes, arguments.out, arguments.seed, arguments.seeds, arguments.resume, arguments.quiet
        )
    elif arguments.command == "evaluate":
        from spaic_jax.cli.evaluate import evaluate

        evaluate(arguments.run, arguments.json)
    elif arguments.command == "plot":
        from spaic_jax.cli.plot import plot

        plot(arguments.run, arguments.out)
    elif arguments.command == "report":
        from spaic_jax.cli.report import report

        report(arguments.run, arguments.out)
    elif arguments.command == "simulate":
        from spaic_jax.cli.simulate import simulate_config

        simulate_config(
            arguments.config, arguments.changes, arguments.out, arguments.duration, arguments.chunk, arguments.seed,
            arguments.learn, arguments.resume, arguments.json, arguments.quiet,
        )
    elif arguments.command == "summary":
        from spaic_jax.cli.summary import summary

        summary(arguments.config, arguments.changes)
    elif arguments.command == "list":
        from spaic_jax.cli.families import list_names

        list_names(arguments.family)
    elif arguments.command == "docs":
        from spaic_jax.cli.docs import docs

        docs(arguments.out)
    else:
        from spaic_jax.cli.bench import Kind, bench

        kinds: tuple[Kind, ...] = ("models", "loops", "plastic", "brain")
        kind: Kind = next((kind for kind in kinds if getattr(arguments, kind)), "workloads")
        bench(arguments.workload, arguments.json, arguments.plot, kind, arguments.density)
