"""Damaged files of NIR: each is one clear sentence."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest

import spaic_jax as sj

NODES = "node/nodes"


def graph() -> nir.NIRGraph:
    """A recurrent net behind a convolution, with a nested graph."""
    rng, ones = np.random.default_rng(0), np.ones(3)
    cells = {"tau": ones * 0.02, "r": ones, "v_leak": ones * 0, "v_threshold": ones, "v_reset": ones * 0}
    layer = nir.NIRGraph(
        {
            "in": nir.Input({"input": np.array([3])}), "cells": nir.LIF(**cells), "rec": nir.Linear(rng.normal(size=(3, 3))),
            "out": nir.Output({"output": np.array([3])}),
        },
        [("in", "cells"), ("cells", "rec"), ("rec", "cells"), ("cells", "out")],
    )
    conv = nir.Conv2d(
        input_shape=(4, 5), weight=rng.normal(size=(2, 1, 3, 2)), stride=1, padding=0, dilation=1, groups=1, bias=np.zeros(2)
    )
    nodes = {
        "image": nir.Input({"input": np.array([1, 4, 5])}), "conv": conv, "flat": nir.Flatten({"input": np.array([2, 2, 4])}, 0, -1),
        "fc": nir.Affine(rng.normal(size=(3, 16)), np.zeros(3)), "layer": layer, "wait": nir.Delay(ones * 2e-3),
        "decision": nir.Output({"output": np.array([3])}),
    }
    chain = ["image", "conv", "flat", "fc", "layer", "wait", "decision"]
    return nir.NIRGraph(nodes, list(itertools.pairwise(chain)), type_check=False)


def put(file: h5py.File, path: str, value: Any) -> None:
    """Replace a data set."""
    if path in file:
        del file[path]
    file[path] = value


def edges(file: h5py.File, change: Callable[[list[list[bytes]]], Any], path: str = "node/edges") -> None:
    """Replace the edges."""
    given = [list(edge) for edge in file[path][()].tolist()]
    change(given)
    put(file, path, given)


def without(file: h5py.File, path: str) -> None:
    """Delete something."""
    del file[path]


def nan(file: h5py.File, path: str, value: float = np.nan) -> None:
    """A number that is none."""
    array = file[path][()]
    array.flat[1] = value
    put(file, path, array)


CELLS = f"{NODES}/layer/nodes/cells"
DAMAGES: dict[str, tuple[Callable[[h5py.File], Any], str]] = {
    "no graph": (lambda f: without(f, "node"), "it holds no graph of NIR: there is no group 'node'"),
    "no nodes": (lambda f: without(f, NODES), "the graph has no nodes"),
    "no edges": (lambda f: without(f, "node/edges"), "the graph has no edges"),
    "single node": (lambda f: f.move(f"{NODES}/fc", "fc") or without(f, "node") or f.move("fc", "node"), "it holds a single Affine"),
    "no type": (lambda f: without(f, f"{NODES}/fc/type"), "node 'fc' does not say its type"),
    "unknown type": (lambda f: put(f, f"{NODES}/fc/type", b"Afine"), "unknown type of node 'Afine': did you mean 'Affine'?"),
    "missing field": (lambda f: without(f, f"{CELLS}/tau"), r"node 'layer/cells' \(LIF\): the field 'tau' is missing"),
    "missing bias": (lambda f: without(f, f"{NODES}/fc/bias"), r"node 'fc' \(Affine\): the field 'bias' is missing"),
    "unknown field": (lambda f: put(f, f"{NODES}/fc/gain", 1.0), "the field 'gain' is none that this type has"),
    "nan": (lambda f: nan(f, f"{NODES}/fc/weight"), r"'weight' must be finite, but weight\[0, 1\] is nan"),
    "infinite": (lambda f: nan(f, f"{CELLS}/tau", np.inf), r"'tau' must be finite, but tau\[1\] is inf"),
    "negative tau": (lambda f: nan(f, f"{CELLS}/tau", -0.01), "'tau' must be positive, but holds -0.01"),
    "negative delay": (lambda f: nan(f, f"{NODES}/wait/delay", -0.01), "'delay' must not be negative"),
    "text": (lambda f: put(f, f"{NODES}/fc/bias", "zero"), "'bias' must be numbers, not 'zero'"),
    "complex": (lambda f: put(f, f"{NODES}/fc/bias", np.zeros(3) * 1j), "'bias' must be real numbers, not of dtype complex128"),
    "short bias": (lambda f: put(f, f"{NODES}/fc/bias", np.zeros(2)), r"'bias' must be of shape \(3,\)"),
    "flat weight": (lambda f: put(f, f"{NODES}/fc/weight", np.zeros(48)), r"'weight' must be of shape \(out, in\), not \(48,\)"),
    "unlike fields": (lambda f: put(f, f"{CELLS}/tau", np.ones(4)), r"must be of one shape, but are: r \(3,\), tau \(4,\)"),
    "wrong shape": (
        lambda f: put(f, f"{NODES}/fc/weight", np.zeros((3, 15))),
        r"the edge flat -> fc: 'flat' \(Flatten\) gives shape \(16,\), but 'fc' \(Affine\) takes \(15,\)",
    ),
    "batch axis": (lambda f: put(f, f"{NODES}/flat/start_dim", 1), "its start_dim is 1, but no axis is that of a batch"),
    "no axis": (lambda f: put(f, f"{NODES}/flat/end_dim", 7), "start_dim 0 and end_dim 7 are no axes"),
    "groups": (lambda f: put(f, f"{NODES}/conv/groups", 3), "'groups' must divide the 2 maps that it makes, but is 3"),
    "large window": (lambda f: put(f, f"{NODES}/conv/dilation", 4), r"its window \(3, 2\) is larger than what it gets"),
    "stride 0": (lambda f: put(f, f"{NODES}/conv/stride", 0), "'stride' must be positive, not 0"),
    "three sizes": (
        lambda f: put(f, f"{NODES}/conv/input_shape", [4, 5, 6]), r"node 'conv' \(Conv2d\): 'input_shape' must be one number or 2"
    ),
    "type of two": (lambda f: put(f, f"{NODES}/fc/type", [b"Affine", b"Linear"]), "node 'fc' does not say its type"),
    "half a stride": (lambda f: put(f, f"{NODES}/conv/stride", 0.5), "'stride' must be whole numbers"),
    "edge to nowhere": (
        lambda f: edges(f, lambda e: e[0].__setitem__(1, b"conw")), "the edge image -> conw leads to nowhere: .* did you mean 'conv'"
    ),
    "edge from nowhere": (lambda f: edges(f, lambda e: e[1].__setitem__(0, b"x")), "the edge x -> flat leads from nowhere"),
    "edge twice": (lambda f: edges(f, lambda e: e.append(e[0])), "the graph has the edge image -> conv twice"),
    "edges of three": (lambda f: put(f, "node/edges", [[b"a", b"b", b"c"]]), "an edge is the names of two nodes"),
    "missing edge": (lambda f: edges(f, lambda e: e.pop(2)), r"node 'flat' \(Flatten\) leads nowhere|'fc' \(Affine\) gets nothing"),
    "loop without state": (
        lambda f: put(f, f"{NODES}/fc/weight", np.ones((16, 16)) * 0)
        or put(f, f"{NODES}/fc/bias", np.zeros(16))
        or put(f, f"{NODES}/turn/type", b"Linear")
        or put(f, f"{NODES}/turn/weight", np.ones((16, 16)))
        or put(f, f"{NODES}/narrow/type", b"Linear")
        or put(f, f"{NODES}/narrow/weight", np.ones((3, 16)))
        or edges(f, lambda e: (e.__setitem__(3, [b"fc", b"narrow"]), e.extend([[b"narrow", b"layer"], [b"fc", b"turn"], [b"turn", b"fc"]]))),
        "the loop of 'fc', 'turn' holds no state",
    ),
    "no input": (
        lambda f: without(f, f"{NODES}/image") or edges(f, lambda e: e.pop(0)), "the graph has no Input"
    ),
    "into the input": (lambda f: edges(f, lambda e: e.append([b"fc", b"image"])), "but it is where data enters"),
    "inner edges": (lambda f: without(f, f"{NODES}/layer/edges"), "graph 'layer' has no edges"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nir") / "whole.nir"
    nir.write(path, graph())
    return path


def test_the_whole_file_is_read(whole: Path) -> None:
    assert [row.node for row in sj.from_nir(whole, dt=1.0).report.rows if row.kind == "LIF"] == ["layer/cells"]


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_one_sentence(name: str, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.nir"
    path.write_bytes(whole.read_bytes())
    damage, sentence = DAMAGES[name]
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(ValueError, match=sentence) as caught:
        sj.from_nir(path, dt=1.0)
    assert str(caught.value).startswith(f"{path}: ") or "loop" in name
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 10, 900, -100])
def test_a_file_cut_short_says_so(keep: int, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.nir"
    path.write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(ValueError, match="this is no whole file of HDF5"):
        sj.from_nir(path, dt=1.0)


def test_no_file_and_no_graph(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.nir: there is no such file"):
        sj.from_nir(tmp_path / "none.nir", dt=1.0)
    with pytest.raises(TypeError, match="the path of a file, or an nir.NIRGraph, not int"):
        sj.from_nir(3, dt=1.0)


def test_files_before_the_reset_had_a_potential(whole: Path, tmp_path: Path) -> None:
    """Before NIR 1.0.6 there was no v_reset: it is 0."""
    path = tmp_path / "old.nir"
    path.write_bytes(whole.read_bytes())
    with h5py.File(path, "r+") as file:
        del file[f"{CELLS}/v_reset"]
        put(file, "version", b"0.2")
    assert (sj.from_nir(path, dt=1.0).network["layer/cells"].model.v_reset == 0).all()


def test_published_files_whose_edges_name_a_node_otherwise(whole: Path, tmp_path: Path) -> None:
    """All edges of the nested Braille graphs of NIR's paper name `lif` what is called `lif1`; a node that has edges is not meant."""
    path = tmp_path / "braille.nir"
    path.write_bytes(whole.read_bytes())
    wanted = sj.from_nir(path, dt=1.0).report
    with h5py.File(path, "r+") as file:
        file.move(CELLS, f"{CELLS}1")
    report = sj.from_nir(path, dt=1.0).report
    assert [row.verdict for row in report.rows if row.kind == "LIF"] == [f"{_verdict(wanted)}, the node that edges name 'cells'"]
    inputs = {"image": (np.random.default_rng(0).random((30, 2, 1, 4, 5)) < 0.5) * 3.0}
    assert report.check(inputs).largest["decision"] == wanted.check(inputs).largest["decision"] == 0
    with h5py.File(path, "r+") as file:
        edges(file, lambda e: e.pop(2), f"{NODES}/layer/edges")
        edges(file, lambda e: e.append([b"rec", b"cells1"]), f"{NODES}/layer/edges")
    with pytest.raises(ValueError, match="the edge cells -> out|the edge in -> cells"):
        sj.from_nir(path, dt=1.0)


