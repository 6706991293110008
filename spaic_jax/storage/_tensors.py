"""Named arrays in a file of safetensors, with what is needed to tell a whole and fitting file from another one."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding

from spaic_jax._extras import import_extra
from spaic_jax._files import write_whole
from spaic_jax.distributed.processes import first, shared_errors
from spaic_jax.plan.layout import put, shared_out
from spaic_jax.program import Program
from spaic_jax.run.check import check_bounds
from spaic_jax.storage._parts import Pieces, read_parts, remove_others, write_parts

#: In version 1 the digest was of the arrays alone.
FORMAT_VERSION = "2"


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged, or of another network or optimizer."""


def fingerprint(program: Program) -> str:
    """A digest of a program's variables (name, dtype, shape) and its dt; the order does not matter.

    Values and rows are left out, so that files stay readable when a constant or the lowering changes; so is who changes
    what lasts over runs (a weight may be trained, plastic or frozen), and what monitors may be given.
    """
    kinds = {"state": "state", "input": "input"}
    kept = (v for v in program.variables if not v.optional)
    rows = sorted(f"{kinds.get(v.role, 'value')} {v.name} {v.dtype} {v.shape}" for v in kept)
    return hashlib.sha256("\n".join([f"dt {program.dt!r}", *rows]).encode()).hexdigest()


#: What the name of an array of the declaration begins with; no variable can be called so.
_DECLARED = "[declared] "


def write_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Any],
    program: Program | None,
    kind: str,
    extra: Mapping[str, str],
    declared: Mapping[str, Any] | None = None,
) -> None:
    """Write arrays, atomically.

    Of arrays that lie on the devices of several processes, which all call it, process 0 writes what is whole on each, and each of them
    what it alone has: see `write_parts`.

    Args:
        path: the file.
        tensors: arrays by name.
        program: what they belong to; `None` where there is none.
        kind: what the file is, such as `"weights"`.
        extra: more metadata.
        declared: arrays of what the network was declared with, which lie in the same file: see `read_declared`.
    """
    import_extra("safetensors.numpy", "a checkpoint")
    shared = {name: x for name, x in tensors.items() if shared_out(x)}
    if not shared:
        if first() or all(x.is_fully_addressable for x in tensors.values() if isinstance(x, jax.Array)):
            _write_file(Path(path), tensors, program, kind, extra, declared or {}, ())
        return
    parts = write_parts(Path(path), shared, _save)
    own = {name: x for name, x in tensors.items() if name not in shared}
    with shared_errors():
        if first():
            _write_file(Path(path), own, program, kind, extra, declared or {}, parts)


def _write_file(
    path: Path, tensors: Mapping[str, Any], program: Program | None, kind: str, extra: Mapping[str, str], declared: Mapping[str, Any],
    parts: Sequence[str],
) -> None:
    arrays = {name: _host(x) for name, x in tensors.items()}
    arrays |= {_DECLARED + name: np.array(x, order="C") for name, x in declared.items()}
    metadata = {
        "format": "spaic_jax", "version": FORMAT_VERSION, "kind": kind,
        **({} if program is None else {"program": fingerprint(program)}), **_key_kinds(tensors), **extra,
        **({"parts": json.dumps(parts)} if parts else {}),
    }
    metadata["sha256"] = _digest(arrays, metadata)
    write_whole(path, lambda file: _save(file, arrays, metadata))
    remove_others(path, parts)


