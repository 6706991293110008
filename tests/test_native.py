"""The compiled library: found or not, it is said in a sentence; what cannot be loaded is no error."""

import os
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spaic_jax import native

compiled = pytest.mark.skipif(not native.available(), reason=native.status())
LIBRARY = next((file for suffix in EXTENSION_SUFFIXES if (file := native.FOLDER / f"_events{suffix}").exists()), None)

ROOT = Path(__file__).parent.parent


def is_one_sentence(text):
    return text.endswith(".") and ". " not in text and "\n" not in text and text[0].isupper()


def test_the_status_says_what_is_there():
    assert is_one_sentence(native.status())
    assert native.available() == ("are compiled" in native.status())
    if LIBRARY is None:
        assert not native.available() and "install g++ or clang" in native.status()


@compiled
def test_the_handlers_are_called_under_jit():
    share = jax.jit(lambda events: jax.ffi.ffi_call("SpaicEventsDensity", jax.ShapeDtypeStruct((), jnp.float32))(events))
    random = np.random.default_rng()
    for shape in ((0, 3), (3, 0), (1, 1), (7, 5), (100, 33)):
        values = random.random(shape, dtype=np.float32) * random.integers(0, 2, shape).astype(np.float32)
        np.testing.assert_allclose(share(values), np.count_nonzero(values) / max(values.size, 1), rtol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no library\n", b"\x7fELF\x02\x01\x01" + bytes(57)], ids=["empty", "text", "head"])
def test_a_library_that_cannot_be_loaded_is_said_and_no_error(content, tmp_path, monkeypatch):
    (tmp_path / f"_events{EXTENSION_SUFFIXES[0]}").write_bytes(content)
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    assert not native.available()
    assert is_one_sentence(native.status())
    assert "cannot be loaded" in native.status() and "install spaic_jax again" in native.status()


def test_no_library_is_said_with_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    assert not native.available()
    assert is_one_sentence(native.status())
    assert "install g++ or clang, then install spaic_jax again" in native.status()


@compiled
@pytest.mark.parametrize("source", native.SOURCES)
def test_a_library_older_than_its_source_is_not_used(source, tmp_path, monkeypatch):
    library = shutil.copy2(LIBRARY, tmp_path)
    (tmp_path / source).touch()
    os.utime(library, (0, 0))
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    assert not native.available()
    assert is_one_sentence(native.status()) and f"{source} has changed since" in native.status()


@compiled
def test_a_library_without_a_handler_is_not_used(monkeypatch, tmp_path):
    shutil.copy2(LIBRARY, tmp_path)
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    monkeypatch.setattr(native, "HANDLERS", ("SpaicEventsOfTomorrow",))
    assert not native.available() and "SpaicEventsOfTomorrow" in native.status() and is_one_sentence(native.status())


@compiled
def test_many_threads_may_ask_first():
    native._load.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: native.available(), range(64)))


def test_the_import_loads_nothing():
    script = """
import spaic_jax
from jax._src import xla_bridge as bridge
from spaic_jax import native
assert not bridge.backends_are_initialized()
assert native._load.cache_info().currsize == 0
"""
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})


def test_every_source_is_in_the_archive_and_compiled_anew_when_it_changes():
    (extension,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["ext-modules"]
    sources = [path for path in (ROOT / "spaic_jax/native").rglob("*.*") if path.suffix in {".cc", ".h", ".inc"}]
    assert sorted(extension["sources"] + extension["depends"]) == sorted(str(path.relative_to(ROOT)) for path in sources)
    assert set(native.SOURCES) == {path.name for path in sources if path.parent == ROOT / "spaic_jax/native"}
    assert extension["optional"]
