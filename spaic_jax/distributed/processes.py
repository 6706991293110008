"""The processes of a run, by JAX's own runtime."""

import contextlib
import hashlib

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh


def start(coordinator: str | None = None, processes: int | None = None, process_id: int | None = None) -> None:
    """Join the other processes of a run, each of which calls this before anything else computes.

    From then on `jax.devices()` are those of all processes, a mesh of them is what `spaic_jax.train.fit` takes, and every process
    makes the same calls in the same order: one that makes another one, or none, keeps the others waiting.

    Args:
        coordinator: `HOST:PORT` of process 0. May be left out, with the two others, where Slurm, Open MPI or Kubernetes has started
            the processes: JAX finds what it needs.
        processes: how many there are.
        process_id: which one this is, from 0.

    Raises:
        ValueError: only some of the three are given, or an id that is none of theirs; none are, and nothing says what they are.
        RuntimeError: JAX computes already, or the others do not come in time.

    Example:
        >>> start("localhost:1234", processes=2)
        Traceback (most recent call last):
            ...
        ValueError: coordinator, processes and process_id belong together: give all three, or none under Slurm, Open MPI or Kubernetes.
    """
    given = (coordinator, processes, process_id)
    if any(each is None for each in given) and any(each is not None for each in given):
        raise ValueError(
            "coordinator, processes and process_id belong together: give all three, or none under Slurm, Open MPI or Kubernetes."
        )
    if processes is not None and process_id is not None and not 0 <= process_id < processes:
        raise ValueError(f"process_id must be within 0 ... {processes - 1} for {processes} processes, not {process_id}.")
    # What the CPUs of several processes sum by; other devices have their own.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(coordinator, processes, process_id)
    except (TypeError, ValueError) as error:
        if coordinator is not None:
            raise
        raise ValueError(
            "nothing says how many processes there are, as Slurm, Open MPI or Kubernetes would: give coordinator, processes and process_id."
        ) from error


def first() -> bool:
    """Whether this process is the one that prints, draws and writes."""
    return jax.process_index() == 0


def agree(text: str, what: str) -> None:
    """ValueError in every process unless all of them say the same of something, such as a configuration.

    >>> agree("the same", "configuration")
    """
    if jax.process_count() == 1:
        return
    own = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    all_of_them = np.reshape(multihost_utils.process_allgather(own), (-1, own.size))
    other = np.flatnonzero((all_of_them != all_of_them[0]).any(axis=1))
    if other.size:
        raise ValueError(f"process {other[0]} has another {what} than process 0: all of them need the same.")


def device_mesh(devices: int | None = None) -> Mesh:
    """A mesh that shares out a batch over the devices of all processes.

    Args:
        devices: how many of each process; by default all there are. On the CPU they are made, where JAX does not compute yet.

    Raises:
        ValueError: there are fewer, with both numbers.
    """
    if devices is not None:
        # Where it computes already, there are as many as there are.
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", devices)
    found = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    of_each = [[each for each in found if each.process_index == number] for number in range(jax.process_count())]
    if devices is not None and (least := min(map(len, of_each))) < devices:
        raise ValueError(f"{devices} devices are wanted, but {'there is' if least == 1 else 'there are'} {least} ({found[0].platform}).")
    return Mesh(np.array([each for own in of_each for each in own[:devices]]), ("data",))
