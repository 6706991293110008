"""From a learning rule to its variables and rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp

from spaic_jax._errors import unknown
from spaic_jax.plasticity.applying import clipped, learned
from spaic_jax.plasticity.events import fan_in, touched
from spaic_jax.plasticity.memory import Memory, Trace
from spaic_jax.plasticity.nodes import nodes
from spaic_jax.plasticity.pathway import Bounds, Meeting, Pathway, Synapses
from spaic_jax.program import Blocks, Constant, Context, Fragment, Op, Site, Variable
from spaic_jax.program.blocks import Names
from spaic_jax.program.initial import as_initial
from spaic_jax.program.op import RESERVED, base_name
from spaic_jax.synapses.delays import SynapticDelay

if TYPE_CHECKING:
    from spaic_jax.plasticity.base import Rule

#: What an array given to the row of a rule is: its kind, such as a number of the rule, and its name.
Given = tuple[str, str]


def lowered(rule: Rule, site: Site, context: Context) -> Fragment:
    """The numbers and memories of a rule, and the row that writes the change of the weights; `site` is as of `Rule.lower`."""
    numbers = tuple(
        Variable(f"{site.name}.{name}", role="constant", init=Constant(value), bounds=rule.limits(name), narrow=False)
        for name, value in rule.numbers().items()
    )
    if not rule.changes():
        return Fragment(numbers)
    connection, post, name = site.owner, site.owner.post, context.name_of(site.owner)
    what = f"connection '{name}': the rule {type(rule).__name__}"
    pathway = Pathway.of(site, context)
    if math.prod(pathway.gives) != post.num:
        raise ValueError(f"{what} needs a link that makes one current a neuron, not {pathway.gives} for a group of {post.shape}.")
    for end, output in ((connection.pre, connection.pre_var_name), (post, post.output)):
        if output != "O" and not rule.graded:
            raise ValueError(f"{what} learns from spikes, but '{context.name_of(end)}' gives its '{output}'.")
    given = _synapses(rule, site, pathway, site.target.removesuffix(".change"))
    source = site.source
    if rule.late is not None and source == context.read(connection.pre, connection.pre_var_name, post, connection.propagation):
        source = context.everywhere(connection.pre, connection.pre_var_name)
    given |= {("at", "pre"): source, ("at", "post"): context.read(post, post.output)}
    for variable in rule.reads:
        if variable in RESERVED:
            given["value", variable.strip("[]")] = variable
            continue
        if variable not in post.model.states():
            raise ValueError(f"{what} reads '{variable}' of its group: {unknown('variable', variable, post.model.states())}")
        given["value", variable] = context.read(post, variable)
    given |= {("value", kind): read for kind, read in nodes(rule, context, what, name, post.num).items()}
    inputs = []
    if rule.batch == "weighted":
        inputs.append(Variable(f"{name}.sample_weight", role="input", axes="held", narrow=False))
        given["at", "sample_weight"] = inputs[0].name
    slots = 1
    if isinstance(connection.delay, SynapticDelay):
        slots = connection.delay.slots(context.dt, f"connection '{name}'")
        given["at", "shares"] = f"{name}.shares"
    takes = pathway.takes if slots == 1 else (slots, *pathway.takes)
    shapes = {"pre": takes, "post": pathway.gives, "synapse": pathway.weights, "one": (), "sent": (slots - 1, *pathway.takes)}
    carried, kinds = [], dict[str, str]()
    for key, memory in _carried(rule, slots, context.dt).items():
        kind = Memory(memory.end, stay=memory.stay) if isinstance(memory, Trace) else memory
        carried.append(
            Variable(
                f"{site.name}.{key}", shapes[kind.of], init=as_initial(kind.init), batched=kind.batched, stay=kind.stay, narrow=False
            )
        )
        given["last", key], kinds[key] = carried[-1].name, kind.of
    function, table = learn, dict[str, Variable]()
    if site.target == pathway.weight:
        function, table = learn_by_events, fan_in(name, pathway)
        names = {"post": f"{name}.post", "start": f"{name}.start", **{part: v.name for part, v in table.items()}}
        given |= {("table", part): v for part, v in names.items()}
    settings = {**_settings(rule, site, pathway, context), "given": tuple(given)}
    if any("blocks" in dict(op.settings) for op in pathway.ops):
        if function is learn:
            raise ValueError(
                f"{what} cannot learn in blocks: it goes by more than spikes, or others share the weights. Build with blocks=1."
            )
        neurons = [key for key, read in given.items() if key[0] == "value" and _of_each_neuron(read, post, context)]
        settings["blocks"] = _blocks(tuple(given), kinds, neurons)
    outputs = (site.target, *(v.name for v in carried))
    row = Op(outputs, function, tuple(given.values()), name=site.name, random=rule.random, when="learning", settings=settings)
    return Fragment((*numbers, *inputs, *carried, *table.values()), (row,))


def bounded(rule: Rule, site: Site, context: Context, weights: str) -> Fragment:
    """The row that writes `site.target`, bounded weights, from `weights`."""
    pathway = Pathway.of(site, context)
    given = _synapses(rule, site, pathway, weights)
    settings = {**_settings(rule, site, pathway, context), "given": tuple(given)}
    row = Op(site.target, bound, tuple(given.values()), name=f"{site.name}.bound", when="learning", settings=settings)
    return Fragment(ops=(row,))


def bounded_at_once(rule: Rule, site: Site, context: Context) -> tuple[Op, ...]:
    """The rows that bound weights between steps, as in a step: by the rule, then by the connection, among whose rows they are."""
    if site.owner.shared is not None:
        return ()
    link, weights = site.owner.chain.link, site.target.removesuffix(".change")
    target = f"{site.name}.bounded"
    rows = bounded(rule, dataclasses.replace(site, target=target), context, weights).ops
    return (*rows, Op(weights, clipped, target, when="learning", settings={"bounds": (link.w_min, link.w_max)}))


def learn(*arrays: jax.Array, rule: Rule, given: tuple[Given, ...], pathway: Pathway, bounds: Bounds, dt: float) -> tuple[Any, ...]:
    """The change of the weights that a rule asks for in a step, and the new values of all that it remembers.

    Args:
        *arrays: a random key if the rule draws, then what `given` says.
        rule: the rule; its numbers are among the arrays.
        given: what the arrays are.
        pathway: of the link.
        bounds: of the weights.
        dt: length of a step, ms.
    """
    seen = _seen(arrays, rule, given, pathway, bounds, dt)
    new = {**seen.new, **seen.change(seen.meeting)}
    return (new["weight"], *(new[name] for name in seen.last))


def learn_by_events(
    *arrays: jax.Array, rule: Rule, given: tuple[Given, ...], pathway: Pathway, bounds: Bounds, dt: float, blocks: Blocks | None = None
) -> tuple[Any, ...]:
    """The weights after a step in which a rule changed those whose neurons fire, and what it remembers; arguments as of `learn`.

    Synapses may lie in `blocks`.
    """
    seen = _seen(arrays, rule, given, pathway, bounds, dt)
    weight = touched(seen.meeting, seen.table, lambda some: clipped(some.weight + seen.change(some)["weight"], bounds))
    return (learned(arrays[given.index(("at", "weight"))], weight), *(seen.new[name] for name in seen.last))


class _Seen(NamedTuple):
    """What there is of a rule in a step.

    Attributes:
        meeting: all synapses.
        change: the rule's, of all synapses or of some.
        last: names of what is handed to the next step.
        new: those of them that follow from what happens at the ends.
        table: how synapses are stored.
    """

    meeting: Meeting
    change: Callable[[Meeting], Mapping[str, jax.Array]]
    last: tuple[str, ...]
    new: dict[str, Any]
    table: Mapping[str, jax.Array]


def _seen(arrays: tuple[jax.Array, ...], rule: Rule, given: tuple[Given, ...], pathway: Pathway, bounds: Bounds, dt: float) -> _Seen:
    # No gradient enters: what a rule remembers and changes are numbers to it.
    arrays = jax.lax.stop_gradient(arrays)
    key, arrays = (arrays[0], arrays[1:]) if rule.random else (None, arrays)
    parts = _parts(given, arrays)
    rule, at, last = rule.with_numbers(parts["number"]), parts["at"], parts["last"]
    pre, post = at.pop("pre"), at.pop("post")
    new: dict[str, Any] = {}
    # Some blocks of neurons are fewer than all.
    post = post.reshape(post.shape[0], -1, *pathway.gives[1:])
    if "sent" in last:
        pre = jnp.concatenate([pre[:, None], last["sent"]], axis=1)
        new["sent"] = pre[:, :-1]
    for ago in range(1, (rule.late or 0) + 1):
        new |= {f"pre_{ago}": pre, f"post_{ago}": post}
        pre, post = last[f"pre_{ago}"], last[f"post_{ago}"]
    values = {name: _beside(x, post) for name, x in parts["value"].items()}
    remembered: dict[str, Any] = {}
    for name, memory in rule.memories(dt).items():
        remembered[name] = last[name]
        if isinstance(memory, Trace):
            signal = pre if memory.end == "pre" else post if memory.of is None else values[memory.of]
            remembered[name] = memory.step(last[name], signal, dt)
            new[name] = remembered[name].now
    meeting = Meeting(
        **at, pre=pre, post=post, pathway=pathway, others=parts["other"], bounds=bounds, dt=dt, batch=rule.batch, key=key
    )
    return _Seen(meeting, lambda some: rule.change(some, **remembered, **values), tuple(last), new, parts["table"])


def _beside(value: jax.Array, post: jax.Array) -> jax.Array:
    """A value of each neuron or of each sample, shaped to stand beside the postsynaptic spikes."""
    if value.ndim and value.size in (post.size, post.shape[0]):
        return value.reshape(post.shape if value.size == post.size else (-1, *(1,) * (post.ndim - 1)))
    return value


def bound(*arrays: jax.Array, rule: Rule, given: tuple[Given, ...], pathway: Pathway, bounds: Bounds, dt: float) -> jax.Array:
    """The weights brought to where a rule wants them; the arguments are as of `learn`."""
    parts = _parts(given, arrays)
    synapses = Synapses(**parts["at"], pathway=pathway, others=parts["other"], bounds=bounds, dt=dt)
    return learned(synapses.weight, rule.with_numbers(parts["number"]).bound(synapses.weight, synapses))


def _parts(given: tuple[Given, ...], arrays: tuple[jax.Array, ...]) -> dict[str, dict[str, jax.Array]]:
    """The arrays by kind and name."""
    parts: dict[str, dict[str, jax.Array]] = {kind: {} for kind in ("at", "other", "number", "last", "value", "table")}
    for (kind, name), array in zip(given, arrays, strict=True):
        half = jnp.issubdtype(array.dtype, jnp.floating) and jnp.finfo(array.dtype).bits < 32
        parts[kind][name] = array.astype("float32") if half else array
    return parts


def _synapses(rule: Rule, site: Site, pathway: Pathway, weights: str) -> dict[Given, str]:
    """What every row of a rule reads."""
    given: dict[Given, str] = {("at", "weight"): weights}
    given |= {("other", name): name for name in pathway.others}
    return given | {("number", name): f"{site.name}.{name}" for name in rule.numbers()}


def _settings(rule: Rule, site: Site, pathway: Pathway, context: Context) -> dict[str, Any]:
    """What every row of a rule is called with; rules that differ in numbers only share a compilation."""
    link = site.owner.chain.link
    plain = rule.with_numbers(dict.fromkeys(rule.numbers(), 0.0))
    return {"rule": plain, "pathway": pathway, "bounds": (link.w_min, link.w_max), "dt": context.dt}


def _of_each_neuron(read: str, post: Any, context: Context) -> bool:
    """Whether a read has a number for each postsynaptic neuron."""
    variable = context.variable(base_name(read))
    return variable is not None and bool(variable.batched) and variable.shape in (post.shape, (post.num,))


def _blocks(given: tuple[Given, ...], kinds: Mapping[str, str], neurons: Sequence[Given]) -> Blocks:
    """How what the row of a rule is given and hands on belongs to blocks.

    Samples are taken together: no device learns from some of them alone.

    Args:
        given: what the arrays are.
        kinds: what each of those is of that are handed on, such as `"post"`, by name.
        neurons: which of the given values have a number for each postsynaptic neuron.
    """
    together: dict[bool, Names] = {True: (None, "post"), False: ()}

    def names(key: Given) -> Names:
        kind, name = key
        if kind in ("table", "other") or key == ("at", "weight"):
            return ("block",)
        return together[key == ("at", "post") or key in neurons or (kind == "last" and kinds[name] == "post")]

    return Blocks(tuple(map(names, given)), (("block",), *(together[of == "post"] for of in kinds.values())))


def _carried(rule: Rule, slots: int, dt: float) -> Mapping[str, Trace | Memory]:
    """All that the row of a rule hands to the next step."""
    held: dict[str, Trace | Memory] = {}
    for ago in range(1, (rule.late or 0) + 1):
        held |= {f"pre_{ago}": Memory("pre"), f"post_{ago}": Memory("post")}
    return held | ({"sent": Memory("sent")} if slots > 1 else {}) | dict(rule.memories(dt))
