"""The last checkpoints of a training, in a folder."""

import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import optax

from spaic_jax._numbers import whole
from spaic_jax.run import Simulator
from spaic_jax.storage import CheckpointError
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
        self, folder: str | os.PathLike[str], sim: Simulator, optimizer: optax.GradientTransformation, keep: int = 2
    ):
        self._folder, self._sim, self._optimizer = Path(folder), sim, optimizer
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
        save_checkpoint(self.file(state.epoch), self._sim, state, history)
        so_far = [file for file in self.files() if _epoch(file) <= state.epoch]
        stay = {*so_far[: self._keep], *map(self.file, besides)}
        for file in self.files():
            if file not in stay:
                file.unlink(missing_ok=True)

    def load(self, epoch: int) -> TrainState:
        """The state after an epoch.

        Raises:
            CheckpointError: it is not there, damaged, or of another network or optimizer.
        """
        return load_checkpoint(self.file(epoch), self._sim, self._optimizer)[0]

    def newest(self) -> tuple[TrainState, list[dict[str, Any]]] | None:
        """The state and the history of the newest one that is whole; `None` where there is none at all.

        Those after it that are not are told by a `CheckpointWarning`.

        Raises:
            CheckpointError: none of them is whole, or they are of another network or optimizer; it says why of the newest.
        """
        damaged: list[CheckpointError] = []
        for file in self.files():
            try:
                state, history = load_checkpoint(file, self._sim, self._optimizer)
            except CheckpointError as error:
                damaged.append(error)
                continue
            for each in damaged:
                warnings.warn(f"{each} What is gone on with is '{file}', of epoch {state.epoch}.", CheckpointWarning, stacklevel=2)
            return state, history
        if damaged:
            raise damaged[0]
        return None


def _epoch(file: Path) -> int:
    """The epoch in a file's name."""
    return int(file.stem.partition("-")[2] or 0)
