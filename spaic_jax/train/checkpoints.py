"""The last checkpoints of a training, in a folder."""

import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import optax
from jax.sharding import Mesh

from spaic_jax._numbers import whole
from spaic_jax.distributed.processes import agree, first
from spaic_jax.plan.layout import Layout, shared_out
from spaic_jax.run import Simulator
from spaic_jax.storage import CheckpointError
from spaic_jax.storage._parts import named_by, remove
from spaic_jax.train.checkpoint import load_checkpoint, save_checkpoint
from spaic_jax.train.state import TrainState

#: Whose files are ours; one of an earlier version has no epoch.
_NAME = re.compile(r"checkpoint(-\d{1,18})?\.safetensors")


class CheckpointWarning(UserWarning):
    """A checkpoint is damaged, and one before it was read; the sentence says which."""


class Checkpoints:
    """The last checkpoints of a training in a folder, one file an epoch: `checkpoint-<epoch>.safetensors`.

    Args:
        folder: where they are, which is made.
        sim: what is trained.
        optimizer: what it is trained with; `optax.identity()` for what `learn` trains.
        keep: how many of them stay.
        mesh: devices that share out parameters, as of `load_checkpoint`. All processes that these belong to call then what is below, and
            process 0 writes, but for rows of parameters that each has for itself.

    Example:
        >>> import jax, optax, spaic_jax as sj, tempfile
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2)
        ...     layer = sj.NeuronGroup(2, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sim, optimizer = sj.build(net, dt=1.0), optax.adam(0.1)
        >>> params = sim.init(jax.random.key(0)).params
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     kept = Checkpoints(folder, sim, optimizer, keep=2)
        ...     for epoch in (1, 2, 3):
        ...         kept.save(TrainState(params, optimizer.init(params), epoch))
        ...     state, _ = kept.newest()
        ...     sorted(file.name for file in kept.files()), state.epoch
        (['checkpoint-2.safetensors', 'checkpoint-3.safetensors'], 3)
    """

    def __init__(
        self, folder: str | os.PathLike[str], sim: Simulator, optimizer: optax.GradientTransformation, keep: int = 2,
        mesh: Mesh | Layout | None = None,
    ):
        self._folder, self._sim, self._optimizer, self._mesh = Path(folder), sim, optimizer, mesh
        self._keep = whole(keep, "keep")
        self._folder.mkdir(parents=True, exist_ok=True)

    def file(self, epoch: int) -> Path:
        """The file of an epoch."""
        return self._folder / f"checkpoint-{epoch}.safetensors"

    def files(self) -> list[Path]:
        """All there are, the newest first."""
        found = (file for file in self._folder.glob("checkpoint*.safetensors") if _NAME.fullmatch(file.name))
        return sorted(found, key=_epoch, reverse=True)

    def save(
        self, state: TrainState, history: Sequence[Mapping[str, Any]] = (), besides: Collection[int] = ()
    ) -> None:
        """Write one, and then remove those that are not needed any more, and those of later epochs, which are of no use.

        Args:
            state: the state after an epoch.
            history: the rows of the epochs so far.
            besides: epochs whose checkpoints stay, whatever `keep` says.

        Raises:
            OSError: when it cannot be written; those that are there stay.
        """
        own = self._mesh is None or first()
        if own or any(map(shared_out, jax.tree.leaves(state))):
            save_checkpoint(self.file(state.epoch), self._sim, state, history)
        if not own:
            return
        so_far = [file for file in self.files() if _epoch(file) <= state.epoch]
        stay = {*so_far[: self._keep], *map(self.file, besides)}
        for file in self.files():
            if file not in stay:
                remove(file)
        for file in self._folder.glob("checkpoint-*.safetensors"):
            # What processes wrote that were ended before all had written; of a later epoch they may be writing already.
            if (index := named_by(file)) is not None and not index.is_file() and _epoch(index) <= state.epoch:
                file.unlink(missing_ok=True)

    def load(self, epoch: int) -> TrainState:
        """The state after an epoch.

        Raises:
            CheckpointError: it is not there, damaged, or of another network or optimizer.
        """
        return self._load(self.file(epoch))[0]

    def newest(self) -> tuple[TrainState, list[dict[str, Any]]] | None:
        """The state and the history of the newest one that is whole; `None` where there is none at all.

        Those after it that are not are told by a `CheckpointWarning`.

        Raises:
            CheckpointError: none of them is whole, or they are of another network or optimizer; it says why of the newest.
        ValueError: several processes do not see the same files.
        """
        damaged: list[CheckpointError] = []
        files = self.files()
        if self._mesh is not None:
            agree(str([file.name for file in files]), "set of checkpoints")
        for file in files:
            try:
                state, history = self._load(file)
            except CheckpointError as error:
                damaged.append(error)
                continue
            for each in damaged:
                warnings.warn(f"{each} What is gone on with is '{file}', of epoch {state.epoch}.", CheckpointWarning, stacklevel=2)
            return state, history
        if damaged:
            raise damaged[0]
        return None

    def _load(self, file: Path) -> tuple[TrainState, list[dict[str, Any]]]:
        return load_checkpoint(file, self._sim, self._optimizer, self._mesh)


def _epoch(file: Path) -> int:
    """The epoch in a file's name."""
    return int(file.stem.partition("-")[2] or 0)
