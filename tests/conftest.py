"""Settings of every test: several fake devices, shapes checked, and none of JAX's silent conversions."""

import itertools
import os
import sys
from collections.abc import Iterator

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2".strip()

import jax
import pytest
from jaxtyping import install_import_hook

# What computes with arrays; before anything imports it.
ARRAYS = ("coding", "neurons", "ops", "surrogate", "synapses", "train.losses", "train.metrics", "train.regularisers")
install_import_hook([f"spaic_jax.{name}" for name in ARRAYS], "shapes.checked")

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


#: A program of its own, which tests run on more devices than there are here.
collect_ignore = ["many_blocks.py", "many_devices.py"]

TESTS = itertools.count(1)


@pytest.fixture(autouse=True)
def forget_what_was_compiled() -> Iterator[None]:
    """Each compiled function takes room in the process' table of mapped memory, and its end is a segmentation fault."""
    yield
    if next(TESTS) % 150 == 0:
        jax.clear_caches()


@pytest.fixture(scope="module")
def quickly_compiled() -> Iterator[None]:
    """LLVM makes few passes over what XLA gives it, which saves a fifth of such a file's time.

    For tests of many small programs that compare within a tolerance. All others, and so whatever is said to the bit, of counts
    and of speed, are compiled as they are for users.
    """
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def plainly_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands print tables as plain text, and draw no picture of a training."""
    for module in ("rich.console", "rich.table", "rich.text"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("spaic_jax.cli.pictures.pictures_of_training", lambda *_: iter(()))


@pytest.fixture
def key() -> jax.Array:
    """A random key."""
    return jax.random.key(0)
