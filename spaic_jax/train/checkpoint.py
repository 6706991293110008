"""Checkpoints of a training in files: safetensors, no code inside, written whole or not at all."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import optax

from spaic_jax._numbers import whole
from spaic_jax.run import Simulator
from spaic_jax.run.lasting import lasting_variables
from spaic_jax.storage._tensors import CheckpointError, read_tensors, write_tensors
from spaic_jax.train.loop import initial_opt_state
from spaic_jax.train.state import TrainState


def save_checkpoint(
    path: str | os.PathLike[str], sim: Simulator, state: TrainState, history: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write all that is needed to go on with a training.

    Parameters and plastic values are stored by their full name, the leaves of the optimizer's state by their path in it. The file is
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
    tensors = {**state.params, **state.plastic, **_leaves(state.opt_state)}
    # Numbers of NumPy and JAX say by `item` which one of Python's they are.
    rows = json.dumps(list(history), default=lambda number: number.item())
    extra = {"epoch": str(whole(state.epoch, "epoch", least=0)), "history": rows}
    write_tensors(path, tensors, sim.program, "checkpoint", extra)


def load_checkpoint(
    path: str | os.PathLike[str], sim: Simulator, optimizer: optax.GradientTransformation
) -> tuple[TrainState, list[dict[str, Any]]]:
    """Read what `save_checkpoint` wrote.

    Args:
        path: the file.
        sim: what is trained.
        optimizer: the optimizer it is trained with; `optax.identity()` for what `learn` trains.

    Returns:
        The state, for `fit(..., start=state)` or `learn`, and the history.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network or optimizer; one sentence says which.
        ImportError: when safetensors is not installed.
    """
    params = {v.name: jax.ShapeDtypeStruct(v.shape, v.dtype) for v in sim.program.of_role("parameter")}
    opt_state = jax.eval_shape(lambda p: initial_opt_state(optimizer, p), params)
    needed = _leaves(opt_state)
    plastic = {v.name: jax.ShapeDtypeStruct(v.sized(1), v.dtype) for v in lasting_variables(sim.program)}
    arrays, metadata = read_tensors(path, {**params, **plastic, **needed}, sim.program, "checkpoint")
    try:
        epoch, history = int(metadata["epoch"]), json.loads(metadata["history"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged: its epoch or history cannot be read.") from error
    loaded = jax.tree.unflatten(jax.tree.structure(opt_state), [arrays[name] for name in needed])
    kept, carried = ({name: arrays[name] for name in part} for part in (params, plastic))
    return TrainState(kept, loaded, epoch, carried), history


def _leaves(opt_state: Any) -> dict[str, Any]:
    """The leaves of an optimizer's state by name, in order; no parameter's name holds a bracket."""
    leaves = jax.tree_util.tree_flatten_with_path(opt_state)[0]
    return {f"[opt_state]{jax.tree_util.keystr(path)}": x for path, x in leaves}
