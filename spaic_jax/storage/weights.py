"""The weights of a network in a file of safetensors."""

import json
import os
import re
import warnings
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from spaic_jax._numbers import whole
from spaic_jax.program import Constant, Given, Program, Variable
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.check import batch_size_of, check_value
from spaic_jax.run.lasting import going_on, lasting, lasting_variables
from spaic_jax.run.start import following
from spaic_jax.storage._tensors import CheckpointError, read_file, write_tensors


class WeightsWarning(UserWarning):
    """A file of weights was read that differs from the network in what is no weight; the sentence says in what."""


def save_weights(path: str | os.PathLike[str], sim: Simulator, variables: Variables, epoch: int = 0) -> None:
    """Write the parameters, plastic values and constants of a network by full name, and the states that stay.

    Of a state that stays, such as an adapting threshold, the mean over the samples is written.

    Args:
        path: the file, `*.safetensors`.
        sim: the simulator of the network.
        variables: what holds them, such as `fit(...).variables`.
        epoch: number of epochs they were trained for.

    Raises:
        ValueError: when the variables are not of this simulator.
        OSError: when it cannot be written.
        ImportError: when safetensors is not installed.

    Example:
        >>> import jax, spaic_jax as sj, tempfile
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2)
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_weights(f"{folder}/w.safetensors", sim, sim.init(jax.random.key(1)))
        ...     variables, epoch = load_weights(f"{folder}/w.safetensors", sim)
        >>> sorted(variables.params), epoch
        (['synapses.weight'], 0)
    """
    write_weights(path, sim, variables, epoch)


def write_weights(
    path: str | os.PathLike[str],
    sim: Simulator,
    variables: Variables,
    epoch: int = 0,
    declared: Mapping[str, Any] | None = None,
) -> None:
    """`save_weights`, with arrays that the network was declared with in the same file."""
    batch_size_of(sim.program, variables)
    constants = {v.name: _declaration(v) for v in sim.program.of_role("constant")}
    extra = {
        "epoch": str(whole(epoch, "epoch", least=0)), "dt": repr(float(sim.program.dt)),
        "constants": json.dumps(constants, sort_keys=True),
    }
    said = {name: x for name, x in variables.constants.items() if sim.program.by_name[name].derived is None}
    tensors = {**variables.params, **lasting(sim.program, variables), **said}
    write_tensors(path, tensors, sim.program, "weights", extra, declared)


