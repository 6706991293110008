"""Checkpoints and weights in files: safetensors, no code inside, written whole or not at all."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import optax

from spaic_jax.run import Simulator, Variables
from spaic_jax.run._tensors import CheckpointError, read_tensors, write_tensors
from spaic_jax.train.loop import initial_opt_state
from spaic_jax.train.state import TrainState

__all__ = ["CheckpointError", "load_checkpoint", "load_weights", "save_checkpoint", "save_weights"]


def save_checkpoint(
    path: str | os.PathLike[str], sim: Simulator, state: TrainState, history: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write all that is needed to go on with a training.

    Parameters are stored by their full name, the leaves of the optimizer's state by their path in it. The file is
    written under a temporary name in the same folder and then renamed, so that a crash leaves the old one.

    Args:
        path: the file, `*.safetensors`.
        sim: what is trained.
        state: the state, such as the one that `on_epoch` of `fit` gets.
        history: the rows of the epochs so far; numbers and strings only.

    Raises:
        OSError: when it cannot be written.
        ImportError: when safetensors is not installed.

    Example:
        >>> import jax, optax, spaic_jax as sj, tempfile
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2)
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sim, optimizer = sj.build(net, dt=1.0), optax.adam(0.1)
        >>> params = sim.init(jax.random.key(0)).params
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(f"{folder}/c.safetensors", sim, TrainState(params, optimizer.init(params), 3))
        ...     load_checkpoint(f"{folder}/c.safetensors", sim, optimizer)[0].epoch
        3
    """
    tensors = {**state.params, **_leaves(state.opt_state)}
    extra = {"epoch": str(int(state.epoch)), "history": json.dumps(list(history))}
    write_tensors(path, tensors, sim.program, "checkpoint", extra)


def load_checkpoint(
    path: str | os.PathLike[str], sim: Simulator, optimizer: optax.GradientTransformation
) -> tuple[TrainState, list[dict[str, Any]]]:
    """Read what `save_checkpoint` wrote.

    Args:
        path: the file.
        sim: what is trained.
        optimizer: the optimizer it is trained with.

    Returns:
        The state, for `fit(..., start=state)`, and the history.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network or optimizer; one sentence says which.
        ImportError: when safetensors is not installed.
    """
    params = {v.name: jax.ShapeDtypeStruct(v.shape, v.dtype) for v in sim.program.of_role("parameter")}
    opt_state = jax.eval_shape(lambda p: initial_opt_state(optimizer, p), params)
    needed = _leaves(opt_state)
    arrays, metadata = read_tensors(path, {**params, **needed}, sim.program, "checkpoint")
    try:
        epoch, history = int(metadata["epoch"]), json.loads(metadata["history"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged: its epoch or history cannot be read.") from error
    loaded = jax.tree.unflatten(jax.tree.structure(opt_state), [arrays[name] for name in needed])
    return TrainState({name: arrays[name] for name in params}, loaded, epoch), history


def save_weights(path: str | os.PathLike[str], sim: Simulator, variables: Variables, epoch: int = 0) -> None:
    """Write the parameters and constants of a network, by full name, for use without further training.

    Args:
        path: the file, `*.safetensors`.
        sim: the simulator of the network.
        variables: what holds them, such as `fit(...).variables`.
        epoch: number of epochs they were trained for.

    Raises:
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
    write_tensors(path, {**variables.params, **variables.constants}, sim.program, "weights", {"epoch": str(epoch)})


def load_weights(path: str | os.PathLike[str], sim: Simulator, batch_size: int = 1) -> tuple[Variables, int]:
    """Read what `save_weights` wrote.

    Args:
        path: the file.
        sim: the simulator of the network.
        batch_size: batch size of the variables.

    Returns:
        The variables before the first step, and the number of epochs they were trained for.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network; one sentence says which.
        ImportError: when safetensors is not installed.
    """
    fresh = sim.init(jax.random.key(0), batch_size)
    needed = {name: jax.ShapeDtypeStruct(x.shape, x.dtype) for name, x in {**fresh.params, **fresh.constants}.items()}
    arrays, metadata = read_tensors(path, needed, sim.program, "weights")
    params, constants = ({name: arrays[name] for name in part} for part in (fresh.params, fresh.constants))
    return Variables(params, fresh.state, constants, fresh.step), int(metadata["epoch"])


def _leaves(opt_state: Any) -> dict[str, Any]:
    """The leaves of an optimizer's state by name, in order; no parameter's name holds a bracket."""
    leaves = jax.tree_util.tree_flatten_with_path(opt_state)[0]
    return {f"[opt_state]{jax.tree_util.keystr(path)}": x for path, x in leaves}
