"""The README and the guide: their Python runs, and their commands are those of the package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spaic_jax.cli import main

ROOT = Path(__file__).parent.parent
README, GUIDE = ROOT / "README.md", ROOT / ".github" / "GUIDE.md"
COMMANDS = [
    "train", "sweep", "evaluate", "plot", "report", "simulate", "summary", "cost", "plan", "list", "docs", "bench", "doctor", "init",
    "completion", "nir import", "nir export", "nir check",
]
# What only the tests ask of the examples.
CHECKS = {
    README: """
import math
assert float(loss) < math.log(10), loss  # below what guessing costs: the example learns
""",
    GUIDE: """
assert list(learned.plastic) == ["features.weight"] and set(begun.params) == {"features.weight", "readout.weight"}
assert optimizer.init(learned.params) is not None and float(stopped["features.STDP.a_plus"]) == 0
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
assert recording.finished and 5 < mean_rate < 100 and 0.2 < irregular < 1.5 and len(bins) == len(course) == 60
assert adapted.num == 3 and 3 < len(adapted.times) < 60
assert sum(shares[:5]) / 5 < 0.7 and sum(shares[-20:]) / 20 > 0.85
assert swept.shape == (3, 2) and (swept[1:] > swept[:-1]).all() and 0 < swept[1, 1] < 500
assert after.shape == (10, 50) and abs(after.sum(1) - 5).max() < 1e-4 and after.std() > 0.01
""",
}


def blocks(language, *pages):
    return [
        block
        for page in pages
        for block in re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    ]


def run(script, folder, *arguments):
    """In a process of its own, as a reader would run it, where a warning is an error."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    command = [sys.executable, "-W", "error", str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", CHECKS, ids=lambda page: page.stem)
def test_python_blocks_run_in_order(page, tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join([*blocks("python", page), CHECKS[page]]))
    run(script, tmp_path)


def test_the_picture_is_drawn_by_its_script(tmp_path):
    run(ROOT / ".github" / "picture.py", tmp_path, "picture.png")
    for drawn in (tmp_path / "picture.png", ROOT / ".github" / "picture.png"):
        assert drawn.read_bytes().startswith(b"\x89PNG") and drawn.stat().st_size > 10_000


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", CHECKS, ids=lambda page: page.stem)
def test_linked_files_exist(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert targets
    for target in targets:
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("command", COMMANDS)
def test_the_guide_has_the_options_of_each_command(command, capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*command.split(), "--help"])
    there = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    row = re.search(rf"^\| `spaic-jax {command}[ `](?!configs/).*$", GUIDE.read_text(), re.MULTILINE).group()
    assert set(re.findall(r"--[a-z]+", row)) == there


def test_the_guide_has_all_commands(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    there = re.search(r"\{([\w,]+)\}", capsys.readouterr().out).group(1).split(",")
    assert set(there) == {command.partition(" ")[0] for command in COMMANDS}


def test_ci_runs_the_commands_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    # Where the run is kept is the script's own matter.
    words = re.sub(r"runs/short|\"\$temporary/run\"", "RUN", "\n".join(blocks("sh", README, GUIDE)))
    script = re.sub(r"\"\$temporary/run\"", "RUN", script)
    commands = [command for line in words.splitlines() for command in line.split(" && ")]
    assert 'pip install -e ".[test]"' in commands
    for command in commands:
        # Training in full and its smaller install are left to readers.
        left = ('pip install -e ".[cli]"', "spaic-jax train configs/digits.toml")
        if command not in left and "jax[cuda13]" not in command:
            assert command.removeprefix("pip install ") in script