def _verdict(report: Any) -> str:
    return next(row.verdict for row in report.rows if row.kind == "LIF")


def test_published_files_whose_ends_have_an_axis_of_a_batch(whole: Path, tmp_path: Path) -> None:
    """Rockpool writes an Output of shape (1, 1, n), others an Input of (1, n)."""
    path = tmp_path / "batch.nir"
    path.write_bytes(whole.read_bytes())
    with h5py.File(path, "r+") as file:
        put(file, f"{NODES}/decision/shape", [1, 1, 3])
    imported = sj.from_nir(path, dt=1.0)
    assert {row.node: row.verdict for row in imported.report.rows}["decision"] == "exact, its shape (1, 1, 3) read as (3,)"
    assert imported.report.check({"image": np.ones((3, 2, 1, 4, 5))}).spikes_equal
    with h5py.File(path, "r+") as file:
        put(file, f"{NODES}/decision/shape", [1, 3, 1])
    with pytest.raises(ValueError, match=r"'wait' \(Delay\) gives shape \(3,\), but 'decision' \(Output\) takes \(1, 3, 1\)"):
        sj.from_nir(path, dt=1.0)
    nodes = {"in": nir.Input({"input": np.array([1, 2])}), "fc": nir.Linear(np.ones((3, 2))), "out": nir.Output({"output": np.array([3])})}
    batch = sj.from_nir(nir.NIRGraph(nodes, [("in", "fc"), ("fc", "out")], type_check=False), dt=1.0)
    assert batch.network["in"].shape == (2,)
