"""The weights of a network in a file of safetensors."""

import os

import jax

from spaic_jax.run import Simulator, Variables
from spaic_jax.storage._tensors import read_tensors, write_tensors


def save_weights(path: str | os.PathLike[str], sim: Simulator, variables: Variables, epoch: int = 0) -> None:
    """Write the parameters and constants of a network, and the statistics of its training, by full name.

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
    write_tensors(path, {**variables.params, **variables.constants, **variables.plastic}, sim.program, "weights", {"epoch": str(epoch)})


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
    parts = (fresh.params, fresh.constants, fresh.plastic)
    needed = {name: jax.ShapeDtypeStruct(x.shape, x.dtype) for part in parts for name, x in part.items()}
    arrays, metadata = read_tensors(path, needed, sim.program, "weights")
    return Variables.of(sim.program, fresh.state | arrays, fresh.step, fresh.position), int(metadata["epoch"])
