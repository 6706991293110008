"""Products of spikes that cost what the spikes cost: a compiled library, built where a C++ compiler was found on installation.

Without it everything works on XLA's own products; `status` says which of the two is at work, and nothing is compiled or
downloaded later. The library is C++17 (`events.cc`) that XLA calls through its foreign function interface. The headers of that
interface, `xla/ffi/api`, are those of jaxlib 0.6.0, the oldest that the package allows; they need neither jaxlib nor Python.
"""

import ctypes
import functools
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import jax

__all__ = ["available", "status"]

#: What the library exports for XLA: each handler is registered under the name of its symbol.
HANDLERS = ("SpaicEventsDensity", "SpaicEventsGradient", "SpaicEventsPack", "SpaicEventsProduct")
#: Where the library lies.
FOLDER = Path(__file__).parent
AGAIN = "install spaic_jax again with pip's options --force-reinstall --no-deps --no-cache-dir"


def available() -> bool:
    """Whether the compiled products are there; the first call loads them and makes them known to XLA.

    >>> from spaic_jax import native
    >>> native.available() == native.status().startswith("Products of spikes are compiled")
    True
    """
    return _load(FOLDER)[0]


def status() -> str:
    """One sentence: the compiled products are there, with the instructions that they use, or why not and how to get them."""
    return _load(FOLDER)[1]


@functools.cache
def _load(folder: Path) -> tuple[bool, str]:
    """Whether the library of a folder is loaded and registered, and the sentence that says so."""
    files = [file for suffix in EXTENSION_SUFFIXES if (file := folder / f"_events{suffix}").exists()]
    if not files:
        return False, (
            "Products of spikes are XLA's dense ones, because no C++ compiler built the compiled ones when spaic_jax was installed: "
            f"install g++ or clang, and {AGAIN} (and -v, which shows what the compiler says)."
        )
    try:
        library = ctypes.CDLL(str(files[0]))
        for name in HANDLERS:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
        library.SpaicEventsInstructions.restype = ctypes.c_char_p
        instructions = library.SpaicEventsInstructions().decode()
    except Exception as error:  # of the loader, a missing symbol, or a jaxlib that refuses this version of the interface
        reason = " ".join(str(error).split()).rstrip(".")
        return False, f"Products of spikes are XLA's dense ones, because the compiled ones cannot be loaded ({reason}): {AGAIN}."
    return True, f"Products of spikes are compiled and use {instructions} instructions."
