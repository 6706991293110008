"""What a connection and a projection have in common: the kind of synapses that they are made of."""

import dataclasses
from typing import Any

from spaic_jax.network.element import Element, named
from spaic_jax.plasticity import Rule
from spaic_jax.synapses import Chain, Link, Synapse, SynapticDelay

#: A delay of all synapses, ms, or of each of them.
Delay = float | SynapticDelay | None


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Wiring(Element):
    """Synapses of one kind from `pre` to `post`; the fields are described at `Connection`."""

    pre: Element
    post: Element
    link: Link = dataclasses.field(metadata=named("link_type", usual="full"))
    #: The parts in order, the link by its name; `None` is the link alone.
    syn_type: tuple[Synapse | str, ...] | None
    delay: Delay
    is_parameter: bool
    parameter_variables: tuple[str, ...]
    plasticity: tuple[Rule, ...]

    @property
    def chain(self) -> Chain:
        """What is done, part by part."""
        order: tuple[Any, ...] = (self.link.own,) if self.syn_type is None else self.syn_type
        place = order.index(self.link.own)
        return Chain(order[:place], self.link, order[place + 1 :])

    @property
    def _parts(self) -> tuple[Any, ...]:
        return (self.chain, *([self.delay] if isinstance(self.delay, SynapticDelay) else ()))


def wired(chain: Chain) -> dict[str, Any]:
    """The fields that a chain gives."""
    alone = len(chain.parts) == 1 and not chain.link.usual
    return {"link": chain.link, "syn_type": None if alone else chain.syn_type}


def rules_of(kind: str, plasticity: Any) -> tuple[Rule, ...]:
    """One learning rule or several, as a tuple; TypeError for anything else."""
    rules = tuple(plasticity) if isinstance(plasticity, list | tuple) else (plasticity,)
    if wrong := [rule for rule in rules if not isinstance(rule, Rule)]:
        raise TypeError(f"{kind}: plasticity must be a learning rule or a list of them, not {wrong[0]!r}.")
    return rules
