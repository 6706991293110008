"""The processes of a run, by JAX's own runtime."""

import contextlib
import hashlib
import importlib.util
import os
import warnings
from collections.abc import Iterator
from typing import Literal

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh

#: Bytes of what processes say to each other, which is a sentence.
_LONGEST = 1024


def start(coordinator: str | None = None, processes: int | None = None, process_id: int | None = None) -> None:
    """Join the other processes of a run, each of which calls this before anything else computes.

    From then on `jax.devices()` are those of all processes, a mesh of them is what `spaic_jax.train.fit` takes, and every process
    makes the same calls in the same order: one that makes another one, or none, keeps the others waiting.

    Args:
        coordinator: `HOST:PORT` of process 0. May be left out, with the two others, where Slurm, Open MPI or Kubernetes has started
            the processes: JAX finds what it needs, under Kubernetes by the package kubernetes. Open MPI 5 tells no address of process 0:
            an older JAX needs all three, the last two of which are `OMPI_COMM_WORLD_SIZE` and `OMPI_COMM_WORLD_RANK`.
        processes: how many there are.
        process_id: which one this is, from 0.

    Raises:
        ValueError: only some of the three are given, or an id that is none of theirs; none are, and nothing says what they are.
        ImportError: Kubernetes has started the processes, and its package is not installed.
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
        with warnings.catch_warnings():
            # That the package is missing is said below.
            warnings.filterwarnings("ignore", "(?s).*Kubernetes environment detected")
            jax.distributed.initialize(coordinator, processes, process_id)
    except (TypeError, ValueError) as error:
        if coordinator is not None:
            raise
        if "KUBERNETES_SERVICE_HOST" in os.environ and importlib.util.find_spec("kubernetes") is None:
            raise ImportError('processes under Kubernetes need the package kubernetes to find each other: pip install "jax[k8s]".') from error
        raise ValueError(
            "nothing says how many processes there are, as Slurm, Open MPI or Kubernetes would: give coordinator, processes and process_id."
        ) from error


def first() -> bool:
    """Whether this process is the one that prints, draws and writes."""
    return jax.process_index() == 0


def exchanged(text: str) -> list[str]:
    """What each process says, in the order of their numbers; all of them take part.

    Raises:
        RuntimeError: one of them has ended.

    >>> exchanged("well")
    ['well']
    """
    if jax.process_count() == 1:
        return [text]
    own = np.frombuffer(text.encode()[:_LONGEST].ljust(_LONGEST, b"\0"), np.uint8)
    try:
        all_of_them = np.reshape(multihost_utils.process_allgather(own), (-1, _LONGEST))
    except ValueError as error:
        # What JAX makes of a connection that is broken, elsewhere a RuntimeError.
        raise RuntimeError(str(error)) from error
    return [each.tobytes().rstrip(b"\0").decode(errors="ignore") for each in all_of_them]


@contextlib.contextmanager
def shared_errors() -> Iterator[None]:
    """What goes wrong in this block in one process, with a file or what is in it, goes wrong in all of them, which all take part.

    Raises:
        OSError, ValueError: this process's own; or that of the first process that has one.

    Example:
        >>> with shared_errors():
        ...     raise OSError(28, "No space left on device")
        Traceback (most recent call last):
            ...
        OSError: [Errno 28] No space left on device
    """
    wrong: OSError | ValueError | None = None
    try:
        yield
    except (OSError, ValueError) as error:
        wrong = error
    said = exchanged("" if wrong is None else f"{'O' if isinstance(wrong, OSError) else 'V'}{getattr(wrong, 'strerror', None) or wrong}")
    if wrong is not None:
        raise wrong
    for each in filter(None, said):
        raise OSError(each[1:]) if each[0] == "O" else ValueError(each[1:])


def agree(text: str, what: str) -> None:
    """ValueError in every process unless all of them say the same of something, such as a configuration.

    >>> agree("the same", "configuration")
    """
    digests = exchanged(hashlib.sha256(text.encode()).hexdigest())
    for number, each in enumerate(digests):
        if each != digests[0]:
            raise ValueError(f"process {number} has another {what} than process 0: all of them need the same.")


def device_mesh(devices: int | None = None, rows: int | Literal["all"] | None = None) -> Mesh:
    """A mesh that shares out a batch over the devices of all processes, and rows of weights over some of them.

    Args:
        devices: how many of each process; by default all there are. On the CPU they are made, where JAX does not compute yet.
        rows: how many of all devices share out the rows of weights and the neurons of groups, over an axis `"model"`, while the batch has
            a share for each group of so many; `"all"`: all of them, and there is no axis for the batch. By default none do.

    Raises:
        ValueError: there are fewer devices, or these do not make whole groups of `rows`; with both numbers.
    """
    if devices is not None:
        # Where it computes already, there are as many as there are.
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", devices)
    found = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    of_each = [[each for each in found if each.process_index == number] for number in range(jax.process_count())]
    if devices is not None and (least := min(map(len, of_each))) < devices:
        raise ValueError(f"{devices} devices are wanted, but {'there is' if least == 1 else 'there are'} {least} ({found[0].platform}).")
    taken = np.array([each for own in of_each for each in own[:devices]])
    if rows is None:
        return Mesh(taken, ("data",))
    if rows == "all":
        return Mesh(taken, ("model",))
    if len(taken) % rows:
        raise ValueError(f"{len(taken)} devices cannot be shared out evenly among groups of {rows} that share out rows.")
    return Mesh(taken.reshape(-1, rows), ("data", "model"))
