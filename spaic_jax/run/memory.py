"""How much memory a run takes."""

import dataclasses
from collections.abc import Mapping

Bytes = Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes of what goes into a run and of what it keeps, by name; `print` shows them as a table.

    What a gradient keeps on its way back is not among them: `remat` says how much that may be.

    Attributes:
        variables: parameters, plastic values, constants and states.
        inputs: the data.
        probes: what monitors keep.
        outputs: what decoders say.
        working: what a run works in on its way, as the plan estimates it.
    """

    variables: Bytes
    inputs: Bytes
    probes: Bytes
    outputs: Bytes
    working: Bytes

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(getattr(self, field.name).values()) for field in dataclasses.fields(self))

    def __str__(self) -> str:
        lines = []
        for field in dataclasses.fields(self):
            part: Bytes = getattr(self, field.name)
            lines.append((field.name, sum(part.values())))
            lines += [(f"  {name}", size) for name, size in sorted(part.items(), key=lambda item: -item[1])]
        lines.append(("total", self.total))
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:{width}}  {_readable(size):>10}" for name, size in lines)


def _readable(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"
