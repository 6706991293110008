"""What a connection and a projection have in common: the kind of synapses that they are made of."""

import dataclasses
from typing import Any, Literal, get_args

from spaic_jax._errors import unknown
from spaic_jax._tables import resolve
from spaic_jax.network.element import Element, element, named
from spaic_jax.network.slice import Slice
from spaic_jax.plasticity import RULES, Rule
from spaic_jax.program import Given
from spaic_jax.synapses import Chain, Delays, Link, Synapse, SynapticDelay

#: A delay of all synapses, ms, or one of each of them or of each presynaptic neuron.
Delay = float | Delays | None
#: Whose spikes a connection carries: those of the same step, or of the one before.
Propagation = Literal["same_step", "one_step"]


@element
class Wiring(Element):
    """Synapses of one kind from `pre` to `post`; the fields are described at `Connection`."""

    pre: Element | Slice
    post: Element | Slice
    link: Link = dataclasses.field(metadata=named("link_type", usual="full"))
    #: The parts in order, the link by its name; `None` is the link alone.
    syn_type: tuple[Synapse | str, ...] | None
    delay: Delay
    #: `None` is what the network is built with.
    propagation: Propagation | None
    #: `None` is true of all but plastic weights.
    is_parameter: bool | None
    parameter_variables: tuple[str, ...]
    plasticity: tuple[Rule, ...]

    def _check(self) -> None:
        order, delay = getattr(self.link, "order", None), self.delay
        value = delay.value if isinstance(delay, SynapticDelay) else None
        if order is not None and isinstance(delay, SynapticDelay) and isinstance(value, Given) and value.value.shape == order.shape:
            # Delays of listed synapses are sorted with them, once.
            self._set(delay=dataclasses.replace(delay, value=value.value[order]), link=dataclasses.replace(self.link))
        kind, fixed = type(self).__name__, dict[str, Rule]()
        if self.propagation is not None and self.propagation not in get_args(Propagation):
            raise ValueError(f"{kind}: {unknown('propagation', self.propagation, get_args(Propagation))}")
        if self.propagation == "same_step" and self.link.reads_late:
            raise ValueError(f"{kind}: a {type(self.link).__name__} link always reads the previous step: leave out propagation.")
        for rule in self.plasticity:
            if rule.fixes is not None and rule.fixes in fixed:
                both = f"{type(fixed[rule.fixes]).__name__} and {type(rule).__name__}"
                raise ValueError(f"{kind}: {both} both fix {rule.fixes}, which only one rule can.")
            fixed |= {} if rule.fixes is None else {rule.fixes: rule}
        for rule in self.plasticity[:1]:
            if trained := "is_parameter=True" if self.is_parameter else self.parameter_variables and "parameter_variables":
                raise ValueError(
                    f"{kind}: {trained} came beside plasticity, but what the rule {type(rule).__name__} changes has no gradient:"
                    " leave out one of them."
                )

    @property
    def chain(self) -> Chain:
        """What is done, part by part."""
        order: tuple[Any, ...] = (self.link.own,) if self.syn_type is None else self.syn_type
        place = order.index(self.link.own)
        return Chain(order[:place], self.link, order[place + 1 :])

    @property
    def _named(self) -> tuple[Any, ...]:
        return self.pre, self.post

    @property
    def _parts(self) -> tuple[Any, ...]:
        return (self.chain, *([self.delay] if isinstance(self.delay, Delays) else ()))


def wired(chain: Chain) -> dict[str, Any]:
    """The fields that a chain gives."""
    alone = len(chain.parts) == 1 and not chain.link.usual
    return {"link": chain.link, "syn_type": None if alone else chain.syn_type}


def rules_of(kind: str, plasticity: Any) -> tuple[Rule, ...]:
    """One learning rule or several, or names of them, as a tuple.

    Raises:
        ValueError: an unknown name, with the nearest right one, or one of a rule that needs settings.
        TypeError: anything else that is no rule.
    """
    given = plasticity if isinstance(plasticity, list | tuple) else (plasticity,)
    if wrong := [rule for rule in given if not isinstance(rule, Rule | str)]:
        raise TypeError(f"{kind}: plasticity must be a learning rule, the name of one, or a list of them, not {wrong[0]!r}.")
    return tuple(resolve("learning rule", RULES, Rule, rule, {}) for rule in given)
