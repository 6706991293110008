"""Damaged configurations, data files, run folders and network files, each from a seed."""

import copy
import io
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax.storage import from_dict, save_network

#: What stands where something else is needed.
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, -(10**400), 1e308, float("nan"), float("inf"), "", "x" * 5000, "ü\u202e\x00", "\ud800", [], {}, [[[]]],
    "../../etc/passwd", "/dev/zero", "/dev/stdin", [1, "a"], {"name": "nan"}, {"name": None}, 0.5,
)

CONFIG: dict[str, Any] = {
    "network": {
        "encoders": {"image": {"num": 6, "coding_method": "constant_current"}},
        "groups": {
            "hidden": {"num": 5, "model": "lif", "tau_m": 10.0, "reset": "soft", "surrogate": {"name": "atan", "alpha": 2.0}},
            "output": {"num": 3, "model": "leaky_integrator", "tau_m": 10.0},
        },
        "connections": {
            "into": {"pre": "image", "post": "hidden", "w_mean": 0.0, "w_std": 0.3, "bias": 0.0, "delay": 1.0},
            "out": {"pre": "hidden", "post": "output", "link_type": "sparse", "density": 0.6, "w_std": 0.3},
        },
        "decoders": {"decision": {"dec_target": "output", "coding_method": "final_step_voltage"}},
    },
    "simulation": {"dt": 1.0, "duration": 3.0},
    "data": {"path": "data.npz", "x": "x", "y": "y", "test": 0.25, "scale": 1.0},
    "training": {
        "epochs": 1, "batch_size": 4, "loss": {"name": "membrane_cross_entropy"}, "seed": 3, "validation": 0.2,
        "optimizer": {"name": "adam", "learning_rate": 5e-3, "schedule": {"name": "cosine"}, "clip_norm": 1.0},
        "stop": {"by": "validation_loss", "patience": 2},
    },
}

#: What is damaged, the arguments of the command that meets it, and what its sentence has to name one of.
Case = tuple[str, list[str], tuple[str, ...]]


def write_data(folder: Path) -> None:
    """24 samples of three classes in `folder/data.npz`."""
    numbers = np.random.default_rng(0)
    np.savez(folder / "data.npz", x=numbers.random((24, 6), np.float32), y=np.arange(24) % 3)


def cases(folder: Path, run: Path, count: int, seed: int) -> Iterator[Case]:
    """Damaged inputs, each in a folder of its own.

    Args:
        folder: where these are made, one after the other.
        run: a finished run of `CONFIG`.
        count: how many.
        seed: of all choices.
    """
    for number in range(count):
        choose = random.Random(1000 * seed + number)
        kind = choose.choice((_tree, _tree, _tree, _text, _data, _arrays, _run))
        own = folder / f"case{number}"
        own.mkdir()
        write_data(own)
        yield kind(own, run, choose)


def _tree(folder: Path, run: Path, choose: random.Random) -> Case:
    """A value of the configuration is another one, missing, or stands under another key."""
    config = copy.deepcopy(CONFIG)
    places = list(_places(config))
    table, key = choose.choice(places)
    how = choose.choice(("value", "value", "value", "missing", "renamed"))
    said = how
    if how == "value":
        table[key] = choose.choice(VALUES)
        said = repr(table[key])[:40]
    elif how == "missing":
        del table[key]
    else:
        table[choose.choice((f"{key}s", "", "a.b", "../up", "\ud800", "ü", "x" * 3000))] = table.pop(key)
    file = folder / "tree.json"
    file.write_text(json.dumps(config))
    return f"{key} {said}", ["train", str(file)], (file.name,)


