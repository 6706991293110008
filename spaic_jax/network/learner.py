"""What learns, and how: rules and surrogate gradients said of parts of a network in one place."""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any, Self

from spaic_jax._tables import resolve
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element, element, named
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.module import Module
from spaic_jax.network.projection import Projection
from spaic_jax.plasticity import RULES, Rule
from spaic_jax.surrogate import SURROGATES, Surrogate

_PARTS = (Assembly, NeuronGroup, Connection, Projection, Module)


@element
class Learner(Element):
    """Sets how parts of a network learn: by a local rule, or by surrogate gradients.

    A rule becomes the `plasticity` of connections: those named, those onto a group, and those in an assembly or of a
    projection whose weights are not fixed by `is_parameter=False`. The rules of several learners add up.

    A surrogate gradient becomes that of the groups which are named or lie in what is named, in `trainable` or `pathway`.
    Of a network with such learners only what they call trainable has parameters: connections as above, but for plastic weights,
    `parameter_variables` of groups, and modules. All else keeps its first values.

    This happens when the network is built (see `spaic_jax.edit.expand`); the declared parts stay as they are. A learner
    holds no optimiser and makes no steps: rules act in `sim.train()`, gradients are for optax.

    Args:
        trainable: the network, an assembly, a group, a connection, a projection or a module; or a list of them.
        algorithm: name of a rule (see `spaic_jax.plasticity.RULES`) or of a surrogate (see `spaic_jax.surrogate.SURROGATES`),
            such as `"stdp"` or `"stca"`, or one itself.
        pathway: further groups that gradients pass through, or what holds them.
        surrogate_func: name of the surrogate that SPAIC's algorithm `"sbp"` takes, by default `"atan"`; or one itself.
        name: name in the network; by default that of the attribute or variable it is bound to.
        **settings: of the rule or surrogate.

    Raises:
        ValueError: unknown algorithm or setting, with the nearest right one; a pathway beside a rule. When the network is
            built, naming learner and connection: nothing that could learn, or what contradicts it, such as another learner.
        TypeError: a part that cannot learn.

    Source: SPAIC, `Learner`.

    Example:
        >>> from spaic_jax.edit import expand
        >>> from spaic_jax.network import Encoder, Network
        >>> with Network() as net:
        ...     image = Encoder(num=4)
        ...     hidden, out = NeuronGroup(3, model="lif"), NeuronGroup(2, model="lif")
        ...     first, second = Connection(image, hidden), Connection(hidden, out)
        ...     local = Learner(first, "stdp", a_plus=0.02)
        ...     gradient = Learner(out, "stca", alpha=1.0)
        >>> built = expand(net)
        >>> built.first.plasticity[0].a_plus, built.out.model.surrogate
        (0.02, STCA(alpha=1.0, compat=False))
    """

    def __init__(
        self,
        trainable: Element | Sequence[Element],
        algorithm: str | Rule | Surrogate,
        pathway: Element | Sequence[Element] | None = None,
        *,
        surrogate_func: str | Surrogate | None = None,
        name: str | None = None,
        **settings: Any,
    ):
        if surrogate_func is not None:
            if not isinstance(algorithm, str) or SURROGATES.get(algorithm.lower()) is not SURROGATES["sbp"]:
                raise ValueError(f"Learner: surrogate_func is for the algorithm 'sbp', not for {algorithm!r}.")
            algorithm = surrogate_func
        chosen = resolve("algorithm", {**RULES, **SURROGATES}, Rule | Surrogate, algorithm, settings)
        self._declare(
            trainable=_parts(trainable, "trainable"),
            algorithm=chosen,
            pathway=_parts(() if pathway is None else pathway, "pathway"),
            name=name,
        )

    trainable: tuple[Element, ...]
    algorithm: Rule | Surrogate = dataclasses.field(metadata=named("algorithm"))
    pathway: tuple[Element, ...]

    def _check(self) -> None:
        if not self.trainable:
            raise ValueError("Learner: trainable names nothing: give the network, or some of its members.")
        if self.pathway and isinstance(self.algorithm, Rule):
            raise ValueError(f"Learner: pathway is for surrogate gradients, not for the rule {type(self.algorithm).__name__}.")

    def _line(self, name_of: Callable[[Element], str]) -> str:
        return f"Learner {type(self.algorithm).__name__} of {', '.join(map(name_of, self.trainable))}"

    def without(self, gone: Collection[Element]) -> Self | None:
        trainable, pathway = ([p for p in parts if p not in gone] for parts in (self.trainable, self.pathway))
        return self.exchanged(lambda other: other, trainable=(*trainable,), pathway=(*pathway,)) if trainable else None

    @property
    def references(self) -> tuple[Element, ...]:
        return self.trainable + self.pathway


def _parts(given: Any, what: str) -> tuple[Element, ...]:
    parts = tuple(given) if isinstance(given, list | tuple) else (given,)
    for part in parts:
        if not isinstance(part, _PARTS):
            kinds = "a Network, an Assembly, a NeuronGroup, a Connection, a Projection or a Module"
            raise TypeError(f"Learner: {what} must be {kinds}, or a list of them, not {part!r}.")
    return tuple({id(part): part for part in parts}.values())
