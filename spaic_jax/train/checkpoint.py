"""Checkpoints of a training in files: safetensors, no code inside, written whole or not at all."""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import optax
from jax.sharding import Mesh, NamedSharding

from spaic_jax._numbers import whole
from spaic_jax.distributed.processes import shared_errors
from spaic_jax.plan.layout import Layout, as_layout
from spaic_jax.program import Program
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

    Where several processes share out rows of parameters, all of them call it: each writes those that it has to a file beside it,
    `<stem>.<process>of<processes>.<digest>.safetensors`, and the file itself, which names these, comes last. Else one of them does.

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
    path: str | os.PathLike[str], sim: Simulator, optimizer: optax.GradientTransformation, mesh: Mesh | Layout | None = None
) -> tuple[TrainState, list[dict[str, Any]]]:
    """Read what `save_checkpoint` wrote, whatever number of processes and devices wrote it.

    Args:
        path: the file.
        sim: what is trained.
        optimizer: the optimizer it is trained with; `optax.identity()` for what `learn` trains.
        mesh: devices that share out parameters, as of `fit`: each process, all of which call this, reads no more of what several have
            written than its devices are to have. By default all of it goes to one device.

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
    shardings = {} if mesh is None else _shardings(as_layout(mesh), sim.program, params, plastic, opt_state)
    try:
        with shared_errors() if mesh is not None else contextlib.nullcontext():
            arrays, metadata = read_tensors(path, {**params, **plastic, **needed}, sim.program, "checkpoint", shardings)
    except CheckpointError:
        raise
    except ValueError as error:
        # What another process has found.
        raise CheckpointError(str(error)) from error
    try:
        epoch, history = int(metadata["epoch"]), json.loads(metadata["history"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged: its epoch or history cannot be read.") from error
    loaded = jax.tree.unflatten(jax.tree.structure(opt_state), [arrays[name] for name in needed])
    kept, carried = ({name: arrays[name] for name in part} for part in (params, plastic))
    return TrainState(kept, loaded, epoch, carried), history


def _shardings(layout: Layout, program: Program, params: Any, plastic: Any, opt_state: Any) -> dict[str, NamedSharding]:
    """How the arrays of a checkpoint shall lie on the devices of a layout, by name."""
    params, plastic, opt_state = layout.shardings(program, (params, plastic, opt_state))
    return {**params, **plastic, **_leaves(opt_state)}


def _leaves(opt_state: Any) -> dict[str, Any]:
    """The leaves of an optimizer's state by name, in order; no parameter's name holds a bracket."""
    leaves = jax.tree_util.tree_flatten_with_path(opt_state)[0]
    return {f"[opt_state]{jax.tree_util.keystr(path)}": x for path, x in leaves}
