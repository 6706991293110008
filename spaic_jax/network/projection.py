"""Connections between the groups of two assemblies."""

from collections.abc import Mapping, Sequence
from typing import Any

from spaic_jax.network.assembly import SEPARATOR, Assembly
from spaic_jax.network.connection import Connection
from spaic_jax.network.element import element, names_of, undeclared
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.network import Network
from spaic_jax.network.policy import ConnectPolicy, resolve_policies
from spaic_jax.network.slice import Slice, member_of
from spaic_jax.network.source import Source
from spaic_jax.network.wiring import Propagation, Wiring, rules_of, wired
from spaic_jax.plasticity import Rule
from spaic_jax.synapses import Link, Synapse, resolve_chain
from spaic_jax.synapses.delays import resolve_delay


@element
class Projection(Wiring):
    """Connections of one kind from the groups of `pre` to the groups of `post`, one a pair.

    When the network is lowered, it becomes an assembly of its name, with a connection `"pre->post"` for each pair of
    groups that its policies choose; each draws weights of its own. See `spaic_jax.edit.expand`.

    Args:
        pre: an assembly, or a single group or encoder, or a slice of one; of an assembly only groups count.
        post: an assembly, or a single group or a slice of one; it may be `pre`, where a group is paired with itself too.
        policies: a policy or a list of them: a pair is connected if one of them chooses it; all pairs without any.
            `first & second` chooses what both do. Or the name of one (see `spaic_jax.network.POLICIES`), whose settings
            stand among `settings`.
        link_type, syn_type, syn_kwargs, delay, max_delay, propagation, is_parameter, parameter_variables, plasticity: as of
            `Connection`.
        name: name in the network; by default that of the attribute or variable it is bound to.
        **settings: the settings of the link and of the synapse types.

    Raises:
        ValueError: unknown link type, policy, rule or setting, or rules that do not fit, as of `Connection`; when the network
            is lowered, no pair at all.
        TypeError: an end that is none, or something else than policies.

    Example:
        >>> from spaic_jax.edit import expand
        >>> from spaic_jax.network import IncludedTypePolicy
        >>> with Network() as net:
        ...     with Assembly() as cortex:
        ...         exc = NeuronGroup(8, neuron_type="excitatory")
        ...         inh = NeuronGroup(2, neuron_type="inhibitory")
        ...     output = NeuronGroup(3)
        ...     out = Projection(cortex, output, IncludedTypePolicy(pre_types="excitatory"), w_std=0.2)
        >>> list(expand(net).of_kind(Connection))
        ['out/exc->output']
    """

    def __init__(
        self,
        pre: Assembly | NeuronGroup | Source | Slice,
        post: Assembly | NeuronGroup | Slice,
        policies: str | ConnectPolicy | Sequence[ConnectPolicy] = (),
        link_type: str | Link = "full",
        *,
        syn_type: Sequence[str | Synapse] | None = None,
        syn_kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        delay: Any = None,
        max_delay: float | None = None,
        propagation: Propagation | None = None,
        is_parameter: bool | None = None,
        parameter_variables: Sequence[str] = (),
        plasticity: str | Rule | Sequence[str | Rule] = (),
        **settings: Any,
    ):
        if not isinstance(member_of(pre), Assembly | NeuronGroup | Source):
            raise TypeError(f"Projection: pre must be an Assembly, a NeuronGroup, an Encoder or a Generator, not {pre!r}.")
        if not isinstance(member_of(post), Assembly | NeuronGroup):
            raise TypeError(f"Projection: post must be an Assembly or a NeuronGroup, not {post!r}.")
        chosen = resolve_policies(policies, settings)
        rules = rules_of("Projection", plasticity)
        self._declare(
            pre=pre,
            post=post,
            policies=chosen,
            **wired(resolve_chain(link_type, syn_type, {**settings, **(syn_kwargs or {})})),
            name=name,
            delay=resolve_delay(delay, max_delay),
            propagation=propagation,
            is_parameter=is_parameter,
            parameter_variables=names_of(parameter_variables, "Projection: parameter_variables"),
            plasticity=rules,
        )

    pre: Assembly | NeuronGroup | Source | Slice
    post: Assembly | NeuronGroup | Slice
    policies: tuple[ConnectPolicy, ...]

    def connections(self, network: Network) -> dict[str, Connection]:
        """The connections it stands for in a network, by name.

        Raises:
            ValueError: when there are none.
        """
        where = f"projection '{network.name_of(self)}'"
        pre, post = _ways(network, self.pre), _ways(network, self.post)
        before, after = tuple(pre.values()), tuple(post.values())
        try:
            chosen = [policy.pairs(before, after) for policy in self.policies]
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        pairs = set().union(*chosen) if chosen else {(i, j) for i in range(len(pre)) for j in range(len(post))}
        if not pairs:
            why = "its policies choose no pair of groups" if pre and post else "one of its ends holds no group"
            raise ValueError(f"{where} makes no connection: {why}.")
        with undeclared():
            return {
                # A name may not hold the sign between the names of a path.
                f"{tuple(pre)[i]}->{tuple(post)[j]}".replace(SEPARATOR, ":"): Connection(
                    before[i][-1], after[j][-1], self.link, syn_type=self.chain.syn_type, delay=self.delay,
                    propagation=self.propagation, is_parameter=self.is_parameter, parameter_variables=self.parameter_variables, plasticity=self.plasticity,
                )
                for i, j in sorted(pairs)
            }


def _ways(network: Network, end: Any) -> dict[str, Any]:
    """The groups of an end: by path, the members on the way to each."""
    if not isinstance(end, Assembly):
        return {network.name_of(member_of(end)).rpartition(SEPARATOR)[2]: (end,)}
    return {path: (*end.assemblies_around(group), group) for path, group in end.of_kind(NeuronGroup).items()}
