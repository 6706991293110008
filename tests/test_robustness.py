"""Whatever is damaged, a sentence says what: no traceback, and nothing is written."""

import json
import warnings

import damage
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.lowering import UnreachedWarning


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of the small configuration."""
    folder = tmp_path_factory.mktemp("sound")
    damage.write_data(folder)
    (folder / "small.json").write_text(json.dumps(damage.CONFIG))
    assert main(["train", str(folder / "small.json"), "--quiet", "--out", str(folder / "run")]) == 0
    return folder / "run"


def wrong(folder, run, count, seed, capsys, monkeypatch):
    """What is not answered as it should be, and how many damaged inputs mean something after all."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("spaic_jax.cli.train.trained", lambda *args, **kwargs: [])
    bad, taken = [], []
    # A sentence of its own.
    warnings.simplefilter("ignore", UnreachedWarning)
    for what, arguments, names in damage.cases(folder, run, count, seed):
        before = sorted(folder.rglob("*"))
        try:
            code = main([*arguments, *(["--quiet"] if arguments[0] == "train" else [])])
        except BaseException as error:
            capsys.readouterr()
            bad.append(f"{arguments} {what}: {type(error).__name__}: {error}"[:400])
            continue
        said = capsys.readouterr().err
        if code == 0:
            taken.append(f"{names[0]} {what}")
        elif code != 2 or said.count("\n") != 1 or not any(name in said for name in names) or len(said) > 2000:
            bad.append(f"{names[0]} {what}: {code} {said}"[:400])
        if sorted(folder.rglob("*")) != before and (code or arguments[0] == "train"):
            bad.append(f"{names[0]} {what}: something was written")
    return bad, taken


def test_a_sample_of_damages(run, tmp_path, capsys, monkeypatch):
    bad, taken = wrong(tmp_path, run, 60, 7, capsys, monkeypatch)
    assert not bad
    assert len(taken) < 30


@pytest.mark.slow
def test_five_hundred_damages(run, tmp_path, capsys, monkeypatch):
    bad, taken = wrong(tmp_path, run, 500, 1, capsys, monkeypatch)
    assert not bad
    assert len(taken) < 250


@pytest.mark.parametrize("count, seed", [(20, 3), pytest.param(100, 4, marks=pytest.mark.slow)])
def test_damaged_files_of_networks(count, seed, tmp_path):
    bad = []
    for what, file in damage.networks(tmp_path, count, seed):
        try:
            sj.storage.load_network(file)
        except (ValueError, TypeError, OSError) as error:
            if file.name not in str(error) or "\n" in str(error):
                bad.append(f"{what}: {error}"[:300])
        except Exception as error:
            bad.append(f"{what}: {type(error).__name__}: {error}"[:300])
    assert not bad
