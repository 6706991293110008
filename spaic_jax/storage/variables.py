"""Snapshots: all variables of a simulator in a file of safetensors, and back."""

import os
from collections.abc import Mapping

import jax

from spaic_jax.run.check import batch_size_of
from spaic_jax.run.simulator import Simulator
from spaic_jax.run.variables import Variables
from spaic_jax.storage._tensors import CheckpointError, read_tensors, write_tensors

_STEP, _POSITION = "[step]", "[position]"


def save_variables(path: str | os.PathLike[str], sim: Simulator, variables: Variables) -> None:
    """Write every variable, state included, so that a run can go on from them in another process.

    The file is written under a temporary name in the same folder and then renamed.

    Args:
        path: the file, `*.safetensors`; one snapshot a file.
        sim: the simulator they are of.
        variables: what is written.

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
        ...     save_variables(f"{folder}/before.safetensors", sim, sim.init(jax.random.key(1), 8))
        ...     load_variables(f"{folder}/before.safetensors", sim)["layer.V"].shape
        (8, 2)
    """
    batch = batch_size_of(sim.program, variables)
    tensors = {**variables.values, _STEP: variables.step, _POSITION: variables.position}
    write_tensors(path, tensors, sim.program, "variables", {"batch": str(batch or 1)})


def load_variables(path: str | os.PathLike[str], sim: Simulator) -> Variables:
    """Read what `save_variables` wrote.

    Raises:
        CheckpointError: the file is missing, damaged, or of another network; one sentence says which variable, what
            came and what is needed.
        ImportError: when safetensors is not installed.
    """

    def needed(metadata: Mapping[str, str]) -> dict[str, jax.ShapeDtypeStruct]:
        batch = metadata.get("batch", "")
        if not batch.isdecimal() or int(batch) < 1:
            raise CheckpointError(f"'{path}' is damaged: its batch size is {batch!r}.")
        structs = {
            v.name: jax.ShapeDtypeStruct(v.sized(int(batch)), v.dtype) for v in sim.program.variables if v.role != "input"
        }
        return structs | dict.fromkeys((_STEP, _POSITION), jax.ShapeDtypeStruct((), "int32"))

    arrays, _ = read_tensors(path, needed, sim.program, "variables")
    return Variables.of(sim.program, arrays, arrays[_STEP], arrays[_POSITION])
