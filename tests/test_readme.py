"""The README: its Python runs, and its tables and commands are those of the package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spaic_jax.cli import main
from spaic_jax.coding import DECODERS, ENCODERS, GENERATORS
from spaic_jax.network import MONITORS, POLICIES
from spaic_jax.neurons import NEURONS
from spaic_jax.program import INITIALS
from spaic_jax.surrogate import SURROGATES
from spaic_jax.synapses import DELAYS, LINKS, SYNAPSES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
FAMILIES = {
    "neuron model": NEURONS, "surrogate": SURROGATES, "encoder": ENCODERS, "decoder": DECODERS, "initial value": INITIALS, "generator": GENERATORS, "link": LINKS,
    "synapse": SYNAPSES, "delay": DELAYS, "policy": POLICIES, "monitor": MONITORS,
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_python_blocks_run_in_order(tmp_path):
    """In a process of their own, as a reader would run them, where a warning is an error."""
    checks = """
import math
assert float(loss) < math.log(10), loss  # below what guessing costs: the example learns
assert 100 < times.min() and times.max() <= 200 and len(times) == len(neurons) > 20
assert 1 < float(result.probes["rate"].mean()) < 200 and result.probes["voltage"].shape == (200, 1, 3)
with sj.Network() as other:
    drive = sj.Encoder(num=100, coding_method="constant_current")
    own = sj.NeuronGroup(100, model=Quadratic(tau=5.0))
    link = sj.Connection(drive, own)
    rate = sj.Decoder(dec_target=own)
other = sj.build(other, dt=1.0)
result = other.run(other.init(jax.random.key(0)), {"drive": jax.numpy.ones((1, 100))}, steps=20)
assert result.outputs["rate"].sum() > 0
"""
    script = tmp_path / "readme.py"
    script.write_text("\n".join([*blocks("python"), checks]))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_name_what_there_is(family):
    rows = re.findall(rf"^\| {family} \| (.*?) \| `(\w+)` \|", README, re.MULTILINE)
    named = {name: kind for names, kind in rows for name in re.findall(r"`(\w+)`", names)}
    assert named == {name: kind.__name__ for name, kind in FAMILIES[family].items()}


def test_linked_files_exist():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("command", ["train", "evaluate", "summary", "bench"])
def test_the_command_line_has_the_options_of_the_readme(command, capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main([command, "--help"])
    there = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    row = re.search(rf"^\| `spaic-jax {command}.*$", README, re.MULTILINE).group()
    assert set(re.findall(r"--[a-z]+", row)) == there


def test_ci_runs_the_commands_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    # Where the run is kept is the script's own matter.
    words = re.sub(r"runs/short|\"\$temporary/run\"", "RUN", "\n".join(blocks("sh")))
    script = re.sub(r"\"\$temporary/run\"", "RUN", script)
    commands = [command for line in words.splitlines() for command in line.split(" && ")]
    assert 'pip install -e ".[test]"' in commands
    for command in commands:
        # Training in full and its smaller install are left to readers.
        if command not in ('pip install -e ".[cli]"', "spaic-jax train configs/digits.toml"):
            assert command.removeprefix("pip install ") in script
