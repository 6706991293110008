"""The configurations under `configs/` that train: all can be trained, and those of the guide's table reach their figures."""

import importlib.util
import json
import os
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spaic_jax.cli import main
from spaic_jax.cli.config import read_config, read_declaration
from spaic_jax.cli.experiment import make_experiment

ROOT = Path(__file__).parent.parent
CONFIGS = {config.stem: config for config in sorted((ROOT / "configs").glob("*.toml")) if read_declaration(config).training is not None}
#: Percent right, as the guide says.
_ROWS = re.findall(r"^\| `spaic-jax train configs/(\w+)\.toml` .*\| (\d+\.\d) % \|", (ROOT / ".github" / "GUIDE.md").read_text(), re.M)
FIGURES = {name: float(figure) for name, figure in _ROWS}
#: Names a folder with the recordings that are not downloaded.
FOLDER = "SPAIC_JAX_RECORDINGS"
RNG = np.random.default_rng()
#: Files like those that are not downloaded.
FILES = {
    "braille": {"taxels": RNG.integers(0, 256, (270, 76, 12), np.uint8), "label": np.arange(270) % 27},
    "nmnist": {axis: RNG.integers(0, size, 100) for axis, size in (("x", 34), ("y", 34), ("polarity", 2), ("t_us", 315_000))}
    | {"offset": np.arange(101), "label": np.arange(100) % 10},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_an_example_can_be_trained(name, tmp_path):
    """By its shapes, from its data to the gradient of its loss."""
    changes = []
    if name in FILES:
        np.savez(tmp_path / "file.npz", **FILES[name])
        changes = [f"data.path={json.dumps(str(tmp_path / 'file.npz'))}"]
    if name == "japanese_vowels":
        lines = [":".join([*["0.5,1.5,1"] * 12, str(1 + k % 9)]) for k in range(36)]
        for part in ("TRAIN", "TEST"):
            (tmp_path / f"JapaneseVowels_{part}.ts").write_text("@classLabel true 1 2 3 4 5 6 7 8 9\n@data\n" + "\n".join(lines))
        changes = [f"data.path={json.dumps(str(tmp_path))}"]
    experiment = make_experiment(read_config(CONFIGS[name], changes), name)
    task = experiment.task

    def cost(params):
        batch = task.take(experiment.training_arrays, jnp.zeros(2, jnp.int32))
        variables = task.sim.init(experiment.key, 2)
        return task.cost(task.run(variables.with_params(params), batch, experiment.key), batch)

    if not experiment.by_rules:
        params = jax.eval_shape(lambda: experiment.task.sim.init(experiment.key, 2).params)
        assert jax.eval_shape(jax.grad(cost), params) == params


def test_the_guide_and_the_examples_say_the_same():
    assert FIGURES.keys() == CONFIGS.keys() - {"diehl_cook"}  # which has a test of its own
    for name, figure in FIGURES.items():
        comment = CONFIGS[name].read_text().partition("\n\n")[0]
        assert f"{figure} %" in comment, name


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_an_example_reaches_its_figure(name, tmp_path):
    changes = []
    if name == "japanese_vowels" and importlib.util.find_spec("aeon") is None:
        pytest.skip("aeon is not installed")
    if name in FILES:
        if FOLDER not in os.environ:
            pytest.skip(f"{FOLDER} names no folder with the recordings")
        path = Path(os.environ[FOLDER]) / Path(read_config(CONFIGS[name]).data.path).name
        changes = ["--set", f"data.path={json.dumps(str(path))}"]
    with jax.numpy_dtype_promotion("standard"):
        assert main(["train", str(CONFIGS[name]), "--quiet", "--out", str(tmp_path / "run"), *changes]) == 0
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert 100 * last["test_accuracy"] >= FIGURES[name] - 1.5
