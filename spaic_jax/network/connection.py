"""Synapses from one group to another."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from spaic_jax._errors import unknown
from spaic_jax.network.element import Element, element, names_of
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.placed import placed
from spaic_jax.network.slice import Slice, member_of
from spaic_jax.network.source import Source
from spaic_jax.network.wiring import Propagation, Wiring, rules_of, wired
from spaic_jax.neurons import NeuronModel
from spaic_jax.plasticity import Rule, applied, clipped
from spaic_jax.plasticity.events import by_events
from spaic_jax.program import Context, Fragment, Op, Site
from spaic_jax.program.variable import Role
from spaic_jax.synapses import (
    Chain,
    Electrical,
    Full,
    Link,
    NeuronDelay,
    Synapse,
    SynapticDelay,
    resolve_chain,
    resolve_link,
    sharing,
)
from spaic_jax.synapses.delays import delayed, resolve_delay


@element
class Connection(Wiring):
    """Synapses from `pre` to `post`; several connections onto one group add up.

    Args:
        pre: the presynaptic encoder, generator or group, or a slice of one, such as `cells[:800]` (see `spaic_jax.network.Slice`).
        post: the postsynaptic group, or a slice of one; it may be `pre` itself.
        link_type: name of a link type (see `spaic_jax.synapses.LINKS`), or the link itself; by default `"full"`, or what
            `shared` has.
        syn_type: what is done, in order: names of synapse types (see `spaic_jax.synapses.SYNAPSES`) or synapse types
            themselves, such as `["dropout", "basic", "1_order_synapse"]`, where `"basic"` is the link (`"conv"` for
            `conv`). A list without the link has it in front of the first type that acts on currents.
        syn_kwargs: settings of the synapse types; they may stand among `settings` as well.
        name: name in the network; by default that of the attribute or variable it is bound to, else `"pre->post"`.
        pre_var_name: presynaptic variable that is carried; by default `"O"`, or `"V"` of a model without spikes.
        post_var_name: what the postsynaptic model receives it as, such as `"g_exc"` of `condlif`.
        delay: how long presynaptic values take, in ms: a number for all synapses, which must be a whole number of steps;
            an array `(post, pre)` or an initial value, one each, rounded down to steps; an array of the shape of `pre`, one for each
            presynaptic neuron (a `NeuronDelay`, which a link that may list synapses, such as `"sparse"`, needs by its name);
            `"linear"`, `"gaussian"` or `"rotation"` (see `spaic_jax.synapses.DELAYS`), or such an object, for delays that are trained.
            It comes on top of what the propagation asks for; 0 or `None` adds nothing.
        propagation: `"same_step"` to carry the spikes of the same step, wherever it stands, or `"one_step"` those of the step
            before; by default what the network is built with, where `"same_step"` is `"one_step"` in a loop. So the delays of
            connections that say it are the same whatever else is connected.
        max_delay: the longest delay, ms, which must be said of delays that are trained or that have no upper end, such as `Normal(...)`:
            longer ones are cut; where `delay` is not given, delays are U(1, max_delay), as in SPAIC.
        is_parameter: whether what it has, such as weights and bias, is trained by its gradient; by default all but plastic weights is.
        parameter_variables: names of parameters of the synapse types that are trained, such as `["tau"]`.
        plasticity: a local learning rule, or several, or their names (see `spaic_jax.plasticity.RULES`), that change the
            weights in runs that learn (`Simulator.train`); the weights are then no parameters: they last over runs. See
            `spaic_jax.plasticity.Rule`; a `Learner` says the same of many connections.
        shared: another connection, whose weights (with its bias, mask, indices and delays of synapses) this one uses as its
            own: they are one variable, whose gradient is the sum of both. Its link, synapse types and `is_parameter` hold
            here too; states are this one's own.
        **settings: the link's settings, such as `weight`, `bias`, `w_mean`, `w_std`, and those of the synapse types.

    Raises:
        ValueError: unknown link type, synapse type, rule, setting or propagation, with the nearest right one; a negative delay;
            settings or another link type beside `shared`; two rules that fix the same, or trained weights beside rules.
        TypeError: an end that is no group (or encoder, for `pre`), a `shared` that is no connection.

    Example:
        >>> from spaic_jax.network import Encoder
        >>> layer = NeuronGroup(10, model="lif")
        >>> Connection(Encoder(num=4), layer, link_type="full", w_std=0.3).link.w_std
        0.3
        >>> Connection(layer, layer, syn_type=["1_order_synapse"], tau=5.0).chain.after[0].tau
        5.0
        >>> first = Connection(layer, layer, w_std=0.3)
        >>> Connection(layer, layer, shared=first, delay=2.0).link is first.link
        True
    """

    def __init__(
        self,
        pre: Source | NeuronGroup | Slice,
        post: NeuronGroup | Slice,
        link_type: str | Link | None = None,
        *,
        syn_type: Sequence[str | Synapse] | None = None,
        syn_kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        pre_var_name: str | None = None,
        post_var_name: str = "Isyn",
        delay: Any = None,
        max_delay: float | None = None,
        propagation: Propagation | None = None,
        is_parameter: bool | None = None,
        parameter_variables: Sequence[str] = (),
        plasticity: str | Rule | Sequence[str | Rule] = (),
        shared: Self | None = None,
        **settings: Any,
    ):
        if not isinstance(member_of(pre), Source | NeuronGroup):
            raise TypeError(f"Connection: pre must be an Encoder, a Generator or a NeuronGroup, or a slice of one, not {pre!r}.")
        if not isinstance(member_of(post), NeuronGroup):
            raise TypeError(f"Connection: post must be a NeuronGroup, or a slice of one, not {post!r}.")
        rules = rules_of("Connection", plasticity)
        chain = _chain(link_type, syn_type, {**settings, **(syn_kwargs or {})}, shared)
        # An array of one number for each of listed synapses may have the same shape.
        by_neuron = not chain.link.delays_synapses or (isinstance(chain.link, Full) and pre.shape != (post.num, pre.num))
        self._declare(
            pre=pre,
            post=post,
            **wired(chain),
            name=name,
            pre_var_name=pre_var_name or pre.output,
            post_var_name=post_var_name,
            delay=resolve_delay(delay, max_delay, pre.shape if by_neuron else None),
            propagation=propagation,
            is_parameter=is_parameter,
            parameter_variables=names_of(parameter_variables, "Connection: parameter_variables"),
            plasticity=rules,
            # What shares with one that shares itself shares with the first.
            shared=shared and (shared.shared or shared),
        )

    pre: Source | NeuronGroup | Slice
    post: NeuronGroup | Slice
    pre_var_name: str
    post_var_name: str
    shared: "Connection | None"

    def _check(self) -> None:
        if self.shared is not None:
            other = self.shared
            theirs = isinstance(self.delay, SynapticDelay) or (self.delay is not None and "delay" in self.borrowed)
            if theirs and self.delay is not other.delay:
                raise ValueError("Connection: delays of synapses came beside shared, whose settings hold.")
            self._set(**{name: getattr(other, name) for name in self.borrowed})
        super()._check()
        known = [n for part in self.chain.parts if isinstance(part, NeuronModel) for n in part.parameters()]
        for wanted in self.parameter_variables:
            if wanted not in known:
                raise ValueError(unknown("parameter of the synapse types to train", wanted, known))
        if isinstance(self.delay, SynapticDelay) and not self.link.delays_synapses:
            raise ValueError(
                f"Connection: a {type(self.link).__name__} link has no delay for each synapse: give one number of ms, or one for"
                f" each presynaptic neuron, of shape {self.pre.shape}."
            )
        takes_potential = [
            part
            for part in self.chain.parts
            if isinstance(part, Electrical) or (isinstance(part, NeuronModel) and "V" in part.receives)
        ]
        for part in takes_potential:
            ends = (self.pre, self.post) if isinstance(part, Electrical) else (self.post,)
            members = [member_of(end) for end in ends]
            if not all(isinstance(member, NeuronGroup) and "V" in member.model.states() for member in members):
                raise ValueError(
                    f"Connection: {type(part).__name__} needs groups with a membrane potential V, but joins"
                    f" {' and '.join(repr(end) for end in ends)}."
                )
            if isinstance(part, Electrical) and len(self.chain.parts) > 1:
                raise ValueError("Connection: an electrical synapse stands alone in syn_type.")

    def _line(self, name_of: Callable[[Element], str]) -> str:
        if self.shared is None:
            return super()._line(name_of)
        alone = self.exchanged(lambda other: other, shared=None)
        return f"{alone._line(name_of)}, weights of {name_of(self.shared)}"

    @property
    def borrowed(self) -> tuple[str, ...]:
        """What it has of the connection whose weights it shares."""
        if self.shared is None:
            return ()
        delays = ("delay",) if isinstance(self.shared.delay, SynapticDelay) else ()
        return ("link", "syn_type", "is_parameter", "parameter_variables", "plasticity", *delays)

    def role_of(self, variable: str) -> Role:
        """Who changes a variable such as `"weight"` or `"bias"`: a learning rule (weights), an optimiser, or nobody."""
        first = self.shared or self
        if first.plasticity and variable == "weight":
            return "plastic"
        return "constant" if first.is_parameter is False else "parameter"

    @property
    def reads_from(self) -> tuple[tuple[Element, str], ...]:
        return tuple((member_of(end), variable) for end, variable in self.link.reads_from(self))

    @property
    def writes_to(self) -> tuple[tuple[Any, str], ...]:
        return tuple((member_of(end), variable) for end, variable in self.link.writes_to(self))

    @property
    def reads_late(self) -> bool:
        return self.link.reads_late

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its delay, its chain, and its learning rules with the row that applies what they change."""
        late = Fragment()
        source = context.read(self.pre, self.pre_var_name, self.post, self.propagation)
        if isinstance(self.delay, float):
            steps = context.steps(self.delay, f"the delay of connection '{site.name}'")
            source, late = delayed(site.name, source, self.pre.shape, steps)
        elif isinstance(self.delay, NeuronDelay):
            source, late = self.delay.delayed(site.name, source, self.pre.shape, context)
        target = context.target(self.post, self.post_var_name)
        site = Site(site.name, source, target, self.pre.shape, self.post.shape, self)
        made = placed(self.chain, site, context).lower(site, context)
        if not self.plasticity:
            return late + (made if self.shared is None else sharing(made, site.name, context.name_of(self.shared)))
        weights = f"{context.name_of(self.shared or self)}.weight"
        kinds = [type(rule).__name__ for rule in self.plasticity]
        link = self.chain.site_of_link(site)
        rules = [
            (rule, dataclasses.replace(link, name=f"{site.name}.{kind}{i + 1 if kinds.count(kind) > 1 else ''}"))
            for i, (rule, kind) in enumerate(zip(self.plasticity, kinds, strict=True))
        ]
        shared = self.shared is not None or any(getattr(member, "shared", None) is self for member in context.members.values())
        alone = len(rules) == 1 and not shared and by_events(*rules[0], context)
        for rule, inside in rules:
            made += rule.lower(dataclasses.replace(inside, target=weights if alone else f"{weights}.change"), context)
        # Rules may have an input in common: the weights of the samples.
        made = dataclasses.replace(made, variables=tuple(dict.fromkeys(made.variables)))
        if self.shared is not None:
            return late + sharing(made, site.name, context.name_of(self.shared))
        return late + made + self._bounded(weights, rules, made, context)

    def _bounded(self, weights: str, rules: Sequence[tuple[Rule, Site]], made: Fragment, context: Context) -> Fragment:
        """The rows from the sum of all changes to the weights of the next step."""
        if (variable := next((v for v in made.variables if v.name == weights), None)) is None:
            link = type(self.link).__name__
            raise ValueError(f"connection '{context.name_of(self)}': a {link} link has no weights that a rule could change.")
        bounds = variable.bounds
        changed = any(f"{weights}.change" in op.outputs for op in made.ops)
        source = f"{weights}.grown" if changed else weights
        rows = Fragment()
        for rule, inside in rules:
            target = f"{inside.name}.bounded"
            row = rule.bounding(dataclasses.replace(inside, target=target), context, source)
            rows, source = rows + row, target if row.ops else source
        if not rows.ops:
            return applied(weights, bounds) if changed else rows
        return (
            (applied(weights, (None, None), f"{weights}.grown") if changed else Fragment())
            + rows
            + Fragment(ops=(Op(weights, clipped, source, when="learning", settings={"bounds": bounds}),))
        )


def _chain(
    link_type: str | Link | None, syn_type: Sequence[str | Synapse] | None, settings: Mapping[str, Any], shared: Any
) -> Chain:
    """The chain that a connection is declared with.

    Raises:
        ValueError: one that is not that of `shared`, or settings beside it.
        TypeError: a `shared` that is no connection.
    """
    if shared is None:
        return resolve_chain("full" if link_type is None else link_type, syn_type, settings)
    if not isinstance(shared, Connection):
        raise TypeError(f"Connection: shared must be a Connection, not {shared!r}.")
    given = [*sorted(settings), *([] if syn_type is None else ["syn_type"])]
    if given:
        raise ValueError(f"Connection: {', '.join(given)} came beside shared, whose settings hold.")
    if link_type is not None and type(link := resolve_link(link_type)) is not type(shared.link):
        raise ValueError(
            f"Connection: link_type {type(link).__name__} came beside shared, whose link is a {type(shared.link).__name__}."
        )
    return shared.chain
