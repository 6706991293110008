"""What devices hand to each other in a compiled function, as its text says."""

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterator

import jax.numpy as jnp

_KINDS = "all-gather|all-reduce|all-to-all|collective-permute|reduce-scatter|collective-broadcast"
_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.\-]+) .*\{$")
_COLLECTIVE = re.compile(rf"= (.+?) ({_KINDS})(?:-start)?\(")
_ARRAY = re.compile(r"\b([a-z]+\d+\w*|pred)\[([\d,]*)\]")
_LOOP = re.compile(r" while\(.*body=%?([\w.\-]+)")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
_BRANCHES = re.compile(r"(?:branch_computations=\{([^}]*)\}|true_computation=%?([\w.\-]+), false_computation=%?([\w.\-]+))")
_CALLED = re.compile(r" (?:call|fusion|async-start)\(.*(?:to_apply|calls)=%?([\w.\-]+)")
_DTYPES = {"f": "float", "s": "int", "u": "uint", "bf": "bfloat", "c": "complex"}


@dataclasses.dataclass(frozen=True)
class Collective:
    """One kind of exchange between devices.

    Attributes:
        kind: as XLA calls it, such as `"all-gather"`.
        what: dtype and shape of what a device has after it, such as `"u8[4,501]"`.
        size: bytes of that.
        perhaps: whether it stands in a branch that may not be taken, such as the second round of an exchange of spikes.
    """

    kind: str
    what: str
    size: int
    perhaps: bool


def collectives(text: str) -> Counter[Collective]:
    """How often devices exchange what in one call of a compiled function.

    Args:
        text: of what is compiled for several devices: `jax.jit(function).lower(...).compile().as_text()`. What a loop does whose
            number of steps is not known counts once.

    >>> text = "ENTRY %main (x: f32[2]) -> f32[4] {\\n  %all_gather = f32[4]{0} all-gather(%x), channel_id=1\\n}"
    >>> [(each.kind, each.size, times) for each, times in collectives(text).items()]
    [('all-gather', 16, 1)]
    """
    lines: dict[str, list[str]] = {}
    entry = name = ""
    for line in text.splitlines():
        if begins := _COMPUTATION.match(line):
            name = begins[2]
            entry = name if begins[1] else entry
        lines.setdefault(name, []).append(line)
    found: Counter[Collective] = Counter()

    def walk(name: str, times: int, perhaps: bool) -> None:
        for line in lines.get(name, ()):
            if made := _COLLECTIVE.search(line):
                found[Collective(made[2], re.sub(r"\{[^}]*\}", "", made[1]), _size(made[1]), perhaps)] += times
            for called, trips, branch in _inside(line):
                walk(called, times * trips, perhaps or branch)

    walk(entry, 1, False)
    return found


def _inside(line: str) -> Iterator[tuple[str, int, bool]]:
    """What a line carries out: its name, how often, and whether it is a branch."""
    if loop := _LOOP.search(line):
        trips = _TRIPS.search(line)
        yield loop[1], int(trips[1]) if trips else 1, False
    elif branches := _BRANCHES.search(line):
        for name in (branches[1] or f"{branches[2]}, {branches[3]}").split(", "):
            yield name.removeprefix("%"), 1, True
    elif called := _CALLED.search(line):
        yield called[1], 1, False


def _size(what: str) -> int:
    """Bytes of an array or of a tuple of them."""
    total = 0
    for kind, shape in _ARRAY.findall(what):
        letters = kind.rstrip("0123456789")
        dtype = "bool" if kind == "pred" else _DTYPES.get(letters, letters) + kind[len(letters) :]
        total += jnp.dtype(dtype).itemsize * math.prod(int(n) for n in shape.split(",") if n)
    return total
