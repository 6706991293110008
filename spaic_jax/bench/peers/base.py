"""What workloads in other libraries have in common."""

import dataclasses
import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

from spaic_jax.bench.workload import Workload


@dataclasses.dataclass(frozen=True)
class Peer:
    """A workload in another library.

    Attributes:
        version: name and version of the library.
        forward: runs it, and waits for the counts, which it gives back.
        step: makes one update, and waits for it.
    """

    version: str
    forward: Callable[[], Any]
    step: Callable[[], Any]


def needed(package: str, module: str | None = None) -> Any:
    """A module of a library to compare with, which nothing here depends on.

    Raises:
        ImportError: one sentence that names the package.

    >>> needed("no_such_package")
    Traceback (most recent call last):
        ...
    ImportError: to compare with a peer the package no_such_package is needed: pip install no_such_package.
    """
    try:
        return importlib.import_module(module or package)
    except ImportError as error:
        raise ImportError(f"to compare with a peer the package {package} is needed: pip install {package}.") from error


def version_of(package: str) -> str:
    """A package and its version."""
    return f"{package} {importlib.metadata.version(package)}"


def with_torch(
    package: str, workload: Workload, make: Callable[[Any, list[Any], Any], tuple[Callable[[Any], Any], list[Any]]]
) -> Peer:
    """A workload in a library of PyTorch.

    Args:
        package: its name.
        workload: the workload.
        make: from torch, the layers' `nn.Linear` and the recurrent weights, a function from spikes `[T, B, n]` to counts `[B, C]`,
            and the parameters that it has beside the layers'.
    """
    torch = needed("torch")
    numbers = workload.numbers()
    spikes, labels = torch.from_numpy(numbers.spikes), torch.from_numpy(numbers.labels).long()
    layers = []
    for weight in numbers.weights:
        layers.append(torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False))
        layers[-1].weight.data = torch.from_numpy(weight.copy())
    run, more = make(torch, layers, torch.from_numpy(numbers.within.copy()))
    optimizer = torch.optim.Adam([*(layer.weight for layer in layers), *more], 1e-3)

    def forward() -> Any:
        with torch.no_grad():
            return run(spikes)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(run(spikes), labels).backward()
        optimizer.step()

    return Peer(version_of(package), forward, step)