def load_weights(
    path: str | os.PathLike[str], sim: Simulator, batch_size: int = 1, *, partial: bool = False
) -> tuple[Variables, int]:
    """Read what `save_weights` wrote, into the same network or into one that differs from it.

    Names and shapes decide: what was learned, by gradient or by a rule, goes to the variable of its name, which may be
    trained, plastic or frozen here; monitors, delays, propagation and dt may be others. What a network declares itself,
    such as a time constant, a file never overwrites: where the two declare something else, the network's value stays.
    All that differs is told by a `WeightsWarning`.

    Args:
        path: the file.
        sim: the simulator of the network.
        batch_size: batch size of the variables.
        partial: whether to take what fits only. What the file lacks then keeps its first value, drawn from
            `jax.random.key(0)`, and what it holds besides is left out; both are told as well.

    Returns:
        The variables before the first step, and the number of epochs they were trained for.

    Raises:
        CheckpointError: the file is missing or damaged, holds values outside of the network's bounds, or is of a network
            with other weights (without `partial`); one sentence says which.
        ImportError: when safetensors is not installed.

    Example:
        >>> import jax, spaic_jax as sj, tempfile, warnings
        >>> def network(tau_m, **settings):
        ...     with sj.Network() as net:
        ...         image = sj.Encoder(num=2)
        ...         layer = sj.NeuronGroup(2, model="lif", tau_m=tau_m)
        ...         synapses = sj.Connection(image, layer, **settings)
        ...     return sj.build(net, dt=1.0)
        >>> trained, frozen = network(8.0), network(5.0, is_parameter=False)
        >>> with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always")
        ...     save_weights(f"{folder}/w.safetensors", trained, trained.init(jax.random.key(1)))
        ...     variables, _ = load_weights(f"{folder}/w.safetensors", frozen)
        ...     print(str(told[0].message).removeprefix(f"'{folder}"))
        /w.safetensors': 'layer.tau_m' stays 5 as declared, the file has 8.
        >>> "synapses.weight" in variables.constants, float(variables["layer.tau_m"])
        (True, 5.0)
    """
    fresh = sim.init(jax.random.key(0), batch_size)
    arrays, metadata = read_file(path, "weights")
    try:
        epoch, there = int(metadata["epoch"]), json.loads(metadata["constants"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged: its epoch or constants cannot be read.") from error
    values, told = {**fresh.values, **lasting(sim.program, fresh)}, []
    if metadata.get("dt") != repr(float(sim.program.dt)):
        told.append(f"it was written with dt {metadata.get('dt')} ms, here it is {sim.program.dt:g} ms")
    known = (*sim.program.of_role("parameter", "constant"), *lasting_variables(sim.program))
    known = tuple(v for v in known if v.derived is None)
    for v in known:
        old = v.name.removesuffix(".start") + ".pre"
        if v.name.endswith(".start") and v.name not in arrays and old in arrays:
            raise CheckpointError(
                f"'{path}' holds '{old}': its synapses lie in the order of an earlier version, sorted by postsynaptic neuron, but"
                f" are sorted by presynaptic neuron here, with '{v.name}': its weights would come to other synapses."
            )
        value, note = _choose(v, values[v.name], arrays.get(v.name), there.get(v.name), sim.program, partial or v.stay, f"'{path}'")
        values[v.name] = value
        told += note
    for name in sorted(arrays.keys() - {v.name for v in known}):
        if name not in there and not partial:
            raise CheckpointError(f"'{path}' holds '{name}' besides: it is of another network; take what fits with partial=True.")
        told.append(f"it holds '{name}' besides, which is left out")
    if told:
        warnings.warn(f"'{path}': {'; '.join(told)}.", WeightsWarning, stacklevel=2)
    values |= following(sim.program, values, values)
    read = Variables.of(sim.program, values | fresh.state, fresh.step, fresh.position)
    return going_on(sim.program, read, values), epoch


def _choose(
    v: Variable, here: jax.Array, found: np.ndarray | None, declared: str | None, program: Program, partial: bool, where: str
) -> tuple[jax.Array, list[str]]:
    """The value of a variable, of the network or of the file, and what there is to say about it.

    Args:
        v: the variable.
        here: the network's own value.
        found: the file's, if it has one.
        declared: how the network that was saved declared it, if it was a constant there.
        program: the network's program.
        partial: whether what does not fit is left out.
        where: the file, for error messages.
    """
    own = v.role == "constant" and isinstance(v.init, Constant | Given)
    own = own and not any(v.name in op.outputs for op in program.initial_ops)
    keeps = f"'{v.name}' stays {_text(here)} as declared" if own else f"'{v.name}' keeps its first value"
    if found is None:
        if not (own or partial):
            raise CheckpointError(f"{where} lacks '{v.name}': it is of another network; take what fits with partial=True.")
        return here, [f"{keeps}, which the file lacks"]
    otherwise = declared is not None and declared != _declaration(v)
    if own and otherwise:
        return here, [f"{keeps}, the file has {_text(found)}"]
    if found.shape != here.shape:
        if not (own or partial):
            raise CheckpointError(
                f"{where} holds '{v.name}' as {found.dtype} of shape {found.shape}, but {v.dtype} of shape {here.shape} is"
                " needed; take what fits with partial=True."
            )
        return here, [f"{keeps}, the file has shape {found.shape}"]
    try:
        taken = check_value(v, found, found.shape[0] if v.batched else None)
    except ValueError as error:
        raise CheckpointError(f"{where}: {error}") from error
    told = [f"'{v.name}' is the file's, though it is drawn otherwise here"] if otherwise and v.role == "constant" else []
    told += [f"'{v.name}' is {v.dtype} here, {found.dtype} in the file"] if found.dtype != taken.dtype else []
    return taken, told


def _declaration(v: Variable) -> str:
    """How the first value of a variable is made, in words that are the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(v.init))


def _text(x: Any) -> str:
    return f"{np.asarray(x):g}" if x.ndim == 0 else f"an array of shape {x.shape}"