def _places(table: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for key, value in table.items():
        yield table, key
        if isinstance(value, dict):
            yield from _places(value)


def _text(folder: Path, run: Path, choose: random.Random) -> Case:
    """The text is cut, changed in a byte, or holds what no such file has."""
    text = json.dumps(CONFIG).encode()
    place = choose.randrange(len(text))
    how = choose.choice(("cut", "flipped", "deep", "twice", "digits", "bytes", "empty", "toml"))
    contents = {
        "cut": text[:place], "flipped": text[:place] + bytes([text[place] ^ 1 << choose.randrange(8)]) + text[place + 1 :],
        "deep": b'{"network": ' + b"[" * 9999 + b"]" * 9999 + b"}", "twice": text.replace(b'"dt": 1.0', b'"dt": 1.0, "dt": 2.0'),
        "digits": text.replace(b'"epochs": 1', b'"epochs": ' + b"9" * 5000), "bytes": text + b"\xff\xfe", "empty": b"",
        "toml": b"[network]\na = 1\na = 2\n",
    }[how]
    file = folder / f"text.{'toml' if how == 'toml' else 'json'}"
    file.write_bytes(contents)
    return how, ["train", str(file)], (file.name,)


def _arrays(folder: Path, run: Path, choose: random.Random) -> Case:
    """The data are other arrays than the network needs."""
    x, y = np.ones((24, 6), np.float32), np.arange(24) % 3
    spoilt = x.copy()
    spoilt[3, 2] = choose.choice((np.nan, np.inf, -np.inf))
    how, arrays = choose.choice([
        ("nan", {"x": spoilt, "y": y}), ("short labels", {"x": x, "y": y[:-3]}), ("no labels", {"x": x}), ("wide", {"x": np.ones((24, 7)), "y": y}),
        ("complex", {"x": x * 1j, "y": y}), ("text", {"x": np.full((24, 6), "a"), "y": y}), ("classes", {"x": x, "y": y * 10**6}),
        ("negative", {"x": x, "y": y - 5}), ("empty", {"x": x[:0], "y": y[:0]}), ("scalar", {"x": np.float32(1), "y": y}),
        ("dates", {"x": np.zeros((24, 6), "M8[s]"), "y": y}), ("nan labels", {"x": x, "y": np.full(24, np.nan)}), ("few", {"x": x[:3], "y": y[:3]}),
        ("axes", {"x": np.ones((24, 2, 3, 6, 1)), "y": y}), ("huge", {"x": np.full((24, 6), 1e300), "y": y}),
        ("objects", {"x": np.array([[{}] * 6] * 24, object), "y": y}), ("structured", {"x": np.zeros((24, 6), [("a", "f4")]), "y": y}),
    ])
    file = folder / "arrays.npz"
    np.savez(file, **arrays)
    config = _with_data(file)
    return how, ["train", str(config), *(["--set", "data.scale=1e-30"] if choose.random() < 0.1 else [])], (file.name, config.name)


def _data(folder: Path, run: Path, choose: random.Random) -> Case:
    """The file of the data is cut, changed in a byte, or something else."""
    kind = choose.choice(("npz", "csv", "npy", "idx"))
    made = io.BytesIO()
    if kind == "npz":
        contents = (folder / "data.npz").read_bytes()
    elif kind == "csv":
        contents = ("a,b,c,d,e,f,y\n" + "1,2,3,4,5,6,0\n2,3,4,5,6,7,1\n" * 12).encode()
    elif kind == "npy":
        np.save(made, np.ones((24, 6), np.float32))
        contents = made.getvalue()
    else:
        contents = bytes([0, 0, 8, 2, 0, 0, 0, 24, 0, 0, 0, 6]) + bytes(24 * 6)
    place = choose.randrange(min(len(contents), 300))
    how = choose.choice(("cut", "flipped", "flipped", "noise", "empty", "folder"))
    file = folder / (f"spoilt.{kind}" if kind != "idx" else "spoilt-images-idx2-ubyte")
    if how == "folder":
        file.mkdir()
    else:
        file.write_bytes({
            "cut": contents[:place], "flipped": contents[:place] + bytes([contents[place] ^ 1 << choose.randrange(8)]) + contents[place + 1 :],
            "noise": choose.randbytes(200), "empty": b"",
        }[how])
    config = _with_data(file, {"path": file.name} if kind != "npz" else {})
    return f"{kind} {how}", ["train", str(config)], (file.name, config.name)


def _with_data(file: Path, table: dict[str, Any] | None = None) -> Path:
    config = file.parent / "config.json"
    config.write_text(json.dumps({**CONFIG, "data": table or {**CONFIG["data"], "path": file.name}}))
    return config


def _run(folder: Path, run: Path, choose: random.Random) -> Case:
    """A file of a finished run is cut, changed in a byte, empty, missing or a folder."""
    damaged = folder / "run"
    shutil.copytree(run, damaged)
    file = choose.choice(sorted(file for file in damaged.iterdir() if file.suffix in (".json", ".safetensors")))
    contents = file.read_bytes()
    place = choose.randrange(len(contents))
    how = choose.choice(("cut", "flipped", "flipped", "noise", "empty", "missing", "folder"))
    file.unlink()
    if how == "folder":
        file.mkdir()
    elif how != "missing":
        file.write_bytes({
            "cut": contents[:place], "flipped": contents[:place] + bytes([contents[place] ^ 1 << choose.randrange(8)]) + contents[place + 1 :],
            "noise": choose.randbytes(200), "empty": b"",
        }[how])
    command = choose.choice((["evaluate"], ["plot"], ["report"]))
    return f"{file.name} {how} {command[0]}", [*command, str(damaged)], (damaged.name,)


def networks(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Path]]:
    """Damaged files of `sj.save_network`, and how."""
    good = folder / "good.json"
    save_network(good, from_dict(CONFIG["network"]))
    for number in range(count):
        choose = random.Random(1000 * seed + number)
        file = folder / f"network{number}.json"
        tree = json.loads(good.read_text())
        if choose.random() < 0.5:
            text = good.read_bytes()
            place = choose.randrange(len(text))
            flip = bytes([text[place] ^ 1 << choose.randrange(8)])
            file.write_bytes(choose.choice((text[:place], text[:place] + flip + text[place + 1 :])))
            yield "bytes", file
            continue
        table, key = choose.choice(list(_places(tree)))
        table[key] = choose.choice(VALUES)
        said = f"{key} {table[key]!r}"[:60]
        file.write_text(json.dumps(tree))
        yield said, file
