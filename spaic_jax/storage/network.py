"""A network in a file of TOML or JSON, with its weights beside it."""

import functools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spaic_jax._errors import unknown
from spaic_jax._extras import import_extra
from spaic_jax._files import write_whole
from spaic_jax._text import read_tables
from spaic_jax.lowering import propagation_of
from spaic_jax.network import Network
from spaic_jax.run import Simulator, Variables, build
from spaic_jax.storage._tensors import read_declared, write_tensors
from spaic_jax.storage.text import from_dict, to_dict
from spaic_jax.storage.weights import write_weights

#: The tables of a configuration of the command line, whose network is one of them.
_CONFIGURATION = {"network", "simulation", "data", "training"}


def save_network(
    path: str | os.PathLike[str], network: Network, sim: Simulator | None = None, variables: Variables | None = None
) -> None:
    """Write what was declared as text that can be read and edited, and the weights beside it.

    The weights go to the file of the same name that ends in `.safetensors`, as `save_weights` writes it; `load_weights`
    reads it. Arrays that the network was declared with, such as time constants of every neuron, go there too, exactly as
    they are; `{array = "..."}` stands for them in the text. With `sim` its dt and propagation are written too, in a table
    `simulation` beside the table `network`, as in a configuration of the command line: `load_simulator` reads them. Each
    file is written under a temporary name in the same folder and then renamed, the arrays first.

    Args:
        path: the file; `*.toml`, or `*.json`.
        network: what was declared.
        sim: its simulator, where its weights, dt and propagation are to be written too.
        variables: what holds them.

    Raises:
        ValueError: another suffix; a member that has no form as text, such as a `Module`; `sim` without `variables`, or
            the other way round.
        OSError: when it cannot be written.
        ImportError: when tomli-w or safetensors is not installed.

    Example:
        >>> import jax, spaic_jax as sj, tempfile
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2)
        ...     with sj.Assembly() as cortex:
        ...         layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_network(f"{folder}/net.toml", net, sim, sim.init(jax.random.key(0)))
        ...     again = load_network(f"{folder}/net.toml")
        ...     variables, _ = sj.load_weights(f"{folder}/net.safetensors", load_simulator(f"{folder}/net.toml"))
        >>> list(again.of_kind(sj.NeuronGroup)), list(variables.params)
        (['cortex/layer'], ['synapses.weight'])
    """
    target = Path(path)
    arrays: dict[str, np.ndarray] = {}
    tables = to_dict(network, arrays)
    if sim is not None:
        tables = {"network": tables, "simulation": _simulation(network, sim)}
    text = _write(target, tables)
    if (sim is None) != (variables is None):
        raise ValueError("save_network: give sim and variables together, or neither of them.")
    if sim is not None and variables is not None:
        write_weights(_beside(target), sim, variables, declared=arrays)
    elif arrays:
        write_tensors(_beside(target), {}, None, "arrays", {}, arrays)
    write_whole(target, lambda file: file.write_text(text, encoding="utf-8"))


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read what `save_network` wrote, or what was written by hand. Nothing in a file is carried out.

    Args:
        path: the file; `*.toml`, or `*.json`; or a configuration of the command line, whose table `network` is read. Where
            arrays lie beside it, they are read from there.

    Raises:
        ValueError: no such text, no such array, or an unknown, missing or unfit key or name; one sentence with the file
            and the path of the key, such as `net.toml: network.groups.hidden.tau_mm: unknown key ...`.
        OSError: when there is no such file, or it cannot be read.
    """
    return _read(Path(path))[0]


def load_simulator(path: str | os.PathLike[str], **how: Any) -> Simulator:
    """The simulator of a network in a file, with the dt and the propagation that the file says.

    Args:
        path: the file, written by `save_network` with a simulator; or a configuration of the command line.
        **how: what else `spaic_jax.build` takes, such as `plan`.

    Raises:
        ValueError: as `load_network` and `spaic_jax.build`; a file that does not say its dt, as those written without a
            simulator.
        OSError: when there is no such file, or it cannot be read.

    >>> import jax, spaic_jax as sj, tempfile
    >>> with sj.Network() as net:
    ...     image, layer = sj.Encoder(num=2), sj.NeuronGroup(2, model="lif")
    ...     synapses = sj.Connection(image, layer)
    >>> sim = sj.build(net, dt=0.5, propagation="one_step")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_network(f"{folder}/net.toml", net, sim, sim.init(jax.random.key(0)))
    ...     load_simulator(f"{folder}/net.toml").program == sim.program
    True
    """
    network, simulation = _read(Path(path))
    if not isinstance(simulation, dict) or "dt" not in simulation:
        raise ValueError(f"{path}: simulation.dt is missing: give it to spaic_jax.build(load_network(...), dt=...).")
    try:
        return build(network, simulation["dt"], simulation.get("propagation", "same_step"), **how)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(source: Path) -> tuple[Network, Any]:
    """A network, and what its file says of its simulation."""
    _check_suffix(source)
    tables, simulation = read_tables(source), None
    if "network" in tables and tables.keys() <= _CONFIGURATION:
        tables, simulation = tables["network"], tables.get("simulation")
    try:
        return from_dict(tables, _Declared(_beside(source))), simulation
    except ValueError as error:
        raise ValueError(f"{source}: {' '.join(str(error).split())}") from error


def _simulation(network: Network, sim: Simulator) -> dict[str, Any]:
    """What a file says of a simulator: its dt, and the propagation, where its program is the network's."""
    propagation = propagation_of(network, sim.program)
    return {"dt": float(sim.program.dt), **({} if propagation is None else {"propagation": propagation})}


def _write(path: Path, tables: dict[str, Any]) -> str:
    _check_suffix(path)
    if path.suffix == ".json":
        return json.dumps(tables, indent=2, ensure_ascii=False) + "\n"
    text: str = import_extra("tomli_w", "writing TOML").dumps(tables)
    return text


def _beside(path: Path) -> Path:
    """The file of the arrays of a network."""
    return path.with_suffix(".safetensors")


class _Declared(Mapping[str, np.ndarray]):
    """The arrays that a network was declared with, read from a file when the first one is asked for."""

    def __init__(self, path: Path):
        self._path = path

    @functools.cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        return read_declared(self._path)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def _check_suffix(path: Path) -> None:
    if path.suffix not in (".toml", ".json"):
        raise ValueError(f"'{path}': {unknown('suffix', path.suffix, ('.toml', '.json'))}")
