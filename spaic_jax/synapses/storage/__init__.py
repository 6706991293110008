"""How synapses are kept and how their product is computed, one way a file, and the table of their names."""

from spaic_jax._tables import resolve
from spaic_jax.synapses.pattern import All, Pattern
from spaic_jax.synapses.storage.base import Storage
from spaic_jax.synapses.storage.dense import Dense
from spaic_jax.synapses.storage.diagonal import Diagonal
from spaic_jax.synapses.storage.masked import Masked
from spaic_jax.synapses.storage.pairs import Pairs

STORAGES: dict[str, type[Storage]] = {"dense": Dense, "diagonal": Diagonal, "masked": Masked, "pairs": Pairs}

#: Numbers of a matrix, those of each step of a delay among them, up to which it is kept whole whatever few synapses it holds:
#: its products are fast, and small networks are easier to look at.
LARGEST_MATRIX = 2**20
#: The share of the pairs above which a matrix is smaller or faster than a list of them: an event costs a synapse of a list some ten
#: times what it costs a number of a matrix.
FULL_ENOUGH = 0.1


def resolve_storage(value: str | Storage) -> Storage:
    """The storage of a name, or the storage itself.

    Raises:
        ValueError: an unknown name, with the nearest right one.
    """
    storage: Storage = resolve("storage", STORAGES, Storage, value, {})
    return storage


def usual_storage(pattern: Pattern, slots: int = 1, trained: bool = False) -> Storage:
    """The storage of a pattern where nothing is said.

    It does not follow from the device, so that a network has the same variables everywhere.

    Args:
        pattern: who is connected.
        slots: the longest delay of a synapse in steps, and one: so many matrices a matrix with delays is.
        trained: whether each synapse has a trained delay, which needs a matrix.

    >>> from spaic_jax.synapses.pattern import Drawn
    >>> usual_storage(Drawn(100, 100, 0.02)), usual_storage(Drawn(100, 100, 0.02), slots=200), usual_storage(Drawn(4000, 4000, 0.02))
    (Masked(), Pairs(), Pairs())
    """
    if pattern.may_repeat:
        return Pairs()
    if slots == 1 and not trained and pattern.usual is not None:
        return STORAGES[pattern.usual]()
    pairs = pattern.post * pattern.pre
    if not trained and slots * pairs > LARGEST_MATRIX and pattern.count < FULL_ENOUGH * pairs:
        return Pairs()
    return Dense() if isinstance(pattern, All) else Masked()


__all__ = ["STORAGES", "Dense", "Diagonal", "Masked", "Pairs", "Storage", "resolve_storage", "usual_storage"]
