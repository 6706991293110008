"""From learners to what they set."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from spaic_jax.edit.draft import Draft
from spaic_jax.network.assembly import Assembly
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import Element
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.learner import Learner
from spaic_jax.network.module import Module
from spaic_jax.network.network import Network
from spaic_jax.network.slice import member_of
from spaic_jax.neurons import SpikingModel
from spaic_jax.plasticity import Rule
from spaic_jax.surrogate import Surrogate

#: What a member that is not trained has in its fields.
_UNTRAINED: dict[type[Element], dict[str, Any]] = {
    Connection: {"is_parameter": False, "parameter_variables": ()},
    NeuronGroup: {"parameter_variables": (), "reparametrise": {}},
    Module: {"is_parameter": False},
}


def taught(network: Network) -> Network:
    """A network without projections, whose connections, groups and modules are what its learners make of them.

    Raises:
        ValueError: a learner with nothing that could learn, or that contradicts a connection or another learner.
    """
    learners: dict[str, Learner] = network.of_kind(Learner)
    if not learners:
        return network
    draft = Draft(network)
    for path in learners:
        draft.drop(path)
    plastic = _plastic(network, learners)
    new: dict[int, Element] = {id(c): _with_rules(network, c, rules) for c, rules in plastic.items()}
    if any(isinstance(learner.algorithm, Surrogate) for learner in learners.values()):
        new |= _differentiated(network, learners, new)
    for path, member in network.of_kind(Connection, NeuronGroup, Module).items():
        if id(member) in new:
            around, name = draft.holder(path)
            around._members[name] = new[id(member)]
            draft.move(member, new[id(member)])
    return draft.finish()


def _plastic(network: Network, learners: dict[str, Learner]) -> dict[Connection, tuple[Rule, ...]]:
    """The rules that learners give to connections."""
    given: dict[Connection, tuple[Rule, ...]] = {}
    for path, learner in learners.items():
        rule = learner.algorithm
        if not isinstance(rule, Rule):
            continue
        kind, found = type(rule).__name__, False
        for connection, said in _connections(network, learner.trainable).items():
            if connection.plasticity:
                own = type(connection.plasticity[0]).__name__
                raise ValueError(
                    f"connection '{network.name_of(connection)}' has the rule {own} as its plasticity, and learner '{path}' gives"
                    f" it {kind}: say both in one place."
                )
            if said or (connection.is_parameter is not False and "weight" in getattr(connection.link, "weights", ())):
                given[connection] = (*given.get(connection, ()), rule)
                found = True
        if not found:
            raise ValueError(
                f"learner '{path}': the rule {kind} needs connections with weights that may change, but"
                f" {_listed(network, learner.trainable)} has none."
            )
    return given


def _with_rules(network: Network, connection: Connection, rules: tuple[Rule, ...]) -> Connection:
    try:
        return connection.exchanged(lambda other: other, plasticity=rules)
    except ValueError as error:
        said = str(error).removeprefix("Connection: ")
        raise ValueError(f"connection '{network.name_of(connection)}': {said}") from error


def _differentiated(network: Network, learners: dict[str, Learner], plastic: dict[int, Element]) -> dict[int, Element]:
    """What becomes of members where surrogate gradients are said by learners: only what these call trainable is trained.

    `plastic` has what connections are already to become, by their id.
    """
    surrogates: dict[NeuronGroup, tuple[str, Surrogate]] = {}
    trained: set[int] = set()
    for path, learner in learners.items():
        if not isinstance(learner.algorithm, Surrogate):
            continue
        groups = list(_members(learner.trainable, NeuronGroup))
        own = {id(group) for group in groups if group.parameter_variables}
        own |= {id(module) for module in _members(learner.trainable, Module) if module.is_parameter}
        for connection, said in _connections(network, learner.trainable).items():
            why = _fixed(plastic.get(id(connection), connection))
            if said and why:
                raise ValueError(f"connection '{network.name_of(connection)}' {why}, but learner '{path}' is to train it by gradient.")
            own |= set() if why else {id(connection)}
            trained.add(id(connection))
        if not own:
            raise ValueError(f"learner '{path}': {_listed(network, learner.trainable)} has no parameters that it could train.")
        trained |= own
        for group in (*groups, *_members(learner.pathway, NeuronGroup)):
            other, surrogate = surrogates.setdefault(group, (path, learner.algorithm))
            if surrogate != learner.algorithm:
                raise ValueError(
                    f"group '{network.name_of(group)}' cannot have two surrogate gradients: learner '{other}' gives it"
                    f" {surrogate}, learner '{path}' {learner.algorithm}."
                )
    new: dict[int, Element] = {}
    for member in network.of_kind(Connection, NeuronGroup, Module).values():
        fields: dict[str, Any] = {}
        if isinstance(member, NeuronGroup) and member in surrogates and isinstance(member.model, SpikingModel):
            fields["model"] = dataclasses.replace(member.model, surrogate=surrogates[member][1])
        if id(member) not in trained:
            fields |= next(fixed for kind, fixed in _UNTRAINED.items() if isinstance(member, kind))
        if fields:
            new[id(member)] = plastic.get(id(member), member).exchanged(lambda other: other, **fields)
    return new


def _fixed(connection: Any) -> str:
    """Why the weights of a connection have no gradient, if so."""
    if connection.plasticity:
        return "learns by a rule"
    return "has is_parameter=False" if connection.is_parameter is False else ""


def _connections(network: Network, parts: tuple[Element, ...]) -> dict[Connection, bool]:
    """The connections whose weights some parts have, and whether they are named themselves."""
    found: dict[Connection, bool] = {}
    everywhere = network.of_kind(Connection).values()
    for part in parts:
        onto = [c for c in everywhere if member_of(c.post) is part] if isinstance(part, NeuronGroup) else []
        for connection in (*_members((part,), Connection), *onto):
            first = connection.shared or connection
            found[first] = found.get(first, False) or connection is part
    return found


def _members(parts: tuple[Element, ...], kind: type) -> Iterator[Any]:
    """The members of a kind among some parts and in them."""
    for part in parts:
        if isinstance(part, kind):
            yield part
        elif isinstance(part, Assembly):
            yield from part.of_kind(kind).values()


def _listed(network: Network, parts: tuple[Element, ...]) -> str:
    return ", ".join("the network" if part is network else f"'{network.name_of(part)}'" for part in parts)