def _save(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    numpy_format = import_extra("safetensors.numpy", "a checkpoint")
    # safetensors' own way of writing files leaves them readable by nobody else.
    path.write_bytes(_sorted_header(numpy_format.save(dict(arrays), dict(metadata))))


def _sorted_header(contents: bytes) -> bytes:
    """The same file with its metadata in order: safetensors shuffles it, but equal weights shall be equal files."""
    size = int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    # Data starts at a multiple of eight bytes, as the format asks for.
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + contents[8 + size :]


def read_tensors(
    path: str | os.PathLike[str],
    needed: Mapping[str, jax.ShapeDtypeStruct] | Callable[[Mapping[str, str]], Mapping[str, jax.ShapeDtypeStruct]],
    program: Program,
    kind: str,
    shardings: Mapping[str, NamedSharding] = MappingProxyType({}),
) -> tuple[dict[str, jax.Array], dict[str, str]]:
    """Read arrays, and check that they are whole, the ones that are needed, and within bounds.

    Args:
        path: the file.
        needed: shape and dtype of each array, by name; or a function of the metadata that gives them.
        program: what they shall belong to.
        kind: what the file shall be.
        shardings: how arrays shall lie on several devices, by name. Of what several processes have written, each reads no more then
            than its devices are to have.

    Returns:
        The arrays, and the metadata.

    Raises:
        CheckpointError: one sentence about what is wrong.
    """
    arrays, metadata = _read_kind(path, kind)
    needed = needed(metadata) if callable(needed) else needed
    for name in sorted(needed.keys() | arrays.keys()):
        if name not in arrays:
            raise CheckpointError(f"'{path}' lacks '{name}': it is of another network or optimizer.")
        if name not in needed:
            raise CheckpointError(f"'{path}' holds '{name}' besides: it is of another network or optimizer.")
        want = jax.eval_shape(_data, needed[name])
        if (arrays[name].shape, arrays[name].dtype) != (want.shape, want.dtype):
            raise CheckpointError(
                f"'{path}' holds '{name}' as {arrays[name].dtype} of shape {arrays[name].shape}, but {want.dtype} of"
                f" shape {want.shape} is needed."
            )
    if metadata.get("program") != fingerprint(program):
        raise CheckpointError(f"'{path}' is of another network: its states, constants, inputs or dt differ.")

    def read(name: str, index: tuple[slice, ...] = ()) -> np.ndarray:
        stored = arrays[name]
        x = stored.read(index) if isinstance(stored, Pieces) else stored
        try:
            check_bounds(program, {name: x} if name in program.by_name else {}, f"'{path}': ")
        except ValueError as error:
            raise CheckpointError(str(error)) from error
        return x

    made: dict[str, jax.Array] = {}
    for name, stored in arrays.items():
        if isinstance(stored, Pieces) and name in shardings:
            made[name] = jax.make_array_from_callback(stored.shape, shardings[name], functools.partial(read, name))
        else:
            x = _device(read(name), metadata.get(f"key {name}"))
            made[name] = put(x, shardings[name]) if name in shardings else x
    return made, metadata


def read_file(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All arrays of a file but those of a declaration, and its metadata, checked to be whole and of a kind.

    Raises:
        CheckpointError: one sentence about what is wrong.
    """
    arrays, metadata = _read_kind(path, kind)
    return {name: x.read() if isinstance(x, Pieces) else x for name, x in arrays.items()}, metadata


def _read_kind(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, "np.ndarray | Pieces"], dict[str, str]]:
    """`read_file`, but that what several processes have written is not read yet."""
    arrays, metadata = _read_whole(Path(path))
    found = (metadata.get("format"), metadata.get("version"), metadata.get("kind"))
    if found not in [("spaic_jax", version, kind) for version in ("1", FORMAT_VERSION)]:
        raise CheckpointError(
            f"'{path}' is format {found[0]}, version {found[1]}, kind {found[2]}, but needs format spaic_jax, version"
            f" {FORMAT_VERSION}, kind {kind}."
        )
    there: dict[str, np.ndarray | Pieces] = {name: x for name, x in arrays.items() if not name.startswith(_DECLARED)}
    if "parts" in metadata:
        there |= read_parts(Path(path), json.loads(metadata["parts"]), CheckpointError)
    return there, metadata


def read_declared(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays that a network was declared with, by name.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    arrays, _ = _read_whole(Path(path))
    return {name.removeprefix(_DECLARED): x for name, x in arrays.items() if name.startswith(_DECLARED)}


def _read_whole(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    arrays, metadata = _read(path)
    written = {name: text for name, text in metadata.items() if name != "sha256"}
    digested = {} if metadata.get("version") == "1" else written
    if metadata.get("format") == "spaic_jax" and metadata.get("sha256") != _digest(arrays, digested):
        raise CheckpointError(f"'{path}' is damaged: what it holds is not what was written.")
    return arrays, metadata


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    safetensors = import_extra("safetensors", "a checkpoint")
    if not path.is_file():
        raise CheckpointError(f"there is no file '{path}'.")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged, or is no file of safetensors: {error}") from error


def _digest(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(metadata), sort_keys=True).encode() if metadata else b"")
    for name, x in sorted(arrays.items()):
        digest.update(f"{name} {x.dtype} {x.shape} ".encode())
        digest.update(x.tobytes())
    return digest.hexdigest()


def _data(x: Any) -> Any:
    """An array that can be stored: the numbers behind random keys, anything else as it is."""
    return jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x


def _host(x: Any) -> np.ndarray:
    # Of what lies whole on several devices, one of this process: nothing is computed on those of others.
    x = x.addressable_data(0) if isinstance(x, jax.Array) and not x.is_fully_addressable else jnp.asarray(x)
    return np.array(_data(x), order="C")


def _key_kinds(tensors: Mapping[str, Any]) -> dict[str, str]:
    """For each random key, the name of its generator, which the numbers behind it do not say."""
    keys = {name: x for name, x in tensors.items() if jnp.issubdtype(jnp.result_type(x), jax.dtypes.prng_key)}
    return {f"key {name}": str(jax.random.key_impl(x)) for name, x in keys.items()}


def _device(x: np.ndarray, key_kind: str | None) -> jax.Array:
    return jnp.asarray(x) if key_kind is None else jax.random.wrap_key_data(jnp.asarray(x), impl=key_kind)
