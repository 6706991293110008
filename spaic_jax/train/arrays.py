"""A checked data set on the device."""

import dataclasses

import jax


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Arrays:
    """A checked data set on the device, or some samples of it: a pytree of arrays.

    Attributes:
        inputs: by name, `[T, N, *shape]`, or `[N, *shape]` held.
        count: the number of samples N.
        labels: `[N]`, `[T, N]` or targets, where there are any.
        lengths: the steps of each sample, `[N]`, where they differ.
    """

    inputs: dict[str, jax.Array]
    count: int = dataclasses.field(metadata={"static": True})
    labels: jax.Array | None = None
    lengths: jax.Array | None = None

    def __len__(self) -> int:
        return self.count
