"""Products of spikes that cost what the spikes cost: a compiled library, built on installation where there is a C++ compiler.

Without it everything works on XLA's own products. `status` says which of the two is at work; nothing is compiled or downloaded
later. The library is C++17, `events.cc`, `convolution.cc` and `delivery.cc`, which XLA calls through its foreign function interface. The headers
of that interface in `xla/ffi/api` are those of jaxlib 0.6.0, so that any later one will do: the build needs neither jaxlib nor a network.
"""

import ctypes
import functools
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import jax

__all__ = ["available", "status"]

#: What the library has for XLA, each registered under the name of its symbol.
HANDLERS = (
    *("SpaicEventsDeliver", "SpaicEventsDeliverBack", "SpaicEventsDeliverWeight", "SpaicEventsDensity", "SpaicEventsGather"),
    *("SpaicEventsGradient", "SpaicEventsPack", "SpaicEventsProduct", "SpaicEventsRing", "SpaicEventsScatter"),
    "SpaicEventsTranspose",
)
#: What it is built from.
SOURCES = (
    *("convolution.cc", "convolution.inc", "delivery.cc", "delivery.inc", "events.cc", "handlers.h", "kernels.inc"),
    *("levels.inc", "scan.inc", "transpose.inc"),
)
#: Where the library lies, and in a working copy its sources.
FOLDER = Path(__file__).parent

_DENSE = "Products of spikes are XLA's dense ones"
_AGAIN = "install spaic_jax again, with --force-reinstall --no-deps --no-cache-dir of pip"


def available() -> bool:
    """Whether the compiled products are there; the first call loads them and makes them known to XLA.

    >>> from spaic_jax import native
    >>> native.available() == native.status().startswith("Products of spikes are compiled")
    True
    """
    return _load(FOLDER)[0]


def status() -> str:
    """One sentence: that the compiled products are there, and their instructions; or why not, and how to get them."""
    return _load(FOLDER)[1]


@functools.cache
def _load(folder: Path) -> tuple[bool, str]:
    """Whether the library in a folder is loaded and registered, and the sentence that says so."""
    file = next((file for suffix in EXTENSION_SUFFIXES if (file := folder / f"_events{suffix}").exists()), None)
    if file is None:
        return False, (
            f"{_DENSE}: spaic_jax was installed without a C++ compiler that could build the compiled ones; install g++ or "
            f"clang, then {_AGAIN} (-v shows what the compiler says)."
        )
    for source in (folder / name for name in SOURCES):
        if source.exists() and source.stat().st_mtime > file.stat().st_mtime:
            return False, f"{_DENSE}: {source.name} has changed since the compiled ones were built; {_AGAIN}."
    try:
        # A handler that JAX refuses before the processor is its backend takes the backend with it.
        jax.local_devices(backend="cpu")
        library = ctypes.CDLL(str(file))
        for name in HANDLERS:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
        library.SpaicEventsInstructions.restype = ctypes.c_char_p
        instructions = library.SpaicEventsInstructions().decode()
    # From the system's loader, of a missing symbol, or from a JAX that refuses the version of the interface.
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".")
        return False, f"{_DENSE}: the compiled ones cannot be loaded ({reason}); {_AGAIN}."
    return True, f"Products of spikes are compiled and use {instructions} instructions."
