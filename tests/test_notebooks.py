"""Every notebook runs from top to bottom in a kernel of its own, and is stored without outputs."""

import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from cases import often
from nbclient import NotebookClient

import spaic_jax as sj

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Networks that a notebook declares and a configuration holds: both are one.
DECLARED = [
    ("06_plasticity", "competition", "song_miller_abbott"),
    ("reward_learning", "xor", "xor"),
    ("reward_learning", "cartpole", "cartpole"),
]

# What Jupyter's own libraries say about themselves; warnings of the notebook's code arise in its kernel.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq.*"),
    pytest.mark.filterwarnings("ignore:.*Jupyter.*platformdirs:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Proactor event loop does not implement add_reader:RuntimeWarning"),
]


def read(path):
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_stored_without_outputs(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_installs_from_its_clone(path):
    first = next(cell.source for cell in read(path).cells if cell.cell_type == "code")
    assert re.search(r'find_spec\("spaic_jax"\) is None:\n    %pip install --quiet "\.\.\[[a-z,]+\]"$', first)


@pytest.mark.parametrize("notebook, network, config", DECLARED)
def test_a_network_is_that_of_its_configuration(notebook, network, config):
    cells = [cell.source for cell in read(ROOT / "notebooks" / f"{notebook}.ipynb").cells if cell.cell_type == "code"]
    (declaring,) = (cell for cell in cells if f"sj.Network() as {network}:" in cell)
    imports = [line for cell in cells for line in cell.splitlines() if line.startswith(("import ", "from "))]
    names: dict = {}
    exec("\n".join([*imports, declaring.partition("\nsim = ")[0]]), names)
    declared, read_in = (sj.storage.to_dict(net) for net in (names[network], sj.load_network(ROOT / "configs" / f"{config}.toml")))
    assert single(declared) == single(read_in)


def single(value):
    """Numbers as they are in single precision."""
    if isinstance(value, dict):
        return {key: single(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [single(each) for each in value]
    return np.float32(value).item() if isinstance(value, float) else value


#: Of what other tests run too: files and recordings of one's own, and the cost model.
SELDOM = {"03_your_own_data", "08_speed_and_memory", "learning_without_labels", "online_learning", "reward_learning"}


@pytest.mark.parametrize("path", often(NOTEBOOKS, [path for path in NOTEBOOKS if path.stem not in SELDOM]), ids=lambda path: path.name)
def test_runs(path, tmp_path, monkeypatch):
    # The kernel starts in an empty folder, so that a notebook finds nothing of the clone by accident.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
    notebook = read(path)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()

    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    complaints = [output.text for output in outputs if output.get("name") == "stderr" and "Warning" in output.text]
    assert not complaints
    assert any("image/png" in output.get("data", {}) for output in outputs), "no figure was shown"
