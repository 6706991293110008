"""The metadata of the package and the files beside it say one thing each, and the same."""

import ast
import importlib
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import spaic_jax
from spaic_jax._extras import EXTRAS, import_extra

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRA = PROJECT["project"]["optional-dependencies"]


def names(requirements):
    return {re.match(r"[\w-]+", line).group().lower() for line in requirements}


def test_the_version_is_said_once():
    assert "version" not in PROJECT["project"] and PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "spaic_jax.__version__"}
    # setuptools reads it without importing the package, which needs JAX.
    tree = ast.parse(Path(spaic_jax.__file__).read_text())
    said = [node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__version__"]
    assert said == [spaic_jax.__version__] and re.fullmatch(r"\d+\.\d+\.\d+", said[0])


@pytest.mark.parametrize("module", EXTRAS)
def test_a_missing_package_names_an_extra_that_has_it(module):
    installed_by = {name.lower().replace("_", "-") for name in packages_distributions().get(module, [module])}
    assert installed_by & names(EXTRA[EXTRAS[module]])
    # Large packages of one data set each, and what only writes for another program, are not installed for the tests.
    if module not in ("aeon", "tensorboardX", "tonic"):
        importlib.import_module(module)


def test_every_optional_package_is_in_the_table():
    asked = {
        module
        for path in (ROOT / "spaic_jax").rglob("*.py")
        for module in re.findall(r'import_extra\(\s*"(\w+)', path.read_text())
    }
    assert asked <= set(EXTRAS)
    with pytest.raises(KeyError):
        import_extra("no_such_package", "flying")


def test_the_extra_of_the_command_line_has_what_its_commands_need():
    parts = {part for line in EXTRA["cli"] for part in re.findall(r"\[(.*)\]", line)}
    assert set(",".join(parts).split(",")) == {"data", "files", "plot", "progress"}
    assert "pydantic" in names(EXTRA["cli"])


def test_everything_required_has_a_lower_bound_that_the_gate_can_pin():
    for line in PROJECT["project"]["dependencies"]:
        assert re.fullmatch(r"\w+>=[\d.]+", line), line
    assert 'replace(">=", "==")' in (ROOT / ".ci" / "run").read_text()


def test_notes_name_what_there_is():
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / ".github" / name).read_text()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (ROOT / ".github" / target).exists(), target
        for path in re.findall(r"`((?:spaic_jax|tests|\.ci)/[\w./]+)`", text):
            assert (ROOT / path).exists(), path
    assert f"## {spaic_jax.__version__}" in (ROOT / ".github" / "CHANGELOG.md").read_text()
