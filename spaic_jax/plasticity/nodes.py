"""The members of a network that tell a learning rule something: a reward, a teacher."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING

from spaic_jax._errors import unknown
from spaic_jax.program import Context
from spaic_jax.program.op import base_name

if TYPE_CHECKING:
    from spaic_jax.plasticity.base import Rule


def nodes(rule: Rule, context: Context, what: str, connection: str, num: int) -> dict[str, str]:
    """The reads of what other members of the network tell a rule, by the name under which `change` takes it."""
    reads = {}
    for field in dataclasses.fields(rule):
        if (kind := field.metadata.get("node")) is None:
            continue
        known = {name: member for name, member in context.members.items() if getattr(member, "output", None) in kind}
        said = getattr(rule, field.name)
        found = nearest(connection, said, known)
        if said is None and len(found) != 1:
            advice = f"name one of {sorted(known)} as {field.name}" if known else "the network has none"
            raise ValueError(f"{what} needs one node for its {field.name}: {advice}.")
        if not found:
            raise ValueError(f"{what}: {unknown(field.name, said, known)}")
        (name,) = found
        channels = getattr(known[name], "num", None)
        if field.name == "teacher" and channels != num:
            raise ValueError(f"{what} needs a teacher with a channel for each of the {num} neurons, but '{name}' has {channels}.")
        reads[field.name] = context.read(known[name], known[name].output)
        told = context.variable(base_name(reads[field.name]))
        if field.name == "reward" and not rule.any_reward and told is not None and told.shape not in ((1,), (num,)):
            raise ValueError(f"{what} needs a reward of 1 number or of {num}, one for each neuron, but '{name}' gives {told.shape[0]}.")
    return reads


def nearest(connection: str, said: str | None, known: Collection[str]) -> list[str]:
    """The members that a name, or none, means for a connection: those of the innermost assembly around it that has any."""
    around, _, _ = connection.rpartition("/")
    while True:
        inside = f"{around}/" if around else ""
        found = [name for name in known if name.startswith(inside) and said in (None, name.removeprefix(inside))]
        if found or not around:
            return found
        around, _, _ = around.rpartition("/")
